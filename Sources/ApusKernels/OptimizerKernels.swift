// The updates of optimizers: every array is read and written once.

extension MathVector {
  /// Stochastic gradient descent without momentum: w −= rate · (g + decay · w).
  @inline(__always)
  static func sgdStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ count: Int, rate: Scalar, decay: Scalar
  ) {
    let rate = Self(repeating: -rate)
    let decay = Self(repeating: decay)
    mapRow(w, g, w, count) { w, g in w.adding(rate, times: g.adding(decay, times: w)) }
  }

  /// With momentum: d = g + decay · w; v = momentum · v + fresh · d (the first time v = d);
  /// w −= rate · (direct · d + carried · v).
  @inline(__always)
  static func sgdMomentumStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ v: UnsafeMutablePointer<Scalar>, _ count: Int,
    isFirst: Bool, rate: Scalar, decay: Scalar, momentum: Scalar, fresh: Scalar, direct: Scalar, carried: Scalar
  ) {
    let rate = Self(repeating: -rate)
    let decay = Self(repeating: decay)
    let momentum = Self(repeating: momentum)
    let fresh = Self(repeating: fresh)
    let direct = Self(repeating: direct)
    let carried = Self(repeating: carried)
    var i = 0
    while i < count {
      let n = min(width, count - i)
      let parameter = load(upTo: n, w + i)
      let d = load(upTo: n, g + i).adding(decay, times: parameter)
      let velocity = isFirst ? d : (fresh * d).adding(momentum, times: load(upTo: n, v + i))
      velocity.store(upTo: n, v + i)
      parameter.adding(rate, times: (direct * d).adding(carried, times: velocity)).store(upTo: n, w + i)
      i += n
    }
  }

  /// Adam: g′ = g + decay · w; w′ = shrink · w; m = beta1 · m + fresh1 · g′; v = beta2 · v + fresh2 · g′²;
  /// w = w′ − rate · m / (√v · scale + epsilon). With `greatest`, the largest v so far stands for v in the last line.
  @inline(__always)
  static func adamStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>,
    _ v: UnsafeMutablePointer<Scalar>, _ greatest: UnsafeMutablePointer<Scalar>?, _ count: Int,
    _ constants: UnsafePointer<Scalar>
  ) {
    let decay = Self(repeating: constants[0])
    let shrink = Self(repeating: constants[1])
    let beta1 = Self(repeating: constants[2])
    let fresh1 = Self(repeating: constants[3])
    let beta2 = Self(repeating: constants[4])
    let fresh2 = Self(repeating: constants[5])
    let rate = Self(repeating: -constants[6])
    let scale = Self(repeating: constants[7])
    let epsilon = Self(repeating: constants[8])
    var i = 0
    while i < count {
      let n = min(width, count - i)
      let parameter = load(upTo: n, w + i)
      let gradient = load(upTo: n, g + i).adding(decay, times: parameter)
      let mean = (beta1 * load(upTo: n, m + i)).adding(fresh1, times: gradient)
      var square = (beta2 * load(upTo: n, v + i)).adding(fresh2 * gradient, times: gradient)
      mean.store(upTo: n, m + i)
      square.store(upTo: n, v + i)
      if let greatest {
        square = square.maximum(load(upTo: n, greatest + i))
        square.store(upTo: n, greatest + i)
      }
      let denominator = epsilon.adding(square.plainSquareRoot(), times: scale)
      (shrink * parameter).adding(rate, times: mean / denominator).store(upTo: n, w + i)
      i += n
    }
  }
}

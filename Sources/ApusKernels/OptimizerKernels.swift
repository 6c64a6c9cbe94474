// The updates of optimizers: every array is read and written once, a register at a time. A last part of a register is
// copied into whole ones: a load of any length would make these functions so large that Swift stops inlining.

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

  /// Calls `body` with registers that hold the `count` < `width` numbers at each of the pointers and zeros, and copies the
  /// first `mutable` of them back.
  @inline(never)
  fileprivate static func withWhole(
    _ pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<Scalar>>, mutable: Int, count: Int,
    _ body: (UnsafeMutablePointer<Scalar>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: pointers.count * width) { room in
      let start = room.baseAddress.unsafelyUnwrapped
      for index in 0..<pointers.count * width { start[index] = 0 }
      for array in 0..<pointers.count {
        for index in 0..<count { start[array * width + index] = pointers[array][index] }
      }
      body(start)
      for array in 0..<mutable {
        for index in 0..<count { pointers[array][index] = start[array * width + index] }
      }
    }
  }
}

/// One register's step with momentum: d = g + decay · w; v = momentum · v + fresh · d (the first time v = d);
/// w −= rate · (direct · d + carried · v).
struct MomentumStep<V: MathVector> {
  var isFirst: Bool
  var rate, decay, momentum, fresh, direct, carried: V

  @inline(__always)
  func callAsFunction(
    _ w: UnsafeMutablePointer<V.Scalar>, _ g: UnsafePointer<V.Scalar>, _ v: UnsafeMutablePointer<V.Scalar>
  ) {
    let parameter = V.load(w)
    let d = V.load(g).adding(decay, times: parameter)
    let velocity = isFirst ? d : (fresh * d).adding(momentum, times: V.load(v))
    velocity.store(v)
    parameter.adding(rate, times: (direct * d).adding(carried, times: velocity)).store(w)
  }
}

/// One register's step of Adam: g′ = g + decay · w; w′ = shrink · w; m = beta1 · m + fresh1 · g′;
/// v = beta2 · v + fresh2 · g′²; w = w′ − rate · m / (√v · scale + epsilon). With `greatest`, the largest v so far stands
/// for v in the last line.
///
/// A mean that has decayed below the smallest normal number becomes 0: it would move no weight, while arithmetic on
/// denormal numbers is many times slower on some processors, and 0.9 of the smallest one rounds to itself for ever.
struct AdamStep<V: MathVector> {
  let decay, shrink, beta1, fresh1, beta2, fresh2, rate, scale, epsilon, least: V

  @inline(__always)
  init(_ constants: UnsafePointer<V.Scalar>) {
    decay = V(repeating: constants[0])
    shrink = V(repeating: constants[1])
    beta1 = V(repeating: constants[2])
    fresh1 = V(repeating: constants[3])
    beta2 = V(repeating: constants[4])
    fresh2 = V(repeating: constants[5])
    rate = V(repeating: -constants[6])
    scale = V(repeating: constants[7])
    epsilon = V(repeating: constants[8])
    least = V(repeating: V.smallestNormal)
  }

  @inline(__always)
  func callAsFunction(
    _ w: UnsafeMutablePointer<V.Scalar>, _ g: UnsafePointer<V.Scalar>, _ m: UnsafeMutablePointer<V.Scalar>,
    _ v: UnsafeMutablePointer<V.Scalar>, _ greatest: UnsafeMutablePointer<V.Scalar>?
  ) {
    let parameter = V.load(w)
    let gradient = V.load(g).adding(decay, times: parameter)
    let sum = (beta1 * V.load(m)).adding(fresh1, times: gradient)
    let mean = sum.replacing(with: V(repeating: 0), where: sum.magnitude .< least)
    var square = (beta2 * V.load(v)).adding(fresh2 * gradient, times: gradient)
    mean.store(m)
    square.store(v)
    if let greatest {
      square = square.maximum(V.load(greatest))
      square.store(greatest)
    }
    let denominator = epsilon.adding(square.magnitude.squareRoot(), times: scale)
    (shrink * parameter).adding(rate, times: mean / denominator).store(w)
  }
}

extension MathVector {
  /// Stochastic gradient descent with momentum.
  @inline(__always)
  static func sgdMomentumStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ v: UnsafeMutablePointer<Scalar>, _ count: Int,
    isFirst: Bool, rate: Scalar, decay: Scalar, momentum: Scalar, fresh: Scalar, direct: Scalar, carried: Scalar
  ) {
    let step = MomentumStep<Self>(
      isFirst: isFirst, rate: Self(repeating: -rate), decay: Self(repeating: decay),
      momentum: Self(repeating: momentum),
      fresh: Self(repeating: fresh), direct: Self(repeating: direct), carried: Self(repeating: carried))
    var i = 0
    while i + width <= count {
      step(w + i, g + i, v + i)
      i += width
    }
    if i == count { return }
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Scalar>.self, capacity: 3) { pointers in
      pointers[0] = w + i
      pointers[1] = v + i
      pointers[2] = UnsafeMutablePointer(mutating: g) + i
      withWhole(pointers, mutable: 2, count: count - i) { step($0, $0 + 2 * width, $0 + width) }
    }
  }

  /// Adam.
  @inline(__always)
  static func adamStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>,
    _ v: UnsafeMutablePointer<Scalar>, _ greatest: UnsafeMutablePointer<Scalar>?, _ count: Int,
    _ constants: UnsafePointer<Scalar>
  ) {
    let step = AdamStep<Self>(constants)
    var i = 0
    if let greatest {
      while i + width <= count {
        step(w + i, g + i, m + i, v + i, greatest + i)
        i += width
      }
    } else {
      while i + width <= count {
        step(w + i, g + i, m + i, v + i, nil)
        i += width
      }
    }
    if i == count { return }
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Scalar>.self, capacity: 5) { pointers in
      pointers[0] = w + i
      pointers[1] = m + i
      pointers[2] = v + i
      // Plain Adam has no fourth array to keep: w stands in for it, and is not written back.
      pointers[3] = (greatest ?? w) + i
      pointers[4] = UnsafeMutablePointer(mutating: g) + i
      withWhole(pointers, mutable: greatest == nil ? 3 : 4, count: count - i) {
        step($0, $0 + 4 * width, $0 + width, $0 + 2 * width, greatest == nil ? nil : $0 + 3 * width)
      }
    }
  }
}

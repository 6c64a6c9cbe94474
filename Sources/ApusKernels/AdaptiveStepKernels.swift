// The updates of the less common optimizers: every array is read and written once. `c` holds the constants of a step.

extension MathVector {
  /// RMSprop. c: decay, α, 1 − α, momentum, rate, epsilon.
  /// g′ = g + decay · w; v = α v + (1 − α) g′²; a = α a + (1 − α) g′ where `mean` is given, and v − a² then stands for v;
  /// step = g′ / (√v + epsilon); with `velocity`, b = momentum · b + step is the step; w −= rate · step.
  @inline(__always)
  static func rmspropStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ square: UnsafeMutablePointer<Scalar>,
    _ mean: UnsafeMutablePointer<Scalar>?, _ velocity: UnsafeMutablePointer<Scalar>?, _ count: Int,
    _ c: UnsafePointer<Scalar>
  ) {
    let (decay, alpha, fresh) = (Self(repeating: c[0]), Self(repeating: c[1]), Self(repeating: c[2]))
    let (momentum, rate, epsilon) = (Self(repeating: c[3]), Self(repeating: -c[4]), Self(repeating: c[5]))
    forEachPiece(count) { i, n in
      let parameter = load(upTo: n, w + i)
      let gradient = load(upTo: n, g + i).adding(decay, times: parameter)
      var v = (alpha * load(upTo: n, square + i)).adding(fresh * gradient, times: gradient)
      v.store(upTo: n, square + i)
      if let mean {
        let a = (alpha * load(upTo: n, mean + i)).adding(fresh, times: gradient)
        a.store(upTo: n, mean + i)
        v = (v - a * a).atLeast(Self(repeating: 0))
      }
      var step = gradient / (v.magnitude.squareRoot() + epsilon)
      if let velocity {
        step = step.adding(momentum, times: load(upTo: n, velocity + i))
        step.store(upTo: n, velocity + i)
      }
      parameter.adding(rate, times: step).store(upTo: n, w + i)
    }
  }

  /// Adagrad. c: decay, rate, epsilon. g′ = g + decay · w; s += g′²; w −= rate · g′ / (√s + epsilon).
  @inline(__always)
  static func adagradStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ sum: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ c: UnsafePointer<Scalar>
  ) {
    let (decay, rate, epsilon) = (Self(repeating: c[0]), Self(repeating: -c[1]), Self(repeating: c[2]))
    forEachPiece(count) { i, n in
      let parameter = load(upTo: n, w + i)
      let gradient = load(upTo: n, g + i).adding(decay, times: parameter)
      let s = load(upTo: n, sum + i).adding(gradient, times: gradient)
      s.store(upTo: n, sum + i)
      parameter.adding(rate, times: gradient / (s.magnitude.squareRoot() + epsilon)).store(upTo: n, w + i)
    }
  }

  /// Adadelta. c: decay, ρ, 1 − ρ, rate, epsilon. g′ = g + decay · w; v = ρ v + (1 − ρ) g′²;
  /// step = √(u + epsilon) / √(v + epsilon) · g′; u = ρ u + (1 − ρ) step²; w −= rate · step.
  @inline(__always)
  static func adadeltaStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ square: UnsafeMutablePointer<Scalar>,
    _ stepSquare: UnsafeMutablePointer<Scalar>, _ count: Int, _ c: UnsafePointer<Scalar>
  ) {
    let (decay, rho, fresh) = (Self(repeating: c[0]), Self(repeating: c[1]), Self(repeating: c[2]))
    let (rate, epsilon) = (Self(repeating: -c[3]), Self(repeating: c[4]))
    forEachPiece(count) { i, n in
      let parameter = load(upTo: n, w + i)
      let gradient = load(upTo: n, g + i).adding(decay, times: parameter)
      let v = (rho * load(upTo: n, square + i)).adding(fresh * gradient, times: gradient)
      let u = load(upTo: n, stepSquare + i)
      let step = (u + epsilon).magnitude.squareRoot() / (v + epsilon).magnitude.squareRoot() * gradient
      v.store(upTo: n, square + i)
      (rho * u).adding(fresh * step, times: step).store(upTo: n, stepSquare + i)
      parameter.adding(rate, times: step).store(upTo: n, w + i)
    }
  }

  /// Adamax. c: decay, β₁, 1 − β₁, β₂, rate, epsilon. g′ = g + decay · w; m = β₁ m + (1 − β₁) g′;
  /// u = max(β₂ u, |g′| + epsilon); w −= rate · m / u.
  @inline(__always)
  static func adamaxStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>,
    _ norm: UnsafeMutablePointer<Scalar>, _ count: Int, _ c: UnsafePointer<Scalar>
  ) {
    let (decay, beta1, fresh) = (Self(repeating: c[0]), Self(repeating: c[1]), Self(repeating: c[2]))
    let (beta2, rate, epsilon) = (Self(repeating: c[3]), Self(repeating: -c[4]), Self(repeating: c[5]))
    forEachPiece(count) { i, n in
      let parameter = load(upTo: n, w + i)
      let gradient = load(upTo: n, g + i).adding(decay, times: parameter)
      let mean = (beta1 * load(upTo: n, m + i)).adding(fresh, times: gradient)
      let u = (beta2 * load(upTo: n, norm + i)).maximum(gradient.magnitude + epsilon)
      mean.store(upTo: n, m + i)
      u.store(upTo: n, norm + i)
      parameter.adding(rate, times: mean / u).store(upTo: n, w + i)
    }
  }

  /// What NAdam and RAdam share. c: decay, shrink, β₁, 1 − β₁, β₂, 1 − β₂, direct, rate, scale, epsilon.
  /// g′ = g + decay · w; m = β₁ m + (1 − β₁) g′; v = β₂ v + (1 − β₂) g′²;
  /// w = shrink · w − (direct · g′ + rate · m) / (√v · scale + epsilon).
  @inline(__always)
  static func momentStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>,
    _ v: UnsafeMutablePointer<Scalar>, _ count: Int, _ c: UnsafePointer<Scalar>
  ) {
    let (decay, shrink) = (Self(repeating: c[0]), Self(repeating: c[1]))
    let (beta1, fresh1, beta2, fresh2) = (
      Self(repeating: c[2]), Self(repeating: c[3]), Self(repeating: c[4]), Self(repeating: c[5])
    )
    let (direct, rate) = (Self(repeating: c[6]), Self(repeating: c[7]))
    let (scale, epsilon) = (Self(repeating: c[8]), Self(repeating: c[9]))
    forEachPiece(count) { i, n in
      let parameter = load(upTo: n, w + i)
      let gradient = load(upTo: n, g + i).adding(decay, times: parameter)
      let mean = (beta1 * load(upTo: n, m + i)).adding(fresh1, times: gradient)
      let square = (beta2 * load(upTo: n, v + i)).adding(fresh2 * gradient, times: gradient)
      mean.store(upTo: n, m + i)
      square.store(upTo: n, v + i)
      let step = (direct * gradient).adding(rate, times: mean)
      (shrink * parameter - step / epsilon.adding(square.magnitude.squareRoot(), times: scale)).store(upTo: n, w + i)
    }
  }

  /// Lion. c: shrink, β₁, 1 − β₁, β₂, 1 − β₂, rate. w = shrink · w − rate · sign(β₁ m + (1 − β₁) g); m = β₂ m + (1 − β₂) g.
  @inline(__always)
  static func lionStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ m: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ c: UnsafePointer<Scalar>
  ) {
    let shrink = Self(repeating: c[0])
    let (beta1, fresh1, beta2, fresh2) = (
      Self(repeating: c[1]), Self(repeating: c[2]), Self(repeating: c[3]), Self(repeating: c[4])
    )
    let rate = Self(repeating: c[5])
    let zero = Self(repeating: 0)
    forEachPiece(count) { i, n in
      let gradient = load(upTo: n, g + i)
      let mean = load(upTo: n, m + i)
      let direction = (beta1 * mean).adding(fresh1, times: gradient)
      let sign = zero.replacing(with: rate, where: zero .< direction).replacing(with: -rate, where: direction .< zero)
      (shrink * load(upTo: n, w + i) - sign).store(upTo: n, w + i)
      (beta2 * mean).adding(fresh2, times: gradient).store(upTo: n, m + i)
    }
  }
}

import ApusCompute

// Reductions over some dimensions, all of them unless given. `keepDim` leaves the reduced dimensions as extents of 1.
// In the derivations y is the result and g its gradient, both repeated along the reduced dimensions.

extension Tensor {
  /// The sum. ∂y/∂xᵢ = 1, so the gradient is g.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func sum(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    let axes = shape.axes(dims, "sum")
    let (node, original) = (recordedNode, shape)
    var y = reducing(.sum, self, axes, keepDim: keepDim)
    guard let node else { return y }
    y.record("sum", node) { upstream, operands in
      operands.send(0, upstream.restoring(axes, of: original).expandedView(original))
    }
    return y
  }

  /// The mean of n numbers. ∂y/∂xᵢ = 1/n, so the gradient is g / n. NaN for no numbers.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func mean(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    let axes = shape.axes(dims, "mean")
    let (node, original) = (recordedNode, shape)
    let count = original.count(along: axes)
    var y = reducing(.mean, self, axes, keepDim: keepDim)
    guard let node else { return y }
    y.record("mean", node) { upstream, operands in
      let share = upstream / Scalar(count)
      operands.send(0, share.restoring(axes, of: original).expandedView(original))
    }
    return y
  }

  /// The largest number. Numbers that share the first place share the gradient evenly.
  ///
  /// - Precondition: There are numbers to choose from.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func max(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    extreme(.maximum, "max", dims, keepDim)
  }

  /// The smallest number. Numbers that share the first place share the gradient evenly.
  ///
  /// - Precondition: There are numbers to choose from.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func min(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    extreme(.minimum, "min", dims, keepDim)
  }

  /// With e = [xᵢ = y] and n = Σ e, the gradient is g e / n.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private consuming func extreme(
    _ function: ReductionFunction, _ name: String, _ dims: [Int]?, _ keepDim: Bool
  ) -> Tensor {
    let axes = shape.axes(dims, name)
    let (node, original) = (recordedNode, shape)
    check(original.count(along: axes) > 0, name, "there are no numbers to choose from", original)
    guard let node else { return reducing(function, self, axes, keepDim: keepDim) }
    let x = detached()
    var y = reducing(function, copy x, axes, keepDim: keepDim)
    let kept = y
    y.record(name, node) { upstream, operands in
      let winners = combined(.equal, name, x, kept.restoring(axes, of: original))
      let shares = upstream / reducing(.sum, copy winners, axes).reshapedView(upstream.shape)
      operands.send(0, winners * shares.restoring(axes, of: original))
    }
    return y
  }

  /// The product. ∂y/∂xᵢ = Π_{j≠i} xⱼ: y / xᵢ without zeros; with one zero, only that one's derivative is not 0; with two,
  /// none is.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func prod(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    let axes = shape.axes(dims, "prod")
    let (node, original) = (recordedNode, shape)
    guard let node else { return reducing(.product, self, axes, keepDim: keepDim) }
    let x = detached()
    var y = reducing(.product, copy x, axes, keepDim: keepDim)
    y.record("prod", node) { upstream, operands in
      let zero = Tensor(0)
      let isZero = combined(.equal, "prod", x, zero)
      let zeros = reducing(.sum, copy isZero, axes, keepDim: true)
      // Zeros replaced by ones, so that the product is that of the others, and the division is allowed.
      let others = x + isZero
      let product = reducing(.product, copy others, axes, keepDim: true)
      let withoutZero = combined(.equal, "prod", copy zeros, zero) * (product / others)
      let withOneZero = combined(.equal, "prod", zeros, Tensor(1)) * isZero * product
      operands.send(0, (withoutZero + withOneZero) * upstream.restoring(axes, of: original))
    }
    return y
  }

  /// The variance Σ (xᵢ − mean)² / (n − correction). ∂y/∂xᵢ = 2 (xᵢ − mean) / (n − correction): the derivative of the mean
  /// drops out, because deviations sum to 0.
  ///
  /// - Parameter correction: 1 for the unbiased variance of a sample (the default), 0 for that of a population.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func variance(dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    let axes = shape.axes(dims, "variance")
    let (node, original) = (recordedNode, shape)
    let x = detached()
    let mean = reducing(.mean, copy x, axes, keepDim: true)
    let deviations = combined(.subtract, "variance", x, mean)
    let divisor = Scalar(Swift.max(Double(original.count(along: axes)) - correction, 0))
    var y = withoutGradients { reducing(.sumOfSquares, deviations, axes, keepDim: keepDim) / divisor }
    guard let node else { return y }
    y.record("variance", node) { upstream, operands in
      operands.send(0, deviations * (upstream * (2 / divisor)).restoring(axes, of: original))
    }
    return y
  }

  /// The standard deviation, √variance.
  ///
  /// - Parameter correction: 1 for a sample (the default), 0 for a population.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func std(dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    variance(dims: dims, correction: correction, keepDim: keepDim).sqrt()
  }

  /// log Σ exp xᵢ, without overflow. ∂y/∂xᵢ = exp(xᵢ − y).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func logSumExp(dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    let axes = shape.axes(dims, "logSumExp")
    let (node, original) = (recordedNode, shape)
    let x = detached()
    var y = reducing(copy x, axes, keepDim: keepDim) { source, target, outer, count, inner in
      ApusCompute.logSumExp(source, into: target, outer: outer, count: count, inner: inner)
    }
    guard let node else { return y }
    let kept = y
    y.record("logSumExp", node) { upstream, operands in
      let weights = (x - kept.restoring(axes, of: original)).exp()
      operands.send(0, weights * upstream.restoring(axes, of: original))
    }
    return y
  }

  /// The p-norm (Σ |xᵢ|ᵖ)^(1/p).
  ///
  /// ∂y/∂xᵢ = sign(xᵢ) (|xᵢ| / y)ᵖ⁻¹, and 0 where y is 0. For p = ∞, the largest magnitude: sign(xᵢ) for the winner, shared
  /// among equals.
  ///
  /// - Parameter p: The exponent, positive; infinity for the largest magnitude.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func norm(_ p: Double = 2, dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
    let axes = shape.axes(dims, "norm")
    check(p > 0, "norm", "the exponent \(p) is not positive", shape)
    let (node, original) = (recordedNode, shape)
    let x = detached()
    var y = withoutGradients { () -> Tensor in
      switch p {
      case 1: return reducing(.sumOfMagnitudes, copy x, axes, keepDim: keepDim)
      case 2: return reducing(.sumOfSquares, copy x, axes, keepDim: keepDim).sqrt()
      case .infinity: return reducing(.maximumMagnitude, copy x, axes, keepDim: keepDim)
      default: return reducing(.sum, x.abs().pow(p), axes, keepDim: keepDim).pow(1 / p)
      }
    }
    guard let node else { return y }
    let kept = y
    y.record("norm", node) { upstream, operands in
      let norm = kept.restoring(axes, of: original)
      let g = upstream.restoring(axes, of: original)
      let zero = Tensor(0)
      // 1 instead of a norm of 0, where all xᵢ are 0 and so is the gradient.
      let divisor = norm + combined(.equal, "norm", norm, zero)
      switch p {
      case 1: operands.send(0, x.sign() * g)
      case 2: operands.send(0, x * (g / divisor))
      case .infinity:
        let winners = combined(.equal, "norm", x.abs(), norm)
        let shares = g / reducing(.sum, copy winners, axes, keepDim: true)
        operands.send(0, winners * x.sign() * shares)
      default: operands.send(0, x.sign() * (x.abs() / divisor).pow(p - 1) * g)
      }
    }
    return y
  }

  // One dimension instead of a list.

  /// The sum along one dimension.
  public consuming func sum(dim: Int, keepDim: Bool = false) -> Tensor { sum(dims: [dim], keepDim: keepDim) }
  /// The mean along one dimension.
  public consuming func mean(dim: Int, keepDim: Bool = false) -> Tensor { mean(dims: [dim], keepDim: keepDim) }
  /// The largest number along one dimension.
  public consuming func max(dim: Int, keepDim: Bool = false) -> Tensor { max(dims: [dim], keepDim: keepDim) }
  /// The smallest number along one dimension.
  public consuming func min(dim: Int, keepDim: Bool = false) -> Tensor { min(dims: [dim], keepDim: keepDim) }
  /// The product along one dimension.
  public consuming func prod(dim: Int, keepDim: Bool = false) -> Tensor { prod(dims: [dim], keepDim: keepDim) }
  /// The variance along one dimension.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func variance(dim: Int, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    variance(dims: [dim], correction: correction, keepDim: keepDim)
  }
  /// The standard deviation along one dimension.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func std(dim: Int, correction: Double = 1, keepDim: Bool = false) -> Tensor {
    std(dims: [dim], correction: correction, keepDim: keepDim)
  }
  /// log Σ exp along one dimension.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func logSumExp(dim: Int, keepDim: Bool = false) -> Tensor {
    logSumExp(dims: [dim], keepDim: keepDim)
  }
  /// The p-norm along one dimension.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public consuming func norm(_ p: Double = 2, dim: Int, keepDim: Bool = false) -> Tensor {
    norm(p, dims: [dim], keepDim: keepDim)
  }
}

extension Shape {
  /// How many numbers are reduced to one.
  func count(along axes: [Int]) -> Int { axes.reduce(1) { $0 * dimensions[$1] } }
}

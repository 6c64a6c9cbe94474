import ApusNN
import ApusTensor

/// Scales the gradients of all parameters so that their norm, taken together, is at most `maximum`: they keep their direction.
///
/// Call it between `backward()` and the optimizer's step. Gradients are multiplied by min(1, maximum / (norm + 1e-6)), as
/// PyTorch's `clip_grad_norm_` does.
///
/// - Parameters:
///   - parameters: Whose gradients are scaled; those without one are passed over.
///   - maximum: The largest norm.
///   - p: The exponent of the norm; 2 for the length, `.infinity` for the largest entry.
/// - Returns: The norm before clipping.
/// - Precondition: `maximum` is not negative, `p` is positive.
@discardableResult
public func clipGradientNorm<Scalar: TensorScalar>(
  _ parameters: [Parameter<Scalar>], maximum: Double, p: Double = 2
) -> Double {
  demand(maximum >= 0 && p > 0, "clipGradientNorm: maximum \(maximum), p \(p)")
  return withoutGradients {
    // The norm of the norms is the norm of all entries.
    let norms = parameters.compactMap { $0.gradient?.norm(p) }
    guard !norms.isEmpty else { return 0 }
    let norm = Double(stacked(norms).norm(p).item)
    let factor = maximum / (norm + 1e-6)
    if factor < 1 {
      for parameter in parameters { parameter.gradient = parameter.gradient.map { $0 * Scalar(factor) } }
    }
    return norm
  }
}

/// Limits every entry of the gradients of all parameters to −`limit` … `limit`, as PyTorch's `clip_grad_value_` does.
///
/// - Precondition: `limit` is not negative.
public func clipGradientValue<Scalar: TensorScalar>(_ parameters: [Parameter<Scalar>], limit: Double) {
  demand(limit >= 0, "clipGradientValue: limit \(limit)")
  withoutGradients {
    for parameter in parameters {
      parameter.gradient = parameter.gradient?.clamp(min: -limit, max: limit)
    }
  }
}

/// Both gradients of a convolution at once: the same bits as `convolutionWeightGradient` and `convolutionInputGradient`, and less work
/// where the two are made of the same transform of the output's gradient.
@specialized(where T == Float)
@specialized(where T == Double)
package func convolutionGradients<T: ComputeScalar>(
  _ geometry: ConvolutionGeometry, input: UnsafePointer<T>, outputGradient: UnsafePointer<T>, weight: UnsafePointer<T>,
  weightGradient: UnsafeMutablePointer<T>, inputGradient: UnsafeMutablePointer<T>
) {
  let g = geometry
  if g.weightCount > 0, g.inputCount > 0, g.outputCount > 0, let winograd = Winograd<T>(g),
    winograd.scattersInputGradient,
    winograd.gradients(
      input, outputGradient: outputGradient, weight: weight, kernels: weightGradient, input: inputGradient)
  {
    return
  }
  convolutionWeightGradient(g, input: input, outputGradient: outputGradient, weightGradient: weightGradient)
  convolutionInputGradient(g, outputGradient: outputGradient, weight: weight, inputGradient: inputGradient)
}

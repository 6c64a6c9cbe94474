/// im2col as the books have it: the matrix `[channels · kernelHeight · kernelWidth, outputHeight · outputWidth]` of all
/// patches of one image, written out.
///
/// The reference for readers and tests: with it, a convolution is `gemm(weight, im2col(image))`. The engine gathers the
/// same values straight into the panels of the product and never makes this matrix, which is kernel-area times as large
/// as the image.
package func im2col<T: ComputeScalar>(
  _ g: ConvolutionGeometry, image: UnsafePointer<T>, channels: Range<Int>, into patches: UnsafeMutablePointer<T>
) {
  var row = 0
  for channel in channels {
    let plane = image + channel * g.inputPixels
    for ky in 0..<g.kernelHeight {
      for kx in 0..<g.kernelWidth {
        for oy in 0..<g.outputHeight {
          for ox in 0..<g.outputWidth {
            let y = oy * g.stride.0 + ky * g.dilation.0 - g.padding.top
            let x = ox * g.stride.1 + kx * g.dilation.1 - g.padding.left
            let isInside = y >= 0 && y < g.inputHeight && x >= 0 && x < g.inputWidth
            patches[row * g.outputPixels + oy * g.outputWidth + ox] = isInside ? plane[y * g.inputWidth + x] : 0
          }
        }
        row += 1
      }
    }
  }
}

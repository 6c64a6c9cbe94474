// Depthwise convolutions of 3×3 taps with a stride of 2 and at most one row and column of padding, the way down in a network for small
// devices: planes are read and written where they lie (ApusKernels/StridedTaps.swift), nothing is laid out.

// Where kernels of a scalar type do not offer these, no geometry reaches them.
extension ConvolutionKernels {
  static var stridedColumns: Int { .max }
  static func correlateStrided(
    _ source: UnsafePointer<Scalar>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Scalar>,
    weights: UnsafePointer<Scalar>, bias: Scalar, activation: Int, slope: Scalar,
    into target: UnsafeMutablePointer<Scalar>
  ) { preconditionFailure("not offered") }
  static func accumulateStrided(
    _ source: UnsafePointer<Scalar>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Scalar>,
    gradient: UnsafePointer<Scalar>, into sums: UnsafeMutablePointer<Scalar>
  ) { preconditionFailure("not offered") }
  static func spreadStrided(
    _ gradient: UnsafePointer<Scalar>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Scalar>,
    weights: UnsafePointer<Scalar>, outputs: Int, spare: UnsafeMutablePointer<Scalar>,
    into target: UnsafeMutablePointer<Scalar>
  ) { preconditionFailure("not offered") }
}

/// A depthwise convolution whose planes need no layout.
struct StridedDepthwise<T: ComputeScalar> {
  private let g: ConvolutionGeometry
  /// As kernels want them.
  private let sizes: [Int]

  /// Scalars that are 0, for each of the calls.
  var zerosCount: Int { 2 * g.outputWidth + 2 }

  /// Nil for any other convolution, for results that are narrower than a register, and for Double.
  init?(_ g: ConvolutionGeometry) {
    let padding = max(g.padding.top, g.padding.bottom, g.padding.left, g.padding.right)
    guard T.self == Float.self, g.isDepthwise, g.kernelHeight == 3, g.kernelWidth == 3, g.stride == (2, 2),
      g.dilation == (1, 1),
      padding <= 1, g.outputHeight >= 4, g.outputWidth >= kernels(T.self).stridedColumns
    else { return nil }
    self.g = g
    sizes = [g.inputHeight, g.inputWidth, g.padding.top, g.padding.left, g.outputHeight, g.outputWidth]
  }

  func forward(
    input: UnsafePointer<T>, weight: UnsafePointer<T>, bias: UnsafePointer<T>?, output: UnsafeMutablePointer<T>,
    epilogue: Epilogue<T>
  ) {
    let table = kernels(T.self)
    let m = g.outputChannelsPerGroup
    forEachPlane(g.batch * g.groups, work: m * 9 * g.outputPixels, scratch: zerosCount) {
      (plane: Int, zeros: UnsafeMutablePointer<T>) in
      zeros.update(repeating: 0, count: zerosCount)
      let source = input + plane * g.inputPixels
      for index in 0..<m {
        let channel = plane % g.groups * m + index
        let addend: T = bias.map { $0[channel] } ?? 0
        let target = output + (plane * m + index) * g.outputPixels
        table.correlateStrided(
          source, sizes: sizes, zeros: zeros, weights: weight + channel * 9, bias: addend,
          activation: epilogue.activationCode, slope: epilogue.slope, into: target)
      }
    }
  }

  /// Adds what a plane of the input and one of the output's gradient contribute to a register of sums for each tap.
  func accumulate(
    _ input: UnsafePointer<T>, _ outputGradient: UnsafePointer<T>, zeros: UnsafePointer<T>,
    into sums: UnsafeMutablePointer<T>
  ) {
    kernels(T.self).accumulateStrided(input, sizes: sizes, zeros: zeros, gradient: outputGradient, into: sums)
  }

  func inputGradient(
    outputGradient: UnsafePointer<T>, weight: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
  ) {
    let table = kernels(T.self)
    let m = g.outputChannelsPerGroup
    forEachPlane(g.batch * g.groups, work: m * 9 * g.outputPixels, scratch: zerosCount + g.inputWidth) {
      (plane: Int, zeros: UnsafeMutablePointer<T>) in
      zeros.update(repeating: 0, count: zerosCount)
      let source = outputGradient + plane * m * g.outputPixels
      let weights = weight + plane % g.groups * m * 9
      let target = inputGradient + plane * g.inputPixels
      table.spreadStrided(
        source, sizes: sizes, zeros: zeros, weights: weights, outputs: m, spare: zeros + zerosCount, into: target)
    }
  }
}

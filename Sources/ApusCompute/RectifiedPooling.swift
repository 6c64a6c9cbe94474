// A convolution, ReLU and max-pooling by 2 × 2 windows, as one operation: the array between them, the largest of such a
// model, is pooled while it is in the cache, and what the backward pass needs of it is a byte for each window.

/// Max-pooling with ReLU of images, or planes, that follow one another; `layout` holds the twelve numbers of a `PoolingGeometry`.
protocol RectifiedPoolingKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func rectifiedMaxPool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ codes: UnsafeMutablePointer<UInt8>,
    images: Int, _ layout: UnsafePointer<Int>)

  static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Scalar>,
    images: Int, _ layout: UnsafePointer<Int>)

  static func passingSum(_ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, _ count: Int) -> Scalar

  static func rectifiedMaxPoolLanes(
    _ x: UnsafePointer<Scalar>, channels: Int, channelStride: Int, rowStride: Int, windows: Int,
    _ y: UnsafeMutablePointer<Scalar>, yStride: Int, _ codes: UnsafeMutablePointer<UInt8>, codeStride: Int)

  static func rectifiedMaxPoolLanesGradient(
    _ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, channels: Int, height: Int, columns: Int,
    _ gradient: UnsafeMutablePointer<Scalar>)
}

extension PoolingGeometry {
  /// The 2 × 2 windows of a convolution's output.
  package init(windowsOf g: ConvolutionGeometry) {
    self.init(planes: g.batch * g.outputChannels, height: g.outputHeight, width: g.outputWidth, kernel: (2, 2))
  }
}

/// y = max(0, largest number of each 2 × 2 window) of `input ⋆ weight + bias`, and its gradients.
///
/// The images go through convolution and pooling in groups that fit the level-2 cache, in lanes (LaneConvolution.swift) or one by one;
/// threads share the groups. Bit-identical at any number of threads.
package struct RectifiedPoolConvolution<T: ComputeScalar> {
  private let geometry: ConvolutionGeometry
  private let windows: PoolingGeometry
  /// Where images go in the lanes. Kept from the forward pass to the backward pass, for codes are laid out likewise.
  private let inLanes: LaneConvolution<T>?

  /// The operation for a convolution whose output has at least two rows and two columns.
  package init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    windows = PoolingGeometry(windowsOf: geometry)
    inLanes = LaneConvolution(geometry, .pooled)
  }

  /// Bytes that the forward pass leaves for the backward pass.
  package var codeCount: Int { inLanes?.codeCount ?? windows.outputCount }

  /// The forward pass.
  ///
  /// - Parameters:
  ///   - input: As for `convolutionForward`.
  ///   - weight: As for `convolutionForward`.
  ///   - bias: As for `convolutionForward`.
  ///   - y: Receives batch × channels × ⌊rows / 2⌋ × ⌊columns / 2⌋ numbers.
  ///   - codes: Receives `codeCount` bytes, one for each window: which of its four numbers was the largest, of equals the first, or 4
  ///     where none is above 0.
  @specialized(where T == Float)
  @specialized(where T == Double)
  package func forward(
    input: UnsafePointer<T>, weight: UnsafePointer<T>, bias: UnsafePointer<T>?, into y: UnsafeMutablePointer<T>,
    codes: UnsafeMutablePointer<UInt8>
  ) {
    let g = geometry
    guard g.batch > 0 else { return }
    if let inLanes { return inLanes.pooledForward(input, weight: weight, bias: bias, into: y, codes: codes) }
    let perImage = g.outputChannels * g.outputPixels
    let pooledPerImage = g.outputChannels * windows.outputHeight * windows.outputWidth
    let fitting = Processor.current.level2Cache / 2 / MemoryLayout<T>.stride / max(1, perImage)
    let images = max(1, min(fitting, (g.batch + 7) / 8))
    let groups = (g.batch + images - 1) / images
    // Few images or small ones: the convolution itself knows better how to share them out.
    if groups < 4 {
      Scratch.withScalars(g.outputCount, of: T.self) { output in
        convolutionForward(g, input: input, weight: weight, bias: bias, output: output)
        rectifiedMaxPool(output, into: y, codes: codes, windows)
      }
      return
    }
    parallelFor(groups) { group in
      let first = group * images
      var part = g
      part.batch = min(images, g.batch - first)
      Scratch.withScalars(part.outputCount, of: T.self) { output in
        convolutionForward(
          part, input: input + first * g.inputChannels * g.inputPixels, weight: weight, bias: bias, output: output)
        rectifiedMaxPool(
          output, into: y + first * pooledPerImage, codes: codes + first * pooledPerImage,
          PoolingGeometry(windowsOf: part))
      }
    }
  }

  /// The backward pass: the gradients for which there is a place.
  ///
  /// - Parameters:
  ///   - input: As given to the forward pass; needed for `weightGradient`.
  ///   - weight: As given to the forward pass; needed for `inputGradient`.
  ///   - upstream: The gradient of the loss with respect to y.
  ///   - codes: What the forward pass wrote.
  ///   - weightGradient: Receives the gradient with respect to the weight.
  ///   - biasGradient: Receives that with respect to the bias.
  ///   - inputGradient: Receives that with respect to the input.
  @specialized(where T == Float)
  @specialized(where T == Double)
  package func gradients(
    input: UnsafePointer<T>?, weight: UnsafePointer<T>?, upstream: UnsafePointer<T>, codes: UnsafePointer<UInt8>,
    weightGradient: UnsafeMutablePointer<T>?, biasGradient: UnsafeMutablePointer<T>?,
    inputGradient: UnsafeMutablePointer<T>?
  ) {
    let g = geometry
    if let inLanes {
      return inLanes.gradients(
        input: input, weight: weight, .pooled(upstream: upstream, codes: codes), weightGradient: weightGradient,
        biasGradient: biasGradient, inputGradient: inputGradient)
    }
    if let biasGradient {
      rectifiedMaxPoolBiasGradient(
        upstream: upstream, codes: codes, batch: g.batch, channels: g.outputChannels,
        windows: windows.outputHeight * windows.outputWidth, into: biasGradient)
    }
    var weightGradient = weightGradient
    if inputGradient == nil, let place = weightGradient, let input, g.weightCount > 0, g.outputCount > 0,
      g.correlatesTaps, Winograd<T>(g) == nil
    {
      correlatedWeightGradient(g, input: input, .pooled(upstream: upstream, codes: codes), weightGradient: place)
      weightGradient = nil
    }
    guard weightGradient != nil || inputGradient != nil else { return }
    Scratch.withScalars(g.outputCount, of: T.self) { spread in
      rectifiedMaxPoolGradient(upstream: upstream, codes: codes, into: spread, windows)
      if let weightGradient, let input, let inputGradient, let weight {
        return convolutionGradients(
          g, input: input, outputGradient: spread, weight: weight, weightGradient: weightGradient,
          inputGradient: inputGradient)
      }
      if let weightGradient, let input {
        convolutionWeightGradient(g, input: input, outputGradient: spread, weightGradient: weightGradient)
      }
      if let inputGradient, let weight {
        convolutionInputGradient(g, outputGradient: spread, weight: weight, inputGradient: inputGradient)
      }
    }
  }
}

/// y = max(0, largest number of each window), for 2 × 2 windows that touch.
///
/// - Parameters:
///   - x: planes × height × width numbers.
///   - y: Receives planes × outputHeight × outputWidth numbers.
///   - codes: Receives as many codes: see `RectifiedPoolConvolution.forward`.
///   - geometry: Where the windows lie.
@specialized(where T == Float)
@specialized(where T == Double)
package func rectifiedMaxPool<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, codes: UnsafeMutablePointer<UInt8>,
  _ geometry: PoolingGeometry
) {
  precondition(geometry.isTwoByTwo, "rectifiedMaxPool: the windows are not 2 by 2")
  let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
  let table = kernels(T.self)
  geometry.forEachPlanes { planes, layout in
    let first = planes.lowerBound
    table.rectifiedMaxPool(
      x + first * inputs, y + first * outputs, codes + first * outputs, images: planes.count, layout)
  }
}

/// The backward pass of `rectifiedMaxPool`.
///
/// - Parameters:
///   - upstream: The gradient with respect to y.
///   - codes: What `rectifiedMaxPool` wrote.
///   - gradient: Receives the gradient with respect to x; every element is written.
///   - geometry: As given to `rectifiedMaxPool`.
@specialized(where T == Float)
@specialized(where T == Double)
package func rectifiedMaxPoolGradient<T: ComputeScalar>(
  upstream: UnsafePointer<T>, codes: UnsafePointer<UInt8>, into gradient: UnsafeMutablePointer<T>,
  _ geometry: PoolingGeometry
) {
  let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
  let table = kernels(T.self)
  geometry.forEachPlanes { planes, layout in
    let first = planes.lowerBound
    table.rectifiedMaxPoolGradient(
      upstream + first * outputs, codes + first * outputs, gradient + first * inputs, images: planes.count, layout)
  }
}

/// For each channel, the sum over images and windows of what passes through `rectifiedMaxPool` backward: the gradient of
/// the bias of the convolution before it.
///
/// - Parameters:
///   - upstream: batch × channels × windows numbers.
///   - codes: As many codes.
///   - batch: Images.
///   - channels: Channels of an image.
///   - windows: Windows of a channel.
///   - sums: Receives a sum for each channel.
@specialized(where T == Float)
@specialized(where T == Double)
package func rectifiedMaxPoolBiasGradient<T: ComputeScalar>(
  upstream: UnsafePointer<T>, codes: UnsafePointer<UInt8>, batch: Int, channels: Int, windows: Int,
  into sums: UnsafeMutablePointer<T>
) {
  let table = kernels(T.self)
  forEachRowRange(channels, length: batch * windows) { range in
    for channel in range {
      var total = 0.0
      for image in 0..<batch {
        let start = (image * channels + channel) * windows
        total += Double(table.passingSum(upstream + start, codes + start, windows))
      }
      sums[channel] = T(total)
    }
  }
}

// A convolution, ReLU and max-pooling by 2 × 2 windows, as one operation: the array between them, the largest of such a
// model, is pooled while it is in the cache, and what the backward pass needs of it is a byte for each window.

/// Max-pooling with ReLU, one image at a time; `layout` holds the twelve numbers of a `PoolingGeometry`.
protocol RectifiedPoolingKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func rectifiedMaxPool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ codes: UnsafeMutablePointer<UInt8>,
    _ layout: UnsafePointer<Int>)

  static func rectifiedMaxPoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ layout: UnsafePointer<Int>)

  static func passingSum(_ upstream: UnsafePointer<Scalar>, _ codes: UnsafePointer<UInt8>, _ count: Int) -> Scalar
}

extension PoolingGeometry {
  /// The 2 × 2 windows of a convolution's output.
  package init(windowsOf g: ConvolutionGeometry) {
    self.init(planes: g.batch * g.outputChannels, height: g.outputHeight, width: g.outputWidth, kernel: (2, 2))
  }
}

/// y = max(0, largest number of each 2 × 2 window) of `input ⋆ weight + bias`.
///
/// The images go through both in groups that fit the level-2 cache; threads share the groups. Bit-identical at any number
/// of threads.
///
/// - Parameters:
///   - geometry: The convolution; its output has at least two rows and two columns.
///   - input: As for `convolutionForward`.
///   - weight: As for `convolutionForward`.
///   - bias: As for `convolutionForward`.
///   - y: Receives batch × channels × ⌊rows / 2⌋ × ⌊columns / 2⌋ numbers.
///   - codes: Receives a byte for each of them: which of its window's four was the largest, of equals the first, or 4 where
///     none is above 0.
@specialized(where T == Float)
@specialized(where T == Double)
package func convolutionRectifiedPool<T: ComputeScalar>(
  _ geometry: ConvolutionGeometry, input: UnsafePointer<T>, weight: UnsafePointer<T>, bias: UnsafePointer<T>?,
  into y: UnsafeMutablePointer<T>, codes: UnsafeMutablePointer<UInt8>
) {
  let g = geometry
  guard g.batch > 0 else { return }
  let perImage = g.outputChannels * g.outputPixels
  let pooledPerImage = g.outputChannels * (g.outputHeight / 2) * (g.outputWidth / 2)
  let fitting = Processor.current.level2Cache / 2 / MemoryLayout<T>.stride / max(1, perImage)
  let images = max(1, min(fitting, (g.batch + 7) / 8))
  let groups = (g.batch + images - 1) / images
  // Few images or small ones: the convolution itself knows better how to share them out.
  if groups < 4 {
    Scratch.withScalars(g.outputCount, of: T.self) { output in
      convolutionForward(g, input: input, weight: weight, bias: bias, output: output)
      rectifiedMaxPool(output, into: y, codes: codes, PoolingGeometry(windowsOf: g))
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

/// y = max(0, largest number of each window), for 2 × 2 windows that touch.
///
/// - Parameters:
///   - x: planes × height × width numbers.
///   - y: Receives planes × outputHeight × outputWidth numbers.
///   - codes: Receives as many codes: see `convolutionRectifiedPool`.
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
  geometry.forEachPlane { plane, layout in
    table.rectifiedMaxPool(x + plane * inputs, y + plane * outputs, codes + plane * outputs, layout)
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
  geometry.forEachPlane { plane, layout in
    table.rectifiedMaxPoolGradient(
      upstream + plane * outputs, codes + plane * outputs, gradient + plane * inputs, layout)
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

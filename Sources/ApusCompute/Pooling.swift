/// Pooling of one image; `layout` holds the twelve numbers of its geometry.
protocol PoolingKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func maxPool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ indices: UnsafeMutablePointer<Int32>?,
    _ layout: UnsafePointer<Int>)

  static func maxPoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ indices: UnsafePointer<Int32>, _ gradient: UnsafeMutablePointer<Scalar>,
    _ layout: UnsafePointer<Int>)

  static func averagePool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ layout: UnsafePointer<Int>, _ countsPadding: Bool)

  static func averagePoolGradient(
    _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>, _ layout: UnsafePointer<Int>,
    _ countsPadding: Bool)
}

/// Where the windows of a two-dimensional pooling lie: PyTorch's arguments and its arithmetic.
public struct PoolingGeometry: Hashable, Sendable {
  /// Images: the product of batch and channels. Each is pooled by itself.
  public var planes: Int
  /// Height of an image.
  public var height: Int
  /// Width of an image.
  public var width: Int
  /// Rows of a window.
  public var kernelHeight: Int
  /// Columns of a window.
  public var kernelWidth: Int
  /// Rows from one window to the next.
  public var strideHeight: Int
  /// Columns from one window to the next.
  public var strideWidth: Int
  /// Rows of padding above and below.
  public var paddingHeight: Int
  /// Columns of padding to the left and to the right.
  public var paddingWidth: Int
  /// Rows from one element of a window to the next; 1 for average pooling.
  public var dilationHeight: Int
  /// Columns from one element of a window to the next; 1 for average pooling.
  public var dilationWidth: Int
  /// Whether a last window that starts inside the image or its left padding, but reaches beyond, counts.
  public var ceilMode: Bool

  /// Describes a pooling.
  ///
  /// - Parameters:
  ///   - planes: batch × channels.
  ///   - height: Height of an image.
  ///   - width: Width of an image.
  ///   - kernel: Rows and columns of a window.
  ///   - stride: Steps between windows; nil means the kernel.
  ///   - padding: Padding on each side.
  ///   - dilation: Steps between the elements of a window.
  ///   - ceilMode: Whether to round the number of windows up instead of down.
  /// - Precondition: kernel, stride and dilation are at least 1, the padding is at most half the kernel, and the image
  ///   with its padding holds at least one window.
  public init(
    planes: Int, height: Int, width: Int, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0),
    dilation: (Int, Int) = (1, 1), ceilMode: Bool = false
  ) {
    let stride = stride ?? kernel
    precondition(kernel.0 > 0 && kernel.1 > 0, "pooling: kernel \(kernel) must be positive")
    precondition(stride.0 > 0 && stride.1 > 0, "pooling: stride \(stride) must be positive")
    precondition(dilation.0 > 0 && dilation.1 > 0, "pooling: dilation \(dilation) must be positive")
    precondition(
      padding.0 >= 0 && padding.1 >= 0 && padding.0 <= kernel.0 / 2 && padding.1 <= kernel.1 / 2,
      "pooling: padding \(padding) must be at most half the kernel \(kernel)")
    self.planes = planes
    self.height = height
    self.width = width
    (kernelHeight, kernelWidth) = kernel
    (strideHeight, strideWidth) = stride
    (paddingHeight, paddingWidth) = padding
    (dilationHeight, dilationWidth) = dilation
    self.ceilMode = ceilMode
    precondition(
      outputHeight > 0 && outputWidth > 0,
      "pooling: no window of \(kernel), dilation \(dilation), fits into \(height)×\(width), padding \(padding)")
  }

  /// Rows of the result.
  public var outputHeight: Int {
    outputExtent(height, kernelHeight, strideHeight, paddingHeight, dilationHeight)
  }

  /// Columns of the result.
  public var outputWidth: Int {
    outputExtent(width, kernelWidth, strideWidth, paddingWidth, dilationWidth)
  }

  /// Elements of the input.
  public var inputCount: Int { planes * height * width }

  /// Elements of the result.
  public var outputCount: Int { planes * outputHeight * outputWidth }

  private func outputExtent(_ extent: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> Int {
    let room = extent + 2 * padding - dilation * (kernel - 1) - 1
    guard room >= 0 || (ceilMode && room + stride - 1 >= 0) else { return 0 }
    let windows = (room + (ceilMode ? stride - 1 : 0)) / stride + 1
    // A window must start inside the image or its left padding, never in the right padding.
    return ceilMode && (windows - 1) * stride >= extent + padding ? windows - 1 : windows
  }
}

/// Max pooling of images: the largest element of each window; padding never wins.
///
/// - Parameters:
///   - x: planes × height × width numbers in row-major order.
///   - y: Receives planes × outputHeight × outputWidth numbers.
///   - indices: Receives the position of each result within its image, row · width + column: what
///     `maxPoolGradient` needs; nil when it is not wanted. Of equal elements the first counts; a NaN counts as larger than all,
///     the last of several.
///   - geometry: Where the windows lie.
@specialized(where T == Float)
@specialized(where T == Double)
public func maxPool<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, indices: UnsafeMutablePointer<Int32>?,
  _ geometry: PoolingGeometry
) {
  let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
  geometry.forEachPlane { plane, layout in
    kernels(T.self).maxPool(x + plane * inputs, y + plane * outputs, indices.map { $0 + plane * outputs }, layout)
  }
}

/// The backward pass of `maxPool`: each upstream number goes to the element that was largest.
///
/// - Parameters:
///   - upstream: The gradient with respect to the result.
///   - indices: What `maxPool` wrote.
///   - gradient: Receives the gradient with respect to the input; every element is written.
///   - geometry: As given to `maxPool`.
@specialized(where T == Float)
@specialized(where T == Double)
public func maxPoolGradient<T: ComputeScalar>(
  upstream: UnsafePointer<T>, indices: UnsafePointer<Int32>, into gradient: UnsafeMutablePointer<T>,
  _ geometry: PoolingGeometry
) {
  let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
  geometry.forEachPlane { plane, layout in
    kernels(T.self).maxPoolGradient(
      upstream + plane * outputs, indices + plane * outputs, gradient + plane * inputs, layout)
  }
}

/// Average pooling of images: the mean of each window.
///
/// - Parameters:
///   - x: planes × height × width numbers in row-major order.
///   - y: Receives planes × outputHeight × outputWidth numbers.
///   - geometry: Where the windows lie; its dilation must be 1.
///   - countsPadding: Whether padding counts as zeros of the window (PyTorch's default) or is left out of the mean.
@specialized(where T == Float)
@specialized(where T == Double)
public func averagePool<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, _ geometry: PoolingGeometry, countsPadding: Bool = true
) {
  let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
  geometry.forEachPlane { plane, layout in
    kernels(T.self).averagePool(x + plane * inputs, y + plane * outputs, layout, countsPadding)
  }
}

/// The backward pass of `averagePool`: each upstream number is spread evenly over its window.
///
/// - Parameters:
///   - upstream: The gradient with respect to the result.
///   - gradient: Receives the gradient with respect to the input; every element is written.
///   - geometry: As given to `averagePool`.
///   - countsPadding: As given to `averagePool`.
@specialized(where T == Float)
@specialized(where T == Double)
public func averagePoolGradient<T: ComputeScalar>(
  upstream: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>, _ geometry: PoolingGeometry,
  countsPadding: Bool = true
) {
  let (inputs, outputs) = (geometry.height * geometry.width, geometry.outputHeight * geometry.outputWidth)
  geometry.forEachPlane { plane, layout in
    kernels(T.self).averagePoolGradient(upstream + plane * outputs, gradient + plane * inputs, layout, countsPadding)
  }
}

extension PoolingGeometry {
  /// Runs `body` for every image, with the numbers that the kernels want.
  @inline(__always)
  func forEachPlane(_ body: (_ plane: Int, _ layout: UnsafePointer<Int>) -> Void) {
    forEachPlanes { planes, layout in
      for plane in planes { body(plane, layout) }
    }
  }

  /// The same with runs of planes, each of which one thread does.
  func forEachPlanes(_ body: (_ planes: Range<Int>, _ layout: UnsafePointer<Int>) -> Void) {
    let layout = [
      height, width, kernelHeight, kernelWidth, strideHeight, strideWidth, paddingHeight, paddingWidth,
      dilationHeight, dilationWidth, outputHeight, outputWidth,
    ]
    layout.withUnsafeBufferPointer { layout in
      let address = layout.baseAddress!
      forEachRowRange(planes, length: height * width) { body($0, address) }
    }
  }
}

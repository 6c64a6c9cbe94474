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

/// The part of the kernel table that pooling uses.
protocol PoolingKernels<Scalar> {
  associatedtype Scalar
  static func maxPool2x2(
    _ x: UnsafePointer<Scalar>, width: Int, rows: Int, columns: Int, readable: Int,
    into y: UnsafeMutablePointer<Scalar>, indices: UnsafeMutablePointer<Int32>?)
}

/// Runs `body` for every plane, on the team when there is enough to do. Planes do not depend on each other.
@inline(__always)
private func eachPlane(_ geometry: PoolingGeometry, _ body: (_ plane: Int) -> Void) {
  let perPart = max(1, 16384 / max(1, geometry.height * geometry.width))
  parallelFor((geometry.planes + perPart - 1) / perPart) { part in
    for plane in part * perPart..<min((part + 1) * perPart, geometry.planes) { body(plane) }
  }
}

/// Max pooling of images: the largest element of each window; padding never wins.
///
/// - Parameters:
///   - x: planes × height × width numbers in row-major order.
///   - y: Receives planes × outputHeight × outputWidth numbers.
///   - indices: Receives the position of each result within its image, row · width + column: what
///     `maxPoolGradient` needs; nil when it is not wanted. Of equal elements the first counts; NaN counts as largest.
///   - geometry: Where the windows lie.
@specialized(where T == Float)
@specialized(where T == Double)
public func maxPool<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, indices: UnsafeMutablePointer<Int32>?,
  _ geometry: PoolingGeometry
) {
  let g = geometry
  let kernels = kernels(T.self)
  let (inputs, outputs) = (g.height * g.width, g.outputHeight * g.outputWidth)
  if g.isHalving && inputs <= Int(Int32.max) {
    eachPlane(g) { plane in
      kernels.maxPool2x2(
        x + plane * inputs, width: g.width, rows: g.outputHeight, columns: g.outputWidth,
        readable: (g.planes - plane) * inputs, into: y + plane * outputs, indices: indices.map { $0 + plane * outputs })
    }
    return
  }
  eachPlane(g) { plane in
    let image = x + plane * inputs
    var at = plane * outputs
    for row in 0..<g.outputHeight {
      for column in 0..<g.outputWidth {
        var best = -T.infinity
        var place = -1
        for i in 0..<g.kernelHeight {
          let r = row * g.strideHeight - g.paddingHeight + i * g.dilationHeight
          guard r >= 0 && r < g.height else { continue }
          for j in 0..<g.kernelWidth {
            let c = column * g.strideWidth - g.paddingWidth + j * g.dilationWidth
            guard c >= 0 && c < g.width else { continue }
            let value = image[r * g.width + c]
            if place < 0 || value > best || (value != value && best == best) {
              best = value
              place = r * g.width + c
            }
          }
        }
        y[at] = best
        indices?[at] = Int32(truncatingIfNeeded: max(place, 0))
        at += 1
      }
    }
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
  let inputs = geometry.height * geometry.width
  let outputs = geometry.outputHeight * geometry.outputWidth
  eachPlane(geometry) { plane in
    (gradient + plane * inputs).update(repeating: 0, count: inputs)
    for i in plane * outputs..<(plane + 1) * outputs { gradient[plane * inputs + Int(indices[i])] += upstream[i] }
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
  let g = geometry
  eachPlane(g) { plane in
    let image = x + plane * g.height * g.width
    var at = plane * g.outputHeight * g.outputWidth
    for row in 0..<g.outputHeight {
      for column in 0..<g.outputWidth {
        let window = g.window(row, column)
        var total: T = 0
        for r in window.rows {
          for c in window.columns { total += image[r * g.width + c] }
        }
        y[at] = total / T(countsPadding ? window.paddedCount : window.rows.count * window.columns.count)
        at += 1
      }
    }
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
  let g = geometry
  eachPlane(g) { plane in
    let image = gradient + plane * g.height * g.width
    image.update(repeating: 0, count: g.height * g.width)
    var at = plane * g.outputHeight * g.outputWidth
    for row in 0..<g.outputHeight {
      for column in 0..<g.outputWidth {
        let window = g.window(row, column)
        let share = upstream[at] / T(countsPadding ? window.paddedCount : window.rows.count * window.columns.count)
        for r in window.rows {
          for c in window.columns { image[r * g.width + c] += share }
        }
        at += 1
      }
    }
  }
}

extension PoolingGeometry {
  /// Whether windows of 2×2 lie side by side, as in most networks.
  var isHalving: Bool {
    (kernelHeight, kernelWidth, strideHeight, strideWidth) == (2, 2, 2, 2)
      && (paddingHeight, paddingWidth, dilationHeight, dilationWidth) == (0, 0, 1, 1) && 2 * outputHeight <= height
      && 2 * outputWidth <= width
  }

  /// The part of an undilated window that lies in the image, and how many elements it has with padding.
  ///
  /// The padded window ends at the far edge of the padding, which a last window of `ceilMode` may pass: PyTorch's rule.
  func window(_ row: Int, _ column: Int) -> (rows: Range<Int>, columns: Range<Int>, paddedCount: Int) {
    let top = row * strideHeight - paddingHeight
    let left = column * strideWidth - paddingWidth
    let bottom = min(top + kernelHeight, height + paddingHeight)
    let right = min(left + kernelWidth, width + paddingWidth)
    let rows = max(top, 0)..<max(min(bottom, height), max(top, 0))
    let columns = max(left, 0)..<max(min(right, width), max(left, 0))
    return (rows, columns, (bottom - top) * (right - left))
  }
}

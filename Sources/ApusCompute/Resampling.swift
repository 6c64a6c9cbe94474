/// Images in another size, row by row and plane by plane.
protocol ResamplingKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func blendRow(
    _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int,
    _ p: Scalar, _ q: Scalar)

  static func accumulateScaledRow(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ factor: Scalar)

  static func resampleRow(
    _ x: UnsafePointer<Scalar>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Scalar>?, _ y: UnsafeMutablePointer<Scalar>, _ count: Int)

  static func resampleGradientRow(
    _ upstream: UnsafePointer<Scalar>, _ first: UnsafePointer<Int>, _ second: UnsafePointer<Int>,
    _ share: UnsafePointer<Scalar>?, _ gradient: UnsafeMutablePointer<Scalar>, _ count: Int)

  static func adaptiveAveragePlane(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ height: Int, _ width: Int, _ rows: Int,
    _ columns: Int)

  static func adaptiveAverageGradientPlane(
    _ upstream: UnsafePointer<Scalar>, _ gradient: UnsafeMutablePointer<Scalar>, _ height: Int, _ width: Int,
    _ rows: Int, _ columns: Int)
}

/// Which numbers of a row each number of another row is made of: x[first] · (1 − share) + x[second] · share.
public struct Resampling: Hashable, Sendable {
  /// The source's length.
  public let sourceCount: Int
  /// For each result the first source.
  public let first: [Int]
  /// For each result the second source.
  public let second: [Int]
  /// The part of the second source, from 0 to 1; empty where the first is all.
  public let shares: [Double]

  /// How many results there are.
  public var count: Int { first.count }

  /// Each result is the source nearest before it, as PyTorch's `nearest`: ⌊i · step⌋.
  public static func nearest(_ sourceCount: Int, _ count: Int, step: Double) -> Resampling {
    let first = (0..<count).map { min(Int(Double($0) * step), sourceCount - 1) }
    return Resampling(sourceCount: sourceCount, first: first, second: first, shares: [])
  }

  /// Each result is a mixture of its two neighbours, as PyTorch's `bilinear`. Pixels are squares whose centres are compared,
  /// (i + ½) · step − ½, or points of which the outermost coincide, i · step.
  public static func linear(_ sourceCount: Int, _ count: Int, step: Double, alignsCorners: Bool) -> Resampling {
    var first: [Int] = []
    var second: [Int] = []
    var shares: [Double] = []
    for i in 0..<count {
      let place = alignsCorners ? Double(i) * step : max(0, (Double(i) + 0.5) * step - 0.5)
      let before = min(Int(place), sourceCount - 1)
      first.append(before)
      second.append(min(before + 1, sourceCount - 1))
      shares.append(min(1, place - Double(before)))
    }
    return Resampling(sourceCount: sourceCount, first: first, second: second, shares: shares)
  }
}

/// Resamples each of `planes` planes along both axes.
///
/// - Parameters:
///   - x: planes × rows.sourceCount × columns.sourceCount numbers.
///   - y: Receives planes × rows.count × columns.count numbers.
@specialized(where T == Float)
@specialized(where T == Double)
public func resample<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, planes: Int, rows: Resampling, columns: Resampling
) {
  let (width, target) = (columns.sourceCount, columns.count)
  let shares = columns.shares.map { T($0) }
  forEachRowRange(planes * rows.count, length: width + target) { range in
    let table = kernels(T.self)
    Scratch.withScalars(width, of: T.self) { mixed in
      for row in range {
        let (plane, r) = (row / rows.count, row % rows.count)
        let image = x + plane * rows.sourceCount * width
        var source = image + rows.first[r] * width
        if !rows.shares.isEmpty && rows.shares[r] != 0 {
          table.blendRow(
            source, image + rows.second[r] * width, mixed, width, T(1 - rows.shares[r]), T(rows.shares[r]))
          source = UnsafePointer(mixed)
        }
        shares.withUnsafeBufferPointer {
          table.resampleRow(
            source, columns.first, columns.second, $0.isEmpty ? nil : $0.baseAddress, y + row * target, target)
        }
      }
    }
  }
}

/// The backward pass of `resample`: every result sends its gradient to its sources, by their parts.
@specialized(where T == Float)
@specialized(where T == Double)
public func resampleGradient<T: ComputeScalar>(
  upstream: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>, planes: Int, rows: Resampling, columns: Resampling
) {
  let (width, target) = (columns.sourceCount, columns.count)
  let shares = columns.shares.map { T($0) }
  forEachRowRange(planes, length: rows.count * (width + target)) { range in
    let table = kernels(T.self)
    Scratch.withScalars(width, of: T.self) { mixed in
      for plane in range {
        let image = gradient + plane * rows.sourceCount * width
        image.update(repeating: 0, count: rows.sourceCount * width)
        for r in 0..<rows.count {
          mixed.update(repeating: 0, count: width)
          shares.withUnsafeBufferPointer {
            table.resampleGradientRow(
              upstream + (plane * rows.count + r) * target, columns.first, columns.second,
              $0.isEmpty ? nil : $0.baseAddress, mixed, target)
          }
          let share = rows.shares.isEmpty ? 0 : rows.shares[r]
          table.accumulateScaledRow(mixed, image + rows.first[r] * width, width, T(1 - share))
          if share != 0 { table.accumulateScaledRow(mixed, image + rows.second[r] * width, width, T(share)) }
        }
      }
    }
  }
}

/// The means of windows that divide each plane as evenly as can be: window i of n along an extent e reaches from ⌊i e / n⌋ to
/// ⌈(i + 1) e / n⌉, so that neighbours may overlap by one.
///
/// - Parameters:
///   - x: planes × height × width numbers.
///   - y: Receives planes × rows × columns means.
@specialized(where T == Float)
@specialized(where T == Double)
public func adaptiveAverage<T: ComputeScalar>(
  _ x: UnsafePointer<T>, into y: UnsafeMutablePointer<T>, planes: Int, height: Int, width: Int, rows: Int, columns: Int
) {
  forEachRowRange(planes, length: height * width) { range in
    for plane in range {
      kernels(T.self).adaptiveAveragePlane(
        x + plane * height * width, y + plane * rows * columns, height, width, rows, columns)
    }
  }
}

/// The backward pass of `adaptiveAverage`: each mean's gradient is spread evenly over its window.
@specialized(where T == Float)
@specialized(where T == Double)
public func adaptiveAverageGradient<T: ComputeScalar>(
  upstream: UnsafePointer<T>, into gradient: UnsafeMutablePointer<T>, planes: Int, height: Int, width: Int, rows: Int,
  columns: Int
) {
  forEachRowRange(planes, length: height * width) { range in
    for plane in range {
      kernels(T.self).adaptiveAverageGradientPlane(
        upstream + plane * rows * columns, gradient + plane * height * width, height, width, rows, columns)
    }
  }
}

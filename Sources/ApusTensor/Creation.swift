import ApusCompute

extension Tensor {
  /// A tensor of the given elements, in row-major order.
  ///
  /// - Precondition: There are as many scalars as the shape has elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(_ scalars: [Scalar], shape: Shape) {
    if scalars.count != shape.elementCount {
      fail("Tensor", "\(scalars.count) scalars do not fill the shape", shape)
    }
    self.init(uninitialized: shape)
    scalars.withUnsafeBufferPointer { source in
      if let start = source.baseAddress { storage.pointer.initialize(from: start, count: source.count) }
    }
  }

  /// A tensor of one dimension.
  public init(_ scalars: [Scalar]) {
    self.init(scalars, shape: [scalars.count])
  }

  /// A single number, of shape `[]`.
  public init(_ scalar: Scalar) {
    self = .full([], scalar)
  }

  /// The numbers of a tensor of the other type, each rounded to this one. The result has no history.
  public init<Other: ComputeScalar>(_ other: Tensor<Other>) {
    self.init(uninitialized: other.shape)
    other.withUnsafeScalars { source in
      for i in 0..<source.count { storage.pointer[i] = Scalar(source[i]) }
    }
  }

  /// Calls `body` with room for the elements of a new tensor, to be written in row-major order.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(shape: Shape, initializingWith body: (UnsafeMutableBufferPointer<Scalar>) -> Void) {
    self.init(uninitialized: shape)
    body(UnsafeMutableBufferPointer(start: storage.pointer, count: shape.elementCount))
  }

  /// A tensor whose elements are all `value`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func full(_ shape: Shape, _ value: Scalar) -> Tensor {
    let result = Tensor(uninitialized: shape)
    fill(result.storage.pointer, with: value, count: shape.elementCount)
    return result
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: Shape) -> Tensor { full(shape, 0) }

  /// A tensor of ones.
  public static func ones(_ shape: Shape) -> Tensor { full(shape, 1) }

  /// The numbers `start`, `start + step`, … below `end` (above it for a negative step).
  ///
  /// - Precondition: `step` is not 0, and leads from `start` to `end`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func arange(_ start: Scalar, _ end: Scalar, step: Scalar = 1) -> Tensor {
    if step == 0 || (end - start) / step < 0 {
      fatalError("arange: step \(step) does not lead from \(start) to \(end)")
    }
    let count = Int(((end - start) / step).rounded(.up))
    return Tensor(shape: [count]) { elements in
      for i in 0..<count { elements[i] = start + Scalar(i) * step }
    }
  }

  /// The numbers 0, 1, … below `end`.
  public static func arange(_ end: Scalar) -> Tensor { arange(0, end) }

  /// `count` numbers at equal distances from `start` to `end`, both included.
  ///
  /// - Precondition: `count` is not negative.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func linspace(_ start: Scalar, _ end: Scalar, count: Int) -> Tensor {
    Tensor(shape: [count]) { elements in
      for i in 0..<count {
        // From both ends, so that the last is exactly `end`.
        let step = (end - start) / Scalar(Swift.max(count - 1, 1))
        elements[i] = i < count / 2 || i == 0 ? start + Scalar(i) * step : end - Scalar(count - 1 - i) * step
      }
    }
  }

  /// The identity matrix: ones where row and column are equal, zeros elsewhere.
  ///
  /// - Parameters:
  ///   - rows: The number of rows.
  ///   - columns: The number of columns; as many as rows unless given.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func eye(_ rows: Int, _ columns: Int? = nil) -> Tensor {
    let columns = columns ?? rows
    let result = zeros([rows, columns])
    for i in 0..<Swift.min(rows, columns) { result.storage.pointer[i * columns + i] = 1 }
    return result
  }

  /// Random numbers that are evenly distributed in `low ..< high`.
  public static func uniform<Generator: RandomNumberGenerator>(
    _ shape: Shape, _ low: Double = 0, _ high: Double = 1, using generator: inout Generator
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    for i in 0..<shape.elementCount { result.storage.pointer[i] = Scalar(low + (high - low) * generator.uniform()) }
    return result
  }

  /// Random numbers that are normally distributed.
  public static func normal<Generator: RandomNumberGenerator>(
    _ shape: Shape, _ mean: Double = 0, _ deviation: Double = 1, using generator: inout Generator
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    for i in 0..<shape.elementCount { result.storage.pointer[i] = Scalar(mean + deviation * generator.normal()) }
    return result
  }
}

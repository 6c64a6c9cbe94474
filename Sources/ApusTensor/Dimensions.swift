/// A short list of integers, one for each dimension, held without an allocation: sizes, strides, positions.
struct Dimensions: Equatable, Sendable {
  /// The most dimensions that a tensor can have.
  static let capacity = 8

  private var values = InlineArray<8, Int>(repeating: 0)
  private(set) var count = 0

  @inline(__always)
  init() {}

  @inline(__always)
  init(repeating value: Int, count: Int) {
    self.count = count
    for i in 0..<count { values[i] = value }
  }

  init(_ sequence: some Sequence<Int>) {
    for value in sequence { append(value) }
  }

  @inline(__always)
  subscript(position: Int) -> Int {
    get { values[position] }
    set { values[position] = newValue }
  }

  @inline(__always)
  var indices: Range<Int> { 0..<count }

  var array: [Int] { indices.map { values[$0] } }

  mutating func append(_ value: Int) {
    if count == Dimensions.capacity {
      fail("Shape", "a tensor has at most \(Dimensions.capacity) dimensions")
    }
    values[count] = value
    count += 1
  }

  mutating func insert(_ value: Int, at position: Int) {
    append(0)
    var i = count - 1
    while i > position {
      values[i] = values[i - 1]
      i -= 1
    }
    values[position] = value
  }

  mutating func remove(at position: Int) {
    for i in position..<count - 1 { values[i] = values[i + 1] }
    count -= 1
    values[count] = 0
  }

  mutating func swapAt(_ i: Int, _ j: Int) {
    (values[i], values[j]) = (values[j], values[i])
  }

  @inline(__always)
  static func == (a: Dimensions, b: Dimensions) -> Bool {
    guard a.count == b.count else { return false }
    for i in 0..<a.count where a.values[i] != b.values[i] { return false }
    return true
  }
}

/// Rows of C, two vectors wide, that stay in registers. The number of rows is in the type: what is left of it after
/// inlining is straight-line code.
protocol Tile {
  static var rows: Int { get }
  init()
  /// Adds the product of a column of A, whose elements lie `step` apart, and a row of B.
  mutating func addProduct(_ a: UnsafePointer<Float>, _ step: Int, _ left: Vector, _ right: Vector)
  /// Writes the sums to rows of C that lie `step` apart, or adds them to what stands there.
  func put(_ c: UnsafeMutablePointer<Float>, _ step: Int, adding: Bool)
}

struct Row: Tile {
  var left = Vector()
  var right = Vector()

  @inline(__always) static var rows: Int { 1 }
  @inline(__always) init() {}

  @inline(__always)
  mutating func addProduct(_ a: UnsafePointer<Float>, _ step: Int, _ left: Vector, _ right: Vector) {
    let factor = a.pointee
    self.left = multiplyAdd(self.left, factor, left)
    self.right = multiplyAdd(self.right, factor, right)
  }

  @inline(__always)
  func put(_ c: UnsafeMutablePointer<Float>, _ step: Int, adding: Bool) {
    store(adding ? load(c) + left : left, c)
    store(adding ? load(c + width) + right : right, c + width)
  }
}

/// One tile above another.
struct Plus<Upper: Tile, Lower: Tile>: Tile {
  var upper = Upper()
  var lower = Lower()

  @inline(__always) static var rows: Int { Upper.rows + Lower.rows }
  @inline(__always) init() {}

  @inline(__always)
  mutating func addProduct(_ a: UnsafePointer<Float>, _ step: Int, _ left: Vector, _ right: Vector) {
    upper.addProduct(a, step, left, right)
    lower.addProduct(a + Upper.rows * step, step, left, right)
  }

  @inline(__always)
  func put(_ c: UnsafeMutablePointer<Float>, _ step: Int, adding: Bool) {
    upper.put(c, step, adding: adding)
    lower.put(c + Upper.rows * step, step, adding: adding)
  }
}

typealias Twice<Half: Tile> = Plus<Half, Half>
typealias FourRows = Twice<Twice<Row>>
typealias SixRows = Plus<FourRows, Twice<Row>>
typealias FourteenRows = Plus<Twice<FourRows>, SixRows>

/// The sums of one tile over `depth` steps of k. From one step to the next, A moves on by `aStep` and B by `bStep`.
@inline(__always)
func accumulate<T: Tile>(
  _: T.Type, _ a: UnsafePointer<Float>, aRow: Int, aStep: Int, _ b: UnsafePointer<Float>, bStep: Int, depth: Int
) -> T {
  var tile = T()
  var (a, b, rest) = (a, b, depth)
  while rest > 0 {
    tile.addProduct(a, aRow, load(b), load(b + width))
    a += aStep
    b += bStep
    rest -= 1
  }
  return tile
}

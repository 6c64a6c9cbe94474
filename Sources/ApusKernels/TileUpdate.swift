/// What happens to a finished tile on its way to memory: `C = activation(alpha · tile + beta · C + bias)`.
///
/// A bias or a ReLU behind a product then costs no pass over memory of its own.
struct TileUpdate<Vector: KernelVector> {
  typealias Scalar = Vector.Scalar

  var alpha: Scalar
  /// 0 means that C is not read: it may hold anything, NaN included.
  var beta: Scalar
  /// One value a row of C, or nil.
  var rowBias: UnsafePointer<Scalar>?
  /// One value a column of C, or nil.
  var columnBias: UnsafePointer<Scalar>?
  /// 0: none; 1: `max(x, 0)`; 2: `x` where positive, `slope · x` elsewhere.
  var activation: Int
  var slope: Scalar

  /// The cases that are straight-line code on registers.
  enum Way: UInt8 {
    /// The tile is C.
    case plain
    /// The tile is added to C: what every block of k but the first does.
    case sum
    /// C is the tile plus one value a row, as a convolution asks for: with a depth of 9 or 25, each instruction less counts.
    case rowBias
    /// C is the tile plus a bias, perhaps with a ReLU: what layers ask for.
    case layer
    /// Anything else: see `finish`.
    case general
  }
  /// Found out once, not for every tile.
  let way: Way

  init(
    alpha: Scalar, beta: Scalar, rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?, activation: Int,
    slope: Scalar
  ) {
    (self.alpha, self.beta, self.activation, self.slope) = (alpha, beta, activation, slope)
    (self.rowBias, self.columnBias) = (rowBias, columnBias)
    let isBare = rowBias == nil && columnBias == nil && activation == 0
    if alpha == 1 && beta == 0 && activation < 2 {
      way = isBare ? .plain : columnBias == nil && activation == 0 ? .rowBias : .layer
    } else {
      way = alpha == 1 && beta == 1 && isBare ? .sum : .general
    }
  }

  /// The general case, from a tile that was put down in `tile`, `tileStride` to the row: any part of a tile, any
  /// factor. It loops, where the cases above are straight-line code on registers, so that the number of
  /// instructions does not explode with the number of tile shapes.
  @inline(never)
  func finish(
    _ tile: UnsafePointer<Scalar>, tileStride: Int, rows: Int, columns: Int, c: UnsafeMutablePointer<Scalar>,
    rowStride: Int, row: Int, column: Int
  ) {
    for r in 0..<rows {
      let bias = rowBias.map { $0[row + r] } ?? 0
      var done = 0
      while done < columns {
        let count = min(Vector.width, columns - done)
        let target = c + r * rowStride + done
        var value = Vector.load(tile + r * tileStride + done) * Vector(repeating: alpha)
        if beta != 0 { value = value.adding(Vector.load(target, count: count), times: Vector(repeating: beta)) }
        if rowBias != nil || columnBias != nil {
          // The same order of additions as on registers, so that an edge tile gives the same bits as a whole one.
          let perColumn = columnBias.map { Vector.load($0 + column + done, count: count) } ?? Vector(repeating: 0)
          value = value + (perColumn + Vector(repeating: bias))
        }
        if activation != 0 {
          let zero = Vector(repeating: 0)
          value = value.replacing(
            with: activation == 1 ? zero : value * Vector(repeating: slope), where: value .< zero)
        }
        value.store(target, count: count)
        done += Vector.width
      }
    }
  }
}

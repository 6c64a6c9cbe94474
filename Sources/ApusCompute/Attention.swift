// softmax(scale · Q Kᵀ + mask) V, and its gradient, in tiles: the matrix of scores is never there as a whole, so memory grows
// with the length and not with its square (Dao et al. 2022, "FlashAttention"; Rabe and Staats 2021).
//
// A row of the softmax is a sum over keys, divided by another sum over keys. Both can be gathered tile by tile, when what was
// gathered is scaled by exp(old maximum − new maximum) whenever a larger score turns up. Of a row only its log Σ exp is kept:
// from it the backward pass computes the weights of a tile again, p = exp(score − log Σ exp).

/// The softmax over tiles of scores.
protocol AttentionKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func attentionTile(
    _ scores: UnsafeMutablePointer<Scalar>, _ rows: Int, _ columns: Int, _ mask: UnsafePointer<Scalar>?,
    _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int, _ maxima: UnsafeMutablePointer<Scalar>,
    _ sums: UnsafeMutablePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>, _ width: Int)

  static func attentionFinish(
    _ maxima: UnsafeMutablePointer<Scalar>, _ sums: UnsafePointer<Scalar>, _ output: UnsafeMutablePointer<Scalar>,
    _ rows: Int, _ width: Int)

  static func attentionGradientTile(
    _ scores: UnsafeMutablePointer<Scalar>, _ slopes: UnsafeMutablePointer<Scalar>, _ rows: Int, _ columns: Int,
    _ mask: UnsafePointer<Scalar>?, _ maskStride: Int, _ firstVisible: Int, _ visibleStep: Int,
    _ logSumExps: UnsafePointer<Scalar>, _ deltas: UnsafePointer<Scalar>, _ scale: Scalar)

  static func dotRow(_ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ count: Int) -> Double
}

/// The sizes of an attention: for each of `count` heads queries [queries, width], keys [keys, width] and values
/// [keys, valueWidth].
public struct AttentionLayout: Hashable, Sendable {
  /// Heads, over all samples; each is computed apart.
  public var count: Int
  /// Queries.
  public var queries: Int
  /// Keys and values.
  public var keys: Int
  /// Numbers of a query and of a key.
  public var width: Int
  /// Numbers of a value.
  public var valueWidth: Int
  /// The factor of the scores.
  public var scale: Double
  /// Whether query i sees the keys 0 … i only.
  public var isCausal: Bool

  /// A layout.
  public init(
    count: Int, queries: Int, keys: Int, width: Int, valueWidth: Int, scale: Double, isCausal: Bool
  ) {
    self.count = count
    self.queries = queries
    self.keys = keys
    self.width = width
    self.valueWidth = valueWidth
    self.scale = scale
    self.isCausal = isCausal
  }

  /// Queries of a tile. A tile of a causal attention computes some scores that nobody sees; the fewer queries, the fewer.
  var queryTile: Int { isCausal ? 64 : 128 }
  static var keyTile: Int { 256 }

  /// The keys that some query of a tile sees.
  func visibleKeys(_ queries: Range<Int>) -> Int { isCausal ? min(keys, queries.upperBound) : keys }
}

/// A summand for each score, −∞ for what is hidden: for head h and query i the row at `offsets[h] + i · rowStride`.
public struct AttentionMask<Scalar: ComputeScalar> {
  /// The first number.
  public var pointer: UnsafePointer<Scalar>
  /// Where each head's rows begin.
  public var offsets: [Int]
  /// Numbers from one query's row to the next; 0 where all share one.
  public var rowStride: Int

  /// A mask.
  public init(_ pointer: UnsafePointer<Scalar>, offsets: [Int], rowStride: Int) {
    self.pointer = pointer
    self.offsets = offsets
    self.rowStride = rowStride
  }
}

/// output = softmax(scale · q kᵀ + mask) v for each head.
///
/// O(count · queries · keys · (width + valueWidth)) operations, and memory for a tile of scores. A query that sees no key gets
/// zeros.
///
/// - Parameters:
///   - layout: The sizes.
///   - q: [count, queries, width].
///   - k: [count, keys, width].
///   - v: [count, keys, valueWidth].
///   - mask: What is added to the scores.
///   - output: Receives [count, queries, valueWidth].
///   - logSumExps: Receives log Σ exp of each query's scores, [count, queries], for the backward pass.
@specialized(where T == Float)
@specialized(where T == Double)
public func attention<T: ComputeScalar>(
  _ layout: AttentionLayout, q: UnsafePointer<T>, k: UnsafePointer<T>, v: UnsafePointer<T>, mask: AttentionMask<T>?,
  into output: UnsafeMutablePointer<T>, logSumExps: UnsafeMutablePointer<T>
) {
  let a = layout
  let tile = a.queryTile
  let tiles = (a.queries + tile - 1) / tile
  parallelFor(a.count * tiles) { part in
    let head = part / tiles
    let rows = part % tiles * tile..<min(a.queries, (part % tiles + 1) * tile)
    let first = head * a.queries + rows.lowerBound
    let (maxima, result) = (logSumExps + first, output + first * a.valueWidth)
    maxima.update(repeating: -T.infinity, count: rows.count)
    result.update(repeating: 0, count: rows.count * a.valueWidth)
    let table = kernels(T.self)
    Scratch.withScalars(rows.count * (AttentionLayout.keyTile + 1), of: T.self) { scratch in
      let sums = scratch + rows.count * AttentionLayout.keyTile
      sums.update(repeating: 0, count: rows.count)
      forEachKeyTile(a.visibleKeys(rows)) { keys in
        product(
          q + first * a.width, rows.count, a.width, k + (head * a.keys + keys.lowerBound) * a.width, keys.count,
          into: scratch, scale: a.scale)
        table.attentionTile(
          scratch, rows.count, keys.count,
          mask.map { $0.pointer + $0.offsets[head] + rows.lowerBound * $0.rowStride + keys.lowerBound },
          mask?.rowStride ?? 0, a.isCausal ? rows.lowerBound + 1 - keys.lowerBound : keys.count, a.isCausal ? 1 : 0,
          maxima, sums, result, a.valueWidth)
        gemm(
          Matrix(unchecked: scratch, rows: rows.count, columns: keys.count, rowStride: keys.count, columnStride: 1),
          Matrix(
            unchecked: v + (head * a.keys + keys.lowerBound) * a.valueWidth, rows: keys.count, columns: a.valueWidth,
            rowStride: a.valueWidth, columnStride: 1),
          into: MutableMatrix(
            unchecked: result, rows: rows.count, columns: a.valueWidth, rowStride: a.valueWidth, columnStride: 1),
          beta: 1)
      }
      table.attentionFinish(maxima, sums, result, rows.count, a.valueWidth)
    }
  }
}

/// The backward pass of `attention`. With the weights P = softmax(S), S = scale · Q Kᵀ + mask, and the gradient G of the output
///
///     dV = Pᵀ G,  dP = G Vᵀ,  dS = P (dP − δ),  dQ = scale · dS K,  dK = scale · dSᵀ Q
///
/// where δ = Σ P dP over a row, which is Σ G · output over it: known before any tile is.
///
/// - Parameters:
///   - layout: As given to `attention`.
///   - q: As given to `attention`.
///   - k: As given to `attention`.
///   - v: As given to `attention`.
///   - mask: As given to `attention`.
///   - output: What `attention` returned.
///   - logSumExps: What `attention` returned.
///   - upstream: The gradient with respect to the output.
///   - dq: Receives the gradient with respect to q.
///   - dk: Receives the gradient with respect to k.
///   - dv: Receives the gradient with respect to v.
@specialized(where T == Float)
@specialized(where T == Double)
public func attentionGradient<T: ComputeScalar>(
  _ layout: AttentionLayout, q: UnsafePointer<T>, k: UnsafePointer<T>, v: UnsafePointer<T>, mask: AttentionMask<T>?,
  output: UnsafePointer<T>, logSumExps: UnsafePointer<T>, upstream: UnsafePointer<T>, dq: UnsafeMutablePointer<T>,
  dk: UnsafeMutablePointer<T>, dv: UnsafeMutablePointer<T>
) {
  let a = layout
  parallelFor(a.count) { head in
    let table = kernels(T.self)
    let (keyStart, valueStart) = (head * a.keys * a.width, head * a.keys * a.valueWidth)
    (dk + keyStart).update(repeating: 0, count: a.keys * a.width)
    (dv + valueStart).update(repeating: 0, count: a.keys * a.valueWidth)
    (dq + head * a.queries * a.width).update(repeating: 0, count: a.queries * a.width)
    let tile = a.queryTile
    let square = tile * AttentionLayout.keyTile
    Scratch.withScalars(2 * square + tile, of: T.self) { weights in
      let slopes = weights + square
      let deltas = slopes + square
      for start in stride(from: 0, to: a.queries, by: tile) {
        let rows = start..<min(a.queries, start + tile)
        let first = head * a.queries + start
        let g = upstream + first * a.valueWidth
        for row in 0..<rows.count {
          deltas[row] = T(
            table.dotRow(g + row * a.valueWidth, output + (first + row) * a.valueWidth, a.valueWidth))
        }
        forEachKeyTile(a.visibleKeys(rows)) { keys in
          let ownKeys = keyStart + keys.lowerBound * a.width
          let ownValues = valueStart + keys.lowerBound * a.valueWidth
          product(q + first * a.width, rows.count, a.width, k + ownKeys, keys.count, into: weights, scale: a.scale)
          product(g, rows.count, a.valueWidth, v + ownValues, keys.count, into: slopes, scale: 1)
          table.attentionGradientTile(
            weights, slopes, rows.count, keys.count,
            mask.map { $0.pointer + $0.offsets[head] + rows.lowerBound * $0.rowStride + keys.lowerBound },
            mask?.rowStride ?? 0, a.isCausal ? rows.lowerBound + 1 - keys.lowerBound : keys.count, a.isCausal ? 1 : 0,
            logSumExps + first, deltas, T(a.scale))
          func matrix(_ p: UnsafePointer<T>, _ rows: Int, _ columns: Int) -> Matrix<T> {
            Matrix(unchecked: p, rows: rows, columns: columns, rowStride: columns, columnStride: 1)
          }
          func add(_ x: Matrix<T>, _ y: Matrix<T>, to target: UnsafeMutablePointer<T>) {
            gemm(
              x, y,
              into: MutableMatrix(
                unchecked: target, rows: x.rows, columns: y.columns, rowStride: y.columns, columnStride: 1),
              beta: 1)
          }
          let tileWeights = matrix(weights, rows.count, keys.count)
          let tileSlopes = matrix(slopes, rows.count, keys.count)
          add(tileWeights.transposed, matrix(g, rows.count, a.valueWidth), to: dv + ownValues)
          add(tileSlopes, matrix(k + ownKeys, keys.count, a.width), to: dq + first * a.width)
          add(tileSlopes.transposed, matrix(q + first * a.width, rows.count, a.width), to: dk + ownKeys)
        }
      }
    }
  }
}

@inline(__always)
private func forEachKeyTile(_ count: Int, _ body: (Range<Int>) -> Void) {
  var start = 0
  while start < count {
    let end = min(count, start + AttentionLayout.keyTile)
    body(start..<end)
    start = end
  }
}

/// target = scale · a bᵀ for row-major a [rows, width] and b [columns, width].
@inline(__always)
private func product<T: ComputeScalar>(
  _ a: UnsafePointer<T>, _ rows: Int, _ width: Int, _ b: UnsafePointer<T>, _ columns: Int,
  into target: UnsafeMutablePointer<T>, scale: Double
) {
  gemm(
    Matrix(unchecked: a, rows: rows, columns: width, rowStride: width, columnStride: 1),
    Matrix(unchecked: b, rows: columns, columns: width, rowStride: width, columnStride: 1).transposed,
    into: MutableMatrix(unchecked: target, rows: rows, columns: columns, rowStride: columns, columnStride: 1),
    alpha: T(scale))
}

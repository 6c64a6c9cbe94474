// Products of bytes: what a quantised model computes with. Activations are unsigned bytes, weights signed ones, and their
// products are summed in 32 bits: 255 · 127 · depth stays below 2³¹ for a depth of 66,000.
//
// x86 multiplies sixteen-bit numbers and adds neighbours in one instruction, `vpmaddwd`. No Swift operation becomes it: even
// and odd halves of a SIMD vector, multiplied apart and added, are taken for `vpmulld`, half as fast. LLVM finds it in one
// place, the sum over a plain loop. So the tile here is eight such sums, two rows by four outputs, over depth that lies side
// by side in memory; a multiple of 32 leaves no rest. What would be faster still, bytes times bytes (`vpmaddubsw`,
// `vpdpbusd`), is not found in any form.

/// The entry points of this build for bytes.
public enum IntegerKernels {
  /// How far the depth of a product should be a multiple, for the loop to have no rest.
  @inline(never)
  public static func depthUnit() -> Int { 32 }

  /// `y[row, output] = Σ x[row, i] · w[output, i]` over `depth`.
  ///
  /// - Parameters:
  ///   - x: Rows of activations, `xStride` bytes apart.
  ///   - w: Rows of weights, one for each output, `depth` bytes apart.
  ///   - y: Rows of sums, `outputs` apart.
  @inline(never)
  public static func products(
    _ x: UnsafePointer<UInt8>, rows: Int, xStride: Int, _ w: UnsafePointer<Int8>, outputs: Int, depth: Int,
    _ y: UnsafeMutablePointer<Int32>
  ) {
    var output = 0
    while output + 4 <= outputs {
      let weights = w + output * depth
      var row = 0
      while row + 2 <= rows {
        let to = y + row * outputs + output
        eight(x + row * xStride, xStride, weights, depth, to, to + outputs)
        row += 2
      }
      if row < rows { four(x + row * xStride, weights, depth, y + row * outputs + output) }
      output += 4
    }
    while output < outputs {
      for row in 0..<rows { y[row * outputs + output] = one(x + row * xStride, w + output * depth, depth) }
      output += 1
    }
  }

  /// Two rows by four outputs.
  @inline(__always)
  private static func eight(
    _ x: UnsafePointer<UInt8>, _ xStride: Int, _ w: UnsafePointer<Int8>, _ depth: Int,
    _ upper: UnsafeMutablePointer<Int32>, _ lower: UnsafeMutablePointer<Int32>
  ) {
    let (x1, w1, w2, w3) = (x + xStride, w + depth, w + 2 * depth, w + 3 * depth)
    var (a0, a1, a2, a3): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    var (b0, b1, b2, b3): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    for i in 0..<depth {
      let (a, b) = (Int32(x[i]), Int32(x1[i]))
      let (v0, v1, v2, v3) = (Int32(w[i]), Int32(w1[i]), Int32(w2[i]), Int32(w3[i]))
      a0 &+= a &* v0
      a1 &+= a &* v1
      a2 &+= a &* v2
      a3 &+= a &* v3
      b0 &+= b &* v0
      b1 &+= b &* v1
      b2 &+= b &* v2
      b3 &+= b &* v3
    }
    (upper[0], upper[1], upper[2], upper[3]) = (a0, a1, a2, a3)
    (lower[0], lower[1], lower[2], lower[3]) = (b0, b1, b2, b3)
  }

  /// One row by four outputs.
  @inline(__always)
  private static func four(
    _ x: UnsafePointer<UInt8>, _ w: UnsafePointer<Int8>, _ depth: Int, _ y: UnsafeMutablePointer<Int32>
  ) {
    let (w1, w2, w3) = (w + depth, w + 2 * depth, w + 3 * depth)
    var (a0, a1, a2, a3): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    for i in 0..<depth {
      let a = Int32(x[i])
      a0 &+= a &* Int32(w[i])
      a1 &+= a &* Int32(w1[i])
      a2 &+= a &* Int32(w2[i])
      a3 &+= a &* Int32(w3[i])
    }
    (y[0], y[1], y[2], y[3]) = (a0, a1, a2, a3)
  }

  @inline(__always)
  private static func one(_ x: UnsafePointer<UInt8>, _ w: UnsafePointer<Int8>, _ depth: Int) -> Int32 {
    var sum: Int32 = 0
    for i in 0..<depth { sum &+= Int32(x[i]) &* Int32(w[i]) }
    return sum
  }

  /// The byte of a number: rounded to nearest, ties to even, and cut off at `floor` and 255. NaN becomes `floor`.
  @inline(__always)
  private static func byte(_ value: Float, _ floor: Float) -> UInt8 {
    let raised = value > floor ? value : floor
    let limited = raised < 255 ? raised : 255
    // Adding 1.5 · 2²³ leaves no bits for a fraction: rounding without a call.
    return UInt8(truncatingIfNeeded: Int32((limited + 12_582_912) - 12_582_912))
  }

  /// `y = byte((sum + bias) · multiplier + zero)` for rows of `outputs` sums; a row of y is `yStride` bytes behind the other.
  @inline(never)
  public static func requantize(
    _ sums: UnsafePointer<Int32>, rows: Int, outputs: Int, bias: UnsafePointer<Int32>,
    multiplier: UnsafePointer<Float>, zero: Float, floor: Float, _ y: UnsafeMutablePointer<UInt8>, yStride: Int
  ) {
    for row in 0..<rows {
      let (from, to) = (sums + row * outputs, y + row * yStride)
      for i in 0..<outputs { to[i] = byte(Float(from[i] &+ bias[i]) * multiplier[i] + zero, floor) }
    }
  }

  /// `y = (sum + bias) · multiplier` for rows of `outputs` sums.
  @inline(never)
  public static func dequantize(
    _ sums: UnsafePointer<Int32>, rows: Int, outputs: Int, bias: UnsafePointer<Int32>,
    multiplier: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>
  ) {
    for row in 0..<rows {
      let (from, to) = (sums + row * outputs, y + row * outputs)
      for i in 0..<outputs { to[i] = Float(from[i] &+ bias[i]) * multiplier[i] }
    }
  }

  /// `y = byte(x · factor + zero)`.
  @inline(never)
  public static func quantize(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt8>, _ count: Int, factor: Float, zero: Float
  ) {
    for i in 0..<count { y[i] = byte(x[i] * factor + zero, 0) }
  }

  /// `y = max(y, x)`.
  @inline(never)
  public static func maximum(_ x: UnsafePointer<UInt8>, into y: UnsafeMutablePointer<UInt8>, _ count: Int) {
    for i in 0..<count { y[i] = x[i] > y[i] ? x[i] : y[i] }
  }

  /// Copies runs of bytes: of each run `length` bytes from `x + offsets[run]` to `y`, one behind the other.
  ///
  /// Eight bytes move at a time, so up to seven behind a run are read, and written where the next one goes.
  @inline(never)
  public static func gatherRuns(
    _ x: UnsafePointer<UInt8>, _ offsets: UnsafePointer<Int>, runs: Int, length: Int, pixels: Int, pixelStride: Int,
    _ y: UnsafeMutablePointer<UInt8>, yStride: Int
  ) {
    for pixel in 0..<pixels {
      let source = UnsafeRawPointer(x + pixel * pixelStride)
      var target = UnsafeMutableRawPointer(y + pixel * yStride)
      for run in 0..<runs {
        let from = source + offsets[run]
        var place = 0
        while place < length {
          (target + place).storeBytes(of: (from + place).loadUnaligned(as: UInt64.self), as: UInt64.self)
          place += 8
        }
        target += length
      }
    }
  }
}

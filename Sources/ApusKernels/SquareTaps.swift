// Kernels of 3×3 and 5×5 taps over four rows at once, for which every register that is loaded feeds all the rows it belongs to.
//
// Row r of the result meets the rows `step · r + k` of the source, k being the tap's row. So row j of the source is row k of
// the kernel for each r with `k = j − step · r` inside the kernel:
//
//     step 1, 3×3        r = 0  1  2  3                    step 2, 3×3        r = 0  1  2  3
//              j = 0    k = 0                                       j = 0    k = 0
//              j = 1        1  0                                    j = 1        1
//              j = 2        2  1  0                                 j = 2        2  0
//              j = 3           2  1  0                              j = 3           1
//              j = 4              2  1                              …
//              j = 5                 2
//
// Every sum takes its taps in the order of the weights' memory, as in the plain loop. All of it is constant once inlined: which
// taps a row has, and in which registers they are. (A loop over an array of registers would keep them in memory.)

/// Taps of a square kernel, a register each: weights, the same in all lanes, or sums.
protocol TapSquare {
  associatedtype Vector: KernelVector
  /// Rows and columns.
  static var size: Int { get }
  /// The weights, each in all lanes.
  init(broadcasting weights: UnsafePointer<Vector.Scalar>)
  /// `size · size` registers that follow one another.
  init(loading registers: UnsafePointer<Vector.Scalar>)
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>)
  /// The tap with a number that is known when this is compiled.
  subscript(_ tap: Int) -> Vector { get set }
}

struct NineTaps<Vector: KernelVector>: TapSquare {
  private var t0, t1, t2, t3, t4, t5, t6, t7, t8: Vector

  @inline(__always) static var size: Int { 3 }

  @inline(__always)
  private init(_ tap: (Int) -> Vector) {
    t0 = tap(0)
    t1 = tap(1)
    t2 = tap(2)
    t3 = tap(3)
    t4 = tap(4)
    t5 = tap(5)
    t6 = tap(6)
    t7 = tap(7)
    t8 = tap(8)
  }
  @inline(__always)
  init(broadcasting weights: UnsafePointer<Vector.Scalar>) { self.init { Vector(repeating: weights[$0]) } }
  @inline(__always)
  init(loading registers: UnsafePointer<Vector.Scalar>) { self.init { Vector.load(registers + $0 * Vector.width) } }

  @inline(__always)
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>) {
    let w = Vector.width
    t0.store(registers)
    t1.store(registers + w)
    t2.store(registers + 2 * w)
    t3.store(registers + 3 * w)
    t4.store(registers + 4 * w)
    t5.store(registers + 5 * w)
    t6.store(registers + 6 * w)
    t7.store(registers + 7 * w)
    t8.store(registers + 8 * w)
  }

  subscript(_ tap: Int) -> Vector {
    @inline(__always) get {
      switch tap {
      case 0: t0
      case 1: t1
      case 2: t2
      case 3: t3
      case 4: t4
      case 5: t5
      case 6: t6
      case 7: t7
      default: t8
      }
    }
    @inline(__always) set {
      switch tap {
      case 0: t0 = newValue
      case 1: t1 = newValue
      case 2: t2 = newValue
      case 3: t3 = newValue
      case 4: t4 = newValue
      case 5: t5 = newValue
      case 6: t6 = newValue
      case 7: t7 = newValue
      default: t8 = newValue
      }
    }
  }
}

/// Rows of five.
private struct FiveTaps<Vector: KernelVector> {
  var t0, t1, t2, t3, t4: Vector

  @inline(__always)
  init(_ tap: (Int) -> Vector) {
    t0 = tap(0)
    t1 = tap(1)
    t2 = tap(2)
    t3 = tap(3)
    t4 = tap(4)
  }

  @inline(__always)
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>) {
    let w = Vector.width
    t0.store(registers)
    t1.store(registers + w)
    t2.store(registers + 2 * w)
    t3.store(registers + 3 * w)
    t4.store(registers + 4 * w)
  }

  subscript(_ tap: Int) -> Vector {
    @inline(__always) get {
      switch tap {
      case 0: t0
      case 1: t1
      case 2: t2
      case 3: t3
      default: t4
      }
    }
    @inline(__always) set {
      switch tap {
      case 0: t0 = newValue
      case 1: t1 = newValue
      case 2: t2 = newValue
      case 3: t3 = newValue
      default: t4 = newValue
      }
    }
  }
}

struct TwentyFiveTaps<Vector: KernelVector>: TapSquare {
  private var r0, r1, r2, r3, r4: FiveTaps<Vector>

  @inline(__always) static var size: Int { 5 }

  @inline(__always)
  private init(_ tap: (Int) -> Vector) {
    r0 = FiveTaps { tap($0) }
    r1 = FiveTaps { tap(5 + $0) }
    r2 = FiveTaps { tap(10 + $0) }
    r3 = FiveTaps { tap(15 + $0) }
    r4 = FiveTaps { tap(20 + $0) }
  }
  @inline(__always)
  init(broadcasting weights: UnsafePointer<Vector.Scalar>) { self.init { Vector(repeating: weights[$0]) } }
  @inline(__always)
  init(loading registers: UnsafePointer<Vector.Scalar>) { self.init { Vector.load(registers + $0 * Vector.width) } }

  @inline(__always)
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>) {
    let row = 5 * Vector.width
    r0.store(registers)
    r1.store(registers + row)
    r2.store(registers + 2 * row)
    r3.store(registers + 3 * row)
    r4.store(registers + 4 * row)
  }

  subscript(_ tap: Int) -> Vector {
    @inline(__always) get {
      switch tap / 5 {
      case 0: r0[tap % 5]
      case 1: r1[tap % 5]
      case 2: r2[tap % 5]
      case 3: r3[tap % 5]
      default: r4[tap % 5]
      }
    }
    @inline(__always) set {
      switch tap / 5 {
      case 0: r0[tap % 5] = newValue
      case 1: r1[tap % 5] = newValue
      case 2: r2[tap % 5] = newValue
      case 3: r3[tap % 5] = newValue
      default: r4[tap % 5] = newValue
      }
    }
  }
}

/// Rows of the source from one row of a square kernel to the next, in terms of rows of the result: 1, or 2 where every second row of
/// the kernel lies a row further (a stride of 2, cut into phases); 0 where the taps are no square of 3×3 or 5×5, or lie otherwise.
@inline(__always)
func rowStep(_ offsets: UnsafePointer<Int>, taps: Int, kernelColumns: Int, rowStride: Int) -> Int {
  guard kernelColumns == 3 && taps == 9 || kernelColumns == 5 && taps == 25 else { return 0 }
  // Every row of the kernel has the columns of the first.
  var isRegular = true
  var first = kernelColumns
  while first < taps {
    for column in 1..<kernelColumns where offsets[first + column] - offsets[first] != offsets[column] - offsets[0] {
      isRegular = false
    }
    first += kernelColumns
  }
  guard isRegular else { return 0 }
  for step in 1...2 {
    var fits = true
    for row in step..<kernelColumns
    where offsets[row * kernelColumns] != offsets[(row - step) * kernelColumns] + rowStride {
      fits = false
    }
    if fits { return step }
  }
  return 0
}

/// Where the rows and columns of a square kernel's taps lie.
struct TapRows<Vector: KernelVector> {
  var even, odd, rowStride: Int
  var c0, c1, c2, c3, c4: Int

  @inline(__always)
  init(_ offsets: UnsafePointer<Int>, size: Int, step: Int, rowStride: Int) {
    self.rowStride = rowStride
    even = offsets[0]
    odd = step == 1 ? offsets[0] : offsets[size]
    c0 = 0
    c1 = offsets[1] - offsets[0]
    c2 = offsets[2] - offsets[0]
    c3 = size == 3 ? 0 : offsets[3] - offsets[0]
    c4 = size == 3 ? 0 : offsets[4] - offsets[0]
  }

  /// Row j of the source, of every row or of two kinds of rows in turns.
  @inline(__always)
  func row(_ j: Int, step: Int, _ source: UnsafePointer<Vector.Scalar>) -> UnsafePointer<Vector.Scalar> {
    step == 1 ? source + even + j * rowStride : source + (j & 1 == 0 ? even : odd) + j / 2 * rowStride
  }

  @inline(__always)
  func column(_ kx: Int) -> Int {
    switch kx {
    case 0: c0
    case 1: c1
    case 2: c2
    case 3: c3
    default: c4
    }
  }
}

/// Four rows of a result that meet the source `step` rows apart.
protocol SharedRows {
  associatedtype Taps: TapSquare
  static var step: Int { get }
}

enum EveryRow<Taps: TapSquare>: SharedRows {
  @inline(__always) static var step: Int { 1 }
}

enum EverySecondRow<Taps: TapSquare>: SharedRows {
  @inline(__always) static var step: Int { 2 }
}

extension SharedRows {
  typealias Vector = Taps.Vector
  typealias Four = (Vector, Vector, Vector, Vector)

  /// Whether row j of the source belongs to row r of the result.
  @inline(__always)
  private static func meets(_ j: Int, _ r: Int) -> Bool { j >= step * r && j < step * r + Taps.size }
  @inline(__always)
  private static func tap(_ j: Int, _ r: Int, _ kx: Int) -> Int { (j - step * r) * Taps.size + kx }

  /// Calls `body` for each row of the source that four rows of the result meet, at most 11.
  @inline(__always)
  private static func forEachRow(_ body: (Int) -> Void) {
    body(0)
    body(1)
    body(2)
    body(3)
    body(4)
    body(5)
    if 3 * step + Taps.size > 6 { body(6) }
    if 3 * step + Taps.size > 7 { body(7) }
    if 3 * step + Taps.size > 8 { body(8) }
    if 3 * step + Taps.size > 9 { body(9) }
    if 3 * step + Taps.size > 10 { body(10) }
  }
  @inline(__always)
  private static func forEachColumn(_ body: (Int) -> Void) {
    body(0)
    body(1)
    body(2)
    if Taps.size == 5 {
      body(3)
      body(4)
    }
  }

  /// A register of each of four rows of the correlation.
  @inline(__always)
  static func sums(_ taps: Taps, _ layout: TapRows<Vector>, _ source: UnsafePointer<Vector.Scalar>) -> Four {
    var s0 = Vector(repeating: 0)
    var (s1, s2, s3) = (s0, s0, s0)
    forEachRow { j in
      let row = layout.row(j, step: step, source)
      forEachColumn { kx in
        let x = Vector.load(row + layout.column(kx))
        if meets(j, 0) { s0 = s0.adding(taps[tap(j, 0, kx)], times: x) }
        if meets(j, 1) { s1 = s1.adding(taps[tap(j, 1, kx)], times: x) }
        if meets(j, 2) { s2 = s2.adding(taps[tap(j, 2, kx)], times: x) }
        if meets(j, 3) { s3 = s3.adding(taps[tap(j, 3, kx)], times: x) }
      }
    }
    return (s0, s1, s2, s3)
  }

  /// The transpose in the taps: adds the products of four registers of the result's gradient, `stride` scalars apart, with what they
  /// met to the sums of each tap.
  @inline(__always)
  private static func accumulate<Lens: LaneLens>(
    _ gradient: UnsafePointer<Vector.Scalar>, stride: Int, _ layout: TapRows<Vector>,
    _ source: UnsafePointer<Vector.Scalar>, _ lens: Lens, into taps: inout Taps
  ) where Lens.Vector == Vector {
    let (g0, g1) = (Vector.load(gradient), Vector.load(gradient + stride))
    let (g2, g3) = (Vector.load(gradient + 2 * stride), Vector.load(gradient + 3 * stride))
    forEachRow { j in
      let row = layout.row(j, step: step, source)
      forEachColumn { kx in
        let x = lens(Vector.load(row + layout.column(kx)))
        if meets(j, 0) { taps[tap(j, 0, kx)] = taps[tap(j, 0, kx)].adding(g0, times: x) }
        if meets(j, 1) { taps[tap(j, 1, kx)] = taps[tap(j, 1, kx)].adding(g1, times: x) }
        if meets(j, 2) { taps[tap(j, 2, kx)] = taps[tap(j, 2, kx)].adding(g2, times: x) }
        if meets(j, 3) { taps[tap(j, 3, kx)] = taps[tap(j, 3, kx)].adding(g3, times: x) }
      }
    }
  }

  /// Adds what four rows of `registers` registers, one or more, contribute to `sums`, a register for each tap.
  ///
  /// Not inlined, as the next: in a function that has grown large, loads of registers become calls.
  @inline(never)
  static func addWhole(
    _ gradient: UnsafePointer<Vector.Scalar>, stride: Int, _ layout: TapRows<Vector>,
    _ source: UnsafePointer<Vector.Scalar>, registers: Int, to sums: UnsafeMutablePointer<Vector.Scalar>
  ) {
    var taps = Taps(loading: sums)
    var (dy, x) = (gradient, source)
    let end = gradient + registers * Vector.width
    repeat {
      accumulate(dy, stride: stride, layout, x, AllLanes<Vector>(), into: &taps)
      dy += Vector.width
      x += Vector.width
    } while dy < end
    taps.store(sums)
  }

  /// The same for one register a row, only the lanes of the source where `mask` is true.
  @inline(never)
  static func addPart(
    _ gradient: UnsafePointer<Vector.Scalar>, stride: Int, _ layout: TapRows<Vector>,
    _ source: UnsafePointer<Vector.Scalar>, mask: Vector.Mask, to sums: UnsafeMutablePointer<Vector.Scalar>
  ) {
    var taps = Taps(loading: sums)
    accumulate(gradient, stride: stride, layout, source, SomeLanes<Vector>(mask: mask), into: &taps)
    taps.store(sums)
  }
}

/// What is seen of a register.
private protocol LaneLens {
  associatedtype Vector: KernelVector
  func callAsFunction(_ x: Vector) -> Vector
}

private struct AllLanes<Vector: KernelVector>: LaneLens {
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { x }
}

/// The lanes where `mask` is true; 0 in the others.
private struct SomeLanes<Vector: KernelVector>: LaneLens {
  var mask: Vector.Mask
  @inline(__always) func callAsFunction(_ x: Vector) -> Vector { Vector(repeating: 0).replacing(with: x, where: mask) }
}

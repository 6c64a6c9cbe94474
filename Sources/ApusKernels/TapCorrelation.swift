// The weight gradient of a convolution without packing: dW[o, tap] = Σ dY[o, q] · x[q + offset(tap)].
//
// Laid out with the rows of x and of dY equally long (dY filled up with zeros), both run through memory in step for every
// tap, so the sum over q is a dot product of two contiguous stretches. A tile of output channels × taps is held in
// registers, one register of partial sums for each pair, and each step of one register's width along q takes
// rows + taps loads for rows · taps multiply-adds. The lanes are added up once, at the end.

/// A row of a correlation tile: one output channel against some taps.
protocol TapRow {
  associatedtype Vector: KernelVector
  static var taps: Int { get }
  init()
  /// Adds `factor · x[tap]` for each tap, the stretches of x being given.
  mutating func accumulate(_ factor: Vector, _ x: TapStretches<Vector>)
  /// Writes the sums of the lanes, `count` of them.
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, count: Int)
}

#if APUS_AVX512 || arch(arm64)
  // 4 × 5 accumulators, five stretches of x and one of dY: 26 of 32 registers. (5 × 5 would need 31, but then the register
  // allocator spills.)

  /// The registers of x for the taps of a tile.
  struct TapStretches<Vector: KernelVector> {
    var x0, x1, x2, x3, x4: Vector

    @inline(__always)
    init(_ base: UnsafePointer<Vector.Scalar>, _ offsets: UnsafePointer<Int>) {
      x0 = .load(base + offsets[0])
      x1 = .load(base + offsets[1])
      x2 = .load(base + offsets[2])
      x3 = .load(base + offsets[3])
      x4 = .load(base + offsets[4])
    }
  }

  /// One output channel against five taps.
  struct WideTapRow<Vector: KernelVector>: TapRow {
    var s0, s1, s2, s3, s4: Vector

    @inline(__always) static var taps: Int { 5 }
    @inline(__always)
    init() {
      s0 = Vector(repeating: 0)
      s1 = s0
      s2 = s0
      s3 = s0
      s4 = s0
    }

    @inline(__always)
    mutating func accumulate(_ factor: Vector, _ x: TapStretches<Vector>) {
      s0 = s0.adding(factor, times: x.x0)
      s1 = s1.adding(factor, times: x.x1)
      s2 = s2.adding(factor, times: x.x2)
      s3 = s3.adding(factor, times: x.x3)
      s4 = s4.adding(factor, times: x.x4)
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Vector.Scalar>, count: Int) {
      target[0] = s0.laneSum
      if count > 1 { target[1] = s1.laneSum }
      if count > 2 { target[2] = s2.laneSum }
      if count > 3 { target[3] = s3.laneSum }
      if count > 4 { target[4] = s4.laneSum }
    }
  }
#else
  // 3 × 3 accumulators, three stretches of x and one of dY: 13 of 16 registers.

  /// The registers of x for the taps of a tile.
  struct TapStretches<Vector: KernelVector> {
    var x0, x1, x2: Vector

    @inline(__always)
    init(_ base: UnsafePointer<Vector.Scalar>, _ offsets: UnsafePointer<Int>) {
      x0 = .load(base + offsets[0])
      x1 = .load(base + offsets[1])
      x2 = .load(base + offsets[2])
    }
  }

  /// One output channel against three taps.
  struct WideTapRow<Vector: KernelVector>: TapRow {
    var s0, s1, s2: Vector

    @inline(__always) static var taps: Int { 3 }
    @inline(__always)
    init() {
      s0 = Vector(repeating: 0)
      s1 = s0
      s2 = s0
    }

    @inline(__always)
    mutating func accumulate(_ factor: Vector, _ x: TapStretches<Vector>) {
      s0 = s0.adding(factor, times: x.x0)
      s1 = s1.adding(factor, times: x.x1)
      s2 = s2.adding(factor, times: x.x2)
    }

    @inline(__always)
    func store(_ target: UnsafeMutablePointer<Vector.Scalar>, count: Int) {
      target[0] = s0.laneSum
      if count > 1 { target[1] = s1.laneSum }
      if count > 2 { target[2] = s2.laneSum }
    }
  }
#endif

/// Some output channels against the taps of a tile.
protocol TapTile {
  associatedtype Vector: KernelVector
  static var rows: Int { get }
  static var taps: Int { get }
  init()
  /// One step: the gradient's rows lie `stride` scalars apart.
  mutating func accumulate(_ gradient: UnsafePointer<Vector.Scalar>, stride: Int, _ x: TapStretches<Vector>)
  /// Writes the sums, `taps` of each row.
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, taps: Int)
}

/// A tile of one row.
struct TapTileRow<Vector: KernelVector>: TapTile {
  var row: WideTapRow<Vector>

  @inline(__always) static var rows: Int { 1 }
  @inline(__always) static var taps: Int { WideTapRow<Vector>.taps }
  @inline(__always) init() { row = WideTapRow() }

  @inline(__always)
  mutating func accumulate(_ gradient: UnsafePointer<Vector.Scalar>, stride: Int, _ x: TapStretches<Vector>) {
    row.accumulate(Vector.load(gradient), x)
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, taps: Int) {
    row.store(target, count: taps)
  }
}

/// Two tiles, one above the other.
struct TapTilePlus<Top: TapTile, Bottom: TapTile>: TapTile where Top.Vector == Bottom.Vector {
  typealias Vector = Top.Vector

  var top: Top
  var bottom: Bottom

  @inline(__always) static var rows: Int { Top.rows + Bottom.rows }
  @inline(__always) static var taps: Int { Top.taps }
  @inline(__always)
  init() {
    top = Top()
    bottom = Bottom()
  }

  @inline(__always)
  mutating func accumulate(_ gradient: UnsafePointer<Vector.Scalar>, stride: Int, _ x: TapStretches<Vector>) {
    top.accumulate(gradient, stride: stride, x)
    bottom.accumulate(gradient + Top.rows * stride, stride: stride, x)
  }

  @inline(__always)
  func store(_ target: UnsafeMutablePointer<Vector.Scalar>, rowStride: Int, taps: Int) {
    top.store(target, rowStride: rowStride, taps: taps)
    bottom.store(target + Top.rows * rowStride, rowStride: rowStride, taps: taps)
  }
}

/// What a correlation tile works on.
struct TapTask<Vector: KernelVector> {
  var images: Int
  var sources: UnsafePointer<UnsafePointer<Vector.Scalar>>
  /// As many offsets as a tile has taps; surplus ones repeat the first.
  var offsets: UnsafePointer<Int>
  var taps: Int
  var gradient: UnsafePointer<Vector.Scalar>
  var imageStride: Int
  var rowStride: Int
  var length: Int
  var target: UnsafeMutablePointer<Vector.Scalar>
  var targetStride: Int
}

@inline(never)
private func correlateTile<Tile: TapTile>(_: Tile.Type, _ task: UnsafePointer<TapTask<Tile.Vector>>) {
  var tile = Tile()
  let length = task.pointee.length
  let stride = task.pointee.rowStride
  let offsets = task.pointee.offsets
  var image = 0
  // Loops that run at least once: with a test in front, the accumulators are carried past an inner loop that might be
  // skipped, and the register allocator moves and spills them in every step.
  repeat {
    let source = task.pointee.sources[image]
    let gradient = task.pointee.gradient + image * task.pointee.imageStride
    var q = 0
    repeat {
      tile.accumulate(gradient + q, stride: stride, TapStretches(source + q, offsets))
      q += Tile.Vector.width
    } while q < length
    image += 1
  } while image < task.pointee.images
  tile.store(task.pointee.target, rowStride: task.pointee.targetStride, taps: task.pointee.taps)
}

/// All output channels against `taps` taps.
@inline(__always)
private func correlate<V: KernelVector>(
  _: V.Type, channels: Int, taps: Int, images: Int, sources: UnsafePointer<UnsafePointer<V.Scalar>>,
  offsets: UnsafePointer<Int>, gradient: UnsafePointer<V.Scalar>, imageStride: Int, rowStride: Int, length: Int,
  into target: UnsafeMutablePointer<V.Scalar>, targetStride: Int
) {
  typealias One = TapTileRow<V>
  typealias Two = TapTilePlus<One, One>
  let width = One.taps
  withUnsafeTemporaryAllocation(of: Int.self, capacity: 8) { few in
    var tap = 0
    while tap < taps {
      let count = min(width, taps - tap)
      for index in 0..<width { few[index] = offsets[tap + (index < count ? index : 0)] }
      var channel = 0
      while channel < channels {
        var task = TapTask<V>(
          images: images, sources: sources, offsets: UnsafePointer(few.baseAddress.unsafelyUnwrapped), taps: count,
          gradient: gradient + channel * rowStride, imageStride: imageStride, rowStride: rowStride, length: length,
          target: target + channel * targetStride + tap, targetStride: targetStride)
        let left = channels - channel
        #if APUS_AVX512 || arch(arm64)
          if left >= 4 {
            correlateTile(TapTilePlus<Two, Two>.self, &task)
            channel += 4
            continue
          }
        #endif
        if left >= 3 {
          correlateTile(TapTilePlus<Two, One>.self, &task)
          channel += 3
        } else if left == 2 {
          correlateTile(Two.self, &task)
          channel += 2
        } else {
          correlateTile(One.self, &task)
          channel += 1
        }
      }
      tap += width
    }
  }
}

extension FloatKernels {
  /// `target[o · targetStride + t] = Σ over images and q < length of gradient[o, q] · source[q + offsets[t]]`.
  ///
  /// `length` is a multiple of the register's width; surplus places of the gradient hold 0, of the source any finite
  /// number.
  public static func correlateTaps(
    channels: Int, taps: Int, images: Int, sources: UnsafePointer<UnsafePointer<Float>>, offsets: UnsafePointer<Int>,
    gradient: UnsafePointer<Float>, imageStride: Int, rowStride: Int, length: Int,
    into target: UnsafeMutablePointer<Float>, targetStride: Int
  ) {
    correlate(
      FloatVector.self, channels: channels, taps: taps, images: images, sources: sources, offsets: offsets,
      gradient: gradient, imageStride: imageStride, rowStride: rowStride, length: length, into: target,
      targetStride: targetStride)
  }
}

extension DoubleKernels {
  /// The same for Double; see `FloatKernels.correlateTaps`.
  public static func correlateTaps(
    channels: Int, taps: Int, images: Int, sources: UnsafePointer<UnsafePointer<Double>>,
    offsets: UnsafePointer<Int>, gradient: UnsafePointer<Double>, imageStride: Int, rowStride: Int, length: Int,
    into target: UnsafeMutablePointer<Double>, targetStride: Int
  ) {
    correlate(
      DoubleVector.self, channels: channels, taps: taps, images: images, sources: sources, offsets: offsets,
      gradient: gradient, imageStride: imageStride, rowStride: rowStride, length: length, into: target,
      targetStride: targetStride)
  }
}

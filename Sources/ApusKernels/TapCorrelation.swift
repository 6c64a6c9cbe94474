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
  /// Writes the registers one after the other.
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>)
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
    func store(_ registers: UnsafeMutablePointer<Vector.Scalar>) {
      s0.store(registers)
      s1.store(registers + Vector.width)
      s2.store(registers + 2 * Vector.width)
      s3.store(registers + 3 * Vector.width)
      s4.store(registers + 4 * Vector.width)
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
    func store(_ registers: UnsafeMutablePointer<Vector.Scalar>) {
      s0.store(registers)
      s1.store(registers + Vector.width)
      s2.store(registers + 2 * Vector.width)
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
  /// Writes the registers, row after row.
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>)
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
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>) { row.store(registers) }
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
  func store(_ registers: UnsafeMutablePointer<Vector.Scalar>) {
    top.store(registers)
    bottom.store(registers + Top.rows * Self.taps * Vector.width)
  }
}

/// What a correlation tile works on.
struct TapTask<Vector: KernelVector> {
  var images: Int
  var sources: UnsafePointer<UnsafePointer<Vector.Scalar>>
  /// As many offsets as a tile has taps; surplus ones repeat the first.
  var offsets: UnsafePointer<Int>
  var gradient: UnsafePointer<Vector.Scalar>
  var imageStride: Int
  var rowStride: Int
  var length: Int
  /// Receives the tile's registers.
  var registers: UnsafeMutablePointer<Vector.Scalar>
}

/// Sums up a tile, but for the lanes. Were these added up here, the optimiser would see that halves of the sums are added in the end
/// and compute the whole loop in halves, which 16 registers do not hold.
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
  tile.store(task.pointee.registers)
}

/// Adds up the lanes of a tile's registers, `taps` of each row.
@inline(never)
private func addLanes<V: KernelVector>(
  _: V.Type, _ registers: UnsafePointer<V.Scalar>, rows: Int, taps: Int, into target: UnsafeMutablePointer<V.Scalar>,
  targetStride: Int
) {
  for row in 0..<rows {
    for tap in 0..<taps {
      target[row * targetStride + tap] =
        V.load(registers + (row * WideTapRow<V>.taps + tap) * V.width).laneSum
    }
  }
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
  // Room for a tile: a variable, as a temporary allocation of this size would be made on the heap.
  var room = TapTilePlus<Two, Two>()
  withUnsafeMutablePointer(to: &room) { room in
    let registers = UnsafeMutableRawPointer(room).assumingMemoryBound(to: V.Scalar.self)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 8) { few in
      var tap = 0
      while tap < taps {
        let count = min(width, taps - tap)
        for index in 0..<width { few[index] = offsets[tap + (index < count ? index : 0)] }
        var channel = 0
        while channel < channels {
          let left = channels - channel
          var task = TapTask<V>(
            images: images, sources: sources, offsets: UnsafePointer(few.baseAddress.unsafelyUnwrapped),
            gradient: gradient + channel * rowStride, imageStride: imageStride, rowStride: rowStride, length: length,
            registers: registers)
          let rows: Int
          #if APUS_AVX512 || arch(arm64)
            rows = min(left, 4)
          #else
            rows = min(left, 3)
          #endif
          switch rows {
          case 4: correlateTile(TapTilePlus<Two, Two>.self, &task)
          case 3: correlateTile(TapTilePlus<Two, One>.self, &task)
          case 2: correlateTile(Two.self, &task)
          default: correlateTile(One.self, &task)
          }
          addLanes(
            V.self, registers, rows: rows, taps: count, into: target + channel * targetStride + tap,
            targetStride: targetStride)
          channel += rows
        }
        tap += width
      }
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

// Kernels of 3×3 taps with a stride of 2 over one plane, read where it lies.
//
// With evens `e` and odds `o` of a row of the input, seen from where the middle column of the kernel stands first,
//
//     y[x] = Σ over the kernel's rows of w0 · o[x − 1] + w1 · e[x] + w2 · o[x]
//
// Two registers of a row are taken apart into e and o by two shuffles, a third makes o[x − 1] (SplitLanes.swift), and these serve both
// rows of the result that the row of the input belongs to: 27 shuffles for the 36 multiply-adds of four rows. The shuffles have
// units of their own beside the multiply-adds', and nothing is stored in between.
//
// Padding is at most 1 on each side. A row of the image that is padding is read from a row of zeros; columns of padding are lanes that
// are made 0. The last register of a row overlaps the one before it, so nothing is read behind a row's end. That takes a row of the
// result to be as long as a register.

extension NineTaps where Vector: SplittingVector {
  /// Adds the products of a row of the kernel with what it meets.
  @inline(__always)
  fileprivate func adding(_ ky: Int, _ x: ThreeColumns<Vector>, to sum: Vector) -> Vector {
    sum.adding(self[3 * ky], times: x.x0).adding(self[3 * ky + 1], times: x.x1).adding(
      self[3 * ky + 2], times: x.x2)
  }

  /// Four rows of the correlation.
  @inline(__always)
  fileprivate func sums<R: ColumnReading>(
    _ window: RowWindow<Vector.Scalar>, _ read: R
  ) -> (Vector, Vector, Vector, Vector) where R.Vector == Vector {
    let zero = Vector(repeating: 0)
    var x = read(window.top)
    var s0 = adding(0, x, to: zero)
    x = read(window.row(1))
    s0 = adding(1, x, to: s0)
    x = read(window.row(2))
    s0 = adding(2, x, to: s0)
    var s1 = adding(0, x, to: zero)
    x = read(window.row(3))
    s1 = adding(1, x, to: s1)
    x = read(window.row(4))
    s1 = adding(2, x, to: s1)
    var s2 = adding(0, x, to: zero)
    x = read(window.row(5))
    s2 = adding(1, x, to: s2)
    x = read(window.row(6))
    s2 = adding(2, x, to: s2)
    var s3 = adding(0, x, to: zero)
    x = read(window.row(7))
    s3 = adding(1, x, to: s3)
    x = read(window.bottom)
    s3 = adding(2, x, to: s3)
    return (s0, s1, s2, s3)
  }

  /// The transpose: adds the products of a row of the result's gradient with what the kernel's row `ky` meets, to the sums.
  @inline(__always)
  private mutating func add<R: ColumnReading>(
    _ ky: Int, _ gradient: Vector, _ row: UnsafePointer<Vector.Scalar>, _ read: R
  ) where R.Vector == Vector {
    let x = read(row)
    self[3 * ky] = self[3 * ky].adding(read.first(gradient), times: x.x0)
    self[3 * ky + 1] = self[3 * ky + 1].adding(gradient, times: x.x1)
    self[3 * ky + 2] = self[3 * ky + 2].adding(read.last(gradient), times: x.x2)
  }

  /// The products of a register of each of four rows of the result's gradient, or of one.
  @inline(__always)
  fileprivate mutating func add<R: ColumnReading, G: GradientRows>(
    _ gradient: G, _ window: RowWindow<Vector.Scalar>, _ read: R
  ) where R.Vector == Vector, G.Vector == Vector {
    add(0, gradient.top, window.top, read)
    add(1, gradient.g0, window.row(1), read)
    if G.rows == 4 {
      add(2, gradient.g0, window.row(2), read)
      add(0, gradient.g1, window.row(2), read)
      add(1, gradient.g1, window.row(3), read)
      add(2, gradient.g1, window.row(4), read)
      add(0, gradient.g2, window.row(4), read)
      add(1, gradient.g2, window.row(5), read)
      add(2, gradient.g2, window.row(6), read)
      add(0, gradient.g3, window.row(6), read)
      add(1, gradient.g3, window.row(7), read)
    }
    add(2, gradient.bottom, window.bottom, read)
  }
}

/// A plane of the input, and how the result's lies on it.
private struct StridedPlane<V: SplittingVector> {
  /// Of the input.
  var height, width: Int
  /// Padding, 0 or 1.
  var top, left: Int
  /// Of the result; a register or more of columns.
  var rows, columns: Int
  /// 2 · columns + 2 of them.
  var zeros: UnsafePointer<V.Scalar>

  /// Height and width, padding, rows and columns.
  @inline(__always)
  init(_ sizes: UnsafePointer<Int>, zeros: UnsafePointer<V.Scalar>) {
    (height, width, top, left, rows, columns) = (sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5])
    self.zeros = zeros
  }

  /// Whether the last column of the kernel stands in the padding in a row's last place.
  @inline(__always) var endsInPadding: Bool { 2 * columns - left >= width }

  /// What `count` rows of the result from `row` on meet.
  @inline(__always)
  func window(_ source: UnsafePointer<V.Scalar>, row: Int, count: Int) -> RowWindow<V.Scalar> {
    let y = 2 * row - top
    let base = source + y * width + 1 - left
    return RowWindow(
      top: y < 0 ? zeros + 1 : base, inner: base + width,
      bottom: y + 2 * count >= height ? zeros + 1 : base + 2 * count * width, pitch: width)
  }

  // MARK: Forward

  /// All rows of the result, of which there are four or more; the last four move up, over rows that are there already.
  @inline(__always)
  func correlate(
    _ source: UnsafePointer<V.Scalar>, _ weights: UnsafePointer<V.Scalar>, _ finish: PlaneFinish<V>,
    into target: UnsafeMutablePointer<V.Scalar>
  ) {
    var row = 0
    repeat {
      let first = min(row, rows - 4)
      correlateFour(window(source, row: first, count: 4), weights, finish, into: target + first * columns)
      row += 4
    } while row < rows
  }

  @inline(__always)
  private func store(
    _ sums: (V, V, V, V), _ finish: PlaneFinish<V>, _ to: UnsafeMutablePointer<V.Scalar>
  ) {
    let values = finish(sums)
    values.0.reordered.store(to)
    values.1.reordered.store(to + columns)
    values.2.reordered.store(to + 2 * columns)
    values.3.reordered.store(to + 3 * columns)
  }

  private func correlateFour(
    _ window: RowWindow<V.Scalar>, _ weights: UnsafePointer<V.Scalar>, _ finish: PlaneFinish<V>,
    into target: UnsafeMutablePointer<V.Scalar>
  ) {
    let w = V.width
    let lastInner = columns - w - (endsInPadding ? 1 : 0)
    var window = window
    var column = 0
    if left == 1 && lastInner >= 0 {
      correlateFirst(window, weights, finish, into: target)
      window.advance(2 * w)
      column = w
    }
    if column <= lastInner {
      let registers = (lastInner - column) / w + 1
      correlateInner(window, weights, finish, registers: registers, into: target + column)
      window.advance(2 * w * registers)
      column += w * registers
    }
    if column < columns {
      let first = columns - w
      window.advance(2 * (first - column))
      if endsInPadding {
        correlateEnd(window, weights, finish, isFirst: first == 0, into: target + first)
      } else {
        correlateInner(window, weights, finish, registers: 1, into: target + first)
      }
    }
  }

  // Three functions, each so short that loads and stores of registers do not become calls in it.

  @inline(never)
  private func correlateFirst(
    _ window: RowWindow<V.Scalar>, _ weights: UnsafePointer<V.Scalar>, _ finish: PlaneFinish<V>,
    into target: UnsafeMutablePointer<V.Scalar>
  ) {
    store(NineTaps<V>(broadcasting: weights).sums(window, PaddedColumns()), finish, target)
  }

  @inline(never)
  private func correlateInner(
    _ window: RowWindow<V.Scalar>, _ weights: UnsafePointer<V.Scalar>, _ finish: PlaneFinish<V>, registers: Int,
    into target: UnsafeMutablePointer<V.Scalar>
  ) {
    let taps = NineTaps<V>(broadcasting: weights)
    var window = window
    var to = target
    let end = target + registers * V.width
    repeat {
      store(taps.sums(window, InnerColumns()), finish, to)
      window.advance(2 * V.width)
      to += V.width
    } while to < end
  }

  @inline(never)
  private func correlateEnd(
    _ window: RowWindow<V.Scalar>, _ weights: UnsafePointer<V.Scalar>, _ finish: PlaneFinish<V>, isFirst: Bool,
    into target: UnsafeMutablePointer<V.Scalar>
  ) {
    let read = OuterColumns<V>(before: isFirst && left == 1 ? zeros : nil, behind: zeros)
    store(NineTaps<V>(broadcasting: weights).sums(window, read), finish, target)
  }

  // MARK: Gradient of the weight

  /// Adds to a register of partial sums for each tap.
  @inline(__always)
  func addTaps(
    _ source: UnsafePointer<V.Scalar>, _ gradient: UnsafePointer<V.Scalar>, to sums: UnsafeMutablePointer<V.Scalar>
  ) {
    // The last register of a row overlaps the one before it, where it does not fit: its lanes that were counted.
    let isWhole = columns % V.width == 0
    var numbers = V(repeating: 0)
    for lane in 0..<V.width { numbers[lane] = V.Scalar(lane) }
    let counted = isWhole ? 0 : V.width - columns % V.width
    let mask = V(repeating: V.Scalar(counted)) .<= numbers.reordered
    var row = 0
    while row < rows {
      if row + 4 <= rows {
        addRows(FourGradients<V>.self, source, gradient, row, mask, to: sums)
        row += 4
      } else {
        addRows(OneGradient<V>.self, source, gradient, row, mask, to: sums)
        row += 1
      }
    }
  }

  @inline(__always)
  private func addRows<G: GradientRows>(
    _: G.Type, _ source: UnsafePointer<V.Scalar>, _ gradient: UnsafePointer<V.Scalar>, _ row: Int, _ mask: V.Mask,
    to sums: UnsafeMutablePointer<V.Scalar>
  ) where G.Vector == V {
    let w = V.width
    let y = 2 * row - top
    let dy = gradient + row * columns
    var places = GradientPlaces(
      top: y < 0 ? zeros : dy,
      bottom: y + 2 * G.rows >= height ? zeros : dy + (G.rows - 1) * columns, rows: dy, stride: columns)
    var window = window(source, row: row, count: G.rows)
    // All registers but the one that overlaps, or ends in padding.
    let count = (columns - (endsInPadding ? 1 : 0)) / w
    if count > 0 { addInner(G.self, window, places, count, to: sums) }
    if count * w < columns {
      window.advance(2 * (columns - w))
      places.advance(columns - w)
      addEnd(G.self, window, places, mask, to: sums)
    }
  }

  @inline(never)
  private func addInner<G: GradientRows>(
    _: G.Type, _ window: RowWindow<V.Scalar>, _ places: GradientPlaces<V.Scalar>, _ count: Int,
    to sums: UnsafeMutablePointer<V.Scalar>
  ) where G.Vector == V {
    let w = V.width
    var (window, places) = (window, places)
    var left = count
    var taps = NineTaps<V>(loading: sums)
    if self.left == 1 {
      taps.add(G(places), window, PaddedColumns())
      window.advance(2 * w)
      places.advance(w)
      left -= 1
    }
    while left > 0 {
      taps.add(G(places), window, InnerColumns())
      window.advance(2 * w)
      places.advance(w)
      left -= 1
    }
    taps.store(sums)
  }

  @inline(never)
  private func addEnd<G: GradientRows>(
    _: G.Type, _ window: RowWindow<V.Scalar>, _ places: GradientPlaces<V.Scalar>, _ mask: V.Mask,
    to sums: UnsafeMutablePointer<V.Scalar>
  ) where G.Vector == V {
    let outer = OuterColumns<V>(
      before: columns == V.width && left == 1 ? zeros : nil, behind: endsInPadding ? zeros : nil)
    var taps = NineTaps<V>(loading: sums)
    taps.add(G(places).masked(mask), window, SomeColumns(reading: outer, mask: mask))
    taps.store(sums)
  }

  // MARK: Gradient of the input

  /// `outputs` planes of the result's gradient, each with its nine weights, make one plane of the input's. `spare`: a row of the input's
  /// width and more, for what is outside of it.
  @inline(__always)
  func spread(
    _ gradient: UnsafePointer<V.Scalar>, _ weights: UnsafePointer<V.Scalar>, outputs: Int,
    spare: UnsafeMutablePointer<V.Scalar>, into target: UnsafeMutablePointer<V.Scalar>
  ) {
    // Row i of the result has its middle in row 2i + 1 − top of the input, and shares the next row with row i + 1.
    var row = top - 1
    while 2 * row + 1 - top < height {
      let y = 2 * row + 1 - top
      let to = target + y * width
      let pair = RowPair<V>(
        upper: gradient + row * columns, lower: gradient + (row + 1) * columns,
        upperStep: rows * columns, lowerStep: rows * columns, middle: to, between: to + width)
      spreadPair(pair.inside(row, rows, y, height, zeros: zeros, spare: spare), weights, outputs)
      row += 1
    }
  }

  @inline(never)
  private func spreadPair(_ pair: RowPair<V>, _ weights: UnsafePointer<V.Scalar>, _ outputs: Int) {
    let w = V.width
    let lead = 1 - left
    if lead == 1 { pair.spreadFirst(weights, outputs) }
    if outputs == 1 {
      let taps = NineTaps<V>(broadcasting: weights)
      var column = 0
      while column + w < columns {
        pair.sums(taps, column, V.load(pair.upper + column + 1), V.load(pair.lower + column + 1))
          .store(pair, lead + 2 * column)
        column += w
      }
    } else {
      var column = 0
      while column + w < columns {
        var sums = SpreadSums<V>()
        for output in 0..<outputs {
          let planes = pair.plane(output)
          sums.add(
            planes.sums(
              NineTaps(broadcasting: weights + 9 * output), column, V.load(planes.upper + column + 1),
              V.load(planes.lower + column + 1)))
        }
        sums.store(pair, lead + 2 * column)
        column += w
      }
    }
    spreadLast(pair, weights, outputs)
  }

  /// The last register, behind which there is no column; and columns that no tap meets.
  @inline(never)
  private func spreadLast(_ pair: RowPair<V>, _ weights: UnsafePointer<V.Scalar>, _ outputs: Int) {
    let w = V.width
    let zero = V(repeating: 0)
    var sums = SpreadSums<V>()
    for output in 0..<outputs {
      let planes = pair.plane(output)
      let column = columns - w
      sums.add(
        planes.sums(
          NineTaps(broadcasting: weights + 9 * output), column, V.load(planes.upper + column).movedDown(before: zero),
          V.load(planes.lower + column).movedDown(before: zero)))
    }
    let first = 1 - left + 2 * (columns - w)
    if first + 2 * w <= width {
      sums.store(pair, first)
      if first + 2 * w < width {
        pair.middle[width - 1] = 0
        pair.between[width - 1] = 0
      }
    } else {
      sums.storeShort(pair, first)
    }
  }
}

// `sizes` are height and width of the input, padding above and to the left, rows and columns of the result, of which there are at
// least four and `stridedColumns`; padding is at most 1 on any side. `zeros` are 2 · columns + 2 of them.

extension FloatKernels {
  /// Columns that a row of the result has at least for these kernels.
  public static var stridedColumns: Int { FloatVector.width }

  /// `target = activation(source ⋆ weights + bias)` for one plane, nine weights and a stride of 2 in both directions. Reads the plane
  /// and nothing beside it. `activation` is 0 (none), 1 (ReLU) or 2 (leaky ReLU with `slope`).
  public static func correlateStrided(
    _ source: UnsafePointer<Float>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, bias: Float, activation: Int, slope: Float, into target: UnsafeMutablePointer<Float>
  ) {
    let finish = PlaneFinish<FloatVector>(
      bias: .init(repeating: bias), activation: activation, slope: .init(repeating: slope))
    StridedPlane<FloatVector>(sizes, zeros: zeros).correlate(source, weights, finish, into: target)
  }

  /// The gradient of the nine weights from that of one plane of the result: adds to `sums`, a register of partial sums for each tap.
  public static func accumulateStrided(
    _ source: UnsafePointer<Float>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Float>,
    gradient: UnsafePointer<Float>, into sums: UnsafeMutablePointer<Float>
  ) {
    StridedPlane<FloatVector>(sizes, zeros: zeros).addTaps(source, gradient, to: sums)
  }

  /// The gradient of a plane of the input, from `outputs` planes that follow one another of the result's, each with nine weights.
  /// `spare` takes a row of the input's width.
  public static func spreadStrided(
    _ gradient: UnsafePointer<Float>, sizes: UnsafePointer<Int>, zeros: UnsafePointer<Float>,
    weights: UnsafePointer<Float>, outputs: Int, spare: UnsafeMutablePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    StridedPlane<FloatVector>(sizes, zeros: zeros).spread(
      gradient, weights, outputs: outputs, spare: spare, into: target)
  }
}

// The cells of recurrent layers: what a time step does besides its products, in one pass forward and one backward.
//
// `gates` holds the part of the pre-activations that comes from the input, for all time steps computed by one product;
// `recurrent` the part that comes from the hidden state before. A cell adds the two and leaves in `gates` what the
// backward pass needs. Rows are samples. The gates of a sample lie one after the other, `size` numbers each.

/// How much of a register a loop reads and writes, as a type: so that the loop over whole registers is compiled apart from what
/// the last one needs.
protocol RegisterPart {
  func load<V: KernelVector>(_ source: UnsafePointer<V.Scalar>) -> V
  func store<V: KernelVector>(_ vector: V, _ target: UnsafeMutablePointer<V.Scalar>)
}

struct WholeRegister: RegisterPart {
  @inline(__always) func load<V: KernelVector>(_ source: UnsafePointer<V.Scalar>) -> V { V.load(source) }
  @inline(__always) func store<V: KernelVector>(_ vector: V, _ target: UnsafeMutablePointer<V.Scalar>) {
    vector.store(target)
  }
}

/// The first lanes.
struct PartOfRegister: RegisterPart {
  let count: Int
  @inline(__always) func load<V: KernelVector>(_ source: UnsafePointer<V.Scalar>) -> V { V.load(source, count: count) }
  @inline(__always) func store<V: KernelVector>(_ vector: V, _ target: UnsafeMutablePointer<V.Scalar>) {
    vector.store(target, count: count)
  }
}

/// What a gate makes of its pre-activation.
protocol GateFunction {
  static func value<V: MathVector>(_ x: V) -> V
}

enum SigmoidGate: GateFunction {
  @inline(__always) static func value<V: MathVector>(_ x: V) -> V { x.gateSigmoid() }
}

enum TanhGate: GateFunction {
  @inline(__always) static func value<V: MathVector>(_ x: V) -> V { x.hyperbolicTangent() }
}

extension MathVector {
  /// 1 / (1 + e⁻ˣ), to a few units in the last place. Beyond ±80 nothing changes any more, so that e⁻ˣ is a normal number and
  /// no register needs another way.
  @inline(__always)
  func gateSigmoid() -> Self {
    let x = (-self).atLeast(Self(repeating: -80)).atMost(Self(repeating: 80))
    return Self(repeating: 1) / x.ordinaryExponentialPlusOne()
  }

  /// h = tanh(gates + recurrent), or max(…, 0). `gates` becomes h.
  @inline(__always)
  static func elmanCell(
    _ gates: UnsafeMutablePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>, _ hidden: UnsafeMutablePointer<Scalar>,
    _ hiddenStride: Int, _ rows: Int, _ size: Int, _ usesTanh: Bool
  ) {
    for row in 0..<rows {
      let g = gates + row * size
      forEachPiece(size) { i, n in
        let sum = load(upTo: n, g + i) + load(upTo: n, recurrent + row * size + i)
        let h = usesTanh ? sum.hyperbolicTangent() : sum.atLeast(Self(repeating: 0))
        h.store(upTo: n, g + i)
        h.store(upTo: n, hidden + row * hiddenStride + i)
      }
    }
  }

  /// The backward pass of `elmanCell`, from h: gateGradient = hiddenGradient · (1 − h²), or where h > 0.
  @inline(__always)
  static func elmanCellGradient(
    _ gates: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ upstreamStride: Int,
    _ carried: UnsafePointer<Scalar>, _ gateGradient: UnsafeMutablePointer<Scalar>, _ rows: Int, _ size: Int,
    _ usesTanh: Bool
  ) {
    let zero = Self(repeating: 0)
    for row in 0..<rows {
      forEachPiece(size) { i, n in
        let h = load(upTo: n, gates + row * size + i)
        let d = load(upTo: n, upstream + row * upstreamStride + i) + load(upTo: n, carried + row * size + i)
        let result = usesTanh ? d * (Self(repeating: 1) - h * h) : zero.replacing(with: d, where: zero .< h)
        result.store(upTo: n, gateGradient + row * size + i)
      }
    }
  }

  /// Long short-term memory: i, f, o = sigmoid(…), g = tanh(…), c = f · cBefore + i · g, h = o · tanh(c).
  /// `gates` (i, f, g, o) becomes the activated gates.
  @inline(__always)
  static func lstmCell(
    _ gates: UnsafeMutablePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>, _ cellBefore: UnsafePointer<Scalar>,
    _ cell: UnsafeMutablePointer<Scalar>, _ hidden: UnsafeMutablePointer<Scalar>, _ hiddenStride: Int, _ rows: Int,
    _ size: Int
  ) {
    for row in 0..<rows {
      let gates = gates + row * 4 * size
      let recurrent = recurrent + row * 4 * size
      activate(SigmoidGate.self, gates, recurrent, into: gates, 2 * size)
      activate(TanhGate.self, gates + 2 * size, recurrent + 2 * size, into: gates + 2 * size, size)
      activate(SigmoidGate.self, gates + 3 * size, recurrent + 3 * size, into: gates + 3 * size, size)
      let before = cellBefore + row * size
      let cell = cell + row * size
      let hidden = hidden + row * hiddenStride
      forEachPart(
        size, { lstmState($0, WholeRegister(), gates, before, cell, hidden, size) },
        { lstmState($0, PartOfRegister(count: $0.count), gates, before, cell, hidden, size) })
    }
  }

  /// c = f · cBefore + i · g, h = o · tanh(c), of one sample's activated gates.
  @inline(never)
  private static func lstmState<Part: RegisterPart>(
    _ columns: Range<Int>, _ part: Part, _ gates: UnsafePointer<Scalar>, _ cellBefore: UnsafePointer<Scalar>,
    _ cell: UnsafeMutablePointer<Scalar>, _ hidden: UnsafeMutablePointer<Scalar>, _ size: Int
  ) {
    var k = columns.lowerBound
    repeat {
      let i: Self = part.load(gates + k)
      let f: Self = part.load(gates + k + size)
      let g: Self = part.load(gates + k + 2 * size)
      let o: Self = part.load(gates + k + 3 * size)
      let c = (i * g).adding(f, times: part.load(cellBefore + k))
      part.store(c, cell + k)
      part.store(o * c.hyperbolicTangent(), hidden + k)
      k += width
    } while k < columns.upperBound
  }

  // A pass for each activation, over numbers that the level-1 cache holds: with several of them in one loop the optimiser stops
  // inlining, hands registers over in quarters, and computes on those: five times as slow.

  /// result = f(a + b) for `count` numbers; the result may be a.
  @inline(__always)
  static func activate<Gate: GateFunction>(
    _: Gate.Type, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, into result: UnsafeMutablePointer<Scalar>,
    _ count: Int
  ) {
    forEachPart(
      count, { activate(Gate.self, $0, WholeRegister(), a, b, result) },
      { activate(Gate.self, $0, PartOfRegister(count: $0.count), a, b, result) })
  }

  @inline(never)
  private static func activate<Gate: GateFunction, Part: RegisterPart>(
    _: Gate.Type, _ columns: Range<Int>, _ part: Part, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>,
    _ result: UnsafeMutablePointer<Scalar>
  ) {
    var k = columns.lowerBound
    repeat {
      let x: Self = part.load(a + k)
      part.store(Gate.value(x + part.load(b + k)), result + k)
      k += width
    } while k < columns.upperBound
  }

  /// Calls `whole` with the columns that fill registers, and `rest` with those that are left, where there are any.
  @inline(__always)
  private static func forEachPart(_ size: Int, _ whole: (Range<Int>) -> Void, _ rest: (Range<Int>) -> Void) {
    let end = size - size % width
    if end > 0 { whole(0..<end) }
    if end < size { rest(end..<size) }
  }

  /// The backward pass of `lstmCell`. With d the gradient of h and t = tanh(c): e = cellGradient + d o (1 − t²) is the
  /// gradient of c, and those of the pre-activations are
  ///
  ///     i: e g i (1 − i),  f: e cBefore f (1 − f),  g: e i (1 − g²),  o: d t o (1 − o)
  ///
  /// `cellGradient` becomes the gradient of the cell before, e f.
  @inline(__always)
  static func lstmCellGradient(
    _ gates: UnsafePointer<Scalar>, _ cellBefore: UnsafePointer<Scalar>, _ cell: UnsafePointer<Scalar>,
    _ upstream: UnsafePointer<Scalar>, _ upstreamStride: Int, _ carried: UnsafePointer<Scalar>,
    _ cellGradient: UnsafeMutablePointer<Scalar>, _ gateGradient: UnsafeMutablePointer<Scalar>, _ rows: Int, _ size: Int
  ) {
    for row in 0..<rows {
      let gates = gates + row * 4 * size
      let result = gateGradient + row * 4 * size
      let (before, cell) = (cellBefore + row * size, cell + row * size)
      let (upstream, carried) = (upstream + row * upstreamStride, carried + row * size)
      let cellGradient = cellGradient + row * size
      forEachPart(
        size, { lstmGradient($0, WholeRegister(), gates, before, cell, upstream, carried, cellGradient, result, size) },
        {
          lstmGradient(
            $0, PartOfRegister(count: $0.count), gates, before, cell, upstream, carried, cellGradient, result, size)
        })
    }
  }

  /// The gradients of one sample.
  @inline(never)
  private static func lstmGradient<Part: RegisterPart>(
    _ columns: Range<Int>, _ part: Part, _ gates: UnsafePointer<Scalar>, _ cellBefore: UnsafePointer<Scalar>,
    _ cell: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ carried: UnsafePointer<Scalar>,
    _ cellGradient: UnsafeMutablePointer<Scalar>, _ result: UnsafeMutablePointer<Scalar>, _ size: Int
  ) {
    let one = Self(repeating: 1)
    var k = columns.lowerBound
    repeat {
      let o: Self = part.load(gates + k + 3 * size)
      let value: Self = part.load(cell + k)
      let t = value.hyperbolicTangent()
      var d: Self = part.load(upstream + k)
      d = d + part.load(carried + k)
      var e: Self = part.load(cellGradient + k)
      e = e.adding(d * o, times: one - t * t)
      part.store(d * t * o * (one - o), result + k + 3 * size)
      let i: Self = part.load(gates + k)
      let g: Self = part.load(gates + k + 2 * size)
      part.store(e * g * i * (one - i), result + k)
      part.store(e * i * (one - g * g), result + k + 2 * size)
      let f: Self = part.load(gates + k + size)
      let before: Self = part.load(cellBefore + k)
      part.store(e * before * f * (one - f), result + k + size)
      part.store(e * f, cellGradient + k)
      k += width
    } while k < columns.upperBound
  }

  /// A gated recurrent unit: r, z = sigmoid(…), q = recurrent part of n + its bias, n = tanh(gates n + r q),
  /// h = (1 − z) n + z hBefore. `saved` receives r, z, n, q.
  @inline(__always)
  static func gruCell(
    _ gates: UnsafePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>, _ recurrentBias: UnsafePointer<Scalar>?,
    _ hiddenBefore: UnsafePointer<Scalar>, _ beforeStride: Int, _ hidden: UnsafeMutablePointer<Scalar>,
    _ hiddenStride: Int, _ saved: UnsafeMutablePointer<Scalar>, _ rows: Int, _ size: Int
  ) {
    for row in 0..<rows {
      let gates = gates + row * 3 * size
      let recurrent = recurrent + row * 3 * size
      let saved = saved + row * 4 * size
      activate(SigmoidGate.self, gates, recurrent, into: saved, 2 * size)
      let before = hiddenBefore + row * beforeStride
      let hidden = hidden + row * hiddenStride
      forEachPart(
        size, { gruState($0, WholeRegister(), gates, recurrent, recurrentBias, before, hidden, saved, size) },
        {
          gruState(
            $0, PartOfRegister(count: $0.count), gates, recurrent, recurrentBias, before, hidden, saved, size)
        })
    }
  }

  /// q, n and h of one sample, from r and z.
  @inline(never)
  private static func gruState<Part: RegisterPart>(
    _ columns: Range<Int>, _ part: Part, _ gates: UnsafePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>,
    _ recurrentBias: UnsafePointer<Scalar>?, _ hiddenBefore: UnsafePointer<Scalar>,
    _ hidden: UnsafeMutablePointer<Scalar>, _ saved: UnsafeMutablePointer<Scalar>, _ size: Int
  ) {
    var k = columns.lowerBound
    repeat {
      let r: Self = part.load(saved + k)
      let z: Self = part.load(saved + k + size)
      var q: Self = part.load(recurrent + k + 2 * size)
      if let recurrentBias { q = q + part.load(recurrentBias + k) }
      let own: Self = part.load(gates + k + 2 * size)
      let n = own.adding(r, times: q).hyperbolicTangent()
      let before: Self = part.load(hiddenBefore + k)
      part.store(n, saved + k + 2 * size)
      part.store(q, saved + k + 3 * size)
      part.store(n.adding(z, times: before - n), hidden + k)
      k += width
    } while k < columns.upperBound
  }

  /// The backward pass of `gruCell`. With d the gradient of h, those of the pre-activations are
  ///
  ///     z: d (hBefore − n) z (1 − z),  n: e = d (1 − z) (1 − n²),  r: e q r (1 − r),  and of q: e r
  ///
  /// `gateGradient` receives r, z, n, which go to the input; `recurrentGradient` r, z, q, which go to the hidden state.
  /// `carried`, the gradient of h from later steps, becomes the part d z of the gradient of the hidden state before.
  @inline(__always)
  static func gruCellGradient(
    _ saved: UnsafePointer<Scalar>, _ hiddenBefore: UnsafePointer<Scalar>, _ beforeStride: Int,
    _ upstream: UnsafePointer<Scalar>, _ upstreamStride: Int, _ carried: UnsafeMutablePointer<Scalar>,
    _ gateGradient: UnsafeMutablePointer<Scalar>, _ recurrentGradient: UnsafeMutablePointer<Scalar>, _ rows: Int,
    _ size: Int
  ) {
    for row in 0..<rows {
      let saved = saved + row * 4 * size
      let toInput = gateGradient + row * 3 * size
      let toHidden = recurrentGradient + row * 3 * size
      let before = hiddenBefore + row * beforeStride
      let (upstream, carried) = (upstream + row * upstreamStride, carried + row * size)
      forEachPart(
        size, { gruGradient($0, WholeRegister(), saved, before, upstream, carried, toInput, toHidden, size) },
        {
          gruGradient(
            $0, PartOfRegister(count: $0.count), saved, before, upstream, carried, toInput, toHidden, size)
        })
    }
  }

  /// The gradients of one sample.
  @inline(never)
  private static func gruGradient<Part: RegisterPart>(
    _ columns: Range<Int>, _ part: Part, _ saved: UnsafePointer<Scalar>, _ hiddenBefore: UnsafePointer<Scalar>,
    _ upstream: UnsafePointer<Scalar>, _ carried: UnsafeMutablePointer<Scalar>,
    _ toInput: UnsafeMutablePointer<Scalar>, _ toHidden: UnsafeMutablePointer<Scalar>, _ size: Int
  ) {
    let one = Self(repeating: 1)
    var k = columns.lowerBound
    repeat {
      let z: Self = part.load(saved + k + size)
      let n: Self = part.load(saved + k + 2 * size)
      var d: Self = part.load(upstream + k)
      d = d + part.load(carried + k)
      let e = d * (one - z) * (one - n * n)
      part.store(e, toInput + k + 2 * size)
      let before: Self = part.load(hiddenBefore + k)
      let byUpdate = d * (before - n) * z * (one - z)
      part.store(byUpdate, toInput + k + size)
      part.store(byUpdate, toHidden + k + size)
      let r: Self = part.load(saved + k)
      let q: Self = part.load(saved + k + 3 * size)
      let byReset = e * q * r * (one - r)
      part.store(byReset, toInput + k)
      part.store(byReset, toHidden + k)
      part.store(e * r, toHidden + k + 2 * size)
      part.store(d * z, carried + k)
      k += width
    } while k < columns.upperBound
  }

  /// Calls `body` with the start and the length of every register's worth of `count` numbers.
  @inline(__always)
  static func forEachPiece(_ count: Int, _ body: (_ start: Int, _ count: Int) -> Void) {
    var i = 0
    while i + width <= count {
      body(i, width)
      i += width
    }
    if i < count { body(i, count - i) }
  }
}

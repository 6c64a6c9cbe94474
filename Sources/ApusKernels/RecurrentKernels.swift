// The cells of recurrent layers: what a time step does besides its products, in one pass forward and one backward.
//
// `gates` holds the part of the pre-activations that comes from the input, for all time steps computed by one product;
// `recurrent` the part that comes from the hidden state before. A cell adds the two and leaves in `gates` what the
// backward pass needs. Rows are samples. The gates of a sample lie one after the other, `size` numbers each.

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
      forEachPiece(size) { k, n in
        let i = (load(upTo: n, gates + k) + load(upTo: n, recurrent + k)).gateSigmoid()
        let f = (load(upTo: n, gates + k + size) + load(upTo: n, recurrent + k + size)).gateSigmoid()
        let g = (load(upTo: n, gates + k + 2 * size) + load(upTo: n, recurrent + k + 2 * size)).hyperbolicTangent()
        let o = (load(upTo: n, gates + k + 3 * size) + load(upTo: n, recurrent + k + 3 * size)).gateSigmoid()
        let c = (i * g).adding(f, times: load(upTo: n, cellBefore + row * size + k))
        i.store(upTo: n, gates + k)
        f.store(upTo: n, gates + k + size)
        g.store(upTo: n, gates + k + 2 * size)
        o.store(upTo: n, gates + k + 3 * size)
        c.store(upTo: n, cell + row * size + k)
        (o * c.hyperbolicTangent()).store(upTo: n, hidden + row * hiddenStride + k)
      }
    }
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
    let one = Self(repeating: 1)
    for row in 0..<rows {
      let gates = gates + row * 4 * size
      let result = gateGradient + row * 4 * size
      forEachPiece(size) { k, n in
        let place = row * size + k
        let i = load(upTo: n, gates + k)
        let f = load(upTo: n, gates + k + size)
        let g = load(upTo: n, gates + k + 2 * size)
        let o = load(upTo: n, gates + k + 3 * size)
        let t = load(upTo: n, cell + place).hyperbolicTangent()
        let d = load(upTo: n, upstream + row * upstreamStride + k) + load(upTo: n, carried + place)
        let e = load(upTo: n, cellGradient + place).adding(d * o, times: one - t * t)
        (e * g * i * (one - i)).store(upTo: n, result + k)
        (e * load(upTo: n, cellBefore + place) * f * (one - f)).store(upTo: n, result + k + size)
        (e * i * (one - g * g)).store(upTo: n, result + k + 2 * size)
        (d * t * o * (one - o)).store(upTo: n, result + k + 3 * size)
        (e * f).store(upTo: n, cellGradient + place)
      }
    }
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
      forEachPiece(size) { k, count in
        let r = (load(upTo: count, gates + k) + load(upTo: count, recurrent + k)).gateSigmoid()
        let z = (load(upTo: count, gates + k + size) + load(upTo: count, recurrent + k + size)).gateSigmoid()
        var q = load(upTo: count, recurrent + k + 2 * size)
        if let recurrentBias { q = q + load(upTo: count, recurrentBias + k) }
        let n = load(upTo: count, gates + k + 2 * size).adding(r, times: q).hyperbolicTangent()
        let before = load(upTo: count, hiddenBefore + row * beforeStride + k)
        r.store(upTo: count, saved + k)
        z.store(upTo: count, saved + k + size)
        n.store(upTo: count, saved + k + 2 * size)
        q.store(upTo: count, saved + k + 3 * size)
        n.adding(z, times: before - n).store(upTo: count, hidden + row * hiddenStride + k)
      }
    }
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
    let one = Self(repeating: 1)
    for row in 0..<rows {
      let saved = saved + row * 4 * size
      let toInput = gateGradient + row * 3 * size
      let toHidden = recurrentGradient + row * 3 * size
      forEachPiece(size) { k, count in
        let r = load(upTo: count, saved + k)
        let z = load(upTo: count, saved + k + size)
        let n = load(upTo: count, saved + k + 2 * size)
        let q = load(upTo: count, saved + k + 3 * size)
        let d = load(upTo: count, upstream + row * upstreamStride + k) + load(upTo: count, carried + row * size + k)
        let before = load(upTo: count, hiddenBefore + row * beforeStride + k)
        let e = d * (one - z) * (one - n * n)
        let byReset = e * q * r * (one - r)
        let byUpdate = d * (before - n) * z * (one - z)
        byReset.store(upTo: count, toInput + k)
        byUpdate.store(upTo: count, toInput + k + size)
        e.store(upTo: count, toInput + k + 2 * size)
        byReset.store(upTo: count, toHidden + k)
        byUpdate.store(upTo: count, toHidden + k + size)
        (e * r).store(upTo: count, toHidden + k + 2 * size)
        (d * z).store(upTo: count, carried + row * size + k)
      }
    }
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

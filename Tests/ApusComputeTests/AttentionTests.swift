import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct AttentionTests {
    /// softmax(scale · q kᵀ + mask) v and its gradients by plain loops, in Double.
    func twin(
      _ a: AttentionLayout, _ q: [Double], _ k: [Double], _ v: [Double], _ mask: [Double]?, _ upstream: [Double]
    ) -> (output: [Double], dq: [Double], dk: [Double], dv: [Double]) {
      var output = [Double](repeating: 0, count: a.count * a.queries * a.valueWidth)
      var (dq, dk, dv) = (q.map { _ in 0.0 }, k.map { _ in 0.0 }, v.map { _ in 0.0 })
      for head in 0..<a.count {
        for i in 0..<a.queries {
          let query = (head * a.queries + i) * a.width
          let row = (head * a.queries + i) * a.valueWidth
          var scores = (0..<a.keys).map { j -> Double in
            if a.isCausal && j > i { return -.infinity }
            let key = (head * a.keys + j) * a.width
            return a.scale * (0..<a.width).reduce(0) { $0 + q[query + $1] * k[key + $1] }
              + (mask?[i * a.keys + j] ?? 0)
          }
          let maximum = scores.max() ?? 0
          if maximum == -.infinity { continue }
          var exponentials = scores
          for j in scores.indices { scores[j] -= maximum }
          apply(.exp, scores, into: &exponentials, count: a.keys)
          let sum = exponentials.reduce(0, +)
          let weights = exponentials.map { $0 / sum }
          func value(_ j: Int, _ e: Int) -> Int { (head * a.keys + j) * a.valueWidth + e }
          var slopes = [Double](repeating: 0, count: a.keys)
          for j in 0..<a.keys {
            for e in 0..<a.valueWidth {
              output[row + e] += weights[j] * v[value(j, e)]
              slopes[j] += upstream[row + e] * v[value(j, e)]
              dv[value(j, e)] += weights[j] * upstream[row + e]
            }
          }
          let delta = zip(weights, slopes).reduce(0) { $0 + $1.0 * $1.1 }
          for j in 0..<a.keys {
            let slope = weights[j] * (slopes[j] - delta) * a.scale
            for e in 0..<a.width {
              let key = (head * a.keys + j) * a.width + e
              dq[query + e] += slope * k[key]
              dk[key] += slope * q[query + e]
            }
          }
        }
      }
      return (output, dq, dk, dv)
    }

    func check<T: ComputeScalar>(
      _ a: AttentionLayout, isMasked: Bool, _: T.Type, tolerance: T, _ set: InstructionSet
    ) {
      var random = TestRandom(101)
      let q: [T] = random.numbers(a.count * a.queries * a.width)
      let k: [T] = random.numbers(a.count * a.keys * a.width)
      let v: [T] = random.numbers(a.count * a.keys * a.valueWidth)
      let upstream: [T] = random.numbers(a.count * a.queries * a.valueWidth)
      // A quarter hidden, and the first query altogether.
      let mask: [T] = (0..<a.queries * a.keys).map {
        $0 < a.keys || Int.random(in: 0..<4, using: &random) == 0 ? -T.infinity : T(Double($0 % 5) / 4)
      }
      var output = upstream, logSumExps = [T](repeating: 0, count: a.count * a.queries)
      var (dq, dk, dv) = (q, k, v)
      mask.withUnsafeBufferPointer { numbers in
        let summands =
          isMasked
          ? AttentionMask(
            numbers.baseAddress!, offsets: Array(repeating: 0, count: a.count), rowStride: a.keys) : nil
        attention(a, q: q, k: k, v: v, mask: summands, into: &output, logSumExps: &logSumExps)
        attentionGradient(
          a, q: q, k: k, v: v, mask: summands, output: output, logSumExps: logSumExps, upstream: upstream, dq: &dq,
          dk: &dk, dv: &dv)
      }
      func wide(_ x: [T]) -> [Double] { x.map { Double($0) } }
      let expected = twin(a, wide(q), wide(k), wide(v), isMasked ? wide(mask) : nil, wide(upstream))
      let label = "\(a) masked \(isMasked) \(T.self) \(set)"
      for (actual, expected) in [(output, expected.output), (dq, expected.dq), (dk, expected.dk), (dv, expected.dv)] {
        expectAgreement(actual, expected.map { T($0) }, units: 64, floor: tolerance, label)
      }
    }

    @Test func everyLayout() {
      let sizes = [(2, 3, 5, 4, 3), (1, 129, 257, 8, 8), (3, 1, 1, 1, 1), (1, 70, 70, 17, 5)]
      forEachKernelSet { set in
        for (count, queries, keys, width, valueWidth) in sizes {
          for isCausal in [false, true] {
            let layout = AttentionLayout(
              count: count, queries: queries, keys: keys, width: width, valueWidth: valueWidth, scale: 0.6,
              isCausal: isCausal)
            for isMasked in [false, true] {
              check(layout, isMasked: isMasked, Double.self, tolerance: 1e-12, set)
              check(layout, isMasked: isMasked, Float.self, tolerance: 4e-4, set)
            }
          }
        }
      }
    }

    @Test func sameBitsAtAnyThreadCount() {
      var random = TestRandom(103)
      let layout = AttentionLayout(
        count: 3, queries: 130, keys: 300, width: 16, valueWidth: 16, scale: 0.25, isCausal: true)
      let q: [Float] = random.numbers(3 * 130 * 16)
      let k: [Float] = random.numbers(3 * 300 * 16)
      expectSameBits("attention") {
        var output = q, logSumExps = [Float](repeating: 0, count: 390)
        var (dq, dk, dv) = (q, k, k)
        attention(layout, q: q, k: k, v: k, mask: nil, into: &output, logSumExps: &logSumExps)
        attentionGradient(
          layout, q: q, k: k, v: k, mask: nil, output: output, logSumExps: logSumExps, upstream: q, dq: &dq, dk: &dk,
          dv: &dv)
        return output + dq + dk + dv
      }
    }
  }
}

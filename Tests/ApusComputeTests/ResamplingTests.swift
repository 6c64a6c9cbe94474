import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct ResamplingTests {
    func checkResampling<T: ComputeScalar>(_: T.Type, tolerance: T, _ set: InstructionSet) {
      var random = TestRandom(121)
      let cases: [(Resampling, Resampling)] = [
        (.nearest(5, 8, step: 5.0 / 8), .nearest(6, 9, step: 6.0 / 9)),
        (.linear(5, 8, step: 5.0 / 8, alignsCorners: false), .linear(40, 77, step: 40.0 / 77, alignsCorners: false)),
        (.linear(5, 3, step: 2, alignsCorners: true), .linear(7, 1, step: 0, alignsCorners: true)),
      ]
      for (rows, columns) in cases {
        let planes = 3
        let (height, width) = (rows.sourceCount, columns.sourceCount)
        let x: [T] = random.numbers(planes * height * width)
        let upstream: [T] = random.numbers(planes * rows.count * columns.count)
        var y = upstream
        var gradient = x
        resample(x, into: &y, planes: planes, rows: rows, columns: columns)
        resampleGradient(upstream: upstream, into: &gradient, planes: planes, rows: rows, columns: columns)
        var expected = y.map { _ in 0.0 }
        var expectedGradient = x.map { _ in 0.0 }
        func sources(_ r: Resampling, _ i: Int) -> [(Int, Double)] {
          let share = r.shares.isEmpty ? 0 : r.shares[i]
          return [(r.first[i], 1 - share), (r.second[i], share)]
        }
        for plane in 0..<planes {
          for i in 0..<rows.count {
            for j in 0..<columns.count {
              let target = (plane * rows.count + i) * columns.count + j
              for (r, p) in sources(rows, i) {
                for (c, q) in sources(columns, j) {
                  let source = (plane * height + r) * width + c
                  expected[target] += p * q * Double(x[source])
                  expectedGradient[source] += p * q * Double(upstream[target])
                }
              }
            }
          }
        }
        expectAgreement(y, expected.map { T($0) }, units: 8, floor: tolerance, "\(T.self) \(set)")
        expectAgreement(gradient, expectedGradient.map { T($0) }, units: 8, floor: 4 * tolerance, "\(T.self) \(set)")
      }
    }

    func checkAdaptive<T: ComputeScalar>(_: T.Type, tolerance: T, _ set: InstructionSet) {
      var random = TestRandom(122)
      for (height, width, rows, columns) in [(7, 5, 3, 2), (6, 40, 4, 3), (9, 50, 1, 1), (3, 3, 5, 4)] {
        let x: [T] = random.numbers(2 * height * width)
        let upstream: [T] = random.numbers(2 * rows * columns)
        var y = upstream
        var gradient = x
        adaptiveAverage(x, into: &y, planes: 2, height: height, width: width, rows: rows, columns: columns)
        adaptiveAverageGradient(
          upstream: upstream, into: &gradient, planes: 2, height: height, width: width, rows: rows, columns: columns)
        var expected = y.map { _ in 0.0 }
        var expectedGradient = x.map { _ in 0.0 }
        for plane in 0..<2 {
          for i in 0..<rows {
            for j in 0..<columns {
              let target = (plane * rows + i) * columns + j
              let down =
                Int(
                  (Double(i * height) / Double(rows)).rounded(.down))..<Int(
                  (Double((i + 1) * height) / Double(rows)).rounded(.up))
              let across =
                Int(
                  (Double(j * width) / Double(columns)).rounded(.down))..<Int(
                  (Double((j + 1) * width) / Double(columns)).rounded(.up))
              let area = Double(down.count * across.count)
              for r in down {
                for c in across {
                  expected[target] += Double(x[(plane * height + r) * width + c]) / area
                  expectedGradient[(plane * height + r) * width + c] += Double(upstream[target]) / area
                }
              }
            }
          }
        }
        let label = "\(height)x\(width) to \(rows)x\(columns) \(T.self) \(set)"
        expectAgreement(y, expected.map { T($0) }, units: 8, floor: tolerance, label)
        expectAgreement(gradient, expectedGradient.map { T($0) }, units: 8, floor: tolerance, label)
      }
    }

    @Test func everySize() {
      forEachKernelSet { set in
        checkResampling(Float.self, tolerance: 1e-6, set)
        checkResampling(Double.self, tolerance: 1e-15, set)
        checkAdaptive(Float.self, tolerance: 1e-6, set)
        checkAdaptive(Double.self, tolerance: 1e-15, set)
      }
    }
  }
}

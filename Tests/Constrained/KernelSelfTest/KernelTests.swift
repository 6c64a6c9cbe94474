import ApusKernels

typealias FloatKernels = ApusKernels.FloatKernels
typealias DoubleKernels = ApusKernels.DoubleKernels

/// The entry points that are tested here, of Float and of Double alike.
protocol TestedKernels {
  associatedtype Scalar: BinaryFloatingPoint
  static var tileRows: Int { get }
  static var tileColumns: Int { get }
  static func packPanel(
    _ source: UnsafePointer<Scalar>, lanes: Int, laneStride: Int, depth: Int, depthStride: Int, width: Int,
    into panel: UnsafeMutablePointer<Scalar>)
  static func gemmBlock(
    m: Int, n: Int, depth: Int, a: UnsafePointer<Scalar>, panelStrideA: Int, b: UnsafePointer<Scalar>,
    panelStrideB: Int, c: UnsafeMutablePointer<Scalar>, rowStride: Int, alpha: Scalar, beta: Scalar,
    rowBias: UnsafePointer<Scalar>?, columnBias: UnsafePointer<Scalar>?, activation: Int, slope: Scalar)
  static func gemvRows(
    m: Int, k: Int, a: UnsafePointer<Scalar>, rowStride: Int, x: UnsafePointer<Scalar>, y: UnsafeMutablePointer<Scalar>)
  static func gemvColumns(
    m: Int, k: Int, a: UnsafePointer<Scalar>, columnStride: Int, x: UnsafePointer<Scalar>, xStride: Int,
    y: UnsafeMutablePointer<Scalar>)
  static func packPatches(
    _ source: UnsafePointer<Scalar>, offsets: UnsafePointer<Int>, depth: Int, firstPixel: Int, lanes: Int,
    columns: Int, rowStride: Int, width: Int, into panel: UnsafeMutablePointer<Scalar>)
  static func apply(
    _ code: Int, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ count: Int, _ p: Scalar, _ q: Scalar)
  static func combine(
    _ code: Int, _ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
    _ count: Int)
  static func reduceRow(_ code: Int, _ x: UnsafePointer<Scalar>, _ count: Int) -> Double
  static func firstIndex(of value: Scalar, _ x: UnsafePointer<Scalar>, _ count: Int) -> Int
  static func softmaxRows(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int)
  static func logSoftmaxRows(_ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ rows: Int, _ count: Int)
  static func maxPool(
    _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>, _ indices: UnsafeMutablePointer<Int32>?,
    _ layout: UnsafePointer<Int>)
  static func sgdStep(
    _ w: UnsafeMutablePointer<Scalar>, _ g: UnsafePointer<Scalar>, _ count: Int, rate: Scalar, decay: Scalar)
  static func elmanCell(
    _ gates: UnsafeMutablePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>, _ hidden: UnsafeMutablePointer<Scalar>,
    _ hiddenStride: Int, _ rows: Int, _ size: Int, _ usesTanh: Bool)
}

extension FloatKernels: TestedKernels { typealias Scalar = Float }
extension DoubleKernels: TestedKernels { typealias Scalar = Double }

/// Each kernel beside its definition, in sizes around every boundary of registers and tiles.
struct KernelTests<K: TestedKernels> {
  typealias Scalar = K.Scalar

  let tolerance: Double
  var report: Report
  private var state: UInt64 = 1

  init(tolerance: Double, report: Report) {
    self.tolerance = tolerance
    self.report = report
  }

  private let counts = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 65, 257]

  /// Numbers between -2 and 2.
  private mutating func numbers(_ count: Int, from low: Double = -2, to high: Double = 2) -> [Scalar] {
    var result: [Scalar] = []
    for _ in 0..<count {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      result.append(Scalar(low + (high - low) * Double(state >> 40) / Double(1 << 24)))
    }
    return result
  }

  private mutating func expect(_ actual: Scalar, _ expected: Double, _ test: StaticString, _ place: Int) {
    let magnitude = expected.magnitude > 1 ? expected.magnitude : 1
    report.expect((Double(actual) - expected).magnitude <= tolerance * magnitude, test, place)
  }

  mutating func products() {
    let (mr, nr) = (K.tileRows, K.tileColumns)
    for m in [1, 2, mr - 1, mr, mr + 1, 2 * mr + 3] {
      for n in [1, nr - 1, nr, nr + 1, 2 * nr + 3] {
        for k in [1, 2, 17] {
          let (a, b) = (numbers(m * k), numbers(k * n))
          let (rowBias, before) = (numbers(m), numbers(m * n))
          var c = before
          let (panelA, panelB) = (k * mr, k * nr)
          var packedA = [Scalar](repeating: 0, count: (m + mr - 1) / mr * panelA + 64)
          var packedB = [Scalar](repeating: 0, count: (n + nr - 1) / nr * panelB + 64)
          for row in stride(from: 0, to: m, by: mr) {
            a.withUnsafeBufferPointer { a in
              packedA.withUnsafeMutableBufferPointer {
                K.packPanel(
                  a.baseAddress! + row * k, lanes: m - row < mr ? m - row : mr, laneStride: k, depth: k, depthStride: 1,
                  width: mr, into: $0.baseAddress! + row / mr * panelA)
              }
            }
          }
          for column in stride(from: 0, to: n, by: nr) {
            b.withUnsafeBufferPointer { b in
              packedB.withUnsafeMutableBufferPointer {
                K.packPanel(
                  b.baseAddress! + column, lanes: n - column < nr ? n - column : nr, laneStride: 1, depth: k,
                  depthStride: n, width: nr, into: $0.baseAddress! + column / nr * panelB)
              }
            }
          }
          K.gemmBlock(
            m: m, n: n, depth: k, a: packedA, panelStrideA: panelA, b: packedB, panelStrideB: panelB, c: &c,
            rowStride: n, alpha: 2, beta: 0.5, rowBias: rowBias, columnBias: nil, activation: 1, slope: 0)
          for i in 0..<m {
            for j in 0..<n {
              var sum = 0.0
              for step in 0..<k { sum += Double(a[i * k + step]) * Double(b[step * n + j]) }
              let value = 2 * sum + 0.5 * Double(before[i * n + j]) + Double(rowBias[i])
              // One value of many decides: near zero ReLU may take either side.
              expect(c[i * n + j], value > 0 ? value : 0, "gemmBlock", i * n + j)
            }
          }
        }
      }
    }
  }

  mutating func productsOfVectors() {
    for m in counts {
      for k in [1, 3, 8, 33] {
        let (a, x) = (numbers(m * k), numbers(k))
        var (rows, columns) = (numbers(m), numbers(m))
        K.gemvRows(m: m, k: k, a: a, rowStride: k, x: x, y: &rows)
        K.gemvColumns(m: m, k: k, a: a, columnStride: m, x: x, xStride: 1, y: &columns)
        for i in 0..<m {
          var (byRow, byColumn) = (0.0, 0.0)
          for j in 0..<k {
            byRow += Double(a[i * k + j]) * Double(x[j])
            byColumn += Double(a[j * m + i]) * Double(x[j])
          }
          expect(rows[i], byRow, "gemvRows", i)
          expect(columns[i], byColumn, "gemvColumns", i)
        }
      }
    }
  }

  mutating func panels() {
    for lanes in [1, 3, 4, 7, 8] {
      for depth in counts {
        for (laneStride, depthStride) in [(depth, 1), (1, lanes), (2 * depth, 2)] {
          let source = numbers(2 * lanes * depth)
          var panel = [Scalar](repeating: 0, count: depth * 8 + 64)
          K.packPanel(
            source, lanes: lanes, laneStride: laneStride, depth: depth, depthStride: depthStride, width: 8, into: &panel
          )
          for k in 0..<depth {
            for lane in 0..<lanes {
              report.expect(
                panel[k * 8 + lane] == source[lane * laneStride + k * depthStride], "packPanel", k * lanes + lane)
            }
          }
        }
      }
    }
  }

  mutating func patches() {
    // A 3×3 convolution over an image of 9×11 without padding.
    let (width, columns) = (11, 9)
    let image = numbers(9 * width + 64)
    var offsets: [Int] = []
    for y in 0..<3 { for x in 0..<3 { offsets.append(y * width + x) } }
    let panelWidth = K.tileColumns
    for first in [0, 5, 13] {
      var panel = [Scalar](repeating: 0, count: 9 * panelWidth + 64)
      K.packPatches(
        image, offsets: offsets, depth: 9, firstPixel: first, lanes: panelWidth, columns: columns, rowStride: width,
        width: panelWidth, into: &panel)
      for tap in 0..<9 {
        for lane in 0..<panelWidth {
          let (row, column) = ((first + lane) / columns, (first + lane) % columns)
          report.expect(
            panel[tap * panelWidth + lane] == image[offsets[tap] + row * width + column], "packPatches",
            tap * panelWidth + lane)
        }
      }
    }
  }

  mutating func functionsOfOne() {
    for count in counts {
      let x = numbers(count)
      let positive = numbers(count, from: 0.1, to: 9)
      for code in UnaryCode.allCases {
        let reference: ((Double) -> Double)?
        var input = x
        switch code {
        case .absolute: reference = { $0.magnitude }
        case .negate: reference = { -$0 }
        case .square: reference = { $0 * $0 }
        case .exponential: reference = libraryExp
        case .exponentialMinusOne: reference = libraryExpm1
        case .sine: reference = librarySin
        case .cosine: reference = libraryCos
        case .tanh: reference = libraryTanh
        case .sigmoid: reference = { 1 / (1 + libraryExp(-$0)) }
        case .errorFunction: reference = libraryErf
        case .relu: reference = { $0 > 0 ? $0 : 0 }
        case .gelu: reference = { 0.5 * $0 * (1 + libraryErf($0 * 0.5.squareRoot())) }
        case .silu: reference = { $0 / (1 + libraryExp(-$0)) }
        case .logSigmoid: reference = { -libraryLog1p(libraryExp(-$0)) }
        case .mish: reference = { $0 * libraryTanh(libraryLog1p(libraryExp($0))) }
        case .hardSigmoid: reference = { $0 <= -3 ? 0 : $0 >= 3 ? 1 : $0 / 6 + 0.5 }
        case .hardSwish: reference = { $0 <= -3 ? 0 : $0 >= 3 ? $0 : $0 * ($0 / 6 + 0.5) }
        case .squareRoot, .reciprocalSquareRoot, .reciprocal, .logarithm, .logarithmOfOnePlus:
          input = positive
          switch code {
          case .squareRoot: reference = { $0.squareRoot() }
          case .reciprocalSquareRoot: reference = { 1 / $0.squareRoot() }
          case .reciprocal: reference = { 1 / $0 }
          case .logarithm: reference = libraryLog
          default: reference = libraryLog1p
          }
        default: reference = nil
        }
        guard let reference else { continue }
        var y = input
        K.apply(code.rawValue, input, &y, count, 0, 0)
        for i in 0..<count { expect(y[i], reference(Double(input[i])), "apply", code.rawValue * 1000 + i) }
      }
    }
  }

  mutating func functionsOfTwo() {
    for count in counts {
      let (a, b) = (numbers(count), numbers(count, from: 0.5, to: 3))
      for code in BinaryCode.allCases {
        var y = a
        K.combine(code.rawValue, a, b, &y, count)
        for i in 0..<count {
          let (p, q) = (Double(a[i]), Double(b[i]))
          let expected: Double
          switch code {
          case .add: expected = p + q
          case .subtract: expected = p - q
          case .multiply: expected = p * q
          case .divide: expected = p / q
          case .maximum: expected = p > q ? p : q
          case .minimum: expected = p < q ? p : q
          case .power: continue
          case .less: expected = p < q ? 1 : 0
          case .lessEqual: expected = p <= q ? 1 : 0
          case .greater: expected = p > q ? 1 : 0
          case .greaterEqual: expected = p >= q ? 1 : 0
          case .equal: expected = p == q ? 1 : 0
          case .notEqual: expected = p != q ? 1 : 0
          }
          expect(y[i], expected, "combine", code.rawValue * 1000 + i)
        }
      }
      var powers = b
      K.combine(BinaryCode.power.rawValue, b, a, &powers, count)
      for i in 0..<count { expect(powers[i], libraryPow(Double(b[i]), Double(a[i])), "power", i) }
    }
  }

  mutating func reductions() {
    for count in counts {
      let x = numbers(count)
      var (sum, squares, magnitudes, greatest, least) = (0.0, 0.0, 0.0, -9.0, 9.0)
      var place = 0
      for i in 0..<count {
        let value = Double(x[i])
        sum += value
        squares += value * value
        magnitudes += value.magnitude
        if value > greatest { (greatest, place) = (value, i) }
        if value < least { least = value }
      }
      let pairs: [(ReductionCode, Double)] = [
        (.sum, sum), (.sumOfSquares, squares), (.sumOfMagnitudes, magnitudes), (.maximum, greatest), (.minimum, least),
        (.maximumMagnitude, greatest > -least ? greatest : -least),
      ]
      for (code, expected) in pairs {
        expect(Scalar(K.reduceRow(code.rawValue, x, count)), expected, "reduceRow", code.rawValue * 1000 + count)
      }
      report.expect(K.firstIndex(of: Scalar(greatest), x, count) == place, "firstIndex", count)
    }
  }

  mutating func softmax() {
    for count in counts {
      let x = numbers(3 * count, from: -20, to: 20)
      var (y, logs) = (x, x)
      K.softmaxRows(x, &y, 3, count)
      K.logSoftmaxRows(x, &logs, 3, count)
      for row in 0..<3 {
        var (top, sum) = (-1e9, 0.0)
        for i in 0..<count where Double(x[row * count + i]) > top { top = Double(x[row * count + i]) }
        for i in 0..<count { sum += libraryExp(Double(x[row * count + i]) - top) }
        for i in 0..<count {
          let shifted = Double(x[row * count + i]) - top
          expect(y[row * count + i], libraryExp(shifted) / sum, "softmax", i)
          expect(logs[row * count + i], shifted - libraryLog(sum), "logSoftmax", i)
        }
      }
    }
  }

  mutating func pooling() {
    // Windows of 2×2 side by side, and of 3×3 that overlap and reach over the edge.
    for (height, width, kernel, step, padding) in [(6, 10, 2, 2, 0), (7, 35, 2, 2, 0), (9, 11, 3, 2, 1)] {
      let rows = (height + 2 * padding - kernel) / step + 1
      let columns = (width + 2 * padding - kernel) / step + 1
      let x = numbers(height * width)
      var y = [Scalar](repeating: 0, count: rows * columns)
      var places = [Int32](repeating: -1, count: rows * columns)
      let layout = [height, width, kernel, kernel, step, step, padding, padding, 1, 1, rows, columns]
      K.maxPool(x, &y, &places, layout)
      for row in 0..<rows {
        for column in 0..<columns {
          var (best, place) = (-9.0, -1)
          for ky in 0..<kernel {
            for kx in 0..<kernel {
              let (r, c) = (row * step + ky - padding, column * step + kx - padding)
              guard r >= 0, r < height, c >= 0, c < width, Double(x[r * width + c]) > best else { continue }
              (best, place) = (Double(x[r * width + c]), r * width + c)
            }
          }
          expect(y[row * columns + column], best, "maxPool", row * columns + column)
          report.expect(Int(places[row * columns + column]) == place, "maxPool's places", row * columns + column)
        }
      }
    }
  }

  mutating func updates() {
    for count in counts {
      let (before, g) = (numbers(count), numbers(count))
      var w = before
      K.sgdStep(&w, g, count, rate: 0.125, decay: 0.25)
      for i in 0..<count {
        expect(w[i], Double(before[i]) - 0.125 * (Double(g[i]) + 0.25 * Double(before[i])), "sgdStep", i)
      }
    }
  }

  mutating func recurrentCell() {
    for size in counts {
      let (gates, recurrent) = (numbers(2 * size), numbers(2 * size))
      var (activated, hidden) = (gates, gates)
      K.elmanCell(&activated, recurrent, &hidden, size, 2, size, true)
      for i in 0..<2 * size {
        expect(hidden[i], libraryTanh(Double(gates[i]) + Double(recurrent[i])), "elmanCell", i)
      }
    }
  }
}

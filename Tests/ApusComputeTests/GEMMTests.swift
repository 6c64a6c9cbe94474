import Testing

@testable import ApusCompute

extension PerKernelSet {
  /// Matrix products against the triple loop, for every kernel set.
  @Suite struct GEMMTests {
    /// The naive twin: `alpha · A · B + beta · C`, bias, activation, in Double; beta = 0 does not read C.
    static func naive<T: ComputeScalar>(
      _ a: Matrix<T>, _ b: Matrix<T>, _ c: MutableMatrix<T>, alpha: T, beta: T, epilogue: Epilogue<T>
    ) -> [T] {
      var result: [T] = []
      for i in 0..<c.rows {
        for j in 0..<c.columns {
          var sum = 0.0
          for p in 0..<a.columns {
            sum +=
              Double(a.pointer[i * a.rowStride + p * a.columnStride])
              * Double(b.pointer[p * b.rowStride + j * b.columnStride])
          }
          var value = Double(alpha) * sum
          if beta != 0 { value += Double(beta) * Double(c.pointer[i * c.rowStride + j * c.columnStride]) }
          if let bias = epilogue.rowBias { value += Double(bias[i]) }
          if let bias = epilogue.columnBias { value += Double(bias[j]) }
          switch epilogue.activation {
          case .identity: break
          case .relu: value = value < 0 ? 0 : value
          case .leakyReLU(let slope): value = value < 0 ? slope * value : value
          }
          result.append(T(value))
        }
      }
      return result
    }

    /// Small products read their operands where they lie, in whole registers: never behind the last scalar.
    @Test func nothingBehindAnOperandIsTouched() {
      forEachKernelSet { _ in
        for (m, n, k) in [
          (1, 1, 1), (3, 5, 7), (14, 16, 9), (15, 17, 33), (33, 10, 20), (5, 70, 3), (64, 31, 40), (33, 10, 128),
          (7, 3, 129), (2, 5, 70),
        ] {
          for transposeB in [false, true] {
            let a: [Float] = testNumbers(m * k, seed: 1)
            let b: [Float] = testNumbers(k * n, seed: 2)
            let guardedA = GuardedMemory(a)
            let guardedB = GuardedMemory(b)
            let guardedC = GuardedMemory([Float](repeating: .nan, count: m * n))
            func matrices(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>) -> (Matrix<Float>, Matrix<Float>) {
              let right = Matrix(
                unchecked: b, rows: transposeB ? n : k, columns: transposeB ? k : n, rowStride: transposeB ? k : n,
                columnStride: 1)
              return (
                Matrix(unchecked: a, rows: m, columns: k, rowStride: k, columnStride: 1),
                transposeB ? right.transposed : right
              )
            }
            let (left, right) = matrices(guardedA.pointer, guardedB.pointer)
            let c = MutableMatrix(
              unchecked: guardedC.pointer, rows: m, columns: n, rowStride: n, columnStride: 1)
            gemm(left, right, into: c)
            let expected = Self.naive(left, right, c, alpha: 1, beta: 0, epilogue: Epilogue())
            let worst = worstDifference(guardedC.values.map(Double.init), expected.map(Double.init))
            #expect(worst < 1e-5, "\(m)x\(n)x\(k) \(transposeB): off by \(worst)")
          }
        }
      }
    }

    struct Layout: CustomStringConvertible {
      var transposeA = false
      var transposeB = false
      var transposeC = false
      /// Scalars between elements that would otherwise touch, in both directions.
      var gap = 0
      var description: String {
        "A\(transposeA ? "ᵀ" : "") B\(transposeB ? "ᵀ" : "") C\(transposeC ? "ᵀ" : "") +\(gap)"
      }

      func strides(_ rows: Int, _ columns: Int, _ transposed: Bool) -> (Int, Int) {
        let step = gap > 1 ? 2 : 1
        return transposed ? (step, rows * step + gap) : (columns * step + gap, step)
      }
    }

    /// Runs one product into a C that is NaN wherever it must not be read, and compares with the twin; places of C's
    /// memory that do not belong to it must keep their value.
    static func check<T: ComputeScalar>(
      _: T.Type, _ m: Int, _ n: Int, _ k: Int, layout: Layout = Layout(), alpha: T = 1, beta: T = 0,
      bias: (row: Bool, column: Bool) = (false, false), activation: Epilogue<T>.Activation = .identity
    ) {
      let (ras, cas) = layout.strides(m, k, layout.transposeA)
      let (rbs, cbs) = layout.strides(k, n, layout.transposeB)
      let (rcs, ccs) = layout.strides(m, n, layout.transposeC)
      func size(_ r: Int, _ c: Int, _ rs: Int, _ cs: Int) -> Int {
        r == 0 || c == 0 ? 1 : (r - 1) * rs + (c - 1) * cs + 1
      }
      let aBuffer: [T] = testNumbers(size(m, k, ras, cas), seed: 1)
      let bBuffer: [T] = testNumbers(size(k, n, rbs, cbs), seed: 2)
      let rowBias: [T] = testNumbers(max(1, m), seed: 3)
      let columnBias: [T] = testNumbers(max(1, n), seed: 4)
      let cCount = size(m, n, rcs, ccs)
      var cBuffer: [T] = beta == 0 ? Array(repeating: .nan, count: cCount) : testNumbers(cCount, seed: 5)
      let before = cBuffer
      let expected: [T] = aBuffer.withUnsafeBufferPointer { a in
        bBuffer.withUnsafeBufferPointer { b in
          rowBias.withUnsafeBufferPointer { rowBias in
            columnBias.withUnsafeBufferPointer { columnBias in
              cBuffer.withUnsafeMutableBufferPointer { c in
                let a = Matrix(a, rows: m, columns: k, rowStride: ras, columnStride: cas)
                let b = Matrix(b, rows: k, columns: n, rowStride: rbs, columnStride: cbs)
                let c = MutableMatrix(c, rows: m, columns: n, rowStride: rcs, columnStride: ccs)
                let epilogue = Epilogue(
                  rowBias: bias.row ? rowBias.baseAddress : nil,
                  columnBias: bias.column ? columnBias.baseAddress : nil, activation: activation)
                let expected = naive(a, b, c, alpha: alpha, beta: beta, epilogue: epilogue)
                gemm(a, b, into: c, alpha: alpha, beta: beta, epilogue: epilogue)
                return expected
              }
            }
          }
        }
      }
      var owned = Set<Int>()
      var result: [T] = []
      for i in 0..<m {
        for j in 0..<n {
          owned.insert(i * rcs + j * ccs)
          result.append(cBuffer[i * rcs + j * ccs])
        }
      }
      let tolerance = T.self == Float.self ? 2e-6 * Double(max(8, k)).squareRoot() : 1e-13
      let worst = worstDifference(result, expected)
      #expect(
        worst < tolerance,
        "\(T.self) \(InstructionSet.active) \(m)x\(n)x\(k) \(layout) alpha \(alpha) beta \(beta): off by \(worst)")
      for index in cBuffer.indices where !owned.contains(index) {
        let kept = cBuffer[index] == before[index] || (cBuffer[index].isNaN && before[index].isNaN)
        #expect(kept, "\(T.self) \(m)x\(n)x\(k) \(layout): wrote outside of C at \(index)")
        if !kept { return }
      }
    }

    static let layouts: [Layout] = [false, true].flatMap { a in
      [false, true].flatMap { b in
        [false, true].map { Layout(transposeA: a, transposeB: b, transposeC: $0) }
      }
    }

    @Test func smallSizesAndTileEdges() {
      forEachKernelSet { _ in
        let edges = [0, 1, 2, 5, 6, 7, 13, 14, 15, 16, 17, 29, 31, 32, 33]
        for m in edges {
          for n in edges {
            for k in [0, 1, 7, 16, 25] {
              Self.check(Float.self, m, n, k)
              Self.check(Double.self, m, n, k, layout: Layout(transposeB: true))
            }
          }
        }
      }
    }

    @Test func everyTransposeAtPrimesAndTileMultiples() {
      forEachKernelSet { _ in
        for layout in Self.layouts {
          for (m, n, k) in [(37, 41, 43), (14, 32, 16), (28, 64, 48), (1, 67, 53), (67, 1, 53), (1, 1, 101)] {
            Self.check(Float.self, m, n, k, layout: layout)
            Self.check(Double.self, m, n, k, layout: layout)
          }
        }
      }
    }

    @Test func fewColumnsByDotProducts() {
      forEachKernelSet { _ in
        for n in Array(2...12) + [17, 19, 25, 33, 41, 64, 65] {
          for (m, k) in [(2, 64), (3, 129), (7, 100), (18, 320), (33, 200)] {
            for transposeB in [false, true] {
              let layout = Layout(transposeB: transposeB)
              Self.check(Float.self, m, n, k, layout: layout)
              Self.check(Float.self, m, n, k, layout: layout, beta: 1, bias: (true, true), activation: .relu)
              Self.check(Double.self, m, n, k, layout: layout, alpha: -0.5, bias: (false, true))
            }
          }
        }
      }
    }

    @Test func columnsOfAInGroupsOfPanels() {
      forEachKernelSet { set in
        let kernels = set.floatKernels
        let blocking = Blocking(tileRows: kernels.tileRows, tileColumns: kernels.tileColumns, scalarBytes: 4)
        for m in [blocking.mc - 1, blocking.mc + 131, 3 * blocking.mc + 1] {
          Self.check(Float.self, m, 70, blocking.kc + 37, layout: Layout(transposeA: true), bias: (true, false))
        }
      }
    }

    @Test func gapsBetweenRowsAndBetweenAllElements() {
      forEachKernelSet { _ in
        for gap in [1, 3] {
          for var layout in Self.layouts {
            layout.gap = gap
            Self.check(Float.self, 19, 35, 23, layout: layout, beta: 1)
            Self.check(Double.self, 19, 35, 23, layout: layout)
          }
        }
      }
    }

    @Test func alphaBetaBiasAndActivation() {
      forEachKernelSet { _ in
        for (m, n, k) in [(14, 32, 9), (17, 50, 31), (3, 5, 400), (64, 10, 50), (1, 40, 20), (40, 1, 20)] {
          for alpha in [1.0, -0.5, 0] {
            for beta in [0, 1, 0.25] {
              Self.check(Float.self, m, n, k, alpha: Float(alpha), beta: Float(beta), bias: (true, false))
              Self.check(
                Double.self, m, n, k, alpha: alpha, beta: beta, bias: (false, true), activation: .relu)
              Self.check(
                Float.self, m, n, k, layout: Layout(transposeC: true), alpha: Float(alpha), beta: Float(beta),
                bias: (true, true), activation: .leakyReLU(slope: 0.1))
            }
          }
        }
      }
    }

    @Test func cacheBlockEdges() {
      forEachKernelSet { set in
        let kernels = set.floatKernels
        let blocking = Blocking(tileRows: kernels.tileRows, tileColumns: kernels.tileColumns, scalarBytes: 4)
        for k in [blocking.kc - 1, blocking.kc, blocking.kc + 1, 2 * blocking.kc + 1] {
          Self.check(Float.self, 15, 33, k, bias: (true, false), activation: .relu)
          Self.check(Double.self, 15, 17, k, layout: Layout(transposeA: true), beta: 1)
        }
        for m in [blocking.mc - 1, blocking.mc, blocking.mc + 1] { Self.check(Float.self, m, 40, 11) }
        // The caches of this machine make NC large, so the loop over it is entered with a small one.
        Self.check(Float.self, 5, blocking.nc + 1, 3)
      }
    }

    @Test func smallCachesTakeEveryLoopMoreThanOnce() {
      var small = Processor.current
      small.level1DataCache = 8 << 10
      small.level2Cache = 32 << 10
      small.level3Cache = 0
      let blocking = Blocking(tileRows: 14, tileColumns: 32, scalarBytes: 4, processor: small)
      #expect(blocking.kc >= 16 && blocking.mc >= 14 && blocking.nc >= 32)
      #expect(blocking.kc * 32 * 4 <= 12 << 10)
      #expect(blocking.mc * blocking.kc * 4 <= 16 << 10)
      for k in 1...2000 {
        let depth = blocking.depth(of: k)
        #expect(depth <= blocking.kc && depth * ((k + depth - 1) / depth) >= k)
      }
    }

    @Test func specialValuesSpread() {
      forEachKernelSet { _ in
        for bad in [Float.nan, .infinity] {
          var a: [Float] = Array(repeating: 1, count: 20 * 20)
          a[3 * 20 + 4] = bad
          let b: [Float] = Array(repeating: 1, count: 20 * 40)
          var c: [Float] = Array(repeating: 0, count: 20 * 40)
          a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
              c.withUnsafeMutableBufferPointer { c in
                gemm(
                  Matrix(a, rows: 20, columns: 20), Matrix(b, rows: 20, columns: 40),
                  into: MutableMatrix(c, rows: 20, columns: 40), epilogue: Epilogue(activation: .relu))
              }
            }
          }
          for i in 0..<20 {
            for j in 0..<40 {
              let value = c[i * 40 + j]
              #expect(i == 3 ? (bad.isNaN ? value.isNaN : value == .infinity) : value == 20)
            }
          }
        }
      }
    }

    @Test func sameBitsAtAnyNumberOfThreads() {
      let before = Threads.count
      defer { Threads.count = before }
      forEachKernelSet { _ in
        for (m, n, k) in [(301, 257, 523), (64, 128, 784), (7, 900, 400), (900, 7, 400), (1, 700, 900), (301, 10, 320)]
        {
          let a: [Float] = testNumbers(m * k, seed: 1)
          let b: [Float] = testNumbers(k * n, seed: 2)
          let results = [1, 2, 4].map { threads in
            Threads.count = threads
            return [Float](unsafeUninitializedCapacity: m * n) { c, count in
              a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                  gemm(
                    Matrix(a, rows: m, columns: k), Matrix(b, rows: n, columns: k).transposed,
                    into: MutableMatrix(c, rows: m, columns: n))
                }
              }
              count = m * n
            }
          }
          #expect(results[0] == results[1] && results[0] == results[2], "\(m)x\(n)x\(k)")
        }
      }
    }
  }
}

/// What stops a program that hands over wrong sizes.
@Suite struct MatrixPreconditions {
  @Test func reachingOverTheBufferStops() async {
    await #expect(processExitsWith: .failure) {
      let numbers: [Float] = [1, 2, 3, 4, 5]
      numbers.withUnsafeBufferPointer { _ = Matrix($0, rows: 2, columns: 3) }
    }
    await #expect(processExitsWith: .failure) {
      let numbers: [Float] = [1, 2, 3, 4, 5]
      numbers.withUnsafeBufferPointer { _ = Matrix($0, rows: .max, columns: .max) }
    }
  }

  @Test func sizesThatDoNotFitStop() async {
    await #expect(processExitsWith: .failure) {
      let numbers: [Float] = [1, 2, 3, 4, 5, 6]
      var result: [Float] = [0, 0, 0, 0]
      numbers.withUnsafeBufferPointer { a in
        result.withUnsafeMutableBufferPointer { c in
          gemm(
            Matrix(a, rows: 2, columns: 3), Matrix(a, rows: 2, columns: 3),
            into: MutableMatrix(c, rows: 2, columns: 2))
        }
      }
    }
  }
}

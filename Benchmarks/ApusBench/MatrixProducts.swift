import ApusCompute

/// sgemm: squares with every transpose, and the odd shapes that small networks are made of. The same list as peers/gemm.py.
func matrixProducts() -> [Work] {
  let squares = ["nn", "nt", "tn", "tt"].flatMap { transposes in
    [64, 128, 256, 512, 1024, 2048].map { ($0, $0, $0, transposes) }
  }
  let odd = [
    (1, 128, 784), (1, 1024, 1024), (32, 128, 784), (32, 10, 128), (64, 10, 320), (128, 128, 1600), (20, 4096, 250),
    (10, 36864, 25), (64, 15488, 288), (97, 101, 103), (499, 503, 509),
  ].map { ($0.0, $0.1, $0.2, "nn") }
  return (squares + odd).map { m, n, k, transposes in
    Work(
      op: "sgemm", shape: "\(m)x\(n)x\(k) \(transposes)", operations: 2 * Double(m) * Double(n) * Double(k),
      bytes: 4 * Double(m * k + k * n + m * n)
    ) {
      let a = Buffer(m * k, seed: 1)
      let b = Buffer(k * n, seed: 2)
      let c = Buffer(m * n, seed: 3)
      let left =
        transposes.first == "t"
        ? Matrix(a.constant, rows: k, columns: m).transposed : Matrix(a.constant, rows: m, columns: k)
      let right =
        transposes.last == "t"
        ? Matrix(b.constant, rows: n, columns: k).transposed : Matrix(b.constant, rows: k, columns: n)
      let result = MutableMatrix(c.scalars, rows: m, columns: n)
      return {
        gemm(left, right, into: result)
        withExtendedLifetime((a, b, c)) {}
      }
    }
  }
}

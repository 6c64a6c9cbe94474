// A matrix product and nothing else: what a program that wants a BLAS takes of Apus.
import ApusCompute

let (m, n, k) = (67, 131, 259)
let a = (0..<m * k).map { Float($0 % 23) - 11 }
let b = (0..<k * n).map { Float($0 % 19) - 9 }
var c = [Float](repeating: .nan, count: m * n)
a.withUnsafeBufferPointer { a in
  b.withUnsafeBufferPointer { b in
    c.withUnsafeMutableBufferPointer { c in
      gemm(
        Matrix(a, rows: m, columns: k), Matrix(b, rows: k, columns: n), into: MutableMatrix(c, rows: m, columns: n))
    }
  }
}
// Small integers: every order of adding gives the same sum, so nothing is tolerated.
for i in 0..<m {
  for j in 0..<n {
    let expected = (0..<k).reduce(Float(0)) { $0 + a[i * k + $1] * b[$1 * n + j] }
    precondition(c[i * n + j] == expected, "c[\(i), \(j)] is \(c[i * n + j]) instead of \(expected)")
  }
}
print("sgemm \(m)x\(n)x\(k) on \(InstructionSet.active): right")

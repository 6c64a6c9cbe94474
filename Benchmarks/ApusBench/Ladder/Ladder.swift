/// A product of row-major matrices: A, B, C, then m, n and k.
public typealias Product =
  @Sendable (
    UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int, Int, Int
  ) -> Void

/// The steps, from the definition to the structure of the shipped product. Docs/GEMM.md goes through them.
public let ladder: [(name: String, product: Product)] = [
  ("three loops", naiveProduct),
  ("loop order", rowByRowProduct),
  ("vectors", vectorProduct),
  ("register tile", tileProduct),
  ("cache blocks", blockedProduct),
  ("packing", packedProduct),
  ("tuned tile and blocks", tunedProduct),
]

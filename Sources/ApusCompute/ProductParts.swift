#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The packed product of two square matrices taken apart, on one thread: what each part of it reaches when the parts around it are left
/// out. From one to the next operands lie further away, until nothing is left out.
package final class ProductParts<T: ComputeScalar> {
  /// A part, to be timed.
  package struct Part {
    package let name: String
    /// Operations of one run, a multiply-add being two.
    package let operations: Double
    package let run: () -> Void
  }

  /// Why a product cannot be taken apart.
  package enum Obstacle: Error, Equatable, CustomStringConvertible {
    /// It is so small that B is not packed for later use.
    case tooSmall
    case tooLarge(limit: Int)
    case noMemory

    package var description: String {
      switch self {
      case .tooSmall: "a product this small is not packed in blocks, so there is nothing to take apart"
      case .tooLarge(let limit): "products of up to \(limit) are taken apart"
      case .noMemory: "there is not the memory for it"
      }
    }
  }

  /// The largest size: the time of a run grows with its cube.
  private static var limit: Int { 1 << 14 }

  /// Rows, columns and depth of the product.
  package let size: Int
  /// KC: how deep a packed block is.
  package let depth: Int
  private let blockRows: Int
  /// NC: columns of B that are packed at a time.
  private let blockColumns: Int
  private let a: UnsafeMutablePointer<T>
  private let b: UnsafeMutablePointer<T>
  private let c: UnsafeMutablePointer<T>
  /// A and B, all blocks of `depth`, packed.
  private let packedA: UnsafeMutablePointer<T>
  private let packedB: UnsafeMutablePointer<T>
  /// One panel of A, packed anew each time, and one tile of C.
  private let ownA: UnsafeMutablePointer<T>
  private let tile: UnsafeMutablePointer<T>

  /// Matrices of `size` rows and columns, of numbers that follow from their places.
  package init(size: Int) throws(Obstacle) {
    guard size <= Self.limit else { throw .tooLarge(limit: Self.limit) }
    let table = kernels(T.self)
    let (mr, nr) = (table.tileRows, table.tileColumns)
    let blocking = Blocking(tileRows: mr, tileColumns: nr, scalarBytes: MemoryLayout<T>.stride)
    depth = blocking.depth(of: size)
    blockRows = blocking.mc(depth: depth) / mr * mr
    blockColumns = blocking.nc(depth: depth) / nr * nr
    guard size > blocking.mc(depth: depth) else { throw .tooSmall }
    self.size = size
    let blocks = (size + depth - 1) / depth
    let counts = [
      size * size, size * size, size * size, blocks * ((size + mr - 1) / mr) * (depth * mr + 16),
      blocks * ((size + nr - 1) / nr) * (depth * nr + 16), depth * mr + 16, mr * nr,
    ]
    let memory = counts.map { allocateAligned($0 * MemoryLayout<T>.stride)?.bindMemory(to: T.self, capacity: $0) }
    guard memory.allSatisfy({ $0 != nil }) else {
      memory.forEach { free($0) }
      throw .noMemory
    }
    (a, b, c, packedA) = (memory[0]!, memory[1]!, memory[2]!, memory[3]!)
    (packedB, ownA, tile) = (memory[4]!, memory[5]!, memory[6]!)
    // Small integers: no denormals, and sums that every order of summation makes the same.
    for i in 0..<size * size { (a + i).initialize(to: T(i % 7 - 3)) }
    for i in 0..<size * size { (b + i).initialize(to: T(i % 5 - 2)) }
    c.initialize(repeating: 0, count: size * size)
    tile.initialize(repeating: 0, count: mr * nr)
    forEachBlock { block, first, depth in
      for row in stride(from: 0, to: size, by: mr) {
        packA(row: row, first: first, depth: depth, into: panelOfA(row, block))
      }
      for column in stride(from: 0, to: size, by: nr) {
        table.packPanel(
          b + first * size + column, lanes: min(nr, size - column), laneStride: 1, depth: depth, depthStride: size,
          width: nr, into: packedB + (block * ((size + nr - 1) / nr) + column / nr) * (self.depth * nr + 16))
      }
    }
  }

  deinit { for memory in [a, b, c, packedA, packedB, ownA, tile] { free(memory) } }

  /// The parts, from the smallest on.
  package var parts: [Part] {
    let table = kernels(T.self)
    let (mr, nr) = (table.tileRows, table.tileColumns)
    // Both panels fill three quarters of level 1.
    let shallow = min(depth, Processor.current.level1DataCache * 3 / 4 / ((mr + nr) * MemoryLayout<T>.stride))
    let product = 2 * Double(size) * Double(size) * Double(size)
    return [
      tiles("a tile, its panels in level 1", rows: mr, depth: shallow),
      tiles("a tile as deep as the product's blocks", rows: mr, depth: depth),
      tiles("tiles of a block of A in level 2", rows: blockRows, depth: depth),
      Part(name: "all tiles, A and B packed", operations: product) { self.multiply(packsA: false) },
      Part(name: "and A packed on the way", operations: product) { self.multiply(packsA: true) },
      Part(name: "and B too: the whole product", operations: product) {
        let n = self.size
        gemm(
          Matrix(unchecked: self.a, rows: n, columns: n, rowStride: n, columnStride: 1),
          Matrix(unchecked: self.b, rows: n, columns: n, rowStride: n, columnStride: 1),
          into: MutableMatrix(unchecked: self.c, rows: n, columns: n, rowStride: n, columnStride: 1))
      },
    ]
  }

  /// What the product gave last.
  package var result: [T] { Array(UnsafeBufferPointer(start: c, count: size * size)) }

  /// The same panel of B under a block of A again and again, into the same rows of C, for some milliseconds.
  private func tiles(_ name: String, rows: Int, depth: Int) -> Part {
    let table = kernels(T.self)
    let (mr, nr) = (table.tileRows, table.tileColumns)
    let times = max(1, 30_000_000 / (rows * nr * depth))
    return Part(name: name, operations: 2 * Double(times * rows * nr * depth)) {
      for _ in 0..<times {
        table.gemmBlock(
          m: rows, n: nr, depth: depth, a: self.packedA, panelStrideA: self.depth * mr + 16, b: self.packedB,
          panelStrideB: 0, c: rows == mr ? self.tile : self.c, rowStride: rows == mr ? nr : self.size, alpha: 1,
          beta: 0, rowBias: nil, columnBias: nil, activation: 0, slope: 0)
      }
    }
  }

  /// Panels of A, one after the other, over all of the packed B that is read at a time, as the product does it.
  private func multiply(packsA: Bool) {
    let table = kernels(T.self)
    let (mr, nr) = (table.tileRows, table.tileColumns)
    let panelB = depth * nr + 16
    for column in stride(from: 0, to: size, by: blockColumns) {
      forEachBlock { block, first, depth in
        for row in stride(from: 0, to: size, by: mr) {
          if packsA { packA(row: row, first: first, depth: depth, into: ownA) }
          table.gemmBlock(
            m: min(mr, size - row), n: min(blockColumns, size - column), depth: depth,
            a: packsA ? ownA : panelOfA(row, block), panelStrideA: 0,
            b: packedB + (block * ((size + nr - 1) / nr) + column / nr) * panelB, panelStrideB: panelB,
            c: c + row * size + column, rowStride: size, alpha: 1, beta: first == 0 ? 0 : 1, rowBias: nil,
            columnBias: nil, activation: 0, slope: 0)
        }
      }
    }
  }

  private func packA(row: Int, first: Int, depth: Int, into panel: UnsafeMutablePointer<T>) {
    let table = kernels(T.self)
    table.packPanel(
      a + row * size + first, lanes: min(table.tileRows, size - row), laneStride: size, depth: depth, depthStride: 1,
      width: table.tileRows, into: panel)
  }

  private func panelOfA(_ row: Int, _ block: Int) -> UnsafeMutablePointer<T> {
    let mr = kernels(T.self).tileRows
    return packedA + (block * ((size + mr - 1) / mr) + row / mr) * (depth * mr + 16)
  }

  private func forEachBlock(_ body: (_ block: Int, _ first: Int, _ depth: Int) -> Void) {
    for (block, first) in stride(from: 0, to: size, by: depth).enumerated() {
      body(block, first, min(depth, size - first))
    }
  }
}

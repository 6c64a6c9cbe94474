/// The five loops, over operands that are first copied into panels which the tile reads from front to back.
@inline(__always)
func packedProduct<T: Tile>(
  _ tile: T.Type, mc: Int, kc: Int, nc: Int,
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int
) {
  let (mr, nr) = (T.rows, 2 * width)
  let panelsOfA = allocate((mc + mr) * kc)
  let panelsOfB = allocate((nc + nr) * kc)
  let edge = allocate(mr * nr)
  for jc in stride(from: 0, to: n, by: nc) {
    let columns = min(nc, n - jc)
    for pc in stride(from: 0, to: k, by: kc) {
      let depth = min(kc, k - pc)
      packB(b + pc * n + jc, n, columns, depth, nr, panelsOfB)
      for ic in stride(from: 0, to: m, by: mc) {
        let rows = min(mc, m - ic)
        packA(a + ic * k + pc, k, rows, depth, mr, panelsOfA)
        for jr in stride(from: 0, to: columns, by: nr) {
          for ir in stride(from: 0, to: rows, by: mr) {
            let sums = accumulate(
              tile, panelsOfA + ir * depth, aRow: 1, aStep: mr, panelsOfB + jr * depth, bStep: nr, depth: depth)
            let target = c + (ic + ir) * n + jc + jr
            if rows - ir >= mr && columns - jr >= nr {
              sums.put(target, n, adding: pc > 0)
            } else {
              // A tile that hangs over the edge of C is put down elsewhere, and the part that belongs to C copied.
              sums.put(edge, nr, adding: false)
              for i in 0..<min(mr, rows - ir) {
                for j in 0..<min(nr, columns - jr) {
                  target[i * n + j] = (pc > 0 ? target[i * n + j] : 0) + edge[i * nr + j]
                }
              }
            }
          }
        }
      }
    }
  }
  panelsOfA.deallocate()
  panelsOfB.deallocate()
  edge.deallocate()
}

/// Panels of mr rows: panel[p · mr + i]. Rows that are missing at the edge are zeros.
func packA(
  _ a: UnsafePointer<Float>, _ step: Int, _ rows: Int, _ depth: Int, _ mr: Int, _ panels: UnsafeMutablePointer<Float>
) {
  for ir in stride(from: 0, to: rows, by: mr) {
    let panel = panels + ir * depth
    for i in 0..<mr {
      for p in 0..<depth { panel[p * mr + i] = ir + i < rows ? a[(ir + i) * step + p] : 0 }
    }
  }
}

/// Panels of nr columns: panel[p · nr + j]. Columns that are missing at the edge are zeros.
func packB(
  _ b: UnsafePointer<Float>, _ step: Int, _ columns: Int, _ depth: Int, _ nr: Int,
  _ panels: UnsafeMutablePointer<Float>
) {
  for jr in stride(from: 0, to: columns, by: nr) {
    let panel = panels + jr * depth
    let count = min(nr, columns - jr)
    for p in 0..<depth {
      for j in 0..<count { panel[p * nr + j] = b[p * step + jr + j] }
      for j in count..<nr { panel[p * nr + j] = 0 }
    }
  }
}

/// Memory that starts at a cache line, so that no vector of a panel lies across two.
func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
  UnsafeMutableRawPointer.allocate(byteCount: count * 4, alignment: 64).bindMemory(to: Float.self, capacity: count)
}

/// Packed, with the tile and the blocks of the steps before.
public func packedProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ m: Int, _ n: Int, _ k: Int
) {
  packedProduct(FourRows.self, mc: 128, kc: 256, nc: 4096, a, b, c, m, n, k)
}

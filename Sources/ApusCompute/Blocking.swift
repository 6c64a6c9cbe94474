/// The block sizes of the packed product, from the cache sizes.
///
/// | what | fits | inequality |
/// | --- | --- | --- |
/// | a panel of B | one and a half times level 1 | KC · NR · bytes ≤ 3/2 L1 |
/// | a block of A | half of level 2 | MC · KC · bytes ≤ L2 / 2 |
/// | the packed B | a quarter of level 3 | KC · NC · bytes ≤ L3 / 4 |
///
/// That the panel of B may be larger than the level-1 cache was found by measuring: it is read front to back, which the
/// prefetcher makes cheap, while a deeper panel saves passes over C, which at n = 2048 are what costs.
///
/// KC does not depend on the number of threads: it decides the order of summation.
struct Blocking {
  let mc: Int
  let kc: Int
  let nc: Int
  /// Rows of A that are packed at a time.
  let mTotal: Int
  private let mr: Int
  private let nr: Int

  init(tileRows mr: Int, tileColumns nr: Int, scalarBytes: Int, processor: Processor = .current) {
    self.mr = mr
    self.nr = nr
    kc = min(512, max(64, processor.level1DataCache * 3 / 2 / (nr * scalarBytes) / 16 * 16))
    mc = max(mr, processor.level2Cache / 2 / (kc * scalarBytes) / mr * mr)
    let level3 = max(processor.level3Cache, 2 << 20)
    nc = min(8192, max(nr, level3 / 4 / (kc * scalarBytes) / nr * nr))
    mTotal = min(16, max(1, level3 / 4 / (mc * kc * scalarBytes))) * mc
  }

  /// KC for a product of depth `k`: blocks of nearly equal depth, none of them short.
  func depth(of k: Int) -> Int {
    let blocks = max(1, (k + kc - 1) / kc)
    return max(1, (k + blocks - 1) / blocks)
  }

  /// How a block of C is shared out. It does not influence results, so it may depend on the number of threads.
  func split(
    rows: Int, columns: Int, depth: Int, mc: Int
  ) -> (rowParts: Int, rowsPerPart: Int, columnParts: Int, columnsPerPart: Int) {
    let tilesDown = (rows + mr - 1) / mr
    let tilesAcross = (columns + nr - 1) / nr
    // A part of less than about 100,000 multiply-adds costs less than handing it over.
    let worth = max(1, rows * columns * max(depth, 1) / 100_000)
    let threads = min(Threads.count, worth)
    var rowParts = (rows + mc - 1) / mc
    var columnParts = 1
    if threads > 1 && rowParts < 4 * threads {
      // Four parts a thread even out what other programs take; along the longer side, so that panels stay shared.
      let wanted = 4 * threads
      if tilesDown >= tilesAcross {
        rowParts = max(rowParts, min(tilesDown, wanted))
        columnParts = min(tilesAcross, (wanted + rowParts - 1) / rowParts)
      } else {
        columnParts = min(tilesAcross, (wanted + rowParts - 1) / rowParts)
        if rowParts * columnParts < threads { rowParts = min(tilesDown, wanted) }
      }
    }
    let rowsPerPart = (tilesDown + rowParts - 1) / rowParts * mr
    let columnsPerPart = (tilesAcross + columnParts - 1) / columnParts * nr
    return (
      (rows + rowsPerPart - 1) / rowsPerPart, rowsPerPart, (columns + columnsPerPart - 1) / columnsPerPart,
      columnsPerPart
    )
  }
}

/// `value` raised to a multiple of `unit`.
@inline(__always)
func roundUp(_ value: Int, _ unit: Int) -> Int { (value + unit - 1) / unit * unit }

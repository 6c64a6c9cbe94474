/// The block sizes of the packed product, from the cache sizes.
///
/// | what | fits | inequality |
/// | --- | --- | --- |
/// | a panel of B | an eighth of level 2 | KC · NR · bytes ≤ L2 / 8 |
/// | a block of A | half of level 2 | MC · KC · bytes ≤ L2 / 2 |
/// | the packed B | a quarter of level 3 | KC · NC · bytes ≤ L3 / 4 |
///
/// The textbook keeps the panel of B in the level-1 cache. That it may come from level 2 was found by measuring: it is read
/// from front to back, which the prefetcher makes cheap, while each block of k is one more pass over C, which costs at
/// n = 2048, where C lies in memory, 1.8 % of the product's time.
///
/// KC does not depend on the number of threads: it decides the order of summation.
struct Blocking {
  let mc: Int
  let kc: Int
  let nc: Int

  init(tileRows mr: Int, tileColumns nr: Int, scalarBytes: Int, processor: Processor = .current) {
    kc = min(1024, max(64, processor.level2Cache / 8 / (nr * scalarBytes) / 16 * 16))
    mc = max(mr, processor.level2Cache / 2 / (kc * scalarBytes) / mr * mr)
    let level3 = max(processor.level3Cache, 2 << 20)
    nc = min(8192, max(nr, level3 / 4 / (kc * scalarBytes) / nr * nr))
  }

  /// MC for a product whose blocks of k are `depth` deep, be they as deep as KC or less.
  func mc(depth: Int) -> Int { max(mc, mc * kc / max(1, depth)) }

  /// NC for such a product.
  func nc(depth: Int) -> Int { max(nc, nc * kc / max(1, depth)) }

  /// KC for what is packed piece by piece, patches of images and the steps of a recurrent layer: there a panel of B has to stay
  /// in one and a half times the level-1 cache, for it is packed and used up by one core.
  static func shortDepth(tileColumns nr: Int, scalarBytes: Int, processor: Processor = .current) -> Int {
    min(512, max(64, processor.level1DataCache * 3 / 2 / (nr * scalarBytes) / 16 * 16))
  }

  /// `limit` or less for a product of depth `k`: blocks of nearly equal depth, none of them short.
  static func equalDepth(of k: Int, limit: Int) -> Int {
    let blocks = max(1, (k + limit - 1) / limit)
    return max(1, (k + blocks - 1) / blocks)
  }

  /// KC for a product of depth `k`: blocks of nearly equal depth, none of them short.
  func depth(of k: Int) -> Int { Blocking.equalDepth(of: k, limit: kc) }
}

/// `value` raised to a multiple of `unit`.
@inline(__always)
func roundUp(_ value: Int, _ unit: Int) -> Int { (value + unit - 1) / unit * unit }

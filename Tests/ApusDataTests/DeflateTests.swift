import ApusTensor
import Testing

@testable import ApusData

/// The compressor, held against the package's own reader; `Tests/Conformance` holds it against zlib.
@Suite struct DeflateTests {
  private func roundTrip(_ content: [UInt8], _ comment: Comment? = nil) throws -> Int {
    let stream = Zlib.compress(content)
    #expect(try Zlib.decompress(stream) == content, comment)
    return stream.count
  }

  /// Bytes that were drawn so that `symbols` values occur, each half as often as the one before.
  private static func skewed(_ count: Int, symbols: Int, seed: UInt64) -> [UInt8] {
    var random = Random(seed: seed)
    return (0..<count).map { _ in UInt8(min(symbols - 1, random.next().leadingZeroBitCount)) }
  }

  @Test func everyLengthAndDistanceIsWritten() throws {
    // A run of each length, between bytes that occur nowhere else, and repetitions at each power of two and beside it.
    var runs: [UInt8] = []
    for length in 1...300 { runs += [UInt8](repeating: UInt8(length % 7), count: length) + [200, UInt8(length % 256)] }
    _ = try roundTrip(runs)
    var random = Random(seed: 1)
    let noise = (0..<40_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    for power in 0...15 {
      for distance in [(1 << power) - 1, 1 << power, (1 << power) + 1] where distance > 0 {
        let start = Array(noise[..<distance])
        _ = try roundTrip(start + start.prefix(300) + [1, 2, 3] + start.suffix(20), "distance \(distance)")
      }
    }
  }

  @Test func codesFitTheContent() throws {
    // Noise of few values has chance matches, which cost more than a code for each value would: `zlib` at level 6 makes
    // so many bytes of it, and 5 % more are let pass.
    var random = Random(seed: 2)
    for (values, theirs) in [(2, 3238.0), (8, 9227.0), (64, 15163.0)] {
      let content = (0..<20_000).map { _ in UInt8(random.integer(below: values)) }
      let size = try roundTrip(content)
      #expect(Double(size) < theirs * 1.05, "\(values) values: \(size) bytes")
    }
  }

  @Test func noiseGrowsByNextToNothing() throws {
    var random = Random(seed: 3)
    for count in [0, 1, 100, 65_535, 65_536, 200_000] {
      let noise = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      #expect(try roundTrip(noise) <= count + 5 * (count / 16_000 + 1) + 16)
    }
  }

  @Test func codesOfFibonacciCountsAreLimited() throws {
    // Counts like Fibonacci's give the deepest tree; 30 symbols would take codes of 29 bits.
    var content: [UInt8] = []
    var (a, b) = (1, 1)
    for symbol in 0..<22 {
      content += [UInt8](repeating: UInt8(symbol), count: a)
      (a, b) = (b, a + b)
    }
    var random = Random(seed: 4)
    let order = random.permutation(content.count)
    _ = try roundTrip(order.map { content[$0] })
    var counts = [Int](repeating: 0, count: 30)
    (a, b) = (1, 1)
    for symbol in counts.indices { (counts[symbol], a, b) = (a, b, a + b) }
    for limit in [5, 7, 15] {
      let code = HuffmanCode(counts: counts, limit: limit)
      #expect(code.lengths.allSatisfy { $0 >= 1 && Int($0) <= limit })
      // Every code is used: a decoder finds no gap.
      let places = code.lengths.map { (length: UInt8) -> Int in 1 << (limit - Int(length)) }
      let (used, all): (Int, Int) = (places.reduce(0, +), 1 << limit)
      #expect(used == all)
    }
    #expect(HuffmanCode(counts: [0, 5, 0], limit: 15).lengths == [1, 1, 0])
    #expect(HuffmanCode(counts: [0, 0], limit: 15).lengths == [0, 0])
    // The textbook's example: the more frequent, the shorter.
    #expect(HuffmanCode(counts: [45, 13, 12, 16, 9, 5], limit: 15).lengths == [1, 3, 3, 3, 4, 4])
  }

  @Test func contentsOfManyKindsComeBack() throws {
    for seed in 0..<40 as Range<UInt64> {
      var random = Random(seed: seed)
      var content: [UInt8] = []
      for _ in 0..<random.integer(below: 30) {
        switch random.integer(below: 4) {
        case 0: content += DeflateTests.skewed(random.integer(below: 900), symbols: 12, seed: random.next())
        case 1: content += [UInt8](repeating: UInt8(random.integer(below: 256)), count: random.integer(below: 700))
        case 2: content += (0..<random.integer(below: 200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        default: content += content.suffix(random.integer(below: 2000))
        }
      }
      _ = try roundTrip(content, "seed \(seed)")
    }
  }

  @Test func picturesComeBackAndAreSmall() throws {
    var random = Random(seed: 5)
    func image(_ width: Int, _ height: Int, _ grey: (Int, Int) -> Float) -> GreyImage {
      GreyImage(
        width: width, height: height,
        pixels: (0..<width * height).map { (grey($0 % width, $0 / width) * 255).rounded() / 255 })
    }
    let flat = image(100, 80) { _, _ in 0.5 }
    let slope = image(120, 90) { x, y in Float(x + y) / 255 }
    let curved = image(90, 90) { x, y in Float((x * x + y * y) % 256) / 255 }
    let noise = image(40, 30) { _, _ in Float(random.uniform()) }
    for image in [flat, slope, curved, noise, image(1, 1) { _, _ in 1 }, image(1, 9) { _, y in Float(y) / 9 }] {
      let file = image.png
      let again = try GreyImage(file)
      #expect(again.bytes == image.bytes && again.width == image.width)
      #expect(file.count < image.width * image.height + image.height + 100)
    }
    #expect(flat.png.count < 150)
    // Without filters a slope is all literals and far matches; with them it is a row of ones.
    #expect(slope.png.count < 400, "\(slope.png.count) bytes")
  }

  @Test func gridsPutImagesWhereTheyBelong() throws {
    let images = Tensor<Float>.arange(0, 3 * 6).reshaped(3, 1, 2, 3) / 17
    let grid = GreyImage.grid(of: images, columns: 2, gap: 1, background: 0.5)
    #expect(grid.width == 2 * 4 + 1 && grid.height == 2 * 3 + 1)
    #expect(grid[0, 0] == 0.5 && grid[1, 1] == 0 && grid[3, 2] == 5 / 17 && grid[4, 1] == 0.5)
    #expect(grid[5, 1] == 6 / 17 && grid[1, 4] == 12 / 17 && grid[3, 5] == 1)
    // The last row has one image only.
    #expect((5..<8).allSatisfy { grid[$0, 4] == 0.5 })
    let single = GreyImage.grid(of: images, columns: 50, gap: 0)
    #expect(single.width == 9 && single.height == 2)
    #expect(try GreyImage(grid.png).bytes == grid.bytes)
  }
}

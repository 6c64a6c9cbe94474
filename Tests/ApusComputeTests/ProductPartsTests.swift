import Testing

@testable import ApusCompute

extension PerKernelSet {
  @Suite struct ProductPartsTests {
    /// What is taken apart is the product: with packed operands, with A packed on the way, and whole, it gives the same bits.
    @Test func everyPartIsTheProduct() throws {
      let processor = Processor.current
      // Some more than a block of rows, and deeper than one block.
      let kernels = kernels(Double.self)
      let blocking = Blocking(
        tileRows: kernels.tileRows, tileColumns: kernels.tileColumns, scalarBytes: 8, processor: processor)
      let size = max(blocking.mc, blocking.kc) + 7
      let product = try ProductParts<Double>(size: size)
      #expect(product.depth < size)
      var expected = [Double](repeating: 0, count: size * size)
      for i in 0..<size {
        for k in 0..<size {
          let a = Double((i * size + k) % 7 - 3)
          for j in 0..<size { expected[i * size + j] += a * Double((k * size + j) % 5 - 2) }
        }
      }
      let whole = product.parts.filter { $0.operations == 2 * Double(size) * Double(size) * Double(size) }
      #expect(whole.count == 3)
      for part in whole {
        part.run()
        #expect(product.result == expected, "\(part.name)")
      }
    }

    @Test func saysWhatCannotBeTakenApart() {
      #expect(throws: ProductParts<Float>.Obstacle.tooSmall) { try ProductParts<Float>(size: 16) }
      #expect(throws: ProductParts<Float>.Obstacle.tooLarge(limit: 16384)) { try ProductParts<Float>(size: 16385) }
    }
  }
}

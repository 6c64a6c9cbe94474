import Testing

@testable import ApusData

@Suite struct GreyImageTests {
  @Test func resizingKeepsConstantsAndRamps() {
    let flat = GreyImage(width: 5, height: 3, pixels: [Float](repeating: 0.25, count: 15))
    for (width, height) in [(1, 1), (2, 7), (5, 3), (10, 2), (31, 17)] {
      let resized = flat.resized(width: width, height: height)
      #expect(resized.width == width && resized.height == height)
      #expect(resized.pixels.allSatisfy { abs($0 - 0.25) < 1e-6 })
    }
    let ramp = GreyImage(width: 8, height: 1, pixels: (0..<8).map { Float($0) })
    let doubled = ramp.resized(width: 16, height: 1)
    for column in 2..<14 { #expect(abs(doubled[column, 0] - (Float(column) + 0.5) / 2 + 0.5) < 1e-5) }
    #expect(ramp.resized(width: 8, height: 1).pixels == ramp.pixels)
  }

  @Test func croppingReachesBeyondTheImage() {
    let image = GreyImage(width: 2, height: 2, pixels: [1, 2, 3, 4])
    #expect(image.cropped(columns: 1..<3, rows: -1..<1, background: 9).pixels == [9, 9, 2, 9])
    #expect(image.cropped(columns: 0..<0, rows: 0..<0).pixels == [])
    #expect(image.inverted.pixels == [0, -1, -2, -3])
  }

  @Test func bytesAreCutOff() {
    let image = GreyImage(width: 5, height: 1, pixels: [-1, 0.5, 2, .nan, .infinity])
    #expect(image.bytes == [0, 128, 255, 0, 255])
    #expect(GreyImage(width: 2, height: 1, bytes: [0, 255]).pixels == [0, 1])
  }

  /// A bar of ink in a large image on paper of another grey.
  static func bar(ink: Float, paper: Float, width: Int = 90, height: Int = 120, at x: Int = 50) -> GreyImage {
    var image = GreyImage(width: width, height: height, pixels: [Float](repeating: paper, count: width * height))
    for row in 20..<100 { for column in x..<x + 10 { image[column, row] = ink } }
    return image
  }

  @Test(arguments: [(0, 1), (1, 0), (0.2, 0.8), (0.9, 0.4)] as [(Float, Float)])
  func digitsAreCenteredWhateverThePaper(ink: Float, paper: Float) {
    for x in [0, 13, 50, 80] {
      let digit = GreyImageTests.bar(ink: ink, paper: paper, at: x).digit()
      #expect(digit.width == 28 && digit.height == 28)
      // 80 rows become 20, 10 columns become 2 or 3, in the middle.
      let rows = (0..<28).filter { row in (0..<28).contains { digit[$0, row] > 0.5 } }
      let columns = (0..<28).filter { column in (0..<28).contains { digit[column, $0] > 0.5 } }
      #expect(rows == Array(4..<24))
      #expect((2...3).contains(columns.count) && columns.contains(13))
      #expect(digit.pixels.max()! <= 1.0001 && digit.pixels.min()! >= 0)
    }
  }

  @Test func emptyPaperStaysEmpty() {
    for grey in [0, 0.5, 1] as [Float] {
      let paper = GreyImage(width: 30, height: 20, pixels: [Float](repeating: grey, count: 600))
      #expect(paper.digit().pixels == [Float](repeating: 0, count: 784))
    }
    #expect(GreyImage(width: 0, height: 0, pixels: []).digit(side: 14).pixels.count == 196)
    #expect(GreyImage(width: 1, height: 1, pixels: [1]).digit().width == 28)
    #expect(GreyImage(width: 2, height: 1, pixels: [1, 0]).digit().width == 28)
  }
}

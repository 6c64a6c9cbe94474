import Testing

@testable import ApusCLI

@Suite struct DigitDrawingTests {
  private func draw(_ rows: [[Float]]) -> [String] {
    DigitDrawing.draw(rows.flatMap { $0 }, width: rows[0].count, height: rows.count)
  }

  @Test func twoRowsShareACharacter() {
    #expect(draw([[1, 1, 0, 0], [1, 0, 1, 0]]) == ["█▀▄"])
  }

  @Test func greyIsShaded() {
    #expect(draw([[0.15, 0.4, 0.6, 1], [0.15, 0.4, 0.6, 1]]) == ["░▒▓█"])
  }

  @Test func emptyRowsAtTheEndsAreLeftOut() {
    let empty: [Float] = [0, 0, 0]
    let rows = [empty, empty, [0, 1, 0], [0, 1, 0], empty, empty, [1, 0, 0], [1, 0, 0], empty]
    #expect(draw(rows) == [" █", "", "█"])
    #expect(draw([empty, empty]) == ["(an empty image)"])
  }

  @Test func anOddLastRowIsDrawn() {
    #expect(draw([[1], [1], [1]]) == ["█", "▀"])
  }

  @Test func strangeNumbersAreNoInk() {
    #expect(draw([[.nan, -1, 1], [.nan, -.infinity, .infinity]]) == ["  █"])
  }
}

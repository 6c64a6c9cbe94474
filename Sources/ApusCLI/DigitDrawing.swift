/// A grey image as text: every character shows two pixels, one above the other, as a half block.
///
/// Four shades of grey fit into plain characters when the two pixels are alike; where they differ, a half block shows
/// which one is the lighter.
enum DigitDrawing {
  /// Draws an image whose pixels are 0 (nothing) to 1 (full ink), row by row. Empty rows at the top and at the bottom
  /// are left out; the columns are all kept, so that images beneath each other line up.
  static func draw(_ pixels: [Float], width: Int, height: Int) -> [String] {
    precondition(pixels.count == width * height, "\(pixels.count) pixels for \(width)×\(height)")
    func level(_ row: Int, _ column: Int) -> Int {
      guard row < height else { return 0 }
      let value = pixels[row * width + column]
      // Written so that NaN counts as no ink.
      return value >= 0.8 ? 4 : value >= 0.55 ? 3 : value >= 0.3 ? 2 : value >= 0.1 ? 1 : 0
    }
    let lines = stride(from: 0, to: height, by: 2).map { row -> String in
      var line = ""
      for column in 0..<width { line.append(character(level(row, column), level(row + 1, column))) }
      while line.last == " " { line.removeLast() }
      return line
    }
    guard let first = lines.firstIndex(where: { !$0.isEmpty }), let last = lines.lastIndex(where: { !$0.isEmpty })
    else { return ["(an empty image)"] }
    return Array(lines[first...last])
  }

  private static func character(_ upper: Int, _ lower: Int) -> Character {
    if upper >= 3 && lower <= 1 { return "▀" }
    if lower >= 3 && upper <= 1 { return "▄" }
    return Array(" ░▒▓█")[(upper + lower + 1) / 2]
  }
}

/// Horizontal bars, in groups where there is more than one series: what is compared is read from top to bottom.
struct BarChart {
  struct Series {
    let name: String
    /// One for each category; nil where there is none.
    var values: [Double?]
  }

  let title: String
  /// What was measured on, in a smaller line.
  var subtitle = ""
  /// What the numbers are.
  let unit: String
  let categories: [String]
  let series: [Series]
  var scale = Scale.Kind.linear

  func svg() -> String {
    let labelWidth = (categories.map { SVGCanvas.textWidth($0, size: 12) }.max() ?? 0) + 12
    let (barHeight, gap) = (series.count == 1 ? 15.0 : 11.0, series.count == 1 ? 6.0 : 9.0)
    let groupHeight = barHeight * Double(series.count) + gap
    let (left, valueRoom) = (16 + labelWidth, 58.0)
    let plotWidth = 460.0
    let width = left + plotWidth + valueRoom
    let entries = series.enumerated().map { ($1.name, SVGCanvas.palette[$0 % SVGCanvas.palette.count]) }
    let hasLegend = series.count > 1
    // Names that do not fit one line take another one: 8 lines are more than any chart needs.
    var trial = SVGCanvas(width: width, height: 0)
    let legendHeight = hasLegend ? trial.legend(entries, x: left, y: 0) : 0
    let top = 34 + (subtitle.isEmpty ? 0 : 18) + legendHeight + 4
    let plotHeight = groupHeight * Double(categories.count) + gap
    var canvas = SVGCanvas(width: width, height: top + plotHeight + 48)

    canvas.text(title, 16, 24, size: 15, isBold: true)
    if !subtitle.isEmpty { canvas.text(subtitle, 16, 42) }
    if hasLegend { _ = canvas.legend(entries, x: left, y: top - legendHeight + 4) }
    let axis = Scale(scale, holding: series.flatMap(\.values).compactMap { $0 })
    for tick in axis.ticks {
      let x = left + plotWidth * axis.position(tick)
      canvas.line(x, top, x, top + plotHeight, isFaint: true)
      canvas.text(Scale.label(tick), x, top + plotHeight + 16, anchor: .middle, size: 11)
    }
    canvas.text(unit, left + plotWidth / 2, top + plotHeight + 36, anchor: .middle)
    for (row, category) in categories.enumerated() {
      let y = top + gap + groupHeight * Double(row)
      canvas.text(category, left - 8, y + (groupHeight - gap) / 2 + 4, anchor: .end)
      for (index, one) in series.enumerated() {
        guard let value = one.values[row] else { continue }
        let barTop = y + barHeight * Double(index)
        let length = plotWidth * axis.position(value)
        canvas.bar(left, barTop + 0.5, length, barHeight - 1, color: entries[index].1)
        canvas.text(formatted(value), left + length + 5, barTop + barHeight / 2 + 4, size: 11)
      }
    }
    canvas.line(left, top, left, top + plotHeight)
    return canvas.document(title: title)
  }
}

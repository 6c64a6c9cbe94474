/// Lines and dots over two numeric axes.
struct LineChart {
  struct Series {
    let name: String
    var points: [(x: Double, y: Double)]
    /// For each point, what it stands for; may be empty.
    var labels: [String] = []
    var hasLine = true
    var hasDots = true
    var isDashed = false
  }

  let title: String
  var subtitle = ""
  let xTitle: String
  let yTitle: String
  var xScale = Scale.Kind.linear
  var yScale = Scale.Kind.linear
  let series: [Series]

  func svg() -> String {
    let (left, plotWidth, plotHeight) = (64.0, 620.0, 380.0)
    let width = left + plotWidth + 24
    let entries = series.enumerated().map { ($1.name, SVGCanvas.palette[$0 % SVGCanvas.palette.count]) }
    var trial = SVGCanvas(width: width, height: 0)
    let legendHeight = trial.legend(entries, x: left, y: 0)
    let top = 34 + (subtitle.isEmpty ? 0 : 18) + legendHeight + 4
    let bottom = top + plotHeight
    var canvas = SVGCanvas(width: width, height: bottom + 50)

    canvas.text(title, 16, 24, size: 15, isBold: true)
    if !subtitle.isEmpty { canvas.text(subtitle, 16, 42) }
    _ = canvas.legend(entries, x: left, y: top - legendHeight + 4)
    let points = series.flatMap(\.points)
    let (xAxis, yAxis) = (Scale(xScale, holding: points.map(\.x)), Scale(yScale, holding: points.map(\.y)))
    func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
      (left + plotWidth * xAxis.position(point.x), bottom - plotHeight * yAxis.position(point.y))
    }
    for tick in xAxis.ticks {
      let x = place((tick, yAxis.low)).x
      canvas.line(x, top, x, bottom, isFaint: true)
      canvas.text(Scale.label(tick), x, bottom + 16, anchor: .middle, size: 11)
    }
    for tick in yAxis.ticks {
      let y = place((xAxis.low, tick)).y
      canvas.line(left, y, left + plotWidth, y, isFaint: true)
      canvas.text(Scale.label(tick), left - 7, y + 4, anchor: .end, size: 11)
    }
    canvas.text(xTitle, left + plotWidth / 2, bottom + 36, anchor: .middle)
    canvas.text(yTitle, 18, top + plotHeight / 2, anchor: .middle, turn: -90)
    canvas.line(left, bottom, left + plotWidth, bottom)
    canvas.line(left, top, left, bottom)
    for (index, one) in series.enumerated() {
      let color = entries[index].1
      let places = one.points.map(place)
      if one.hasLine { canvas.path(places, color: color, isDashed: one.isDashed) }
      if one.hasDots {
        for (number, spot) in places.enumerated() {
          canvas.dot(spot.x, spot.y, color: color, label: number < one.labels.count ? one.labels[number] : "")
        }
      }
    }
    return canvas.document(title: title)
  }
}

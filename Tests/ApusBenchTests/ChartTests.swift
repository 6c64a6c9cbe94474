import Foundation
import FoundationXML
import Testing

@testable import ApusBench

@Suite struct ChartTests {
  /// The elements of a drawing by name; records an issue when it is no well-formed XML.
  private func elementCounts(_ svg: String) -> [String: Int] {
    final class Counter: NSObject, XMLParserDelegate {
      var counts: [String: Int] = [:]
      func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
      ) {
        counts[name, default: 0] += 1
      }
    }
    let counter = Counter()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = counter
    #expect(parser.parse(), "not well-formed: \(parser.parserError.map { "\($0)" } ?? "")")
    return counter.counts
  }

  @Test func linearScalesStartAtZeroAndReachTheLargest() {
    let scale = Scale(.linear, holding: [3, 87])
    #expect(scale.low == 0 && scale.high == 100 && scale.ticks == [0, 20, 40, 60, 80, 100])
    #expect(scale.position(50) == 0.5)
  }

  @Test func logarithmicScalesHoldAllPositiveNumbers() {
    let scale = Scale(.logarithmic, holding: [0.3, 40, 0])
    #expect(scale.low == 0.2 && scale.high == 50)
    #expect(scale.ticks == [0.2, 0.5, 1, 2, 5, 10, 20, 50])
    #expect(abs(scale.position(0.2)) < 1e-12 && abs(scale.position(50) - 1) < 1e-12)
    let wide = Scale(.logarithmic, holding: [1e-3, 1e4])
    #expect(wide.ticks.first == 1e-3 && wide.ticks.last == 1e4 && wide.ticks.count == 8)
  }

  @Test func barsStandForTheValuesThatThereAre() {
    let chart = BarChart(
      title: "a < b & \"c\"", unit: "GFLOP/s", categories: ["one", "two"],
      series: [.init(name: "Apus", values: [1, 2]), .init(name: "peer", values: [nil, 3])])
    let counts = elementCounts(chart.svg())
    // Three bars, and two squares of the legend.
    #expect(counts["rect"] == 5)
  }

  @Test func linesHaveTheirDots() {
    let chart = LineChart(
      title: "t", xTitle: "x", yTitle: "y", xScale: .logarithmic, yScale: .logarithmic,
      series: [
        .init(name: "roof", points: [(0.1, 1), (10, 100)], hasDots: false),
        .init(name: "work", points: [(1, 5), (2, 7)], labels: ["<1>", "2"], hasLine: false),
      ])
    let counts = elementCounts(chart.svg())
    #expect(counts["polyline"] == 1 && counts["circle"] == 2)
  }

  @Test func recordsQuoteWhatFormatsNeed() {
    var record = Record()
    record.add("name", "a,\"b\"")
    record.add("count", 3)
    record.add("share", 0.25)
    record.add("missing", nil as Double?)
    #expect(record.csvHeader == "name,count,share,missing")
    #expect(record.csv == "\"a,\"\"b\"\"\",3,0.25,")
    #expect(record.json == "{\"name\": \"a,\\\"b\\\"\", \"count\": 3, \"share\": 0.25, \"missing\": null}")
  }
}

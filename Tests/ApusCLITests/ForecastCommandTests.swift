import Foundation
import Testing

@testable import ApusCLI

@Suite struct ForecastCommandTests {
  /// Ten years of months: a trend, and a season whose swings grow with it. One value is missing.
  static func write(_ folder: TemporaryFolder) throws -> String {
    var text = "Month,Note,Units\n"
    for month in 0..<120 {
      let angle = 2 * Double.pi * Double(month) / 12
      let level: Double = 50 * exp(0.01 * Double(month)) * (1 + 0.3 * sin(angle))
      let units = month == 30 ? "NA" : "\((level * 10).rounded() / 10)"
      text += "\(2000 + month / 12)-\(month % 12 < 9 ? "0" : "")\(month % 12 + 1),x,\(units)\n"
    }
    return try folder.write("units.csv", Array(text.utf8))
  }

  static let quick = ["--members", "1", "--steps", "60", "--hidden", "8"]

  private func run(_ words: [String]) throws -> BuiltCommand.Result { try BuiltCommand.start(words).finish() }

  @Test func holdsBackAndCompares() throws {
    let folder = try TemporaryFolder()
    let file = try Self.write(folder)
    let plot = folder.path("p.svg")
    let table = folder.path("f.csv")
    let result = try run(["forecast", file, "--plot", plot, "--csv", table, "--season", "difference"] + Self.quick)
    #expect(result.code == 0 && result.messages.isEmpty, "\(result.messages)")
    #expect(result.output.contains("120 values of Units, 2000-01 to 2009-12, 1 missing"))
    #expect(result.output.contains("period 12, horizon 24"))
    #expect(result.output.contains("% less error than the seasonal-naive forecast"), "\(result.output)")
    let drawing = try String(contentsOfFile: plot, encoding: .utf8)
    #expect(drawing.hasPrefix("<svg") && drawing.contains("units.csv: 24 steps from 2008-01 on"))
    let lines = try String(contentsOfFile: table, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 25 && lines[0] == "time,forecast,seasonal_naive,truth" && lines[1].hasPrefix("2008-01,"))
  }

  @Test func printsAnObject() throws {
    let folder = try TemporaryFolder()
    let file = try Self.write(folder)
    let result = try run(["forecast", file, "--json", "--origins", "2", "--horizon", "12"] + Self.quick)
    #expect(result.code == 0 && result.messages.isEmpty)
    let object = try #require(try result.objects().first)
    #expect(object["period"] as? Int == 12 && object["horizon"] as? Int == 12 && object["series"] as? String == "Units")
    let origins = try #require(object["origins"] as? [[String: Any]])
    #expect(origins.map { $0["first"] as? String } == ["2009-01", "2008-01"])
    #expect(origins.map { $0["learned_from"] as? Int } == [108, 96])
    for origin in origins {
      #expect((origin["forecast"] as? [Double])?.count == 12 && (origin["truth"] as? [Double])?.count == 12)
      #expect(((origin["model"] as? [String: Any])?["mase"] as? Double ?? 0) > 0)
    }
    #expect(object["mean_mae"] is Double)
  }

  /// A forecast cannot know what is held back: other values there give the same forecast.
  @Test func nothingIsPeekedAt() throws {
    let folder = try TemporaryFolder()
    let file = try Self.write(folder)
    let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    let others = lines.prefix(109) + lines.suffix(12).map { $0.split(separator: ",")[0] + ",x,9999" }
    let changed = try folder.write("other.csv", Array((others.joined(separator: "\n") + "\n").utf8))
    func forecast(_ file: String) throws -> [Double] {
      let result = try run(["forecast", file, "--json", "--horizon", "12"] + Self.quick)
      let origins = try #require(try result.objects().first?["origins"] as? [[String: Any]])
      return try #require(origins[0]["forecast"] as? [Double])
    }
    #expect(try forecast(file) == forecast(changed))
  }

  @Test func theFutureAndASavedForecaster() throws {
    let folder = try TemporaryFolder()
    let file = try Self.write(folder)
    let saved = folder.path("m.safetensors")
    let future = try run(
      ["forecast", file, "--future", "--horizon", "3", "--save", saved, "--json"] + Self.quick)
    #expect(future.code == 0, "\(future.messages)")
    let origins = try #require(try future.objects().first?["origins"] as? [[String: Any]])
    #expect(origins[0]["first"] as? String == "+1" && origins[0]["model"] is NSNull)
    let again = try run(["forecast", file, "--future", "--load", saved, "--json"])
    #expect(again.code == 0 && again.output == future.output, "\(again.messages)")
    // It has seen what would be held back.
    let peeking = try run(["forecast", file, "--load", saved])
    #expect(peeking.code == 1 && peeking.messages.contains("it has seen some of those that are held back"))
    let mixed = try run(["forecast", file, "--load", saved, "--steps", "7"])
    #expect(mixed.code == 2 && mixed.messages.contains("--steps does not go with --load"))
  }

  @Test func mistakesAreExplained() throws {
    let folder = try TemporaryFolder()
    let file = try Self.write(folder)
    let missing = try run(["forecast", folder.path("none.csv")])
    #expect(missing.code == 1 && missing.messages.contains("none.csv"))
    let column = try run(["forecast", file, "--column", "Unit"])
    #expect(column.code == 1 && column.messages.contains("expected a column \"Unit\""))
    let text = try run(["forecast", file, "--column", "Note"])
    #expect(text.code == 1 && text.messages.contains("line 2") && text.messages.contains("a number in column"))
    let long = try run(["forecast", file, "--horizon", "120"])
    #expect(long.code == 1 && long.messages.contains("120 rows are too few to hold back 120"))
    let few = try run(["forecast", file, "--horizon", "100"])
    #expect(few.code == 1 && few.messages.contains("20 values to learn from are too few"))
    let plain = try folder.write("plain.csv", Array("1\n2\n3\n4\n5\n6\n7\n8\n".utf8))
    let period = try run(["forecast", plain])
    #expect(period.code == 2 && period.messages.contains("say --period N"))
    let origins = try run(["forecast", file, "--future", "--origins", "2"])
    #expect(origins.code == 2)
    #expect(try run(["forecast"]).code == 2)
    let place = try run(["forecast", file, "--plot", folder.path("no/such/p.svg")])
    #expect(place.code == 1 && place.output.isEmpty)
  }
}

import Testing

@testable import ApusData

@Suite struct TimeSeriesTests {
  private func read(
    _ text: String, column: String? = nil, time: String? = nil, delimiter: Character = ","
  ) throws(DataError) -> TimeSeries {
    try TimeSeries(Array(text.utf8), column: column, timeColumn: time, delimiter: delimiter, path: "x.csv")
  }

  @Test func monthsAreFound() throws {
    let series = try read("\"Month\",\"Passengers\"\n\"1949-11\",112\n\"1949-12\",118\n\"1950-01\",132\n")
    #expect(series.name == "Passengers" && series.values == [112, 118, 132])
    #expect(series.times == ["1949-11", "1949-12", "1950-01"])
    #expect(series.suggestedPeriod == 12 && series.gapCount == 0)
  }

  @Test func otherSteps() throws {
    func period(_ dates: [String]) throws -> (Int?, Int) {
      let series = try read("t,v\n" + dates.map { "\($0),1" }.joined(separator: "\n"))
      return (series.suggestedPeriod, series.gapCount)
    }
    #expect(try period(["2020-01-31", "2020-02-01", "2020-02-02"]) == (7, 0))
    #expect(try period(["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-02", "2024-03-03"]) == (7, 1))
    #expect(try period(["2020-01-01", "2020-01-08", "2020-01-15"]) == (52, 0))
    #expect(try period(["2020-01", "2020-04", "2020-07", "2020-10"]) == (4, 0))
    #expect(try period(["2020-01-01", "2020-02-01", "2020-04-01"]) == (12, 1))
    #expect(try period(["2020", "2021", "2022"]) == (nil, 0))
    #expect(try period(["a", "b", "c"]) == (nil, 0))
    let years = (0..<1100).map { day in
      "20\(10 + day / 336)-\(day / 28 % 12 + 1 < 10 ? "0" : "")\(day / 28 % 12 + 1)-\(day % 28 + 1)"
    }
    #expect(try period(years).0 == 365)
  }

  @Test func columnsAreChosen() throws {
    let text = "day;place;high;low;remark\n2020-01-01;x;3;1;a\n2020-01-02;x;4;2;b\n"
    #expect(try read(text, delimiter: ";").name == "low")
    #expect(try read(text, column: "high", delimiter: ";").values == [3, 4])
    #expect(try read(text, column: "3", delimiter: ";").name == "high")
    #expect(try read(text, column: "high", time: "place", delimiter: ";").times == ["x", "x"])
    let error = #expect(throws: DataError.self) { try read(text, column: "hihg", delimiter: ";") }
    #expect(error?.kind == .missing && "\(error!)".contains("\"high\""))
  }

  @Test func aFileWithoutNames() throws {
    let series = try read("5\n6\n7\n")
    #expect(series.name == "column 1" && series.values == [5, 6, 7] && series.times == ["1", "2", "3"])
    #expect(series.suggestedPeriod == nil)
    #expect(try read("2020-01,5\n2020-02,6\n").values == [5, 6])
  }

  @Test func missingValuesStayMissing() throws {
    let series = try read("t,v\na,1\nb,\nc,NA\nd,?\ne, nan \nf,6\n")
    #expect(series.values == [1, nil, nil, nil, nil, 6])
  }

  @Test func mistakesNameTheirLine() throws {
    func message(_ text: String, column: String? = nil) -> String {
      do throws(DataError) {
        _ = try read(text, column: column)
        return "accepted"
      } catch { return "\(error)" }
    }
    let number = message("t,v\n2020-01,1\n2020-02,2\n2020-03,3\n2020-04,?0.2\n", column: "v")
    #expect(number.contains("x.csv") && number.contains("line 5") && number.contains("?0.2"), "\(number)")
    #expect(message("t,v\n2020-01,1\n2020-02,inf\n", column: "v").contains("line 3"))
    let order = message("t,v\n2020-01,1\n2020-03,2\n2020-02,3\n")
    #expect(order.contains("line 4") && order.contains("a later date than \"2020-03\""), "\(order)")
    #expect(message("t,v\n2020-01,1\n2020-01,2\n").contains("line 3"))
    #expect(message("t,v\n2020-01,1\n2020-02\n").contains("line 3"))
    #expect(message("t,v\n").contains("rows of numbers"))
    #expect(message("").contains("an empty file"))
    #expect(message("a,b\nx,y\n").contains("a column of numbers"))
  }

  @Test func damagedFilesAreRefusedOrRead() {
    expectSafe(Array("t,v\n2020-01,1\n2020-02,\"2\"\n".utf8)) { bytes throws(DataError) in
      _ = try TimeSeries(bytes)
    }
  }
}

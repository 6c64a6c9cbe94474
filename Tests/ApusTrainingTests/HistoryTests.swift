import ApusData
import Foundation
import Testing

@testable import ApusTraining

@Suite struct HistoryTests {
  static func sample(epochs: Int = 3, validation: Bool = true) -> History {
    var history = History()
    for epoch in 1...epochs {
      let decay = 1 / Double(epoch)
      let training = Evaluation(
        loss: decay, metrics: [.init(name: "accuracy", value: 1 - decay / 10)], sampleCount: 60000)
      let test = Evaluation(
        loss: decay / 2, metrics: [.init(name: "accuracy", value: 1 - decay / 20)], sampleCount: 10000)
      history.append(
        EpochRecord(
          epoch: epoch, training: training, validation: validation ? test : nil, seconds: 2, learningRate: 0.01))
    }
    return history
  }

  @Test func tableIsAligned() {
    let text = Self.sample().description
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines.count == 5)
    #expect(lines[0] == "epoch    loss  accuracy  test loss  test accuracy  seconds  samples/s")
    #expect(lines[2] == "    1  1.0000    0.9000     0.5000         0.9500     2.00     30,000")
    #expect(Set(lines.map(\.count)).count == 1)
  }

  @Test func tableWithoutValidation() {
    let lines = Self.sample(validation: false).description.split(separator: "\n")
    #expect(lines[0] == "epoch    loss  accuracy  seconds  samples/s")
  }

  @Test func csvHasAllDigitsAndEmptyFields() {
    var history = Self.sample(epochs: 1)
    history.append(
      EpochRecord(epoch: 2, training: Evaluation(loss: 0.1, sampleCount: 10), seconds: 0, learningRate: 0.005))
    let lines = history.csv.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines[0] == "epoch,train_loss,train_accuracy,test_loss,test_accuracy,seconds,samples_per_second,learning_rate")
    #expect(lines[1] == "1,1.0,0.9,0.5,0.95,2.0,30000.0,0.01")
    #expect(lines[2] == "2,0.1,,,,0.0,0.0,0.005")
    #expect(lines[3] == "")
  }

  @Test func csvQuotesNames() {
    var history = History()
    let training = Evaluation(loss: 1, metrics: [.init(name: "a,\"b\"", value: 2)])
    history.append(EpochRecord(epoch: 1, training: training, seconds: 1, learningRate: 1))
    #expect(history.csv.hasPrefix("epoch,train_loss,\"train_a,\"\"b\"\"\","))
  }

  @Test func bestIsTheLowestValidationLoss() {
    #expect(Self.sample().best?.epoch == 3)
    #expect(History().best == nil)
    var history = Self.sample()
    history.append(EpochRecord(epoch: 4, training: Evaluation(loss: .nan), seconds: 1, learningRate: 1))
    #expect(history.best?.epoch == 3)
  }

  @Test func plotIsWellFormed() {
    let svg = Self.sample(epochs: 12).svg(title: "cnn <1 & 2>")
    #expect(svg.hasPrefix("<svg "))
    #expect(svg.hasSuffix("</svg>\n"))
    #expect(svg.contains("cnn &lt;1 &amp; 2&gt;"))
    #expect(svg.contains(">loss</text>"))
    #expect(svg.contains(">accuracy</text>"))
    #expect(!svg.contains("nan") && !svg.contains("inf"))
    // Every element is closed: by itself or by a closing tag.
    var open: [Substring] = []
    for piece in svg.split(separator: "<") {
      let tag = piece.prefix { $0 != ">" }
      let name = tag.prefix { $0.isLetter }
      if tag.hasPrefix("/") {
        #expect(open.popLast() == tag.dropFirst())
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
    }
    #expect(open.isEmpty)
    // Two panels with two curves of 12 points, and the two points of the legend.
    #expect(svg.split(separator: "<").count { $0.hasPrefix("circle ") } == 2 * 2 * 12 + 2)
  }

  @Test(arguments: [0, 1, 2]) func plotOfLittle(epochs: Int) {
    let history = epochs == 0 ? History() : Self.sample(epochs: epochs)
    #expect(!history.svg().contains("nan"))
  }

  @Test func plotPassesOverWhatIsNotANumber() {
    var history = Self.sample(epochs: 2)
    history.append(EpochRecord(epoch: 3, training: Evaluation(loss: .nan), seconds: 1, learningRate: 1))
    #expect(!history.svg().contains("nan"))
  }

  @Test func writesFiles() throws {
    let base = NSTemporaryDirectory() + "apus-history-\(UInt64.random(in: 0 ... .max))"
    defer { for end in [".csv", ".svg"] { try? FileManager.default.removeItem(atPath: base + end) } }
    let history = Self.sample()
    try history.writeCSV(to: base + ".csv")
    try history.writeSVG(to: base + ".svg", title: "cnn")
    #expect(try String(contentsOfFile: base + ".csv", encoding: .utf8) == history.csv)
    #expect(try String(contentsOfFile: base + ".svg", encoding: .utf8) == history.svg(title: "cnn"))
    #expect(throws: DataError.self) { try history.writeCSV(to: "/nowhere/history.csv") }
  }

  @Test func axisTakesRoundSteps() {
    let axis = Axis(0, 2.3, steps: 5)
    #expect(axis.step == 0.5)
    #expect(axis.start == 0)
    #expect(axis.end == 2.5)
    #expect(axis.ticks.count == 6)
    #expect(axis.places == 1)
    let narrow = Axis(0.981, 0.9895, steps: 5)
    #expect(narrow.start <= 0.981 && narrow.end >= 0.9895)
    #expect(narrow.places == 3)
    let flat = Axis(1, 1, steps: 5)
    #expect(flat.end > flat.start)
  }
}

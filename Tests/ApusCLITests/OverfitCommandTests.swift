import ApusData
import Foundation
import Testing

@testable import ApusCLI

@Suite struct OverfitCommandTests {
  static let quick = ["--samples", "60", "--test-limit", "100", "--epochs", "3", "--data", "synthetic"]

  @Test func printsARowForEachRemedy() throws {
    let folder = try TemporaryFolder()
    let plot = folder.path("p.svg")
    let result = try BuiltCommand.start(
      ["overfit", "--only", "all,none", "--seeds", "2", "--plot", plot] + Self.quick
    ).finish()
    #expect(result.code == 0 && result.messages.isEmpty, "\(result.messages)")
    let lines = result.output.split(separator: "\n")
    #expect(lines[0] == "synthetic digits: 60 images to train, 100 to test; 3 epochs, 2 seeds")
    for word in ["remedy", "train", "test", "gap", "loss gap", "epochs"] { #expect(lines[1].contains(word)) }
    #expect(lines[2].hasPrefix("none ") && lines[3].hasPrefix("all ") && lines[2].contains("±"))
    #expect(lines[2].count == lines[1].count)
    let drawing = try String(contentsOfFile: plot, encoding: .utf8)
    #expect(drawing.hasPrefix("<svg") && drawing.contains(">none<") && drawing.contains(">all<"))
  }

  @Test func printsObjects() throws {
    let result = try BuiltCommand.start(
      ["overfit", "--only", "none,early-stopping", "--seeds", "1", "--json"] + Self.quick
    ).finish()
    let objects = try result.objects()
    #expect(objects.map { $0["remedy"] as? String } == ["none", "early-stopping"])
    for object in objects {
      let (train, test) = (object["train_accuracy"] as? Double ?? 0, object["test_accuracy"] as? Double ?? 0)
      #expect(abs((object["accuracy_gap"] as? Double ?? 9) - (train - test)) < 1e-12)
      #expect(object["test_accuracy_deviation"] is NSNull)
    }
  }

  @Test func mistakesAreExplained() throws {
    let remedy = try BuiltCommand.run("overfit", "--only", "dropot")
    #expect(remedy.code == 2 && remedy.messages.contains("dropout"))
    let many = try BuiltCommand.run("overfit", "--data", "synthetic", "--samples", "30000")
    #expect(many.code == 1 && many.messages.contains("20,000 training images, not 30,000"))
    #expect(try BuiltCommand.run("overfit", "--samples", "3").code == 2)
  }

  @Test func augmentationsAreRead() throws {
    func read(_ text: String) throws -> Augmentation? {
      try AugmentOption.read(
        Arguments(parsing: ["--augment", text], for: TrainCommand.description), default: Augmentation(.flip))
    }
    #expect(try read("shift,rotate:15") == Augmentation(.shift(2), .rotation(degrees: 15)))
    #expect(
      try read("scale:0.2,shear,elastic:2,flip")
        == Augmentation(.scale(0.2), .shear(degrees: 10), .elastic(2), .flip))
    #expect(try read("none") == nil)
    #expect(AugmentOption.words(try read("shift:1.5,elastic,flip")) == "shift:1.5,elastic:1,flip")
    for text in ["shfit", "shift:-1", "shift:x", "shift,shift", "flip:1", "", "shift,", "rotate:999"] {
      #expect(throws: UsageError.self, "\(text)") { try read(text) }
    }
  }

  @Test func trainingImagesCanBeHeldBack() throws {
    let result = try BuiltCommand.run(
      "train", "--data", "synthetic", "--limit", "200", "--hold-back", "50", "--patience", "1", "--epochs", "40",
      "--learning-rate", "0.3", "--augment", "shift", "--json")
    #expect(result.code == 0, "\(result.messages)")
    let objects = try result.objects()
    // A rate this large soon makes it worse, so the run ends by itself.
    #expect(objects.count > 2 && objects.count < 41)
    #expect(objects.dropLast().allSatisfy { $0["held_back_accuracy"] is Double && $0["test_accuracy"] == nil })
    #expect(objects.last?["test_accuracy"] is Double)
    let patience = try BuiltCommand.run("train", "--patience", "2")
    #expect(patience.code == 2 && patience.messages.contains("--hold-back N"))
    let everything = try BuiltCommand.run("train", "--data", "synthetic", "--limit", "50", "--hold-back", "50")
    #expect(everything.code == 1 && everything.messages.contains("leaves nothing to learn from"))
  }
}

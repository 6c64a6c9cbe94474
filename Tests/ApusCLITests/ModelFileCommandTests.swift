import ApusData
import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusCLI

/// `evaluate` and `predict`: saved models, good and bad.
@Suite struct ModelFileCommandTests {
  /// A model that was trained for a moment, made once for all tests.
  private static let trained: (folder: TemporaryFolder, path: String)? = {
    guard let folder = try? TemporaryFolder() else { return nil }
    let path = folder.path("mlp.safetensors")
    let words = ["train", "--model", "mlp", "--limit", "1000", "--epochs", "6", "--save", path]
    guard let result = try? BuiltCommand.start(words).finish(), result.code == 0 else { return nil }
    return (folder, path)
  }()

  private var model: String {
    get throws { try #require(Self.trained?.path, "apus train --save failed") }
  }

  @Test func evaluationIsPrinted() throws {
    let result = try BuiltCommand.run("evaluate", model, "--limit", "400")
    #expect(result.code == 0 && result.messages.isEmpty)
    #expect(result.output.hasPrefix("mlp on 400 test images of synthetic digits\n"))
    for word in ["\nloss ", "\naccuracy ", "precision", "recall"] { #expect(result.output.contains(word)) }
  }

  @Test func evaluationAsJSONAgreesWithTraining() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("cnn.safetensors")
    let epochs = try BuiltCommand.run("train", "--limit", "300", "--epochs", "2", "--save", file, "--json").objects()
    let object = try #require(try BuiltCommand.run("evaluate", file, "--limit", "300", "--json").objects().first)
    #expect(object["model"] as? String == "cnn" && object["images"] as? Int == 300)
    #expect(object["accuracy"] as? Double == epochs.last?["test_accuracy"] as? Double)
    let matrix = try #require(object["confusion_matrix"] as? [[Int]])
    #expect(matrix.count == 10 && matrix.allSatisfy { $0.count == 10 })
    #expect(matrix.joined().reduce(0, +) == 300)
    let correct = (0..<10).reduce(0) { $0 + matrix[$1][$1] }
    #expect(object["accuracy"] as? Double == Double(correct) / 300)
  }

  @Test func predictionsOfEveryKindOfImageAgree() throws {
    let folder = try TemporaryFolder()
    let (_, test) = SyntheticDigits.load(trainCount: 0, testCount: 3)
    let image = GreyImage(width: 28, height: 28, bytes: test.image(1))
    let png = try folder.write("one.png", image.png)
    let pgm = try folder.write("one.pgm", image.pgm)
    let paper = try folder.write("paper.pgm", image.inverted.pgm)
    let idx = try folder.write("images", IDXFile(test.pixels, dimensions: [3, 28, 28]).encoded)
    let zipped = try folder.write("images.gz", Gzip.compress(IDXFile(test.pixels, dimensions: [3, 28, 28]).encoded))
    let single = try folder.write("single", IDXFile(Array(test.image(1)), dimensions: [1, 28, 28]).encoded)
    let names = [png, pgm, "\(idx):1", "\(zipped):1", single, paper]
    let result = try BuiltCommand.start(["predict", model, "--json"] + names).finish()
    #expect(result.code == 0 && result.messages.isEmpty, "\(result.messages)")
    let objects = try result.objects()
    #expect(objects.compactMap { $0["image"] as? String } == names)
    let first = try #require(objects.first?["probabilities"] as? [Double])
    #expect(first.count == 10 && abs(first.reduce(0, +) - 1) < 1e-5)
    let best = try #require(objects[0]["class"] as? Int)
    #expect(first.max() == first[best] && objects[0]["probability"] as? Double == first[best])
    for object in objects {
      let probabilities = try #require(object["probabilities"] as? [Double])
      for (one, other) in zip(first, probabilities) { #expect(abs(one - other) < 1e-3) }
    }
  }

  @Test func theDigitIsDrawn() throws {
    let folder = try TemporaryFolder()
    let (_, test) = SyntheticDigits.load(trainCount: 0, testCount: 2)
    let idx = try folder.write("images", IDXFile(test.pixels, dimensions: [2, 28, 28]).encoded)
    let result = try BuiltCommand.run("predict", model, "\(idx):0", "\(idx):1")
    #expect(result.code == 0)
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].hasPrefix("\(idx):0: ") && lines[0].hasSuffix(" %)"))
    #expect(result.output.contains { "▀▄█▓▒".contains($0) })
    for digit in 0...9 {
      #expect(lines.contains { $0.dropFirst(32).hasPrefix("\(digit)  ") }, "no row for \(digit)")
    }
    #expect(lines.contains { $0.hasPrefix("\(idx):1: ") })
  }

  @Test func aPictureOfAnySizeIsPrepared() throws {
    let folder = try TemporaryFolder()
    let (_, test) = SyntheticDigits.load(trainCount: 0, testCount: 1)
    let large = GreyImage(width: 28, height: 28, bytes: test.image(0)).resized(width: 300, height: 300).inverted
    let png = try folder.write("large.png", large.png)
    let result = try BuiltCommand.run("predict", model, png)
    #expect(result.code == 0 && result.messages.isEmpty)
  }

  @Test func imagesThatCannotBeUsed() throws {
    let folder = try TemporaryFolder()
    let empty = IDXFile([UInt8](repeating: 0, count: 2 * 784), dimensions: [2, 28, 28])
    let rows = try folder.write("rows", empty.encoded)
    let labels = try folder.write("labels", IDXFile([1, 2, 3], dimensions: [3]).encoded)
    let text = try folder.write("text.png", Array("no image".utf8))
    let broken = try folder.write("broken.pgm", Array("P5\n28 28\n255\nabc".utf8))
    let cases = [
      (folder.path("none.png"), "\(folder.path("none.png")): missing"),
      ("\(rows):2", "\(rows) has no row 2: it holds rows 0 to 1"),
      (rows, "\(rows) holds 2 images; name one of them, as \(rows):0"),
      ("\(labels):0", "\(labels): 3 numbers of uint8, not bytes of images of 28×28"),
      (text, "\(text): another format"),
      (broken, "\(broken): truncated"),
    ]
    for (name, message) in cases {
      let result = try BuiltCommand.run("predict", model, name)
      #expect(result.code == 1 && result.output.isEmpty)
      #expect(result.messages.hasPrefix("apus: " + message), "\(result.messages)")
    }
  }

  @Test func filesThatHoldNoModel() throws {
    let folder = try TemporaryFolder()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: model)))
    var stranger = Safetensors()
    stranger.set("weight", Tensor<Float>.zeros([2, 2]))
    let images = try folder.write("image", IDXFile([UInt8](repeating: 0, count: 784), dimensions: [1, 28, 28]).encoded)
    let cases: [(bytes: [UInt8], message: String)] = [
      ([], "truncated"), (Array("not a model, but long enough".utf8), "header"),
      (Array(whole.dropLast(1000)), "truncated"), (Array(whole.prefix(100)), "truncated"),
      (stranger.encoded, "apus.architecture"),
    ]
    for (bytes, message) in cases {
      let file = try folder.write("model", bytes)
      for words in [["evaluate", file, "--limit", "10"], ["predict", file, images]] {
        let result = try BuiltCommand.start(words).finish()
        #expect(result.code == 1 && result.output.isEmpty)
        #expect(result.messages.hasPrefix("apus: \(file): ") && result.messages.contains(message), "\(result.messages)")
      }
    }
    let missing = try BuiltCommand.run("evaluate", folder.path("none"))
    #expect(missing.code == 1 && missing.messages.hasPrefix("apus: \(folder.path("none")): missing"))
  }

  @Test func modelsOfOtherThingsThanDigits() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("model")
    let image = try folder.write("image", IDXFile([UInt8](repeating: 0, count: 784), dimensions: [1, 28, 28]).encoded)
    let models: [(model: Sequential, message: String)] = [
      (Sequential { Linear(4, 10) }, "does not fit"),
      (Sequential { Conv2d(3, 8, kernelSize: 3) }, "does not fit"),
      (Sequential { Conv2d(1, 8, kernelSize: 3) }, "not a row of scores for each image"),
    ]
    for (model, message) in models {
      try model.save(file)
      for words in [["evaluate", file, "--limit", "10"], ["predict", file, image]] {
        let result = try BuiltCommand.start(words).finish()
        #expect(result.code == 1 && result.output.isEmpty)
        #expect(result.messages.hasPrefix("apus: \(file): ") && result.messages.contains(message), "\(result.messages)")
      }
    }
    // Three classes cannot be held against ten, but an image can be put into one of them.
    try Sequential {
      Flatten()
      Linear(784, 3)
    }.save(file)
    let evaluation = try BuiltCommand.run("evaluate", file, "--limit", "10")
    #expect(evaluation.code == 1 && evaluation.messages.contains("3 classes apart, not 10"))
    let prediction = try #require(try BuiltCommand.run("predict", file, image, "--json").objects().first)
    #expect((prediction["probabilities"] as? [Double])?.count == 3)
  }
}

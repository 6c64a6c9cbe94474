import ApusData
import ApusNN
import ApusTraining
import Foundation
import Testing

@testable import ApusCLI

@Suite struct TrainCommandTests {
  @Test func printsATable() throws {
    let result = try BuiltCommand.run("train", "--limit", "128", "--epochs", "2")
    #expect(result.code == 0, "\(result.messages)")
    // No terminal, no progress: nothing but the results is written.
    #expect(result.messages.isEmpty && !result.output.contains("\u{1B}") && !result.output.contains("\r"))
    let lines = result.output.split(separator: "\n")
    #expect(lines[0] == "cnn: 21,840 parameters, SGD, learning rate 0.01, momentum 0.5, batches of 64, seed 0")
    #expect(lines[1].hasPrefix("synthetic digits: 128 images to train, 128 to test; "))
    let words = ["epoch", "loss", "train accuracy", "test accuracy", "seconds", "images/s"]
    for word in words { #expect(lines[2].contains(word)) }
    #expect(lines.count == 5)
    #expect(lines[3].count == lines[2].count && lines[4].count == lines[2].count)
    #expect(lines[4].hasPrefix("    2  "))
  }

  @Test func printsAnObjectForEachEpoch() throws {
    let result = try BuiltCommand.run(
      "train", "--model", "mlp", "--limit", "300", "--epochs", "3", "--json", "--threads", "2", "--batch-size", "16")
    #expect(result.code == 0 && result.messages.isEmpty)
    let objects = try result.objects()
    #expect(objects.compactMap { $0["epoch"] as? Int } == [1, 2, 3])
    for object in objects {
      let keys = ["epoch", "train_loss", "train_accuracy", "test_accuracy", "seconds", "images_per_second"]
      #expect(Set(object.keys) == Set(keys))
      for key in ["train_accuracy", "test_accuracy"] {
        #expect((0...1).contains(try #require(object[key] as? Double)))
      }
      let (seconds, rate) = (object["seconds"] as? Double ?? 0, object["images_per_second"] as? Double ?? 0)
      #expect(seconds > 0 && abs(seconds * rate - 300) < 0.01)
    }
    let losses = objects.compactMap { $0["train_loss"] as? Double }
    #expect(losses[2] < losses[0] * 0.8, "three epochs did not help: \(losses)")
  }

  @Test(arguments: ModelZoo.allCases)
  func everyModelTrainsAndIsSaved(model: ModelZoo) throws {
    let folder = try TemporaryFolder()
    let file = folder.path("model.safetensors")
    let result = try BuiltCommand.run("train", "--model", model.name, "--limit", "100", "--epochs", "1", "--save", file)
    #expect(result.code == 0, "\(result.messages)")
    #expect(result.output.hasPrefix("\(model.name): ") && result.output.hasSuffix("saved the model to \(file)\n"))
    let stored = try StoredModel(path: file)
    #expect(stored.name == model.name && stored.classCount == 10)
    #expect(stored.normalization == model.recipe.normalization)
  }

  @Test func stepsEndARun() throws {
    let result = try BuiltCommand.run("train", "--steps", "5", "--limit", "192", "--batch-size", "64", "--json")
    let objects = try result.objects()
    // Three steps make an epoch, so the second one is cut short, and its figures are those of what was seen.
    #expect(objects.compactMap { $0["epoch"] as? Int } == [1, 2])
    let last = try #require(objects.last)
    let images = (last["seconds"] as? Double ?? 0) * (last["images_per_second"] as? Double ?? 0)
    #expect(abs(images - 128) < 0.01)
  }

  @Test func recipesStandBehindWhatIsNotSaid() throws {
    func settings(_ words: String...) throws -> TrainSettings {
      try TrainSettings(Arguments(parsing: words, for: TrainCommand.description))
    }
    let seed = try settings()
    #expect(seed.model == .cnn && seed.epochCount(samples: 60_000) == 10 && seed.batchSize == 64 && seed.steps == nil)
    let mlp3 = try settings("--model", "mlp3")
    #expect(mlp3.steps == 1000 && mlp3.epochCount(samples: 60_000) == 2 && mlp3.epochCount(samples: 640) == 100)
    let whole = try settings("--model", "mlp3", "--epochs", "3")
    #expect(whole.steps == nil && whole.epochCount(samples: 60_000) == 3)
    let both = try settings("--epochs", "3", "--steps", "7")
    #expect(both.steps == 7 && both.epochCount(samples: 60_000) == 3)
    #expect(try settings("--learning-rate", "0.1").optimizerWords == "SGD, learning rate 0.1, momentum 0.5")
    #expect(try settings("--model", "mlp", "--learning-rate=2e-3").optimizerWords == "Adam, learning rate 0.002")
    let falling = try settings("--model", "mlp3", "--learning-rate", "0.01")
    #expect(falling.optimizerWords == "Adam, learning rate 0.01 and falling")
  }

  @Test func theSameSeedGivesTheSameFile() throws {
    let folder = try TemporaryFolder()
    func train(_ name: String, _ more: String...) throws -> Data {
      let file = folder.path(name)
      let words = ["train", "--limit", "150", "--epochs", "1", "--save", file] + more
      #expect(try BuiltCommand.start(words).finish().code == 0)
      return try Data(contentsOf: URL(fileURLWithPath: file))
    }
    let one = try train("one", "--threads", "1")
    #expect(try train("two", "--threads", "2") == one)
    #expect(try train("four", "--threads", "4", "--seed", "0") == one)
    #expect(try train("other", "--seed", "1") != one)
  }

  @Test func aLossThatRanAwayIsNull() throws {
    let record = EpochRecord(epoch: 1, training: Evaluation(loss: .nan, sampleCount: 10), seconds: 2, learningRate: 1)
    #expect(
      "\(TrainReport.json(record))"
        == #"{"epoch": 1, "train_loss": null, "train_accuracy": null, "test_accuracy": null, "#
        + #""seconds": 2.0, "images_per_second": 5.0}"#)
    #expect(TrainReport.cells(record) == ["1", "nan", "–", "–", "2.00", "5"])
  }

  @Test func historyAndPlotAreWritten() throws {
    let folder = try TemporaryFolder()
    let (table, plot) = (folder.path("h.csv"), folder.path("p.svg"))
    let result = try BuiltCommand.run(
      "train", "--model", "mlp", "--limit", "64", "--epochs", "2", "--history-csv", table, "--plot", plot)
    #expect(result.code == 0 && result.output.contains(table) && result.output.contains(plot))
    let lines = try String(contentsOfFile: table, encoding: .utf8).split(separator: "\n")
    #expect(lines.count == 3 && lines[0].hasPrefix("epoch,train_loss,train_accuracy,test_loss,test_accuracy"))
    let drawing = try String(contentsOfFile: plot, encoding: .utf8)
    #expect(drawing.hasPrefix("<svg") && drawing.contains("mlp, Adam, learning rate 0.001"))
  }

  @Test func filesThatCannotBeWrittenAreRefusedBeforeTheWork() throws {
    let folder = try TemporaryFolder()
    for option in ["--save", "--history-csv", "--plot"] {
      let missing = try BuiltCommand.run("train", option, folder.path("no/such/file"))
      #expect(missing.code == 1 && missing.output.isEmpty)
      #expect(missing.messages.hasPrefix("apus: \(folder.path("no/such/file")): cannot be written: directory "))
      let directory = try BuiltCommand.run("train", option, folder.path(""))
      #expect(directory.code == 1 && directory.messages.contains("it is a directory"))
    }
  }

  @Test func anInterruptedRunIsSaved() throws {
    let folder = try TemporaryFolder()
    let file = folder.path("model.safetensors")
    let run = try BuiltCommand.start([
      "train", "--model", "mlp", "--limit", "256", "--epochs", "100000", "--json", "--save", file,
    ])
    let deadline = Date(timeIntervalSinceNow: 60)
    while run.output.isEmpty, run.process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
    #expect(!FileManager.default.fileExists(atPath: file))
    run.process.interrupt()
    while run.process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
    // Should it not have listened, it must not go on for hours.
    if run.process.isRunning { kill(run.process.processIdentifier, SIGKILL) }
    let result = run.finish()
    #expect(result.code == 130)
    #expect(result.messages.hasPrefix("apus: stopped early, after "))
    // Every line that was written is whole.
    #expect(try !result.objects().isEmpty)
    #expect(try StoredModel(path: file).name == "mlp")
  }
}

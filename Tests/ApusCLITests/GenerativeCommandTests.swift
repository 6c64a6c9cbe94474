import ApusData
import ApusNN
import ApusTensor
import Foundation
import Testing

@testable import ApusCLI

@Suite struct GenerativeCommandTests {
  /// A run so small that it teaches nothing but shows everything.
  private static func train(_ kind: String, _ more: [String]) throws -> BuiltCommand.Result {
    try BuiltCommand.start(
      ["train", kind, "--limit", "160", "--epochs", "1", "--batch-size", "64", "--latent", "4"] + more
    ).finish()
  }

  @Test(arguments: ["vae", "dcgan"])
  func trainsSavesAndDraws(kind: String) throws {
    let folder = try TemporaryFolder()
    let (file, grid, table) = (folder.path("m.safetensors"), folder.path("grid.png"), folder.path("h.csv"))
    let result = try Self.train(kind, ["--save", file, "--grid", grid, "--history-csv", table])
    #expect(result.code == 0 && result.messages.isEmpty, "\(result.messages)")
    let lines = result.output.split(separator: "\n")
    #expect(lines[0].hasPrefix("\(kind): ") && lines[1].hasPrefix("synthetic digits: 160 images to train"))
    #expect(lines[2].hasPrefix("judge: keras-cnn after one epoch, ") && lines[3].hasPrefix("real test images: conf"))
    for word in ["epoch", "loss", "confidence", "spread, bits", "score", "seconds"] { #expect(lines[4].contains(word)) }
    #expect(lines[4].count == lines[5].count)
    #expect(try GreyImage(path: grid).width == 8 * 30 + 2)
    #expect(try String(contentsOfFile: table, encoding: .utf8).hasPrefix("epoch,train_loss,"))

    let judge = folder.path("judge.safetensors")
    #expect(
      try BuiltCommand.run("train", "--model", "mlp", "--limit", "100", "--epochs", "1", "--save", judge).code == 0)
    func draw(_ name: String, _ more: String...) throws -> BuiltCommand.Result {
      try BuiltCommand.start(["generate", file, "--output", folder.path(name)] + more).finish()
    }
    let drawn = try draw("a.png", "--count", "10", "--columns", "4", "--judge", judge)
    #expect(drawn.code == 0 && drawn.output.hasPrefix("drew 10 images of a \(kind) to \(folder.path("a.png")), 122×92"))
    #expect(drawn.output.contains("inception score") && drawn.output.contains("images of each class: 0: "))
    // The same seed draws the same, at any number of threads; another draws something else; a PGM is the same picture.
    #expect(try draw("b.png", "--count", "10", "--columns", "4", "--threads", "1").code == 0)
    #expect(try draw("c.png", "--count", "10", "--columns", "4", "--seed", "1").code == 0)
    #expect(try draw("d.pgm", "--count", "10", "--columns", "4").code == 0)
    func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder.path(name))) }
    #expect(try bytes("a.png") == bytes("b.png"))
    #expect(try bytes("a.png") != bytes("c.png"))
    #expect(try GreyImage(path: folder.path("a.png")) == GreyImage(path: folder.path("d.pgm")))

    let way = try draw("way.png", "--interpolate", "--count", "6", "--columns", "3", "--json", "--judge", judge)
    let object = try #require(try way.objects().first)
    #expect(object["kind"] as? String == kind && object["images"] as? Int == 6 && object["width"] as? Int == 92)
    #expect((object["class_histogram"] as? [Int])?.reduce(0, +) == 6)
    #expect((0...1).contains(try #require(object["confidence"] as? Double)))
  }

  @Test func printsAnObjectForEachEpoch() throws {
    let vae = try Self.train("vae", ["--json", "--judge", "none", "--beta", "2", "--threads", "2"])
    #expect(vae.code == 0 && vae.messages.isEmpty)
    let object = try #require(try vae.objects().first)
    let parts = try #require(object["train_reconstruction"] as? Double) + (object["train_divergence"] as? Double ?? 0)
    #expect(abs(try #require(object["train_loss"] as? Double) - parts) < 1e-3)
    #expect(object["test_loss"] is Double && object["confidence"] is NSNull)
    let dcgan = try #require(try Self.train("dcgan", ["--json", "--judge", "none", "--steps", "1"]).objects().first)
    #expect(dcgan["test_loss"] is NSNull && dcgan["train_discriminator_of_real"] is Double)
    // One step of 64 of the 160 images.
    let images = (dcgan["seconds"] as? Double ?? 0) * (dcgan["images_per_second"] as? Double ?? 0)
    #expect(abs(images - 64) < 0.01)
  }

  @Test func mistakesAreTold() throws {
    let folder = try TemporaryFolder()
    let classifier = folder.path("c.safetensors")
    #expect(
      try BuiltCommand.run("train", "--model", "mlp", "--limit", "20", "--epochs", "1", "--save", classifier).code == 0)
    let wrong = try BuiltCommand.run("generate", classifier)
    #expect(wrong.code == 1 && wrong.messages.contains("images"), "\(wrong.messages)")
    let vae = folder.path("v.safetensors")
    try withSeed(1) { VariationalAutoencoder(latentSize: 2, channels: (1, 1)) }.save(vae)
    let cases: [([String], Int32, String)] = [
      (["generate", vae, "--prompt", "x"], 2, "--prompt"),
      (["generate", vae, "--count", "20000"], 1, "make no picture"),
      (["generate", vae, "--interpolate", "--columns", "1"], 2, "two --columns"),
      (["generate", vae, "--output", folder.path("no/such.png")], 1, "cannot be written"),
      (["generate", vae, "--judge", vae, "--output", folder.path("x.png")], 1, "apus.architecture"),
      (["generate", folder.path("nothing")], 1, "nothing"),
      (["train", "vae", "--latent", "0"], 2, "train vae: --latent takes a whole number from 1 to 4096"),
      (["train", "vae", "--beta", "-1"], 2, "train vae: --beta takes"),
      (["train", "vea"], 2, "did you mean train vae?"),
      (["train", "dcgan", "--beta", "1"], 2, "train dcgan: unknown option --beta"),
      (["train", "dcgan", "--judge", folder.path("nobody"), "--limit", "20"], 1, "nobody"),
      (["train", "vae", "--save", folder.path("no/such")], 1, "cannot be written"),
      (["pretrain", "--mask", "1"], 2, "pretrain: --mask takes a number from 0 to 0.95"),
      (["pretrain", "--deform", "rotat"], 2, "pretrain: --deform knows shift, rotate"),
      (["pretrain", "--deform", "shift,shift"], 2, "pretrain: --deform names shift twice"),
      (["pretrain", "--encoder", vae, "--save", "x"], 2, "--save goes with pretraining"),
      (["pretrain", "--encoder", vae, "--limit", "400"], 1, "the state does not fit"),
      (["pretrain", "--limit", "50"], 1, "not every class has 10 of the 50 images"),
      (["pretrain", "--limit", "400", "--tune"], 1, "--tune needs more than 5000"),
    ]
    for (words, code, message) in cases {
      let result = try BuiltCommand.start(words).finish()
      #expect(result.code == code && result.messages.contains(message), "\(words): \(result.messages)")
    }
  }

  @Test func pretrainingIsComparedSeedBySeed() throws {
    let folder = try TemporaryFolder()
    let (encoder, picture) = (folder.path("e.safetensors"), folder.path("p.png"))
    let small = ["--limit", "200", "--epochs", "1", "--labels", "2", "--steps", "2", "--seeds", "2"]
    let words = ["pretrain"] + small + ["--save", encoder, "--reconstructions", picture]
    let result = try BuiltCommand.start(words).finish()
    #expect(result.code == 0 && result.messages.isEmpty, "\(result.messages)")
    #expect(result.output.contains("from scratch") && result.output.contains("95 % confidence"))
    // Clean, corrupted, restored.
    let drawn = try GreyImage(path: picture)
    #expect(drawn.width == 16 * 30 + 2 && drawn.height == 3 * 30 + 2)

    let json = try BuiltCommand.start(["pretrain", "--json", "--threads", "1"] + small).finish()
    let objects = try json.objects()
    #expect(objects.count == 3 && objects[0]["seed"] as? Int == 0 && objects[1]["seed"] as? Int == 1)
    for object in objects.dropLast() {
      let (own, beside) = (object["scratch_accuracy"] as? Double ?? -1, object["pretrained_accuracy"] as? Double ?? -1)
      #expect((0...1).contains(own) && (0...1).contains(beside))
      #expect(abs(try #require(object["difference"] as? Double) - (beside - own)) < 1e-12)
    }
    #expect((objects[2]["confidence_interval_95"] as? [Double])?.count == 2)

    // The saved encoder is that of the first seed: the same accuracy without pretraining.
    let again = try BuiltCommand.start(
      ["pretrain", "--encoder", encoder, "--json", "--limit", "200", "--labels", "2", "--steps", "2", "--seeds", "1"]
    ).finish()
    let first = try #require(try again.objects().first)
    #expect(first["pretrained_accuracy"] as? Double == objects[0]["pretrained_accuracy"] as? Double)
    #expect(first["scratch_accuracy"] as? Double == objects[0]["scratch_accuracy"] as? Double)
    #expect(first["pretraining_test_loss"] is NSNull)
  }

  @Test(arguments: [["train", "vae", "--judge", "none"], ["pretrain"]])
  func anInterruptedRunIsSaved(words: [String]) throws {
    let folder = try TemporaryFolder()
    let file = folder.path("model.safetensors")
    let run = try BuiltCommand.start(words + ["--limit", "256", "--epochs", "100000", "--save", file])
    let deadline = Date(timeIntervalSinceNow: 60)
    while run.output.split(separator: "\n").count < 3, run.process.isRunning, Date() < deadline {
      Thread.sleep(forTimeInterval: 0.02)
    }
    Thread.sleep(forTimeInterval: 0.5)
    run.process.interrupt()
    while run.process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.02) }
    // Should it not have listened, it must not go on for hours.
    if run.process.isRunning { kill(run.process.processIdentifier, SIGKILL) }
    let result = run.finish()
    #expect(result.code == 130 && result.messages.hasPrefix("apus: stopped early, after "), "\(result.messages)")
    #expect(try !ModelFile(path: file).metadata.isEmpty)
  }
}

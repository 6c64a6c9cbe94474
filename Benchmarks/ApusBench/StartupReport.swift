import Apus
import ApusCompute
import Foundation

/// How long it takes from the start of a process to its first prediction: `apus predict`, and Python programs that do the same
/// with ONNX Runtime and PyTorch.
///
/// Each side reads a model of its own kind of file and the same picture, and prints the probabilities. The clock runs from
/// before the process is started until its line is here. A first run of each is not counted: it brings the files into memory.
struct StartupReport {
  static let models: [ModelZoo] = [.mlp, .cnn, .kerasCNN]
  /// "python" prints a line and does nothing else: what the interpreter takes before any library is loaded.
  static let peers = ["onnxruntime", "torch", "python"]
  static let defaultRounds = 11

  let options: Options

  init(_ options: Options) { self.options = options }

  func run() {
    for name in options.peers ?? [] where !StartupReport.peers.contains(name) {
      fail("no peer is called '\(name)'; there are \(StartupReport.peers.joined(separator: ", "))", code: 2)
    }
    let models = StartupReport.models.filter { options.isChosen($0.name) }
    if models.isEmpty { options.failNothingChosen() }
    let apus = companion("apus")
    do {
      let files = try StartupFiles()
      defer { files.remove() }
      try report(models, apus, files)
    } catch {
      fail("\(error)")
    }
  }

  private func report(_ models: [ModelZoo], _ apus: String, _ files: StartupFiles) throws {
    let peers = preparedPeers(files)
    let printer = Printer(
      options,
      [
        .left(models.map(\.name), "model"), .left(["apus"] + peers.map(\.name), "who"), .right(9, "median"),
        .right(9, "least"), .right(11, "best / apus"),
      ])
    let rounds = options.rounds ?? StartupReport.defaultRounds
    printer.note(
      "from the start of a process to its first prediction, \(threadsInWords(Threads.count)), \(rounds) runs of each")
    var series = (["Apus"] + peers.map(\.name)).map { BarChart.Series(name: $0, values: []) }
    for model in models {
      try files.write(model)
      let own = Program(name: "apus", path: apus, arguments: files.ownArguments(model))
      let contestants = [own] + peers.map { $0.predicting(model, files) }
      let times = try StartupReport.times(contestants, rounds: rounds)
      let medians = times.map { $0.isEmpty ? nil : median($0) }
      let rivals = zip(contestants, medians).compactMap { $0.name == "apus" || $0.name == "python" ? nil : $1 }
      for (index, contestant) in contestants.enumerated() {
        series[index].values.append(medians[index].map { 1e3 * $0 })
        guard let seconds = medians[index] else { continue }
        show(
          model, contestant.name, seconds, least: times[index].min()!, rounds,
          ratio: index == 0 ? rivals.min().map { $0 / seconds } : nil, printer)
      }
    }
    guard let path = options.svg else { return }
    let chart = BarChart(
      title: "From the start of a process to its first prediction", subtitle: threadsInWords(Threads.count),
      unit: "milliseconds (shorter is faster)", categories: models.map(\.name), series: series)
    writeChart(chart.svg(), to: path)
  }

  /// A program whose first line is a prediction.
  struct Program {
    let name: String
    let path: String
    let arguments: [String]
  }

  /// The times of each program, all of them in turns. A peer that fails has none; Apus must not fail.
  static func times(_ programs: [Program], rounds: Int) throws -> [[Double]] {
    var times = programs.map { _ in [Double]() }
    var failed = Set<Int>()
    for round in 0...rounds {
      for (index, program) in programs.enumerated() where !failed.contains(index) {
        do throws(FirstLine.Failure) {
          let line = try FirstLine.of(program.path, program.arguments)
          guard isPrediction(line.text) else {
            throw FirstLine.Failure(description: "no prediction: \(line.text.prefix(200))")
          }
          if round > 0 { times[index].append(line.seconds) }
        } catch {
          if program.name == "apus" { throw error }
          StartupReport.note("\(program.name) is left out: \(error)")
          failed.insert(index)
          times[index] = []
        }
      }
    }
    return times
  }

  /// Whether a line tells the probabilities of ten classes.
  static func isPrediction(_ line: String) -> Bool {
    struct Prediction: Decodable {
      let probabilities: [Double]
    }
    guard let prediction = try? JSONDecoder().decode(Prediction.self, from: Data(line.utf8)) else { return false }
    return prediction.probabilities.count == 10 && abs(prediction.probabilities.reduce(0, +) - 1) < 1e-3
  }

  private func show(
    _ model: ModelZoo, _ who: String, _ seconds: Double, least: Double, _ rounds: Int, ratio: Double?,
    _ printer: Printer
  ) {
    var record = Record()
    record.add("op", "startup")
    record.add("shape", model.name)
    record.add("peer", who)
    record.add("threads", Threads.count)
    record.add("seconds", seconds)
    record.add("least_seconds", least)
    record.add("runs", rounds)
    record.add("ratio", ratio)
    printer.print(
      record,
      [model.name, who, duration(seconds), duration(least), ratio.map { String(format: "%.2f", $0) } ?? "–"])
  }

  /// A peer whose model files are written.
  private struct PreparedPeer {
    let name: String
    let python: String
    let script: String

    func predicting(_ model: ModelZoo, _ files: StartupFiles) -> Program {
      Program(
        name: name, path: python,
        arguments: [script, name, model.name, files.folder, files.image, "\(Threads.count)"])
    }
  }

  private func preparedPeers(_ files: StartupFiles) -> [PreparedPeer] {
    let names = StartupReport.peers.filter { options.peers?.contains($0) ?? true }
    if names.isEmpty { return [] }
    guard let python = options.python ?? Comparison.foundPython() else {
      StartupReport.note("there is no python3 to run peers with; --python PATH names one")
      return []
    }
    let script = Comparison.scriptDirectory().appendingPathComponent("startup.py").path
    return names.compactMap { name in
      do throws(FirstLine.Failure) {
        _ = try FirstLine.of(python, [script, name, "--write", files.folder])
        return PreparedPeer(name: name, python: python, script: script)
      } catch {
        StartupReport.note("\(name) is left out: \(error)")
        return nil
      }
    }
  }

  private static func note(_ message: String) {
    FileHandle.standardError.write(Data("apus-bench: \(message)\n".utf8))
  }
}

/// A folder with what is read at start-up: models, and a picture of a digit.
struct StartupFiles {
  let folder: String
  var image: String { folder + "/digit.pgm" }

  /// Makes the folder, and the picture in it.
  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-startup-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = url.path
    let digits = SyntheticDigits.dataset(count: 1, seed: 1)
    try GreyImage(width: digits.width, height: digits.height, bytes: digits.image(0)).write(to: image)
  }

  private func path(_ model: ModelZoo) -> String { "\(folder)/\(model.name).safetensors" }

  /// Writes a model with random weights, as `apus train --save` writes one.
  func write(_ model: ModelZoo) throws {
    let network = withSeed(1) { model.make() }
    try network.save(path(model), normalization: model.recipe.normalization, metadata: ["apus.model": model.name])
  }

  /// What `apus` is asked for.
  func ownArguments(_ model: ModelZoo) -> [String] {
    ["predict", path(model), image, "--json", "--threads", "\(Threads.count)"]
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }
}

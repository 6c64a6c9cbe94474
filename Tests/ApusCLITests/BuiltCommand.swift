import Foundation
import Testing

/// The `apus` that was built with these tests, run as a user runs it.
struct BuiltCommand {
  /// What a run came to.
  struct Result {
    let code: Int32
    let output: String
    let messages: String

    /// Standard output, each line read as a JSON object.
    func objects() throws -> [[String: Any]] {
      try output.split(separator: "\n").map { line in
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      }
    }
  }

  /// Runs the command to its end.
  ///
  /// - Parameter environment: Variables to set beside a bare environment, in which no APUS_… is.
  static func run(_ words: String..., environment: [String: String] = [:]) throws -> Result {
    try start(words, environment: environment).finish()
  }

  /// A command that runs. Its output goes to files, so that a full pipe cannot stop it.
  struct Running {
    let process: Process
    fileprivate let folder: TemporaryFolder

    /// What it has written to standard output so far.
    var output: String { text("output") }

    func finish() -> Result {
      process.waitUntilExit()
      return Result(code: process.terminationStatus, output: output, messages: text("messages"))
    }

    private func text(_ name: String) -> String {
      (try? String(contentsOfFile: folder.path(name), encoding: .utf8)) ?? ""
    }
  }

  static func start(_ words: [String], environment: [String: String] = [:]) throws -> Running {
    let folder = try TemporaryFolder()
    let process = Process()
    process.executableURL = try executable
    process.arguments = words
    var variables = environment
    variables["PATH"] = ProcessInfo.processInfo.environment["PATH"]
    process.environment = variables
    for name in ["output", "messages"] { _ = FileManager.default.createFile(atPath: folder.path(name), contents: nil) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: folder.path("output"))
    process.standardError = FileHandle(forWritingAtPath: folder.path("messages"))
    try process.run()
    return Running(process: process, folder: folder)
  }

  /// Beside the executable that holds the tests.
  private static var executable: URL {
    get throws {
      let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      var folder = tests.deletingLastPathComponent()
      // A test runner of the toolchain's own may stand in for it; then the bundle's path is among its words.
      if !FileManager.default.fileExists(atPath: folder.appendingPathComponent("apus").path),
        let word = CommandLine.arguments.first(where: { $0.contains(".xctest") })
      {
        folder = URL(fileURLWithPath: word).deletingLastPathComponent()
      }
      let result = folder.appendingPathComponent("apus")
      try #require(FileManager.default.isExecutableFile(atPath: result.path), "no apus in \(folder.path)")
      return result
    }
  }
}

/// A folder that goes away with its last user.
final class TemporaryFolder: Sendable {
  private let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Writes a file, and gives its path.
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: url.appendingPathComponent(name))
    return path(name)
  }

  deinit { try? FileManager.default.removeItem(at: url) }
}

import Foundation

/// A peer: a Python process that measures what it is asked to, one JSON line in, one out (Benchmarks/peers/common.py).
/// While it is not asked it sleeps on its standard input, so that it does not disturb the others.
final class Peer {
  let name: String
  private let process = Process()
  private let requests = Pipe()
  private let answers = Pipe()
  private var unread = Data()

  /// Why a peer takes no part.
  struct Absence: Error {
    let reason: String
  }

  /// What a peer answered.
  struct Answer: Decodable {
    var seconds: Double?
    var gflops: Double?
    var isa: String?
    var threads: Int?
    var setting: String?
    var error: String?
    var unsupported: Bool?
    var ready: Bool?
  }

  /// Starts the process and waits until its libraries are loaded.
  init(_ name: String, python: String, script: URL, arguments: [String]) throws {
    self.name = name
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script.path, "--serve", "--peer", name] + arguments
    process.standardInput = requests
    process.standardOutput = answers
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      throw Absence(reason: "\(python) does not start")
    }
    guard try answer().ready == true else { throw Absence(reason: "\(script.lastPathComponent) gave a strange answer") }
  }

  /// Has one piece of work measured; nil when the peer has no such work.
  func measure(_ work: Work) throws -> Answer? {
    let request = ["op": work.op, "shape": work.shape]
    requests.fileHandleForWriting.write(try JSONEncoder().encode(request) + Data([0x0A]))
    let answer = try answer()
    if let error = answer.error { throw Absence(reason: "\(work.op) \(work.shape): \(error)") }
    return answer.seconds == nil ? nil : answer
  }

  /// Ends the process.
  func close() {
    try? requests.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  private func answer() throws -> Answer {
    while true {
      if let end = unread.firstIndex(of: 0x0A) {
        let line = unread[unread.startIndex..<end]
        unread = Data(unread[unread.index(after: end)...])
        // Libraries print lines of their own now and then.
        if line.first == UInt8(ascii: "{"), let answer = try? JSONDecoder().decode(Answer.self, from: line) {
          return answer
        }
        continue
      }
      let more = answers.fileHandleForReading.availableData
      guard !more.isEmpty else {
        process.waitUntilExit()
        throw Absence(
          reason: process.terminationStatus == 3
            ? "not installed" : "ended with status \(process.terminationStatus)")
      }
      unread += more
    }
  }
}

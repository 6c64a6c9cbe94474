import ApusCompute
import Foundation

/// What a program says first, and how long after its start.
struct FirstLine {
  let text: String
  /// From just before the program is started until the whole line has arrived here.
  let seconds: Double

  /// Why there is no such line.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Starts a program, waits for the first line on its standard output, and then for its end.
  ///
  /// By `posix_spawn` itself: Foundation's `Process` takes part of a millisecond of its own, which would count as the program's.
  ///
  /// - Throws: `Failure` when it does not start, says nothing, or ends badly.
  static func of(_ program: String, _ arguments: [String]) throws(Failure) -> FirstLine {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure(description: "there is no pipe to be had") }
    let (reading, writing) = (ends[0], ends[1])
    // The program has the writing end as its output alone: the end of a second one would not come with its own.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(reading) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, writing, STDOUT_FILENO)
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = ProcessInfo.processInfo.environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var child: pid_t = 0
    let start = monotonicSeconds()
    let error = posix_spawn(&child, program, &actions, nil, &words, &variables)
    close(writing)
    guard error == 0 else {
      throw Failure(description: "\(program) does not start: \(String(cString: strerror(error)))")
    }
    var bytes: [UInt8] = []
    var seconds: Double?
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(reading, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      bytes += buffer[..<count]
      if seconds == nil && buffer[..<count].contains(0x0A) { seconds = monotonicSeconds() - start }
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    guard status == 0 else {
      throw Failure(description: status == notInstalled ? "not installed" : "\(program) failed (status \(status))")
    }
    guard let seconds, let line = bytes.split(separator: 0x0A).first else {
      throw Failure(description: "\(program) says nothing")
    }
    return FirstLine(text: String(decoding: line, as: UTF8.self), seconds: seconds)
  }

  /// As `waitpid` tells the exit code 3, by which a peer says that it is not there (Benchmarks/peers/common.py).
  private static let notInstalled: Int32 = 3 << 8
}

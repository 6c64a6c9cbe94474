import ApusData

/// A command line that makes no sense: exit code 2.
struct UsageError: Error, CustomStringConvertible {
  /// What is wrong, with a suggestion where there is one.
  let message: String
  /// The command whose help is pointed to; nil for the help of `apus` itself.
  let command: String?

  init(_ message: String, command: String? = nil) {
    self.message = message
    self.command = command
  }

  var description: String { command.map { "\($0): \(message)" } ?? message }
}

/// Work that could not be done, for a reason that stands in the message: exit code 1.
struct WorkError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// How the program ends, as a shell sees it.
enum ExitCode {
  /// Everything was done.
  static let success: Int32 = 0
  /// The work failed: a file that cannot be read, a check that did not hold.
  static let failure: Int32 = 1
  /// The command line or the environment makes no sense.
  static let usage: Int32 = 2
  /// Ended by a signal that was taken care of: 128 and the signal's number, as shells count.
  static func signal(_ number: Int32) -> Int32 { 128 + number }
}

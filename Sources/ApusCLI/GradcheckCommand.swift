import ApusNN
import ApusTensor

/// `apus gradcheck`: holds every gradient of the library against a numerical estimate.
struct GradcheckCommand: Command {
  static let description = CommandDescription(
    name: "gradcheck",
    summary: "check the gradients of every operation, layer and loss",
    discussion: """
      Compares, in double precision, the gradient that the backward pass computes with central differences, entry by
      entry, and prints the worst entry of each. With words behind the command, only what begins with one of them
      is checked. The first gradient that is wrong ends the run with exit code 1; with --keep-going the others are
      checked too.
      """,
    operands: .init(placeholder: "[NAME...]", minimum: 0, maximum: nil, minimumWords: ""),
    options: [
      OptionDescription("keep-going", nil, "go on behind a gradient that is wrong"),
      OptionDescription("json", nil, "print one JSON object for each check instead of the table"),
    ],
    examples: [
      ("apus gradcheck", "everything"), ("apus gradcheck conv2d Conv2d", "the operation and the layer"),
    ])

  private let names: [String]
  private let keepsGoing: Bool
  private let printsJSON: Bool

  init(_ arguments: Arguments) {
    names = arguments.operands
    keepsGoing = arguments.has("keep-going")
    printsJSON = arguments.has("json")
  }

  /// A registered check.
  struct Check {
    let kind: String
    let name: String
    let run: () -> GradientCheckReport
  }

  static var checks: [Check] {
    let registers = [
      ("operation", GradientCheckRegistry.tensorOperations), ("layer", GradientCheckRegistry.layers),
      ("loss", GradientCheckRegistry.losses),
    ]
    return registers.flatMap { kind, entries in
      entries.map { entry in Check(kind: kind, name: entry.name) { entry.check() } }
    }
  }

  func run() throws -> Int32 {
    let chosen = Self.checks.filter { check in names.isEmpty || names.contains { check.name.hasPrefix($0) } }
    for name in names where !Self.checks.contains(where: { $0.name.hasPrefix(name) }) {
      let subjects = Self.checks.map { String($0.name.prefix { $0 != " " && $0 != "," }) }
      throw UsageError("no check is called \(name)\(suggestion(for: name, among: subjects))", command: "gradcheck")
    }
    try Self.run(chosen, keepsGoing: keepsGoing, printsJSON: printsJSON)
    return ExitCode.success
  }

  /// Runs checks and prints a row for each.
  ///
  /// - Throws: `WorkError` at the first that fails, or behind the last.
  static func run(_ checks: [Check], keepsGoing: Bool, printsJSON: Bool) throws(WorkError) {
    let width = checks.map(\.name.count).max() ?? 0
    if !printsJSON { Terminal.print(row("check", "entries", "worst error", "where", width)) }
    var failures = 0
    for check in checks {
      Terminal.progress(check.name)
      let report = check.run()
      Terminal.progress("")
      Terminal.print(printsJSON ? "\(json(check, report))" : row(report, width))
      guard !report.passed else { continue }
      failures += 1
      guard keepsGoing else {
        throw WorkError("the gradient of \(check.name) is wrong; --keep-going checks the others too")
      }
    }
    guard failures == 0 else { throw WorkError("\(failures) of \(checks.count) gradient checks failed") }
    if !printsJSON { Terminal.print("\nall \(checks.count) checks passed") }
  }

  /// |computed − estimated| relative to the larger of the two, or to a hundredth where both are smaller: there the rounding
  /// of the difference is all that is seen, as of a gradient that is 0.
  static func relativeError(_ difference: GradientDifference) -> Double {
    let scale = max(difference.computed.magnitude, difference.estimated.magnitude, 1e-2)
    return (difference.computed - difference.estimated).magnitude / scale
  }

  static func json(_ check: Check, _ report: GradientCheckReport) -> JSONLine {
    [
      "name": .text(report.name),
      "kind": .text(check.kind),
      "passed": .flag(report.passed),
      "entries": .integer(report.entriesChecked),
      "entries_at_kinks": .integer(report.entriesAtKinks),
      "worst_relative_error": report.worst.map { .number(relativeError($0)) } ?? .null,
      "worst_entry": report.worst.map { .text("\($0.input)\($0.position)") } ?? .null,
      "failure": report.failure.map(JSONLine.text) ?? .null,
    ]
  }

  private static func row(_ report: GradientCheckReport, _ width: Int) -> String {
    let place = report.worst.map { "\($0.input)\($0.position)" } ?? ""
    let error = report.worst.map { scientific(relativeError($0)) } ?? "–"
    return row(report.name, "\(report.entriesChecked)", error, place + (report.failure.map { "  " + $0 } ?? ""), width)
  }

  private static func row(_ name: String, _ entries: String, _ error: String, _ place: String, _ width: Int) -> String {
    name.padded(to: width) + entries.indented(to: 9) + error.indented(to: 13) + "  " + place
  }
}

/// 0.0000123 → "1.2e-05", as `%.1e` prints it.
func scientific(_ value: Double) -> String {
  guard value.isFinite, value > 0 else { return value == 0 ? "0" : "\(value)" }
  var (mantissa, exponent) = (value, 0)
  while mantissa >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
  while mantissa < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
  return decimal(mantissa, places: 1) + (exponent < 0 ? "e-" : "e+") + (abs(exponent) < 10 ? "0" : "")
    + "\(abs(exponent))"
}

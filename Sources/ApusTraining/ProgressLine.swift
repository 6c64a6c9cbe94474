import ApusNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Shows a run on a terminal: a line that moves while an epoch runs, and a line that stays for each epoch that is done.
///
/// Writes to standard error, and only when that is a terminal, so that a program's output stays clean in a pipe.
public final class ProgressLine: TrainingCallback {
  /// Whether anything is written.
  public let isEnabled: Bool
  private let write: (String) -> Void
  private let now: () -> Double
  private var lastDrawn = -Double.infinity

  /// Makes a line on standard error; silent when that is no terminal.
  public convenience init() {
    self.init(isEnabled: isatty(STDERR_FILENO) == 1, now: monotonicClock) { text in
      var bytes = Array(text.utf8)[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { writeBytes(STDERR_FILENO, $0.baseAddress!, $0.count) }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
      }
    }
  }

  init(isEnabled: Bool, now: @escaping () -> Double, write: @escaping (String) -> Void) {
    self.isEnabled = isEnabled
    self.now = now
    self.write = write
  }

  /// Redraws the moving line, at most ten times a second.
  public func batchDidEnd(_ run: TrainingRun) {
    // Ten times a second is often enough for an eye, and costs nothing.
    guard isEnabled, now() - lastDrawn >= 0.1 else { return }
    lastDrawn = now()
    let progress = run.progress
    let fraction = Double(progress.sampleCount) / Double(max(run.samplesPerEpoch, 1))
    let width = 24
    let filled = min(width, Int(fraction * Double(width)))
    let bar = String(repeating: "━", count: filled) + String(repeating: "─", count: width - filled)
    let rate = progress.seconds > 0 ? Double(progress.sampleCount) / progress.seconds : 0
    var line = "epoch \(progress.epoch)/\(run.epochCount) \(bar) \(decimal(fraction * 100, places: 0))%"
    line += "  " + Self.figures(progress.training, prefix: "") + "  \(grouped(Int(rate))) samples/s"
    if rate > 0 {
      line += "  \(Self.duration(Double(run.samplesPerEpoch - progress.sampleCount) / rate)) left"
    }
    write("\r\u{1B}[2K" + line)
  }

  /// Replaces the moving line by one that stays.
  public func epochDidEnd(_ record: EpochRecord, _ run: TrainingRun) {
    guard isEnabled else { return }
    lastDrawn = -.infinity
    var line = "epoch \(record.epoch)/\(run.epochCount)  " + Self.figures(record.training, prefix: "")
    if let validation = record.validation { line += "  " + Self.figures(validation, prefix: "test ") }
    line += "  \(Self.duration(record.seconds))  \(grouped(Int(record.samplesPerSecond))) samples/s"
    write("\r\u{1B}[2K" + line + "\n")
  }

  /// Ends the moving line of a run that was cut short.
  public func trainingDidEnd(_ run: TrainingRun) {
    // A run that was cut short leaves its moving line behind.
    if isEnabled, lastDrawn > -.infinity { write("\n") }
    lastDrawn = -.infinity
  }

  private static func figures(_ evaluation: Evaluation, prefix: String) -> String {
    let metrics = evaluation.metrics.map { "\(prefix)\($0.name) \(decimal($0.value, places: 4))" }
    return (["\(prefix)loss \(decimal(evaluation.loss, places: 4))"] + metrics).joined(separator: "  ")
  }

  static func duration(_ seconds: Double) -> String {
    guard seconds >= 60 else { return "\(decimal(seconds, places: 1)) s" }
    let whole = Int(min(seconds, 1e9).rounded())
    let rest = whole % 60
    return "\(whole / 60):\(rest < 10 ? "0" : "")\(rest) min"
  }
}

/// The C function, out of reach of the class's property of the same name.
private func writeBytes(_ file: Int32, _ start: UnsafeRawPointer, _ count: Int) -> Int {
  write(file, start, count)
}

/// Seconds on a clock that only runs forward.
func monotonicClock() -> Double {
  let components = (ContinuousClock.now - clockStart).components
  return Double(components.seconds) + Double(components.attoseconds) * 1e-18
}

private let clockStart = ContinuousClock.now

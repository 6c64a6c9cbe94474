import ApusData
import ApusNN

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// `apus predict --batch`: a filter from records to results, in order, in constant memory.
///
/// Records are collected into batches, but never kept waiting: when the stream pauses, what is there is worked on. Results are
/// written before more is read, so a slow reader holds up the writer through the two pipes.
struct BatchPrediction {
  let stored: StoredModel
  let source: String
  let settings: RecordStream.Settings
  let printsJSON: Bool
  /// Whether a bad record ends in exit code 1.
  let isStrict: Bool

  /// Records that are worked on together.
  static let batchSize = 256

  /// Reads to the end of the stream.
  ///
  /// - Throws: `WorkError` or `DataError` when the stream, not a record of it, makes no sense.
  func run() throws -> Int32 {
    // A reader that has gone is told by the write that fails.
    signal(SIGPIPE, SIG_IGN)
    Interrupt.watch()
    let input = try ByteStream(source)
    var records = RecordStream(settings)
    var batch = Batch(stored)
    var isAtEnd = false
    reading: while true {
      do {
        while let record = try records.next() {
          take(record, into: &batch)
          if batch.count == Self.batchSize, !flush(&batch) { return Self.readerGone }
          if Interrupt.signalNumber != nil { break reading }
        }
      } catch {
        // What came before the break is worth its results.
        return flush(&batch) ? try fail(error) : Self.readerGone
      }
      if isAtEnd { break }
      if batch.count > 0, !input.isReady, !flush(&batch) { return Self.readerGone }
      switch try input.next() {
      case .bytes(let bytes): records.feed(bytes)
      case .end:
        records.end()
        isAtEnd = true
      case .interrupted: break reading
      }
    }
    guard flush(&batch) else { return Self.readerGone }
    if let number = Interrupt.signalNumber { return ExitCode.signal(number) }
    if batch.skipped > 0 {
      Terminal.note("\(grouped(batch.skipped)) of \(grouped(batch.skipped + batch.done)) records skipped")
    }
    return batch.skipped > 0 && (isStrict || batch.done == 0) ? ExitCode.failure : ExitCode.success
  }

  private static let readerGone = ExitCode.signal(SIGPIPE)

  private func fail(_ error: any Error) throws -> Int32 { throw error }

  /// What waits for its turn.
  private struct Batch {
    var names: [String] = []
    var pixels: [Float] = []
    var skipped = 0
    var done = 0
    var count: Int { names.count }

    init(_ stored: StoredModel) {
      pixels.reserveCapacity(BatchPrediction.batchSize * stored.inputCount)
      names.reserveCapacity(BatchPrediction.batchSize)
    }
  }

  private func take(_ record: InputRecord, into batch: inout Batch) {
    func skip(_ reason: String) {
      let key = record.key.map { " (\(printable(String($0.prefix(200)))))" } ?? ""
      Terminal.note("record \(record.number)\(key) skipped: \(reason)")
      batch.skipped += 1
    }
    switch record.content {
    case .fault(let reason): skip(reason)
    case .numbers(let numbers):
      batch.pixels += numbers
      batch.names.append(record.key ?? "\(record.number)")
    case .path(let path):
      do {
        batch.pixels += try InputImage.read(path).pixels
        batch.names.append(path)
      } catch {
        skip(printable("\(error)"))
      }
    }
  }

  /// Writes the results of what waits; false when nobody reads them.
  private func flush(_ batch: inout Batch) -> Bool {
    guard batch.count > 0 else { return true }
    let rows = stored.probabilities(ofBatch: batch.pixels, count: batch.count)
    var text = ""
    for (name, row) in zip(batch.names, rows) { text += printsJSON ? Self.json(name, row) : Self.csv(name, row) }
    batch.done += batch.count
    batch.names.removeAll(keepingCapacity: true)
    batch.pixels.removeAll(keepingCapacity: true)
    return Terminal.send(text)
  }

  /// The record, the likeliest class, and the probability of every class.
  static func csv(_ name: String, _ probabilities: [Float]) -> String {
    let needsQuotes = name.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0D || $0 == 0x0A }
    let field =
      needsQuotes
      ? "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"" : name
    return "\(field),\(likeliest(probabilities))," + probabilities.map { "\($0)" }.joined(separator: ",") + "\n"
  }

  static func json(_ name: String, _ probabilities: [Float]) -> String {
    let best = likeliest(probabilities)
    let numbers = probabilities.map { $0.isFinite ? "\($0)" : "null" }.joined(separator: ", ")
    let probability = probabilities[best].isFinite ? "\(probabilities[best])" : "null"
    return "{\"record\": \(JSONLine.text(name)), \"class\": \(best), \"probability\": \(probability), "
      + "\"probabilities\": [\(numbers)]}\n"
  }

  private static func likeliest(_ probabilities: [Float]) -> Int {
    probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
  }
}

import ApusCompute
import ApusData
import ApusNN
import ApusTensor

/// `apus predict`: what a saved model sees in images.
struct PredictCommand: Command {
  static let description = CommandDescription(
    name: "predict",
    summary: "tell which digits images show",
    discussion: """
      An IMAGE is a PNG or PGM file, or a row of an IDX file (gzipped or not) as FILE:ROW, rows counted from 0.
      A picture that is not 28×28 is prepared as MNIST's digits were: scaled, centred, light ink on a dark ground.
      For each image it draws what the model sees and prints the probability of every class.

      With --batch it is a filter: records come in, and a line goes out for each, in order: the record's number (or key,
      or path), the likeliest class and the probability of every class. Records are rows of npy arrays, lines of numbers,
      or lines that name an image; the format is told by the first bytes unless it is given. A bad record is reported on
      standard error and skipped. When input pauses, everything read so far has been answered. A record's result does
      not depend on the records around it, so a stream may be cut and spread over machines.
      Exit codes: 0 also when records were skipped, 1 when all were, or any with --strict, or when the stream itself is
      broken; 141 when the reader has gone.
      """,
    operands: .init(
      placeholder: "FILE [IMAGE...]", minimum: 1, maximum: nil, minimumWords: "a model file is"),
    options: [
      OptionDescription("json", nil, "print one JSON object for each image instead"),
      OptionDescription("batch", "SOURCE", "read records from a file, or - for standard input"),
      OptionDescription("format", "NAME", "of the records: npy, csv or paths (default: told by the first bytes)"),
      OptionDescription(
        "scale", "N",
        "the number that means white; numbers are divided by it\n(default: 255, but 1 for npy of floating-point numbers)"
      ),
      OptionDescription("keyed", nil, "the first field of a csv line is a key, which stands before its result"),
      OptionDescription("header", nil, "the first line of csv is no record"),
      OptionDescription("strict", nil, "exit code 1 when a record was skipped"),
      OptionDescription("threads", "N", "threads to use (default: all CPUs)"),
    ],
    examples: [
      ("apus predict digits.safetensors seven.png", "one image"),
      ("apus predict digits.safetensors mnist/t10k-images-idx3-ubyte.gz:0", "the first test image of MNIST"),
      ("apus predict digits.safetensors --batch images.npy --json", "a line of JSON for each row of an array"),
      ("apus predict digits.safetensors --batch - --keyed", "as a filter: lines of a key and 784 numbers from a pipe"),
    ])

  private let path: String
  private let images: [String]
  private let printsJSON: Bool
  private let batch: String?
  private let format: RecordFormat?
  private let scale: Double?
  private let isKeyed: Bool
  private let hasHeader: Bool
  private let isStrict: Bool
  private let threads: Int?

  init(_ arguments: Arguments) throws(UsageError) {
    path = arguments.operands[0]
    images = Array(arguments.operands.dropFirst())
    printsJSON = arguments.has("json")
    batch = arguments.text("batch")
    format = try arguments.choice("format", among: RecordFormat.allCases.map(\.rawValue))
      .flatMap(RecordFormat.init(rawValue:))
    scale = try arguments.positiveNumber("scale", upTo: 1e9)
    isKeyed = arguments.has("keyed")
    hasHeader = arguments.has("header")
    isStrict = arguments.has("strict")
    threads = try arguments.integer("threads", in: 1...256)
    if batch == nil {
      guard !images.isEmpty else { throw arguments.failure("an image is expected, or --batch") }
      for option in ["format", "scale", "keyed", "header", "strict"] where arguments.has(option) {
        throw arguments.failure("--\(option) goes with --batch")
      }
    } else if let image = images.first {
      throw arguments.failure("unexpected argument “\(image)”: records come from --batch")
    }
  }

  func run() throws -> Int32 {
    if let threads { Threads.count = threads }
    let stored = try StoredModel(path: path)
    if let batch {
      let settings = RecordStream.Settings(
        format: format, count: stored.inputCount, scale: scale.map { Float($0) }, isKeyed: isKeyed,
        hasHeader: hasHeader)
      return try BatchPrediction(
        stored: stored, source: batch, settings: settings, printsJSON: printsJSON, isStrict: isStrict
      ).run()
    }
    for (number, name) in images.enumerated() {
      let image = try InputImage.read(name)
      let probabilities = stored.probabilities(image.pixels)
      if printsJSON {
        Terminal.print("\(Self.json(name, probabilities))")
      } else {
        if number > 0 { Terminal.print("") }
        Terminal.print(Self.report(name, image, probabilities).joined(separator: "\n"))
      }
    }
    return ExitCode.success
  }

  static func json(_ name: String, _ probabilities: [Double]) -> JSONLine {
    let best = likeliest(probabilities)
    return [
      "image": .text(name),
      "class": .integer(best),
      "probability": .number(probabilities[best]),
      "probabilities": .list(probabilities.map(JSONLine.number)),
    ]
  }

  /// The image and, to its right, the classes with their probabilities as numbers and bars.
  static func report(_ name: String, _ image: GreyImage, _ probabilities: [Double]) -> [String] {
    let best = likeliest(probabilities)
    let drawing = DigitDrawing.draw(image.pixels, width: image.width, height: image.height)
    let classes = probabilities.enumerated().map { number, probability -> String in
      // A model whose training ran away gives NaN.
      let bar = String(repeating: "█", count: probability.isFinite ? Int((probability * 20).rounded()) : 0)
      return "\(number)  \(percent(probability).indented(to: 8))\(bar.isEmpty ? "" : "  " + bar)"
    }
    var lines = ["\(name): \(best) (\(percent(probabilities[best])))", ""]
    for row in 0..<max(drawing.count, classes.count) {
      let left = row < drawing.count ? drawing[row] : ""
      lines.append(row < classes.count ? left.padded(to: image.width + 4) + classes[row] : left)
    }
    return lines
  }

  private static func likeliest(_ probabilities: [Double]) -> Int {
    probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
  }
}

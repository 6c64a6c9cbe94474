import ApusData
import ApusNN

/// `apus export`: a saved model as one Swift file.
struct ExportCommand: Command {
  static let description = CommandDescription(
    name: "export",
    summary: "write a saved model as one Swift file without imports",
    discussion: """
      The file holds the weights, the code that runs them and a test vector, and compiles by itself, also as Embedded
      Swift: no file system, no allocation after the model is made. Compile it with -Ounchecked for full speed.
      --int8 writes weights and activations of 8 bits; a model that was not quantised before is quantised on the way, as
      apus quantize --int8 does.
      """,
    operands: .init(placeholder: "FILE", minimum: 1, maximum: 1, minimumWords: "a model file is"),
    options: [
      OptionDescription("swift", "FILE", "where to write the source"),
      OptionDescription("name", "NAME", "what the type is called (default: Model)"),
      OptionDescription("int8", nil, "weights and activations of 8 bits"),
      DataSource.option,
      OptionDescription("images", "N", "training images to calibrate --int8 with (default: 512)"),
      OptionDescription("json", nil, "print one JSON object instead"),
    ],
    examples: [
      ("apus export digits.safetensors --swift Digits.swift --name Digits", "numbers of 32 bits"),
      ("apus export digits.safetensors --swift Digits.swift --int8 --data ~/mnist", "a quarter of the size"),
    ])

  private let path: String
  private let output: String
  private let name: String
  private let isInt8: Bool
  private let data: String?
  private let imageCount: Int
  private let printsJSON: Bool

  init(_ arguments: Arguments) throws(UsageError) {
    path = arguments.operands[0]
    guard let output = arguments.text("swift") else { throw arguments.failure("--swift FILE is expected") }
    self.output = output
    name = arguments.text("name") ?? "Model"
    guard SwiftSource.isIdentifier(name) else {
      throw arguments.failure("--name takes the name of a Swift type, not “\(name)”")
    }
    isInt8 = arguments.has("int8")
    data = arguments.text("data")
    imageCount = try arguments.integer("images", in: 1...100_000) ?? 512
    for option in ["data", "images"] where !isInt8 && arguments.has(option) {
      throw arguments.failure("--\(option) goes with --int8")
    }
    printsJSON = arguments.has("json")
  }

  func run() throws -> Int32 {
    let stored = try StoredModel(path: path)
    try Terminal.checkWritable(output)
    let source: SwiftSource
    var plan = stored.quantizedPlan
    if isInt8 && plan == nil {
      let images = try DataSource.load(data, limit: imageCount).train.normalized(stored.normalization).all().inputs
      plan = try QuantizedPlan(stored.model, inputShape: StoredModel.inputShape, calibratedWith: images)
    }
    if let plan {
      source = try SwiftSource(plan, name: name, normalization: stored.normalization, title: stored.name)
    } else {
      source = try SwiftSource(
        stored.model, inputShape: StoredModel.inputShape, name: name, normalization: stored.normalization,
        title: stored.name)
    }
    let bytes = Array(source.text.utf8)
    try FileAccess.write(bytes, to: output)
    if printsJSON {
      let line: JSONLine = [
        "output": .text(output), "type": .text(name), "bytes": .integer(bytes.count),
        "weights": .text(plan == nil ? "float32" : "int8"),
      ]
      Terminal.print("\(line)")
    } else {
      Terminal.print("\(output): struct \(name), \(grouped(bytes.count)) bytes of source")
    }
    return ExitCode.success
  }
}

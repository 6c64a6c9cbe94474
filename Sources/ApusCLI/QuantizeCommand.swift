import ApusData
import ApusNN
import ApusTensor

/// `apus quantize`: a saved model with smaller numbers.
struct QuantizeCommand: Command {
  static let description = CommandDescription(
    name: "quantize",
    summary: "write a saved model with weights of 8 or 16 bits",
    discussion: """
      --float16 halves the file; the model computes with 32 bits as before.
      --int8 makes weights and activations bytes: a quarter of the memory, integer products, the same result on every
      machine. Each output of a layer has a scale of its own; what range the bytes of an activation cover is found with
      training images (--calibration: the range of the least mean square error, everything that occurs, or all but a
      ten-thousandth at each end). evaluate, predict and export read the file as they read others.
      """,
    operands: .init(placeholder: "FILE", minimum: 1, maximum: 1, minimumWords: "a model file is"),
    options: [
      OptionDescription("int8", nil, "weights and activations of 8 bits"),
      OptionDescription("float16", nil, "weights of 16 bits"),
      OptionDescription("output", "FILE", "where to write the model"),
      DataSource.option,
      OptionDescription("images", "N", "training images to calibrate with (default: 512)"),
      OptionDescription("calibration", "NAME", "mse, minmax or percentile (default: mse)"),
      OptionDescription("json", nil, "print one JSON object instead"),
    ],
    examples: [
      ("apus quantize digits.safetensors --int8 --output digits-int8.safetensors --data ~/mnist", "bytes"),
      ("apus quantize digits.safetensors --float16 --output digits-half.safetensors", "half the file"),
    ])

  private static let calibrations: [(name: String, value: Calibration)] = [
    ("mse", .meanSquare), ("minmax", .minimumMaximum), ("percentile", .percentile(0.9999)),
  ]

  private let path: String
  private let output: String
  private let isInt8: Bool
  private let data: String?
  private let imageCount: Int
  private let calibration: Calibration
  private let printsJSON: Bool

  init(_ arguments: Arguments) throws(UsageError) {
    path = arguments.operands[0]
    guard arguments.has("int8") != arguments.has("float16") else {
      throw arguments.failure("either --int8 or --float16 is expected")
    }
    isInt8 = arguments.has("int8")
    guard let output = arguments.text("output") else { throw arguments.failure("--output FILE is expected") }
    self.output = output
    data = arguments.text("data")
    imageCount = try arguments.integer("images", in: 1...100_000) ?? 512
    let name = try arguments.choice("calibration", among: Self.calibrations.map(\.name))
    calibration = Self.calibrations.first { $0.name == name }?.value ?? .meanSquare
    for option in ["data", "images", "calibration"] where !isInt8 && arguments.has(option) {
      throw arguments.failure("--\(option) goes with --int8")
    }
    printsJSON = arguments.has("json")
  }

  func run() throws -> Int32 {
    let file = try ModelFile(path: path)
    guard !file.isQuantized else { throw WorkError("\(path): the weights are bytes already") }
    let stored = try StoredModel(path: path)
    try Terminal.checkWritable(output)
    // What the file says of itself is kept; save writes its own entries anew.
    let metadata = file.metadata
    if isInt8 {
      let source = try DataSource.load(data, limit: imageCount)
      let images = source.train.normalized(stored.normalization).all().inputs
      let plan = try QuantizedPlan(
        stored.model, inputShape: StoredModel.inputShape, calibratedWith: images, calibration: calibration)
      try plan.save(output, normalization: file.normalization, metadata: metadata)
      return try report(
        ["calibration_images": .integer(images.shape[0])], "calibrated with \(images.shape[0]) images of \(source.name)"
      )
    }
    for (name, parameter) in stored.model.namedParameters {
      // Beyond 65504 there is only infinity.
      guard parameter.value.scalars.allSatisfy({ $0.magnitude < 65520 || !$0.isFinite }) else {
        throw WorkError("\(path): \(name) holds numbers beyond 65504, the largest of 16 bits")
      }
    }
    try stored.model.save(output, normalization: file.normalization, metadata: metadata, as: .float16)
    return try report([:], nil)
  }

  private func report(_ more: JSONLine, _ words: String?) throws -> Int32 {
    let (before, after) = (try FileAccess.read(path).count, try FileAccess.read(output).count)
    if printsJSON {
      guard case .object(let members) = more else { return ExitCode.success }
      let own: [JSONLine.Member] = [
        .init(name: "output", value: .text(output)),
        .init(name: "weights", value: .text(isInt8 ? "int8" : "float16")),
        .init(name: "bytes", value: .integer(after)), .init(name: "bytes_before", value: .integer(before)),
      ]
      Terminal.print("\(JSONLine.object(own + members))")
      return ExitCode.success
    }
    Terminal.print("\(output): \(grouped(after)) bytes instead of \(grouped(before))" + (words.map { ", " + $0 } ?? ""))
    return ExitCode.success
  }
}

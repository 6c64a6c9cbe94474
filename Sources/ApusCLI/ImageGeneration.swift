import ApusCompute
import ApusData
import ApusNN
import ApusTensor
import ApusTraining

/// Images of a model that draws them from random codes, in one picture: samples, or the way from one sample to another.
struct ImageGeneration: Generation {
  static let name = "images"

  static let options = [
    OptionDescription("output", "FILE", "the picture to draw, PNG, or PGM by its name (default: samples.png)"),
    OptionDescription("columns", "N", "images to put side by side (default: 8)"),
    OptionDescription("interpolate", nil, "let each row go from one random code to another"),
    OptionDescription(
      "judge", "FILE",
      "tell how sure the classifier of FILE, as apus train --save writes it, is of the images,\n"
        + "and how evenly the classes occur"),
  ]

  static let examples = [
    (line: "apus generate vae.safetensors --output digits.png --count 64", purpose: "a picture of 64 digits"),
    (line: "apus generate vae.safetensors --interpolate --columns 12 --count 96", purpose: "from digit to digit"),
  ]

  /// Images at most; more would be no picture.
  private static let largestCount = 10_000

  private let output: String
  private let columns: Int
  private let interpolates: Bool
  private let judgePath: String?

  init(_ arguments: Arguments) throws(UsageError) {
    output = arguments.text("output") ?? "samples.png"
    columns = try arguments.integer("columns", in: 1...Self.largestCount) ?? 8
    interpolates = arguments.has("interpolate")
    judgePath = arguments.text("judge")
    if interpolates, columns < 2 { throw arguments.failure("--interpolate needs two --columns or more") }
  }

  static func accepts(_ file: ModelFile) -> Bool { ImageGenerator.kind(of: file) != nil }

  func run(_ file: ModelFile, _ settings: GenerateCommand.Settings) throws -> Int32 {
    let count = settings.count ?? 64
    guard count <= Self.largestCount else {
      throw WorkError("\(file.path): \(grouped(count)) images make no picture; \(grouped(Self.largestCount)) do")
    }
    try Terminal.checkWritable(output)
    let generator = try ImageGenerator(file)
    guard count * generator.imageShape.elementCount <= GreyImage.maximumPixelCount else {
      throw WorkError("\(file.path): \(grouped(count)) images of \(generator.imageShape) make no picture")
    }
    let judge = try judgePath.map { path in
      guard generator.imageShape == [1, 28, 28] else {
        throw WorkError("\(path): judges images of 28×28, not \(generator.imageShape)")
      }
      return try StoredModel.judge(path)
    }
    let images = generator(codes(count, generator.latentSize, seed: settings.seed))
    let grid = GreyImage.grid(of: images, columns: columns)
    try grid.write(to: output)
    let quality = judge.map { $0(images) }
    if settings.printsJSON {
      let members: [JSONLine.Member] = [
        .init(name: "kind", value: .text(generator.kind.rawValue)), .init(name: "images", value: .integer(count)),
        .init(name: "output", value: .text(output)), .init(name: "width", value: .integer(grid.width)),
        .init(name: "height", value: .integer(grid.height)),
      ]
      Terminal.print("\(JSONLine.object(members + SampleWords.members(quality)))")
      return ExitCode.success
    }
    Terminal.print(
      "drew \(count) \(count == 1 ? "image" : "images") of a \(generator.kind.rawValue) to \(output), "
        + "\(grid.width)×\(grid.height)")
    if let quality {
      Terminal.print(SampleWords.line(quality))
      let histogram = quality.histogram.enumerated().map { "\($0.offset): \($0.element)" }
      Terminal.print("images of each class: " + histogram.joined(separator: "  "))
    }
    return ExitCode.success
  }

  /// The codes of the images, row by row.
  private func codes(_ count: Int, _ size: Int, seed: UInt64) -> Tensor<Float> {
    var random = Random(seed: seed)
    guard interpolates else { return .normal([count, size], using: &random) }
    let rows = (count + columns - 1) / columns
    let paths = (0..<rows).map { _ -> Tensor<Float> in
      let from = Tensor<Float>.normal([size], using: &random)
      let to = Tensor<Float>.normal([size], using: &random)
      return stacked((0..<columns).map { ImageGenerator.between(from, to, Double($0) / Double(columns - 1)) })
    }
    return concatenated(paths).narrowed(0, from: 0, length: count)
  }
}

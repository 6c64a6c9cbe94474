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
      """,
    operands: .init(
      placeholder: "FILE IMAGE...", minimum: 2, maximum: nil, minimumWords: "a model file and an image are"),
    options: [
      OptionDescription("json", nil, "print one JSON object for each image instead")
    ],
    examples: [
      ("apus predict digits.safetensors seven.png", "one image"),
      ("apus predict digits.safetensors mnist/t10k-images-idx3-ubyte.gz:0", "the first test image of MNIST"),
    ])

  private let path: String
  private let images: [String]
  private let printsJSON: Bool

  init(_ arguments: Arguments) {
    path = arguments.operands[0]
    images = Array(arguments.operands.dropFirst())
    printsJSON = arguments.has("json")
  }

  func run() throws -> Int32 {
    let stored = try StoredModel(path: path)
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

import ApusCompute
import ApusData
import ApusTensor

/// A trained model as one Swift file: weights, the code that runs them, and a test, with no import.
///
/// ```swift
/// let source = try SwiftSource(model, inputShape: [1, 28, 28], name: "Digits")
/// print(source.text)      // struct Digits: ~Copyable { func predict(_:into:) … }
/// ```
///
/// The file compiles for servers and, as Embedded Swift, for what has neither an operating system nor a heap: all memory is one
/// block, which the caller may hand over. Weights are text in base 64: an array literal of 100,000 numbers takes the compiler a
/// minute, a string literal of the same content a fraction of a second.
public struct SwiftSource: Sendable {
  /// The source.
  public let text: String

  /// Writes down a model that computes with `Float`.
  ///
  /// - Parameters:
  ///   - model: A `Sequential` of layers that an `InferencePlan` takes.
  ///   - inputShape: The shape of one input, without the batch.
  ///   - name: What the type is to be called.
  ///   - normalization: What is done to pixels before the model sees them; the file then has `predict(pixels:into:)`.
  ///   - title: What the model is, in a few words for the file's first line.
  /// - Throws: `InferencePlanError`, which names the layer that cannot be written down.
  /// - Precondition: `name` is an identifier.
  public init(
    _ model: Sequential, inputShape: Shape, name: String, normalization: Normalize? = nil, title: String? = nil
  ) throws(InferencePlanError) {
    model.eval()
    var compiler = try InferenceCompiler(model, inputShape: inputShape)
    try compiler.compile()
    var body = FloatSource()
    try body.add(compiler.steps, inputCount: inputShape.elementCount)
    let plan = try InferencePlan(model, inputShape: inputShape)
    text = Self.file(
      name, title, inputShape, compiler.sampleShape, normalization, body.parts, numbers: "Float weights",
      tolerance: "1e-5"
    ) { plan($0) }
  }

  /// Writes down a model that computes with bytes. Its results are those of the plan, bit for bit.
  ///
  /// - Parameters: As for a model of `Float`.
  /// - Throws: `InferencePlanError`, which names the layer that cannot be written down.
  /// - Precondition: `name` is an identifier.
  public init(
    _ plan: QuantizedPlan, name: String, normalization: Normalize? = nil, title: String? = nil
  ) throws(InferencePlanError) {
    var body = ByteSource()
    try body.add(plan)
    text = Self.file(
      name, title, plan.inputShape, plan.outputShape, normalization, body.parts, numbers: "weights of 8 bits",
      tolerance: "1e-5"
    ) { plan($0) }
  }

  /// Whether Swift takes the text for a type's name.
  public static func isIdentifier(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    func letter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F }
    let keywords = [
      "Self", "Any", "self", "struct", "class", "enum", "func", "var", "let", "init", "Type", "Float", "Int",
    ]
    return bytes.first.map(letter) == true && bytes.allSatisfy { letter($0) || (0x30...0x39).contains($0) }
      && !keywords.contains(text) && text.count <= 80
  }

  private static func file(
    _ name: String, _ title: String?, _ inputShape: Shape, _ outputShape: Shape, _ normalization: Normalize?,
    _ parts: SourceParts, numbers: String, tolerance: String, _ predict: (Tensor<Float>) -> Tensor<Float>
  ) -> String {
    demand(isIdentifier(name), "SwiftSource: \(name) is no identifier")
    let (inputs, outputs) = (inputShape.elementCount, outputShape.elementCount)
    var random = Random(seed: 17)
    let probe = Tensor<Float>.uniform(Shape([1] + Array(inputShape)), 0, 1, using: &random)
    let input = withoutGradients { normalization.map { $0(probe) } ?? probe }
    let expected = predict(input)
    let test = encodeBase64((input.scalars + expected.scalars).flatMap(littleEndian))
    let safeTitle = title.map { $0.filter { $0.isASCII && !$0.isNewline } } ?? name
    let listing = parts.listing.enumerated().map { "//   \($0 + 1). \($1)" }.joined(separator: "\n")
    let pixels = normalization.map { pixelFunction($0, inputs: inputs) } ?? ""
    let pixelRoom = normalization == nil ? 0 : inputs * 4
    return """
      // \(safeTitle): \(words(inputShape)) numbers in, \(words(outputShape)) out, \(numbers), \(parts.weights.count) bytes of them.
      // Written by `apus export`; to change it, export the model again.
      //
      \(listing)

      /// A trained model, in memory that is taken once: `predict` allocates nothing, opens nothing and calls nothing.
      ///
      ///     let model = \(name)()
      ///     model.predict(input, into: output)     // \(inputs) numbers to \(outputs)
      ///
      /// One thread may use a value at a time; each further thread needs a value of its own.
      public struct \(name): ~Copyable {
        /// Numbers of one input, of shape \(words(inputShape)).
        public static let inputCount = \(inputs)
        /// Numbers of one result, of shape \(words(outputShape)).
        public static let outputCount = \(outputs)
        /// Bytes that a value works in: its decoded weights and two activations.
        public static let memoryByteCount = \(parts.memoryBytes(pixelRoom))

        private let memory: UnsafeMutableRawPointer
        private let ownsMemory: Bool

        /// A model in memory from the heap.
        public init() {
          memory = .allocate(byteCount: Self.memoryByteCount, alignment: 64)
          ownsMemory = true
          Self.decode(Self.weightText, into: memory)
        }

        /// A model in memory of the caller's: at least `memoryByteCount` bytes at a multiple of 16, which must stay
        /// there as long as the value.
        public init(memory: UnsafeMutableRawPointer) {
          self.memory = memory
          ownsMemory = false
          Self.decode(Self.weightText, into: memory)
        }

        deinit { if ownsMemory { memory.deallocate() } }

        /// The result for one input.
        ///
        /// - Parameters:
        ///   - input: `inputCount` numbers\(normalization == nil ? "" : ", normalised as in training").
        ///   - output: Room for `outputCount` numbers.
        public func predict(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>) {
          let weights = UnsafeRawPointer(memory)
      \(parts.places)
      \(parts.body.map { "    " + $0 }.joined(separator: "\n"))
        }
      \(pixels.substituting("PIXELS", with: "\(parts.pixelOffset)"))
        /// The largest difference from what Apus computed for an input that stands in this file: at most \(tolerance)
        /// where all is well. Takes memory for the test while it runs.
        public func selfTestError() -> Float {
          let count = Self.inputCount + Self.outputCount
          let numbers = UnsafeMutablePointer<Float>.allocate(capacity: count + Self.outputCount)
          defer { numbers.deallocate() }
          Self.decode(Self.testText, into: UnsafeMutableRawPointer(numbers))
          predict(numbers, into: numbers + count)
          var largest: Float = 0
          for i in 0..<Self.outputCount {
            let difference = (numbers[Self.inputCount + i] - numbers[count + i]).magnitude
            // NaN differs too.
            if !(difference <= largest) { largest = difference }
          }
          return largest
        }

      \(SourceRuntime.common)
      \(parts.runtime.joined(separator: "\n"))
        // \(parts.weights.count) bytes in base 64.
        private static var weightText: StaticString {
          \"\"\"
      \(lines(encodeBase64(parts.weights)))
          \"\"\"
        }

        private static var testText: StaticString {
          \"\"\"
      \(lines(test))
          \"\"\"
        }
      }

      """
  }

  private static func words(_ shape: Shape) -> String { shape.map { "\($0)" }.joined(separator: "×") }

  private static func pixelFunction(_ normalization: Normalize, inputs: Int) -> String {
    """

      /// The result for one image of bytes, 255 being white.
      public func predict(pixels: UnsafePointer<UInt8>, into output: UnsafeMutablePointer<Float>) {
        let input = (memory + PIXELS).assumingMemoryBound(to: Float.self)
        for i in 0..<Self.inputCount {
          input[i] = (Float(pixels[i]) / 255 - \(normalization.mean)) / \(normalization.deviation)
        }
        predict(input, into: output)
      }

    """
  }

  private static func lines(_ text: String) -> String {
    let bytes = Array(text.utf8)
    return stride(from: 0, to: bytes.count, by: 112).map { start in
      "    " + String(decoding: bytes[start..<min(start + 112, bytes.count)], as: UTF8.self)
    }.joined(separator: "\n")
  }
}

/// The bytes of a number, the low one first.
func littleEndian(_ value: Float) -> [UInt8] {
  (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
}

/// Bytes as text: six bits a character, without padding.
func encodeBase64(_ bytes: [UInt8]) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var result: [UInt8] = []
  result.reserveCapacity(bytes.count * 4 / 3 + 4)
  var (bits, count) = (0, 0)
  for byte in bytes {
    bits = (bits << 8 | Int(byte)) & 0xFFFF
    count += 8
    while count >= 6 {
      count -= 6
      result.append(alphabet[bits >> count & 63])
    }
  }
  if count > 0 { result.append(alphabet[bits << (6 - count) & 63]) }
  return String(decoding: result, as: UTF8.self)
}

/// What a kind of numbers contributes to a file.
struct SourceParts {
  /// What each step is, for the reader.
  var listing: [String] = []
  /// The statements of `predict`.
  var body: [String] = []
  /// Functions that they call.
  var runtime: [String] = []
  /// Constants, in the order in which they lie in memory.
  var weights: [UInt8] = []
  /// What activations are made of.
  var scalar = "Float"
  /// Bytes of the largest activation, and of the largest padded one.
  var activationBytes = 0
  var paddedBytes = 0

  /// Adds numbers at a multiple of 16 bytes; where they begin.
  mutating func place(_ bytes: [UInt8]) -> Int {
    weights += [UInt8](repeating: 0, count: (16 - weights.count % 16) % 16)
    defer { weights += bytes }
    return weights.count
  }

  mutating func place(_ values: [Float]) -> Int { place(values.flatMap(littleEndian)) }

  /// Declarations of the places that the statements use.
  var places: String {
    let text = body.joined()
    let all = [("even", evenOffset), ("odd", oddOffset), ("padded", paddedOffset)]
    return all.filter { text.holds($0.0) }.map { name, offset in
      "    let \(name) = (memory + \(offset)).assumingMemoryBound(to: \(scalar).self)"
    }.joined(separator: "\n")
  }

  private static func up(_ count: Int) -> Int { (count + 79) / 64 * 64 }

  var evenOffset: Int { Self.up(weights.count) }
  var oddOffset: Int { evenOffset + Self.up(activationBytes) }
  var paddedOffset: Int { oddOffset + Self.up(activationBytes) }
  var pixelOffset: Int { paddedOffset + Self.up(paddedBytes) }
  func memoryBytes(_ pixelRoom: Int) -> Int { pixelOffset + pixelRoom }
}

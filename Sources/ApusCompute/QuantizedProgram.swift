/// How a byte stands for a number: x = (byte − zero) · scale.
package struct ByteScale: Equatable, Sendable {
  /// The step from one byte to the next; positive.
  package var scale: Float
  /// The byte that means 0.
  package var zero: UInt8

  package init(scale: Float, zero: UInt8) {
    (self.scale, self.zero) = (scale, zero)
  }
}

/// A model as a list of steps on bytes: activations are unsigned, weights signed, sums have 32 bits.
///
/// An activation lies pixel by pixel, the channels of a pixel side by side: then a convolution's patch is a few runs of
/// bytes, and both a patch and a row of weights are read from front to back. A result is the same on every kernel set,
/// in any batch and at any number of threads, since integers have no rounding.
///
/// A run writes to the arenas: one run at a time.
package final class QuantizedProgram {
  private enum Step {
    case products(QuantizedProducts)
    case pooling(PoolingGeometry)
    /// A byte for every byte.
    case table(UnsafePointer<UInt8>)
  }

  /// What follows the last product, on numbers.
  private enum Ending {
    case softmax(isLogarithm: Bool)
    case function(UnaryFunction)
  }

  private let kernels: any IntegerTable.Type
  private let memory = PlanMemory()
  private let threads: Int
  private var steps: [Step] = []
  private var endings: [Ending] = []
  /// Bytes of each activation of one image.
  private var counts: [Int]
  private var outputCount = 0
  private var scratchCount = 0
  private let input: ByteScale
  private let inputChannels: Int
  private var arenas: [UnsafeMutableRawPointer] = []
  private var largest = 0

  /// Images that go through the steps together, so that a row of weights serves all of them.
  private static let group = 16
  /// Bytes that reading and writing in words may touch behind the last one.
  private static let slack = 64

  /// A program for images of `inputCount` numbers in `channels` planes, with the kernels in force and for `Threads.count`
  /// threads.
  package init(inputCount: Int, channels: Int, input: ByteScale) {
    kernels = InstructionSet.active.integerKernels
    threads = Threads.count
    counts = [inputCount]
    inputChannels = channels
    self.input = input
  }

  /// Bytes of weights, tables and activations.
  package var bytes: Int { memory.bytes }

  // MARK: Making it

  /// The greatest depth of a product whose sum cannot overflow.
  package static let maximumDepth = 60_000

  /// A convolution of one image.
  ///
  /// - Parameters:
  ///   - weight: [outputs, inputs / groups, kernel height, kernel width].
  ///   - weightScales: One for each output: its weights are byte · scale.
  ///   - from: What the bytes that come in stand for.
  ///   - to: What the bytes that go out stand for; nil for numbers, behind which only endings may follow.
  ///   - isRectified: Whether what is below 0 becomes 0.
  package func appendConvolution(
    _ geometry: ConvolutionGeometry, weight: [Int8], weightScales: [Float], bias: [Float], from: ByteScale,
    to: ByteScale?, isRectified: Bool
  ) {
    append(
      QuantizedProducts(
        kernels, memory, geometry, weight: weight, weightScales: weightScales, bias: bias, from: from, to: to,
        isRectified: isRectified))
  }

  /// A dense layer on a whole activation of `channels` planes, as a convolution whose kernel covers it.
  package func appendLinear(
    inputs: Int, channels: Int, outputs: Int, weight: [Int8], weightScales: [Float], bias: [Float], from: ByteScale,
    to: ByteScale?, isRectified: Bool
  ) {
    let geometry = ConvolutionGeometry(
      batch: 1, inputChannels: channels, inputHeight: 1, inputWidth: inputs / channels, outputChannels: outputs,
      kernelHeight: 1, kernelWidth: inputs / channels)
    append(
      QuantizedProducts(
        kernels, memory, geometry, weight: weight, weightScales: weightScales, bias: bias, from: from, to: to,
        isRectified: isRectified))
  }

  private func append(_ products: QuantizedProducts) {
    steps.append(.products(products))
    scratchCount = max(scratchCount, products.scratchCount(group: Self.group))
    if products.givesNumbers { outputCount = products.outputCount } else { counts.append(products.outputCount) }
  }

  /// A max-pooling of one image.
  package func appendMaxPooling(_ geometry: PoolingGeometry) {
    steps.append(.pooling(geometry))
    counts.append(geometry.planes * geometry.outputHeight * geometry.outputWidth)
  }

  /// A function of every number, worked out beforehand for the 256 bytes that there are.
  package func appendFunction(_ function: UnaryFunction, from: ByteScale, to: ByteScale) {
    let table = memory.zeroBytes(256)
    for (index, byte) in Self.table(function, from: from, to: to).enumerated() { table[index] = byte }
    steps.append(.table(UnsafePointer(table)))
  }

  /// The byte that a function makes of each byte.
  package static func table(_ function: UnaryFunction, from: ByteScale, to: ByteScale) -> [UInt8] {
    var numbers = (0..<256).map { Float($0 - Int(from.zero)) * from.scale }
    numbers.withUnsafeMutableBufferPointer { numbers in
      guard let start = numbers.baseAddress else { return }
      apply(function, start, into: start, count: 256)
    }
    return numbers.map { number in
      let byte = (number / to.scale + Float(to.zero)).rounded(.toNearestOrEven)
      return byte.isNaN ? 0 : UInt8(max(0, min(255, byte)))
    }
  }

  /// A function of the results.
  package func appendEnding(_ function: UnaryFunction) { endings.append(.function(function)) }

  /// Softmax or its logarithm of the results.
  package func appendSoftmax(isLogarithm: Bool) { endings.append(.softmax(isLogarithm: isLogarithm)) }

  /// Lays out the arenas. After it nothing can be appended, before it nothing can be run.
  package func finish() {
    largest = roundUp((counts.max() ?? 0) * Self.group + Self.slack, 64)
    let size = 2 * largest + roundUp(scratchCount + Self.slack, 64)
    arenas = (0..<threads).map { _ in UnsafeMutableRawPointer(memory.zeroBytes(size)) }
  }

  // MARK: Running it

  /// Computes the results of `batch` images, which follow one another in `input`, into `output`.
  package func run(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int) {
    let groups = (batch + Self.group - 1) / Self.group
    let parts = min(groups, threads, max(1, Threads.count))
    parallelFor(parts) { part in
      for group in groups * part / parts..<groups * (part + 1) / parts {
        let first = group * Self.group
        runGroup(
          input + first * counts[0], output + first * outputCount, arenas[part], min(Self.group, batch - first))
      }
    }
  }

  private func runGroup(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ arena: UnsafeMutableRawPointer,
    _ images: Int
  ) {
    let even = arena.assumingMemoryBound(to: UInt8.self)
    let odd = even + largest
    let scratch = arena + 2 * largest
    quantize(input, even, images)
    var activation = 0
    for step in steps {
      let (x, y) = activation % 2 == 0 ? (even, odd) : (odd, even)
      let size = counts[activation]
      switch step {
      case .products(let products):
        products.run(kernels, x, y, output, scratch, images: images, imageStride: size)
      case .pooling(let geometry):
        for image in 0..<images { pool(geometry, x + image * size, y + image * counts[activation + 1]) }
      case .table(let table):
        for index in 0..<images * size { x[index] = table[Int(x[index])] }
        continue
      }
      activation += 1
    }
    for ending in endings {
      switch ending {
      case .function(let function): apply(function, output, into: output, count: images * outputCount)
      case .softmax(let isLogarithm):
        // Row by row, so that a result does not depend on its neighbours.
        for image in 0..<images {
          let row = output + image * outputCount
          if isLogarithm {
            logSoftmax(row, into: row, outer: 1, count: outputCount, inner: 1)
          } else {
            softmax(row, into: row, outer: 1, count: outputCount, inner: 1)
          }
        }
      }
    }
  }

  /// Numbers as bytes, the planes of an image woven together.
  private func quantize(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt8>, _ images: Int) {
    let (factor, zero) = (1 / input.scale, Float(input.zero))
    let (size, channels) = (counts[0], inputChannels)
    guard channels > 1, channels < size else {
      kernels.quantize(x, y, images * size, factor: factor, zero: zero)
      return
    }
    let pixels = size / channels
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size) { planes in
      guard let planes = planes.baseAddress else { return }
      for image in 0..<images {
        kernels.quantize(x + image * size, planes, size, factor: factor, zero: zero)
        for channel in 0..<channels {
          let to = y + image * size + channel
          for pixel in 0..<pixels { to[pixel * channels] = planes[channel * pixels + pixel] }
        }
      }
    }
  }

  private func pool(_ g: PoolingGeometry, _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>) {
    let channels = g.planes
    for row in 0..<g.outputHeight {
      for column in 0..<g.outputWidth {
        let to = y + (row * g.outputWidth + column) * channels
        to.update(repeating: 0, count: channels)
        for i in 0..<g.kernelHeight {
          let r = row * g.strideHeight - g.paddingHeight + i * g.dilationHeight
          guard r >= 0 && r < g.height else { continue }
          for j in 0..<g.kernelWidth {
            let c = column * g.strideWidth - g.paddingWidth + j * g.dilationWidth
            guard c >= 0 && c < g.width else { continue }
            kernels.maximum(x + (r * g.width + c) * channels, into: to, channels)
          }
        }
      }
    }
  }
}

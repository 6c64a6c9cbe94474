import ApusCompute
import ApusTensor

/// Writes the steps of a model of `Float`.
struct FloatSource {
  private(set) var parts = SourceParts()
  private var current = "input"
  private var activation = 0
  private var count = 0
  private var used: Set<String> = []

  mutating func add(_ steps: [InferenceStep], inputCount: Int) throws(InferencePlanError) {
    count = inputCount
    let last = steps.lastIndex { !Self.isInPlace($0) } ?? -1
    var skipped: Set<Int> = []
    if last < 0 { copy(to: "output") }
    for (index, step) in steps.enumerated() where !skipped.contains(index) {
      // max and ReLU may be exchanged, so a ReLU behind poolings becomes part of the layer before them.
      var isRectified = false
      switch step {
      case .linear, .convolution:
        var next = index + 1
        while next < steps.count, case .pooling(_, true, _) = steps[next] { next += 1 }
        if next < steps.count, case .function(.relu) = steps[next] {
          isRectified = true
          skipped.insert(next)
        }
      default: break
      }
      try add(step, isRectified, to: index == last ? "output" : activation % 2 == 0 ? "even" : "odd")
    }
    parts.runtime = SourceRuntime.float.filter { used.contains($0.name) }.map(\.text)
    if used.contains(where: ["exponential", "logarithm"].contains) { parts.runtime.append(SourceRuntime.powers) }
  }

  private static func isInPlace(_ step: InferenceStep) -> Bool {
    switch step {
    case .function, .scale, .softmax: true
    case .linear, .convolution, .pooling: false
    }
  }

  private mutating func copy(to place: String) {
    parts.body.append("\(place).update(from: \(current), count: \(count))")
    moved(to: place, count)
  }

  private mutating func moved(to place: String, _ newCount: Int) {
    current = place
    count = newCount
    activation += 1
    if place != "output" { parts.activationBytes = max(parts.activationBytes, 4 * newCount) }
  }

  private mutating func add(
    _ step: InferenceStep, _ isRectified: Bool, to place: String
  ) throws(InferencePlanError) {
    let rectified = isRectified ? ", ReLU" : ""
    switch step {
    case .linear(let step):
      let weight = parts.place(step.weight)
      let bias = parts.place(step.bias ?? [Float](repeating: 0, count: step.outputs))
      used.insert("dense")
      parts.listing.append("dense, \(step.inputs) → \(step.outputs)\(rectified)")
      for position in 0..<step.positions {
        let (x, y) = (position * step.inputs, position * step.outputs)
        parts.body.append(
          "Self.dense(\(current)\(x > 0 ? " + \(x)" : ""), \(place)\(y > 0 ? " + \(y)" : ""), "
            + "weight: weights + \(weight), bias: weights + \(bias), inputs: \(step.inputs), "
            + "outputs: \(step.outputs), rectified: \(isRectified))")
      }
      moved(to: place, step.positions * step.outputs)
    case .convolution(let step):
      let g = step.geometry
      let weight = parts.place(step.weight)
      let bias = parts.place(step.bias ?? [Float](repeating: 0, count: g.outputChannels))
      used.insert("convolve")
      parts.listing.append("convolution, \(Self.words(g))\(rectified)")
      let (source, height, width) = pad(g, zero: "0")
      parts.body.append(
        "Self.convolve(\(source), \(place), weight: weights + \(weight), bias: weights + \(bias), "
          + Self.arguments(g, height, width) + ", rectified: \(isRectified))")
      moved(to: place, g.outputCount)
    case .pooling(let g, let isMaximum, let countsPadding):
      let function = isMaximum ? "maximum" : "average"
      used.insert(function)
      parts.listing.append("\(function) of \(g.kernelHeight)×\(g.kernelWidth)")
      parts.body.append(
        "Self.\(function)(\(current), \(place), \(Self.arguments(g))"
          + (isMaximum ? ")" : ", countsPadding: \(countsPadding))"))
      moved(to: place, g.planes * g.outputHeight * g.outputWidth)
    case .function(let function):
      makeMutable()
      let call = try Self.call(function)
      used.formUnion([call.name, "exponential"])
      parts.listing.append(call.name)
      parts.body.append("Self.\(call.name)(\(current), \(count)\(call.more))")
    case .scale(let scale, let shift, let spatial):
      makeMutable()
      let places = (parts.place(scale), parts.place(shift))
      used.insert("scale")
      parts.listing.append("scale and shift of \(scale.count) channels")
      parts.body.append(
        "Self.scale(\(current), by: weights + \(places.0), and: weights + \(places.1), channels: \(scale.count), "
          + "spatial: \(spatial))")
    case .softmax(let outer, let size, let inner, let isLogarithm):
      makeMutable()
      used.formUnion(["softmax", "exponential", "logarithm"])
      parts.listing.append(isLogarithm ? "log-softmax" : "softmax")
      parts.body.append(
        "Self.softmax(\(current), outer: \(outer), count: \(size), inner: \(inner), logarithm: \(isLogarithm))")
    }
  }

  /// What works in place must not work on the caller's input.
  private mutating func makeMutable() {
    if current == "input" { copy(to: "even") }
  }

  /// Lays a convolution's input into a frame, if it needs one; the name and the extents of what it then reads.
  private mutating func pad(_ g: ConvolutionGeometry, zero: String) -> (String, Int, Int) {
    guard let call = SourceParts.padding(g, from: current, zero: zero) else {
      return (current, g.inputHeight, g.inputWidth)
    }
    used.insert("pad")
    parts.body.append(call.statement)
    parts.paddedBytes = max(parts.paddedBytes, 4 * g.inputChannels * call.height * call.width)
    return ("padded", call.height, call.width)
  }

  static func words(_ g: ConvolutionGeometry) -> String {
    "\(g.inputChannels)×\(g.inputHeight)×\(g.inputWidth) → "
      + "\(g.outputChannels)×\(g.outputHeight)×\(g.outputWidth), \(g.kernelHeight)×\(g.kernelWidth)"
  }

  static func arguments(_ g: ConvolutionGeometry, _ height: Int, _ width: Int) -> String {
    "channels: \(g.inputChannels / g.groups), height: \(height), width: \(width), "
      + "outputs: \(g.outputChannels / g.groups), groups: \(g.groups), kernel: (\(g.kernelHeight), \(g.kernelWidth)), "
      + "step: (\(g.stride.0), \(g.stride.1)), dilation: (\(g.dilation.0), \(g.dilation.1)), "
      + "size: (\(g.outputHeight), \(g.outputWidth))"
  }

  static func arguments(_ g: PoolingGeometry) -> String {
    "planes: \(g.planes), height: \(g.height), width: \(g.width), kernel: (\(g.kernelHeight), \(g.kernelWidth)), "
      + "step: (\(g.strideHeight), \(g.strideWidth)), padding: (\(g.paddingHeight), \(g.paddingWidth)), "
      + "dilation: (\(g.dilationHeight), \(g.dilationWidth)), size: (\(g.outputHeight), \(g.outputWidth))"
  }

  static func call(_ function: UnaryFunction) throws(InferencePlanError) -> (name: String, more: String) {
    switch function {
    case .relu: ("rectify", "")
    case .leakyRelu(let slope): ("leak", ", slope: \(Float(slope))")
    case .sigmoid: ("sigmoid", "")
    case .tanh: ("tanh", "")
    case .gelu: ("gelu", "")
    case .geluTanh: ("geluTanh", "")
    default: throw InferencePlanError(layer: "\(function)", reason: "an exported source knows no such function")
    }
  }
}

extension SourceParts {
  /// The statement that lays an input into a frame, nil when it needs none.
  static func padding(
    _ g: ConvolutionGeometry, from source: String, zero: String
  ) -> (statement: String, height: Int, width: Int)? {
    guard g.padding != (0, 0, 0, 0) else { return nil }
    let height = g.inputHeight + g.padding.top + g.padding.bottom
    let width = g.inputWidth + g.padding.left + g.padding.right
    return (
      "Self.pad(\(source), padded, planes: \(g.inputChannels), height: \(g.inputHeight), width: \(g.inputWidth), "
        + "top: \(g.padding.top), left: \(g.padding.left), rows: \(height), columns: \(width), zero: \(zero))",
      height, width
    )
  }
}

/// Writes the steps of a model of bytes. Activations lie plane by plane, as those of `Float` do.
struct ByteSource {
  private(set) var parts = SourceParts()

  mutating func add(_ plan: QuantizedPlan) throws(InferencePlanError) {
    parts.scalar = "UInt8"
    var activations = plan.quantization.activations[...]
    var scales = plan.quantization.weightScales[...]
    var zero = activations[0]
    var used: Set<String> = ["quantize"]
    var count = plan.inputShape.elementCount
    var number = 0
    func place() -> String { number % 2 == 0 ? "even" : "odd" }
    parts.activationBytes = count
    parts.body.append("Self.quantize(input, even, \(count), factor: \(1 / zero.scale), zero: \(zero.zero))")
    activations.removeFirst()
    for layer in plan.layers {
      let source = place()
      let next = layer.hasOutputScale ? activations.removeFirst() : nil
      if let weights = layer.weights {
        let own = scales.removeFirst()
        let bytes = QuantizedLayer.bytes(weights.values, scales: own)
        let constants = ProductConstants(
          weight: bytes, weightScales: own, bias: weights.bias ?? [Float](repeating: 0, count: weights.outputs),
          from: zero.bytes, to: next?.bytes)
        let weight = parts.place(bytes.map { UInt8(bitPattern: $0) })
        let bias = parts.place(
          constants.bias.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } })
        let multiplier = parts.place(constants.multiplier)
        let constant =
          "weight: weights + \(weight), bias: weights + \(bias), multiplier: weights + \(multiplier), "
        let rectified = layer.isRectified ? ", ReLU" : ""
        number += 1
        switch layer.kind {
        case .linear(let step, _):
          used.insert(next == nil ? "denseNumbers" : "dense")
          parts.listing.append("dense, \(step.inputs) → \(step.outputs)\(rectified)")
          parts.body.append(
            "Self.\(next == nil ? "denseNumbers" : "dense")(\(source), \(next == nil ? "output" : place()), "
              + constant + "inputs: \(step.inputs), outputs: \(step.outputs), "
              + (next.map { "zero: \($0.zero), floor: \(layer.isRectified ? $0.zero : 0))" }
                ?? "rectified: \(layer.isRectified))"))
          count = step.outputs
        case .convolution(let step):
          guard let next else { break }
          let g = step.geometry
          used.insert("convolve")
          parts.listing.append("convolution, \(FloatSource.words(g))\(rectified)")
          var (from, height, width) = (source, g.inputHeight, g.inputWidth)
          if let call = SourceParts.padding(g, from: source, zero: "\(zero.zero)") {
            used.insert("pad")
            parts.body.append(call.statement)
            parts.paddedBytes = max(parts.paddedBytes, g.inputChannels * call.height * call.width)
            (from, height, width) = ("padded", call.height, call.width)
          }
          parts.body.append(
            "Self.convolve(\(from), \(place()), " + constant + FloatSource.arguments(g, height, width)
              + ", zero: \(next.zero), floor: \(layer.isRectified ? next.zero : 0))")
          count = g.outputCount
        default: break
        }
      } else {
        switch layer.kind {
        case .maxPooling(let g):
          number += 1
          used.insert("maximum")
          parts.listing.append("maximum of \(g.kernelHeight)×\(g.kernelWidth)")
          parts.body.append("Self.maximum(\(source), \(place()), \(FloatSource.arguments(g)))")
          count = g.planes * g.outputHeight * g.outputWidth
        case .function(let function):
          guard let next else { break }
          // The table of the plan itself, so that the results are its own.
          let table = QuantizedProgram.table(function, from: zero.bytes, to: next.bytes)
          used.insert("translate")
          parts.listing.append("\(function), from a table")
          parts.body.append("Self.translate(\(source), \(count), table: weights + \(parts.place(table)))")
        case .ending(let function):
          let call = try FloatSource.call(function)
          used.formUnion([call.name, "exponential"])
          parts.listing.append(call.name)
          parts.body.append("Self.\(call.name)(output, \(count)\(call.more))")
        case .softmax(let isLogarithm):
          used.formUnion(["softmax", "exponential", "logarithm"])
          parts.listing.append(isLogarithm ? "log-softmax" : "softmax")
          parts.body.append(
            "Self.softmax(output, outer: 1, count: \(count), inner: 1, logarithm: \(isLogarithm))")
        case .linear, .convolution: break
        }
      }
      if let next { zero = next }
      parts.activationBytes = max(parts.activationBytes, count)
    }
    let ownNames = SourceRuntime.bytes.map(\.name)
    parts.runtime = (SourceRuntime.bytes + SourceRuntime.float.filter { !ownNames.contains($0.name) })
      .filter { used.contains($0.name) }.map(\.text)
    if used.contains("exponential") { parts.runtime.append(SourceRuntime.powers) }
  }
}

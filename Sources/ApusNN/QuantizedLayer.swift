import ApusCompute
import ApusTensor

/// A step of a quantised model, with what could be put together from the steps of its inference.
struct QuantizedLayer {
  enum Kind {
    /// A dense layer whose inputs are `channels` planes.
    case linear(InferenceStep.LinearStep, channels: Int)
    case convolution(InferenceStep.ConvolutionStep)
    case maxPooling(PoolingGeometry)
    /// On bytes: a table.
    case function(UnaryFunction)
    /// Behind the last layer with weights: on numbers.
    case ending(UnaryFunction)
    case softmax(isLogarithm: Bool)
  }

  var kind: Kind
  /// Whether what is below 0 becomes 0.
  var isRectified = false
  /// Behind the last layer with weights there are no bytes.
  var givesNumbers = false

  var weights: (values: [Float], bias: [Float]?, outputs: Int)? {
    switch kind {
    case .linear(let step, _): (step.weight, step.bias, step.outputs)
    case .convolution(let step): (step.weight, step.bias, step.geometry.outputChannels)
    default: nil
    }
  }

  /// Whether bytes of a scale of its own come out.
  var hasOutputScale: Bool {
    switch kind {
    case .linear, .convolution: !givesNumbers
    case .function: true
    case .maxPooling, .ending, .softmax: false
    }
  }

  /// The steps of a model, ReLUs put into the layers with weights before them.
  static func layers(
    of model: Sequential, inputShape: Shape
  ) throws(InferencePlanError) -> (layers: [QuantizedLayer], outputShape: Shape) {
    model.eval()
    var compiler = try InferenceCompiler(model, inputShape: inputShape)
    try compiler.compile()
    func refuse(_ layer: String, _ reason: String) -> InferencePlanError {
      InferencePlanError(layer: layer, reason: "on bytes: " + reason)
    }
    var layers: [QuantizedLayer] = []
    let lastProduct = compiler.steps.lastIndex { step in
      switch step {
      case .linear, .convolution: true
      default: false
      }
    }
    guard let lastProduct, case .linear = compiler.steps[lastProduct] else {
      throw refuse("Sequential", "the last layer with weights must be a dense one")
    }
    // Planes of the activation, which lie woven together.
    var channels = inputShape.count == 3 ? inputShape[0] : inputShape.elementCount
    for (index, step) in compiler.steps.enumerated() {
      switch step {
      case .linear(let step):
        let name = "Linear(\(step.inputs), \(step.outputs))"
        guard step.positions == 1 else { throw refuse(name, "it stands behind more than one dimension") }
        guard step.inputs <= QuantizedProgram.maximumDepth else { throw refuse(name, "sums could overflow 32 bits") }
        layers.append(.init(kind: .linear(step, channels: channels), givesNumbers: index == lastProduct))
        channels = step.outputs
      case .convolution(let step):
        let depth = step.geometry.weightCount / step.geometry.outputChannels
        guard depth <= QuantizedProgram.maximumDepth else { throw refuse("Conv2d", "sums could overflow 32 bits") }
        layers.append(.init(kind: .convolution(step)))
        channels = step.geometry.outputChannels
      case .pooling(let geometry, let isMaximum, _):
        guard isMaximum else { throw refuse("AvgPool2d", "only the maximum is taken") }
        guard index < lastProduct else { throw refuse("MaxPool2d", "it follows the last layer with weights") }
        layers.append(.init(kind: .maxPooling(geometry)))
      case .function(let function):
        // max and ReLU may be exchanged.
        var place = layers.count - 1
        while place >= 0, case .maxPooling = layers[place].kind { place -= 1 }
        if function == .relu, place >= 0, layers[place].weights != nil {
          layers[place].isRectified = true
        } else {
          layers.append(.init(kind: index < lastProduct ? .function(function) : .ending(function)))
        }
      case .scale: throw refuse("BatchNorm", "it follows no layer with weights that it could be folded into")
      case .softmax(let outer, _, let inner, let isLogarithm):
        guard index > lastProduct, outer == 1, inner == 1 else {
          throw refuse(isLogarithm ? "LogSoftmax" : "Softmax", "it must follow the last layer, along all its outputs")
        }
        layers.append(.init(kind: .softmax(isLogarithm: isLogarithm)))
      }
    }
    return (layers, compiler.sampleShape)
  }

  /// The largest weight of an output becomes 127.
  static func weightScales(_ weights: [Float], outputs: Int) -> [Float] {
    let row = weights.count / outputs
    return (0..<outputs).map { output in
      let largest = weights[output * row..<(output + 1) * row].reduce(0) { max($0, $1.magnitude) }
      return largest > 0 && largest.isFinite ? largest / 127 : 1
    }
  }

  static func bytes(_ weights: [Float], scales: [Float]) -> [Int8] {
    let row = weights.count / scales.count
    return weights.indices.map { index in
      let value = (weights[index] / scales[index / row]).rounded(.toNearestOrEven)
      return value.isNaN ? 0 : Int8(max(-127, min(127, value)))
    }
  }

  /// Runs the model as far as every activation, and chooses the range that its bytes cover.
  static func calibrate(
    _ layers: [QuantizedLayer], _ inputShape: Shape, _ images: Tensor<Float>, _ calibration: Calibration
  ) -> Quantization {
    let count = images.shape[0]
    let input = images.scalars
    func activation(_ values: [Float]) -> Quantization.Activation {
      let range = calibration.range(of: ActivationHistogram(values))
      return .init(covering: range.low, range.high)
    }
    // The whole of the input: pixels at both ends are many, and mean what they are.
    let ends = ActivationHistogram(input)
    var result = Quantization(activations: [.init(covering: ends.low, ends.high)], weightScales: [])
    var steps: [InferenceStep] = []
    for layer in layers {
      switch layer.kind {
      case .linear(let step, _): steps.append(.linear(step))
      case .convolution(let step): steps.append(.convolution(step))
      case .maxPooling(let geometry): steps.append(.pooling(geometry, isMaximum: true, countsPadding: true))
      case .function(let function): steps.append(.function(function))
      case .ending, .softmax: break
      }
      if layer.isRectified { steps.append(.function(.relu)) }
      if let weights = layer.weights {
        result.weightScales.append(weightScales(weights.values, outputs: weights.outputs))
      }
      guard layer.hasOutputScale else { continue }
      let program = InferenceProgram(inputCount: inputShape.elementCount, steps)
      var values = [Float](repeating: 0, count: count * program.outputCount)
      input.withUnsafeBufferPointer { source in
        values.withUnsafeMutableBufferPointer { target in
          guard let source = source.baseAddress, let target = target.baseAddress else { return }
          program.run(source, into: target, batch: count)
        }
      }
      result.activations.append(activation(values))
    }
    return result
  }

  /// Whether the scales have the model's number and sizes.
  static func check(_ layers: [QuantizedLayer], _ scales: Quantization) throws(InferencePlanError) {
    let products = layers.compactMap(\.weights)
    let fits =
      scales.activations.count == 1 + layers.count(where: \.hasOutputScale)
      && scales.weightScales.map(\.count) == products.map(\.outputs)
      && scales.activations.allSatisfy { $0.scale > 0 && $0.scale.isFinite }
      && scales.weightScales.joined().allSatisfy { $0 > 0 && $0.isFinite }
    guard fits else { throw InferencePlanError(layer: "Sequential", reason: "the scales are not this model's") }
  }

  /// The layers as a program on bytes.
  static func program(
    _ layers: [QuantizedLayer], _ inputShape: Shape, _ scales: Quantization
  ) -> QuantizedProgram {
    var activations = scales.activations.map(\.bytes)[...]
    var weightScales = scales.weightScales[...]
    var current = activations.removeFirst()
    let program = QuantizedProgram(
      inputCount: inputShape.elementCount, channels: inputShape.count == 3 ? inputShape[0] : inputShape.elementCount,
      input: current)
    for layer in layers {
      let next = layer.hasOutputScale ? activations.removeFirst() : nil
      var own: (scales: [Float], bytes: [Int8], bias: [Float]) = ([], [], [])
      if let weights = layer.weights {
        let scales = weightScales.removeFirst()
        own = (
          scales, bytes(weights.values, scales: scales),
          weights.bias ?? [Float](repeating: 0, count: weights.outputs)
        )
      }
      switch layer.kind {
      case .linear(let step, let channels):
        program.appendLinear(
          inputs: step.inputs, channels: channels, outputs: step.outputs, weight: own.bytes,
          weightScales: own.scales, bias: own.bias, from: current, to: next, isRectified: layer.isRectified)
      case .convolution(let step):
        program.appendConvolution(
          step.geometry, weight: own.bytes, weightScales: own.scales, bias: own.bias, from: current, to: next,
          isRectified: layer.isRectified)
      case .maxPooling(let geometry): program.appendMaxPooling(geometry)
      case .function(let function): if let next { program.appendFunction(function, from: current, to: next) }
      case .ending(let function): program.appendEnding(function)
      case .softmax(let isLogarithm): program.appendSoftmax(isLogarithm: isLogarithm)
      }
      if let next { current = next }
    }
    program.finish()
    return program
  }
}

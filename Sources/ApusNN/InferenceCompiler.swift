import ApusCompute
import ApusTensor

/// Turns a model's layers into the steps that its inference takes.
struct InferenceCompiler {
  private typealias L = Layers<Float>

  private(set) var steps: [InferenceStep] = []
  /// The shape of one activation behind the layers compiled so far.
  private(set) var sampleShape: Shape
  private var layers: [any Module]
  /// A product that waits for a normalisation to be folded into it.
  private var product: Product?

  /// A dense layer or a convolution with numbers that may still change.
  private struct Product {
    enum Kind {
      case linear(positions: Int, inputs: Int)
      case convolution(ConvolutionGeometry)
    }
    let kind: Kind
    /// Row-major, a row for each output channel.
    var weight: [Float]
    var bias: [Float]?
    let outputs: Int
    let layer: any Module
    var folded: [AnyObject] = []
  }

  init(_ model: some Module<Tensor<Float>, Tensor<Float>>, inputShape: Shape) throws(InferencePlanError) {
    guard inputShape.elementCount > 0 else {
      throw InferencePlanError(layer: "\(type(of: model))", reason: "inputs of shape \(inputShape) hold nothing")
    }
    sampleShape = inputShape
    layers = []
    try collect(model, inputShape)
  }

  /// Whether a model holds modules that are neither layers of this library nor chains of them.
  static func hasForeignModules(_ model: any Module) -> Bool {
    model.namedModules.contains { !($0.module is any DescribedModule) }
  }

  /// The layers in the order in which they run: those of a chain from its list, those of another module by watching it.
  private mutating func collect(
    _ model: some Module<Tensor<Float>, Tensor<Float>>, _ inputShape: Shape
  ) throws(InferencePlanError) {
    if let chain = model as? L.Sequential, !Self.hasForeignModules(chain) {
      let reason: String
      do {
        _ = try chain.outputShape(for: Shape([1] + Array(inputShape)))
        return append(chain)
      } catch {
        reason = error.reason
      }
      throw InferencePlanError(layer: "Sequential", reason: reason)
    }
    var random = Random(seed: 3)
    let probe = Tensor<Float>.uniform(Shape([1] + Array(inputShape)), using: &random)
    layers = ForwardObserver.modules { withoutGradients { _ = model(probe) } }
    if layers.isEmpty {
      throw InferencePlanError(layer: "\(type(of: model))", reason: "it calls no layers")
    }
  }

  private mutating func append(_ chain: L.Sequential) {
    for module in chain.modules {
      if let nested = module as? L.Sequential { append(nested) } else { layers.append(module) }
    }
  }

  mutating func compile() throws(InferencePlanError) {
    for layer in layers {
      if let reason = add(layer) {
        let name = (layer as? any DescribedModule)?.architecture?.description ?? "\(type(of: layer))"
        throw InferencePlanError(layer: name, reason: reason)
      }
    }
    flush()
  }

  /// Adds a layer; what is the matter with it, if it cannot be added.
  private mutating func add(_ layer: any Module) -> String? {
    switch layer {
    case is L.Dropout, is L.Dropout2d, is L.Identity: return nil
    case let layer as L.Flatten: return addFlatten(layer)
    case let layer as L.Linear: return addLinear(layer)
    case let layer as L.Conv2d: return addConvolution(layer)
    case let layer as L.MaxPool2d:
      return addPooling(
        layer.kernelSize, layer.stride, layer.padding, layer.dilation, layer.ceilMode, isMaximum: true)
    case let layer as L.AvgPool2d:
      return addPooling(
        layer.kernelSize, layer.stride, layer.padding, (1, 1), layer.ceilMode, isMaximum: false,
        countsPadding: layer.countIncludePad)
    case is L.GlobalAvgPool2d, is L.GlobalMaxPool2d: return addGlobalPooling(isMaximum: layer is L.GlobalMaxPool2d)
    case let layer as L.BatchNorm: return addNormalization(layer)
    case is L.ReLU: return addFunction(.relu)
    case let layer as L.LeakyReLU: return addFunction(.leakyRelu(slope: layer.negativeSlope))
    case is L.Sigmoid: return addFunction(.sigmoid)
    case is L.Tanh: return addFunction(.tanh)
    case let layer as L.GELU: return addFunction(layer.approximate == .tanh ? .geluTanh : .gelu)
    case let layer as L.Softmax: return addSoftmax(layer.dim, isLogarithm: false)
    case let layer as L.LogSoftmax: return addSoftmax(layer.dim, isLogarithm: true)
    default: return "plans know no such layer"
    }
  }

  private mutating func addFlatten(_ layer: L.Flatten) -> String? {
    guard layer.from >= 1 else { return "the batch cannot be flattened away" }
    let kept = Array(sampleShape.prefix(layer.from - 1))
    sampleShape = Shape(kept + [sampleShape.dropFirst(layer.from - 1).reduce(1, *)])
    return nil
  }

  private mutating func addLinear(_ layer: L.Linear) -> String? {
    guard sampleShape.last == layer.inFeatures else { return "an input of shape \(sampleShape) does not fit" }
    flush()
    let positions = sampleShape.elementCount / layer.inFeatures
    product = Product(
      kind: .linear(positions: positions, inputs: layer.inFeatures), weight: layer.weight.value.scalars,
      bias: layer.bias?.value.scalars, outputs: layer.outFeatures, layer: layer)
    sampleShape = Shape(sampleShape.dropLast() + [layer.outFeatures])
    return nil
  }

  private mutating func addConvolution(_ layer: L.Conv2d) -> String? {
    guard sampleShape.rank == 3, sampleShape[0] == layer.inChannels else {
      return "an input of shape \(sampleShape) does not fit"
    }
    var padding = (top: 0, bottom: 0, left: 0, right: 0)
    switch layer.padding {
    case .explicit(let rows, let columns): padding = (rows, rows, columns, columns)
    case .same:
      let total = (layer.dilation.0 * (layer.kernelSize.0 - 1), layer.dilation.1 * (layer.kernelSize.1 - 1))
      padding = (total.0 / 2, total.0 - total.0 / 2, total.1 / 2, total.1 - total.1 / 2)
    }
    flush()
    let geometry = ConvolutionGeometry(
      batch: 1, inputChannels: layer.inChannels, inputHeight: sampleShape[1], inputWidth: sampleShape[2],
      outputChannels: layer.outChannels, kernelHeight: layer.kernelSize.0, kernelWidth: layer.kernelSize.1,
      stride: layer.stride, padding: padding, dilation: layer.dilation, groups: layer.groups)
    product = Product(
      kind: .convolution(geometry), weight: layer.weight.value.scalars, bias: layer.bias?.value.scalars,
      outputs: layer.outChannels, layer: layer)
    sampleShape = [layer.outChannels, geometry.outputHeight, geometry.outputWidth]
    return nil
  }

  private mutating func addPooling(
    _ kernel: (Int, Int), _ stride: (Int, Int), _ padding: (Int, Int), _ dilation: (Int, Int), _ ceilMode: Bool,
    isMaximum: Bool, countsPadding: Bool = true
  ) -> String? {
    guard sampleShape.rank == 3 else { return "an input of shape \(sampleShape) does not fit" }
    flush()
    let geometry = PoolingGeometry(
      planes: sampleShape[0], height: sampleShape[1], width: sampleShape[2], kernel: kernel, stride: stride,
      padding: padding, dilation: dilation, ceilMode: ceilMode)
    steps.append(.pooling(geometry, isMaximum: isMaximum, countsPadding: countsPadding))
    sampleShape = [sampleShape[0], geometry.outputHeight, geometry.outputWidth]
    return nil
  }

  /// One window as large as the image.
  private mutating func addGlobalPooling(isMaximum: Bool) -> String? {
    guard sampleShape.rank == 3 else { return "an input of shape \(sampleShape) does not fit" }
    let window = (sampleShape[1], sampleShape[2])
    let reason = addPooling(window, window, (0, 0), (1, 1), false, isMaximum: isMaximum)
    sampleShape = [sampleShape[0]]
    return reason
  }

  /// y = (x − μ) / √(σ² + ε) · γ + β is x · s + t with s = γ / √(σ² + ε) and t = β − μ s; behind a product W x + b it is the
  /// product (s W) x + (s b + t).
  private mutating func addNormalization(_ layer: L.BatchNorm) -> String? {
    guard sampleShape.rank >= 1, sampleShape[0] == layer.features else {
      return "an input of shape \(sampleShape) does not fit"
    }
    guard let mean = layer.runningMean?.value.scalars, let variance = layer.runningVariance?.value.scalars else {
      return "without running statistics a result depends on the whole batch"
    }
    let gamma = layer.weight?.value.scalars
    let beta = layer.bias?.value.scalars
    // In Double: s multiplies what may have been summed over many terms.
    let scale = variance.indices.map { Double(gamma?[$0] ?? 1) / (Double(variance[$0]) + layer.epsilon).squareRoot() }
    let shift = scale.indices.map { Double(beta?[$0] ?? 0) - Double(mean[$0]) * scale[$0] }
    if var folded = product, folded.outputs == layer.features, isFirstDimensionOfProduct {
      let row = folded.weight.count / folded.outputs
      for index in folded.weight.indices {
        folded.weight[index] = Float(Double(folded.weight[index]) * scale[index / row])
      }
      folded.bias = scale.indices.map { Float(Double(folded.bias?[$0] ?? 0) * scale[$0] + shift[$0]) }
      folded.folded.append(layer)
      product = folded
      return nil
    }
    flush()
    steps.append(
      .scale(
        scale.map { Float($0) }, shift: shift.map { Float($0) }, spatial: sampleShape.elementCount / layer.features))
    return nil
  }

  /// Whether the first dimension of the activation is that of the waiting product's outputs: always for a convolution, for a
  /// dense layer when its output has no other.
  private var isFirstDimensionOfProduct: Bool {
    if case .linear? = product?.kind { return sampleShape.rank == 1 }
    return true
  }

  private mutating func addFunction(_ function: UnaryFunction) -> String? {
    flush()
    steps.append(.function(function))
    return nil
  }

  private mutating func addSoftmax(_ dim: Int, isLogarithm: Bool) -> String? {
    let rank = sampleShape.rank + 1
    let axis = dim < 0 ? dim + rank : dim
    guard axis > 0, axis < rank else { return "along the batch it is no function of one input" }
    flush()
    steps.append(
      .softmax(
        outer: sampleShape.prefix(axis - 1).reduce(1, *), count: sampleShape[axis - 1],
        inner: sampleShape.dropFirst(axis).reduce(1, *), isLogarithm: isLogarithm))
    return nil
  }

  /// Adds the product that waits: nothing can be folded into it any more.
  private mutating func flush() {
    guard let waiting = product else { return }
    product = nil
    switch waiting.kind {
    case .linear(let positions, let inputs):
      steps.append(
        .linear(
          .init(
            positions: positions, inputs: inputs, outputs: waiting.outputs, weight: waiting.weight,
            bias: waiting.bias, layer: waiting.layer, folded: waiting.folded)))
    case .convolution(let geometry):
      steps.append(
        .convolution(
          .init(
            geometry: geometry, weight: waiting.weight, bias: waiting.bias, layer: waiting.layer,
            folded: waiting.folded)))
    }
  }
}

import ApusCompute

/// What a compiled model computes, step by step: what an inference plan runs, a quantised plan runs in bytes, and an
/// exported source spells out. Shapes are those of one input; weights hold what was folded into them.
enum InferenceStep {
  /// y = W x + b on the last dimension of [positions, inputs].
  case linear(LinearStep)
  case convolution(ConvolutionStep)
  /// Windows of every channel.
  case pooling(PoolingGeometry, isMaximum: Bool, countsPadding: Bool)
  /// A function of every number.
  case function(UnaryFunction)
  /// y = x · scale + shift for each channel of [channels, spatial].
  case scale([Float], shift: [Float], spatial: Int)
  /// Softmax or its logarithm along the middle dimension of [outer, count, inner].
  case softmax(outer: Int, count: Int, inner: Int, isLogarithm: Bool)

  struct LinearStep {
    var positions: Int
    var inputs: Int
    var outputs: Int
    /// [outputs, inputs], row by row.
    var weight: [Float]
    var bias: [Float]?
    /// The layer that it was made of.
    var layer: any Module
    /// The normalisations that were folded into it.
    var folded: [AnyObject]
  }

  struct ConvolutionStep {
    /// Of one image.
    var geometry: ConvolutionGeometry
    /// [outputChannels, inputChannels / groups, kernelHeight, kernelWidth].
    var weight: [Float]
    var bias: [Float]?
    /// The layer that it was made of.
    var layer: any Module
    /// The normalisations that were folded into it.
    var folded: [AnyObject]
  }
}

extension InferenceProgram {
  /// Adds what a step computes.
  func append(_ step: InferenceStep) {
    switch step {
    case .linear(let step):
      appendLinear(
        positions: step.positions, inputs: step.inputs, outputs: step.outputs, weight: step.weight, bias: step.bias)
    case .convolution(let step):
      appendConvolution(step.geometry, weight: step.weight, bias: step.bias)
    case .pooling(let geometry, let isMaximum, let countsPadding):
      appendPooling(geometry, isMaximum: isMaximum, countsPadding: countsPadding)
    case .function(let function): appendFunction(function)
    case .scale(let scale, let shift, let spatial): appendScale(scale: scale, shift: shift, spatial: spatial)
    case .softmax(let outer, let count, let inner, let isLogarithm):
      appendSoftmax(outer: outer, count: count, inner: inner, isLogarithm: isLogarithm)
    }
  }

  /// A program of steps, ready to run.
  convenience init(inputCount: Int, _ steps: some Sequence<InferenceStep>) {
    self.init(inputCount: inputCount)
    for step in steps { append(step) }
    finish()
  }
}

import ApusTensor

extension GradientCheckEntry {
  /// A check of a module: its gradients with respect to its input and to every parameter.
  ///
  /// ```swift
  /// let report = GradientCheckEntry("Block", inputShape: [2, 3]) { Layers<Double>.Linear(3, 4) }.check()
  /// print(report.passed, report)
  /// ```
  ///
  /// - Parameters:
  ///   - name: The case's name; it begins with the module's: `Conv2d, stride 2`.
  ///   - inputShape: The shape of the input, whose numbers are drawn.
  ///   - make: Makes the module. It is called for every evaluation, under the same seed: a module that changes when it
  ///     is run, or draws random numbers, is then still one function.
  public init<Model: Module & SendableMetatype>(
    _ name: String, inputShape: Shape, _ make: @escaping @Sendable () -> Model
  ) where Model.Scalar == Double, Model.Input == Tensor<Double>, Model.Output == Tensor<Double> {
    self.init(name, inputs: [inputShape], make) { $0($1[0]) }
  }
}

extension GradientCheckEntry {
  /// A check of a module that takes or gives something else than one tensor.
  ///
  /// - Parameters:
  ///   - name: The case's name; it begins with the module's.
  ///   - shapes: The shapes of the inputs, whose numbers are drawn.
  ///   - make: Makes the module; as for the other initialiser.
  ///   - run: Runs the module on the inputs.
  public init<Model: Module & SendableMetatype>(
    _ name: String, inputs shapes: [Shape], _ make: @escaping @Sendable () -> Model,
    run: @escaping @Sendable (_ model: Model, _ inputs: [Tensor<Double>]) -> Tensor<Double>
  ) where Model.Scalar == Double {
    self.init(
      name,
      inputs: { random in
        let inputs = shapes.map { Tensor<Double>.normal($0, using: &random) }
        // First values such as the zeros of a bias would hide mistakes that are multiplied by them.
        let parameters = withSeed(1, make).parameters.map { parameter in
          parameter.value.detached() + Tensor.normal(parameter.shape, 0, 0.3, using: &random)
        }
        return inputs + parameters
      },
      { tensors in
        let model = withSeed(1, make)
        for (parameter, tensor) in zip(model.parameters, tensors.dropFirst(shapes.count)) {
          parameter.substitute(tensor)
        }
        return run(model, Array(tensors.prefix(shapes.count)))
      })
  }
}

extension GradientCheckRegistry {
  private typealias L = Layers<Double>

  /// Every layer.
  public static let layers: [GradientCheckEntry] = basicLayers + pointwiseLayers + imageLayers + sequenceLayers

  private static let basicLayers: [GradientCheckEntry] = [
    GradientCheckEntry("Linear", inputShape: [5, 4]) { L.Linear(4, 3) },
    GradientCheckEntry("Linear, without bias", inputShape: [2, 3, 4]) { L.Linear(4, 2, bias: false) },
    GradientCheckEntry("Conv2d", inputShape: [2, 3, 7, 6]) { L.Conv2d(3, 4, kernelSize: 3) },
    GradientCheckEntry("Conv2d, with every option", inputShape: [2, 4, 9, 8]) {
      L.Conv2d(
        4, 6, kernelSize: (3, 2), stride: (2, 3), padding: .explicit(2, 1), dilation: (2, 1), groups: 2, bias: false)
    },
    GradientCheckEntry("Conv2d, depthwise, same", inputShape: [1, 3, 5, 5]) {
      L.Conv2d(3, 3, kernelSize: 4, padding: .same, groups: 3)
    },
    GradientCheckEntry("Conv2d, 1×1", inputShape: [2, 3, 4, 4]) { L.Conv2d(3, 5, kernelSize: 1) },
    GradientCheckEntry("MaxPool2d", inputShape: [2, 2, 6, 6]) { L.MaxPool2d(2) },
    GradientCheckEntry("MaxPool2d, overlapping", inputShape: [2, 2, 7, 6]) {
      L.MaxPool2d(3, stride: 2, padding: 1, ceilMode: true)
    },
    GradientCheckEntry("AvgPool2d", inputShape: [2, 2, 6, 6]) { L.AvgPool2d(2) },
    GradientCheckEntry("AvgPool2d, overlapping", inputShape: [2, 2, 7, 6]) {
      L.AvgPool2d(3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false)
    },
    GradientCheckEntry("BatchNorm1d", inputShape: [6, 3]) { L.BatchNorm1d(3) },
    GradientCheckEntry("BatchNorm1d, of sequences", inputShape: [3, 2, 4]) { L.BatchNorm1d(2, affine: false) },
    GradientCheckEntry("BatchNorm2d", inputShape: [3, 2, 4, 3]) { L.BatchNorm2d(2) },
    GradientCheckEntry("BatchNorm2d, in evaluation", inputShape: [3, 2, 4, 3]) { L.BatchNorm2d(2).eval() },
    GradientCheckEntry("Dropout", inputShape: [6, 5]) { L.Dropout(0.3) },
    GradientCheckEntry("Dropout2d", inputShape: [4, 5, 2, 2]) { L.Dropout2d(0.3) },
    GradientCheckEntry("Flatten", inputShape: [2, 3, 4]) { L.Flatten() },
    GradientCheckEntry("Unflatten", inputShape: [2, 12]) { L.Unflatten([3, 2, 2]) },
    GradientCheckEntry("ReLU", inputShape: [4, 5]) { L.ReLU() },
    GradientCheckEntry("LeakyReLU", inputShape: [4, 5]) { L.LeakyReLU(0.1) },
    GradientCheckEntry("Sigmoid", inputShape: [4, 5]) { L.Sigmoid() },
    GradientCheckEntry("Tanh", inputShape: [4, 5]) { L.Tanh() },
    GradientCheckEntry("GELU", inputShape: [4, 5]) { L.GELU() },
    GradientCheckEntry("GELU, by tanh", inputShape: [4, 5]) { L.GELU(approximate: .tanh) },
    GradientCheckEntry("Softmax", inputShape: [4, 5]) { L.Softmax() },
    GradientCheckEntry("Softmax, of channels", inputShape: [2, 3, 4]) { L.Softmax(dim: 1) },
    GradientCheckEntry("LogSoftmax", inputShape: [4, 5]) { L.LogSoftmax() },
    GradientCheckEntry("Identity", inputShape: [4, 5]) { L.Identity() },
    GradientCheckEntry("Sequential", inputShape: [2, 1, 8, 8]) {
      L.Sequential {
        L.Conv2d(1, 3, kernelSize: 3)
        L.BatchNorm2d(3)
        L.Tanh()
        L.AvgPool2d(2)
        L.Flatten()
        L.Linear(27, 4)
        L.LogSoftmax()
      }
    },
  ]
}

import ApusTensor

/// A piece of a model: a function with parameters.
///
/// A module is a class; its parameters, buffers and sub-modules are its stored properties and are found by
/// reflection, under the names of the properties. `let conv1 = Conv2d(1, 10, kernelSize: 5)` gives the parameters
/// `"conv1.weight"` and `"conv1.bias"`, which are PyTorch's names.
///
/// ```swift
/// final class Net: Module {
///   let hidden = Linear(784, 128)
///   let output = Linear(128, 10)
///   func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { output(relu(hidden(x.flattened()))) }
/// }
/// ```
///
/// Found are: `Parameter`, `Buffer`, `IndexBuffer` and modules, alone, in optionals, in arrays (`"blocks.0.weight"`),
/// in dictionaries with string keys, in tuples, in lazy properties that have been used, and what a superclass holds.
/// Not searched are other structs and classes; a module that keeps its parts there says so in `children`.
public protocol Module<Input, Output>: AnyObject {
  /// What the parameters are made of, `Float` unless the module says otherwise.
  associatedtype Scalar: TensorScalar = Float
  /// What the module takes.
  associatedtype Input = Tensor<Scalar>
  /// What the module gives.
  associatedtype Output = Tensor<Scalar>

  /// The module's value for `input`: its forward pass, recorded for `backward()`.
  func callAsFunction(_ input: Input) -> Output

  /// The parts that are searched for parameters, buffers and modules, in order, with their names.
  ///
  /// The default gives the stored properties. Give your own to rename a part, or to list parts that reflection
  /// cannot see.
  var children: [(name: String, part: Any)] { get }
}

/// A module that behaves differently in training, as dropout does.
///
/// `train()` and `eval()` of a model set it in every such module inside.
public protocol TrainingDependent: AnyObject {
  /// Whether the module is in training mode. True when made.
  var isTraining: Bool { get set }
}

extension Module {
  /// The stored properties, the superclass's first.
  public var children: [(name: String, part: Any)] { reflectedChildren(self) }

  /// Every parameter with its name, each once: a module's own first, then those of its parts, in the order of
  /// declaration.
  public var namedParameters: [(name: String, parameter: Parameter<Scalar>)] {
    ModuleWalk<Scalar>(self).parameters
  }

  /// Every parameter, each once, in the order of `namedParameters`.
  public var parameters: [Parameter<Scalar>] {
    namedParameters.map(\.parameter)
  }

  /// Every floating-point buffer with its name, as running statistics.
  public var namedBuffers: [(name: String, buffer: Buffer<Scalar>)] {
    ModuleWalk<Scalar>(self).states.compactMap { name, state in
      if case .buffer(let buffer) = state { (name, buffer) } else { nil }
    }
  }

  /// Every floating-point buffer, as running statistics.
  public var buffers: [Buffer<Scalar>] {
    namedBuffers.map(\.buffer)
  }

  /// This module, under the empty name, and every module inside, each once, parents before parts.
  public var namedModules: [(name: String, module: any Module)] {
    ModuleWalk<Scalar>(self).modules
  }

  /// How many numbers the model learns; a frozen parameter does not count.
  public var parameterCount: Int {
    parameters.reduce(0) { $0 + ($1.isFrozen ? 0 : $1.value.elementCount) }
  }

  /// Puts this module and all inside into training mode: dropout drops, batch normalisation uses the batch.
  @discardableResult
  public func train() -> Self { setTraining(true) }

  /// Puts this module and all inside into evaluation mode: dropout is the identity, batch normalisation uses its
  /// running statistics.
  @discardableResult
  public func eval() -> Self { setTraining(false) }

  /// Forgets every gradient.
  public func zeroGradients() {
    for parameter in parameters { parameter.gradient = nil }
  }

  /// Freezes every parameter of this module and all inside: no gradients, and optimizers pass them over.
  public func freeze() { for parameter in parameters { parameter.isFrozen = true } }

  /// Lets every parameter of this module and all inside learn again.
  public func unfreeze() { for parameter in parameters { parameter.isFrozen = false } }

  private func setTraining(_ training: Bool) -> Self {
    for (_, module) in namedModules { (module as? any TrainingDependent)?.isTraining = training }
    return self
  }
}

import ApusTensor

/// A tensor that a model learns: a leaf of the autograd graph with a place where its gradient gathers.
///
/// A module holds its parameters as stored properties; their names are found by reflection, as PyTorch names them
/// (`"conv1.weight"`). Being a class, a parameter may be held by two modules at once (tied weights): it is then one
/// parameter, listed once, and its gradient is the sum of both uses.
///
/// ```swift
/// final class Scale: Module {
///   let factor = Parameter(Tensor<Float>.ones([1]))
///   func callAsFunction(_ x: Tensor<Float>) -> Tensor<Float> { x * factor.value }
/// }
/// ```
public final class Parameter<Scalar: TensorScalar> {
  private var leaf: Tensor<Scalar>

  /// The value, a leaf that requires a gradient unless `isFrozen`.
  ///
  /// Assigning replaces the value, drops the gradient, and keeps `isFrozen` as it is.
  public var value: Tensor<Scalar> {
    get { leaf }
    set {
      leaf = newValue.detached()
      leaf.requiresGradient = !isFrozen
    }
  }

  /// Whether the value takes no gradient and an optimizer leaves it alone. Setting it to true drops the gradient.
  public var isFrozen: Bool {
    didSet { leaf.requiresGradient = !isFrozen }
  }

  /// The path from the root of the model that was last reflected, as `"conv1.weight"`; empty until then.
  public package(set) var name = ""

  /// Makes a parameter that starts as `value`.
  public init(_ value: Tensor<Scalar>, isFrozen: Bool = false) {
    leaf = value.detached()
    self.isFrozen = isFrozen
    leaf.requiresGradient = !isFrozen
  }

  /// The gradient of the objectives whose `backward()` ran since it was last cleared; nil when there was none.
  public var gradient: Tensor<Scalar>? {
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    get { leaf.gradient }
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    set { leaf.gradient = newValue }
  }

  /// The number of sizes and numbers in the value.
  public var shape: Shape { leaf.shape }

  /// Puts a tensor in the place of the value as it is, with its history: a gradient check moves its own leaves.
  func substitute(_ tensor: Tensor<Scalar>) {
    leaf = tensor
  }

  /// Lets an optimizer write to the numbers: where they are, unless a copy or a recorded operation still holds them.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func updateInPlace(_ body: (UnsafeMutableBufferPointer<Scalar>) -> Void) {
    leaf.withUnsafeMutableScalars(body)
  }
}

/// A tensor that belongs to a model's state but is not learned, as the running mean of a batch normalisation.
///
/// Buffers are saved and loaded with the parameters, under the name of the property that holds them.
public final class Buffer<Scalar: TensorScalar> {
  /// The value; it takes no gradient.
  public var value: Tensor<Scalar>

  /// Makes a buffer that starts as `value`.
  public init(_ value: Tensor<Scalar>) {
    self.value = value
  }
}

/// Integers that belong to a model's state, as the count of batches that a batch normalisation has seen.
public final class IndexBuffer {
  /// The integers.
  public var value: IndexTensor

  /// Makes a buffer that starts as `value`.
  public init(_ value: IndexTensor) {
    self.value = value
  }
}

/// What reflection can tell about a parameter or buffer whose scalar type it does not know.
protocol AnyModuleState: AnyObject {
  static var scalarName: String { get }
}

extension Parameter: AnyModuleState {
  static var scalarName: String { "\(Scalar.self)" }
}

extension Buffer: AnyModuleState {
  static var scalarName: String { "\(Scalar.self)" }
}

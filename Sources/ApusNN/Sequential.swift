import ApusTensor

/// The layers. They are generic over the scalar type: `Linear` is `Layers<Float>.Linear`; `Layers<Double>.Linear` is
/// what a gradient check runs on.
public enum Layers<Scalar: TensorScalar> {
  /// A module from a tensor to a tensor, which is what `Sequential` chains.
  public typealias Step = any Module<Tensor<Scalar>, Tensor<Scalar>>
}

extension Layers {
  /// Modules one after the other.
  ///
  /// ```swift
  /// let model = Sequential {
  ///   Flatten()
  ///   for width in [256, 128] { Linear(width * 2, width); ReLU() }
  ///   if regularised { Dropout(0.5) }
  ///   Linear(128, 10)
  /// }
  /// ```
  ///
  /// Parameters are named by position, as in PyTorch's `nn.Sequential`: `"0.weight"`, `"3.bias"`. What `if` leaves out
  /// takes no position; layers from a `for` take one each.
  ///
  /// Layers that a single pass over memory can do together (a convolution, ReLU and max-pooling; a dense layer and ReLU) are
  /// computed so: see `LayerRun`.
  public final class Sequential: DescribedModule, RandomAccessCollection {
    /// The modules in order.
    public let modules: [Step]
    /// The same in runs that are computed together.
    private let runs: [LayerRun<Scalar>]

    /// Chains the modules that the builder lists.
    public init(@SequentialBuilder<Scalar> _ modules: () -> [Step]) {
      self.modules = modules()
      runs = LayerRun.cut(self.modules)
    }

    /// Chains `modules`.
    public init(_ modules: [Step]) {
      self.modules = modules
      runs = LayerRun.cut(modules)
    }

    /// The input through all modules, in order.
    @specialized(where Scalar == Float)
    @specialized(where Scalar == Double)
    public func callAsFunction(_ input: Tensor<Scalar>) -> Tensor<Scalar> {
      var value = input
      // Who watches wants to see every layer.
      if ForwardObserver.isOn || AnomalyWatch.isOn {
        for module in modules { value = module(value) }
      } else {
        for run in runs { value = run(value) }
      }
      return value
    }

    /// The modules, named by their positions.
    public var children: [(name: String, part: Any)] {
      modules.enumerated().map { (name: "\($0.offset)", part: $0.element) }
    }

    /// The layers written down; nil when one of them cannot be.
    public var architecture: Architecture? {
      var arguments: [Architecture.Argument] = []
      for module in modules {
        guard let layer = (module as? any DescribedModule)?.architecture else { return nil }
        arguments.append(Architecture.Argument(nil, .layer(layer)))
      }
      return Architecture("Sequential", arguments)
    }

    /// 0, the first position.
    public var startIndex: Int { 0 }
    /// The number of modules.
    public var endIndex: Int { modules.count }
    /// The module at a position.
    public subscript(position: Int) -> Step { modules[position] }
  }
}

/// Builds the list of a `Sequential`: one module a line, with `if`, `else`, `switch` and `for`.
@resultBuilder
public enum SequentialBuilder<Scalar: TensorScalar> {
  /// A module from a tensor to a tensor.
  public typealias Step = Layers<Scalar>.Step

  /// A module.
  public static func buildExpression(_ module: some Module<Tensor<Scalar>, Tensor<Scalar>>) -> [Step] { [module] }
  /// A module of any kind.
  public static func buildExpression(_ module: Step) -> [Step] { [module] }
  /// A module that may be missing.
  public static func buildExpression(_ module: Step?) -> [Step] { module.map { [$0] } ?? [] }
  /// Several modules.
  public static func buildExpression(_ modules: [Step]) -> [Step] { modules }
  /// All lines of a block.
  public static func buildBlock(_ parts: [Step]...) -> [Step] { parts.flatMap { $0 } }
  /// An `if` without `else`.
  public static func buildOptional(_ part: [Step]?) -> [Step] { part ?? [] }
  /// The first branch of an `if` or `switch`.
  public static func buildEither(first part: [Step]) -> [Step] { part }
  /// Another branch of an `if` or `switch`.
  public static func buildEither(second part: [Step]) -> [Step] { part }
  /// The rounds of a `for`.
  public static func buildArray(_ parts: [[Step]]) -> [Step] { parts.flatMap { $0 } }
  /// A branch of `if #available`.
  public static func buildLimitedAvailability(_ part: [Step]) -> [Step] { part }
}

import ApusTensor

/// A model's parameters and buffers by name, in the order in which PyTorch's `state_dict` lists them.
public struct StateDictionary<Scalar: TensorScalar>: Sendable {
  /// One entry: floating-point numbers, or integers as the count of batches that a batch normalisation has seen.
  public enum Value: Sendable {
    /// A parameter or a floating-point buffer.
    case tensor(Tensor<Scalar>)
    /// An integer buffer.
    case integers(IndexTensor)

    /// The shape of the value.
    public var shape: Shape {
      switch self {
      case .tensor(let tensor): tensor.shape
      case .integers(let integers): integers.shape
      }
    }
  }

  /// The entries in order.
  public private(set) var entries: [(name: String, value: Value)] = []
  private var positions: [String: Int] = [:]

  /// An empty dictionary.
  public init() {}

  /// The names in order.
  public var names: [String] { entries.map(\.name) }

  /// The value called `name`. Assigning nil removes it; a new name goes to the end.
  public subscript(name: String) -> Value? {
    get { positions[name].map { entries[$0].value } }
    set {
      switch (positions[name], newValue) {
      case (let position?, let value?):
        entries[position].value = value
      case (nil, let value?):
        positions[name] = entries.count
        entries.append((name, value))
      case (let position?, nil):
        entries.remove(at: position)
        positions = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($0.element.name, $0.offset) })
      case (nil, nil):
        break
      }
    }
  }

  /// The floating-point value called `name`, nil when there is none or it is an integer.
  public func tensor(_ name: String) -> Tensor<Scalar>? {
    if case .tensor(let tensor) = self[name] { tensor } else { nil }
  }
}

/// How a state that was to be loaded differs from the model.
public struct StateMismatch: Error, Equatable, CustomStringConvertible {
  /// An entry whose shape is not the model's.
  public struct Misshapen: Equatable, Sendable {
    /// The entry's name.
    public let name: String
    /// The shape that the model has.
    public let expected: Shape
    /// The shape that was to be loaded.
    public let found: Shape
  }

  /// Names that the model has and the state lacks.
  public let missing: [String]
  /// Names that the state has and the model lacks.
  public let unexpected: [String]
  /// Entries of the wrong shape.
  public let misshapen: [Misshapen]
  /// Entries that are integers in one and floating-point in the other.
  public let mistyped: [String]

  var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty && mistyped.isEmpty }

  /// All differences, a line for each kind.
  public var description: String {
    var lines = ["the state does not fit the model"]
    if !missing.isEmpty { lines.append("missing: " + missing.joined(separator: ", ")) }
    if !unexpected.isEmpty { lines.append("unexpected: " + unexpected.joined(separator: ", ")) }
    if !misshapen.isEmpty {
      let parts = misshapen.map { "\($0.name) (the model has \($0.expected), the state \($0.found))" }
      lines.append("of another shape: " + parts.joined(separator: ", "))
    }
    if !mistyped.isEmpty { lines.append("integers against floating-point: " + mistyped.joined(separator: ", ")) }
    return lines.joined(separator: "\n  ")
  }
}

extension Module {
  /// The parameters and buffers by name. The values share storage with the model until one of the two is written to.
  public var stateDictionary: StateDictionary<Scalar> {
    var result = StateDictionary<Scalar>()
    for (name, state) in ModuleWalk<Scalar>(self).states {
      switch state {
      case .parameter(let parameter): result[name] = .tensor(parameter.value.detached())
      case .buffer(let buffer): result[name] = .tensor(buffer.value)
      case .integers(let integers): result[name] = .integers(integers.value)
      }
    }
    return result
  }

  /// Takes over the values of `state`; gradients are dropped.
  ///
  /// - Parameter strict: When false, entries that only one side has are passed over, as PyTorch's `strict=False`.
  /// - Throws: `StateMismatch`, which lists every missing, unexpected and mis-shaped name. The model is then unchanged.
  public func load(_ state: StateDictionary<Scalar>, strict: Bool = true) throws(StateMismatch) {
    let own = ModuleWalk<Scalar>(self).states
    let names = Set(own.map(\.name))
    var missing: [String] = []
    var misshapen: [StateMismatch.Misshapen] = []
    var mistyped: [String] = []
    for (name, target) in own {
      guard let value = state[name] else {
        missing.append(name)
        continue
      }
      let expected: Shape
      switch (target, value) {
      case (.parameter(let parameter), .tensor): expected = parameter.value.shape
      case (.buffer(let buffer), .tensor): expected = buffer.value.shape
      case (.integers(let integers), .integers): expected = integers.value.shape
      default:
        mistyped.append(name)
        continue
      }
      if expected != value.shape { misshapen.append(.init(name: name, expected: expected, found: value.shape)) }
    }
    let mismatch = StateMismatch(
      missing: strict ? missing : [], unexpected: strict ? state.names.filter { !names.contains($0) } : [],
      misshapen: misshapen, mistyped: mistyped)
    guard mismatch.isEmpty else { throw mismatch }
    for (name, target) in own {
      switch (target, state[name]) {
      case (.parameter(let parameter), .tensor(let tensor)): parameter.value = tensor.detached()
      case (.buffer(let buffer), .tensor(let tensor)): buffer.value = tensor.detached()
      case (.integers(let buffer), .integers(let integers)): buffer.value = integers
      default: break
      }
    }
  }
}

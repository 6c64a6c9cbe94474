import ApusTensor

/// One piece of a model's state.
enum ModuleState<Scalar: TensorScalar> {
  case parameter(Parameter<Scalar>)
  case buffer(Buffer<Scalar>)
  case integers(IndexBuffer)
}

/// What a search through a module found, named as PyTorch's `state_dict` names it.
///
/// The order is PyTorch's too: a module's own parameters, its own buffers, then its parts. Whatever is reached by two
/// paths counts once, under the first name; that also ends the walk when a part refers back to its parent.
struct ModuleWalk<Scalar: TensorScalar> {
  private(set) var states: [(name: String, state: ModuleState<Scalar>)] = []
  private(set) var modules: [(name: String, module: any Module)] = []
  private var seen: Set<ObjectIdentifier> = []

  init(_ root: any Module) {
    visit(root, path: "")
  }

  var parameters: [(name: String, parameter: Parameter<Scalar>)] {
    states.compactMap { name, state in
      if case .parameter(let parameter) = state { (name, parameter) } else { nil }
    }
  }

  private mutating func visit(_ module: any Module, path: String) {
    guard seen.insert(ObjectIdentifier(module)).inserted else { return }
    modules.append((path, module))
    var parts: [(name: String, module: any Module)] = []
    var buffers: [(name: String, state: ModuleState<Scalar>)] = []
    for (name, part) in module.children {
      search(part, path: path.isEmpty ? name : "\(path).\(name)", parts: &parts, buffers: &buffers)
    }
    states += buffers
    for (name, part) in parts { visit(part, path: name) }
  }

  /// Files one part: a parameter at once, a buffer after the module's parameters, a module after both.
  private mutating func search(
    _ part: Any, path: String, parts: inout [(name: String, module: any Module)],
    buffers: inout [(name: String, state: ModuleState<Scalar>)]
  ) {
    switch part {
    case let parameter as Parameter<Scalar>:
      guard seen.insert(ObjectIdentifier(parameter)).inserted else { return }
      parameter.name = path
      states.append((path, .parameter(parameter)))
    case let buffer as Buffer<Scalar>:
      guard seen.insert(ObjectIdentifier(buffer)).inserted else { return }
      buffers.append((path, .buffer(buffer)))
    case let integers as IndexBuffer:
      guard seen.insert(ObjectIdentifier(integers)).inserted else { return }
      buffers.append((path, .integers(integers)))
    case let module as any Module:
      parts.append((path, module))
    case let foreign as any AnyModuleState:
      fatalError(
        "\(path) holds \(type(of: foreign).scalarName) in a model of \(Scalar.self): a model has one scalar type")
    default:
      for (name, inner) in Self.elements(of: part) {
        search(inner, path: name.isEmpty ? path : "\(path).\(name)", parts: &parts, buffers: &buffers)
      }
    }
  }

  /// What lies inside an optional (no name of its own), an array, a tuple or a dictionary; nothing for other types.
  private static func elements(of part: Any) -> [(name: String, part: Any)] {
    // Most properties are numbers; asking for their type is cheaper than a mirror.
    if part is Int || part is Bool || part is Double || part is String { return [] }
    let mirror = Mirror(reflecting: part)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.map { ("", $0.value) }
    case .collection:
      if part is [Int] || part is [Float] || part is [Double] { return [] }
      return mirror.children.enumerated().map { ("\($0.offset)", $0.element.value) }
    case .tuple:
      return mirror.children.enumerated().map { position, child in
        // An unlabelled element is called ".0" by the mirror.
        guard let label = child.label, !label.hasPrefix(".") else { return ("\(position)", child.value) }
        return (label, child.value)
      }
    case .dictionary:
      let pairs = mirror.children.compactMap { child -> (name: String, part: Any)? in
        let pair = Array(Mirror(reflecting: child.value).children)
        guard pair.count == 2, let key = pair[0].value as? String else { return nil }
        return (key, pair[1].value)
      }
      // A dictionary has no order; a model's state must have one.
      return pairs.sorted { $0.name < $1.name }
    default:
      return []
    }
  }
}

/// The stored properties of a module, those of its superclasses first.
func reflectedChildren(_ module: AnyObject) -> [(name: String, part: Any)] {
  var mirrors = [Mirror(reflecting: module)]
  while let mirror = mirrors.last?.superclassMirror { mirrors.append(mirror) }
  return mirrors.reversed().flatMap { mirror in
    mirror.children.compactMap { child in
      guard let label = child.label else { return nil }
      return (propertyName(label), child.value)
    }
  }
}

/// The name that the source gives a property whose storage is called `label`.
private func propertyName(_ label: String) -> String {
  let lazyPrefix = "$__lazy_storage_$_"
  return label.hasPrefix(lazyPrefix) ? String(label.dropFirst(lazyPrefix.count)) : label
}

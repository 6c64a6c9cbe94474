import ApusTensor

extension Module {
  /// The model as a table: every layer with its place and its number of parameters.
  public var summary: String {
    summaryTable(outputs: nil)
  }

  private func summaryTable(outputs: [ObjectIdentifier: Shape]?) -> String {
    var table = TextTable(
      ["layer", "kind"] + (outputs == nil ? [] : ["output"]) + ["parameters"],
      [.left, .left] + (outputs == nil ? [] : [.left]) + [.right])
    var counted: Set<ObjectIdentifier> = []
    let modules = namedModules
    let parameters = namedParameters
    for (name, module) in modules {
      // A parameter belongs to the innermost module whose path it begins with.
      let own = parameters.filter { parameterName, parameter in
        parameterName.split(separator: ".").dropLast().joined(separator: ".") == name
          && counted.insert(ObjectIdentifier(parameter)).inserted
      }
      let isContainer = modules.contains { $0.name != name && ($0.name.hasPrefix(name + ".") || name.isEmpty) }
      guard !isContainer || !own.isEmpty else { continue }
      let count = own.reduce(0) { $0 + $1.parameter.value.elementCount }
      let kind = (module as? any DescribedModule)?.architecture?.description ?? "\(type(of: module))"
      var row = [name.isEmpty ? "model" : name, kind]
      if let outputs { row.append(outputs[ObjectIdentifier(module)].map { "\($0)" } ?? "") }
      table.add(row + [count == 0 ? "" : grouped(count)])
    }
    table.addRule()
    let all = parameters.reduce(0) { $0 + $1.parameter.value.elementCount }
    table.add(["total", ""] + (outputs == nil ? [] : [""]) + [grouped(all)])
    if parameterCount != all {
      table.add(["trainable", ""] + (outputs == nil ? [] : [""]) + [grouped(parameterCount)])
    }
    return table.text
  }
}

extension Module where Input == Tensor<Scalar>, Output == Tensor<Scalar> {
  /// The model as a table: every layer with its place, the shape of its output and its number of parameters.
  ///
  /// Runs one forward pass over zeros, in evaluation mode and without recording; the model's modes are as before when
  /// it returns. Of a layer that is used more than once the last output is shown.
  ///
  /// - Parameter inputShape: The shape of an input, the batch included: `[1, 1, 28, 28]`.
  public func summary(inputShape: Shape) -> String {
    let modes = namedModules.compactMap { $0.module as? any TrainingDependent }.map { ($0, $0.isTraining) }
    eval()
    defer { for (module, mode) in modes { module.isTraining = mode } }
    let notes = ForwardObserver.shapes {
      withoutGradients { _ = self(Tensor<Scalar>.zeros(inputShape)) }
    }
    return summaryTable(outputs: Dictionary(notes.map { ($0.module, $0.output) }) { _, last in last })
  }
}

import ApusTensor

extension Module {
  /// The model as a table: every layer with its place and its number of parameters.
  public var summary: String {
    summaryTable(calls: nil)
  }

  /// The model as a table: every layer with its place, and for this input the shape of its output, its floating-point
  /// operations, the memory of its output and parameters, and its number of parameters.
  ///
  /// Runs one forward pass, in evaluation mode and without recording; the model's modes are as before when it returns. Of a
  /// layer that is used more than once the last output is shown, and the operations of all calls are counted. A multiply-add is
  /// two operations; only products are counted, which are nearly all of a model's work.
  public func summary(of input: Input) -> String {
    let modes = namedModules.compactMap { $0.module as? any TrainingDependent }.map { ($0, $0.isTraining) }
    eval()
    defer { for (module, mode) in modes { module.isTraining = mode } }
    return summaryTable(calls: ForwardObserver.shapes { withoutGradients { _ = self(input) } })
  }

  private func summaryTable(calls: [(module: ObjectIdentifier, output: Shape)]?) -> String {
    var table = TextTable(
      ["layer", "kind"] + (calls == nil ? [] : ["output", "FLOPs", "memory"]) + ["parameters"],
      [.left, .left] + (calls == nil ? [] : [.left, .right, .right]) + [.right])
    var counted: Set<ObjectIdentifier> = []
    let modules = namedModules
    let parameters = namedParameters
    let byModule = Dictionary(grouping: calls ?? []) { $0.module }
    var (operations, bytes) = (0, 0)
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
      if calls != nil {
        let outputs = (byModule[ObjectIdentifier(module)] ?? []).map(\.output)
        let work = outputs.reduce(0) { $0 + (OperationCount.of(module, output: $1) ?? 0) }
        let memory = (outputs.reduce(0) { $0 + $1.elementCount } + count) * MemoryLayout<Scalar>.stride
        operations += work
        bytes += memory
        row += [outputs.last.map { "\($0)" } ?? "", work == 0 ? "" : grouped(work), readable(bytes: memory)]
      }
      table.add(row + [count == 0 ? "" : grouped(count)])
    }
    table.addRule()
    let all = parameters.reduce(0) { $0 + $1.parameter.value.elementCount }
    table.add(
      ["total", ""] + (calls == nil ? [] : ["", grouped(operations), readable(bytes: bytes)]) + [grouped(all)])
    if parameterCount != all {
      table.add(["trainable", ""] + (calls == nil ? [] : ["", "", ""]) + [grouped(parameterCount)])
    }
    return table.text
  }
}

extension Module where Input == Tensor<Scalar> {
  /// The model as a table, for an input of zeros of a shape; see `summary(of:)`.
  ///
  /// - Parameter inputShape: The shape of an input, the batch included: `[1, 1, 28, 28]`.
  public func summary(inputShape: Shape) -> String { summary(of: Tensor<Scalar>.zeros(inputShape)) }
}

/// A number of bytes in the unit that leaves one to four digits before the point.
private func readable(bytes: Int) -> String {
  if bytes == 0 { return "" }
  var (value, unit) = (Double(bytes), 0)
  let units = ["B", "KiB", "MiB", "GiB", "TiB"]
  while value >= 1024 && unit < units.count - 1 { (value, unit) = (value / 1024, unit + 1) }
  return decimal(value, places: unit == 0 ? 0 : 1) + " " + units[unit]
}

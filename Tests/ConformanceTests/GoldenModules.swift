import Apus
import Testing

extension GoldenFile {
  /// Parameters and buffers, as a module loads them.
  func state<Scalar: TensorScalar>(_: Scalar.Type) -> StateDictionary<Scalar> {
    var state = StateDictionary<Scalar>()
    for (key, entry) in tensors {
      let parts = key.split(separator: ".", maxSplits: 1)
      guard parts.count == 2, parts[0] == "parameter" || parts[0] == "buffer" else { continue }
      state[String(parts[1])] = entry.isInteger ? .integers(indices(key)) : .tensor(tensor(key))
    }
    return state
  }

  /// Runs a module on input.0, with the parameters and buffers of the case, and holds all that the case knows against
  /// it.
  func check<Model: Module>(_ model: Model) throws
  where Model.Input == Tensor<Model.Scalar>, Model.Output == Tensor<Model.Scalar> {
    try model.load(state(Model.Scalar.self))
    var input: Tensor<Model.Scalar> = tensor("input.0")
    input.requiresGradient = true
    let output = model(input)
    expect(output, "output.0")
    backward([output])
    expect(input.gradient, "gradient.input.0")
    expectState(model)
  }

  /// Holds the gradients of a model's parameters, and its buffers, against the case.
  func expectState<Model: Module>(_ model: Model) {
    for (name, parameter) in model.namedParameters where tensors["gradient.parameter.\(name)"] != nil {
      expect(parameter.gradient, "gradient.parameter.\(name)")
    }
    for (key, _) in tensors where key.hasPrefix("gradient.parameter.") {
      let name = String(key.dropFirst("gradient.parameter.".count))
      #expect(model.namedParameters.contains { $0.name == name }, "\(testDescription): no parameter \(name)")
    }
    let state = model.stateDictionary
    for (key, _) in tensors where key.hasPrefix("buffer_after.") {
      switch state[String(key.dropFirst("buffer_after.".count))] {
      case .tensor(let buffer): expect(buffer, key)
      case .integers(let buffer): #expect(buffer == indices(key), "\(testDescription): \(key)")
      case nil: Issue.record("\(testDescription): no buffer \(key)")
      }
    }
  }
}

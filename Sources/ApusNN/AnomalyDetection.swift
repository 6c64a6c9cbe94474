import ApusTensor

/// The first number of a training step that was none, or infinite, and where it came from.
public struct AnomalyError: Error, CustomStringConvertible {
  /// What came up in which operation; nil where a parameter held it before the step.
  public let anomaly: NumericalAnomaly?
  /// The parameter that held it, or the one nearest to the operation.
  public let parameter: String?
  /// The layer of that parameter.
  public var layer: String? {
    parameter.map { $0.split(separator: ".").dropLast().joined(separator: ".") }
  }
  /// The batch that the step was about, where it was told.
  public let batch: Int?

  /// One sentence: what, where, in which batch.
  public var description: String {
    let batch = batch.map { " in batch \($0)" } ?? ""
    guard let anomaly else { return "parameter \(parameter ?? "") holds a number that is not finite\(batch)" }
    let what =
      anomaly.isBackward ? "the gradient that \(anomaly.operation) sends back" : "the result of \(anomaly.operation)"
    let place = parameter.map { name in
      let layer = layer ?? ""
      return layer.isEmpty ? ", at parameter “\(name)”" : ", at layer “\(layer)” (parameter “\(name)”)"
    }
    return "\(what) of shape \(anomaly.shape) is \(anomaly.value) at position \(anomaly.position)\(place ?? "")\(batch)"
  }
}

extension Module {
  /// Runs a step of training and looks at every number of it: the parameters before, the result of every recorded operation, and
  /// every gradient. As PyTorch's `detect_anomaly`; it costs about as much as the step itself.
  ///
  /// ```swift
  /// try model.detectingAnomalies(batch: 7) {
  ///   let loss = crossEntropy(model(batch.inputs), batch.targets)
  ///   loss.backward()
  /// }
  /// ```
  ///
  /// The layer is that of the parameter which is the fewest operations away. Operations that need no gradient are not recorded,
  /// and not looked at.
  ///
  /// - Parameters:
  ///   - batch: The number of the batch, for the message.
  ///   - body: The step.
  /// - Throws: `AnomalyError` with the first number that is not finite, after the step is done; and what `body` throws.
  @discardableResult
  public func detectingAnomalies<Result>(batch: Int? = nil, _ body: () throws -> Result) throws -> Result {
    let parameters = namedParameters
    for (name, parameter) in parameters {
      let isFinite = parameter.value.withUnsafeScalars { $0.allSatisfy(\.isFinite) }
      guard isFinite else { throw AnomalyError(anomaly: nil, parameter: name, batch: batch) }
    }
    let (result, anomaly) = try AnomalyWatch.run(body)
    guard let anomaly else { return result }
    let names = leafNames
    throw AnomalyError(anomaly: anomaly, parameter: anomaly.leaves.lazy.compactMap { names[$0] }.first, batch: batch)
  }

  /// The history behind a loss, its leaves called by the names of this model's parameters.
  ///
  /// - Precondition: The loss requires a gradient, and its history was not freed by `backward()`.
  public func graph(behind loss: Tensor<Scalar>) -> ComputationGraph {
    var graph = loss.graph
    let names = leafNames
    for index in graph.vertices.indices where graph.vertices[index].isLeaf {
      if let name = names[graph.vertices[index].identity] { graph.vertices[index].name = name }
    }
    return graph
  }

  private var leafNames: [ObjectIdentifier: String] {
    var names: [ObjectIdentifier: String] = [:]
    for (name, parameter) in namedParameters {
      if let identity = parameter.value.leafIdentity { names[identity] = name }
    }
    return names
  }
}

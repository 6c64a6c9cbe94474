import ApusCompute

extension Tensor {
  /// This tensor's node where operations on it are to be recorded; nil elsewhere.
  @inline(__always)
  var recordedNode: Node<Scalar>? {
    guard let node, GradientMode.isRecording else { return nil }
    return node
  }

  /// Marks this result as that of an operation on one operand.
  @inline(__always)
  mutating func record(_ name: String, _ operand: Node<Scalar>, backward: @escaping Node<Scalar>.Backward) {
    node = Node(name, operand, backward: backward)
    if AnomalyWatch.isOn { AnomalyWatch.look(at: self, from: node!, isBackward: false) }
  }

  /// Marks this result as that of an operation on two operands.
  @inline(__always)
  mutating func record(
    _ name: String, _ first: Node<Scalar>?, _ second: Node<Scalar>?, backward: @escaping Node<Scalar>.Backward
  ) {
    node = Node(name, first, second, backward: backward)
    if AnomalyWatch.isOn { AnomalyWatch.look(at: self, from: node!, isBackward: false) }
  }

  /// Marks this result as that of an operation on three operands.
  @inline(__always)
  mutating func record(
    _ name: String, _ first: Node<Scalar>?, _ second: Node<Scalar>?, _ third: Node<Scalar>?,
    backward: @escaping Node<Scalar>.Backward
  ) {
    node = Node(name, first, second, third, backward: backward)
    if AnomalyWatch.isOn { AnomalyWatch.look(at: self, from: node!, isBackward: false) }
  }

  /// Marks this result as that of an operation on any number of operands.
  mutating func record(_ name: String, _ operands: [Node<Scalar>?], backward: @escaping Node<Scalar>.Backward) {
    node = Node(
      name, operands.first ?? nil, operands.count > 1 ? operands[1] : nil, operands.count > 2 ? operands[2] : nil,
      others: operands.count > 3 ? Array(operands.dropFirst(3)) : [], backward: backward)
    if AnomalyWatch.isOn { AnomalyWatch.look(at: self, from: node!, isBackward: false) }
  }

  /// A differentiable operation made by hand: a value, and the function that carries gradients back.
  ///
  /// ```swift
  /// func cube(_ x: Tensor<Float>) -> Tensor<Float> {
  ///   let x0 = x.detached()
  ///   return .recorded("cube", x0 * x0 * x0, inputs: [x]) { upstream in [3 * x0 * x0 * upstream] }
  /// }
  /// ```
  ///
  /// Hold it against `gradientCheck` before it is used.
  ///
  /// - Parameters:
  ///   - name: The operation's name, for messages.
  ///   - value: The result, computed from detached inputs.
  ///   - inputs: The operands.
  ///   - backward: Given the gradient of the result, returns one for each input, in the input's shape, or nil for one
  ///     that gets none. Runs without recording. What it captures should be detached: it would keep a history alive.
  /// - Returns: The value, recorded when an input requires a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func recorded(
    _ name: String, _ value: Tensor, inputs: [Tensor], backward: @escaping (_ upstream: Tensor) -> [Tensor?]
  ) -> Tensor {
    let nodes = inputs.map(\.recordedNode)
    guard nodes.contains(where: { $0 != nil }) else { return value.detached() }
    let shapes = inputs.map(\.shape)
    var result = value.detached()
    result.record(name, nodes) { upstream, operands in
      let gradients = backward(upstream)
      if gradients.count != shapes.count {
        fatalError("\(name): backward gave \(gradients.count) gradients for \(shapes.count) inputs")
      }
      for (index, gradient) in gradients.enumerated() {
        guard let gradient, operands.wants(index) else { continue }
        check(
          gradient.shape == shapes[index], name, "the gradient of input \(index) has another shape than the input",
          gradient.shape, shapes[index])
        operands.send(index, gradient)
      }
    }
    return result
  }
}

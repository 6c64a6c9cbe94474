import ApusCompute

/// The parameters of one direction of a recurrent layer, as PyTorch shapes them.
public struct RecurrentParameters<Scalar: ComputeScalar> {
  /// [gates · size, inputs].
  public var input: Tensor<Scalar>
  /// [gates · size, size].
  public var hidden: Tensor<Scalar>
  /// [gates · size], or nil; both biases are nil or neither is.
  public var inputBias: Tensor<Scalar>?
  /// [gates · size], or nil.
  public var hiddenBias: Tensor<Scalar>?

  /// Parameters of one direction.
  public init(
    input: Tensor<Scalar>, hidden: Tensor<Scalar>, inputBias: Tensor<Scalar>? = nil, hiddenBias: Tensor<Scalar>? = nil
  ) {
    self.input = input
    self.hidden = hidden
    self.inputBias = inputBias
    self.hiddenBias = hiddenBias
  }
}

/// One layer of a recurrent network over a sequence, in one direction or two, as one recorded operation.
///
/// The backward pass goes through time by hand (Werbos 1990): from the last step to the first it finds the gradients of all
/// gates, and three products over all steps at once turn them into those of the input and of the weights.
///
/// - Parameters:
///   - cell: What a step computes.
///   - x: [steps, batch, inputs].
///   - directions: The parameters, forward and, for a layer of two directions, backward in time.
///   - hidden: The first hidden states, [directions, batch, size]; zeros for nil.
///   - cellState: The first cell states of an LSTM, [directions, batch, size]; zeros for nil.
/// - Returns: The hidden states of all steps, [steps, batch, directions · size]; and of an LSTM the last cell states,
///   [directions, batch, size], nil for the others.
/// - Precondition: The shapes fit, and there is at least one step.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func recurrent<Scalar: ComputeScalar>(
  _ cell: RecurrentCell, _ x: Tensor<Scalar>, _ directions: [RecurrentParameters<Scalar>],
  hidden: Tensor<Scalar>? = nil, cellState: Tensor<Scalar>? = nil
) -> (output: Tensor<Scalar>, cellState: Tensor<Scalar>?) {
  recurrent(
    RecurrentPass(cell, x, nil, directions, hidden: hidden, cellState: cellState), x, directions, hidden, cellState)
}

/// As `recurrent` of the input `embedding(indices, table)`, for tables with fewer rows than there are steps and sequences: the
/// products of the input's part of the gates, forward and backward, are taken with the table's rows, and what they give is
/// looked up, or added up, for each step.
///
/// - Parameters:
///   - cell: What a step computes.
///   - table: [rows, inputs].
///   - indices: The row of each step and sequence, [steps, batch].
///   - directions: As for `recurrent` of an input.
///   - hidden: As for `recurrent` of an input.
///   - cellState: As for `recurrent` of an input.
/// - Returns: As `recurrent` of an input.
/// - Precondition: The shapes fit, there is at least one step, and the rows exist.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
public func recurrent<Scalar: ComputeScalar>(
  _ cell: RecurrentCell, table: Tensor<Scalar>, at indices: IndexTensor, _ directions: [RecurrentParameters<Scalar>],
  hidden: Tensor<Scalar>? = nil, cellState: Tensor<Scalar>? = nil
) -> (output: Tensor<Scalar>, cellState: Tensor<Scalar>?) {
  recurrent(
    RecurrentPass(cell, table, indices, directions, hidden: hidden, cellState: cellState), table, directions, hidden,
    cellState)
}

@inline(__always)
private func recurrent<Scalar: ComputeScalar>(
  _ pass: RecurrentPass<Scalar>, _ x: Tensor<Scalar>, _ directions: [RecurrentParameters<Scalar>],
  _ hidden: Tensor<Scalar>?, _ cellState: Tensor<Scalar>?
) -> (output: Tensor<Scalar>, cellState: Tensor<Scalar>?) {
  let cell = pass.cell
  pass.forward()
  var nodes: [Node<Scalar>?] = [x.recordedNode, hidden?.recordedNode, cellState?.recordedNode]
  for d in directions {
    nodes += [d.input.recordedNode, d.hidden.recordedNode, d.inputBias?.recordedNode, d.hiddenBias?.recordedNode]
  }
  var output = pass.output
  var last = pass.lastCellState
  if nodes.allSatisfy({ $0 == nil }) { return (output, last) }
  let name = cell.operationName
  output.record(name, nodes) { upstream, operands in pass.backward(upstream.packed(), operands) }
  guard cell == .lstm else { return (output, nil) }
  // An operation has one result, and an LSTM two. The second is an operation on the first, so it goes backward before it: it
  // leaves its gradient where the first will find it, and makes sure with zeros that the first is visited.
  let shape = output.shape
  last?.record("lstmCellState", output.node!) { upstream, operands in
    pass.cellGradient = upstream.packed()
    operands.send(0, Tensor.zeros(shape))
  }
  return (output, last)
}

extension RecurrentCell {
  /// The name under which a layer of such cells is recorded.
  var operationName: String {
    switch self {
    case .elman: "rnn"
    case .lstm: "lstm"
    case .gru: "gru"
    }
  }
}

/// One run of a layer: what its backward pass needs to know.
private final class RecurrentPass<Scalar: ComputeScalar> {
  let cell: RecurrentCell
  /// [steps, batch, inputs]; with a table, its rows [rows, inputs].
  private let x: Tensor<Scalar>
  private let table: RecurrentTable?
  private let weights: [RecurrentParameters<Scalar>]
  private let hidden: Tensor<Scalar>?
  private let cellState: Tensor<Scalar>?
  private let layouts: [RecurrentLayout]
  /// [steps, batch, directions · size].
  let output: Tensor<Scalar>
  private let gates: [Storage<Scalar>]
  private let cells: [Storage<Scalar>]
  /// The gradient of the last cell states, left here by their own backward function.
  var cellGradient: Tensor<Scalar>?

  private var steps: Int { layouts[0].steps }
  private var batch: Int { layouts[0].batch }
  private var size: Int { layouts[0].size }

  init(
    _ cell: RecurrentCell, _ x: Tensor<Scalar>, _ indices: IndexTensor?, _ directions: [RecurrentParameters<Scalar>],
    hidden: Tensor<Scalar>?, cellState: Tensor<Scalar>?
  ) {
    let name = cell.operationName
    if let indices {
      check(x.rank == 2, name, "the table is not [rows, inputs]", x.shape)
      check(indices.rank == 2 && indices.shape[0] > 0, name, "the indices are not [steps, batch]", indices.shape)
      let rows = x.shape[0]
      check(indices.values.allSatisfy { $0 >= 0 && $0 < rows }, name, "an index is no row of the table", x.shape)
      table = RecurrentTable(rows: rows, places: indices.values)
    } else {
      check(x.rank == 3 && x.shape[0] > 0, name, "the input is not [steps, batch, inputs]", x.shape)
      table = nil
    }
    let (steps, batch, inputs) = (indices?.shape[0] ?? x.shape[0], indices?.shape[1] ?? x.shape[1], x.shape[-1])
    check(
      directions.count == 1 || directions.count == 2, name, "a layer has one direction or two, not \(directions.count)",
      x.shape)
    let size = directions[0].hidden.shape[-1]
    let width = cell.gateCount * size
    for d in directions {
      check(d.input.shape == [width, inputs], name, "the weights do not fit the input", d.input.shape, x.shape)
      check(d.hidden.shape == [width, size], name, "the recurrent weights are not [gates, size]", d.hidden.shape)
      for case let bias? in [d.inputBias, d.hiddenBias] {
        check(bias.shape == [width], name, "the bias does not fit the weights", bias.shape, d.input.shape)
      }
    }
    let states: Shape = [directions.count, batch, size]
    for case let state? in [hidden, cellState] {
      check(state.shape == states, name, "a first state is not [directions, batch, size]", state.shape, states)
    }
    self.cell = cell
    self.x = x.withoutHistory.packed()
    weights = directions.map {
      RecurrentParameters(
        input: $0.input.withoutHistory.packed(), hidden: $0.hidden.withoutHistory.packed(),
        inputBias: $0.inputBias?.withoutHistory.packed(), hiddenBias: $0.hiddenBias?.withoutHistory.packed())
    }
    self.hidden = hidden?.withoutHistory.packed()
    self.cellState = cellState?.withoutHistory.packed()
    layouts = directions.indices.map {
      RecurrentLayout(
        cell, steps: steps, batch: batch, inputs: inputs, size: size,
        outputStride: directions.count * size, isReversed: $0 == 1)
    }
    let rows = steps * batch
    output = Tensor(uninitialized: [steps, batch, directions.count * size])
    gates = layouts.map { Storage(count: rows * $0.keptGates) }
    cells = cell == .lstm ? layouts.map { _ in Storage(count: rows * size) } : []
  }

  private func state(_ tensor: Tensor<Scalar>?, _ direction: Int) -> UnsafePointer<Scalar>? {
    tensor.map { UnsafePointer($0.pointer) + direction * batch * size }
  }

  private func pointers(_ direction: Int) -> RecurrentWeights<Scalar> {
    let w = weights[direction]
    return RecurrentWeights(
      input: w.input.pointer, hidden: w.hidden.pointer, inputBias: w.inputBias.map { UnsafePointer($0.pointer) },
      hiddenBias: w.hiddenBias.map { UnsafePointer($0.pointer) })
  }

  private func trace(_ direction: Int) -> RecurrentTrace<Scalar> {
    RecurrentTrace(
      hidden: state(hidden, direction), cell: state(cellState, direction),
      output: UnsafePointer(output.pointer) + direction * size, gates: gates[direction].pointer,
      cells: cells.isEmpty ? nil : UnsafePointer(cells[direction].pointer))
  }

  func forward() {
    // Two directions have nothing to do with each other: each is a chunk of its own.
    parallelFor(layouts.count) { d in
      recurrentForward(
        layouts[d], x.pointer, table: table, pointers(d), hidden: state(hidden, d), cell: state(cellState, d),
        output: output.pointer + d * size, gates: gates[d].pointer, cells: cells.isEmpty ? nil : cells[d].pointer)
    }
  }

  /// The cell states after the last step, [directions, batch, size].
  var lastCellState: Tensor<Scalar>? {
    guard cell == .lstm else { return nil }
    let result = Tensor<Scalar>(uninitialized: [layouts.count, batch, size])
    let count = batch * size
    for d in layouts.indices {
      let last = layouts[d].isReversed ? 0 : steps - 1
      (result.pointer + d * count).update(from: cells[d].pointer + last * count, count: count)
    }
    return result
  }

  func backward(_ upstream: Tensor<Scalar>, _ operands: GradientSink<Scalar>) {
    let rows = steps * batch
    let width = layouts[0].gates
    let isGRU = cell == .gru
    let toInput = layouts.map { _ in Tensor<Scalar>(uninitialized: [rows, width]) }
    let toHidden = isGRU ? layouts.map { _ in Tensor<Scalar>(uninitialized: [rows, width]) } : toInput
    let states: Shape = [layouts.count, batch, size]
    let hiddenGradient = Tensor<Scalar>(uninitialized: states)
    let ownCellGradient = Tensor<Scalar>.zeros(cell == .lstm ? states : [0])
    if let cellGradient {
      ownCellGradient.pointer.update(from: cellGradient.pointer, count: states.elementCount)
      self.cellGradient = nil
    }
    parallelFor(layouts.count) { d in
      recurrentBackward(
        layouts[d], pointers(d), trace(d), upstream: UnsafePointer(upstream.pointer) + d * size,
        gateGradient: toInput[d].pointer, recurrentGradient: toHidden[d].pointer,
        hiddenGradient: hiddenGradient.pointer + d * batch * size,
        cellGradient: cell == .lstm ? ownCellGradient.pointer + d * batch * size : nil)
    }
    withExtendedLifetime((upstream, toInput, toHidden, hiddenGradient, ownCellGradient)) {}
    // From here on the input's rows count: where they come from a table, the gradients of the uses of a row are added up.
    let inputRows = table?.rows ?? rows
    let toRows = toInput.map { table == nil ? $0 : summed($0, rows: inputRows) }
    let flat = x.reshapedView([inputRows, x.shape[-1]])
    for d in layouts.indices {
      let first = 3 + 4 * d
      if operands.wants(first) { operands.send(first, matrixProduct(toRows[d].swappingLastAxes(), flat, "rnn")) }
      if operands.wants(first + 1) {
        let gradient = Tensor<Scalar>(uninitialized: [width, size])
        recurrentWeightGradient(
          layouts[d], trace(d), recurrentGradient: toHidden[d].pointer, into: gradient.pointer)
        withExtendedLifetime((toHidden, gradient)) {}
        operands.send(first + 1, gradient)
      }
      let (wantsInput, wantsHidden) = (operands.wants(first + 2), operands.wants(first + 3))
      if wantsInput || wantsHidden {
        let sums = reducing(.sum, toRows[d], [0])
        if wantsInput { operands.send(first + 2, sums) }
        if wantsHidden { operands.send(first + 3, isGRU ? reducing(.sum, toHidden[d], [0]) : sums) }
      }
    }
    if operands.wants(0) {
      let gradient = Tensor<Scalar>(uninitialized: [inputRows, x.shape[-1]])
      let target = MutableMatrix(
        unchecked: gradient.pointer, rows: inputRows, columns: x.shape[-1], rowStride: x.shape[-1], columnStride: 1)
      for d in layouts.indices {
        gemm(toRows[d].matrix(), weights[d].input.matrix(), into: target, beta: d == 0 ? 0 : 1)
      }
      withExtendedLifetime((toRows, gradient)) {}
      operands.send(0, gradient.reshapedView(x.shape))
    }
    operands.send(1, hiddenGradient)
    if cell == .lstm { operands.send(2, ownCellGradient) }
  }

  /// The gradients of all uses of each row of the table, [rows, gates].
  private func summed(_ gradients: Tensor<Scalar>, rows: Int) -> Tensor<Scalar> {
    let width = gradients.shape[1]
    let result = Tensor<Scalar>.zeros([rows, width])
    accumulateSlices(
      gradients.pointer, indices: table?.places ?? [], into: result.pointer, outer: 1, count: rows, inner: width)
    withExtendedLifetime((gradients, result)) {}
    return result
  }
}

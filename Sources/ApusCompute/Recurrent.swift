/// One time step of a recurrent layer, besides its products.
protocol RecurrentKernels<Scalar>: SendableMetatype {
  associatedtype Scalar

  static func elmanCell(
    _ gates: UnsafeMutablePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>, _ hidden: UnsafeMutablePointer<Scalar>,
    _ hiddenStride: Int, _ rows: Int, _ size: Int, _ usesTanh: Bool)

  static func elmanCellGradient(
    _ gates: UnsafePointer<Scalar>, _ upstream: UnsafePointer<Scalar>, _ upstreamStride: Int,
    _ carried: UnsafePointer<Scalar>, _ gateGradient: UnsafeMutablePointer<Scalar>, _ rows: Int, _ size: Int,
    _ usesTanh: Bool)

  static func lstmCell(
    _ gates: UnsafeMutablePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>, _ cellBefore: UnsafePointer<Scalar>,
    _ cell: UnsafeMutablePointer<Scalar>, _ hidden: UnsafeMutablePointer<Scalar>, _ hiddenStride: Int, _ rows: Int,
    _ size: Int)

  static func lstmCellGradient(
    _ gates: UnsafePointer<Scalar>, _ cellBefore: UnsafePointer<Scalar>, _ cell: UnsafePointer<Scalar>,
    _ upstream: UnsafePointer<Scalar>, _ upstreamStride: Int, _ carried: UnsafePointer<Scalar>,
    _ cellGradient: UnsafeMutablePointer<Scalar>, _ gateGradient: UnsafeMutablePointer<Scalar>, _ rows: Int, _ size: Int
  )

  static func gruCell(
    _ gates: UnsafePointer<Scalar>, _ recurrent: UnsafePointer<Scalar>, _ recurrentBias: UnsafePointer<Scalar>?,
    _ hiddenBefore: UnsafePointer<Scalar>, _ beforeStride: Int, _ hidden: UnsafeMutablePointer<Scalar>,
    _ hiddenStride: Int, _ saved: UnsafeMutablePointer<Scalar>, _ rows: Int, _ size: Int)

  static func gruCellGradient(
    _ saved: UnsafePointer<Scalar>, _ hiddenBefore: UnsafePointer<Scalar>, _ beforeStride: Int,
    _ upstream: UnsafePointer<Scalar>, _ upstreamStride: Int, _ carried: UnsafeMutablePointer<Scalar>,
    _ gateGradient: UnsafeMutablePointer<Scalar>, _ recurrentGradient: UnsafeMutablePointer<Scalar>, _ rows: Int,
    _ size: Int)
}

/// What a recurrent layer computes from the input and the state before.
public enum RecurrentCell: Hashable, Sendable {
  /// h = tanh(W x + U h + b), or max(…, 0) (Elman 1990).
  case elman(usesTanh: Bool)
  /// Long short-term memory (Hochreiter and Schmidhuber 1997), gates in the order i, f, g, o.
  case lstm
  /// A gated recurrent unit (Cho et al. 2014), gates in the order r, z, n, with r behind the product as in PyTorch.
  case gru

  /// How many numbers of pre-activation a hidden number has.
  public var gateCount: Int {
    switch self {
    case .elman: 1
    case .lstm: 4
    case .gru: 3
    }
  }
}

/// The sizes of one direction of a recurrent layer.
public struct RecurrentLayout: Hashable, Sendable {
  /// What is computed.
  public var cell: RecurrentCell
  /// Time steps.
  public var steps: Int
  /// Sequences side by side.
  public var batch: Int
  /// Numbers of the input in each step.
  public var inputs: Int
  /// Numbers of the hidden state.
  public var size: Int
  /// Numbers from one row of the output to the next: more than `size` where two directions share it.
  public var outputStride: Int
  /// Whether time runs backwards.
  public var isReversed: Bool

  /// A layout.
  public init(
    _ cell: RecurrentCell, steps: Int, batch: Int, inputs: Int, size: Int, outputStride: Int, isReversed: Bool
  ) {
    self.cell = cell
    self.steps = steps
    self.batch = batch
    self.inputs = inputs
    self.size = size
    self.outputStride = outputStride
    self.isReversed = isReversed
  }

  /// All gates' pre-activations of one sample in one step.
  public var gates: Int { cell.gateCount * size }

  /// Numbers that the forward pass keeps for the backward pass, for each sample and step: the activated gates.
  public var keptGates: Int { cell == .gru ? 4 * size : gates }

  /// The step that is computed as the k-th.
  func step(_ k: Int) -> Int { isReversed ? steps - 1 - k : k }
}

/// The weights of one direction of a recurrent layer, in somebody else's memory.
public struct RecurrentWeights<Scalar: ComputeScalar> {
  /// [gates, inputs].
  public var input: UnsafePointer<Scalar>
  /// [gates, size].
  public var hidden: UnsafePointer<Scalar>
  /// [gates], or nil.
  public var inputBias: UnsafePointer<Scalar>?
  /// [gates], or nil.
  public var hiddenBias: UnsafePointer<Scalar>?

  /// Weights of a layer.
  public init(
    input: UnsafePointer<Scalar>, hidden: UnsafePointer<Scalar>, inputBias: UnsafePointer<Scalar>?,
    hiddenBias: UnsafePointer<Scalar>?
  ) {
    self.input = input
    self.hidden = hidden
    self.inputBias = inputBias
    self.hiddenBias = hiddenBias
  }
}

/// An input whose rows are rows of a table, as the vectors of symbols are: far fewer than steps · batch, so that products with
/// the table take the place of products with the input.
public struct RecurrentTable {
  /// Rows of the table.
  public var rows: Int
  /// For each step and sequence, [steps, batch], the row that is its input.
  public var places: [Int]

  /// A table of `rows` rows, and where they are used; every place must be one of them.
  public init(rows: Int, places: [Int]) {
    self.rows = rows
    self.places = places
  }
}

/// A recurrent layer over all time steps, in one direction.
///
/// The part of the gates that comes from the input is one product for all steps, [steps · batch, inputs] by the transposed
/// weights. Then each step is one product of the hidden state with weights that were packed once, and one pass over the
/// gates. O(steps · batch · gates · (inputs + size)).
///
/// - Parameters:
///   - layout: The sizes.
///   - x: [steps, batch, inputs]; with a table, [rows, inputs].
///   - table: Where the rows of x are used; nil for an x that has a row for each step and sequence.
///   - weights: The weights.
///   - hidden: The first hidden state [batch, size]; zeros for nil.
///   - cell: The first cell state [batch, size] of an LSTM; zeros for nil.
///   - output: Receives the hidden state of every step, [steps, batch, size] with rows `outputStride` apart.
///   - gates: Receives the activated gates, [steps, batch, keptGates], for the backward pass.
///   - cells: Receives the cell states of an LSTM, [steps, batch, size]; nil for the others.
@specialized(where T == Float)
@specialized(where T == Double)
public func recurrentForward<T: ComputeScalar>(
  _ layout: RecurrentLayout, _ x: UnsafePointer<T>, table: RecurrentTable? = nil, _ weights: RecurrentWeights<T>,
  hidden: UnsafePointer<T>?, cell: UnsafePointer<T>?, output: UnsafeMutablePointer<T>,
  gates: UnsafeMutablePointer<T>, cells: UnsafeMutablePointer<T>?
) {
  let (batch, size, width) = (layout.batch, layout.size, layout.gates)
  guard layout.steps > 0, batch > 0 else { return }
  let states = batch * size
  let isGRU = layout.cell == .gru
  // A GRU keeps four numbers for three gates, so its pre-activations lie apart; from a table, those of one step at a time.
  let apart = isGRU ? (table == nil ? layout.steps : 1) * batch * width : 0
  let products = table.map { $0.rows * width } ?? 0
  Scratch.withScalars(width + batch * width + states + apart + products, of: T.self) { scratch in
    let bias = scratch
    let recurrent = bias + width
    let zeros = recurrent + batch * width
    let inputGates = isGRU ? zeros + states : gates
    let ofTable = zeros + states + apart
    let inputRows = table?.rows ?? layout.steps * batch
    let places = table?.places
    zeros.update(repeating: 0, count: states)
    let merged = isGRU ? 2 * size : width
    for i in 0..<width { bias[i] = (weights.inputBias?[i] ?? 0) + (i < merged ? weights.hiddenBias?[i] ?? 0 : 0) }
    gemm(
      Matrix(
        unchecked: x, rows: inputRows, columns: layout.inputs, rowStride: layout.inputs, columnStride: 1),
      Matrix(unchecked: weights.input, rows: width, columns: layout.inputs, rowStride: layout.inputs, columnStride: 1)
        .transposed,
      into: MutableMatrix(
        unchecked: table == nil ? inputGates : ofTable, rows: inputRows, columns: width, rowStride: width,
        columnStride: 1),
      epilogue: Epilogue(columnBias: bias))
    let hiddenWeights = Matrix(
      unchecked: weights.hidden, rows: width, columns: size, rowStride: size, columnStride: 1)
    PackedProduct.with(hiddenWeights.transposed, rows: batch) { product in
      for k in 0..<layout.steps {
        let t = layout.step(k)
        let row = t * batch
        let previous = layout.step(k - 1) * batch
        let before = k == 0 ? hidden ?? UnsafePointer(zeros) : UnsafePointer(output + previous * layout.outputStride)
        let beforeStride = k == 0 ? size : layout.outputStride
        if k == 0 && hidden == nil {
          recurrent.update(repeating: 0, count: batch * width)
        } else {
          product.multiply(before, rows: batch, stride: beforeStride, into: recurrent)
        }
        forEachRowRange(batch, length: 8 * size) { rows in
          let table = kernels(T.self)
          let r = rows.lowerBound
          let own = inputGates + ((isGRU && places != nil ? 0 : row) + r) * width
          if let places {
            for i in 0..<rows.count {
              (own + i * width).update(from: ofTable + places[row + r + i] * width, count: width)
            }
          }
          let target = output + (row + r) * layout.outputStride
          switch layout.cell {
          case .elman(let usesTanh):
            table.elmanCell(
              own, recurrent + r * width, target, layout.outputStride, rows.count, size, usesTanh)
          case .lstm:
            let cellBefore = k == 0 ? cell ?? UnsafePointer(zeros) : UnsafePointer(cells! + previous * size)
            table.lstmCell(
              own, recurrent + r * width, cellBefore + r * size, cells! + (row + r) * size, target, layout.outputStride,
              rows.count, size)
          case .gru:
            table.gruCell(
              own, recurrent + r * width, weights.hiddenBias.map { $0 + 2 * size }, before + r * beforeStride,
              beforeStride, target, layout.outputStride, gates + (row + r) * 4 * size, rows.count, size)
          }
        }
      }
    }
  }
}

/// What the forward pass of one direction was given and left behind.
public struct RecurrentTrace<Scalar: ComputeScalar> {
  /// As given to `recurrentForward`.
  public var hidden: UnsafePointer<Scalar>?
  /// As given to `recurrentForward`.
  public var cell: UnsafePointer<Scalar>?
  /// What `recurrentForward` returned.
  public var output: UnsafePointer<Scalar>
  /// What `recurrentForward` returned.
  public var gates: UnsafePointer<Scalar>
  /// What `recurrentForward` returned.
  public var cells: UnsafePointer<Scalar>?

  /// What the forward pass left behind.
  public init(
    hidden: UnsafePointer<Scalar>?, cell: UnsafePointer<Scalar>?, output: UnsafePointer<Scalar>,
    gates: UnsafePointer<Scalar>, cells: UnsafePointer<Scalar>?
  ) {
    self.hidden = hidden
    self.cell = cell
    self.output = output
    self.gates = gates
    self.cells = cells
  }
}

/// Backpropagation through time: the gradients of all pre-activations, from the last step to the first.
///
/// A step's hidden state has an effect through the output and through the next step, so its gradient is the sum of the two:
/// upstream and, by the transposed recurrent weights, that of the next step's gates.
///
/// - Parameters:
///   - layout: As given to `recurrentForward`.
///   - weights: As given to `recurrentForward`.
///   - trace: What `recurrentForward` left behind.
///   - upstream: The gradient with respect to the output, rows `outputStride` apart.
///   - gateGradient: Receives the gradient of the input's part of the gates, [steps, batch, gates].
///   - recurrentGradient: Receives that of the hidden state's part, which only a GRU tells apart; else `gateGradient`.
///   - hiddenGradient: Receives the gradient of the first hidden state, [batch, size].
///   - cellGradient: Holds the gradient of the last cell state of an LSTM, [batch, size], and receives that of the
///     first; nil for the others.
@specialized(where T == Float)
@specialized(where T == Double)
public func recurrentBackward<T: ComputeScalar>(
  _ layout: RecurrentLayout, _ weights: RecurrentWeights<T>, _ trace: RecurrentTrace<T>, upstream: UnsafePointer<T>,
  gateGradient: UnsafeMutablePointer<T>, recurrentGradient: UnsafeMutablePointer<T>,
  hiddenGradient: UnsafeMutablePointer<T>, cellGradient: UnsafeMutablePointer<T>?
) {
  let (batch, size, width) = (layout.batch, layout.size, layout.gates)
  let states = batch * size
  hiddenGradient.update(repeating: 0, count: states)
  let hiddenWeights = Matrix(unchecked: weights.hidden, rows: width, columns: size, rowStride: size, columnStride: 1)
  Scratch.withScalars(states, of: T.self) { zeros in
    zeros.update(repeating: 0, count: states)
    PackedProduct.with(hiddenWeights, rows: batch) { product in
      for k in (0..<layout.steps).reversed() {
        let row = layout.step(k) * batch
        let previous = layout.step(k - 1) * batch
        forEachRowRange(batch, length: 12 * size) { rows in
          let table = kernels(T.self)
          let r = rows.lowerBound
          let kept = trace.gates + (row + r) * layout.keptGates
          let own = gateGradient + (row + r) * width
          let above = upstream + (row + r) * layout.outputStride
          let carried = hiddenGradient + r * size
          switch layout.cell {
          case .elman(let usesTanh):
            table.elmanCellGradient(kept, above, layout.outputStride, carried, own, rows.count, size, usesTanh)
          case .lstm:
            let before = k == 0 ? trace.cell ?? UnsafePointer(zeros) : trace.cells! + previous * size
            table.lstmCellGradient(
              kept, before + r * size, trace.cells! + (row + r) * size, above, layout.outputStride, carried,
              cellGradient! + r * size, own, rows.count, size)
          case .gru:
            let stride = k == 0 ? size : layout.outputStride
            let before = k == 0 ? trace.hidden ?? UnsafePointer(zeros) : trace.output + previous * layout.outputStride
            table.gruCellGradient(
              kept, before + r * stride, stride, above, layout.outputStride, carried, own,
              recurrentGradient + (row + r) * width, rows.count, size)
          }
        }
        let isGRU = layout.cell == .gru
        if batch == 1 && isGRU {
          // A product with a vector does not add; what the cell left is added to it.
          Scratch.withScalars(size, of: T.self) { part in
            product.multiply(recurrentGradient + row * width, rows: 1, stride: width, into: part)
            accumulate(part, into: hiddenGradient, count: size)
          }
        } else {
          product.multiply(
            recurrentGradient + row * width, rows: batch, stride: width, into: hiddenGradient, beta: isGRU ? 1 : 0)
        }
      }
    }
  }
}

/// The gradient of the recurrent weights: Σ over steps of gatesᵀ · (the hidden state before).
///
/// In the rows of the output the hidden states before lie one step beside their own step, so that all steps but the first
/// are one product.
///
/// - Parameters:
///   - layout: As given to `recurrentForward`.
///   - trace: What `recurrentForward` left behind.
///   - recurrentGradient: What `recurrentBackward` returned.
///   - gradient: Receives the gradient, [gates, size].
@specialized(where T == Float)
@specialized(where T == Double)
public func recurrentWeightGradient<T: ComputeScalar>(
  _ layout: RecurrentLayout, _ trace: RecurrentTrace<T>, recurrentGradient: UnsafePointer<T>,
  into gradient: UnsafeMutablePointer<T>
) {
  let (batch, size, width) = (layout.batch, layout.size, layout.gates)
  func gates(_ first: Int, _ rows: Int) -> Matrix<T> {
    Matrix(
      unchecked: recurrentGradient + first * width, rows: rows, columns: width, rowStride: width, columnStride: 1
    ).transposed
  }
  let target = MutableMatrix(unchecked: gradient, rows: width, columns: size, rowStride: size, columnStride: 1)
  let rows = (layout.steps - 1) * batch
  let later = layout.isReversed ? 0 : batch
  gemm(
    gates(later, rows),
    Matrix(
      unchecked: trace.output + (batch - later) * layout.outputStride, rows: rows, columns: size,
      rowStride: layout.outputStride, columnStride: 1),
    into: target)
  if let hidden = trace.hidden {
    gemm(
      gates(layout.step(0) * batch, batch),
      Matrix(unchecked: hidden, rows: batch, columns: size, rowStride: size, columnStride: 1), into: target, beta: 1)
  }
}

/// A family of measurements, and the peers that do the same work.
enum Suite: String, CaseIterable {
  case gemm, conv, ops, train, infer, rnn, lm

  /// What is measured, in order.
  func works(_ options: Options) -> [Work] {
    switch self {
    case .gemm: matrixProducts()
    case .conv: convolutions()
    case .ops: elementwiseWork()
    case .train: trainingEpochs(options)
    case .infer: inferences()
    case .rnn: recurrentWork()
    case .lm: languageModelSteps()
    }
  }

  /// The script under Benchmarks/peers that runs the same work, under the same `op` and `shape`.
  var script: String { rawValue + ".py" }

  /// The peers in that script.
  var peers: [String] {
    switch self {
    case .gemm: ["numpy-openblas", "blis", "torch-mkl", "jax-xla"]
    case .conv: ["torch-onednn"]
    case .ops: ["torch", "numpy", "jax"]
    case .train: ["torch", "keras-tensorflow", "jax"]
    case .infer: ["onnxruntime", "torch"]
    case .rnn: ["torch"]
    case .lm: ["torch"]
    }
  }

  /// Whether a figure per operation says anything: elementwise functions are not made of multiply-adds.
  var countsOperations: Bool { self != .ops }

  /// Whether a comparison shows GFLOP/s; else it shows times.
  var showsRate: Bool { self == .gemm || self == .conv }

  /// Whether a comparison shows how much of the multiply-adds' peak Apus reaches: where a goal is set in it.
  var showsPeak: Bool { self == .gemm || self == .train }
}

/// One piece of work to measure.
struct Work {
  /// What is done, as `sgemm`.
  let op: String
  /// On what, as `512x512x512 nn`.
  let shape: String
  /// Floating-point operations of one run, a multiply-add being two; for elementwise work, elements.
  let operations: Double
  /// Whether `operations` are multiply-adds, which the machine's peak limits.
  var hasPeak = true
  /// Bytes that must at least be read and written once, where it was counted: operands and results.
  var bytes = 0.0
  /// Arithmetic of one element, for work whose `operations` are elements.
  var arithmeticPerElement = 1.0
  /// Whether a run takes seconds: it is then measured once after a warm-up, not again and again.
  var isLong = false
  /// Makes the data, and what runs on them.
  let prepare: () -> () -> Void

  /// Floating-point operations of one run.
  var arithmetic: Double { operations * arithmeticPerElement }

  /// Measures one run.
  func seconds(minimumTime: Double) -> Double {
    let run = prepare()
    return isLong ? secondsPerLongRun(run) : secondsPerRun(minimumTime: minimumTime, run)
  }
}

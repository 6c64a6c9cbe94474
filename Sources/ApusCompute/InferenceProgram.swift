import Synchronization

/// A model as a list of steps over memory that is there before the first call: what an inference plan runs.
///
/// A batch is cut into groups of `lanes` images, which go through all steps one group at a time on one thread, so that
/// activations stay in its level-2 cache; the threads share the groups. Images that are left over, or come alone, go
/// through the steps one by one; a single one is shared out within each step.
///
/// Activations live in an arena for each thread, at offsets that are fixed when the program is made: numbers 0, 2, 4 … at
/// its beginning and 1, 3, 5 … at its end, so that each is overwritten as soon as the step behind it has read it.
///
/// A run allocates nothing, takes no lock and counts no references. It writes to the arenas: one run at a time.
package final class InferenceProgram {
  private enum Step {
    case linear(PlannedLinear)
    case convolution(PlannedConvolution)
    case pooling(PlannedPooling)
    // These overwrite their input.
    case function(UnaryFunction, count: Int)
    case scale(PlannedScale)
    case softmax(PlannedSoftmax)

    var isInPlace: Bool {
      switch self {
      case .linear, .convolution, .pooling: false
      case .function, .scale, .softmax: true
      }
    }
  }

  private let table: FloatTable
  private let memory = PlanMemory()
  private let lanes: Int
  private let threads: Int
  private var pending: [Step] = []
  /// Numbers of each activation of one image, the input's first.
  private var counts: [Int]

  // What `finish` makes of them.
  private var steps: UnsafeMutableBufferPointer<Step> = .init(start: nil, count: 0)
  private var arenas: UnsafeMutableBufferPointer<UnsafeMutablePointer<Float>> = .init(start: nil, count: 0)
  private var arenaCount = 0
  private let nextItem = Atomic<Int>(0)

  /// A program for images of `inputCount` numbers, with the kernels in force and for `Threads.count` threads.
  package init(inputCount: Int) {
    table = kernels(Float.self)
    lanes = table.tileColumns
    threads = Threads.count
    counts = [inputCount]
  }

  deinit {
    steps.deallocate()
    arenas.deallocate()
  }

  /// Numbers of one image's result.
  package var outputCount: Int { counts[counts.count - 1] }
  /// Bytes of weights and activations.
  package var bytes: Int { memory.bytes }

  // MARK: Making it

  /// A dense layer on the last dimension of [positions, inputs].
  package func appendLinear(positions: Int, inputs: Int, outputs: Int, weight: [Float], bias: [Float]?) {
    pending.append(
      .linear(
        PlannedLinear(
          table, memory, positions: positions, inputs: inputs, outputs: outputs, weight: weight, bias: bias)))
    counts.append(positions * outputs)
  }

  /// A convolution; its geometry is that of one image.
  package func appendConvolution(_ geometry: ConvolutionGeometry, weight: [Float], bias: [Float]?) {
    pending.append(.convolution(PlannedConvolution(table, memory, geometry, weight: weight, bias: bias)))
    counts.append(geometry.outputCount)
  }

  /// A pooling; its geometry is that of one image. Max-pooling that tiles becomes part of the convolution before it.
  package func appendPooling(_ geometry: PoolingGeometry, isMaximum: Bool, countsPadding: Bool) {
    if isMaximum, case .convolution(var convolution) = pending.last, convolution.append(table, memory, geometry) {
      pending[pending.count - 1] = .convolution(convolution)
      counts[counts.count - 1] = geometry.outputCount
      return
    }
    pending.append(
      .pooling(PlannedPooling(memory, geometry, isMaximum: isMaximum, countsPadding: countsPadding)))
    counts.append(geometry.outputCount)
  }

  /// A function of every number. ReLU and leaky ReLU become part of a product before them; ReLU also through a
  /// max-pooling, since max and ReLU may be exchanged.
  package func appendFunction(_ function: UnaryFunction) {
    let epilogue: (code: Int, slope: Float)? =
      switch function {
      case .relu: (1, 0)
      case .leakyRelu(let slope): (2, Float(slope))
      default: nil
      }
    if let epilogue {
      switch pending.last {
      case .linear(var step) where step.activation == 0:
        (step.activation, step.slope) = epilogue
        pending[pending.count - 1] = .linear(step)
        return
      case .convolution(var step) where step.activation == 0 && (step.pooling == nil || epilogue.code == 1):
        (step.activation, step.slope) = epilogue
        pending[pending.count - 1] = .convolution(step)
        return
      default: break
      }
    }
    pending.append(.function(function, count: outputCount))
  }

  /// y = x · scale + shift for each channel of [channels, spatial].
  package func appendScale(scale: [Float], shift: [Float], spatial: Int) {
    pending.append(
      .scale(
        PlannedScale(
          channels: scale.count, spatial: spatial, scale: memory.scalars(scale), shift: memory.scalars(shift))))
  }

  /// Softmax or its logarithm along the middle dimension of [outer, count, inner].
  package func appendSoftmax(outer: Int, count: Int, inner: Int, isLogarithm: Bool) {
    pending.append(.softmax(PlannedSoftmax(outer: outer, count: count, inner: inner, isLogarithm: isLogarithm)))
  }

  /// Lays out the arenas. After it nothing can be appended, before it nothing can be run.
  package func finish() {
    precondition(arenas.isEmpty, "an inference program is finished once")
    steps = .allocate(capacity: pending.count)
    _ = steps.initialize(from: pending)
    var activation = 0
    // The input of a group, as it was given, beside its form in lanes.
    arenaCount = 2 * slot(0)
    for step in pending where !step.isInPlace {
      arenaCount = max(arenaCount, slot(activation) + slot(activation + 1) + scratchCount(step))
      activation += 1
    }
    arenas = .allocate(capacity: threads)
    for thread in 0..<threads { arenas.initializeElement(at: thread, to: memory.scalars(arenaCount)) }
    pending = []
  }

  /// Room for an activation in lanes, and for what reading may touch behind it.
  private func slot(_ activation: Int) -> Int { roundUp(counts[activation] * lanes, 16) + PatchLayout.slack }

  private func scratchCount(_ step: Step) -> Int {
    guard case .convolution(let convolution) = step else { return 0 }
    return roundUp(
      max(convolution.scratchForLanes(table, lanes), convolution.scratchForImage(table, parts: threads)), 16)
      + PatchLayout.slack
  }

  // MARK: Running it

  /// Computes the results of `batch` images, which follow one another in `input`, into `output`.
  package func run(_ input: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>, batch: Int) {
    if batch == 1 {
      runImage(input, output, arenas[0], parts: min(threads, Threads.count))
      return
    }
    // Three quarters of a group cost what the whole does on one thread, and images one by one more than that.
    let groups = (batch + lanes / 4) / lanes
    let grouped = min(batch, groups * lanes)
    nextItem.store(0, ordering: .relaxed)
    var run = Run(
      program: Unmanaged.passUnretained(self), input: input, output: output, batch: batch, groups: groups,
      items: groups + batch - grouped)
    parallelFor(min(threads, run.items), context: &run) { context, part in
      let run = context.assumingMemoryBound(to: Run.self)
      run.pointee.program._withUnsafeGuaranteedRef { $0.work(run, part) }
    }
  }

  /// What the threads of a run share.
  private struct Run {
    let program: Unmanaged<InferenceProgram>
    let input: UnsafePointer<Float>
    let output: UnsafeMutablePointer<Float>
    let batch: Int
    let groups: Int
    let items: Int
  }

  /// Takes groups and single images until none is left.
  private func work(_ run: UnsafePointer<Run>, _ part: Int) {
    let arena = arenas[part]
    let (batch, groups) = (run.pointee.batch, run.pointee.groups)
    let (input, output) = (run.pointee.input, run.pointee.output)
    while true {
      let item = nextItem.wrappingAdd(1, ordering: .relaxed).oldValue
      guard item < run.pointee.items else { return }
      if item < groups {
        runLanes(input, output, arena, first: item * lanes, count: min(lanes, batch - item * lanes))
      } else {
        let image = groups * lanes + item - groups
        runImage(input + image * counts[0], output + image * outputCount, arena, parts: 1)
      }
    }
  }

  /// Where an activation begins.
  @inline(__always)
  private func place(_ activation: Int, _ arena: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    activation % 2 == 0 ? arena : arena + arenaCount - slot(activation)
  }

  /// Where the scratch of a step from one activation to the next begins: behind that at the arena's beginning.
  @inline(__always)
  private func scratch(_ activation: Int, _ arena: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    arena + slot(activation % 2 == 0 ? activation : activation + 1)
  }

  private func runLanes(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ arena: UnsafeMutablePointer<Float>,
    first: Int, count: Int
  ) {
    let inputs = counts[0]
    // Copied from front to back first: to gather from as many places as there are images is slow where the caches have to
    // be filled from afar.
    let copy = arena + slot(0)
    copy.update(from: input + first * inputs, count: count * inputs)
    table.packPanel(
      copy, lanes: count, laneStride: inputs, depth: inputs, depthStride: 1, width: lanes,
      into: arena)
    var activation = 0
    for index in 0..<steps.count {
      let x = place(activation, arena)
      switch steps[index] {
      case .linear(let step): step.runLanes(table, lanes, x, place(activation + 1, arena))
      case .convolution(let step):
        step.runLanes(table, lanes, x, place(activation + 1, arena), scratch(activation, arena))
      case .pooling(let step): step.runLanes(table, lanes, x, place(activation + 1, arena))
      case .function(let function, let count):
        apply(function, x, into: x, count: count * lanes)
        continue
      case .scale(let step):
        step.run(table, lanes, x)
        continue
      case .softmax(let step):
        step.run(lanes, x)
        continue
      }
      activation += 1
    }
    let (y, outputs) = (place(activation, arena), outputCount)
    for image in 0..<count {
      let row = output + (first + image) * outputs
      for index in 0..<outputs { row[index] = y[index * lanes + image] }
    }
  }

  private func runImage(
    _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ arena: UnsafeMutablePointer<Float>,
    parts: Int
  ) {
    // Behind the arena's copy may be read, behind the caller's numbers not.
    arena.update(from: input, count: counts[0])
    var activation = 0
    for index in 0..<steps.count {
      let x = place(activation, arena)
      switch steps[index] {
      case .linear(let step): step.runImage(table, x, place(activation + 1, arena), parts: parts)
      case .convolution(let step):
        step.runImage(table, x, place(activation + 1, arena), scratch(activation, arena), parts: parts)
      case .pooling(let step): step.runImage(table, x, place(activation + 1, arena))
      case .function(let function, let count):
        apply(function, x, into: x, count: count)
        continue
      case .scale(let step):
        step.run(table, 1, x)
        continue
      case .softmax(let step):
        step.run(1, x)
        continue
      }
      activation += 1
    }
    output.update(from: place(activation, arena), count: outputCount)
  }
}

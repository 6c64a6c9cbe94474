import ApusData
import ApusNN
import ApusTensor

/// Trains and judges a language model on a text.
///
/// A model without a `contextLength` reads the text in streams: each batch goes on where the one before ended, with the state that
/// was reached there, while gradients go back no further than the batch (truncated backpropagation through time, Williams and
/// Peng 1990). One with a `contextLength` reads windows in an order that is drawn for each epoch. Lists are read line by line by
/// both.
///
/// ```swift
/// let trainer = LanguageModelTrainer(model, optimizer: AdamW(model.parameters, learningRate: 2e-3))
/// let history = try trainer.fit(corpus, epochs: 3, batchSize: 32, steps: 64)
/// ```
///
/// The same model, text and seeds give the same bits at any number of threads.
public final class LanguageModelTrainer {
  /// The model.
  public let model: any LanguageModel<Float>
  /// What moves the model's parameters.
  public let optimizer: any Optimizer<Float>
  private var epochsDone = 0

  /// Binds a model to what moves it.
  public init(_ model: any LanguageModel<Float>, optimizer: any Optimizer<Float>) {
    self.model = model
    self.optimizer = optimizer
  }

  /// Trains the model.
  ///
  /// A second call goes on where the first one ended: epochs are counted on, and the optimizer keeps its state.
  ///
  /// - Parameters:
  ///   - corpus: The text; its held-back part judges every epoch, where there is one.
  ///   - epochs: How many times to go through it.
  ///   - batchSize: Sequences side by side in a step.
  ///   - steps: Symbols of a sequence in a step: how far gradients go back; of lists, lines are whole.
  ///   - seed: What the orders depend on.
  ///   - maximumSteps: Ends the run after so many steps of the optimizer; the epoch at hand is recorded and judged.
  ///   - callbacks: Who is told; a progress line on a terminal unless you say otherwise.
  ///   - cancellation: A switch to end the run from outside; so does cancelling the task.
  /// - Returns: What the epochs of this call came to; a sample is a symbol.
  /// - Throws: Whatever a callback throws.
  /// - Precondition: `epochs`, `batchSize` and `steps` are positive; `steps` and lines are no longer than the model's context.
  @discardableResult
  public func fit(
    _ corpus: TextCorpus, epochs: Int = 1, batchSize: Int = 32, steps: Int = 64, seed: UInt64 = 0,
    maximumSteps: Int? = nil, callbacks: [any TrainingCallback] = [ProgressLine()], cancellation: Cancellation? = nil
  ) throws -> History {
    demand(epochs > 0 && batchSize > 0 && steps > 0, "fit: \(epochs) epochs, batches of \(batchSize) by \(steps)")
    let run = TrainingRun(
      epochCount: epochsDone + epochs, samplesPerEpoch: corpus.training.symbolCount, optimizer: optimizer,
      state: { [model] in model.stateDictionary },
      restore: { [model] state in
        do { try model.load(state) } catch { fatalError("restore: \(error)") }
      })
    func isCancelled() -> Bool { cancellation?.isCancelled == true || Task.isCancelled }
    func isOver() -> Bool { run.isStopping || isCancelled() }

    for callback in callbacks { try callback.trainingWillBegin(run) }
    for _ in 0..<epochs where !isOver() {
      let epoch = epochsDone + 1
      let batches = batches(
        corpus.training, batchSize: batchSize, steps: steps, seed: seed &+ UInt64(epoch) &* 0x9E37_79B9_7F4A_7C15)
      var (nats, count, done) = (0.0, 0, 0)
      var state = LanguageModelState<Float>()
      let start = monotonicClock()
      run.progress.epoch = epoch
      model.train()
      for batch in batches {
        if batch.begins { state = LanguageModelState() }
        let symbols = batch.symbolCount
        nats += step(batch, &state) * Double(symbols)
        count += symbols
        done += 1
        run.progress.batch = done
        run.progress.step += 1
        run.progress.sampleCount = count
        run.progress.training = Evaluation(nats: nats, symbolCount: count)
        run.progress.seconds = monotonicClock() - start
        for callback in callbacks { try callback.batchDidEnd(run) }
        if isOver() || run.progress.step == maximumSteps { break }
      }
      let seconds = monotonicClock() - start
      // An epoch that was cut short says nothing that could be held beside the others.
      if isOver(), done < batches.count { break }
      let judgement =
        try? corpus.heldBack.symbolCount == 0
        ? nil : evaluate(corpus.heldBack, batchSize: batchSize, steps: steps, isOver: isCancelled)
      let record = EpochRecord(
        epoch: epoch, training: run.progress.training, validation: judgement, seconds: seconds,
        learningRate: optimizer.learningRate)
      epochsDone = epoch
      run.history.append(record)
      for callback in callbacks { try callback.epochDidEnd(record, run) }
      if run.progress.step == maximumSteps { break }
    }
    for callback in callbacks { try callback.trainingDidEnd(run) }
    return run.history
  }

  /// The bits per character of a text, in evaluation mode. The model's modes are as before when it returns.
  ///
  /// - Parameters:
  ///   - sequences: The text.
  ///   - batchSize: Sequences side by side; each begins without a memory.
  ///   - steps: Symbols of a sequence at a time; what lies before a window is not seen by a model with a context.
  /// - Throws: `CancellationError` when the task is cancelled meanwhile.
  public func evaluate(_ sequences: TextSequences, batchSize: Int = 32, steps: Int = 64) throws -> Evaluation {
    try evaluate(sequences, batchSize: batchSize, steps: steps) { Task.isCancelled }
  }

  /// How many steps of the optimizer an epoch of a model takes.
  public static func stepsPerEpoch(
    _ model: any LanguageModel<Float>, _ corpus: TextCorpus, batchSize: Int, steps: Int
  ) -> Int {
    let text = corpus.training
    if text.newline != nil { return (text.sequences.count + batchSize - 1) / batchSize }
    let length = text.symbolCount - 1
    guard let context = model.contextLength else {
      let stream = length / max(1, min(batchSize, length))
      return (stream + steps - 1) / steps
    }
    let windows = length / min(steps, context, length)
    return (windows + batchSize - 1) / batchSize
  }

  private func batches(_ text: TextSequences, batchSize: Int, steps: Int, seed: UInt64?) -> [TextBatch] {
    if text.newline != nil {
      demand(
        text.longestLength <= model.contextLength ?? .max,
        "a line of \(text.longestLength) symbols is longer than the model's context of \(model.contextLength ?? 0)")
      return text.lines(batchSize: batchSize, seed: seed)
    }
    guard let context = model.contextLength else { return text.streams(batchSize: batchSize, steps: steps) }
    return text.windows(batchSize: batchSize, length: min(steps, context), seed: seed)
  }

  /// One step of the optimizer, in a scope of its own, so that its graph is gone before the next. Gives the mean loss.
  private func step(_ batch: TextBatch, _ state: inout LanguageModelState<Float>) -> Double {
    optimizer.zeroGradients()
    let value = loss(batch, &state)
    value.backward()
    state = state.detached()
    optimizer.step()
    return Double(value.item)
  }

  private func loss(_ batch: TextBatch, _ state: inout LanguageModelState<Float>) -> Tensor<Float> {
    // A transformer's state is for generation; its windows know nothing of each other.
    let scores = model.contextLength == nil ? model(batch.inputs, state: &state) : model(batch.inputs)
    return crossEntropy(
      scores.reshaped(-1, model.vocabularySize), batch.targets.reshaped([-1]), ignoreIndex: TextBatch.nothing)
  }

  private func evaluate(
    _ text: TextSequences, batchSize: Int, steps: Int, isOver: () -> Bool
  ) throws -> Evaluation {
    let modes = model.namedModules.compactMap { $0.module as? any TrainingDependent }.map { ($0, $0.isTraining) }
    model.eval()
    defer { for (module, mode) in modes { module.isTraining = mode } }
    return try withoutGradients {
      var (nats, count) = (0.0, 0)
      var state = LanguageModelState<Float>()
      for batch in batches(text, batchSize: batchSize, steps: steps, seed: nil) {
        if isOver() { throw CancellationError() }
        if batch.begins { state = LanguageModelState() }
        let symbols = batch.symbolCount
        nats += Double(loss(batch, &state).item) * Double(symbols)
        count += symbols
      }
      return Evaluation(nats: nats, symbolCount: count)
    }
  }
}

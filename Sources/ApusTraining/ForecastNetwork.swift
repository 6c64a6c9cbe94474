import ApusNN
import ApusTensor

/// A network that continues a series: a recurrent layer reads the window up to now, and a linear layer beside it carries the
/// last values straight through (Lai et al. 2018, LSTNet), so that the recurrent part only has to learn what a straight line
/// through the last values does not say.
final class ForecastNetwork: Module {
  /// What reads the window.
  let rnn: LastState?
  /// From the last state to the values to come.
  let head: Linear?
  /// From the last values to the values to come.
  let direct: Linear
  private let window: Int

  /// Numbers of each step: the value, and sine and cosine of its place in the season.
  static let featureCount = 3

  init(cell: Forecaster.Cell, window: Int, direct count: Int, hidden: Int, block: Int) {
    self.window = window
    switch cell {
    case .lstm: rnn = LastState(LSTM(Self.featureCount, hidden, batchFirst: true))
    case .gru: rnn = LastState(GRU(Self.featureCount, hidden, batchFirst: true))
    case .linear: rnn = nil
    }
    head = rnn == nil ? nil : Linear(hidden, block)
    direct = Linear(count, block)
    // Begins as "nothing changes": the last value goes on.
    direct.weight.value = Tensor(
      (0..<block).flatMap { _ in (0..<count).map { Float($0 == count - 1 ? 1 : 0) } }, shape: [block, count])
  }

  /// [batch, window, featureCount] → [batch, block].
  func callAsFunction(_ input: Tensor<Float>) -> Tensor<Float> {
    let count = direct.inFeatures
    let last = input.narrowed(1, from: window - count, length: count).narrowed(2, from: 0, length: 1).squeezed(2)
    let straight = direct(last)
    guard let rnn, let head else { return straight }
    return straight + head(rnn(input))
  }
}

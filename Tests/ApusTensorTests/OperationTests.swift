import ApusCompute
import Testing

@testable import ApusTensor

/// Values of operations, where the golden cases do not reach: views, layouts, sizes, special numbers.
@Suite struct OperationTests {
  private let matrix = Tensor<Double>.arange(12).reshaped(3, 4)

  @Test func creation() {
    #expect(Tensor<Float>.zeros([2]).scalars == [0, 0])
    #expect(Tensor<Float>.full([2, 1], 3).scalars == [3, 3])
    #expect(Tensor<Float>.arange(1, 2, step: 0.25).scalars == [1, 1.25, 1.5, 1.75])
    #expect(Tensor<Float>.arange(3, 0, step: -1).scalars == [3, 2, 1])
    #expect(Tensor<Double>.linspace(0, 1, count: 5).scalars == [0, 0.25, 0.5, 0.75, 1])
    #expect(Tensor<Double>.linspace(0, 0.7, count: 8).scalars.last == 0.7)
    #expect(Tensor<Double>.linspace(2, 5, count: 1).scalars == [2])
    #expect(Tensor<Float>.eye(2, 3).scalars == [1, 0, 0, 0, 1, 0])
    #expect(Tensor<Float>(7).shape == [])
    #expect(Tensor<Float>(Tensor<Double>([1.5, 2])).scalars == [1.5, 2])
    #expect(Tensor<Float>.oneHot([2, 0], classCount: 3).scalars == [0, 0, 1, 1, 0, 0])
  }

  @Test func shapes() {
    let shape: Shape = [2, 3, 4]
    #expect(shape.elementCount == 24)
    #expect(shape.rank == 3)
    #expect(shape[-1] == 4)
    #expect(Array(shape) == [2, 3, 4])
    #expect("\(shape)" == "[2, 3, 4]")
    #expect(Shape([]).elementCount == 1)
    #expect(Shape([0, 1 << 62, 1 << 62]).elementCount == 0)
    #expect(shape != [2, 3])
    #expect(Shape.broadcast([3, 1], [2, 1, 4], "test") == [2, 3, 4])
  }

  @Test func slices() {
    #expect(matrix[1].scalars == [4, 5, 6, 7])
    #expect(matrix[-1, 2].item == 10)
    #expect(matrix[.all, 1].scalars == [1, 5, 9])
    #expect(matrix[1..., ..<2].scalars == [4, 5, 8, 9])
    #expect(matrix[0...1, 1...2].scalars == [1, 2, 5, 6])
    #expect(matrix[...(-1), 3].scalars == [3, 7, 11])
    #expect(matrix[.every(2), .every(3, from: 0)].scalars == [0, 3, 8, 11])
    #expect(matrix[.newAxis, 0].shape == [1, 4])
    #expect(matrix[2..<9].shape == [1, 4])
    #expect(matrix[3..<3].shape == [0, 4])
    #expect(matrix[.all, .newAxis, .all].shape == [3, 1, 4])
    #expect(matrix.transposed()[1..<3, 0].scalars == [1, 2])
  }

  @Test func splitting() {
    #expect(matrix.split(3, dim: 1).map(\.shape) == [[3, 3], [3, 1]])
    #expect(matrix.split([1, 0, 2]).map(\.shape) == [[1, 4], [0, 4], [2, 4]])
    #expect(matrix.narrowed(1, from: 1, length: 2).scalars == [1, 2, 5, 6, 9, 10])
  }

  @Test func nonContiguousOperands() {
    let transposed = matrix.transposed()
    #expect(transposed.shape == [4, 3])
    #expect((transposed + transposed).scalars == matrix.transposed().scalars.map { $0 * 2 })
    #expect((transposed + Tensor([100, 200, 300])).scalars[..<3] == [100, 204, 308])
    #expect(transposed.exp().scalars == transposed.contiguous().exp().scalars)
    #expect(transposed.sum(dim: 0).scalars == matrix.sum(dim: 1).scalars)
    #expect((transposed * 2).scalars == (transposed.contiguous() * 2).scalars)
    #expect(transposed.flattened(from: 0).scalars == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11])
    #expect(matrix[.all, 1].expanded([2, 3]).scalars == [1, 5, 9, 1, 5, 9])
    #expect(matrix[.all, .every(2)].argmax(1).values == [1, 1, 1])
    #expect(
      softmax(matrix.transposed(), dim: 0).transposed().isClose(to: softmax(matrix, dim: 1), relativeTolerance: 1e-14))
  }

  @Test func multiplyingTransposedViews() {
    let other = Tensor<Double>.arange(8).reshaped(2, 4)
    #expect(matmul(matrix, other.transposed()).scalars == [14, 38, 38, 126, 62, 214])
    #expect(linear(matrix[.all, ..<2], Tensor([1, 1], shape: [1, 2])).scalars == [1, 9, 17])
    let batch = Tensor<Double>.arange(24).reshaped(2, 3, 4)
    let product = matmul(batch.permuted(0, 2, 1), batch)
    #expect(product.shape == [2, 4, 4])
    #expect(product[1].scalars == matmul(batch[1].transposed(), batch[1]).scalars)
  }

  @Test func comparisonsAndChoices() {
    let a = Tensor<Double>([1, 2, 3])
    #expect((a .> 2).scalars == [0, 0, 1])
    #expect((a .<= Tensor([3, 1, 3])).scalars == [1, 0, 1])
    #expect((a .== 2).scalars == [0, 1, 0])
    #expect((a .!= 2).scalars == [1, 0, 1])
    #expect(select(where: a .< 3, a, Tensor(0)).scalars == [1, 2, 0])
    #expect(maximum(a, Tensor(2)).scalars == [2, 2, 3])
    // What is not chosen must not leak, not even as NaN.
    #expect(select(where: a .> 1, a, Tensor([.nan, 0, 0])).scalars[1...] == [2, 3])
  }

  @Test func tiesShareTheGradient() {
    let x = Tensor<Double>([1, 3, 3]).requiringGradient()
    x.max().backward()
    #expect(x.gradient?.scalars == [0, 0.5, 0.5])
    let a = Tensor<Double>([1, 2]).requiringGradient()
    let b = Tensor<Double>([1, 1]).requiringGradient()
    maximum(a, b).sum().backward()
    #expect(a.gradient?.scalars == [0.5, 1])
    #expect(b.gradient?.scalars == [0.5, 0])
  }

  @Test func normOfNothingHasNoGradient() {
    for p in [1, 2, 3, Double.infinity] {
      let x = Tensor<Double>.zeros([3]).requiringGradient()
      x.norm(p).backward()
      #expect(x.gradient?.scalars == [0, 0, 0], "p = \(p)")
    }
  }

  @Test func powerOfZero() {
    let a = Tensor<Double>([0, 2]).requiringGradient()
    let b = Tensor<Double>([2, 0]).requiringGradient()
    pow(a, b).sum().backward()
    #expect(a.gradient?.scalars == [0, 0])
    #expect(b.gradient?.scalars[0] == 0)
  }

  @Test func nonNumbersGoThrough() {
    let x = Tensor<Float>([1, .nan, 3])
    #expect(x.max().item.isNaN)
    #expect(x.sum().item.isNaN)
    #expect(x.argmax().item == 1)
    #expect(relu(x).scalars[1].isNaN)
    #expect(maximum(x, Tensor(0)).scalars[1].isNaN)
  }

  @Test func reductionsOverSeparateRuns() {
    let x = Tensor<Double>.arange(120).reshaped(2, 3, 4, 5)
    #expect(x.sum(dims: [0, 2, 3]).scalars == x.permuted(1, 0, 2, 3).flattened().sum(dim: 1).scalars)
    #expect(x.max(dims: [0, 2], keepDim: true).shape == [1, 3, 1, 5])
    #expect(x.max(dims: [0, 2]).scalars.max() == 119)
    #expect(x.norm(dims: [0, 3]).scalars[0] == x[.all, 0, 0].square().sum().item.squareRoot())
    #expect(x.sum(dims: []).scalars == x.scalars)
    #expect(Tensor<Double>(5).sum().item == 5)
  }

  @Test func indexTensors() {
    let index: IndexTensor = [2, 0, 1]
    #expect(index.shape == [3])
    #expect(index.oneHot().values == [0, 0, 1, 1, 0, 0, 0, 1, 0])
    #expect(index.reshaped([3, -1]).shape == [3, 1])
    #expect(matrix.gathered(1, index.reshaped([3, 1])).scalars == [2, 4, 9])
    #expect(matrix.argmin().item == 0)
    #expect(matrix.argmax(0, keepDim: true).shape == [1, 4])
  }

  @Test func dropoutKeepsTheMean() {
    var random = Random(seed: 9)
    let x = Tensor<Float>.ones([100_000])
    let y = dropout(x, probability: 0.3, using: &random)
    let zeros = y.scalars.filter { $0 == 0 }.count
    #expect(abs(Double(zeros) / 100_000 - 0.3) < 0.01)
    #expect(abs(y.mean().item - 1) < 0.02)
    #expect(dropout(x, probability: 1, using: &random).sum().item == 0)
    #expect(dropout(x, probability: 0, using: &random).scalars == x.scalars)
    var again = Random(seed: 9)
    #expect(dropout(x, probability: 0.3, using: &again).scalars == y.scalars)
  }

  @Test func batchNormFallsBackToGivenMoments() {
    let x = Tensor<Double>([1, 10, 3, 30], shape: [2, 2])
    let moments = channelMoments(x)
    #expect(moments.mean.scalars == [2, 20])
    #expect(moments.variance.scalars == [1, 100])
    let own = batchNorm(x, epsilon: 0).scalars
    let given = batchNorm(x, moments: moments, epsilon: 0).scalars
    for (a, b) in zip(own, given) { #expect(abs(a - b) < 1e-12) }
    for (a, b) in zip(own, [-1.0, -1, 1, 1]) { #expect(abs(a - b) < 1e-12) }
  }

  @Test func sameBitsAtAnyThreadCount() {
    let count = Threads.count
    defer { Threads.count = count }
    var random = Random(seed: 4)
    let x = Tensor<Float>.normal([8, 3, 20, 20], using: &random).requiringGradient()
    let w = Tensor<Float>.normal([6, 3, 3, 3], using: &random).requiringGradient()
    var results: [[Float]] = []
    for threads in [1, 2, 4] {
      Threads.count = threads
      x.gradient = nil
      w.gradient = nil
      let y = maxPool2d(relu(conv2d(x, w, padding: 1)), 2).flattened()
      let loss = logSoftmax(matmul(y, y.transposed())).mean() + x.exp().sum()
      loss.backward()
      results.append(loss.scalars + x.gradient!.scalars + w.gradient!.scalars)
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test func equalityAndCloseness() {
    #expect(matrix == matrix.transposed().transposed())
    #expect(matrix != matrix.reshaped(4, 3))
    #expect(Tensor<Float>([.nan]) != Tensor([.nan]))
    #expect(Tensor<Double>([1, .infinity]).isClose(to: Tensor([1 + 1e-9, .infinity])))
    #expect(!Tensor<Double>([1]).isClose(to: Tensor([1.001])))
    #expect(!Tensor<Double>([1]).isClose(to: Tensor([.infinity])))
    #expect(!Tensor<Double>([.nan]).isClose(to: Tensor([.nan])))
  }
}

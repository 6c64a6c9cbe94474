import ApusCompute
import ApusTensor
import Testing

@testable import ApusData

@Suite struct DatasetTests {
  /// Ten samples of three numbers: sample i is [i, 10 i, 100 i], of class i mod 3.
  static let sample = TensorDataset(
    inputs: Tensor<Float>(
      (0..<30).map { (place: Int) -> Float in [1, 10, 100][place % 3] * Float(place / 3) }, shape: [10, 3]),
    targets: IndexTensor((0..<10).map { $0 % 3 }))

  static func order(_ loader: DataLoader) -> [Int] {
    loader.flatMap { batch in (0..<batch.count).map { Int(batch.inputs.scalars[3 * $0]) } }
  }

  @Test func batchesHoldTheSamplesAskedFor() {
    let data = DatasetTests.sample
    #expect(data.count == 10 && data.sampleShape == [3] && data.classCount == 3)
    let batch = data.batch(at: [7, 0, 7])
    #expect(batch.inputs.shape == [3, 3])
    #expect(batch.inputs.scalars == [7, 70, 700, 0, 0, 0, 7, 70, 700])
    #expect(batch.targets == [1, 0, 1])
    #expect(data[4].input.shape == [3] && data[4].input.scalars == [4, 40, 400] && data[4].target == 1)
    #expect(data.all().count == 10)
    #expect(data.batch(at: []).inputs.shape == [0, 3])
  }

  @Test(arguments: [1, 3, 5, 10, 11])
  func loaderGivesEverySampleOnce(batchSize: Int) {
    let data = DatasetTests.sample
    let loader = DataLoader(data, batchSize: batchSize)
    #expect(DatasetTests.order(loader) == Array(0..<10))
    #expect(loader.count == (10 + batchSize - 1) / batchSize)
    #expect(Array(loader).count == loader.count)
    #expect(loader.sampleCount == 10)
    let shuffled = DataLoader(data, batchSize: batchSize, shuffle: true, seed: 5)
    #expect(DatasetTests.order(shuffled).sorted() == Array(0..<10))
    let whole = DataLoader(data, batchSize: batchSize, dropLast: true)
    #expect(whole.count == 10 / batchSize)
    #expect(whole.allSatisfy { $0.count == batchSize })
    #expect(DatasetTests.order(whole).count == whole.sampleCount)
  }

  @Test func theSeedDecidesTheOrder() {
    let data = DatasetTests.sample
    let first = DataLoader(data, batchSize: 4, shuffle: true, seed: 1)
    #expect(DatasetTests.order(first) == DatasetTests.order(first), "a loader can be walked again")
    #expect(
      DatasetTests.order(first) == DatasetTests.order(DataLoader(data, batchSize: 3, shuffle: true, seed: 1)))
    #expect(
      DatasetTests.order(first) != DatasetTests.order(DataLoader(data, batchSize: 4, shuffle: true, seed: 2)))
  }

  @Test func batchesAreThoseOfTheDataSetAtAnyNumberOfThreads() {
    let data = TensorDataset(
      inputs: Tensor<Float>((0..<3000).map { Float($0) }, shape: [1000, 3]),
      targets: IndexTensor((0..<1000).map { $0 % 7 }))
    let before = Threads.count
    defer { Threads.count = before }
    for threads in [1, 2, 4] {
      Threads.count = threads
      var place = 0
      for batch in DataLoader(data, batchSize: 7) {
        let wanted = data.batch(at: Array(place..<min(place + 7, 1000)))
        guard batch.inputs.scalars == wanted.inputs.scalars, batch.targets == wanted.targets else {
          Issue.record("the batch from \(place) on, \(threads) threads")
          return
        }
        // The engine works meanwhile, and its members have moments without work.
        _ = (Tensor<Float>.ones([64, 64]).matmul(Tensor<Float>.ones([64, 64]))).sum().item
        place += batch.count
      }
      #expect(place == 1000)
    }
  }

  @Test func aCopyOfAnIteratorGoesItsOwnWay() {
    var first = DataLoader(DatasetTests.sample, batchSize: 3).makeIterator()
    _ = first.next()
    var second = first
    let (a, b) = (first.next()?.inputs.scalars, second.next()?.inputs.scalars)
    #expect(a == [3, 30, 300, 4, 40, 400, 5, 50, 500] && a == b)
    _ = first.next()
    #expect(second.next()?.inputs.scalars.first == 6)
    #expect(first.next()?.count == 1 && first.next() == nil && second.next()?.count == 1)
  }

  @Test func partsOfADataSet() {
    let data = DatasetTests.sample
    let part = data.subset([9, 1, 9])
    #expect(part.count == 3 && part.targets == [0, 1, 0] && part.classCount == 3)
    #expect(part.batch(at: [2, 1]).inputs.scalars == [9, 90, 900, 1, 10, 100])
    #expect(data.prefix(4).targets == [0, 1, 2, 0])
    #expect(data.prefix(99).count == 10 && data.prefix(-1).count == 0)
    let (train, validation) = data.split(0.7, seed: 3)
    #expect(train.count == 7 && validation.count == 3)
    let all =
      DatasetTests.order(DataLoader(train, batchSize: 7)) + DatasetTests.order(DataLoader(validation, batchSize: 7))
    #expect(all.sorted() == Array(0..<10))
    #expect(data.split(0.7, seed: 3).0.targets == train.targets)
    #expect(data.split(0, seed: 1).0.count == 0 && data.split(1, seed: 1).1.count == 0)
    #expect(train.prefix(2).subset([1]).count == 1, "parts of parts")
  }

  @Test func imagesAreScaledAndNormalized() {
    let pixels: [UInt8] = [0, 51, 102, 255, 255, 0, 0, 0]
    let data = ImageDataset(pixels: pixels, targets: [0, 1], height: 2, width: 2, classCount: 2)
    #expect(data.sampleShape == [1, 2, 2])
    #expect(Array(data.image(1)) == [255, 0, 0, 0])
    let plain = data.batch(at: [1, 0]).inputs
    #expect(plain.shape == [2, 1, 2, 2])
    for (value, expected) in zip(plain.scalars, [1, 0, 0, 0, 0, 0.2, 0.4, 1] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
    let normalized = Normalize.mnist(data).batch(at: [1, 0]).inputs
    for (a, b) in zip(normalized.scalars, Normalize.mnist(plain).scalars) { #expect(abs(a - b) < 1e-6) }
    #expect(abs(normalized.scalars[1] + 0.1307 / 0.3081) < 1e-6)
  }
}

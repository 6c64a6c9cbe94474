import ApusCompute
import ApusTensor
import Testing

@testable import ApusData

@Suite(.serialized) struct AugmentationTests {
  private static let everything = Augmentation(
    .flip, .shift(2), .rotation(degrees: 20), .scale(0.2), .shear(degrees: 15), .elastic(1.5))

  private static func images(_ count: Int, _ channels: Int = 1) -> Tensor<Float> {
    let digits = SyntheticDigits.dataset(count: count * channels, seed: 3)
    return digits.all().inputs.reshaped([count, channels, 28, 28])
  }

  private static func seeds(_ count: Int) -> [UInt64] { (0..<UInt64(count)).map { $0 * 77 + 5 } }

  @Test func nothingIsExactlyNothing() {
    let images = Self.images(4, 2)
    let still = Augmentation(.shift(0), .rotation(degrees: 0), .scale(0), .shear(degrees: 0), .elastic(0))
    #expect(still(images, seeds: Self.seeds(4)).scalars == images.scalars)
    #expect(Augmentation()(images, seeds: Self.seeds(4)).scalars == images.scalars)
    let empty = Tensor<Float>.zeros([0, 1, 28, 28])
    #expect(Self.everything(empty, seeds: []).shape == [0, 1, 28, 28])
  }

  @Test func everyStepChangesTheImageAndKeepsItsShapeAndRange() {
    let images = Self.images(8)
    let steps: [Augmentation.Step] = [
      .shift(2), .rotation(degrees: 15), .scale(0.2), .shear(degrees: 15), .elastic(1), .flip,
    ]
    for step in steps {
      let changed = Augmentation(step)(images, seeds: Self.seeds(8))
      #expect(changed.shape == images.shape)
      #expect(changed.scalars != images.scalars, "\(step)")
      // Between neighbours there is nothing that is brighter than both.
      #expect(changed.scalars.allSatisfy { (0...1).contains($0) }, "\(step)")
      // A small change moves ink, and neither makes nor loses much of it.
      let (before, after) = (images.scalars.reduce(0, +), changed.scalars.reduce(0, +))
      #expect(abs(after - before) < 0.15 * before, "\(step): \(before) to \(after)")
    }
  }

  @Test func theSameSeedsGiveTheSameBitsAtAnyNumberOfThreads() {
    let images = Self.images(40)
    let before = Threads.count
    defer { Threads.count = before }
    var results: [[Float]] = []
    for threads in [1, 2, 5] {
      Threads.count = threads
      results.append(Self.everything(images, seeds: Self.seeds(40)).scalars)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    #expect(Self.everything(images, seeds: Array(Self.seeds(41).dropFirst())).scalars != results[0])
  }

  @Test func anImageDependsOnItsOwnSeedAlone() {
    let images = Self.images(3)
    let all = Self.everything(images, seeds: [1, 2, 3])
    let second = Self.everything(images.narrowed(0, from: 1, length: 1), seeds: [2])
    #expect(Array(all.scalars[784..<1568]) == second.scalars)
  }

  @Test func aFlipMirrors() {
    let image = Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [1, 1, 2, 3])
    let results = (0..<20).map { Augmentation(.flip)(image, seeds: [$0]).scalars }
    #expect(Set(results) == [[1, 2, 3, 4, 5, 6], [3, 2, 1, 6, 5, 4]])
  }

  /// The centre of the ink moves by an amount that is evenly spread over both directions.
  @Test func shiftsGoBothWaysAndNoFurther() {
    var image = [Float](repeating: 0, count: 784)
    image[14 * 28 + 14] = 1
    let count = 400
    let images = Tensor<Float>(Array(repeating: image, count: count).flatMap { $0 }, shape: [count, 1, 28, 28])
    let moved = Augmentation(.shift(3))(images, seeds: Self.seeds(count)).scalars
    var (sum, largest) = (Float(0), Float(0))
    for index in 0..<count {
      let own = moved[index * 784..<(index + 1) * 784]
      let mass = own.reduce(0, +)
      #expect(abs(mass - 1) < 1e-4)
      let x = own.enumerated().reduce(Float(0)) { $0 + Float($1.offset % 28) * $1.element } - 14
      sum += x
      largest = max(largest, abs(x))
    }
    #expect(abs(sum / Float(count)) < 0.3 && largest < 3.01 && largest > 2.8)
  }

  /// Measured on a ramp, where a displacement is a difference of brightness.
  @Test func elasticBendsByItsAmount() {
    let ramp = (0..<784).map { Float($0 % 28) }
    let count = 200
    let images = Tensor<Float>(Array(repeating: ramp, count: count).flatMap { $0 }, shape: [count, 1, 28, 28])
    let bent = Augmentation(.elastic(1))(images, seeds: Self.seeds(count)).scalars
    var (squares, seen) = (0.0, 0)
    for index in bent.indices where (6..<22).contains(index % 28) {
      squares += Double((bent[index] - ramp[index % 784]) * (bent[index] - ramp[index % 784]))
      seen += 1
    }
    let deviation = (squares / Double(seen)).squareRoot()
    #expect((0.9...1.1).contains(deviation), "\(deviation)")
  }

  @Test func aTurnTurns() {
    // A bar along the rows, turned by up to 40 degrees, reaches into other rows at its ends.
    var bar = [Float](repeating: 0, count: 784)
    for x in 4..<24 { bar[14 * 28 + x] = 1 }
    let image = Tensor<Float>(bar, shape: [1, 1, 28, 28])
    let turned = (0..<10).map { Augmentation(.rotation(degrees: 40))(image, seeds: [$0]).scalars }
    #expect(turned.contains { $0[9 * 28 + 20] + $0[19 * 28 + 20] + $0[9 * 28 + 6] + $0[19 * 28 + 6] > 0.1 })
    #expect(turned.allSatisfy { $0[14 * 28 + 14] > 0.3 }, "the middle stays")
  }

  @Test func aLoaderAppliesIt() {
    let digits = SyntheticDigits.dataset(count: 30, seed: 1)
    func batches(_ size: Int, seed: UInt64, _ transform: (any BatchTransform)?) -> [[Float]] {
      DataLoader(digits, batchSize: size, shuffle: true, seed: seed, transform: transform).map(\.inputs.scalars)
    }
    let changed = batches(7, seed: 4, Self.everything)
    #expect(changed == batches(7, seed: 4, Self.everything), "a loader can be walked again")
    #expect(changed.flatMap { $0 } == batches(30, seed: 4, Self.everything)[0], "whatever the size of a batch")
    #expect(changed != batches(7, seed: 5, Self.everything))
    #expect(changed != batches(7, seed: 4, nil))
    // The order, and so the classes, are those without a transform.
    let order = DataLoader(digits, batchSize: 7, shuffle: true, seed: 4).map(\.targets)
    let same = DataLoader(digits, batchSize: 7, shuffle: true, seed: 4, transform: Self.everything).map(\.targets)
    #expect(order == same)
  }
}

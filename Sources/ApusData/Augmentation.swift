import ApusCompute
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Images that are shifted, turned, scaled, slanted or bent a little at random: more to learn from than there is.
///
/// ```swift
/// let augmentation = Augmentation(.shift(2), .rotation(degrees: 10), .elastic(1))
/// for batch in DataLoader(train, batchSize: 64, shuffle: true, seed: 1, transform: augmentation) { … }
/// ```
///
/// All steps together are one map from each pixel to a place in the image, so that an image is interpolated once, however many
/// steps there are, and stays as sharp as can be. Beyond its edge an image goes on as it ends there. Images are worked on in
/// parallel; the same seeds give the same bits at any number of threads.
public struct Augmentation: BatchTransform, Equatable {
  /// One way to change an image. Each draws its amount evenly between minus and plus the largest.
  public enum Step: Equatable, Sendable {
    /// Moves the image by up to so many pixels in both directions; fractions of a pixel too.
    case shift(Double)
    /// Turns the image about its middle.
    case rotation(degrees: Double)
    /// Makes the image larger or smaller by a factor of up to 1 + the number.
    case scale(Double)
    /// Slants the image: an upright line leans by up to so many degrees.
    case shear(degrees: Double)
    /// Bends the image as if it were drawn on rubber (Simard, Steinkraus and Platt 2003): smooth random displacements with the
    /// given standard deviation in pixels. The spacing is the distance in pixels over which they change direction. Wherever it
    /// stands among the steps, the image is bent first.
    case elastic(Double, spacing: Double = 7)
    /// Mirrors left and right in half of the cases. Not for digits.
    case flip
  }

  /// The steps in order; the first is done first.
  public let steps: [Step]

  /// Images changed by `steps`.
  ///
  /// - Precondition: Amounts are finite and not negative, a slant is below 90°, a spacing at least 1, and there is at most one
  ///   elastic step.
  public init(_ steps: Step...) { self.init(steps) }

  /// Images changed by `steps`.
  ///
  /// - Precondition: Amounts are finite and not negative, a slant is below 90°, a spacing at least 1, and there is at most one
  ///   elastic step.
  public init(_ steps: [Step]) {
    for step in steps {
      let isGood =
        switch step {
        case .shift(let amount), .scale(let amount): amount >= 0 && amount <= 1e6
        case .rotation(let degrees): degrees >= 0 && degrees <= 360
        case .shear(let degrees): degrees >= 0 && degrees < 90
        case .elastic(let amount, let spacing): amount >= 0 && amount <= 1e6 && spacing >= 1 && spacing <= 1e6
        case .flip: true
        }
      precondition(isGood, "Augmentation: there is no step \(step)")
    }
    let bends = steps.count { if case .elastic = $0 { true } else { false } }
    precondition(bends <= 1, "Augmentation: \(bends) elastic steps; all bending is one step")
    self.steps = steps
  }

  /// The images `[count, channels, height, width]`, each changed by its own seed.
  ///
  /// - Precondition: Four dimensions, and as many seeds as images.
  public func callAsFunction(_ inputs: Tensor<Float>, seeds: [UInt64]) -> Tensor<Float> {
    precondition(inputs.rank == 4, "Augmentation: images need [count, channels, height, width], not \(inputs.shape)")
    precondition(
      seeds.count == inputs.shape[0], "Augmentation: \(seeds.count) seeds for \(inputs.shape[0]) images")
    let moving = steps.filter { !$0.isIdentity }
    guard !moving.isEmpty, inputs.elementCount > 0 else { return inputs }
    let (channels, height, width) = (inputs.shape[1], inputs.shape[2], inputs.shape[3])
    let size = channels * height * width
    return inputs.detached().contiguous().withUnsafeScalars { source in
      Tensor<Float>(shape: inputs.shape) { target in
        guard let first = source.baseAddress, let firstTarget = target.baseAddress else { return }
        // Each chunk writes its own images.
        nonisolated(unsafe) let (from, to) = (first, firstTarget)
        let perChunk = max(1, 16_384 / size)
        parallelFor((seeds.count + perChunk - 1) / perChunk) { chunk in
          for index in chunk * perChunk..<min((chunk + 1) * perChunk, seeds.count) {
            Self.change(
              from + index * size, to + index * size, channels, height, width, moving, Random(seed: seeds[index]))
          }
        }
      }
    }
  }

  private static func change(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ channels: Int, _ height: Int, _ width: Int,
    _ steps: [Step], _ random: consuming Random
  ) {
    var warp = ImageWarp()
    // The map goes from a pixel to its source, so the step that is done first is applied last, to all before it.
    var bends: (grid: DisplacementGrid, amount: Float)?
    for step in steps.reversed() {
      switch step {
      case .shift(let amount):
        warp.offset.x += spread(&random, amount)
        warp.offset.y += spread(&random, amount)
      case .rotation(let degrees):
        let angle = spread(&random, degrees * .pi / 180)
        warp.follow((cosf(angle), sinf(angle), -sinf(angle), cosf(angle)))
      case .scale(let amount):
        let exponent = spread(&random, log(1 + amount))
        let factor = expf(exponent)
        warp.follow((factor, 0, 0, factor))
      case .shear(let degrees):
        warp.follow((1, tanf(spread(&random, degrees * .pi / 180)), 0, 1))
      case .flip:
        if random.next() & 1 == 1 { warp.follow((-1, 0, 0, 1)) }
      case .elastic(let amount, let spacing):
        bends = (DisplacementGrid(height: height, width: width, spacing: Float(spacing)), Float(amount))
      }
    }
    guard let bends else {
      return warpImage(
        source, into: target, channels: channels, height: height, width: width, warp: warp, grid: nil, points: nil)
    }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * bends.grid.count) { points in
      // The weights of a cubic B-spline keep 0.23 of the variance of even control points, taken over all places of a cell.
      let reach = Double(bends.amount) * (3 / 0.23).squareRoot()
      for index in points.indices { points[index] = spread(&random, reach) }
      warpImage(
        source, into: target, channels: channels, height: height, width: width, warp: warp, grid: bends.grid,
        points: points.baseAddress)
    }
  }

  /// A number from −bound … bound.
  private static func spread(_ random: inout Random, _ bound: Double) -> Float {
    Float((2 * random.uniform() - 1) * bound)
  }
}

extension Augmentation.Step {
  /// Whether the step leaves every image as it is.
  fileprivate var isIdentity: Bool {
    switch self {
    case .shift(let amount), .rotation(let amount), .scale(let amount), .shear(let amount), .elastic(let amount, _):
      amount == 0
    case .flip: false
    }
  }
}

extension ImageWarp {
  /// The warp with another map behind it: M' = N M, offset' = N offset.
  fileprivate mutating func follow(_ next: (xx: Float, xy: Float, yx: Float, yy: Float)) {
    let (m, o) = (matrix, offset)
    matrix = (
      next.xx * m.xx + next.xy * m.yx, next.xx * m.xy + next.xy * m.yy,
      next.yx * m.xx + next.yy * m.yx, next.yx * m.xy + next.yy * m.yy
    )
    offset = (next.xx * o.x + next.xy * o.y, next.yx * o.x + next.yy * o.y)
  }
}

import ApusCompute
import ApusTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Handwritten-looking digits without a file: what `apus train` uses when no data is at hand.
///
/// Each image writes one of several hands of its digit with a pen of its own width, after moving the points a little,
/// bending the sheet (a smooth elastic distortion), turning, slanting, stretching and shifting it; then it is drawn
/// anti-aliased on 28 × 28 pixels with some noise. It is as hard as it should be: a linear classifier stays well below
/// a convolutional network.
///
/// Image number i depends on the seed and on i alone, so the same seed gives the same images at any number of threads,
/// and a longer data set begins with the shorter one.
public enum SyntheticDigits {
  /// Rows and columns of an image.
  public static let side = 28

  /// A training and a test set that share no image.
  public static func load(
    trainCount: Int = 20_000, testCount: Int = 4_000, seed: UInt64 = 1
  ) -> (train: ImageDataset, test: ImageDataset) {
    (dataset(count: trainCount, seed: seed), dataset(count: testCount, seed: ~seed))
  }

  /// `count` digits; all ten are about equally frequent.
  ///
  /// - Precondition: `count` is not negative.
  public static func dataset(count: Int, seed: UInt64) -> ImageDataset {
    precondition(count >= 0, "SyntheticDigits: \(count) images")
    let size = side * side
    var targets = [Int](repeating: 0, count: count)
    let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { pixels, filled in
      targets.withUnsafeMutableBufferPointer { targets in
        // Each chunk writes its own images.
        nonisolated(unsafe) let pixels = pixels
        nonisolated(unsafe) let targets = targets
        let perChunk = 64
        parallelFor((count + perChunk - 1) / perChunk) { chunk in
          for index in chunk * perChunk..<min((chunk + 1) * perChunk, count) {
            var random = Random(seed: seed &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
            let digit = random.integer(below: 10)
            targets[index] = digit
            draw(digit, &random, into: UnsafeMutableBufferPointer(rebasing: pixels[index * size..<(index + 1) * size]))
          }
        }
      }
      filled = count * size
    }
    return ImageDataset(pixels: pixels, targets: targets, height: side, width: side, classCount: 10)
  }

  private typealias Point = SIMD2<Float>

  /// A number from −bound … bound.
  private static func spread(_ random: inout Random, _ bound: Float) -> Float {
    (2 * Float(random.uniform()) - 1) * bound
  }

  private static func draw(_ digit: Int, _ random: inout Random, into image: UnsafeMutableBufferPointer<UInt8>) {
    let hands = DigitStrokes.hands[digit]
    let hand = hands[random.integer(below: hands.count)]
    // The whole jitter is drawn first: the closure below must not draw while it is called in any order.
    let wobble = (0..<32).map { _ in Point(spread(&random, 0.035), spread(&random, 0.035)) }
    var moved = 0
    let lines = DigitStrokes.polylines(hand) { point in
      defer { moved += 1 }
      return point + wobble[moved % wobble.count]
    }
    let sheet = Sheet(&random)
    let radius = 0.5 * (1.5 + 1.7 * Float(random.uniform()))
    let ink = 0.75 + 0.25 * Float(random.uniform())
    withUnsafeTemporaryAllocation(of: Float.self, capacity: side * side) { canvas in
      canvas.initialize(repeating: 0)
      for line in lines {
        let points = line.map { sheet.place($0) }
        for (from, to) in zip(points, points.dropFirst()) { stamp(from, to, radius, canvas) }
      }
      let noise = 0.05 * Float(random.uniform())
      for pixel in canvas.indices {
        let value = ink * canvas[pixel] + (noise > 0.025 ? spread(&random, noise) : 0)
        image[pixel] = UInt8(max(0, min(255, value * 255)))
      }
    }
  }

  /// Draws a segment with round ends: each pixel takes the coverage that its distance from the segment gives.
  private static func stamp(_ from: Point, _ to: Point, _ radius: Float, _ canvas: UnsafeMutableBufferPointer<Float>) {
    let reach = radius + 1
    let low = pointwiseMin(from, to) - reach
    let high = pointwiseMax(from, to) + reach
    let (left, right) = (max(0, Int(max(low.x, 0))), min(side - 1, Int(max(high.x, -1))))
    let (top, bottom) = (max(0, Int(max(low.y, 0))), min(side - 1, Int(max(high.y, -1))))
    guard left <= right && top <= bottom else { return }
    let along = to - from
    let length = max((along * along).sum(), 1e-12)
    for y in top...bottom {
      for x in left...right {
        let offset = Point(Float(x), Float(y)) - from
        let t = max(0, min(1, (offset * along).sum() / length))
        let away = offset - t * along
        let distance = (away * away).sum().squareRoot()
        let coverage = max(0, min(1, radius + 0.5 - distance))
        let place = y * side + x
        canvas[place] = max(canvas[place], coverage)
      }
    }
  }

  /// Where the points of the square come to lie on the image: bent, turned, slanted, stretched and shifted.
  private struct Sheet {
    private struct Wave {
      var frequency: Point
      var phase: Float
      var amplitude: Point
    }

    private var waves: [Wave]
    private var columnX: Point
    private var columnY: Point
    private var center: Point

    init(_ random: inout Random) {
      waves = (0..<3).map { _ in
        Wave(
          frequency: Point(spread(&random, 8), spread(&random, 8)), phase: spread(&random, .pi),
          amplitude: Point(spread(&random, 0.04), spread(&random, 0.04)))
      }
      let angle = spread(&random, 0.28)
      let slant = spread(&random, 0.3)
      let size = 22 * (0.85 + 0.25 * Float(random.uniform()))
      let stretch = 0.8 + 0.4 * Float(random.uniform())
      let (c, s) = (cosf(angle) * size, sinf(angle) * size)
      columnX = Point(c * stretch, s * stretch)
      columnY = Point(-s - slant * c, c - slant * s)
      center = Point(13.5 + spread(&random, 2.2), 13.5 + spread(&random, 2.2))
    }

    func place(_ point: Point) -> Point {
      var bent = point
      for wave in waves { bent += sinf((wave.frequency * point).sum() + wave.phase) * wave.amplitude }
      return center + columnX * (bent.x - 0.5) + columnY * (bent.y - 0.5)
    }
  }
}

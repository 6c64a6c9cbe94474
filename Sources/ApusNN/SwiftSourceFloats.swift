// The functions of an exported source that computes with floats.

extension SourceRuntime {
  static let float: [Function] = windows(of: "Float", lowest: "-.infinity") + [floatConvolution] + floatFunctions

  private static let floatConvolution = convolve(
    Convolution(
      numbers: ("Float", "Float", "Float"), parameters: ("", "rectified: Bool"),
      declarations: "let floor: Float = rectified ? 0 : -.infinity",
      pixels: ("load(place, as: SIMD8<Float>.self)", "SIMD8<Float>(repeating: place.pointee)"),
      step: "aCHANNEL += pixels * wCHANNEL[tap]",
      stores: (
        "store(aCHANNEL, target + cCHANNEL * plane, floor)", "target[cCHANNEL * plane] = max(aCHANNEL[0], floor)"
      ),
      store: #"""

          @inline(__always)
          private static func store(_ values: SIMD8<Float>, _ target: UnsafeMutablePointer<Float>, _ floor: Float) {
            let cut = values.replacing(with: floor, where: values .< floor)
            UnsafeMutableRawPointer(target).storeBytes(of: cut, as: SIMD8<Float>.self)
          }

        """#))

  private static let floatFunctions: [Function] = [
    (
      "dense",
      #"""
        /// y = W x + b; `rectified` cuts off what is below 0.
        private static func dense(
          _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, weight: UnsafeRawPointer, bias: UnsafeRawPointer,
          inputs: Int, outputs: Int, rectified: Bool
        ) {
          let bias = bias.assumingMemoryBound(to: Float.self)
          for output in 0..<outputs {
            let row = weight.assumingMemoryBound(to: Float.self) + output * inputs
            var sums = SIMD8<Float>()
            var more = SIMD8<Float>()
            var i = 0
            while i + 16 <= inputs {
              sums += load(x + i, as: SIMD8<Float>.self) * load(row + i, as: SIMD8<Float>.self)
              more += load(x + i + 8, as: SIMD8<Float>.self) * load(row + i + 8, as: SIMD8<Float>.self)
              i += 16
            }
            var sum = (sums + more).sum() + bias[output]
            while i < inputs {
              sum += x[i] * row[i]
              i += 1
            }
            y[output] = rectified && sum < 0 ? 0 : sum
          }
        }

      """#
    ),
    (
      "average",
      #"""
        /// The mean of every window.
        private static func average(
          _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, planes: Int, height: Int, width: Int,
          kernel: (Int, Int), step: (Int, Int), padding: (Int, Int), dilation: (Int, Int), size: (Int, Int),
          countsPadding: Bool
        ) {
          for plane in 0..<planes {
            let source = x + plane * height * width
            for row in 0..<size.0 {
              for column in 0..<size.1 {
                let (top, left) = (row * step.0 - padding.0, column * step.1 - padding.1)
                let rows = max(top, 0)..<min(top + kernel.0, height)
                let columns = max(left, 0)..<min(left + kernel.1, width)
                var sum: Float = 0
                for r in rows { for c in columns { sum += source[r * width + c] } }
                // A window may reach over the padding at the far edges only as far as it goes.
                let counted =
                  countsPadding
                  ? (min(top + kernel.0, height + padding.0) - top) * (min(left + kernel.1, width + padding.1) - left)
                  : rows.count * columns.count
                y[(plane * size.0 + row) * size.1 + column] = sum / Float(counted)
              }
            }
          }
        }

      """#
    ),
    (
      "scale",
      #"""
        /// x · scale + shift for every channel.
        private static func scale(
          _ x: UnsafeMutablePointer<Float>, by scale: UnsafeRawPointer, and shift: UnsafeRawPointer, channels: Int,
          spatial: Int
        ) {
          for channel in 0..<channels {
            let factor = scale.load(fromByteOffset: 4 * channel, as: Float.self)
            let term = shift.load(fromByteOffset: 4 * channel, as: Float.self)
            for i in channel * spatial..<(channel + 1) * spatial { x[i] = x[i] * factor + term }
          }
        }

      """#
    ),
    (
      "softmax",
      #"""
        /// Softmax or its logarithm along the middle of [outer, count, inner].
        private static func softmax(
          _ x: UnsafeMutablePointer<Float>, outer: Int, count: Int, inner: Int, logarithm isLogarithm: Bool
        ) {
          for block in 0..<outer {
            for place in 0..<inner {
              let start = x + block * count * inner + place
              var largest = -Float.infinity
              for i in 0..<count { largest = max(largest, start[i * inner]) }
              var sum: Float = 0
              for i in 0..<count { sum += exponential(start[i * inner] - largest) }
              let logSum = logarithm(sum)
              for i in 0..<count {
                let value = start[i * inner] - largest
                start[i * inner] = isLogarithm ? value - logSum : exponential(value) / sum
              }
            }
          }
        }

      """#
    ),
    (
      "rectify",
      #"""
        private static func rectify(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
          for i in 0..<count where x[i] < 0 { x[i] = 0 }
        }

      """#
    ),
    (
      "leak",
      #"""
        private static func leak(_ x: UnsafeMutablePointer<Float>, _ count: Int, slope: Float) {
          for i in 0..<count where x[i] < 0 { x[i] *= slope }
        }

      """#
    ),
    (
      "sigmoid",
      #"""
        private static func sigmoid(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
          for i in 0..<count { x[i] = 1 / (1 + exponential(-x[i])) }
        }

      """#
    ),
    (
      "tanh",
      #"""
        private static func tanh(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
          for i in 0..<count {
            let power = exponential(-2 * x[i].magnitude)
            let value = (1 - power) / (1 + power)
            x[i] = x[i] < 0 ? -value : value
          }
        }

      """#
    ),
    (
      "gelu",
      #"""
        /// x Φ(x), with the error function of Abramowitz and Stegun, 7.1.26.
        private static func gelu(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
          for i in 0..<count {
            let z = x[i].magnitude * 0.70710678
            let t = 1 / (1 + 0.3275911 * z)
            let series =
              t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
            let tail = 0.5 * series * exponential(-z * z)
            x[i] *= x[i] < 0 ? tail : 1 - tail
          }
        }

      """#
    ),
    (
      "geluTanh",
      #"""
        /// x times the logistic function of 2 √(2/π) (x + 0.044715 x³).
        private static func geluTanh(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
          for i in 0..<count {
            let inner = 1.5957691216 * (x[i] + 0.044715 * x[i] * x[i] * x[i])
            x[i] /= 1 + exponential(-inner)
          }
        }

      """#
    ),
  ]
}

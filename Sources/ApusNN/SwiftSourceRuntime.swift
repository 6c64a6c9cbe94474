/// The functions that an exported source brings along, as text. A file gets those that its model calls.
enum SourceRuntime {
  typealias Function = (name: String, text: String)

  /// What every file needs.
  static let common = #"""
      /// Undoes base 64; line ends are passed over.
      private static func decode(_ text: StaticString, into memory: UnsafeMutableRawPointer) {
        let target = memory.assumingMemoryBound(to: UInt8.self)
        var place = 0
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for i in 0..<text.utf8CodeUnitCount {
          let character = text.utf8Start[i]
          let value: UInt8
          switch character {
          case 65...90: value = character - 65
          case 97...122: value = character - 71
          case 48...57: value = character + 4
          case 43: value = 62
          case 47: value = 63
          default: continue
          }
          bits = bits << 6 | UInt32(value)
          count += 6
          if count >= 8 {
            count -= 8
            target[place] = UInt8(truncatingIfNeeded: bits >> count)
            place += 1
          }
        }
      }

      @inline(__always)
      private static func load<Vector>(_ source: UnsafeRawPointer, as type: Vector.Type) -> Vector {
        source.loadUnaligned(as: type)
      }

    """#

  /// e to a power and the logarithm, without a C library.
  static let powers = #"""
      /// e to the power x: 2ⁿ times a polynomial of the rest, |rest| ≤ ln 2 / 2.
      private static func exponential(_ x: Float) -> Float {
        if x > 88.7 { return .infinity }
        if x < -87.3 { return 0 }
        let n = (x * 1.442695 + 12_582_912) - 12_582_912
        let r = (x - n * 0.693359375) + n * 2.12194440e-4
        var p: Float = 1.9875691500e-4
        p = p * r + 1.3981999507e-3
        p = p * r + 8.3334519073e-3
        p = p * r + 4.1665795894e-2
        p = p * r + 1.6666665459e-1
        p = p * r + 5.0000001201e-1
        return (p * r * r + r + 1) * Float(bitPattern: UInt32(Int32(n) + 127) << 23)
      }

      /// The natural logarithm of a positive number: n ln 2 and a series in (m − 1) / (m + 1), m from √½ to √2.
      private static func logarithm(_ x: Float) -> Float {
        var n = Float(Int32(x.bitPattern >> 23) - 127)
        var m = Float(bitPattern: x.bitPattern & 0x7F_FFFF | 0x3F80_0000)
        if m > 1.41421356 {
          m /= 2
          n += 1
        }
        let s = (m - 1) / (m + 1)
        let z = s * s
        let series = 2 * s * (1 + z * (0.33333333 + z * (0.2 + z * (0.14285714 + z * 0.11111111))))
        return n * 0.693147180 + series
      }

    """#

  private static let walk: [Function] = [
    (
      "pad",
      #"""
        /// Lays planes into a frame of `zero`.
        private static func pad(
          _ x: UnsafePointer<SCALAR>, _ y: UnsafeMutablePointer<SCALAR>, planes: Int, height: Int, width: Int, top: Int,
          left: Int, rows: Int, columns: Int, zero: SCALAR
        ) {
          y.update(repeating: zero, count: planes * rows * columns)
          for plane in 0..<planes {
            for row in 0..<height {
              (y + (plane * rows + row + top) * columns + left).update(
                from: x + (plane * height + row) * width, count: width)
            }
          }
        }

      """#
    ),
    (
      "maximum",
      #"""
        /// The maximum of every window.
        private static func maximum(
          _ x: UnsafePointer<SCALAR>, _ y: UnsafeMutablePointer<SCALAR>, planes: Int, height: Int, width: Int,
          kernel: (Int, Int), step: (Int, Int), padding: (Int, Int), dilation: (Int, Int), size: (Int, Int)
        ) {
          for plane in 0..<planes {
            let source = x + plane * height * width
            let target = y + plane * size.0 * size.1
            for row in 0..<size.0 {
              for column in 0..<size.1 {
                var largest: SCALAR = LOWEST
                for i in 0..<kernel.0 {
                  let r = row * step.0 - padding.0 + i * dilation.0
                  if r < 0 || r >= height { continue }
                  for j in 0..<kernel.1 {
                    let c = column * step.1 - padding.1 + j * dilation.1
                    if c < 0 || c >= width { continue }
                    let value = source[r * width + c]
                    if value > largest { largest = value }
                  }
                }
                target[row * size.1 + column] = largest
              }
            }
          }
        }

      """#
    ),
  ]

  static let float: [Function] =
    walk.map { name, text in
      (name, text.replacing("SCALAR", with: "Float").replacing("LOWEST", with: "-.infinity"))
    } + floatFunctions

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
      "convolve",
      #"""
        /// A convolution without padding. Four channels of the output are computed together, eight pixels of a row at a
        /// time where pixels are neighbours; at an edge some are computed twice.
        private static func convolve(
          _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, weight: UnsafeRawPointer, bias: UnsafeRawPointer,
          channels: Int, height: Int, width: Int, outputs: Int, groups: Int, kernel: (Int, Int), step: (Int, Int),
          dilation: (Int, Int), size: (Int, Int), rectified: Bool
        ) {
          let bias = bias.assumingMemoryBound(to: Float.self)
          let depth = channels * kernel.0 * kernel.1
          let isWide = step.1 == 1 && size.1 >= 8
          let floor: Float = rectified ? 0 : -.infinity
          for group in 0..<groups {
            let source = x + group * channels * height * width
            var output = 0
            while output < outputs {
              let c0 = group * outputs + output
              let c1 = group * outputs + min(output + 1, outputs - 1)
              let c2 = group * outputs + min(output + 2, outputs - 1)
              let c3 = group * outputs + min(output + 3, outputs - 1)
              let w0 = weight.assumingMemoryBound(to: Float.self) + c0 * depth
              let w1 = weight.assumingMemoryBound(to: Float.self) + c1 * depth
              let w2 = weight.assumingMemoryBound(to: Float.self) + c2 * depth
              let w3 = weight.assumingMemoryBound(to: Float.self) + c3 * depth
              for row in 0..<size.0 {
                var column = 0
                while column < size.1 {
                  let first = isWide ? min(column, size.1 - 8) : column
                  var a0 = SIMD8<Float>(repeating: bias[c0])
                  var a1 = SIMD8<Float>(repeating: bias[c1])
                  var a2 = SIMD8<Float>(repeating: bias[c2])
                  var a3 = SIMD8<Float>(repeating: bias[c3])
                  var tap = 0
                  for channel in 0..<channels {
                    for i in 0..<kernel.0 {
                      let line = source + (channel * height + row * step.0 + i * dilation.0) * width + first * step.1
                      for j in 0..<kernel.1 {
                        let place = line + j * dilation.1
                        let pixels =
                          isWide ? load(place, as: SIMD8<Float>.self) : SIMD8<Float>(repeating: place.pointee)
                        a0 += pixels * w0[tap]
                        a1 += pixels * w1[tap]
                        a2 += pixels * w2[tap]
                        a3 += pixels * w3[tap]
                        tap += 1
                      }
                    }
                  }
                  let target = y + row * size.1 + first
                  let plane = size.0 * size.1
                  if isWide {
                    store(a0, target + c0 * plane, floor)
                    store(a1, target + c1 * plane, floor)
                    store(a2, target + c2 * plane, floor)
                    store(a3, target + c3 * plane, floor)
                    column = first + 8
                  } else {
                    target[c0 * plane] = max(a0[0], floor)
                    target[c1 * plane] = max(a1[0], floor)
                    target[c2 * plane] = max(a2[0], floor)
                    target[c3 * plane] = max(a3[0], floor)
                    column += 1
                  }
                }
              }
              output += 4
            }
          }
        }

        @inline(__always)
        private static func store(_ values: SIMD8<Float>, _ target: UnsafeMutablePointer<Float>, _ floor: Float) {
          let cut = values.replacing(with: floor, where: values .< floor)
          UnsafeMutableRawPointer(target).storeBytes(of: cut, as: SIMD8<Float>.self)
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

  static let bytes: [Function] =
    walk.map { name, text in
      (name, text.replacing("SCALAR", with: "UInt8").replacing("LOWEST", with: "0"))
    } + byteFunctions

  private static let byteFunctions: [Function] = [
    (
      "quantize",
      #"""
        /// The byte of a number: rounded to nearest, ties to even, and cut off.
        @inline(__always)
        private static func byte(_ value: Float, _ floor: Float) -> UInt8 {
          let raised = value > floor ? value : floor
          let limited = raised < 255 ? raised : 255
          return UInt8(truncatingIfNeeded: Int32((limited + 12_582_912) - 12_582_912))
        }

        private static func quantize(
          _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<UInt8>, _ count: Int, factor: Float, zero: Float
        ) {
          for i in 0..<count { y[i] = byte(x[i] * factor + zero, 0) }
        }

        /// A product of `count` bytes, summed in 32 bits.
        @inline(__always)
        private static func sum(_ x: UnsafePointer<UInt8>, _ w: UnsafePointer<Int8>, _ count: Int) -> Int32 {
          var sums = SIMD16<Int32>()
          var i = 0
          while i + 16 <= count {
            sums &+= SIMD16<Int32>(truncatingIfNeeded: load(x + i, as: SIMD16<UInt8>.self))
              &* SIMD16<Int32>(truncatingIfNeeded: load(w + i, as: SIMD16<Int8>.self))
            i += 16
          }
          var sum = sums.wrappedSum()
          while i < count {
            sum &+= Int32(x[i]) &* Int32(w[i])
            i += 1
          }
          return sum
        }

      """#
    ),
    (
      "dense",
      #"""
        /// The bytes of W x + b.
        private static func dense(
          _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>, weight: UnsafeRawPointer, bias: UnsafeRawPointer,
          multiplier: UnsafeRawPointer, inputs: Int, outputs: Int, zero: Float, floor: Float
        ) {
          let bias = bias.assumingMemoryBound(to: Int32.self)
          let multiplier = multiplier.assumingMemoryBound(to: Float.self)
          for output in 0..<outputs {
            let total = sum(x, weight.assumingMemoryBound(to: Int8.self) + output * inputs, inputs) &+ bias[output]
            y[output] = byte(Float(total) * multiplier[output] + zero, floor)
          }
        }

      """#
    ),
    (
      "denseNumbers",
      #"""
        /// W x + b as numbers; `rectified` cuts off what is below 0.
        private static func denseNumbers(
          _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<Float>, weight: UnsafeRawPointer, bias: UnsafeRawPointer,
          multiplier: UnsafeRawPointer, inputs: Int, outputs: Int, rectified: Bool
        ) {
          let bias = bias.assumingMemoryBound(to: Int32.self)
          let multiplier = multiplier.assumingMemoryBound(to: Float.self)
          for output in 0..<outputs {
            let total = sum(x, weight.assumingMemoryBound(to: Int8.self) + output * inputs, inputs) &+ bias[output]
            let value = Float(total) * multiplier[output]
            y[output] = rectified && value < 0 ? 0 : value
          }
        }

      """#
    ),
    (
      "convolve",
      #"""
        /// A convolution without padding. Four channels of the output are computed together, eight pixels of a row at a
        /// time where pixels are neighbours; at an edge some are computed twice.
        private static func convolve(
          _ x: UnsafePointer<UInt8>, _ y: UnsafeMutablePointer<UInt8>, weight: UnsafeRawPointer, bias: UnsafeRawPointer,
          multiplier: UnsafeRawPointer, channels: Int, height: Int, width: Int, outputs: Int, groups: Int,
          kernel: (Int, Int), step: (Int, Int), dilation: (Int, Int), size: (Int, Int), zero: Float, floor: Float
        ) {
          let bias = bias.assumingMemoryBound(to: Int32.self)
          let multiplier = multiplier.assumingMemoryBound(to: Float.self)
          let depth = channels * kernel.0 * kernel.1
          let isWide = step.1 == 1 && size.1 >= 8
          let lanes = isWide ? 8 : 1
          for group in 0..<groups {
            let source = x + group * channels * height * width
            var output = 0
            while output < outputs {
              let c0 = group * outputs + output
              let c1 = group * outputs + min(output + 1, outputs - 1)
              let c2 = group * outputs + min(output + 2, outputs - 1)
              let c3 = group * outputs + min(output + 3, outputs - 1)
              let w0 = weight.assumingMemoryBound(to: Int8.self) + c0 * depth
              let w1 = weight.assumingMemoryBound(to: Int8.self) + c1 * depth
              let w2 = weight.assumingMemoryBound(to: Int8.self) + c2 * depth
              let w3 = weight.assumingMemoryBound(to: Int8.self) + c3 * depth
              for row in 0..<size.0 {
                var column = 0
                while column < size.1 {
                  let first = isWide ? min(column, size.1 - 8) : column
                  var a0 = SIMD8<Int32>(repeating: bias[c0])
                  var a1 = SIMD8<Int32>(repeating: bias[c1])
                  var a2 = SIMD8<Int32>(repeating: bias[c2])
                  var a3 = SIMD8<Int32>(repeating: bias[c3])
                  var tap = 0
                  for channel in 0..<channels {
                    for i in 0..<kernel.0 {
                      let line = source + (channel * height + row * step.0 + i * dilation.0) * width + first * step.1
                      for j in 0..<kernel.1 {
                        let place = line + j * dilation.1
                        let pixels =
                          isWide
                          ? SIMD8<Int32>(truncatingIfNeeded: load(place, as: SIMD8<UInt8>.self))
                          : SIMD8<Int32>(repeating: Int32(place.pointee))
                        a0 &+= pixels &* Int32(w0[tap])
                        a1 &+= pixels &* Int32(w1[tap])
                        a2 &+= pixels &* Int32(w2[tap])
                        a3 &+= pixels &* Int32(w3[tap])
                        tap += 1
                      }
                    }
                  }
                  let target = y + row * size.1 + first
                  let plane = size.0 * size.1
                  for lane in 0..<lanes {
                    target[c0 * plane + lane] = byte(Float(a0[lane]) * multiplier[c0] + zero, floor)
                    target[c1 * plane + lane] = byte(Float(a1[lane]) * multiplier[c1] + zero, floor)
                    target[c2 * plane + lane] = byte(Float(a2[lane]) * multiplier[c2] + zero, floor)
                    target[c3 * plane + lane] = byte(Float(a3[lane]) * multiplier[c3] + zero, floor)
                  }
                  column = first + lanes
                }
              }
              output += 4
            }
          }
        }

      """#
    ),
    (
      "translate",
      #"""
        /// A byte for every byte.
        private static func translate(_ x: UnsafeMutablePointer<UInt8>, _ count: Int, table: UnsafeRawPointer) {
          for i in 0..<count { x[i] = table.load(fromByteOffset: Int(x[i]), as: UInt8.self) }
        }

      """#
    ),
  ]
}

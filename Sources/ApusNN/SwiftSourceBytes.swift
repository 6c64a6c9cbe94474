// The functions of an exported source that computes with bytes.

extension SourceRuntime {
  static let bytes: [Function] = windows(of: "UInt8", lowest: "0") + [byteConvolution] + byteFunctions

  /// A product of two bytes fits in 16 bits: 255 · 127 is below 2¹⁵.
  private static let byteConvolution = convolve(
    Convolution(
      numbers: ("UInt8", "Int8", "Int32"),
      parameters: ("multiplier: UnsafeRawPointer, ", "zero: Float, floor: Float"),
      declarations: "let multiplier = multiplier.assumingMemoryBound(to: Float.self)",
      pixels: (
        "SIMD8<Int16>(truncatingIfNeeded: load(place, as: SIMD8<UInt8>.self))",
        "SIMD8<Int16>(repeating: Int16(place.pointee))"
      ),
      step: "aCHANNEL &+= SIMD8<Int32>(truncatingIfNeeded: pixels &* Int16(wCHANNEL[tap]))",
      stores: (
        "store(aCHANNEL, target + cCHANNEL * plane, multiplier[cCHANNEL], zero, floor)",
        "target[cCHANNEL * plane] = byte(Float(aCHANNEL[0]) * multiplier[cCHANNEL] + zero, floor)"
      ),
      store: #"""

          /// Eight bytes as `byte` makes them: behind 1.5 · 2²³ the last eight bits are the rounded number.
          @inline(__always)
          private static func store(
            _ sums: SIMD8<Int32>, _ target: UnsafeMutablePointer<UInt8>, _ multiplier: Float, _ zero: Float,
            _ floor: Float
          ) {
            let values = SIMD8<Float>(sums) * multiplier + zero
            let raised = values.replacing(with: floor, where: values .< floor)
            let limited = raised.replacing(with: 255, where: raised .> 255)
            let bits = unsafeBitCast(limited + 12_582_912, to: SIMD8<UInt32>.self)
            UnsafeMutableRawPointer(target).storeBytes(
              of: SIMD8<UInt8>(truncatingIfNeeded: bits), as: SIMD8<UInt8>.self)
          }

        """#))

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

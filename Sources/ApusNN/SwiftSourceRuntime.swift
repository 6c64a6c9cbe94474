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
}

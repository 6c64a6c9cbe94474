import ApusCompute

extension Safetensors {
  /// The types of numbers that a file may hold; the raw value is the file's name for them.
  public enum ElementType: String, Sendable, CaseIterable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    /// The upper half of a Float: eight bits of exponent, seven of fraction.
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint64 = "U64"
    case uint32 = "U32"
    case uint16 = "U16"
    case uint8 = "U8"
    case bool = "BOOL"

    /// Bytes that a number takes.
    public var size: Int {
      switch self {
      case .float64, .int64, .uint64: 8
      case .float32, .int32, .uint32: 4
      case .float16, .bfloat16, .int16, .uint16: 2
      case .int8, .uint8, .bool: 1
      }
    }

    /// The place in a file: types of a higher rank come first, wide ones before narrow ones, so that all are aligned.
    /// Within a width the order is that of the reference implementation, whose files these are equal to.
    var rank: Int {
      let ascending: [Self] = [
        .bool, .uint8, .int8, .int16, .uint16, .float16, .bfloat16, .int32, .uint32, .float32, .float64, .int64,
        .uint64,
      ]
      return ascending.firstIndex(of: self)!
    }

    /// Whether numbers can have a fraction.
    public var isFloatingPoint: Bool {
      switch self {
      case .float64, .float32, .float16, .bfloat16: true
      default: false
      }
    }
  }
}

extension Safetensors.ElementType {
  /// Converts every number of `bytes`, of which there are as many as in `target`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func decode<Scalar: ComputeScalar>(
    _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Scalar>
  ) {
    #if _endian(little)
      if (self == .float32 && Scalar.self == Float.self) || (self == .float64 && Scalar.self == Double.self) {
        UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
        return
      }
    #endif
    switch self {
    case .float64: convert(bytes, UInt64.self, into: target) { Scalar(Double(bitPattern: $0)) }
    case .float32: convert(bytes, UInt32.self, into: target) { Scalar(Float(bitPattern: $0)) }
    case .float16: convert(bytes, UInt16.self, into: target) { Scalar(float(halfBits: $0)) }
    case .bfloat16: convert(bytes, UInt16.self, into: target) { Scalar(Float(bitPattern: UInt32($0) << 16)) }
    case .int64: convert(bytes, UInt64.self, into: target) { Scalar(Int64(bitPattern: $0)) }
    case .int32: convert(bytes, UInt32.self, into: target) { Scalar(Int32(bitPattern: $0)) }
    case .int16: convert(bytes, UInt16.self, into: target) { Scalar(Int16(bitPattern: $0)) }
    case .int8: convert(bytes, UInt8.self, into: target) { Scalar(Int8(bitPattern: $0)) }
    case .uint64: convert(bytes, UInt64.self, into: target) { Scalar($0) }
    case .uint32: convert(bytes, UInt32.self, into: target) { Scalar($0) }
    case .uint16: convert(bytes, UInt16.self, into: target) { Scalar($0) }
    case .uint8: convert(bytes, UInt8.self, into: target) { Scalar($0) }
    case .bool: convert(bytes, UInt8.self, into: target) { $0 == 0 ? 0 : 1 }
    }
  }

  private func convert<Word: FixedWidthInteger, Scalar: ComputeScalar>(
    _ bytes: UnsafeRawBufferPointer, _: Word.Type, into target: UnsafeMutableBufferPointer<Scalar>,
    _ conversion: (Word) -> Scalar
  ) {
    for index in 0..<target.count {
      target[index] = conversion(word(bytes, index))
    }
  }

  private func word<Word: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Word {
    Word(littleEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<Word>.size, as: Word.self))
  }

  /// Every number as an integer, or nil for types with fractions, and when a number is too large.
  package func decodeIntegers(_ bytes: UnsafeRawBufferPointer) -> [Int]? {
    let places = 0..<bytes.count / size
    switch self {
    case .float64, .float32, .float16, .bfloat16: return nil
    case .int64: return places.map { Int(Int64(bitPattern: word(bytes, $0))) }
    case .int32: return places.map { Int(Int32(bitPattern: word(bytes, $0))) }
    case .int16: return places.map { Int(Int16(bitPattern: word(bytes, $0))) }
    case .int8: return places.map { Int(Int8(bitPattern: word(bytes, $0))) }
    case .uint64:
      let values = places.compactMap { Int(exactly: word(bytes, $0) as UInt64) }
      return values.count == places.count ? values : nil
    case .uint32: return places.map { Int(word(bytes, $0) as UInt32) }
    case .uint16: return places.map { Int(word(bytes, $0) as UInt16) }
    case .uint8: return places.map { Int(word(bytes, $0) as UInt8) }
    case .bool: return places.map { bytes[$0] == 0 ? 0 : 1 }
    }
  }

  /// The numbers in this floating-point type, little-endian.
  package func encode<Scalar: ComputeScalar>(_ scalars: UnsafeBufferPointer<Scalar>) -> [UInt8] {
    #if _endian(little)
      if (self == .float32 && Scalar.self == Float.self) || (self == .float64 && Scalar.self == Double.self) {
        return Array(UnsafeRawBufferPointer(scalars))
      }
    #endif
    switch self {
    case .float64: return encode(scalars) { Double($0).bitPattern }
    case .float32: return encode(scalars) { Float($0).bitPattern }
    case .float16: return encode(scalars) { halfBits(Double($0)) }
    case .bfloat16: return encode(scalars) { bfloat16Bits(Float($0)) }
    default: preconditionFailure("\(self) is no floating-point type")
    }
  }

  private func encode<Scalar: ComputeScalar, Word: FixedWidthInteger>(
    _ scalars: UnsafeBufferPointer<Scalar>, _ conversion: (Scalar) -> Word
  ) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: scalars.count * size) { buffer, filled in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      for index in 0..<scalars.count {
        raw.storeBytes(of: conversion(scalars[index]).littleEndian, toByteOffset: index * size, as: Word.self)
      }
      filled = scalars.count * size
    }
  }
}

// `Float16` is not there on every platform that Swift serves, so its sixteen bits are taken apart by hand.

/// The value of the sixteen bits of an IEEE half: sign, five bits of exponent, ten of fraction.
package func float(halfBits bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let exponent = UInt32(bits >> 10 & 0x1F)
  let fraction = UInt32(bits & 0x3FF)
  switch exponent {
  case 0:
    // Zero, or a multiple of 2⁻²⁴.
    let magnitude = Float(fraction) * 0x1p-24
    return sign == 0 ? magnitude : -magnitude
  case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
  default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
  }
}

/// The nearest half, ties to even; beyond 65504 infinity.
package func halfBits(_ value: Double) -> UInt16 {
  let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
  if value.isNaN { return sign | 0x7E00 }
  let magnitude = value.magnitude
  if magnitude >= 65520 { return sign | 0x7C00 }
  if magnitude < 0x1p-14 { return sign | UInt16((magnitude * 0x1p24).rounded(.toNearestOrEven)) }
  // The fraction may round up to the next power of two: the sum then carries into the exponent.
  let scaled = (magnitude.significand * 1024).rounded(.toNearestOrEven)
  return sign | (UInt16(magnitude.exponent + 14) << 10 + UInt16(scaled))
}

/// The nearest bfloat16, ties to even.
package func bfloat16Bits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  if value.isNaN { return UInt16(bits >> 16) | 0x40 }
  return UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
}

extension Safetensors.ElementType {
  /// Converts every number of `bytes`, of which there are as many as in `target`, for readers of streams.
  package func decodeFloats(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<Float>) {
    decode(bytes, into: target)
  }
}

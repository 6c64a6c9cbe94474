import ApusTensor
import Testing

@testable import ApusData

@Suite struct SafetensorsTests {
  /// A file of a header and content.
  static func file(_ header: String, content: Int = 0, length: UInt64? = nil) -> [UInt8] {
    let text = Array(header.utf8)
    return withUnsafeBytes(of: (length ?? UInt64(text.count)).littleEndian) { Array($0) } + text
      + [UInt8](repeating: 0, count: content)
  }

  @Test func readsWhatPyTorchWrites() throws {
    let file = try Safetensors(base64(Fixtures.safetensors))
    #expect(file.metadata == ["format": "pt", "ümläut": "a \"quoted\"\nline"])
    #expect(
      Set(file.names) == [
        "f64", "f32", "f16", "bf16", "i64", "i32", "i16", "i8", "u8", "bool", "empty", "scalar",
      ])
    func doubles(_ name: String) throws -> [Double] { try file.tensor(name, as: Double.self).scalars }
    #expect(try doubles("f64") == [1.5, -2.25, 1e300, -.infinity])
    #expect(try file.tensor("f64", as: Double.self).shape == [2, 2])
    #expect(try file.tensor("f32", as: Float.self).scalars == [1.1, -0.0, 3e38])
    #expect(try doubles("f16") == [1.0009765625, 65504, 0x1p-24, -2.5])
    #expect(try doubles("bf16") == [1.0078125, Double(Float(bitPattern: 0xFF62_0000)), .infinity])
    #expect(try file.integers("i64").values == [.min, .max])
    #expect(try file.integers("i64").shape == [1, 2])
    #expect(try file.integers("i32").values == [-2_147_483_648, 7])
    #expect(try file.integers("i16").values == [-32768, 7])
    #expect(try file.integers("i8").values == [-128, 127, 0])
    #expect(try file.integers("u8").values == [0, 255])
    #expect(try file.integers("bool").values == [1, 0, 1])
    #expect(try doubles("i8") == [-128, 127, 0])
    #expect(try doubles("bool") == [1, 0, 1])
    #expect(try file.tensor("empty", as: Float.self).shape == [0, 3])
    #expect(try file.tensor("scalar", as: Float.self).item == 42)
    #expect(try file.tensor("scalar", as: Float.self).rank == 0)
  }

  @Test func writesWhatPyTorchWrote() throws {
    // PyTorch's library sorts, pads and spells as this one does, so that a file goes through unchanged.
    var file = try Safetensors(base64(Fixtures.safetensors))
    let bytes = base64(Fixtures.safetensors)
    #expect(file.encoded.elementsEqual(bytes), "the bytes differ")
    file.metadata = [:]
    let plain = try Safetensors(file.encoded)
    #expect(plain.metadata.isEmpty)
    #expect(plain.names == file.names)
  }

  @Test func whatIsWrittenIsRead() throws {
    try withTemporaryDirectory { directory in
      var file = Safetensors()
      file.metadata = ["architecture": "{\"layers\":[1,2]}", "empty": ""]
      let weight = Tensor<Float>([1, -2, 3.5, .pi, -0.0, 6e-30], shape: [2, 3])
      file.set("fc.weight", weight)
      file.set("fc.weight.transposed", weight.transposed(0, 1))
      file.set("exact", Tensor<Double>([0.1, -1e-300]))
      file.set("steps", IndexTensor([-5, 1 << 40]))
      file.set("scalar", Tensor<Float>(2))
      file.set("none", Tensor<Float>.zeros([0, 5]))
      file.set("scalar", Tensor<Float>(3))
      let path = "\(directory)/net.safetensors"
      try file.write(to: path)
      #expect(try FileAccess.read(path) == file.encoded)
      let read = try Safetensors(path: path)
      #expect(read.metadata == file.metadata)
      #expect(Set(read.names) == Set(file.names))
      #expect(try read.tensor("fc.weight", as: Float.self).scalars == weight.scalars)
      #expect(try read.tensor("fc.weight.transposed", as: Float.self).shape == [3, 2])
      #expect(try read.tensor("fc.weight.transposed", as: Float.self).scalars == weight.transposed(0, 1).scalars)
      #expect(try read.tensor("exact", as: Double.self).scalars == [0.1, -1e-300])
      #expect(try read.integers("steps").values == [-5, 1 << 40])
      #expect(try read.tensor("scalar", as: Float.self).item == 3)
      #expect(try read.tensor("none", as: Float.self).shape == [0, 5])
      let missing = dataError { () throws(DataError) in try read.tensor("absent", as: Float.self) }
      #expect(missing?.kind == .missing)
      #expect(missing?.path == path)
      #expect(dataError { () throws(DataError) in try read.integers("exact") }?.kind == .unsupported)
    }
  }

  @Test func numbersBeginAtMultiplesOfEight() throws {
    for name in ["a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"] {
      var file = Safetensors()
      file.set(name, Tensor<Float>([1, 2]))
      #expect((file.encoded.count - 8) % 8 == 0)
      #expect(try Safetensors(file.encoded).tensor(name, as: Float.self).scalars == [1, 2])
    }
    #expect(try Safetensors(Safetensors().encoded).names == [])
  }

  @Test func widestTypesComeFirst() throws {
    var file = Safetensors()
    file.set("a", Tensor<Float>([1]), as: .bfloat16)
    file.set("b", Tensor<Float>([1]))
    file.set("c", Tensor<Double>([1]))
    file.set("0", Tensor<Double>([1]))
    #expect(try Safetensors(file.encoded).names == ["0", "c", "b", "a"])
  }

  @Test func halvesRoundToNearestEven() {
    // All finite halves go through Double and back.
    for bits in UInt16.min...UInt16.max {
      let value = float(halfBits: bits)
      if value.isNaN {
        #expect(halfBits(Double(value)) & 0x7C00 == 0x7C00)
      } else {
        #expect(halfBits(Double(value)) == bits)
      }
      let wide = Float(bitPattern: UInt32(bits) << 16)
      if !wide.isNaN { #expect(bfloat16Bits(wide) == bits) }
    }
    #expect(halfBits(65519.99) == 0x7BFF)
    #expect(halfBits(65520) == 0x7C00)
    #expect(halfBits(0x1p-25) == 0)
    #expect(halfBits(0x1.8p-25) == 1)
    #expect(halfBits(1 + 0x1p-11) == 0x3C00)
    #expect(halfBits(1 + 0x3p-11) == 0x3C02)
    #expect(halfBits(2047.75 / 2048) == 0x3C00)
    #expect(bfloat16Bits(1 + 0x1p-8) == 0x3F80)
    #expect(bfloat16Bits(1 + 0x3p-8) == 0x3F82)
    #expect(Float(bitPattern: UInt32(bfloat16Bits(.nan)) << 16).isNaN)
    #expect(bfloat16Bits(.greatestFiniteMagnitude) == 0x7F80)
  }

  @Test(
    arguments: [
      ("gap", #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}"#, 4),
      (
        "gap between",
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#, 3
      ),
      (
        "overlap",
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3
      ),
      (
        "same bytes",
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 2
      ),
      ("backwards", #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[2,0]}}"#, 2),
      ("negative", #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}}"#, 2),
      ("beyond the end", #"{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}"#, 2),
      ("bytes left over", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 2),
      ("wrong size", #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}}"#, 2),
      ("overflowing shape", #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0),
      (
        "huge offsets", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}}"#, 1
      ),
      ("offsets beyond Int", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,99999999999999999999]}}"#, 1),
      ("fractions", #"{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}"#, 1),
      ("negative shape", #"{"a":{"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]}}"#, 1),
      ("unknown type", #"{"a":{"dtype":"F3","shape":[1],"data_offsets":[0,1]}}"#, 1),
      (
        "name twice",
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, 0
      ),
      ("no type", #"{"a":{"shape":[1],"data_offsets":[0,1]}}"#, 1),
      ("no shape", #"{"a":{"dtype":"U8","data_offsets":[0,1]}}"#, 1),
      ("no offsets", #"{"a":{"dtype":"U8","shape":[1]}}"#, 1),
      ("three offsets", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}"#, 1),
      ("extra member", #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}"#, 1),
      ("no object", #"{"a":7}"#, 0),
      ("metadata of numbers", #"{"__metadata__":{"a":1}}"#, 0),
      ("metadata no object", #"{"__metadata__":"a"}"#, 0),
      ("an array", "[]", 0),
      ("nothing", "", 0),
      ("text after", "{} {}", 0),
      ("deep nesting", #"{"a":"# + String(repeating: "[", count: 100_000), 0),
    ] as [(String, String, Int)])
  func brokenHeadersAreRefused(name: String, header: String, content: Int) {
    let error = dataError { () throws(DataError) in try Safetensors(SafetensorsTests.file(header, content: content)) }
    #expect(error != nil, "\(name) was accepted")
    #expect(error?.position != nil, "\(name): \(error.map { "\($0)" } ?? "")")
  }

  @Test func headersMustFit() {
    for length in [3, 1 << 20, 100_000_001, UInt64.max] as [UInt64] {
      let error = dataError { () throws(DataError) in try Safetensors(SafetensorsTests.file("{}", length: length)) }
      #expect(error?.kind == (length > 100_000_000 ? .tooLarge : .truncated), "\(length)")
    }
    #expect(dataError { () throws(DataError) in try Safetensors([]) }?.kind == .truncated)
  }

  @Test func manyExtentsAreReadButNotMadeATensor() throws {
    let shape = Array(repeating: "1", count: 100).joined(separator: ",")
    let file = try Safetensors(
      SafetensorsTests.file(#"{"a":{"dtype":"U8","shape":[\#(shape)],"data_offsets":[0,1]}}"#, content: 1))
    #expect(file["a"]?.shape.count == 100)
    #expect(dataError { () throws(DataError) in try file.tensor("a", as: Float.self) }?.kind == .unsupported)
  }

  @Test func hostileBytesAreSafe() {
    expectSafe(base64(Fixtures.safetensors)) { bytes throws(DataError) in
      let file = try Safetensors(bytes)
      for entry in file.entries where entry.shape.count <= Shape.maximumRank {
        _ = try file.tensor(entry.name, as: Float.self)
        if !entry.elementType.isFloatingPoint { _ = try file.integers(entry.name) }
      }
    }
  }
}

// `slim IN.a OUT.a`: copies a static library of the Swift toolchain so that a linker can leave out what a program does not use.
//
// The compiler marks the section of every public function "retain" (SHF_GNU_RETAIN), which tells the linker to keep it come what
// may. That is right for what is found at run time by name, the `swift5_…` sections, and wrong for code and data that only
// other code refers to: those sections' names begin with a dot, and for them the mark is taken away.
#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#endif

func fail(_ message: String) -> Never {
  fputs("slim: \(message)\n", stderr)
  exit(1)
}

/// The bytes of a static library.
struct Library {
  let path: String
  var bytes: [UInt8] = []

  init(path: String) {
    self.path = path
    guard let file = fopen(path, "rb") else { fail("cannot read \(path)") }
    defer { fclose(file) }
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = fread(&chunk, 1, chunk.count, file)
      guard count > 0 else { break }
      bytes += chunk[0..<count]
    }
  }

  /// The little-endian number of `count` bytes at `place`.
  func number(_ place: Int, _ count: Int) -> Int {
    guard place >= 0, place + count <= bytes.count else { fail("\(path) ends within a header at byte \(place)") }
    return (0..<count).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
  }

  /// Takes the mark from the sections of the 64-bit ELF object that begins at `start`; other members are left alone.
  mutating func unmark(_ start: Int) {
    guard start + 64 <= bytes.count, bytes[start..<start + 6].elementsEqual([0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
      return
    }
    let table = start + number(start + 0x28, 8)
    let size = number(start + 0x3A, 2)
    // More sections than 16 bits count: the numbers stand in the first header.
    var (count, names) = (number(start + 0x3C, 2), number(start + 0x3E, 2))
    if count == 0 { count = number(table + 32, 8) }
    if names == 0xFFFF { names = number(table + 40, 4) }
    let text = start + number(table + names * size + 24, 8)
    for section in 0..<count {
      let header = table + section * size
      if number(text + number(header, 4), 1) == 0x2E { bytes[header + 10] &= ~0x20 }
    }
  }

  /// Takes the marks from all members.
  mutating func unmarkMembers() {
    guard bytes.starts(with: "!<arch>\n".utf8) else { fail("\(path) is no archive") }
    var member = 8
    while member + 60 <= bytes.count {
      let digits = String(decoding: bytes[member + 48..<member + 58], as: UTF8.self).prefix { $0 != " " }
      guard let size = Int(digits), size >= 0 else { fail("\(path) has a bad header at byte \(member)") }
      unmark(member + 60)
      member += 60 + size + size % 2
    }
  }
}

let words = CommandLine.arguments
guard words.count == 3 else { fail("usage: slim IN.a OUT.a") }
var library = Library(path: words[1])
library.unmarkMembers()
guard let output = fopen(words[2], "wb"),
  fwrite(library.bytes, 1, library.bytes.count, output) == library.bytes.count, fclose(output) == 0
else { fail("cannot write \(words[2])") }

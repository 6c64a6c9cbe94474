// Texts in texts, byte by byte. The standard library's own search is part of its regular expressions, 1.2 MB of a static program.

extension StringProtocol {
  /// Whether `part` occurs in the text.
  package func holds(_ part: String) -> Bool {
    part.isEmpty || !places(of: part, atMost: 1).isEmpty
  }

  /// The text with every occurrence of `part` replaced, from the front; what is put in is not searched again.
  ///
  /// - Precondition: `part` is not empty.
  package func substituting(_ part: String, with replacement: String) -> String {
    let bytes = Array(utf8)
    var result: [UInt8] = []
    var done = 0
    for place in places(of: part, atMost: .max) {
      result += bytes[done..<place]
      result += replacement.utf8
      done = place + part.utf8.count
    }
    return String(decoding: result + bytes[done...], as: UTF8.self)
  }

  /// Where `part` begins, in bytes, no two overlapping.
  private func places(of part: String, atMost limit: Int) -> [Int] {
    let (bytes, part) = (Array(utf8), Array(part.utf8))
    precondition(!part.isEmpty, "a search for nothing")
    var (places, start) = ([Int](), 0)
    while start + part.count <= bytes.count, places.count < limit {
      if bytes[start] == part[0], bytes[start..<start + part.count].elementsEqual(part) {
        places.append(start)
        start += part.count
      } else {
        start += 1
      }
    }
    return places
  }
}

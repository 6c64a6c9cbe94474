/// Files that the formats' own libraries wrote.
enum Fixtures {
  /// Written by safetensors for PyTorch: one tensor of each type, an empty one, a single number, and metadata.
  static let safetensors = """
    +AIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCIsIsO8bWzDpHV0IjoiYSBcInF1b3RlZFwiXG5saW5lIn0sImk2NCI6eyJkdHlwZS\
    I6Ikk2NCIsInNoYXBlIjpbMSwyXSwiZGF0YV9vZmZzZXRzIjpbMCwxNl19LCJmNjQiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzIsMl0sImRhdGFf\
    b2Zmc2V0cyI6WzE2LDQ4XX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOls0OCw0OF19LCJmMzIiOn\
    siZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls0OCw2MF19LCJzY2FsYXIiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6W10s\
    ImRhdGFfb2Zmc2V0cyI6WzYwLDY0XX0sImkzMiI6eyJkdHlwZSI6IkkzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzY0LDcyXX0sImJmMT\
    YiOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOlszXSwiZGF0YV9vZmZzZXRzIjpbNzIsNzhdfSwiZjE2Ijp7ImR0eXBlIjoiRjE2Iiwic2hhcGUiOls0\
    XSwiZGF0YV9vZmZzZXRzIjpbNzgsODZdfSwiaTE2Ijp7ImR0eXBlIjoiSTE2Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbODYsOTBdfSwiaT\
    giOnsiZHR5cGUiOiJJOCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzkwLDkzXX0sInU4Ijp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzJdLCJk\
    YXRhX29mZnNldHMiOls5Myw5NV19LCJib29sIjp7ImR0eXBlIjoiQk9PTCIsInNoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6Wzk1LDk4XX19ICAgAA\
    AAAAAAAID/////////fwAAAAAAAPg/AAAAAAAAAsCcdQCIPOQ3fgAAAAAAAPD/zcyMPwAAAIDmsWF/AAAoQgAAAIAHAAAAgT9i/4B/ATz/ewEAAMEA\
    gAcAgH8AAP8BAAE=
    """

  /// Four gzip members that zlib made: one with every header field, an empty one, one stored, one with the fixed codes;
  /// then zeros. The content is `gzipText` twice.
  static let gzip = """
    H4sIHgECAwQCAwUAYWJjZGVuYW1lLnR4dABjb21tZW50APuRK8lIVSgszUzOVkgqyi/PU0jLr1DIKs0tKFbIL0stUigBSuckVlUqpOSn64F5o4rJUs\
    zAyMTMwsrGzsHJxc3Dy8cvICgkLCIqJi4hKSUtIysnr6CopKyiqqauoamlraOrp29gaGRsYmpmbmFpZW1ja2fv4Ojk7OLq5u7h6eXt4+vnHxAYFBwS\
    GhYeERkVHRMbF5+QmJSckpqWnpGZlZ2Tm5dfUFhUXFJaVl5RWVVdU1tX39DY1NzS2tbe0dnV3dPb1z9h4qTJU6ZOmz5j5qzZc+bOm79g4aLFS5YuW7\
    5i5arVa9auW79h46bNW7Zu275j567de/bu23/g4KHDR44eO37i5KnTZ86eO3/h4qXLV65eu37j5q3bd+7eu//g4aPHT54+e/7i5avXb96+e//h46fP\
    X75++/7j56/ff/7++w8AAUoMn2gCAAAfiwgAAQIDBAIDAwAAAAAAAAAAAB+LCAABAgMEAgMBZACb/3RoZSBxdWljayBicm93biBmb3gganVtcHMgb3\
    ZlciB0aGUgbGF6eSBkb2cuIHRoZSBxdWljayBicm93biBmb3gganVtcHMgb3ZlciB0aGUgbGF6eSBkb2cuIHRoZSBxdWljayAMd7H2ZAAAAB+LCAgB\
    AgMEAgNuYW1lLnR4dABLKsovz1NIy69QyCrNLShWyC9LLVIoyUhVyEmsqlRIyU/XA/MKSzOTsxWShqdiBkYmZhZWNnYOTi5uHl4+fgFBIWERUTFxCU\
    kpaRlZOXkFRSVlFVU1dQ1NLW0dXT19A0MjYxNTM3MLSytrG1s7ewdHJ2cXVzd3D08vbx9fP/+AwKDgkNCw8IjIqOiY2Lj4hMSk5JTUtPSMzKzsnNy8\
    /ILCouKS0rLyisqq6prauvqGxqbmlta29o7Oru6e3r7+CRMnTZ4yddr0GTNnzZ4zd978BQsXLV6ydNnyFStXrV6zdt36DRs3bd6yddv2HTt37d6zd9\
    /+AwcPHT5y9NjxEydPnT5z9tz5CxcvXb5y9dr1Gzdv3b5z9979Bw8fPX7y9NnzFy9fvX7z9t37Dx8/ff7y9dv3Hz9//f7z999/AIiysUoEAgAAAAAA\
    AAAAAA==
    """

  static let gzipText: [UInt8] =
    Array(String(repeating: "the quick brown fox jumps over the lazy dog. ", count: 8).utf8) + Array(0...255)
}

/// The bytes that base64 text stands for.
func base64(_ text: String) -> [UInt8] {
  var bytes: [UInt8] = []
  var bits = 0
  var count = 0
  for character in text.utf8 {
    let digit: Int
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = Int(character) - 65
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = Int(character) - 71
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = Int(character) + 4
    case UInt8(ascii: "+"): digit = 62
    case UInt8(ascii: "/"): digit = 63
    default: continue
    }
    bits = (bits << 6 | digit) & 0xFFFF
    count += 6
    if count >= 8 {
      count -= 8
      bytes.append(UInt8(truncatingIfNeeded: bits >> count))
    }
  }
  return bytes
}

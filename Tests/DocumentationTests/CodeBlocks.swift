import Foundation

/// A Swift block of a Markdown file.
///
/// ```` ```swift ```` starts a program of its own, ```` ```swift continued ```` goes on with the one before it,
/// ```` ```swift manifest ```` is a Package.swift, and ```` ```swift file=PATH ```` shows a part of a source file as it
/// stands. Other languages are prose.
struct CodeBlock {
  enum Kind: Equatable {
    case program, manifest
    case excerpt(of: String)
  }

  var file: String
  var line: Int
  var kind: Kind
  var text: String
}

enum CodeBlocks {
  /// The repository's root.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// README.md and all of Docs.
  static func documents() throws -> [URL] {
    let docs = root.appendingPathComponent("Docs")
    let pages = try FileManager.default.contentsOfDirectory(at: docs, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "md" }
      .sorted { $0.path < $1.path }
    return [root.appendingPathComponent("README.md")] + pages
  }

  /// The Swift blocks of a text, in order.
  static func parse(_ text: String, file: String) -> [CodeBlock] {
    var blocks: [CodeBlock] = []
    var open: CodeBlock?
    var continues = false
    for (index, line) in text.components(separatedBy: "\n").enumerated() {
      if var block = open {
        if line.hasPrefix("```") {
          if continues, let last = blocks.indices.last {
            blocks[last].text += "\n" + block.text
          } else {
            blocks.append(block)
          }
          open = nil
        } else {
          block.text += line + "\n"
          open = block
        }
      } else if line.hasPrefix("```swift") {
        let words = line.dropFirst("```".count).split(separator: " ")
        continues = words.contains("continued")
        let source = words.first { $0.hasPrefix("file=") }?.dropFirst("file=".count)
        let kind: CodeBlock.Kind =
          words.contains("manifest") ? .manifest : source.map { .excerpt(of: String($0)) } ?? .program
        open = CodeBlock(file: file, line: index + 2, kind: kind, text: "")
      }
    }
    return blocks
  }
}

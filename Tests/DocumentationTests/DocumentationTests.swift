import Foundation
import Testing

/// Every Swift block in README and Docs is compiled and run.
@Suite(.serialized) struct DocumentationTests {
  @Test func blocksAreFound() {
    let text = """
      Prose.
      ```swift
      let a = 1
      ```
      ```text
      nothing
      ```
      ```swift continued
      print(a)
      ```
      ```swift manifest
      // swift-tools-version: 6.2
      ```
      ```swift file=a/b.swift
      f()
      ```
      """
    let blocks = CodeBlocks.parse(text, file: "x.md")
    #expect(blocks.count == 3)
    #expect(blocks[0].text == "let a = 1\n\nprint(a)\n")
    #expect(blocks[0].line == 3)
    #expect(blocks[1].kind == .manifest)
    #expect(blocks[2].kind == .excerpt(of: "a/b.swift"))
  }

  /// What a page shows of a source file is what stands there.
  @Test func everyExcerptIsUpToDate() throws {
    var count = 0
    for url in try CodeBlocks.documents() {
      let page = url.lastPathComponent
      for block in CodeBlocks.parse(try String(contentsOf: url, encoding: .utf8), file: page) {
        guard case .excerpt(let path) = block.kind else { continue }
        let source = try String(contentsOf: CodeBlocks.root.appendingPathComponent(path), encoding: .utf8)
        #expect(source.contains(block.text), "\(page):\(block.line) is not what stands in \(path)")
        count += 1
      }
    }
    #expect(count >= 5, "only \(count) excerpts found")
  }

  @Test func everyBlockCompilesAndRuns() throws {
    let blocks = try CodeBlocks.documents().flatMap { url in
      CodeBlocks.parse(try String(contentsOf: url, encoding: .utf8), file: url.lastPathComponent)
    }
    let programs = blocks.filter { $0.kind == .program }
    #expect(programs.count >= 5, "only \(programs.count) blocks found in README and Docs")
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-docs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try SampleData.write(to: folder.appendingPathComponent("data/mnist"))

    // One program: each block is a function of its own, so that names do not meet.
    var calls = ""
    var sources: [String] = []
    for (index, block) in programs.enumerated() {
      let lines = block.text.components(separatedBy: "\n")
      let imports = lines.filter { $0.hasPrefix("import ") }
      let body = lines.map { $0.hasPrefix("import ") ? "" : $0 }.joined(separator: "\n")
      let source = """
        \(Set(imports + ["import Apus", "import ApusCompute"]).sorted().joined(separator: "; "))
        func block\(index)() throws {
        #sourceLocation(file: "\(block.file)", line: \(block.line))
        \(body)
        #sourceLocation()
        }
        """
      let file = folder.appendingPathComponent("Block\(index).swift")
      try source.write(to: file, atomically: true, encoding: .utf8)
      sources.append(file.path)
      calls += "print(\"\(block.file):\(block.line)\")\ntry block\(index)()\n"
    }
    // The steps that GEMM.md explains are not part of a module that it could import.
    let ladder = CodeBlocks.root.appendingPathComponent("Benchmarks/ApusBench/Ladder")
    sources += try FileManager.default.contentsOfDirectory(at: ladder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "swift" }.map(\.path)
    let main = folder.appendingPathComponent("main.swift")
    try (calls + "print(\"all blocks ran\")\n").write(to: main, atomically: true, encoding: .utf8)

    let build = try buildFolder()
    let objects = try [
      "ApusKernels", "ApusKernelsAVX2", "ApusKernelsAVX512", "ApusCompute", "ApusFiles", "ApusInference", "ApusTensor",
      "ApusData", "ApusNN", "ApusTraining", "Apus",
    ].flatMap { try objectFiles(of: $0, in: build) }
    let program = folder.appendingPathComponent("blocks").path
    let compiled = try run(
      "swiftc",
      ["-swift-version", "6", "-suppress-warnings", "-I", build.appendingPathComponent("Modules").path, "-o", program]
        + sources + [main.path] + objects, in: folder)
    #expect(compiled.status == 0, "the blocks do not compile:\n\(compiled.output)")
    guard compiled.status == 0 else { return }
    let ran = try run(program, [], in: folder)
    #expect(ran.status == 0 && ran.output.contains("all blocks ran"), "a block failed:\n\(ran.output)")
  }

  @Test func everyManifestIsAccepted() throws {
    let manifests = try CodeBlocks.documents().flatMap { url in
      CodeBlocks.parse(try String(contentsOf: url, encoding: .utf8), file: url.lastPathComponent)
    }.filter { $0.kind == .manifest }
    #expect(!manifests.isEmpty)
    for manifest in manifests {
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-manifest-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      try manifest.text.write(
        to: folder.appendingPathComponent("Package.swift"), atomically: true, encoding: .utf8)
      let result = try run("swift", ["package", "dump-package"], in: folder)
      #expect(result.status == 0, "\(manifest.file):\(manifest.line): \(result.output)")
      #expect(result.output.contains("\"Apus\""), "\(manifest.file):\(manifest.line) does not depend on Apus")
    }
  }

  /// Where this test's own build lies: beside the test bundle.
  private func buildFolder() throws -> URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    // Under some runners the first argument is a helper of the toolchain; the bundle is then another argument.
    if !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Modules").path) {
      let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") })
      folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
    }
    return folder
  }

  private func objectFiles(of module: String, in build: URL) throws -> [String] {
    let folder = build.appendingPathComponent("\(module).build")
    guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
    // A build folder keeps the objects of files that are no longer in the module.
    let sources = CodeBlocks.root.appendingPathComponent("Sources/\(module)")
    func isCurrent(_ object: String) -> Bool {
      FileManager.default.fileExists(atPath: sources.appendingPathComponent(String(object.dropLast(2))).path)
    }
    return try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".swift.o") ? isCurrent($0) : $0 == "\(module).o" }
      .map { folder.appendingPathComponent($0).path }
  }

  private func run(_ command: String, _ arguments: [String], in folder: URL) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command.hasPrefix("/") ? command : "/usr/bin/env")
    process.arguments = (command.hasPrefix("/") ? [] : [command]) + arguments
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}

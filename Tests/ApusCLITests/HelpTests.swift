import Testing

@testable import ApusCLI

@Suite struct HelpTests {
  @Test(arguments: Tool.commands.map { $0.description.name })
  func everyCommandDescribesItself(name: String) throws {
    let description = try #require(Tool.commands.first { $0.description.name == name }?.description)
    let help = description.help
    #expect(help.contains("usage: apus \(name)"))
    #expect(help.contains("--help"))
    for option in description.options {
      #expect(help.contains("--\(option.name)"))
      #expect(!option.help.isEmpty)
    }
    #expect(Tool.help.contains("  \(name) "))
    for line in help.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
  }

  @Test(arguments: Tool.commands.map { $0.description.name })
  func examplesAreUnderstood(name: String) throws {
    let command = try #require(Tool.commands.first { $0.description.name == name })
    #expect(!command.description.examples.isEmpty)
    for example in command.description.examples {
      // The variables before the command and the pipe behind it are the shell's.
      let line = example.line.split(separator: "|")[0]
      let words = line.split(separator: " ").drop { $0 != "apus" }.map(String.init)
      let own = ["apus"] + name.split(separator: " ").map(String.init)
      #expect(Array(words.prefix(own.count)) == own, "\(example.line)")
      let arguments = try Arguments(parsing: Array(words.dropFirst(own.count)), for: command.description)
      _ = try command.init(arguments)
    }
  }

  @Test func optionsHaveOneMeaningEverywhere() {
    for command in Tool.commands {
      let names = command.description.options.map(\.name)
      #expect(Set(names).count == names.count)
      #expect(!names.contains("help"))
    }
  }
}

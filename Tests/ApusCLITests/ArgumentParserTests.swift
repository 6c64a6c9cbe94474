import Testing

@testable import ApusCLI

/// A command with one of everything.
private let sample = CommandDescription(
  name: "sample", summary: "do nothing", discussion: "",
  operands: .init(placeholder: "FILE [MORE]", minimum: 1, maximum: 2, minimumWords: "a file is"),
  options: [
    OptionDescription("epochs", "N", "times"), OptionDescription("learning-rate", "X", "factor"),
    OptionDescription("model", "NAME", "which"), OptionDescription("json", nil, "as JSON"),
  ],
  examples: [("apus sample x", "nothing")])

private func parse(_ words: String...) throws(UsageError) -> Arguments {
  try Arguments(parsing: words, for: sample)
}

/// The message of the mistake that `body` makes.
private func mistake(_ body: () throws(UsageError) -> some Any) -> String {
  do {
    _ = try body()
    return "no mistake"
  } catch {
    return error.message
  }
}

/// The message with which `words` are refused.
private func refusal(_ words: String...) -> String {
  mistake { () throws(UsageError) in try Arguments(parsing: words, for: sample) }
}

@Suite struct ArgumentParserTests {
  @Test func optionsStandAnywhereAndTakeValuesInBothForms() throws {
    let arguments = try parse("--epochs", "3", "a.bin", "--json", "--model=cnn", "b.bin")
    #expect(arguments.operands == ["a.bin", "b.bin"])
    #expect(try arguments.integer("epochs", in: 1...10) == 3)
    #expect(arguments.text("model") == "cnn")
    #expect(arguments.has("json"))
    #expect(try arguments.positiveNumber("learning-rate", upTo: 1) == nil)
  }

  @Test func theLastOfTwoCounts() throws {
    let arguments = try parse("x", "--epochs", "3", "--epochs=4")
    #expect(try arguments.integer("epochs", in: 1...10) == 4)
  }

  @Test func twoDashesEndTheOptions() throws {
    let arguments = try parse("--json", "--", "--epochs", "-")
    #expect(arguments.operands == ["--epochs", "-"])
    #expect(arguments.has("json") && !arguments.has("epochs"))
  }

  @Test func valuesMayHoldAnEqualsSign() throws {
    #expect(try parse("x", "--model=a=b").text("model") == "a=b")
    #expect(try parse("x", "--model=--json").text("model") == "--json")
  }

  @Test func helpIsSeenBeforeOtherMistakes() throws {
    #expect(try parse("--help").wantsHelp)
    #expect(try parse("-h", "--nonsense").wantsHelp)
    #expect(try parse("x", "--json", "--help").wantsHelp)
  }

  @Test func unknownOptionsAreNamedWithASuggestion() {
    #expect(refusal("x", "--epohcs", "3") == "unknown option --epohcs; did you mean --epochs?")
    #expect(refusal("x", "--modle=cnn") == "unknown option --modle; did you mean --model?")
    #expect(refusal("x", "--hlep") == "unknown option --hlep; did you mean --help?")
    #expect(refusal("x", "--learning", "1") == "unknown option --learning; did you mean --learning-rate?")
    #expect(refusal("x", "--frobnicate") == "unknown option --frobnicate")
    #expect(refusal("x", "-e", "3").hasPrefix("unknown option -e"))
  }

  @Test func missingAndSuperfluousValues() {
    #expect(refusal("x", "--epochs") == "--epochs needs a value: --epochs N")
    #expect(refusal("x", "--model", "--json") == "--model needs a value: --model NAME")
    #expect(refusal("x", "--model=") == "--model has an empty value")
    #expect(refusal("x", "--json=yes") == "--json takes no value")
  }

  @Test func tooFewAndTooManyOperands() {
    #expect(refusal() == "a file is expected: apus sample FILE [MORE] [options]")
    #expect(refusal("a", "b", "c") == "unexpected argument “c”")
  }

  @Test(arguments: ["0", "11", "-1", "3.5", "three", "0x3", "99999999999999999999", " 3"])
  func badWholeNumbers(text: String) throws {
    let arguments = try parse("x", "--epochs=\(text)")
    #expect(
      mistake { () throws(UsageError) in try arguments.integer("epochs", in: 1...10) }
        == "--epochs takes a whole number from 1 to 10, not “\(text)”")
  }

  @Test(arguments: ["0", "-0.1", "nan", "inf", "1e400", "x", "2"])
  func badNumbers(text: String) throws {
    let arguments = try parse("x", "--learning-rate=\(text)")
    #expect(
      mistake { () throws(UsageError) in try arguments.positiveNumber("learning-rate", upTo: 1) }
        == "--learning-rate takes a number above 0, up to 1.0, not “\(text)”")
  }

  @Test func choices() throws {
    let arguments = try parse("x", "--model", "keras-cn")
    #expect(
      mistake { () throws(UsageError) in try arguments.choice("model", among: ["cnn", "keras-cnn"]) }
        == "--model is one of cnn, keras-cnn, not “keras-cn”; did you mean keras-cnn?")
    #expect(try parse("x", "--model", "cnn").choice("model", among: ["cnn", "mlp"]) == "cnn")
  }

  @Test func distancesBetweenWords() {
    #expect(editDistance("epochs", "epochs") == 0)
    #expect(editDistance("epohcs", "epochs") == 1)
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(suggestion(for: "tran", among: ["train", "info"]) == "; did you mean train?")
    #expect(suggestion(for: "x", among: ["train", "info"]) == "")
  }
}

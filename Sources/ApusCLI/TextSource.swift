import ApusData

/// The text that a command works on: a file, or the sonnets that come with the program.
enum TextSource {
  /// The words for `--data` in a command's help.
  static let option = OptionDescription(
    "data", "FILE",
    "a text in UTF-8 (default: $APUS_TEXT, or else seven sonnets that come with the\n"
      + "program; --data sonnets asks for those whatever is set)")

  /// The words for `--form` in a command's help.
  static let formOption = OptionDescription(
    "form", "NAME",
    "text: one long text; lines: a list, each line a sequence of its own\n"
      + "(default: lines where none is empty or longer than \(TextCorpus.longestListedLine) characters)")

  /// The form after `--form`, nil when it was not given.
  static func form(_ arguments: Arguments) throws(UsageError) -> TextCorpus.Form? {
    try arguments.choice("form", among: ["text", "lines"]).map { $0 == "lines" ? .lines : .continuous }
  }

  /// Loads a text.
  ///
  /// - Parameter wish: The value of `--data`; nil for `APUS_TEXT`, or the sonnets when that is not set either.
  static func load(
    _ wish: String?, form: TextCorpus.Form?, heldBack: Double, seed: UInt64, vocabulary: CharacterVocabulary? = nil
  ) throws(DataError) -> (corpus: TextCorpus, name: String) {
    guard let path = wish ?? Terminal.variable("APUS_TEXT"), path != "sonnets" else {
      let corpus = try TextCorpus(
        TextCorpus.sonnets, form: form ?? .continuous, heldBack: heldBack, seed: seed, vocabulary: vocabulary)
      return (corpus, "sonnets")
    }
    return (
      try TextCorpus(path: path, form: form, heldBack: heldBack, seed: seed, vocabulary: vocabulary), path
    )
  }
}

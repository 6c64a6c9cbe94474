import Testing

@testable import ApusCLI

/// Mistakes on the command line, and the questions that it answers itself.
@Suite struct UsageTests {
  @Test(arguments: [
    ([], "which command? one of train"),
    (["trian"], "unknown command trian; did you mean train?"),
    (["--verison"], "unknown option --verison; did you mean --version?"),
    (["help", "evalute"], "unknown command evalute; did you mean evaluate?"),
    (["train", "--epohcs", "3"], "train: unknown option --epohcs; did you mean --epochs?"),
    (["train", "--epochs", "many"], "train: --epochs takes a whole number from 1 to 1000000, not “many”"),
    (
      ["train", "--model", "resnet"],
      "train: --model is one of cnn, mlp, mlp3, cnn-wide, keras-cnn, deep-cnn, row-lstm, not “resnet”"
    ),
    (["train", "--learning-rate", "-1"], "train: --learning-rate takes a number above 0"),
    (["train", "--threads", "0"], "train: --threads takes a whole number from 1 to 256, not “0”"),
    (["train", "data"], "train: unknown command train data"),
    (["train", "ml"], "train: unknown command train ml; did you mean train lm?"),
    (["train", "lm", "--model", "lst"], "train lm: --model is one of lstm, gru, gpt, not “lst”; did you mean lstm?"),
    (["train", "lm", "--held-back", "1"], "train lm: --held-back takes a number from 0 to 0.9, not “1”"),
    (["train", "lm", "--model", "gpt", "--heads", "3"], "train lm: --heads 3 does not divide --width 128"),
    (["train", "lm", "--heads", "2"], "train lm: --heads is for gpt; lstm has none"),
    (["train", "lm", "--form", "poem"], "train lm: --form is one of text, lines, not “poem”"),
    (["generate"], "generate: a model file is expected"),
    (["generate", "m", "--top-k", "0"], "generate: --top-k takes a whole number of at least 1, not “0”"),
    (["generate", "m", "--temperature", "-1"], "generate: --temperature takes a number from 0 to 1000, not “-1”"),
    (["train", "--save"], "train: --save needs a value: --save FILE"),
    (["evaluate"], "evaluate: a model file is expected"),
    (["predict", "m.safetensors"], "predict: an image is expected, or --batch"),
    (["gradcheck", "con2d"], "gradcheck: no check is called con2d; did you mean conv2d?"),
    (["info", "--jsn"], "info: unknown option --jsn; did you mean --json?"),
  ])
  func mistakesEndWithTwo(words: [String], message: String) throws {
    let result = try BuiltCommand.start(words).finish()
    #expect(result.code == 2)
    #expect(result.messages.hasPrefix("apus: " + message), "\(result.messages)")
    #expect(result.messages.contains("--help"))
    #expect(result.messages.split(separator: "\n").allSatisfy { $0.hasPrefix("apus: ") })
    #expect(result.output.isEmpty)
  }

  @Test func environmentIsChecked() throws {
    let set = try BuiltCommand.run("info", environment: ["APUS_ISA": "avx1024"])
    #expect(set.code == 2 && set.messages.hasPrefix("apus: APUS_ISA=avx1024 is not an instruction set"))
    let threads = try BuiltCommand.run("info", environment: ["APUS_THREADS": "none"])
    #expect(threads.code == 2 && threads.messages == "apus: APUS_THREADS=none is not a number from 1 to 256\n")
  }

  @Test func helpGoesToStandardOutput() throws {
    for words in [["--help"], ["help"], ["-h"]] {
      let result = try BuiltCommand.start(words).finish()
      #expect(result.code == 0 && result.output == Tool.help + "\n" && result.messages.isEmpty)
    }
    for command in Tool.commands.map({ $0.description }) {
      let name = command.name.split(separator: " ").map(String.init)
      for words in [name + ["--help"], ["help"] + name] {
        let result = try BuiltCommand.start(words).finish()
        #expect(result.code == 0 && result.output == command.help + "\n" && result.messages.isEmpty)
      }
    }
  }

  @Test func versionIsPrinted() throws {
    #expect(try BuiltCommand.run("--version").output == "apus \(version)\n")
  }
}

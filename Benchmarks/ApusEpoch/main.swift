// `apus-epoch`: an epoch of a model in a process of its own, which is what `apus-bench memory` measures. It stands on Apus alone,
// as a program that trains does: the benchmark's own libraries would count as memory of the training.

import Apus
import EpochWork

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

func fail(_ message: String, code: Int32) -> Never {
  // Not by `stderr`, a variable that anybody may change.
  let line = Array("apus-epoch: \(message)\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
  exit(code)
}

let usage = """
  USAGE  apus-epoch MODEL [--data DIR] [--samples N] [--threads N]

  Trains one epoch of a model and prints, as a line of JSON, the peak of resident memory and what a steady step asks of the system.

    --data DIR     MNIST's four IDX files, gzipped or not (default: random images of the same shape)
    --samples N    images in the epoch (default: 60000)
    --threads N    threads to run on (default: all CPUs, or APUS_THREADS)

  EXAMPLE  apus-epoch keras-cnn --data data/mnist
  """

var rest = CommandLine.arguments.dropFirst()
var data: String?
var samples = 60000
var model: ModelZoo?
while let argument = rest.popFirst() {
  func value() -> String {
    guard let value = rest.popFirst() else { fail("\(argument) needs a value", code: 2) }
    return value
  }
  func positive(atMost limit: Int) -> Int {
    let text = value()
    guard let number = Int(text), (1...limit).contains(number) else {
      fail("\(argument) \(text) is not a number in 1...\(limit)", code: 2)
    }
    return number
  }
  switch argument {
  case "--help", "-h":
    print(usage)
    exit(0)
  case "--data": data = value()
  case "--samples": samples = positive(atMost: 1 << 24)
  case "--threads": Threads.count = positive(atMost: 256)
  default:
    guard model == nil, let named = ModelZoo(name: argument) else {
      let names = ModelZoo.allCases.map(\.name).joined(separator: ", ")
      fail("'\(argument)' is neither an option nor the one model, of \(names)", code: 2)
    }
    model = named
  }
}
guard let model else { fail("which model?\n\n\(usage)", code: 2) }
do throws(DataError) {
  print(try EpochUsage.measure(model, data: data, samples: samples).json)
} catch {
  fail("\(error)", code: 1)
}

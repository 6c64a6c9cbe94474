/// The texts of `--help`.
enum Help {
  static let overview = """
    apus-bench: how fast is Apus on this machine?

    USAGE  swift run -c release apus-bench WHAT [options]

      gemm      matrix products: squares, the odd shapes of small networks, transposes
      conv      convolutions, forward and forward + backward: layers of MNIST models and of ResNet-50
      ops       elementwise functions, softmax, reductions of a million floats
      train     an epoch of 60,000 images of each of the five MNIST models
      infer     inference at batch 1 and batch 1000
      peak      the multiply-adds that each instruction set reaches here: what 100 % means
      compare   any of these side by side with NumPy/OpenBLAS, PyTorch, Keras, JAX and ONNX Runtime

    EXAMPLE  swift run -c release apus-bench gemm --threads 1
    'apus-bench WHAT --help' shows the options of each.
    """

  private static let common = """
      --threads N    threads to run on (default: all CPUs, or APUS_THREADS)
      --isa NAME     kernels to run: baseline, avx2 or avx512 (default: the widest that the CPU has)
      --only TEXT    only the work whose name contains TEXT
      --min-time S   seconds that each piece of work is measured for (default: 0.3)
      --json         one JSON object a line: op, shape, threads, isa, seconds, gflops, percent_of_peak
      --markdown     the table as Markdown
    """

  private static let data = """
      --data DIR     MNIST's four IDX files, gzipped or not (default: random images of the same shape)
      --samples N    images in an epoch (default: 60000)
    """

  private static let peers = """
      --rounds N     how often each side is measured (default: 3; 1 for an epoch)
      --peers LIST   only these, as torch,jax
      --python PATH  the Python that has the peers (default: .venv/bin/python3, else python3)
      --no-compile   leave torch.compile and Keras's XLA out: a quicker start
      --as-installed run OpenBLAS and MKL without helping them to use AVX-512
    """

  /// The help of one subcommand, or nil when there is none of that name.
  static func of(_ name: String) -> String? {
    switch name {
    case "gemm":
      page(
        name,
        "Products C = A·B of Float matrices, GFLOP/s and percent of the measured peak. In 'nt', 'tn' and 'tt' an\n"
          + "operand marked t is stored transposed.",
        common, "apus-bench gemm --threads 1 --only 512")
    case "conv":
      page(
        name,
        "Convolutions with bias. 'forward-backward' computes the output and the gradients of input, weight and\n"
          + "bias, counted as three times the operations of the output.",
        common, "apus-bench conv --only 3x3 --json")
    case "ops":
      page(
        name, "Functions of 2^20 floats. The figure under GFLOP/s is elements per nanosecond.", common,
        "apus-bench ops --only gelu")
    case "train":
      page(
        name, "One epoch in steady state, with shuffling, batches, forward, backward and optimizer.",
        common + "\n" + data, "apus-bench train --data data/mnist --only keras-cnn")
    case "infer":
      page(name, "One call of a model in evaluation mode.", common, "apus-bench infer --threads 1")
    case "peak":
      page(
        name, "Multiply-adds on registers and nothing else, for each instruction set of this CPU.", common,
        "apus-bench peak --json")
    case "compare":
      page(
        name + " [gemm|conv|ops|train|infer|all]...",
        "Apus and its peers in turns, in one run, each peer at its best setting; the median of the rounds. The last\n"
          + "column is the best peer's time divided by Apus's: above 1, Apus is faster. Peers that are not installed\n"
          + "are left out. To install them: python3 -m venv .venv && .venv/bin/pip install -r\n"
          + "Benchmarks/peers/requirements.txt",
        [common, data, peers].joined(separator: "\n"),
        "apus-bench compare gemm conv --threads 1")
    default: nil
    }
  }

  private static func page(_ usage: String, _ text: String, _ options: String, _ example: String) -> String {
    """
    USAGE  swift run -c release apus-bench \(usage) [options]

    \(text)

    \(options)

    EXAMPLE  swift run -c release \(example)
    """
  }
}

/// The texts of `--help`.
enum Help {
  static let overview = """
    apus-bench: how fast is Apus on this machine?

    USAGE  swift run -c release apus-bench WHAT [options]

      gemm      matrix products: squares, the odd shapes of small networks, transposes
      conv      convolutions, forward and forward + backward: layers of MNIST models and of ResNet-50
      ops       elementwise functions, softmax, layer norm, reductions of a million floats
      train     an epoch of 60,000 images of each of the five MNIST models
      infer     inference at batch 1 and batch 1000
      rnn       LSTM and GRU over sequences, forward and forward + backward
      lm        a training step of each language model: LSTM, GRU, GPT
      peak      the multiply-adds that each instruction set reaches here: what 100 % means
      ladder    the product of Docs/GEMM.md, from three loops to the shipped one, step by step
      parts     one product taken apart: the tile alone, then with each thing around it
      roofline  each kernel against what the multiply-add units and the memory allow
      scaling   products, convolutions and training steps at 1 to N threads
      memory    the memory that a training run needs, beside PyTorch's
      startup   from the start of a process to its first prediction, beside ONNX Runtime's and PyTorch's
      accuracy  the error of the elementwise functions, over every Float there is
      compare   any of these side by side with NumPy/OpenBLAS, BLIS, PyTorch, Keras, JAX and ONNX Runtime

    EXAMPLE  swift run -c release apus-bench gemm --threads 1
    'apus-bench WHAT --help' shows the options of each.
    """

  private static let common = """
      --threads N    threads to run on (default: all CPUs, or APUS_THREADS)
      --isa NAME     kernels to run: baseline, avx2 or avx512 (default: the widest that the CPU has)
      --only TEXT    only the work whose name contains TEXT
      --min-time S   seconds that each piece of work is measured for (default: 0.3)
      --json         one JSON object a line: op, shape, threads, isa, seconds, gflops, percent_of_peak …
      --csv          the same as comma-separated values, names in the first line
      --markdown     the table as Markdown
      --svg FILE     a chart of the results as well
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

  private static let startupPeers = """
      --rounds N     runs of each (default: \(StartupReport.defaultRounds))
      --peers LIST   only these, as onnxruntime,torch
      --python PATH  the Python that has the peers (default: .venv/bin/python3, else python3)
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
    case "rnn":
      page(
        name,
        "Recurrent layers over t time steps of b sequences. 'forward-backward' computes the output and the gradients\n"
          + "of input and weights, counted as three times the operations of the output.",
        common, "apus-bench rnn --only lstm")
    case "lm":
      page(
        name, "A training step of the models of apus train lm: forward, backward, clipping, AdamW.", common,
        "apus-bench lm --only gpt")
    case "peak":
      page(
        name, "Multiply-adds on registers and nothing else, for each instruction set of this CPU.", common,
        "apus-bench peak --json")
    case "ladder":
      page(
        name,
        "The steps of Docs/GEMM.md, each checked against the definition and then timed. The code of the steps stands in\n"
          + "Benchmarks/ApusBench/Ladder.",
        common + "\n  --size N       rows, columns and depth of the product (default: 1024)",
        "apus-bench ladder --size 768 --svg ladder.svg")
    case "parts":
      page(
        name,
        "What the tile of a product reaches with its panels in the level-1 cache, deeper, over a block of A in level 2, over\n"
          + "all of C from packed operands, and with A and B packed on the way: the last is the whole product. All in turns with\n"
          + "the peak, on one thread; 'loses' is in percent of the peak.",
        common + "\n  --size N       rows, columns and depth of the product (default: 1024)",
        "apus-bench parts --size 2048")
    case "roofline":
      page(
        name,
        "Measures the peak of the multiply-add units and the bandwidth of each level of the memory, then how near to\n"
          + "the lower of the two each kernel comes. Bytes are those of operands and results, counted once; the level is\n"
          + "the smallest that holds them.",
        common, "apus-bench roofline --threads 1 --svg roofline.svg")
    case "scaling":
      page(
        name, "Times at 1, 2, 3, 4, 8 … N threads, with speed-up and efficiency.", common,
        "apus-bench scaling --only training-step")
    case "memory":
      page(
        name,
        "Peak resident memory of one epoch of each of the five models, each in a process of its own, Apus's and\n"
          + "PyTorch's; page faults and fresh blocks of tensor memory of a steady step. Apus's is the program apus-epoch, which\n"
          + "swift build -c release --product apus-epoch puts beside this one.",
        [common, data, "  --python PATH  the Python that has PyTorch (default: .venv/bin/python3, else python3)"]
          .joined(separator: "\n"),
        "apus-bench memory --data data/mnist")
    case "startup":
      page(
        name,
        "Time from the start of a process until its first prediction is here, the median of several runs in turns: apus\n"
          + "predict, which swift build -c release --product apus puts beside this program, and Python programs that read a model\n"
          + "of their own kind and the same picture. 'python' only prints a line: what the interpreter takes of the others'\n"
          + "time. A run before the first is not counted, so all files are in memory.",
        common + "\n" + startupPeers, "apus-bench startup --markdown")
    case "accuracy":
      page(
        name,
        "The largest error of each elementwise function over all 2^32 floats, in units in the last place (ULP) with the\n"
          + "argument at which it occurs, and the number of wrong NaNs, infinities and zeros. A quarter of an hour for all\n"
          + "functions and kernel sets on two cores.",
        common + "\n" + """
            --sample N     one in N floats only: a quick look
            --libm         the C library as reference everywhere, not our Double kernels held against it: slower
          """, "apus-bench accuracy --only tanh --sample 101")
    case "compare":
      page(
        name + " [gemm|conv|ops|train|infer|rnn|lm|all]...",
        "Apus and its peers in turns, in one run, each peer at its best setting; the median of the rounds. The last\n"
          + "column is the best peer's time divided by Apus's: above 1, Apus is faster; '% peak' is Apus's share of the\n"
          + "multiply-adds that its instruction set reaches here. Peers that are not installed are left out. To install\n"
          + "them: python3 -m venv .venv && .venv/bin/pip install -r Benchmarks/peers/requirements.txt, and for BLIS\n"
          + "apt-get install libblis4-openmp.",
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

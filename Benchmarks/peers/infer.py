"""Inference of three MNIST models at batch 1 and 1000: ONNX Runtime, PyTorch.

    python3 Benchmarks/peers/infer.py --threads 1
"""

import common
import models

MODELS = ["mlp", "cnn", "keras-cnn"]
BATCHES = [1, 1000]


def cases(make_run):
    for name in MODELS:
        for batch in BATCHES:
            operations = models.RECIPES[name].forward_operations * batch
            yield common.Case(
                "infer", f"{name} batch {batch}", operations, lambda name=name, batch=batch: make_run(name, batch)
            )


def onnxruntime_cases(arguments):
    common.require("onnxruntime", "onnx", "numpy")
    import numpy as np
    import onnxruntime

    import onnx_models

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = arguments.threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL

    def make_run(name, batch):
        session = onnxruntime.InferenceSession(onnx_models.make(name, batch), options, ["CPUExecutionProvider"])
        images = np.random.default_rng(0).random((batch, 1, 28, 28), np.float32)
        # Bound once, so that a call neither copies nor allocates its input and output.
        binding = session.io_binding()
        binding.bind_ortvalue_input("input", onnxruntime.OrtValue.ortvalue_from_numpy(images))
        binding.bind_ortvalue_output("output", onnxruntime.OrtValue.ortvalue_from_numpy(np.empty((batch, 10), np.float32)))
        return {"": lambda: session.run_with_iobinding(binding)}

    return cases(make_run)


def torch_cases(arguments):
    common.require("torch")
    import torch

    import torch_models

    torch.set_num_threads(arguments.threads)

    def make_run(name, batch):
        model = torch_models.make(name).eval()
        images = torch.rand(batch, 1, 28, 28)

        def way(module):
            def run():
                with torch.inference_mode():
                    return module(images)

            return run

        ways = {"eager": way(model)}
        if not arguments.no_compile:
            ways["compile"] = way(torch.compile(model))
        return ways

    return cases(make_run)


PEERS = {"onnxruntime": onnxruntime_cases, "torch": torch_cases}

if __name__ == "__main__":
    arguments = common.options(
        __doc__, list(PEERS), ("--no-compile", {"action": "store_true", "help": "leave torch.compile out"})
    )
    common.Runner(arguments.peer, arguments).run(PEERS[arguments.peer](arguments))

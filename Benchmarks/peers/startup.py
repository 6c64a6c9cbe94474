"""From the start of Python to the first prediction, with ONNX Runtime and PyTorch; `apus-bench startup` holds the watch.

    python3 Benchmarks/peers/startup.py PEER --write FOLDER                  writes the models that PEER reads
    python3 Benchmarks/peers/startup.py PEER MODEL FOLDER IMAGE THREADS      prints a line: the probabilities for IMAGE

A prediction imports nothing that it does not need, not even `common`. The peer "python" does nothing but print a line.
"""

import sys


def pixels(path):
    """The picture of a binary PGM file, 28×28, from 0 to 1."""
    import numpy as np

    with open(path, "rb") as file:
        data = file.read()
    return np.frombuffer(data, np.uint8, 784, len(data) - 784).astype(np.float32).reshape(1, 1, 28, 28) / 255


def onnxruntime(model, folder, image, threads):
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(f"{folder}/{model}.onnx", options, ["CPUExecutionProvider"])
    scores = session.run(["output"], {"input": pixels(image)})[0][0]
    powers = np.exp(scores - scores.max())
    return (powers / powers.sum()).tolist()


def torch(model, folder, image, threads):
    import torch

    import torch_models

    torch.set_num_threads(threads)
    network = torch_models.make(model)
    network.load_state_dict(torch.load(f"{folder}/{model}.pt", weights_only=True))
    network.eval()
    with torch.inference_mode():
        return network(torch.from_numpy(pixels(image))).softmax(1)[0].tolist()


def python(model, folder, image, threads):
    return [0.1] * 10


def write_onnxruntime(folder):
    import common

    common.require("onnxruntime", "onnx", "numpy")
    import onnx_models

    for name in onnx_models.LAYERS:
        with open(f"{folder}/{name}.onnx", "wb") as file:
            file.write(onnx_models.make(name, 1))


def write_torch(folder):
    import common

    common.require("torch", "numpy")
    import torch

    import models
    import torch_models

    for name in models.RECIPES:
        torch.save(torch_models.make(name).state_dict(), f"{folder}/{name}.pt")


PREDICT = {"onnxruntime": onnxruntime, "torch": torch, "python": python}
WRITE = {"onnxruntime": write_onnxruntime, "torch": write_torch, "python": lambda folder: None}

if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] in WRITE and sys.argv[2] == "--write":
        WRITE[sys.argv[1]](sys.argv[3])
        print("written", flush=True)
    elif len(sys.argv) == 6 and sys.argv[1] in PREDICT:
        peer, model, folder, image, threads = sys.argv[1:]
        probabilities = PREDICT[peer](model, folder, image, int(threads))
        # As json.dumps writes it, which would have to be imported.
        print('{"probabilities": ' + str(probabilities) + "}", flush=True)
    else:
        sys.exit(__doc__)

"""The five MNIST models: what they cost, how they are trained, and the images they are fed.

The architectures themselves stand in torch_models.py, keras_models.py, jax_models.py and onnx_models.py, layer by layer
the same as Apus's ModelZoo.
"""

import gzip
import os
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    optimizer: str
    batch: int
    # Multiply-adds of one image, forward, of each layer in order.
    multiply_adds: "tuple[int, ...]"

    @property
    def forward_operations(self) -> float:
        return 2.0 * sum(self.multiply_adds)

    @property
    def training_operations(self) -> float:
        """Forward, weight gradient and input gradient cost the same; the first layer needs no input gradient."""
        return 2.0 * (3 * sum(self.multiply_adds) - self.multiply_adds[0])


RECIPES = {
    "mlp": Recipe("adam", 32, (784 * 128, 128 * 10)),
    "mlp3": Recipe("adam", 64, (784 * 128, 128 * 64, 64 * 10)),
    "cnn": Recipe("sgd", 64, (10 * 24 * 24 * 25, 20 * 8 * 8 * 250, 320 * 50, 50 * 10)),
    "cnn-wide": Recipe("adam", 64, (32 * 24 * 24 * 25, 4608 * 10)),
    "keras-cnn": Recipe("adam", 128, (32 * 26 * 26 * 9, 64 * 11 * 11 * 288, 1600 * 128, 128 * 10)),
}


def read_idx(path):
    import numpy as np

    opened = gzip.open(path) if path.endswith(".gz") else open(path, "rb")
    with opened as file:
        dimensions = struct.unpack(">I", file.read(4))[0] & 0xFF
        shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
        return np.frombuffer(file.read(), np.uint8).reshape(shape)


def read_mnist(directory, samples):
    """The first training images as bytes, [samples, 28, 28], and their labels."""

    def load(name):
        for path in (os.path.join(directory, name), os.path.join(directory, name + ".gz")):
            if os.path.exists(path):
                return read_idx(path)[:samples]
        raise SystemExit(f"{directory} has no {name} or {name}.gz")

    return load("train-images-idx3-ubyte"), load("train-labels-idx1-ubyte")


def training_images(directory, samples):
    """float32 images [samples, 28, 28] in 0 … 1 and int32 labels; random ones when there is no directory."""
    import numpy as np

    if directory is None:
        generator = np.random.default_rng(0)
        return generator.random((samples, 28, 28), np.float32), generator.integers(0, 10, samples).astype(np.int32)
    images, labels = read_mnist(directory, samples)
    return images.astype(np.float32) / 255, labels.astype(np.int32)

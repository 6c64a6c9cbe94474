"""Trains each of the five models for a few steps with `apus`, loads the file into the same nn.Sequential in PyTorch, and
compares the class probabilities of the same images to 1e-5. The same with weights of 16 bits (`apus quantize --float16`).

usage: pytorch.py APUS FOLDER
"""
import json
import os
import struct
import subprocess
import sys

import torch
from safetensors.torch import load_file
from torch import nn

MODELS = {
    "cnn": lambda: nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(10, 20, 5), nn.Dropout2d(), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(320, 50), nn.ReLU(), nn.Dropout(), nn.Linear(50, 10), nn.LogSoftmax(1)),
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)),
    "mlp3": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)),
    "cnn-wide": lambda: nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4608, 10)),
    "keras-cnn": lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(1600, 128), nn.ReLU(), nn.Dropout(), nn.Linear(128, 10)),
}
NORMALIZATION = {"cnn": (0.1307, 0.3081), "mlp3": (0.1307, 0.3081)}


def write_images(path, count):
    """A few images in the IDX format; returns them as a tensor of bytes."""
    torch.manual_seed(0)
    images = torch.randint(0, 256, (count, 28, 28), dtype=torch.uint8)
    with open(path, "wb") as file:
        file.write(struct.pack(">IIII", 2051, count, 28, 28) + images.numpy().tobytes())
    return images


def compare(apus, idx, images, name, file):
    """The largest difference of a probability between apus and PyTorch, which both read `file`."""
    model = MODELS[name]().eval()
    model.load_state_dict(load_file(file))
    mean, deviation = NORMALIZATION.get(name, (0.0, 1.0))
    with torch.no_grad():
        scores = model((images.float()[:, None] / 255 - mean) / deviation)
        expected = scores.exp() if name == "cnn" else scores.softmax(1)
    output = subprocess.run([apus, "predict", file, "--json"] + [f"{idx}:{row}" for row in range(len(images))],
                            check=True, capture_output=True, text=True).stdout
    rows = [json.loads(line) for line in output.splitlines()]
    actual = torch.tensor([row["probabilities"] for row in rows])
    difference = (actual - expected).abs().max().item()
    assert difference <= 1e-5, f"{file} differs from PyTorch by {difference}"
    return difference


def main():
    apus, folder = sys.argv[1:]
    idx = os.path.join(folder, "images-idx3-ubyte")
    images = write_images(idx, 5)
    worst = 0.0
    for name in MODELS:
        file = os.path.join(folder, name + ".safetensors")
        subprocess.run([apus, "train", "--model", name, "--epochs", "1", "--limit", "512", "--save", file, "--json"],
                       check=True, stdout=subprocess.DEVNULL)
        half = os.path.join(folder, name + "-half.safetensors")
        subprocess.run([apus, "quantize", file, "--float16", "--output", half], check=True, stdout=subprocess.DEVNULL)
        tensors = load_file(half)
        assert all(tensor.dtype == torch.float16 for tensor in tensors.values()), half
        for key, tensor in load_file(file).items():
            assert torch.equal(tensor.half(), tensors[key]), f"{half}: {key} is not rounded as PyTorch rounds"
        difference = compare(apus, idx, images, name, file)
        halved = compare(apus, idx, images, name, half)
        worst = max(worst, difference, halved)
        print(f"{name:10} {difference:.1e}, of 16 bits {halved:.1e}")
    print(f"5 models load in PyTorch, in 32 and in 16 bits; the largest difference is {worst:.1e}")


if __name__ == "__main__":
    main()

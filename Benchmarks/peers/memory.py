"""Peak resident memory of one epoch of a model in PyTorch, and the page faults of a steady step.

Images stay bytes until their batch is put together, as Apus keeps them: PyTorch at its leanest.

    python3 Benchmarks/peers/memory.py --peer torch --only cnn --data data/mnist
"""

import json
import resource
import time

import common
import models


def status_kib(key):
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith(key + ":"))


def minor_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def run(arguments):
    common.require("torch", "numpy")
    import numpy as np
    import torch

    import torch_models

    torch.set_num_threads(arguments.threads)
    start_kib, start = status_kib("VmRSS"), time.perf_counter()
    name, recipe = arguments.only, models.RECIPES[arguments.only]
    if arguments.data is None:
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (arguments.samples, 28, 28), np.uint8)
        labels = generator.integers(0, 10, arguments.samples, np.uint8)
    else:
        images, labels = models.read_mnist(arguments.data, arguments.samples)
    x, y = torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels)
    torch.manual_seed(0)
    model = torch_models.make(name).train()
    loss_function = torch_models.loss_of(name)
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.5, fused=True)
    else:
        optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    order = torch.randperm(len(x))
    steps = len(x) // recipe.batch
    for step in range(steps):
        if step == steps // 2:
            faults = minor_faults()
        chosen = order[step * recipe.batch : (step + 1) * recipe.batch]
        inputs = x[chosen].float().div_(255)
        if name == "cnn":
            inputs.sub_(0.1307).div_(0.3081)
        optimizer.zero_grad(set_to_none=True)
        loss_function(model(inputs), y[chosen].long()).backward()
        optimizer.step()
    result = {
        "peakKiB": status_kib("VmHWM"),
        "startKiB": start_kib,
        "minorFaultsPerStep": (minor_faults() - faults) / (steps - steps // 2),
        "seconds": time.perf_counter() - start,
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    run(common.options(__doc__, ["torch"], ("--samples", {"type": int, "default": 60000, "help": "images in an epoch"})))

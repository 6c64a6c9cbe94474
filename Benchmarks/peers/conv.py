"""2-D convolution, forward and forward + backward, in PyTorch (oneDNN): the layers of small MNIST models and of ResNet-50.

    python3 Benchmarks/peers/conv.py --threads 1
"""

import common

# batch, input channels, height and width, output channels, kernel, stride, padding, and groups where there are several
LAYERS = [
    (64, 1, 28, 10, 5, 1, 0),
    (64, 10, 12, 20, 5, 1, 0),
    (64, 1, 28, 32, 5, 1, 0),
    (128, 1, 28, 32, 3, 1, 0),
    (128, 32, 13, 64, 3, 1, 0),
    (1, 64, 56, 64, 3, 1, 1),
    (1, 128, 28, 128, 3, 1, 1),
    (1, 256, 14, 256, 3, 1, 1),
    (1, 512, 7, 512, 3, 1, 1),
    (1, 3, 224, 64, 7, 2, 3),
    (1, 256, 56, 64, 1, 1, 0),
    (1, 32, 112, 32, 3, 1, 1, 32),
    (1, 64, 112, 64, 3, 2, 1, 64),
    (1, 256, 14, 256, 3, 1, 1, 256),
    (1, 128, 56, 128, 3, 1, 1, 32),
]


def with_groups(layer):
    return layer if len(layer) == 8 else (*layer, 1)


def name(layer):
    n, c, size, k, kernel, stride, padding, groups = with_groups(layer)
    return f"n{n} {c}->{k} {kernel}x{kernel} s{stride} p{padding} {size}x{size}" + (f" g{groups}" if groups > 1 else "")


def forward_operations(layer):
    n, c, size, k, kernel, stride, padding, groups = with_groups(layer)
    out = (size + 2 * padding - kernel) // stride + 1
    return 2.0 * n * k * out * out * (c // groups) * kernel * kernel


def torch_cases(arguments):
    common.require("torch")
    import torch
    import torch.nn.functional as functional

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)

    def tensors(layer, memory_format):
        n, c, size, k, kernel, stride, padding, groups = with_groups(layer)
        x = torch.randn(n, c, size, size).to(memory_format=memory_format)
        weight = (torch.randn(k, c // groups, kernel, kernel) * 0.1).to(memory_format=memory_format)
        return x, weight, torch.randn(k), dict(stride=stride, padding=padding, groups=groups)

    # Which memory order is faster differs from layer to layer, so both are run and the better one counts.
    formats = {"nchw": torch.contiguous_format, "channels-last": torch.channels_last}

    def forward(layer):
        def way(memory_format):
            x, weight, bias, how = tensors(layer, memory_format)

            def run():
                with torch.inference_mode():
                    return functional.conv2d(x, weight, bias, **how)

            return run

        return {label: way(memory_format) for label, memory_format in formats.items()}

    def forward_and_backward(layer):
        def way(memory_format):
            x, weight, bias, how = tensors(layer, memory_format)
            leaves = [tensor.requires_grad_() for tensor in (x, weight, bias)]
            upstream = torch.randn_like(functional.conv2d(x, weight, bias, **how).detach())

            def run():
                return torch.autograd.grad(functional.conv2d(x, weight, bias, **how), leaves, upstream)

            return run

        return {label: way(memory_format) for label, memory_format in formats.items()}

    for layer in LAYERS:
        operations = forward_operations(layer)
        yield common.Case("conv-forward", name(layer), operations, lambda layer=layer: forward(layer))
        yield common.Case(
            "conv-forward-backward", name(layer), 3 * operations, lambda layer=layer: forward_and_backward(layer)
        )


PEERS = {"torch-onednn": torch_cases}

if __name__ == "__main__":
    arguments = common.options(__doc__, list(PEERS))
    common.Runner(arguments.peer, arguments).run(PEERS[arguments.peer](arguments))

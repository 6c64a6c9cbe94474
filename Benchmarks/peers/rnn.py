"""LSTM and GRU over whole sequences in PyTorch, forward and forward + backward.

    python3 Benchmarks/peers/rnn.py --threads 1
"""

import common

# time steps, sequences side by side, inputs, hidden numbers
SHAPES = [(28, 1, 28, 128), (28, 64, 28, 128), (64, 1, 256, 256), (64, 64, 256, 256)]


def torch_cases(arguments):
    common.require("torch")
    import torch

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)

    def forward(kind, shape):
        steps, batch, inputs, size = shape
        layer, x = kind(inputs, size), torch.rand(steps, batch, inputs)

        def run():
            with torch.inference_mode():
                return layer(x)

        return {"": run}

    def forward_and_backward(kind, shape):
        steps, batch, inputs, size = shape
        layer, x = kind(inputs, size), torch.rand(steps, batch, inputs).requires_grad_()
        upstream = torch.ones(steps, batch, size)
        leaves = [x, *layer.parameters()]
        return {"": lambda: torch.autograd.grad(layer(x)[0], leaves, upstream)}

    for name, gates, kind in (("lstm", 4, torch.nn.LSTM), ("gru", 3, torch.nn.GRU)):
        for shape in SHAPES:
            steps, batch, inputs, size = shape
            text = f"t{steps} b{batch} {inputs}->{size}"
            operations = 2.0 * steps * batch * gates * size * (inputs + size)
            yield common.Case(
                f"{name}-forward", text, operations, lambda kind=kind, shape=shape: forward(kind, shape)
            )
            yield common.Case(
                f"{name}-forward-backward",
                text,
                3 * operations,
                lambda kind=kind, shape=shape: forward_and_backward(kind, shape),
            )


PEERS = {"torch": torch_cases}

if __name__ == "__main__":
    arguments = common.options(__doc__, list(PEERS))
    common.Runner(arguments.peer, arguments).run(PEERS[arguments.peer](arguments))

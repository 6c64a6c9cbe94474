"""Elementwise functions, softmax, layer norm and reductions of a million floats: PyTorch, NumPy, JAX.

    python3 Benchmarks/peers/ops.py --threads 1 --peer torch
"""

import common

ROWS = COLUMNS = 1024
COUNT = ROWS * COLUMNS
ELEMENTWISE = ["exp", "log", "tanh", "sigmoid", "erf", "sin", "gelu", "gelu-tanh", "silu", "relu", "add"]
ROWWISE = ["softmax", "log-softmax", "layer-norm", "sum-rows", "max-rows"]
WHOLE = ["sum"]


def cases(make_run):
    """`make_run(op)` returns the ways to compute one operation, or None where the peer has none. GFLOP/s of a function
    is elements per nanosecond: one operation an element."""
    for op in ELEMENTWISE + WHOLE + ROWWISE:
        ways = make_run(op)
        if ways:
            shape = f"{ROWS}x{COLUMNS}" if op in ROWWISE else f"{COUNT}"
            yield common.Case(op, shape, COUNT, lambda ways=ways: ways)


def torch_cases(arguments):
    common.require("torch")
    import torch
    import torch.nn.functional as functional

    torch.set_num_threads(arguments.threads)
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    x, y = torch.rand(COUNT) * 4 + 0.1, torch.rand(COUNT)
    out = torch.empty_like(x)
    square = x.reshape(ROWS, COLUMNS)
    square_out, row_out, row_index = torch.empty_like(square), torch.empty(ROWS), torch.empty(ROWS, dtype=torch.long)
    gain, shift = torch.rand(COLUMNS), torch.rand(COLUMNS)
    runs = {
        "exp": lambda: torch.exp(x, out=out),
        "log": lambda: torch.log(x, out=out),
        "tanh": lambda: torch.tanh(x, out=out),
        "sigmoid": lambda: torch.sigmoid(x, out=out),
        "erf": lambda: torch.erf(x, out=out),
        "sin": lambda: torch.sin(x, out=out),
        "gelu": lambda: torch.ops.aten.gelu.out(x, out=out),
        "gelu-tanh": lambda: torch.ops.aten.gelu.out(x, approximate="tanh", out=out),
        "silu": lambda: torch.ops.aten.silu.out(x, out=out),
        "relu": lambda: torch.clamp_min(x, 0, out=out),
        "add": lambda: torch.add(x, y, out=out),
        "sum": lambda: torch.sum(x),
        "softmax": lambda: torch.softmax(square, 1, out=square_out),
        "log-softmax": lambda: torch.log_softmax(square, 1, out=square_out),
        "layer-norm": lambda: functional.layer_norm(square, (COLUMNS,), gain, shift),
        "sum-rows": lambda: torch.sum(square, 1, out=row_out),
        "max-rows": lambda: torch.amax(square, 1, out=row_out),
    }
    return cases(lambda op: {"": runs[op]})


def numpy_cases(arguments):
    common.require("numpy")
    import numpy as np

    generator = np.random.default_rng(0)
    x = generator.random(COUNT, dtype=np.float32) * 4 + np.float32(0.1)
    y = generator.random(COUNT, dtype=np.float32)
    out = np.empty_like(x)
    square, row_out = x.reshape(ROWS, COLUMNS), np.empty(ROWS, np.float32)
    runs = {
        "exp": lambda: np.exp(x, out=out),
        "log": lambda: np.log(x, out=out),
        "tanh": lambda: np.tanh(x, out=out),
        "sin": lambda: np.sin(x, out=out),
        "relu": lambda: np.maximum(x, 0, out=out),
        "add": lambda: np.add(x, y, out=out),
        "sum": lambda: np.sum(x),
        "sum-rows": lambda: np.sum(square, 1, out=row_out),
        "max-rows": lambda: np.max(square, 1, out=row_out),
    }
    # NumPy's functions run on one thread, whatever is asked.
    return cases(lambda op: {"": runs[op]} if op in runs else None)


def jax_cases(arguments):
    common.require("jax")
    import jax
    import jax.numpy as jnp

    key = jax.random.key(0)
    x, y = jax.random.uniform(key, (COUNT,)) * 4 + 0.1, jax.random.uniform(key, (COUNT,))
    square = x.reshape(ROWS, COLUMNS)
    gain, shift = y[:COLUMNS], y[COLUMNS : 2 * COLUMNS]

    def layer_norm(s):
        mean = s.mean(1, keepdims=True)
        variance = jnp.square(s - mean).mean(1, keepdims=True)
        return (s - mean) * jax.lax.rsqrt(variance + 1e-5) * gain + shift

    functions = {
        "exp": jnp.exp,
        "log": jnp.log,
        "tanh": jnp.tanh,
        "sigmoid": jax.nn.sigmoid,
        "erf": jax.scipy.special.erf,
        "sin": jnp.sin,
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "gelu-tanh": lambda x: jax.nn.gelu(x, approximate=True),
        "silu": jax.nn.silu,
        "relu": jax.nn.relu,
        "add": lambda x: x + y,
        "sum": jnp.sum,
        "softmax": lambda s: jax.nn.softmax(s, axis=1),
        "log-softmax": lambda s: jax.nn.log_softmax(s, axis=1),
        "layer-norm": layer_norm,
        "sum-rows": lambda s: s.sum(1),
        "max-rows": lambda s: s.max(1),
    }

    def make_run(op):
        argument = square if op in ROWWISE else x
        function = jax.jit(functions[op])
        return {"": lambda: jax.block_until_ready(function(argument))}

    return cases(make_run)


PEERS = {"torch": torch_cases, "numpy": numpy_cases, "jax": jax_cases}

if __name__ == "__main__":
    arguments = common.options(__doc__, list(PEERS))
    common.Runner(arguments.peer, arguments).run(PEERS[arguments.peer](arguments))

"""The largest errors of PyTorch's and JAX's elementwise functions, in ULP of a Float: what `apus-bench accuracy` says of Apus's.

A fast function can be a short one. The reference is PyTorch in double precision; arguments are random bit patterns, so that every
binade counts alike.

    python3 Benchmarks/peers/errors.py --millions 24
"""

import argparse

import common


def functions(jax, numpy, torch):
    """Name, the largest magnitude looked at, JAX's, PyTorch's, and the reference."""
    root = 2**-0.5
    gelu = torch.nn.functional.gelu
    return [
        ("exp", 87, jax.numpy.exp, torch.exp, torch.exp),
        ("log", 1e38, lambda x: jax.numpy.log(abs(x)), lambda x: torch.log(abs(x)), lambda x: torch.log(abs(x))),
        ("sin", 10000, jax.numpy.sin, torch.sin, torch.sin),
        ("tanh", 12, jax.numpy.tanh, torch.tanh, torch.tanh),
        ("sigmoid", 80, jax.nn.sigmoid, torch.sigmoid, torch.sigmoid),
        ("erf", 6, jax.scipy.special.erf, torch.erf, torch.erf),
        ("gelu", 5, lambda x: jax.nn.gelu(x, approximate=False), gelu, lambda x: x * 0.5 * torch.special.erfc(-x * root)),
        ("silu", 80, jax.nn.silu, torch.nn.functional.silu, torch.nn.functional.silu),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--millions", type=int, default=24, help="arguments of each function, in millions (default: 24)")
    arguments = parser.parse_args()
    if arguments.millions < 1:
        parser.error("--millions must be at least 1")
    common.require("torch", "jax", "numpy")
    import jax
    import jax.scipy.special
    import numpy
    import torch

    generator = numpy.random.default_rng(0)
    print(f"{'function':<9} {'|x| up to':>9}  {'torch':>6}  {'at x =':>13}  {'jax':>6}  {'at x =':>13}")
    for name, limit, in_jax, in_torch, exact in functions(jax, numpy, torch):
        compiled = jax.jit(in_jax)
        worst = {"torch": (0.0, 0.0), "jax": (0.0, 0.0)}
        low, high = (int(numpy.float32(bound).view(numpy.int32)) for bound in (2.0**-20, limit))
        for part in range(arguments.millions):
            x = generator.integers(low, high, 1_000_000, numpy.int32).view(numpy.float32)
            x = x if part % 2 == 0 else -x
            reference = exact(torch.from_numpy(x).double()).numpy()
            spacing = numpy.spacing(numpy.abs(reference.astype(numpy.float32))).astype(numpy.float64)
            # Below the normal numbers a flush to zero would count as millions of ULP: that is another question.
            normal = numpy.abs(reference) > 2.0**-120
            results = {"torch": in_torch(torch.from_numpy(x)).numpy(), "jax": numpy.asarray(compiled(x))}
            for peer, result in results.items():
                error = numpy.where(normal, numpy.abs(result.astype(numpy.float64) - reference) / spacing, 0)
                place = int(numpy.argmax(error))
                worst[peer] = max(worst[peer], (float(error[place]), float(x[place])))
        (torch_error, torch_place), (jax_error, jax_place) = worst["torch"], worst["jax"]
        print(f"{name:<9} {limit:>9.3g}  {torch_error:6.2f}  {torch_place:13.7g}  {jax_error:6.2f}  {jax_place:13.7g}")


if __name__ == "__main__":
    main()

"""sgemm C = A·B: OpenBLAS (through NumPy), MKL (through PyTorch) and XLA (through JAX).

    python3 Benchmarks/peers/gemm.py --threads 1
"""

import common

SQUARE = [64, 128, 256, 512, 1024, 2048]
# m, n, k of what small networks are made of, and primes.
ODD = [
    (1, 128, 784), (1, 1024, 1024), (32, 128, 784), (32, 10, 128), (64, 10, 320), (128, 128, 1600),
    (20, 4096, 250), (10, 36864, 25), (64, 15488, 288), (97, 101, 103), (499, 503, 509),
]  # fmt: skip


def products():
    """(m, n, k, transposes) of every case; `t` means that the operand is stored transposed."""
    for n in SQUARE:
        yield n, n, n, "nn"
    for transposes in ("nt", "tn", "tt"):
        yield 512, 512, 512, transposes
    for m, n, k in ODD:
        yield m, n, k, "nn"


def loops_in_one_call(m, n, k):
    """Small products are run as a batch inside one call: the peer must not pay for Python's interpreter."""
    return 8 if m * n * k <= 128**3 else 1


def operand(np, generator, repeats, rows, columns, transposed):
    """`repeats` matrices of the asked shape; when `transposed`, views of matrices stored the other way round."""
    shape = (repeats, columns, rows) if transposed else (repeats, rows, columns)
    matrices = generator.standard_normal(shape, dtype=np.float32)
    return matrices.transpose(0, 2, 1) if transposed else matrices


def cases(make_run):
    """`make_run(a, b, c)` returns the ways to compute c = a @ b over stacks of matrices."""
    import numpy as np

    for m, n, k, transposes in products():
        repeats = loops_in_one_call(m, n, k)

        def prepare(m=m, n=n, k=k, transposes=transposes, repeats=repeats):
            generator = np.random.default_rng(0)
            a = operand(np, generator, repeats, m, k, transposes[0] == "t")
            b = operand(np, generator, repeats, k, n, transposes[1] == "t")
            c = np.empty((repeats, m, n), np.float32)
            return make_run(a, b, c)

        yield common.Case("sgemm", f"{m}x{n}x{k} {transposes}", 2.0 * m * n * k, prepare, repeats)


def openblas(arguments):
    common.require("numpy")
    import numpy as np

    def make_run(a, b, c):
        if len(a) == 1:
            a, b, c = a[0], b[0], c[0]
        return {"": lambda: np.matmul(a, b, out=c)}

    return cases(make_run), openblas_core()


def openblas_core():
    """The kernels that NumPy's OpenBLAS picked, as it names them; None when it does not say."""
    import ctypes
    import pathlib

    import numpy

    for library in pathlib.Path(numpy.__file__).parent.parent.glob("numpy.libs/libscipy_openblas*"):
        handle = ctypes.CDLL(str(library))
        for name in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename"):
            if hasattr(handle, name):
                function = getattr(handle, name)
                function.restype = ctypes.c_char_p
                return function().decode()
    return None


def mkl(arguments):
    common.require("torch", "numpy")
    import torch

    torch.set_num_threads(arguments.threads)

    def make_run(a, b, c):
        a, b, c = torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(c)
        if len(a) == 1:
            a, b, c = a[0], b[0], c[0]
            return {"": lambda: torch.mm(a, b, out=c)}
        return {"": lambda: torch.bmm(a, b, out=c)}

    return cases(make_run), torch.backends.cpu.get_cpu_capability().lower()


def xla(arguments):
    common.require("jax", "numpy")
    import jax
    import jax.numpy as jnp

    def make_run(a, b, c):
        # A transposed view becomes a transposed operand of the product, not a copy made beforehand.
        swap_a, swap_b = not a.flags.c_contiguous, not b.flags.c_contiguous
        a = jnp.asarray(a.transpose(0, 2, 1) if swap_a else a)
        b = jnp.asarray(b.transpose(0, 2, 1) if swap_b else b)

        def product(a, b):
            # Unrolled: XLA compiles a batched product to a slower loop than single ones.
            results = []
            for i in range(len(a)):
                left = a[i].T if swap_a else a[i]
                right = b[i].T if swap_b else b[i]
                results.append(left @ right)
            return results

        compiled = jax.jit(product).lower(a, b).compile()
        return {"": lambda: jax.block_until_ready(compiled(a, b))}

    return cases(make_run), None


PEERS = {"numpy-openblas": openblas, "torch-mkl": mkl, "jax-xla": xla}

if __name__ == "__main__":
    arguments = common.options(__doc__, list(PEERS))
    work, isa = PEERS[arguments.peer](arguments)
    common.Runner(arguments.peer, arguments, isa).run(work)

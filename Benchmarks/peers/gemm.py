"""sgemm C = A·B: OpenBLAS (through NumPy), BLIS, MKL (through PyTorch) and XLA (through JAX).

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
    for transposes in ("nn", "nt", "tn", "tt"):
        for n in SQUARE:
            yield n, n, n, transposes
    for m, n, k in ODD:
        yield m, n, k, "nn"


def loops_in_one_call(m, n, k):
    """Small products are run as a batch inside one call: the peer must not pay for Python's interpreter."""
    return 8 if m * n * k <= 128**3 else 1


def operand(np, generator, rows, columns, transposed):
    """A matrix of the asked shape; when `transposed`, a view of one that is stored the other way round."""
    shape = (columns, rows) if transposed else (rows, columns)
    matrix = generator.standard_normal(shape, dtype=np.float32)
    return matrix.T if transposed else matrix


def cases(make_run, loops=loops_in_one_call):
    """`make_run(a, b, c)` returns the ways to compute c[i] = a @ b for each matrix of the stack c.

    All of a batch are the same product, as Apus's is the same again and again: operands that differ would have to come from
    memory, where those of one product stay in the caches.
    """
    import numpy as np

    for m, n, k, transposes in products():
        repeats = loops(m, n, k)

        def prepare(m=m, n=n, k=k, transposes=transposes, repeats=repeats):
            generator = np.random.default_rng(0)
            a = operand(np, generator, m, k, transposes[0] == "t")
            b = operand(np, generator, k, n, transposes[1] == "t")
            return make_run(a, b, np.empty((repeats, m, n), np.float32))

        yield common.Case("sgemm", f"{m}x{n}x{k} {transposes}", 2.0 * m * n * k, prepare, repeats)


def openblas(arguments):
    common.require("numpy")
    import numpy as np

    def make_run(a, b, c):
        if len(c) == 1:
            c = c[0]
        else:
            a, b = (np.broadcast_to(x, (len(c), *x.shape)) for x in (a, b))
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


def blis(arguments):
    common.require("numpy")
    import blis_library

    path = blis_library.find()
    if path is None:
        common.leave_out("BLIS (apt-get install libblis4-openmp, or APUS_BLIS=/path/to/libblis.so)")
    try:
        libraries = [blis_library.Library(path, kernels) for kernels in blis_library.kernel_sets(arguments.as_installed)]
    except (OSError, AttributeError) as error:
        common.leave_out(f"BLIS: {error}")

    def make_run(a, b, c):
        # It gives every thread a part of the product, however small: there, one thread may be the better setting.
        is_small = a.size * b.shape[1] <= 256**3
        counts = {arguments.threads, 1} if is_small else {arguments.threads}
        return {
            f"{library.kernels}, {count} {'thread' if count == 1 else 'threads'}": library.products(a, b, c, count)
            for library in libraries
            for count in sorted(counts)
        }

    # A call through ctypes costs more than one of NumPy's: 64 products in one.
    return cases(make_run, lambda m, n, k: 8 * loops_in_one_call(m, n, k) if m * n * k <= 128**3 else 1), None


def mkl(arguments):
    common.require("torch", "numpy")
    import torch

    torch.set_num_threads(arguments.threads)

    def make_run(a, b, c):
        a, b, c = torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(c)
        if len(c) == 1:
            return {"": lambda: torch.mm(a, b, out=c[0])}
        a, b = (x.expand(len(c), *x.shape) for x in (a, b))
        return {"": lambda: torch.bmm(a, b, out=c)}

    return cases(make_run), torch.backends.cpu.get_cpu_capability().lower()


def xla(arguments):
    common.require("jax", "numpy")
    import jax
    import jax.numpy as jnp

    def make_run(a, b, c):
        # A transposed view becomes a transposed operand of the product, not a copy made beforehand.
        swap_a, swap_b = not a.flags.c_contiguous, not b.flags.c_contiguous
        a = jnp.asarray(a.T if swap_a else a)
        b = jnp.asarray(b.T if swap_b else b)

        def product(a, b):
            return (a.T if swap_a else a) @ (b.T if swap_b else b)

        single = jax.jit(product).lower(a, b).compile()
        if len(c) == 1:
            return {"": lambda: jax.block_until_ready(single(a, b))}
        # Unrolled: XLA compiles a batched product to a slower loop than single ones. It computes equal ones once, so these
        # have operands of their own; where those do not fit the caches, a call for each product is the better way.
        pairs = [(a + 0, b + 0) for _ in c]
        unrolled = jax.jit(lambda pairs: [product(*pair) for pair in pairs]).lower(pairs).compile()
        return {
            "batch": lambda: jax.block_until_ready(unrolled(pairs)),
            "one by one": lambda: jax.block_until_ready([single(a, b) for _ in pairs]),
        }

    return cases(make_run), None


PEERS = {"numpy-openblas": openblas, "blis": blis, "torch-mkl": mkl, "jax-xla": xla}

if __name__ == "__main__":
    arguments = common.options(__doc__, list(PEERS))
    work, isa = PEERS[arguments.peer](arguments)
    common.Runner(arguments.peer, arguments, isa).run(work)

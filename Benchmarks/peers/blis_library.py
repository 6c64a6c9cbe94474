"""BLIS through ctypes: where the library is, its kernel sets, and products that pay for Python once in many.

The BLIS of PyPI runs on one thread and hides its product behind Python, so a library of the system is loaded: the one
that APUS_BLIS names, or what the distribution installs (Debian: apt-get install libblis4-openmp).
"""

import contextlib
import ctypes
import ctypes.util
import glob
import os
import shutil
import tempfile

import common

# The OpenMP build first: it keeps its threads, where the pthread build starts new ones for every product.
PLACES = [
    "/usr/lib/*/blis-openmp/libblis.so*",
    "/usr/lib/*/blis-pthread/libblis.so*",
    "/usr/local/lib/libblis*.so*",
    "/usr/lib64/libblis*.so*",
    "/usr/lib/libblis*.so*",
]

ROW_MAJOR, NOT_TRANSPOSED, TRANSPOSED = 101, 111, 112


def find() -> "str | None":
    """What can be given to the loader, or None."""
    asked = os.environ.get("APUS_BLIS")
    if asked:
        return asked
    for place in PLACES:
        for path in sorted(glob.glob(place)):
            return path
    with contextlib.suppress(OSError):  # raised where a linker script stands for the library
        return ctypes.util.find_library("blis")
    return None


def kernel_sets(as_installed: bool) -> "list[str | None]":
    """What is worth a try on this CPU; None is what the library picks by itself.

    It picks by a table of models, in which a CPU that is newer than itself is missing or stands as an older one.
    """
    flags = common.cpu_flags()
    if as_installed or "avx2" not in flags:
        return [None]
    has_avx512 = {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= flags
    return ["skx", "zen3"] if has_avx512 else ["zen3", "haswell"]


class Library:
    """A copy of BLIS that runs one kernel set."""

    def __init__(self, path: str, kernels: "str | None"):
        # A library picks its kernels once. So each set gets a file of its own: the loader gives the same file only once.
        with tempfile.TemporaryDirectory() as folder:
            if kernels is not None and os.path.exists(path):
                path = shutil.copy(os.path.realpath(path), os.path.join(folder, f"libblis-{kernels}.so"))
            library = ctypes.CDLL(path)
        library.bli_arch_string.restype = ctypes.c_char_p
        os.environ.pop("BLIS_ARCH_TYPE", None)
        if kernels is not None:
            # Every version takes the number of a kernel set, and has numbers of its own.
            os.environ["BLIS_ARCH_TYPE"] = str(self._number(library, kernels))
        library.bli_init()
        self.kernels = library.bli_arch_string(library.bli_arch_query_id()).decode()
        self._library = library
        self._integer = ctypes.c_int64 if library.bli_info_get_blas_int_type_size() == 64 else ctypes.c_int32

    @staticmethod
    def _number(library, kernels: str) -> int:
        for number in range(64):
            name = library.bli_arch_string(number).decode()
            if name == kernels:
                return number
            if number > 1 and name in ("generic", "bgq"):  # the last of the list: up to version 0.9, and since
                break
        raise OSError(f"no kernels for {kernels}")

    def products(self, a, b, c, threads: int):
        """A call that computes c[0] = a @ b `len(c)` times without coming back to Python."""
        count, (m, k), n = len(c), a.shape, b.shape[1]
        integer = self._integer

        def one(kind, value):
            return (kind * 1)(value)

        def operand(matrix):
            """The pointers to it, and its leading dimension."""
            leading = matrix.shape[1 if matrix.flags.c_contiguous else 0]
            return (ctypes.c_void_p * count)(*[matrix.ctypes.data] * count), one(integer, leading)

        def order(matrix):
            return one(ctypes.c_int, NOT_TRANSPOSED if matrix.flags.c_contiguous else TRANSPOSED)

        arguments = (
            ctypes.c_int(ROW_MAJOR), order(a), order(b), one(integer, m), one(integer, n), one(integer, k),
            one(ctypes.c_float, 1), *operand(a), *operand(b), one(ctypes.c_float, 0), *operand(c[0]),
            integer(1), one(integer, count),
        )  # fmt: skip
        batch, set_threads = self._library.cblas_sgemm_batch, self._library.bli_thread_set_num_threads
        wanted = ctypes.c_int64(threads)

        def run(alive=(a, b, c)):
            set_threads(wanted)  # another way to run may have asked for another number
            batch(*arguments)

        return run

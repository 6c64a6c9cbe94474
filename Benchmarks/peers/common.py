"""What every peer script shares: options, thread pools, timing, and the one-JSON-object-per-line output.

A script lists its work as `Case`s. It runs them all and ends, or, with --serve, it answers requests: one line
{"op": ..., "shape": ...} on standard input, one result line on standard output. `apus-bench compare` keeps the peers
alive that way and measures Apus and the peers in turns, so that both meet the same machine.

Nothing here imports NumPy or a framework: thread pools are sized by environment variables that those read when they
are imported, so `start` must come first.
"""

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn


@dataclass
class Case:
    """One piece of work. `prepare` makes the data and returns one or more ways to run it, by name; the fastest counts."""

    op: str
    shape: str
    flops: float
    prepare: Callable[[], "dict[str, Callable[[], object]]"]
    # How often one call does the work: small products are looped over in C, inside one call.
    repeats: int = 1
    # Work that takes seconds (an epoch) is not repeated until `--min-time` is full.
    long: bool = False


def options(description: str, peers: "list[str]", *extra: "tuple[str, dict]") -> argparse.Namespace:
    """Reads the command line, `extra` options of the script included, and sizes every thread pool that a later import may create."""
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads to run on (default: all CPUs)")
    parser.add_argument("--peer", choices=peers, help="run only this one (default: each in turn, in its own process)")
    parser.add_argument("--only", default="", help="run only the cases whose 'op shape' contains this text")
    parser.add_argument("--min-time", type=float, default=0.3, help="seconds to measure each case for (default: 0.3)")
    parser.add_argument("--data", help="directory with the four MNIST IDX files (default: random images)")
    parser.add_argument(
        "--as-installed", action="store_true", help="do not help OpenBLAS and MKL to find AVX-512 on CPUs they misjudge"
    )
    parser.add_argument("--list", action="store_true", help="print the cases and end")
    parser.add_argument("--serve", action="store_true", help="answer requests from standard input until it ends")
    for flag, settings in extra:
        parser.add_argument(flag, **settings)
    arguments = parser.parse_args()
    if arguments.threads < 1:
        parser.error("--threads must be at least 1")
    if arguments.peer is None:
        sys.exit(run_each_peer(peers))
    size_thread_pools(arguments.threads)
    if not arguments.as_installed:
        let_openblas_use_avx512()
        if arguments.peer.startswith("torch"):
            let_mkl_use_avx512()
    return arguments


def run_each_peer(peers: "list[str]") -> int:
    """Two libraries in one process would fight over threads, so each peer gets its own."""
    status = 0
    for peer in peers:
        code = subprocess.run([sys.executable, *sys.argv, "--peer", peer]).returncode
        status = status or (0 if code == NOT_INSTALLED else code)
    return status


NOT_INSTALLED = 3


def require(*modules: str) -> None:
    """Ends the script with status 3 when a module is not installed; `apus-bench compare` then leaves the peer out."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        leave_out(", ".join(missing))


def leave_out(what: str) -> NoReturn:
    print(f"not installed: {what}", file=sys.stderr)
    sys.exit(NOT_INSTALLED)


def cpu_flags() -> "set[str]":
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith(("flags", "Features")):
                return set(line.split(":", 1)[1].split())
    return set()


def isa() -> str:
    """The widest instruction set of this CPU, in the words of Apus."""
    flags = cpu_flags()
    return "avx512" if "avx512f" in flags else "avx2" if "avx2" in flags else "baseline"


def size_thread_pools(threads: int) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    # XLA sizes its pool by the CPUs that the process may run on, so the process is bound to that many.
    if hasattr(os, "sched_setaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, usable[:threads])
    if threads == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1".strip()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")


def let_openblas_use_avx512() -> None:
    """Older builds of OpenBLAS do not know every CPU that has AVX-512 and fall back to AVX2 there: half the speed. The
    environment may hold such a setting too, so what stands there is replaced."""
    os.environ.pop("OPENBLAS_L2_SIZE", None)
    os.environ.pop("OPENBLAS_CORETYPE", None)
    if "avx512f" in cpu_flags():
        os.environ["OPENBLAS_CORETYPE"] = "SkylakeX"


def let_mkl_use_avx512() -> None:
    """MKL picks AVX2 kernels on every CPU that is not Intel's; with AVX-512 they are twice as fast on such CPUs.

    The library asks `mkl_serv_intel_cpu_true`. Two lines of C, loaded before it, answer for it. Without a C compiler
    the peer runs as it is installed.
    """
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        if "GenuineIntel" in file.read():
            return
    if "avx512f" not in cpu_flags() or "libmklcpu" in os.environ.get("LD_PRELOAD", ""):
        return
    library = os.path.join(tempfile.gettempdir(), f"libmklcpu-{os.getuid()}.so")
    if not os.path.exists(library):
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        if compiler is None:
            return
        source = "int mkl_serv_intel_cpu_true(void) { return 1; }\nint mkl_serv_intel_cpu(void) { return 1; }\n"
        part = f"{library}.{os.getpid()}"
        command = [compiler, "-shared", "-fPIC", "-O2", "-x", "c", "-", "-o", part]
        if subprocess.run(command, input=source, text=True).returncode != 0:
            return
        os.replace(part, library)
    os.environ["LD_PRELOAD"] = " ".join(filter(None, (os.environ.get("LD_PRELOAD"), library)))
    os.execv(sys.executable, [sys.executable, *sys.argv])


def seconds_per_call(run: Callable[[], object], minimum_time: float) -> float:
    """The median over samples of at least a millisecond each, after a warm-up, for `minimum_time` seconds.

    `apus-bench` measures with the same steps (Timing.swift).
    """
    start = time.perf_counter()
    run()
    first = time.perf_counter() - start
    warm_up = min(minimum_time / 3, 0.1)
    calls, start = 0, time.perf_counter()
    while calls == 0 or (time.perf_counter() - start < warm_up and first < minimum_time):
        run()
        calls += 1
    once = (time.perf_counter() - start) / calls
    inner = max(1, round(1e-3 / max(once, 1e-9)))
    samples: "list[float]" = []
    begin = time.perf_counter()
    while len(samples) < 3 or time.perf_counter() - begin < minimum_time:
        start = time.perf_counter()
        for _ in range(inner):
            run()
        samples.append((time.perf_counter() - start) / inner)
    return statistics.median(samples)


def seconds_per_long_call(run: Callable[[], object]) -> float:
    """For work of seconds: one call to warm up (and to compile), then the faster of two."""
    run()
    samples = []
    for _ in range(2):
        start = time.perf_counter()
        run()
        samples.append(time.perf_counter() - start)
    return min(samples)


class Runner:
    """Measures cases and prints their lines. Keeps what a case prepared while it is asked for again."""

    def __init__(self, peer: str, arguments: argparse.Namespace, isa_name: "str | None" = None):
        self.peer, self.arguments, self.isa = peer, arguments, isa_name or isa()
        self.prepared: "dict[tuple[str, str], dict[str, Callable[[], object]]]" = {}

    def run(self, cases: Iterable[Case]) -> None:
        cases = [case for case in cases if self.arguments.only in f"{case.op} {case.shape}"]
        if self.arguments.list:
            for case in cases:
                self.emit({"op": case.op, "shape": case.shape, "peer": self.peer})
        elif self.arguments.serve:
            self.serve({(case.op, case.shape): case for case in cases})
        else:
            for case in cases:
                self.emit(self.measure(case))
                self.prepared.clear()

    def serve(self, cases: "dict[tuple[str, str], Case]") -> None:
        self.emit({"peer": self.peer, "ready": True})
        for line in sys.stdin:
            request = json.loads(line)
            key = (request["op"], request["shape"])
            if key in cases:
                try:
                    self.emit(self.measure(cases[key]))
                except Exception as error:  # the next case may well work
                    self.emit({"op": key[0], "shape": key[1], "peer": self.peer, "error": str(error)[:200]})
            else:
                self.emit({"op": key[0], "shape": key[1], "peer": self.peer, "unsupported": True})

    def measure(self, case: Case) -> dict:
        key = (case.op, case.shape)
        seen = key in self.prepared
        if not seen:
            self.prepared = {key: case.prepare()}
        ways = self.prepared[key]
        times = {}
        for name, run in list(ways.items()):
            if case.long:
                times[name] = seconds_per_long_call(run)
            else:
                times[name] = seconds_per_call(run, self.arguments.min_time) / case.repeats
        best = min(times, key=times.get)
        if case.long:
            self.prepared[key] = {best: ways[best]}  # asked again, only the best setting is run
        seconds = times[best]
        result = {
            "op": case.op,
            "shape": case.shape,
            "threads": self.arguments.threads,
            "isa": self.isa,
            "seconds": seconds,
            "gflops": case.flops / seconds / 1e9,
            "peer": self.peer,
        }
        if len(ways) > 1 or best:
            result["setting"] = best
        return result

    @staticmethod
    def emit(result: dict) -> None:
        # Three digits of a microsecond are what a clock can tell.
        if "seconds" in result:
            result["seconds"] = float(f"{result['seconds']:.6g}")
            result["gflops"] = float(f"{result['gflops']:.6g}")
        print(json.dumps(result), flush=True)

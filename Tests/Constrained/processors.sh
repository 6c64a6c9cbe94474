#!/usr/bin/env bash
# processors.sh PROGRAMS MODEL IMAGE: the programs in a folder on CPUs that this machine may not have, under qemu's user mode. The
# emulated CPU traps what it lacks. qemu hands the host's /proc/cpuinfo through, so each CPU brings its own (-L).
# processors.sh --tests [BUNDLE]: the test suites of the engine's core there, from the bundle that `swift build --build-tests` made.
# SUITES names others than products, convolutions and vector math; LIMIT is the seconds that each CPU has for them.
set -euo pipefail
if ! command -v qemu-x86_64 >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get install -y qemu-user >/dev/null 2>&1 || true; fi
fi
command -v qemu-x86_64 >/dev/null || { echo "skipped: other x86-64 CPUs (apt-get install qemu-user)"; exit 0; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
fail() { echo "failed: $*" >&2; exit 1; }

sse="fpu cx8 cmov mmx fxsr sse sse2 ht syscall nx lm pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm"
mkdir -p "$folder/Nehalem/proc" "$folder/Haswell/proc"
printf 'processor\t: 0\nmodel name\t: Nehalem\nflags\t\t: %s\n\n' "$sse" >"$folder/Nehalem/proc/cpuinfo"
printf 'processor\t: 0\nmodel name\t: Haswell\nflags\t\t: %s\n\n' "$sse pclmulqdq fma movbe aes xsave avx f16c rdrand abm bmi1 avx2 bmi2" \
  >"$folder/Haswell/proc/cpuinfo"

on() { # on CPU COMMAND...
  local cpu="$1"
  shift
  timeout "${LIMIT:-120}" qemu-x86_64 -E APUS_THREADS=1 -cpu "$cpu" -L "$folder/$cpu" "$@" 2>"$folder/messages" || { grep -v "TCG doesn't" "$folder/messages" >&2; return 1; }
}
if [ "$1" = --tests ]; then
  bundle="${2:-$(swift build --show-bin-path)/ApusPackageTests.xctest}"
  [ -f "$bundle" ] || bundle="$(find -L "$(swift build --show-bin-path)" -maxdepth 1 -type f -name '*PackageTests.xctest' | head -n 1)"
  [ -f "$bundle" ] || { echo "skipped: the core's tests on other x86-64 CPUs (swift build --build-tests first)"; exit 0; }
  LIMIT="${LIMIT:-1200}"
  for pair in Nehalem:baseline Haswell:avx2; do
    cpu="${pair%:*}" start=$SECONDS
    on "$cpu" "$bundle" --testing-library swift-testing --filter \
      "${SUITES:-ApusComputeTests.*(GEMMTests|ConvolutionTests|VectorMathTests)}" >"$folder/out" ||
      fail "the core's tests on $cpu"
    # They report on standard error. A filter that matches nothing passes too.
    ran="$(grep -oE 'Test run with [0-9]+ tests? in [0-9]+ suites? passed' "$folder/messages" || true)"
    case "$ran" in "" | *"with 0 tests"*) fail "the core's tests on $cpu: $(tail -n 3 "$folder/messages")" ;; esac
    echo "$cpu: ${ran#Test run with } with no kernels beyond ${pair#*:}, in $((SECONDS - start)) s"
  done
  exit 0
fi
programs="$1" model="$2" image="$3"
for pair in Nehalem:baseline Haswell:avx2; do
  cpu="${pair%:*}" set="${pair#*:}"
  on "$cpu" "$programs/sgemm" | grep -q "on $set: right$" || fail "sgemm on $cpu"
  on "$cpu" "$programs/conv2d" | grep -q "on $set: right$" || fail "conv2d on $cpu"
  on "$cpu" "$programs/digits" "$model" "$image" | grep -q "on $set$" || fail "digits on $cpu"
  on "$cpu" "$programs/named" "$model" "$image" | grep -q "on $set$" || fail "named on $cpu"
  on "$cpu" "$programs/apus" train --data synthetic --limit 100 --epochs 1 --json >"$folder/out" || fail "train on $cpu"
  grep -q '"test_accuracy"' "$folder/out" || fail "train on $cpu: $(cat "$folder/out")"
  on "$cpu" "$programs/apus" gradcheck matmul conv2d maxPool2d softmax Conv2d Linear LSTM GRU BatchNorm --json >"$folder/out" || fail "apus gradcheck on $cpu: $(tail -n 3 "$folder/out")"
  echo "$cpu: products, convolutions, prediction, training and $(wc -l <"$folder/out") gradient checks on the $set kernels"
done
# That the emulation does trap: kernels that the CPU lacks end the program.
if qemu-x86_64 -cpu Nehalem -L "$folder/Haswell" "$programs/sgemm" >/dev/null 2>&1; then
  fail "AVX2 kernels ran on a Nehalem"
fi
if APUS_ISA=avx2 on Nehalem "$programs/sgemm" >/dev/null 2>&1; then fail "APUS_ISA=avx2 was not refused on a Nehalem"; fi
grep -q "asks for instructions that this CPU lacks" "$folder/messages" || fail "no message about APUS_ISA"

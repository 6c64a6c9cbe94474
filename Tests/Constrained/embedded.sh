#!/usr/bin/env bash
# Other processors: the kernels compile as Embedded Swift for five targets without an operating system, and for arm64 their
# self-test (KernelSelfTest/) is linked with a C library and runs under qemu. What the machine lacks is skipped with a line.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
flags=(-enable-experimental-feature Embedded -swift-version 6 -wmo -parse-as-library)

# compile NAME TARGET OPTION...: the kernels as one object file and a module.
compile() {
  mkdir "$folder/$1"
  swiftc "${flags[@]}" "${@:3}" -target "$2" -module-name ApusKernels -emit-module \
    -emit-module-path "$folder/$1/ApusKernels.swiftmodule" -c Sources/ApusKernels/*.swift \
    -o "$folder/$1/kernels.o" 2>"$folder/$1/messages" || { cat "$folder/$1/messages" >&2; return 1; }
  [ ! -s "$folder/$1/messages" ] || { cat "$folder/$1/messages" >&2; return 1; }
  echo "compiled for $2 (${*:3}): $(($(wc -c <"$folder/$1/kernels.o") / 1024)) KiB"
}

# Optimised for arm64, whose code runs below, and with the compiler's own words for registers, as the package builds it; elsewhere
# it only has to compile, and does so faster without.
compile arm64 aarch64-none-none-elf -O -enable-experimental-feature BuiltinModule &
arm64=$!
(
  compile cortex-m armv7em-none-none-eabi -Onone
  compile riscv32 riscv32-none-none-eabi -Onone
  compile riscv64 riscv64-none-none-eabi -Onone
  compile wasm32 wasm32-unknown-none-wasm -Onone
) &
others=$!
wait "$arm64"
wait "$others"

if ! command -v aarch64-linux-gnu-gcc >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
  echo "skipped: the kernels' self-test on arm64 (apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)"
  exit 0
fi
swiftc "${flags[@]}" -O -target aarch64-none-none-elf -module-name KernelSelfTest -I "$folder/arm64" \
  -c Tests/Constrained/KernelSelfTest/*.swift -o "$folder/test.o"
# The toolchain's linker: GNU's refuses the protected symbols that both objects share.
aarch64-linux-gnu-gcc -static -no-pie -fuse-ld=lld -B "$(dirname "$(readlink -f "$(command -v swiftc)")")" "$folder/test.o" "$folder/arm64/kernels.o" -o "$folder/test" -lm
# Fused multiply-adds on whole registers: the kernels' speed, not only their results, has arrived there.
count="$(aarch64-linux-gnu-objdump -d --no-show-raw-insn "$folder/arm64/kernels.o" | grep -cE '\bfmla\s+v[0-9]+\.(4s|2d)' || true)"
echo "arm64: $count fused multiply-adds on registers"
[ "$count" -ge 100 ] || { echo "expected at least 100" >&2; exit 1; }
qemu-aarch64 "$folder/test"

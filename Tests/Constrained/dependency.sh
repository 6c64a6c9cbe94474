#!/usr/bin/env bash
# As a dependency: the package in Consumer/, somewhere else, depends on this tree by tag, and its programs are built, run and
# measured. Without arguments: release, -static-executable, and the same objects linked with -static-stdlib and dynamically.
# With --full also debug, each way of linking built as a user would ask for it (three more builds of everything).
#
# Then: what is not used is not linked; sizes, start and memory against their limits; one file in an empty root; the
# instructions in the binaries; the programs on other CPUs. WORK names a folder to keep the builds in.
set -euo pipefail
cd "$(dirname "$0")/../.."
here="$PWD/Tests/Constrained"
work="${WORK:-$(mktemp -d)}"
[ -n "${WORK:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"
export APUS_URL="file://$work/Apus"

fail() { echo "failed: $*" >&2; exit 1; }

# The tree as it stands, as a repository with a tag.
rm -rf "$work/Apus"
mkdir "$work/Apus"
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -c | tar -x -C "$work/Apus"
git -C "$work/Apus" init -q
git -C "$work/Apus" add -A
git -C "$work/Apus" -c user.name=test -c user.email=test@localhost commit -qm "the tree under test"
git -C "$work/Apus" tag 1.0.0
mkdir -p "$work/consumer"
cp -r "$here/Consumer/." "$work/consumer"
cd "$work/consumer"
rm -rf Package.resolved .build/repositories .build/checkouts .build/workspace-state.json

# build FOLDER ARGUMENT...: all programs and the apus command; the log only when it fails. Build, then say how long.
build() {
  local folder="$1" start=$SECONDS
  shift
  for product in "" "--product apus"; do
    # shellcheck disable=SC2086
    swift build --disable-dependency-cache --scratch-path "$folder" "$@" $product >"$work/log" 2>&1 ||
      { grep -E "error|warning" "$work/log" | head -n 20 >&2; tail -n 20 "$work/log" >&2; fail "swift build $*"; }
  done
  echo "built in $((SECONDS - start)) s: swift build $*"
}

# run_all FOLDER: the programs give what they should.
run_all() {
  "$1/sgemm" | grep -q "right$" || fail "$1/sgemm"
  "$1/conv2d" | grep -q "right$" || fail "$1/conv2d"
  "$1/named" | grep -q "^digit " || fail "$1/named"
  "$1/digits" | grep -q "^digit " || fail "$1/digits"
  "$1/train" "$work/digits.safetensors" | grep -q "^trained to 0\.[5-9]" || fail "$1/train"
  "$1/digits" "$work/digits.safetensors" "$work/zero.pgm" >"$work/digit" || fail "$1/digits on what train has saved"
  grep -q "^digit " "$work/digit" || fail "$1/digits on what train has saved: $(cat "$work/digit")"
  "$1/named" "$work/digits.safetensors" "$work/zero.pgm" | cmp - "$work/digit" || fail "$1/named says something else than digits"
  "$1/apus" --version | grep -q "^apus " || fail "$1/apus"
}
{ printf 'P5\n28 28\n255\n'; head -c 784 /dev/zero; } >"$work/zero.pgm"

build .build -c release -Xswiftc -static-executable
release="$PWD/.build/release"
run_all "$release"
echo "release, -static-executable: all programs run"

# link PROGRAM OUT ARGUMENT...: the objects of the build, linked another way.
link() {
  local program="$1" out="$2" entry
  shift 2
  entry="${program}_main"
  [ "$program" != apus ] || entry=ApusCLI_main
  swiftc -emit-executable -o "$out" -module-name "$program" -Xlinker --gc-sections -Xlinker --defsym \
    -Xlinker "main=$entry" "@$release/$program.product/Objects.LinkFileList" "$@" 2>"$work/log" ||
    { tail -n 20 "$work/log" >&2; fail "linking $program $*"; }
}
mkdir -p "$work/static-stdlib" "$work/dynamic" "$work/small"
for program in sgemm conv2d named digits train apus; do
  link "$program" "$work/static-stdlib/$program" -static-stdlib
  link "$program" "$work/dynamic/$program"
done
run_all "$work/static-stdlib"
run_all "$work/dynamic"
echo "release, -static-stdlib and dynamic: all programs run"

# What a program does not use is not in it.
absent() {
  local program="$1" name
  shift
  nm "$release/$program" >"$work/names"
  for name in "$@"; do
    if grep -q "$name" "$work/names"; then fail "$program holds $name"; fi
  done
}
absent sgemm 10ApusTensor 6ApusNN 8ApusData 12ApusTraining Foundation convolutionForward recurrentForward
absent conv2d 10ApusTensor 6ApusNN 8ApusData 12ApusTraining Foundation recurrentForward convolutionWeightGradient
absent named 10ApusTensor 6ApusNN 8ApusData 12ApusTraining Foundation recurrentForward convolutionWeightGradient
absent digits 12ApusTraining Foundation _StringProcessing
absent apus Foundation _StringProcessing
nm "$release/conv2d" >"$work/names"
grep -q convolutionForward "$work/names" || fail "the names that are looked for are not those of the binary"
echo "linked is only what is used: sgemm, conv2d and named hold nothing of tensors, layers and data, digits nothing of training,"
echo "and none holds regular expressions"

# The smallest form: the toolchain's libraries freed of what nobody calls, equal functions folded, no unwinding tables.
runtime="$(dirname "$(dirname "$(readlink -f "$(command -v swiftc)")")")/lib/swift_static"
rm -rf "$work/runtime"
cp -rs "$runtime" "$work/runtime"
for library in swiftCore swiftDispatch swift_Concurrency swiftSynchronization swiftGlibc swiftSwiftOnoneSupport \
  swift_StringProcessing swift_RegexParser; do
  [ -f "$runtime/linux/lib$library.a" ] || continue
  rm "$work/runtime/linux/lib$library.a"
  "$release/slim" "$runtime/linux/lib$library.a" "$work/runtime/linux/lib$library.a"
done
small=(-static-executable -use-ld=lld -resource-dir "$work/runtime" -Xlinker -s -Xlinker --icf=all
  -Xlinker -T -Xlinker "$here/no-unwind.ld" -Xlinker --no-eh-frame-hdr)
for program in sgemm conv2d named digits train apus; do
  link "$program" "$work/small/$program" "${small[@]}"
  strip -o "$work/stripped" "$release/$program"
  echo "size: $program $(wc -c <"$work/stripped") bytes static and stripped, $(wc -c <"$work/small/$program") in its smallest form"
done
rm "$work/stripped"
# A model as one Swift file needs no package at all.
"$release/apus" export "$work/digits.safetensors" --swift "$work/Model.swift" --name Model >"$work/log" 2>&1 || fail "apus export: $(cat "$work/log")"
mkdir -p "$work/exported"
cat >"$work/exported/main.swift" <<'SWIFT'
let model = Model()
precondition(model.selfTestError() <= 1e-5)
let pixels = UnsafeMutablePointer<UInt8>.allocate(capacity: Model.inputCount)
pixels.initialize(repeating: 0, count: Model.inputCount)
let scores = UnsafeMutablePointer<Float>.allocate(capacity: Model.outputCount)
model.predict(pixels: pixels, into: scores)
print("digit \((0..<Model.outputCount).max { scores[$0] < scores[$1] }!)")
SWIFT
swiftc -Ounchecked -wmo "$work/Model.swift" "$work/exported/main.swift" -o "$work/small/exported" -Xlinker --gc-sections "${small[@]}" ||
  fail "linking the exported model"
"$work/small/exported" | grep -q "^$(cut -d, -f1 "$work/digit")$" || fail "the exported model says $("$work/small/exported"), digits $(cat "$work/digit")"
echo "size: exported (a model as one Swift file) $(wc -c <"$work/small/exported") bytes in its smallest form"
run_all "$work/small"

# at_most WHAT VALUE LIMIT
missed=0
at_most() {
  if [ "$(echo "$2 <= $3" | bc -l 2>/dev/null || awk "BEGIN { print ($2 <= $3) }")" = 1 ]; then
    echo "within its limit: $1 $2 (at most $3)"
  else
    echo "MISSED: $1 $2 (at most $3)"
    missed=1
  fi
}
size() { wc -c <"$work/small/$1"; }
at_most "bytes of sgemm" "$(size sgemm)" 8000000
at_most "bytes of conv2d" "$(size conv2d)" 8000000
at_most "bytes of named (inference by named layers)" "$(size named)" 8000000
at_most "bytes of exported (inference, a model as one Swift file)" "$(size exported)" 8000000
# This one rebuilds whatever model a file describes, so it holds every layer. Its limit is what it measured, and a hundredth.
at_most "bytes of digits (inference, any model)" "$(size digits)" 11110000
at_most "bytes of apus" "$(size apus)" 14000000
read -r median least resident < <("$release/stopwatch" 20 "$work/small/digits" "$work/digits.safetensors" "$work/zero.pgm")
echo "digits, 20 runs from exec to exit: median $median ms, least $least ms"
at_most "milliseconds to the first prediction and the end (least of 20)" "$least" 20
at_most "KiB resident for one cnn prediction" "$resident" 12288
read -r median least resident < <("$release/stopwatch" 20 "$work/small/apus" predict "$work/digits.safetensors" "$work/zero.pgm")
echo "apus predict, 20 runs: median $median ms, least $least ms, $resident KiB resident"
read -r median least resident < <("$release/stopwatch" 20 "$work/small/sgemm")
echo "sgemm, 20 runs: median $median ms, least $least ms, $resident KiB resident"

"$here/instructions.sh" "$release" "$release/apus" "$release/digits" "$release/named"
"$here/empty-root.sh" "$work/small/apus" "$work/small/digits"
read -r median least resident < <("$release/stopwatch" 20 "$work/small/named" "$work/digits.safetensors" "$work/zero.pgm")
echo "named, 20 runs: median $median ms, least $least ms, $resident KiB resident"
"$here/processors.sh" "$work/small" "$work/digits.safetensors" "$work/zero.pgm"
"$here/limits.sh" "$work/small/apus"

if [ "${1:-}" = --full ]; then
  build .build-stdlib -c release --static-swift-stdlib
  run_all "$PWD/.build-stdlib/release"
  build .build-debug
  run_all "$PWD/.build-debug/debug"
  build .build-debug-static -Xswiftc -static-executable
  run_all "$PWD/.build-debug-static/debug"
  build .build-debug-stdlib --static-swift-stdlib
  run_all "$PWD/.build-debug-stdlib/debug"
  echo "release and debug, each way of linking as a user asks for it: all programs run"
else
  echo "left to dependency.sh --full: debug builds, and a build with --static-swift-stdlib"
fi
exit "$missed"

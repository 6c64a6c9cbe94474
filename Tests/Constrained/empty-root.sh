#!/usr/bin/env bash
# empty-root.sh APUS DIGITS: an image FROM scratch with one file in it, without a container runtime: a root directory that holds
# nothing else, no library and no /dev. `digits` runs without a /proc too. Swift finds a program's arguments by way of /proc, so
# `apus` gets one: first one that tells of processes only, and nothing of the CPU; then one with made-up CPUs.
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
    echo "skipped: one file in an empty root (needs root, for chroot and mount)"
    exit 0
  fi
  exec unshare -m "$0" --inside "$@"
fi
root="$(mktemp -d)"
trap 'umount -R "$root/proc" 2>/dev/null || true; rm -rf "$root" "$root.text"' EXIT
fail() { echo "failed: $*" >&2; exit 1; }
mount --make-rprivate /

# Without /proc the Swift runtime cannot tell where it lies, and ends the program before main unless it is told.
cp "$3" "$root/digits"
SWIFT_ROOT=/ chroot "$root" /digits >"$root.text"
grep -q "^digit .*on baseline$" "$root.text" || fail "digits in an empty root, on the baseline kernels"
rm "$root/digits"
echo "one file in an empty root, without /proc: digits predicts on the baseline kernels"

cp "$2" "$root/apus"
mkdir "$root/proc"
if mount -t proc -o subset=pid proc "$root/proc" 2>/dev/null; then
  chroot "$root" /apus info >"$root.text"
  grep -q "^features .*unknown, so the baseline: /proc/cpuinfo cannot be read" "$root.text" ||
    fail "apus info does not say why: $(cat "$root.text")"
  grep -q "^kernels .*baseline" "$root.text" || fail "the baseline kernels were not chosen"
  chroot "$root" /apus train --data synthetic --limit 500 --epochs 1 --save /digits.safetensors --json >"$root.text" ||
    fail "apus train in an empty root"
  chroot "$root" /apus evaluate /digits.safetensors --data synthetic --limit 200 --json >"$root.text" ||
    fail "apus evaluate in an empty root"
  grep -q accuracy "$root.text" || fail "apus evaluate in an empty root: $(cat "$root.text")"
  umount "$root/proc"
  echo "a kernel that hides the CPU: the baseline, and apus says why; it trains and evaluates"
else
  echo "skipped: a /proc that hides the CPU (Linux before 5.8)"
fi

# A kernel that says nothing of the CPU's features, or nonsense.
mount -t proc proc "$root/proc"
for text in "" "processor : 0" "flags" "flags : avx2" $'\xff\xfe\x00'; do
  printf '%s\n' "$text" >"$root.text"
  mount --bind "$root.text" "$root/proc/cpuinfo"
  chroot "$root" /apus info --json >"$root/info"
  grep -q '"kernels": "baseline"' "$root/info" || fail "/proc/cpuinfo of “$text”: $(cat "$root/info")"
  umount "$root/proc/cpuinfo"
done
echo "unknown CPUs get the baseline"

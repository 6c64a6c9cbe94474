#!/usr/bin/env bash
# empty-root.sh APUS DIGITS: an image FROM scratch with one file in it, without a container runtime: a root directory that holds
# nothing else, no /proc, no /dev, no library.
set -euo pipefail
if [ "$(id -u)" != 0 ] || ! command -v chroot >/dev/null; then
  echo "skipped: one file in an empty root (needs root, for chroot)"
  exit 0
fi
root="$(mktemp -d)"
trap 'rm -rf "$root"' EXIT
fail() { echo "failed: $*" >&2; exit 1; }

cp "$2" "$root/digits"
chroot "$root" /digits | grep -q "^digit .*on baseline$" || fail "digits in an empty root, on the baseline kernels"
rm "$root/digits"

cp "$1" "$root/apus"
chroot "$root" /apus info >"$root.info"
grep -q "^features .*unknown, so the baseline: /proc/cpuinfo cannot be read" "$root.info" || fail "apus info does not say why: $(cat "$root.info")"
grep -q "^kernels .*baseline" "$root.info" || fail "the baseline kernels were not chosen"
rm "$root.info"
chroot "$root" /apus train --data synthetic --limit 500 --epochs 1 --save /digits.safetensors --json >/dev/null || fail "apus train in an empty root"
chroot "$root" /apus evaluate /digits.safetensors --data synthetic --limit 200 --json | grep -q accuracy || fail "apus evaluate in an empty root"
echo "one file in an empty root: digits predicts, apus tells its limits, trains and evaluates"

# A kernel that says nothing of the CPU, or lies: files in the place of /proc.
mkdir -p "$root/proc"
for text in "" "processor : 0" "flags" "flags : avx2" $'\xff\xfe\x00'; do
  printf '%s\n' "$text" >"$root/proc/cpuinfo"
  chroot "$root" /apus info --json | grep -q '"kernels": "baseline"' || fail "/proc/cpuinfo of “$text”"
done
# A container of cgroup version 2, as its files say.
mkdir -p "$root/proc/self" "$root/sys/fs/cgroup"
echo "0::/" >"$root/proc/self/cgroup"
echo "30 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw" >"$root/proc/self/mountinfo"
printf 'Cpus_allowed:\tff\n' >"$root/proc/self/status"
echo "100000 100000" >"$root/sys/fs/cgroup/cpu.max"
echo 67108864 >"$root/sys/fs/cgroup/memory.max"
chroot "$root" /apus info --json | grep -q '"threads": 1, .*"processor_quota": 1.0, .*"memory": 67108864' || fail "limits of a container: $(chroot "$root" /apus info --json)"
echo "fake /proc and /sys: unknown CPUs get the baseline; version 2's limits are found"

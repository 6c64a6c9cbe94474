#!/usr/bin/env bash
# avx512.sh [SUITE…]: tests of the kernels for AVX-512 on a CPU without it. qemu does not emulate these registers and Bochs does, but only as
# a whole machine: so a Linux kernel boots there, with a file system in memory that holds the test bundle and the libraries it wants.
# A second of tests takes some five minutes. SUITEs are regular expressions, as `swift test --filter` takes them; without any, a
# choice of some twenty minutes. `swift build --build-tests` comes first. LIMIT: seconds until it is given up (3 hours).
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { echo "failed: $*" >&2; exit 1; }

packages="bochs bochsbios vgabios isolinux syslinux-common xorriso cpio busybox-static"
if grep -qw avx512dq /proc/cpuinfo; then echo "skipped: this CPU has AVX-512, where 'swift test' runs its kernels"; exit 0; fi
if ! command -v bochs >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  # shellcheck disable=SC2086
  apt-get install -y --no-install-recommends $packages >/dev/null 2>&1 || true
fi
for tool in bochs xorriso cpio busybox apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || { echo "skipped: an emulated AVX-512 CPU (apt-get install $packages)"; exit 0; }
done
bundle="$(find -L "$(swift build --show-bin-path)" -maxdepth 1 -type f -name '*PackageTests.xctest' | head -n 1)"
[ -n "$bundle" ] || { echo "skipped: no test bundle (swift build --build-tests first)"; exit 0; }
suites=("$@")
[ $# -gt 0 ] || suites=('GEMMTests/smallSizesAndTileEdges' 'GEMMTests/fewColumns' 'StridedCopyTests' 'ConvolutionTests/everyStride'
  '/PoolingTests' 'RecurrentTests' 'AttentionTests' 'VectorMathTests/everyCount' 'SoftmaxTests/extremeNumbers')

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# Any kernel will do that has drivers for a serial line built in: Debian's for virtual machines.
kernel="$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)"
(cd "$work" && apt-get download "$kernel" >/dev/null 2>&1 && dpkg-deb -x linux-image-*.deb kernel) ||
  { echo "skipped: an emulated AVX-512 CPU (no Linux kernel from apt-get)"; exit 0; }

# The file system: the bundle, what it is linked with, and a first process that runs it.
mkdir -p "$work"/root/{bin,proc,sys,dev,tmp,lib,lib64} "$work/disc"
cp "$(command -v busybox)" "$work/root/bin/busybox"
strip -o "$work/root/bin/tests" "$bundle"
ldd "$bundle" | awk '/=>/ { print $3 }' | while read -r library; do cp -L "$library" "$work/root/lib/"; done
cp -L /lib64/ld-linux-x86-64.so.2 "$work/root/lib64/"
{
  cat <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
export LD_LIBRARY_PATH=/lib HOME=/tmp TMPDIR=/tmp APUS_TEST_SET=avx512 APUS_THREADS=2
INIT
  for suite in "${suites[@]}"; do
    printf "echo '== %s'\n/bin/tests --testing-library swift-testing --filter 'ApusComputeTests.*%s' 2>&1 | /bin/busybox grep -vE 'started|case passing'\n" \
      "$suite" "$suite"
  done
  # The serial line is slow: what is still under way when the power goes is lost.
  printf 'echo == end\n/bin/busybox sleep 5\n/bin/busybox poweroff -f\n'
} >"$work/root/init"
chmod +x "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc --quiet) >"$work/disc/initrd"
cp "$work"/kernel/boot/vmlinuz-* "$work/disc/vmlinuz"
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 "$work/disc/"
# Bochs describes the compact form of saved registers wrongly, and the kernel then takes all of AVX away: it is told not to look.
cat >"$work/disc/isolinux.cfg" <<'CFG'
default tests
prompt 0
label tests
kernel vmlinuz
append initrd=initrd noxsaves clearcpuid=321,323 console=ttyS0 nokaslr mitigations=off quiet tsc=reliable random.trust_cpu=on
CFG
xorriso -as mkisofs -quiet -o "$work/disc.iso" -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$work/disc" 2>/dev/null ||
  fail "making the disc"

cat >"$work/bochsrc" <<RC
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1
config_interface: textconfig
display_library: rfb, options="timeout=0"
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault=1, ignore_bad_msrs=1
memory: guest=1536, host=1536
boot: cdrom
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path=$work/disc.iso, status=inserted
com1: enabled=1, mode=file, dev=$work/serial
clock: sync=none, time0=local
log: $work/log
panic: action=report
error: action=report
info: action=ignore
RC
# Debian's Bochs has its debugger built in, which waits for the word to go on.
echo c >"$work/go"
(timeout "${LIMIT:-10800}" bochs -q -f "$work/bochsrc" -rc "$work/go" </dev/null >"$work/messages" 2>&1 || true) &
machine=$!
touch "$work/serial"
tail -f -n +1 --pid="$machine" "$work/serial" | grep --line-buffered -aE '^==|passed|failed|recorded an issue' || true
wait "$machine"
grep -aq '^== end' "$work/serial" || fail "the emulated machine did not come to the end: $(tail -n 3 "$work/serial" | tr -d '\r')"
grep -aqE '✘|recorded an issue' "$work/serial" && fail "tests on the emulated CPU"
# A filter that matches nothing passes too.
! grep -aq 'with 0 tests' "$work/serial" || fail "one of the suites names no test"
# Nor does one that dies report a failure: each has to say that it passed.
reports="$(grep -acE 'Test run with .* passed' "$work/serial" || true)"
[ "$reports" -eq "${#suites[@]}" ] || fail "$reports of ${#suites[@]} runs came to their end"
passed="$(grep -aoE 'Test run with [0-9]+ tests?' "$work/serial" | awk '{ sum += $4 } END { print sum + 0 }')"
echo "AVX-512, emulated: $passed tests passed"

#!/usr/bin/env bash
# Musl: no import of Glibc without one of Musl beside it, and the sources that import a C library compile against musl's own
# headers. There is no Swift SDK for musl in a plain toolchain, so the module that SDK would bring is made here, and the
# condition that chooses it is turned round in a copy of the sources.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

bad="$(grep -rlE '^ *(@[a-z]+ )?import Glibc' Sources Tests/Constrained | while read -r file; do
  grep -qE '^ *(@[a-z]+ )?import Musl' "$file" || echo "$file"
done)"
[ -z "$bad" ] || { echo "import Glibc without import Musl: $bad" >&2; exit 1; }
# imported FOLDER...: what is imported there, without what is ours, the system's, or the standard library's.
imported() {
  grep -rhoE '^ *(@[_a-z]+ )?import ([a-z]+ )?[A-Za-z_.]+' "$@" | sed 's/.*import //; s/^\(enum\|protocol\|struct\|func\) //; s/\..*//' |
    sort -u | grep -vE '^(Apus[A-Za-z0-9]*|Glibc|Musl|Dispatch|Synchronization)$' || true
}
# `Builtin`, the compiler's own module, is for the kernels' registers and for nothing else.
foreign="$(imported --exclude-dir='ApusKernels*' Sources; imported Sources/ApusKernels | grep -vx Builtin || true)"
[ -z "$foreign" ] || { echo "imported under Sources, and neither ours nor the system's: $foreign" >&2; exit 1; }
echo "imports: Glibc never without Musl; nothing but the standard library, Dispatch and the C library"

headers=/usr/include/x86_64-linux-musl
modules="$(swift build --show-bin-path 2>/dev/null)/Modules"
if [ ! -d "$headers" ] || [ ! -f "$modules/ApusKernels.swiftmodule" ]; then
  echo "skipped: compiling against musl's headers (apt-get install musl-dev, and swift build before)"
  exit 0
fi
mkdir "$folder/modules" "$folder/c"
# The standard library's own modules were made with Glibc's headers: some structs have the same layout but other words there.
cp -r "$headers" "$folder/headers"
headers="$folder/headers"
sed -i -e 's/^struct timespec .*/struct timespec { __time_t tv_sec; __syscall_slong_t tv_nsec; };/' \
  -e 's/^struct timeval .*/struct timeval { __time_t tv_sec; __suseconds_t tv_usec; };/' \
  -e '1i #include <bits/others.h>' "$headers/bits/alltypes.h"
cat >"$headers/bits/others.h" <<'C'
#pragma once
typedef long __time_t, __syscall_slong_t, __suseconds_t, __off_t, __blksize_t, __blkcnt_t;
typedef unsigned long __dev_t, __ino_t, __nlink_t;
typedef unsigned int __mode_t, __uid_t, __gid_t;
C
cat >"$headers/bits/stat.h" <<'C'
struct stat {
  __dev_t st_dev; __ino_t st_ino; __nlink_t st_nlink; __mode_t st_mode; __uid_t st_uid; __gid_t st_gid; int __pad0;
  __dev_t st_rdev; __off_t st_size; __blksize_t st_blksize; __blkcnt_t st_blocks;
  struct timespec st_atim; struct timespec st_mtim; struct timespec st_ctim; __syscall_slong_t __glibc_reserved[3];
};
C
sed -i -e 's/ino_t d_ino/__ino_t d_ino/' -e 's/off_t d_off/__off_t d_off/' "$headers/bits/dirent.h"
printf '#include <%s>\n' dirent.h errno.h fcntl.h math.h poll.h pthread.h sched.h signal.h stdio.h stdlib.h string.h \
  sys/ioctl.h sys/stat.h sys/wait.h termios.h time.h unistd.h >"$folder/c/musl.h"
printf 'module CMusl [system] { header "musl.h" export * }\n' >"$folder/c/module.modulemap"
# What the SDK's module adds to the headers, because C has it as macros or with variable arguments.
cat >"$folder/Musl.swift" <<'SWIFT'
@_exported import CMusl
public var errno: Int32 { get { __errno_location().pointee } set { __errno_location().pointee = newValue } }
public func open(_ path: UnsafePointer<CChar>, _ flags: Int32) -> Int32 { -1 }
public func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 { -1 }
public func ioctl(_ file: CInt, _ request: UInt, _ value: UnsafeMutableRawPointer) -> CInt { -1 }
public typealias Handler = @convention(c) (Int32) -> Void
public var SIG_DFL: Handler? { nil }
public var SIG_IGN: Handler { unsafeBitCast(1, to: Handler.self) }
public var S_IFMT: mode_t { 0o170000 }
public var S_IFREG: mode_t { 0o100000 }
public var S_IFDIR: mode_t { 0o040000 }
public var S_IFIFO: mode_t { 0o010000 }
public var S_IFCHR: mode_t { 0o020000 }
SWIFT
# The real Dispatch brings Glibc with it.
cat >"$folder/Dispatch.swift" <<'SWIFT'
public struct DispatchQoS { public enum QoSClass { case userInitiated } }
public final class DispatchQueue: Sendable {
  public static func global(qos: DispatchQoS.QoSClass) -> DispatchQueue { DispatchQueue() }
  public func async(execute work: @escaping @Sendable () -> Void) {}
  public static func concurrentPerform(iterations: Int, execute work: (Int) -> Void) {}
}
SWIFT
# SwiftPM names the package after its folder, and what has package access is seen under that name only.
package="$(grep -o '"-package-name","[^"]*"' .build/debug.yaml | head -n 1 | cut -d'"' -f4 || true)"
[ -n "$package" ] || { echo "the name of the package is not in .build/debug.yaml" >&2; exit 1; }
flags=(-swift-version 6 -package-name "$package" -I "$folder/modules" -I "$folder/c" -Xcc "-I$headers")
for module in Musl Dispatch; do
  swiftc "${flags[@]}" -parse-as-library -emit-module -module-name "$module" -o "$folder/modules/$module.swiftmodule" "$folder/$module.swift"
done
for module in ApusCompute ApusFiles ApusInference ApusTensor ApusData ApusNN ApusTraining ApusCLI; do
  mkdir "$folder/$module"
  cp Sources/"$module"/*.swift "$folder/$module"
  sed -i 's/canImport(Glibc)/canImport(NoGlibc)/' "$folder/$module"/*.swift
  parse=-parse-as-library
  [ "$module" != ApusCLI ] || parse=
  # shellcheck disable=SC2086
  swiftc "${flags[@]}" -I "$modules" $parse -typecheck -module-name "$module" "$folder/$module"/*.swift 2>"$folder/messages" ||
    { echo "$module:" >&2; grep error "$folder/messages" | head -n 20 >&2; exit 1; }
done
echo "compiled against musl's headers: every module above the kernels"

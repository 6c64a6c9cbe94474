#!/usr/bin/env bash
# instructions.sh BUILD [BINARY...]: fails when an AVX instruction can be reached on a CPU that lacks it. BUILD is a folder of
# SwiftPM's products (.build/release).
#
# 1. No object file holds one, but for those of the modules that are compiled for it.
# 2. What those modules share with others by name (a generic function of the standard library, specialised) holds none either:
#    the linker keeps one copy of each, whosever it is.
# 3. In the linked BINARY they stand in the variant modules' functions, or in what 2 has cleared, or in variants of the C
#    library's functions, which it chooses among by CPUID.
#
# instructions.sh --prove: shows on two made-up builds that 1 and 2 can fail.
set -euo pipefail
shopt -s nullglob
command -v objdump >/dev/null || { echo "skipped: the search for AVX instructions (apt-get install binutils)"; exit 0; }
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

if [ "$1" = --prove ]; then
  printf 'public func order(_ x: [Float]) -> [Float] { x.sorted() }\n' >"$folder/order.swift"
  # compile BUILD MODULE ARGUMENT...
  compile() {
    mkdir -p "$folder/$1/$2.build"
    swiftc -O -wmo -parse-as-library -module-name "$2" "${@:3}" -c "$folder/order.swift" -o "$folder/$1/$2.build/order.o"
  }
  compile good Plain
  compile outside Plain -target-cpu haswell
  compile shared Plain
  compile shared ApusKernelsAVX2 -target-cpu haswell
  "$0" "$folder/good" >/dev/null
  for bad in outside shared; do
    if "$0" "$folder/$bad" 2>"$folder/$bad/message"; then echo "failed: passes where it must not ($bad)" >&2; exit 1; fi
    grep -q "AVX instructions" "$folder/$bad/message"
  done
  echo "the search for AVX instructions finds them outside their modules, and in functions that others share"
  exit 0
fi
build="$1"
shift

# The functions of the files given that hold AVX, opmask or BMI instructions: "INSTRUCTION NAME", once each.
holders() {
  objdump -d --no-show-raw-insn "$@" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3); next }
    ($2 ~ /^(v[a-z]|k(mov|and|or|xor|not|add|shift|unpck|test|ortest)[a-z]*)/ && $2 !~ /^(verr|verw|vmcall|vmfunc)/) ||
    $2 ~ /^(andn|bextr|bls[ir]|blsmsk|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx)$/ { if (!(name in seen)) seen[name] = $2 }
    END { for (name in seen) print seen[name], name }'
}

plain=()
for object in "$build"/*.build/*.o; do
  case "$object" in *AVX2.build/* | *AVX512.build/*) ;; *) plain+=("$object") ;; esac
done
[ "${#plain[@]}" -gt 0 ] || { echo "no object files in $build" >&2; exit 1; }
holders "${plain[@]}" >"$folder/plain"
if [ -s "$folder/plain" ]; then
  echo "AVX instructions in modules that every CPU runs:" >&2
  head -n 20 "$folder/plain" >&2
  exit 1
fi

# Every name that an object shares with the others, and the module it stands in.
for path in "$build"/*.build; do
  [ -n "$(find "$path" -maxdepth 1 -name '*.o' -print -quit)" ] || continue
  nm "$path"/*.o 2>/dev/null | awk -v module="$(basename "$path" .build)" 'NF >= 2 && $(NF - 1) ~ /^[A-Zuv]$/ { print $NF, module }'
done | sort -u >"$folder/shared"
: >"$folder/variants"
for variant in AVX2 AVX512; do
  for path in "$build"/*"$variant".build; do
    [ -n "$(find "$path" -maxdepth 1 -name '*.o' -print -quit)" ] || continue
    holders "$path"/*.o | awk -v module="$(basename "$path" .build)" '{ print $2, module }' >>"$folder/variants"
  done
done
awk 'NR == FNR { variant[$1] = variant[$1] " " $2; next }
  # Names of a variant itself are called by way of its table alone.
  $1 in variant && $1 !~ /ApusKernelsAVX(2|512)/ && index(variant[$1] " ", " " $2 " ") == 0 { print $1, $2 }
  END { for (name in variant) if (split(variant[name], modules) > 1 && name ~ /^\$s/ && name !~ /ApusKernelsAVX/) print name, variant[name] }
' "$folder/variants" "$folder/shared" >"$folder/crossing"
if [ -s "$folder/crossing" ]; then
  echo "functions with AVX instructions that other modules share:" >&2
  head -n 20 "$folder/crossing" >&2
  exit 1
fi
echo "${#plain[@]} object files without AVX instructions; $(wc -l <"$folder/variants") functions with them in the variant modules, none shared"

for binary in "$@"; do
  holders "$binary" >"$folder/linked"
  awk 'NR == FNR { cleared[$1]; next } !($2 in cleared) && !($2 !~ /^\$s/ && $2 ~ /avx|evex|fma|xsave|_dl_|cpu_features|bmi/)' \
    "$folder/variants" "$folder/linked" >"$folder/strange"
  if [ -s "$folder/strange" ]; then
    echo "$binary: AVX instructions outside the variant modules:" >&2
    head -n 20 "$folder/strange" >&2
    exit 1
  fi
  echo "$(basename "$binary"): $(wc -l <"$folder/linked") functions with AVX instructions, all in the variant modules or the C library's own"
done

#!/usr/bin/env bash
# limits.sh APUS: the limits of the system, set for real: affinity, and control groups where this machine lets root make some.
set -euo pipefail
apus="$1"
fail() { echo "failed: $*" >&2; exit 1; }
folder="$(mktemp -d)"
groups=()
cleanup() {
  rm -rf "$folder"
  for group in "${groups[@]}"; do rmdir "$group" 2>/dev/null || true; done
}
trap cleanup EXIT

# The most threads that the command has while it runs, seen from outside.
threads_of() {
  "$@" >/dev/null 2>&1 &
  local child=$! most=0 now
  while now="$(awk '/^Threads:/ { print $2 }' "/proc/$child/status" 2>/dev/null)" && [ -n "$now" ]; do
    [ "$now" -le "$most" ] || most="$now"
  done
  wait "$child" || fail "$*"
  echo "$most"
}
train=("$apus" train --data synthetic --limit 2000 --epochs 2)

if command -v taskset >/dev/null; then
  cpu="$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')"
  taskset -c "$cpu" "$apus" info --json | grep -q '"threads": 1, .*"processors": 1,' || fail "one CPU in the affinity mask"
  count="$(threads_of taskset -c "$cpu" "${train[@]}")"
  [ "$count" = 1 ] || fail "$count threads on one CPU"
  echo "one CPU: training starts no second thread"
  if [ "$(nproc)" -gt 1 ]; then
    count="$(threads_of "${train[@]}")"
    [ "$count" -gt 1 ] || fail "only $count thread on $(nproc) CPUs: the count from outside sees nothing"
  fi
else
  echo "skipped: one CPU by affinity (apt-get install util-linux)"
fi

# A limit that is no control group: the C library says no.
if (ulimit -v 300000; "$apus" train --model keras-cnn --data synthetic --batch-size 8192 --limit 8192 --steps 1 >/dev/null 2>"$folder/messages"); then
  fail "600 MiB within 300 MB of addresses"
fi
grep -q "out of memory" "$folder/messages" || fail "no message about memory: $(cat "$folder/messages")"
echo "ulimit -v: $(tail -n 1 "$folder/messages" | cut -c1-160)"

# in_group FOLDER COMMAND...: runs it as a member.
in_group() {
  local group="$1"
  shift
  sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"
}
# group PARENT: makes a group for this test; fails where that is not allowed.
group() {
  mkdir "$1/apus-test-$$" 2>/dev/null && groups+=("$1/apus-test-$$")
}
# memory_test GROUP: a training that needs more than the group's 256 MiB ends with a message, not with a signal.
memory_test() {
  local code=0
  in_group "$1" "$apus" train --model keras-cnn --data synthetic --batch-size 8192 --limit 8192 --steps 1 \
    >/dev/null 2>"$folder/messages" || code=$?
  [ "$code" = 1 ] || fail "exit code $code instead of 1 beyond the memory limit: $(tail -n 2 "$folder/messages")"
  grep -q "out of memory: .*the limit is 256 MiB" "$folder/messages" || fail "message: $(cat "$folder/messages")"
  in_group "$1" "$apus" train --data synthetic --limit 1000 --epochs 1 --json | grep -q accuracy || fail "training within the memory limit"
  echo "memory limit: $(tail -n 1 "$folder/messages" | cut -c1-200)"
}

base="$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ { print $2; exit }' /proc/mounts)"
if [ -n "$base" ] && group "$base"; then
  here="$base/apus-test-$$"
  echo 100000 >"$here/cpu.cfs_period_us"
  echo 100000 >"$here/cpu.cfs_quota_us"
  in_group "$here" "$apus" info --json | grep -q '"threads": 1, .*"processor_quota": 1.0' || fail "a quota of one CPU (version 1)"
  echo "version 1, cpu: a quota of one CPU is one thread"
else
  echo "skipped: a CPU quota of control groups, version 1 (no such tree, or not root)"
fi
base="$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpuset(,|$)/ { print $2; exit }' /proc/mounts)"
if [ -n "$base" ] && group "$base"; then
  here="$base/apus-test-$$"
  cat "$base/cpuset.mems" >"$here/cpuset.mems"
  echo 0 >"$here/cpuset.cpus"
  in_group "$here" "$apus" info --json | grep -q '"threads": 1, .*"processors": 1,' || fail "a cpuset of one CPU (version 1)"
  echo "version 1, cpuset: one CPU is one thread"
else
  echo "skipped: a cpuset, version 1 (no such tree, or not root)"
fi
base="$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)"
if [ -n "$base" ] && group "$base"; then
  here="$base/apus-test-$$"
  echo $((256 << 20)) >"$here/memory.limit_in_bytes"
  memory_test "$here"
else
  echo "skipped: a memory limit, version 1 (no such tree, or not root)"
fi

base="$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)"
if [ -n "$base" ] && grep -qw cpu "$base/cgroup.controllers" 2>/dev/null && grep -qw memory "$base/cgroup.subtree_control" && group "$base"; then
  here="$base/apus-test-$$"
  echo "100000 100000" >"$here/cpu.max"
  echo $((256 << 20)) >"$here/memory.max"
  echo 0 >"$here/memory.swap.max" 2>/dev/null || true
  in_group "$here" "$apus" info --json | grep -q '"threads": 1, .*"processor_quota": 1.0' || fail "a quota of one CPU (version 2)"
  memory_test "$here"
else
  echo "skipped: control groups of version 2 (the machine gives it no cpu and memory controllers, or not root)"
fi

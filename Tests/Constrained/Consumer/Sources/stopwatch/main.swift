// `stopwatch RUNS COMMAND ARGUMENT…`: runs a command again and again, its output thrown away, and prints the median and the
// least time from its start to its end in milliseconds, and the largest resident memory in KiB.
#if canImport(Glibc)
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#endif

func now() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) * 1e-6
}

let words = CommandLine.arguments
guard words.count > 2, let runs = Int(words[1]), runs > 0 else {
  fputs("usage: stopwatch RUNS COMMAND ARGUMENT…\n", stderr)
  exit(2)
}
var arguments: [UnsafeMutablePointer<CChar>?] = words.dropFirst(2).map { strdup($0) }
arguments.append(nil)
var actions = posix_spawn_file_actions_t()
posix_spawn_file_actions_init(&actions)
posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
var times: [Double] = []
var resident = 0
for _ in 0..<runs {
  var child: pid_t = 0
  let start = now()
  guard posix_spawn(&child, words[2], &actions, nil, arguments, environ) == 0 else {
    fputs("stopwatch: cannot start \(words[2])\n", stderr)
    exit(1)
  }
  var status: Int32 = 0
  var usage = rusage()
  guard wait4(child, &status, 0, &usage) == child, status == 0 else {
    fputs("stopwatch: \(words[2]) failed (status \(status))\n", stderr)
    exit(1)
  }
  times.append(now() - start)
  resident = max(resident, Int(usage.ru_maxrss))
}
times.sort()
func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
print(rounded(times[runs / 2]), rounded(times[0]), resident)

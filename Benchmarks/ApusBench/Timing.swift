import ApusCompute

/// The time of one run: the median over samples of at least a millisecond each, taken after a warm-up and for at least
/// `minimumTime` seconds. Benchmarks/peers/common.py measures the peers with the same steps.
func secondsPerRun(minimumTime: Double, _ run: () -> Void) -> Double {
  var start = monotonicSeconds()
  run()
  let first = monotonicSeconds() - start
  let warmUp = min(minimumTime / 3, 0.1)
  var runs = 0
  start = monotonicSeconds()
  repeat {
    run()
    runs += 1
  } while monotonicSeconds() - start < warmUp && first < minimumTime
  let once = (monotonicSeconds() - start) / Double(runs)
  let inner = max(1, Int((1e-3 / max(once, 1e-9)).rounded()))
  var samples: [Double] = []
  let begin = monotonicSeconds()
  while samples.count < 3 || monotonicSeconds() - begin < minimumTime {
    start = monotonicSeconds()
    for _ in 0..<inner { run() }
    samples.append((monotonicSeconds() - start) / Double(inner))
  }
  return median(samples)
}

/// The time of a run that takes seconds: one to warm up, then the faster of two.
func secondsPerLongRun(_ run: () -> Void) -> Double {
  run()
  return (0..<2).map { _ in
    let start = monotonicSeconds()
    run()
    return monotonicSeconds() - start
  }.min()!
}

/// The middle value, or the mean of the two in the middle.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

import Synchronization
import Testing

@testable import ApusCompute

@Suite(.serialized) struct WorkerTeamTests {
  /// Runs `body` with another thread count.
  private func with(threads: Int, _ body: () -> Void) {
    let before = Threads.count
    Threads.count = threads
    defer { Threads.count = before }
    body()
  }

  /// How often each chunk ran.
  private func runs(_ chunks: Int) -> [Int] {
    var counts = [Int](repeating: 0, count: chunks)
    counts.withUnsafeMutableBufferPointer { counts in
      nonisolated(unsafe) let base = counts.baseAddress
      parallelFor(chunks) { base![$0] += 1 }
    }
    return counts
  }

  @Test func everyChunkRunsOnce() {
    for threads in [1, 2, 3, 8] {
      with(threads: threads) {
        for chunks in [0, 1, 2, 3, 17, 1000] {
          #expect(runs(chunks) == Array(repeating: 1, count: chunks), "\(chunks) chunks on \(threads) threads")
        }
      }
    }
  }

  @Test func chunksOfUnequalLengthAreSharedOut() {
    // The last chunk is claimed first by a member, and takes longer than all others: the caller does these meanwhile.
    with(threads: 2) {
      for chunks in [2, 9, 40, 333] {
        let sum = Atomic<Int>(0)
        parallelFor(chunks) { chunk in
          var rest = chunk == chunks - 1 ? 200_000 : 100
          while rest > 0 { rest -= 1 + sum.load(ordering: .relaxed) & 0 }
          sum.wrappingAdd(chunk + 1, ordering: .relaxed)
        }
        #expect(sum.load(ordering: .relaxed) == chunks * (chunks + 1) / 2)
      }
    }
  }

  @Test func manySmallForksStayCorrect() {
    with(threads: 4) {
      for round in 0..<20_000 {
        let sum = Atomic<Int>(0)
        parallelFor(3) { sum.wrappingAdd($0 + 1, ordering: .relaxed) }
        let total = sum.load(ordering: .relaxed)
        guard total == 6 else {
          #expect(total == 6, "round \(round)")
          return
        }
      }
    }
  }

  @Test func aCallFromInsideAChunkRunsSerially() {
    with(threads: 4) {
      let sum = Atomic<Int>(0)
      parallelFor(8) { outer in
        var inner: [Int] = []
        // Serially: the array is not protected.
        parallelFor(5) { inner.append($0) }
        if inner == [0, 1, 2, 3, 4] { sum.wrappingAdd(1, ordering: .relaxed) }
        _ = outer
      }
      #expect(sum.load(ordering: .relaxed) == 8)
    }
  }

  @Test func moreChunksThanOneTicketHolds() {
    with(threads: 2) {
      let sum = Atomic<Int>(0)
      parallelFor(1 << 20) { _ in sum.wrappingAdd(1, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == 1 << 20)
    }
  }

  @Test func severalCallersAtOnce() async {
    Threads.count = max(2, Threads.count)
    let totals = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<4 {
        group.addTask {
          var total = 0
          for _ in 0..<500 {
            let sum = Atomic<Int>(0)
            parallelFor(7) { _ in sum.wrappingAdd(1, ordering: .relaxed) }
            total += sum.load(ordering: .relaxed)
          }
          return total
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(totals == [3500, 3500, 3500, 3500])
  }

  @Test func threadCountsFromTheEnvironment() async {
    #expect(Threads.defaultCount("3") == 3)
    #expect(Threads.defaultCount(nil) >= 1)
    #expect(Threads.defaultCount("") >= 1)
    await #expect(processExitsWith: .exitCode(2)) { _ = Threads.defaultCount("many") }
    await #expect(processExitsWith: .exitCode(2)) { _ = Threads.defaultCount("0") }
    await #expect(processExitsWith: .failure) { Threads.count = 0 }
  }

  @Test func membersRunTheKernelSetOfTheirCaller() {
    with(threads: 4) {
      forEachKernelSet { set in
        var names = [String](repeating: "", count: 64)
        names.withUnsafeMutableBufferPointer { names in
          nonisolated(unsafe) let names = names
          parallelFor(64) { names[$0] = kernels(Float.self).compiledName() }
        }
        #expect(names.allSatisfy { $0 == set.rawValue })
      }
    }
  }

  /// A tally that `Ahead`'s work keeps.
  private final class Tally: Sendable {
    let made = Atomic<Int>(0)
    let onMembers = Atomic<Int>(0)
  }

  @Test func whatIsMadeAheadIsMadeOnce() {
    for threads in [1, 2, 4] {
      with(threads: threads) {
        let tally = Tally()
        let rounds = 2000
        for round in 0..<rounds {
          let owner = currentThread()
          let ahead = Ahead {
            tally.made.wrappingAdd(1, ordering: .relaxed)
            if currentThread() != owner { tally.onMembers.wrappingAdd(1, ordering: .relaxed) }
            return round
          }
          // Members are awake, and find the offer when they are through.
          let sum = Atomic<Int>(0)
          parallelFor(8) { sum.wrappingAdd($0, ordering: .relaxed) }
          guard sum.load(ordering: .relaxed) == 28, ahead.value == round, ahead.value == round else {
            Issue.record("round \(round) on \(threads) threads")
            return
          }
        }
        #expect(tally.made.load(ordering: .relaxed) == rounds)
        if threads == 1 { #expect(tally.onMembers.load(ordering: .relaxed) == 0) }
      }
    }
  }

  @Test func membersTakeUpWhatIsMadeAhead() {
    with(threads: 2) {
      let tally = Tally()
      // On a busy machine a member may come late; a thousand offers it cannot all miss.
      for _ in 0..<1000 where tally.onMembers.load(ordering: .relaxed) == 0 {
        parallelFor(2) { _ in }
        let owner = currentThread()
        let ahead = Ahead { if currentThread() != owner { tally.onMembers.wrappingAdd(1, ordering: .relaxed) } }
        let end = monotonicSeconds() + 2e-3
        while monotonicSeconds() < end {}
        ahead.value
      }
      #expect(tally.onMembers.load(ordering: .relaxed) > 0)
    }
  }

  @Test func whatIsMadeAheadRunsSeriallyAndLeavesTheTeamFree() {
    with(threads: 3) {
      let wrong = Tally()
      for _ in 0..<500 {
        let owner = currentThread()
        let ahead = Ahead {
          let own = currentThread()
          parallelFor(16) { _ in
            if own != owner && currentThread() != own { wrong.made.wrappingAdd(1, ordering: .relaxed) }
          }
        }
        let sum = Atomic<Int>(0)
        for _ in 0..<4 { parallelFor(3) { sum.wrappingAdd($0, ordering: .relaxed) } }
        ahead.value
        if sum.load(ordering: .relaxed) != 12 { wrong.made.wrappingAdd(1, ordering: .relaxed) }
      }
      #expect(wrong.made.load(ordering: .relaxed) == 0)
    }
  }

  @Test func aJobInterruptsWhatIsMadeAhead() {
    with(threads: 2) {
      let interrupted = Tally()
      let wrong = Tally()
      let deadline = monotonicSeconds() + 10
      while interrupted.made.load(ordering: .relaxed) == 0 && monotonicSeconds() < deadline {
        parallelFor(2) { _ in }
        let (owner, ownSet) = (currentThread(), InstructionSet.active.rawValue)
        let (begun, ended) = (Tally(), Tally())
        let set = InstructionSet.available[0]
        let ahead = InstructionSet.with(set) {
          Ahead {
            begun.made.store(Int(bitPattern: currentThread()), ordering: .relaxed)
            let runs = Tally()
            parallelFor(1000) { _ in
              runs.made.wrappingAdd(1, ordering: .relaxed)
              if kernels(Float.self).compiledName() != set.rawValue { wrong.made.store(1, ordering: .relaxed) }
              spin(seconds: 5e-6)
            }
            ended.made.store(1, ordering: .relaxed)
            return runs.made.load(ordering: .relaxed)
          }
        }
        let patience = monotonicSeconds() + 2e-3
        while begun.made.load(ordering: .relaxed) == 0 && monotonicSeconds() < patience {}
        let sum = Atomic<Int>(0)
        parallelFor(2) { chunk in
          // Its own loop is neither shared out nor interrupted, wherever it runs.
          let here = currentThread()
          parallelFor(3) { inner in
            if currentThread() == here { sum.wrappingAdd(inner + 1, ordering: .relaxed) }
          }
          if kernels(Float.self).compiledName() != ownSet { wrong.made.store(1, ordering: .relaxed) }
          if here == owner {
            spin(seconds: 2e-4)
          } else if begun.made.load(ordering: .relaxed) == Int(bitPattern: here)
            && ended.made.load(ordering: .relaxed) == 0
          {
            interrupted.made.store(1, ordering: .relaxed)
          }
        }
        guard sum.load(ordering: .relaxed) == 12, ahead.value == 1000 else {
          Issue.record("a chunk ran more than once or not at all")
          return
        }
      }
      #expect(wrong.made.load(ordering: .relaxed) == 0)
      #expect(interrupted.made.load(ordering: .relaxed) == 1)
    }
  }

  private func spin(seconds: Double) {
    let end = monotonicSeconds() + seconds
    while monotonicSeconds() < end {}
  }

  @Test func whatIsGivenUpIsNotMade() {
    with(threads: 2) {
      // Nobody is awake: with the last reference the offer is gone.
      let tally = Tally()
      with(threads: 1) { _ = Ahead { tally.made.wrappingAdd(1, ordering: .relaxed) } }
      for _ in 0..<100 { parallelFor(4) { _ in } }
      #expect(tally.made.load(ordering: .relaxed) == 0)
    }
  }

  @Test func whatIsMadeAheadTakesTheKernelSetOfItsOwner() {
    with(threads: 4) {
      forEachKernelSet { set in
        for _ in 0..<50 {
          let ahead = Ahead { kernels(Float.self).compiledName() }
          parallelFor(8) { _ in }
          #expect(ahead.value == set.rawValue)
        }
      }
    }
  }
}

import Dispatch
import Synchronization

/// How many threads the engine may use.
public enum Threads {
  /// Threads that an operation may run on, the caller's included. Results do not depend on it.
  ///
  /// The default is `APUS_THREADS` when it is set, else the CPUs that the process may run on, or fewer where a control group
  /// grants less CPU time than that. With 1, no second thread is ever started. Setting it takes effect from the next
  /// operation on.
  ///
  /// - Precondition: 1 … 256.
  public static var count: Int {
    get { WorkerTeam.limit.load(ordering: .relaxed) }
    set {
      precondition((1...256).contains(newValue), "thread count \(newValue) is not in 1...256")
      WorkerTeam.limit.store(newValue, ordering: .relaxed)
    }
  }

  static func defaultCount(_ wish: String?) -> Int {
    guard let wish, !wish.isEmpty else { return ResourceLimits.current.threads }
    guard let count = Int(wish), (1...256).contains(count) else {
      stop("APUS_THREADS=\(wish) is not a number from 1 to 256")
    }
    return count
  }
}

/// Runs `body(0)` … `body(chunks - 1)`, each once, on the worker team; returns when all are done.
///
/// The order and the thread of a chunk are not defined, so chunks must write to different places and a result must
/// not depend on `Threads.count`: cut work by its size, never by the number of threads. A call from inside a chunk, or
/// while another thread uses the team, runs serially. Costs about 0.3 µs when the team is awake. A chunk may run in the middle of
/// an `Ahead`'s work, so it must not wait for that, nor for a lock that may be held where `parallelFor` is called.
package func parallelFor(_ chunks: Int, _ body: (Int) -> Void) {
  if chunks > 1 && Threads.count > 1 {
    let isDone = withoutActuallyEscaping(body) { escapable in
      // In a struct: to point at a closure itself, Swift would wrap it in another one.
      withUnsafePointer(to: ChunkClosure(body: escapable)) { closure in
        WorkerTeam.shared.run(chunks, closure) {
          $0.assumingMemoryBound(to: ChunkClosure.self).pointee.body($1)
        }
      }
    }
    if isDone { return }
  }
  runSerially(chunks, body)
}

@inline(__always)
private func runSerially(_ chunks: Int, _ body: (Int) -> Void) {
  let isSpare = chunks > 1 && WorkerTeam.shared.doesSpareWorkHere
  for chunk in 0..<max(chunks, 0) {
    body(chunk)
    if isSpare { WorkerTeam.shared.interruptSpareWork() }
  }
}

private struct ChunkClosure {
  let body: (Int) -> Void
}

/// `parallelFor` with a function that captures nothing and is given the context instead: for callers that must not
/// allocate, as lending a closure to other threads does.
@inline(__always)
func parallelFor(
  _ chunks: Int, context: UnsafeRawPointer, _ body: @convention(c) (_ context: UnsafeRawPointer, _ chunk: Int) -> Void
) {
  if chunks > 1 && Threads.count > 1 && WorkerTeam.shared.run(chunks, context, body) { return }
  runSerially(chunks) { body(context, $0) }
}

/// Threads that wait for work by spinning for a short while, so that a fork costs a fraction of a microsecond.
///
/// `DispatchQueue.concurrentPerform` needs tens of microseconds to wake its helpers, as long as a whole operation of
/// a small model. The team calls it once to borrow threads, keeps them spinning on `ticket` between operations, and
/// gives them back after `patience` without work: an idle team costs nothing. Patience must outlast the wait for the
/// longest chunk of an operation that the next one follows, or every operation would have to wake the team anew.
///
/// The caller works too, and waits only for chunks that a member has claimed, never for a member that got no thread.
///
/// The caller claims chunks from the front, members claim from the back. When stages follow one another whose chunks stand for
/// the same rows, images or channels, each core then finds most of what it needs in its own cache. That matters where cores do
/// not share their last cache, as on virtual machines whose CPUs may lie anywhere on the host: there a line that the other core
/// wrote costs a microsecond, so a claim, which is such a line, takes several chunks while many are left.
///
/// `@unchecked Sendable`: the plain fields `body`, `context`, `job` and `instructionSet` are written only by the thread that holds `busy`,
/// before it publishes the job in `ticket` (releasing), and read only by a member that has claimed one of its chunks
/// from `ticket` (acquiring). The writer cannot go on to the next job before that chunk is counted in `finished`. `spare` is
/// touched only under `spareLock`, `isInterrupted` only by the thread that `spareThread` names.
final class WorkerTeam: @unchecked Sendable {
  static let shared = WorkerTeam()
  static let limit = Atomic<Int>(Threads.defaultCount(environmentValue("APUS_THREADS")))

  /// Seconds that a member spins without work before it goes home.
  private static let patience = 1e-3

  /// Chunks of one job at most; a job with more is cut into groups of chunks.
  private static let maximumChunks = (1 << 20) - 1

  /// The job on offer: 24 bits of job number, 20 bits for the end and 20 for the start of the chunks not yet claimed. Being
  /// one word, a claim succeeds only for the job that its reader saw.
  private let ticket = Atomic<UInt64>(0)
  private let finished = Atomic<Int>(0)
  private let busy = Atomic<Bool>(false)
  private let members = Atomic<Int>(0)
  private let summons = Atomic<Bool>(false)
  private var body: ChunkFunction?
  private var context: UnsafeRawPointer?
  private var job: UInt64 = 0
  /// Work for a member that has none; weak, so that what its owner has given up is not done.
  private weak var spare: (any SpareWork)?
  /// Held while `spare` is exchanged: a few instructions, so who finds it taken waits. (The thread sanitizer cannot see through a
  /// `Mutex`, which asks the kernel when it is taken.)
  private let spareLock = Atomic<Bool>(false)
  /// Whether looking for spare work is worth it.
  private let hasSpare = Atomic<Bool>(false)
  /// The thread that does it, or 0.
  private let spareThread = Atomic<UInt>(0)
  /// Whether that thread is at a job's chunks in the middle of it.
  private var isInterrupted = false
  /// The kernel set that the caller was told to use, which a test may set for itself alone.
  private var instructionSet: InstructionSet?

  typealias ChunkFunction = @convention(c) (_ context: UnsafeRawPointer, _ chunk: Int) -> Void

  /// Runs the chunks on the team; false, with nothing done, when the team is busy.
  func run(_ chunks: Int, _ context: UnsafeRawPointer, _ body: ChunkFunction) -> Bool {
    // Spare work must not keep the team from those it was offered by.
    if doesSpareWorkHere { return false }
    // A look first: a call from inside a chunk would else take the line away from the cores that poll it.
    guard chunks <= WorkerTeam.maximumChunks, !busy.load(ordering: .relaxed),
      busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else { return false }
    defer { busy.store(false, ordering: .releasing) }
    summonMembers(min(WorkerTeam.limit.load(ordering: .relaxed), chunks) - 1)
    self.body = body
    self.context = context
    instructionSet = InstructionSet.inherited
    finished.store(0, ordering: .relaxed)
    job = (job &+ 1) & 0xFF_FFFF
    ticket.store(job << 40 | UInt64(chunks) << 20, ordering: .releasing)
    while claimAndRun(fromFront: true) {}
    var spins = 0
    while finished.load(ordering: .acquiring) < chunks {
      spins &+= 1
      if spins & 0xFFF == 0 { yieldThread() }
    }
    return true
  }

  /// Takes some chunks of the job on offer, from one of its ends, and runs them; false when none is left.
  private func claimAndRun(fromFront: Bool) -> Bool {
    var seen = ticket.load(ordering: .acquiring)
    while true {
      let (start, end) = (seen & 0xFFFFF, seen >> 20 & 0xFFFFF)
      guard start < end else { return false }
      // A quarter of a fair share of the rest: what is left evens out whatever the others take.
      let count = max(1, (end - start) / UInt64(4 * max(2, WorkerTeam.limit.load(ordering: .relaxed))))
      let (exchanged, original) = ticket.weakCompareExchange(
        expected: seen, desired: fromFront ? seen &+ count : seen &- (count << 20), ordering: .acquiringAndReleasing)
      if exchanged {
        execute(fromFront ? Int(start)..<Int(start + count) : Int(end - count)..<Int(end))
        finished.wrappingAdd(Int(count), ordering: .releasing)
        return true
      }
      seen = original
    }
  }

  private func execute(_ chunks: Range<Int>) {
    guard let body, let context else { return }
    if let instructionSet {
      InstructionSet.with(instructionSet) {
        for chunk in chunks { body(context, chunk) }
      }
    } else {
      for chunk in chunks { body(context, chunk) }
    }
  }

  /// Puts up work for a member that has nothing else to do, in place of what was put up before and not taken.
  func offer(_ work: any SpareWork) {
    guard WorkerTeam.limit.load(ordering: .relaxed) > 1 else { return }
    _ = exchangeSpare(work)
    hasSpare.store(true, ordering: .releasing)
  }

  private func exchangeSpare(_ work: (any SpareWork)?) -> (any SpareWork)? {
    while spareLock.exchange(true, ordering: .acquiring) { yieldThread() }
    defer { spareLock.store(false, ordering: .releasing) }
    let former = spare
    spare = work
    return former
  }

  /// Whether the calling thread is at spare work.
  var doesSpareWorkHere: Bool {
    let thread = spareThread.load(ordering: .relaxed)
    return thread != 0 && thread == currentThread()
  }

  /// Runs what chunks a job has left, from the middle of spare work: whoever forked it would else wait until that is done.
  func interruptSpareWork() {
    // Those chunks may have loops of their own, in which this is asked again.
    if isInterrupted { return }
    isInterrupted = true
    defer { isInterrupted = false }
    while claimAndRun(fromFront: false) {}
  }

  /// Does the spare work if there is any, one member at a time.
  private func runSpare() {
    guard spareThread.compareExchange(expected: 0, desired: currentThread(), ordering: .acquiring).exchanged else {
      return
    }
    defer { spareThread.store(0, ordering: .releasing) }
    hasSpare.store(false, ordering: .relaxed)
    exchangeSpare(nil)?.runIfUnclaimed()
  }

  /// Asks Dispatch for members when fewer than `wanted` are spinning. Does not wait for them.
  private func summonMembers(_ wanted: Int) {
    guard members.load(ordering: .relaxed) < wanted,
      summons.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    else { return }
    let count = WorkerTeam.limit.load(ordering: .relaxed) - 1
    DispatchQueue.global(qos: .userInitiated).async { [self] in
      summons.store(false, ordering: .releasing)
      let missing = count - members.load(ordering: .relaxed)
      guard missing > 0 else { return }
      DispatchQueue.concurrentPerform(iterations: missing) { _ in serve() }
    }
  }

  /// A member's life: run chunks as long as jobs come, go home after `patience` without one.
  private func serve() {
    guard members.wrappingAdd(1, ordering: .relaxed).newValue < WorkerTeam.limit.load(ordering: .relaxed) else {
      members.wrappingSubtract(1, ordering: .relaxed)
      return
    }
    var deadline = monotonicSeconds() + WorkerTeam.patience
    var spins = 0
    while true {
      if claimAndRun(fromFront: false) {
        while claimAndRun(fromFront: false) {}
        deadline = monotonicSeconds() + WorkerTeam.patience
        spins = 0
      }
      if hasSpare.load(ordering: .relaxed) { runSpare() }
      spins &+= 1
      if spins & 0x3FF == 0 {
        if monotonicSeconds() > deadline { break }
        yieldThread()
      }
    }
    members.wrappingSubtract(1, ordering: .relaxed)
  }
}

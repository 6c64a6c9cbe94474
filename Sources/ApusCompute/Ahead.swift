import Synchronization

/// Work that a member of the team may take up while there is nothing else for it to do.
protocol SpareWork: AnyObject, Sendable {
  /// Does the work, unless somebody has begun it.
  func runIfUnclaimed()
}

/// A value that is made ahead of time: by a member of the worker team that waits for work, else by whoever asks for it first.
///
/// No thread is started for it: the team's threads, which spin between two operations anyway, take it up, so it overlaps with what
/// its owner does meanwhile, and costs nothing where nobody has time. On one thread it is made when it is asked for. What it makes
/// runs serially on a member, with the kernels that its owner's task has asked for; between two chunks of a `parallelFor` the member
/// looks whether the team has something to do, and does that first.
package final class Ahead<Value: Sendable>: SpareWork {
  private let make: @Sendable () -> Value
  private let instructionSet: InstructionSet?
  private let isClaimed = Atomic<Bool>(false)
  private let isMade = Atomic<Bool>(false)
  private let made = Mutex<Value?>(nil)

  /// Offers the work to the team.
  ///
  /// - Parameter make: Is called at most once, on whatever thread.
  package init(_ make: @escaping @Sendable () -> Value) {
    self.make = make
    instructionSet = InstructionSet.inherited
    WorkerTeam.shared.offer(self)
  }

  /// The value; made here and now when nobody has begun, else waited for. The same one each time.
  package var value: Value {
    runIfUnclaimed()
    var spins = 0
    while !isMade.load(ordering: .acquiring) {
      spins &+= 1
      if spins & 0xFFF == 0 { yieldThread() }
    }
    return made.withLock { $0.unsafelyUnwrapped }
  }

  func runIfUnclaimed() {
    guard isClaimed.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return }
    let value = instructionSet.map { InstructionSet.with($0, make) } ?? make()
    made.withLock { $0 = value }
    isMade.store(true, ordering: .releasing)
  }
}

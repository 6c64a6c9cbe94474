import Testing

@testable import ApusCompute

/// The suites that run every kernel set in turn. The active set is a global of the engine, so they must not run side by
/// side: whatever activates a set is nested here.
@Suite(.serialized) struct PerKernelSet {}

/// Runs `body` once for each kernel set that this CPU has, and restores the set that was active.
func forEachKernelSet(_ body: (InstructionSet) throws -> Void) rethrows {
  let before = InstructionSet.active
  defer { InstructionSet.activate(before) }
  for set in InstructionSet.available {
    InstructionSet.activate(set)
    try body(set)
  }
}

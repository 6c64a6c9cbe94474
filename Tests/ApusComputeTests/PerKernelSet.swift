import Testing

@testable import ApusCompute

/// The suites that run every kernel set in turn. They change the thread count too, which is a global of the engine, so they
/// do not run side by side.
@Suite(.serialized) struct PerKernelSet {}

/// Runs `body` once on each kernel set that this CPU has.
func forEachKernelSet(_ body: (InstructionSet) throws -> Void) rethrows {
  for set in InstructionSet.available {
    try InstructionSet.with(set) { try body(set) }
  }
}

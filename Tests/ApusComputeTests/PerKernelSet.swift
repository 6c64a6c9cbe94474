import Foundation
import Testing

@testable import ApusCompute

/// The suites that run every kernel set in turn. They change the thread count too, which is a global of the engine, so they
/// do not run side by side.
@Suite(.serialized) struct PerKernelSet {}

/// The kernel sets that these suites run: all that this CPU has, or the one that `APUS_TEST_SET` names, where a CPU is emulated
/// and time is short (Tests/Constrained/avx512.sh).
private let testedSets: [InstructionSet] = {
  guard let name = ProcessInfo.processInfo.environment["APUS_TEST_SET"] else { return InstructionSet.available }
  let sets = InstructionSet.available.filter { $0.rawValue == name }
  precondition(!sets.isEmpty, "APUS_TEST_SET=\(name) is no kernel set of this CPU")
  return sets
}()

/// Runs `body` once on each of the kernel sets.
func forEachKernelSet(_ body: (InstructionSet) throws -> Void) rethrows {
  for set in testedSets {
    try InstructionSet.with(set) { try body(set) }
  }
}

import ApusCompute
import Foundation
import Testing

@testable import ApusBench

@Suite struct ElementwiseWorkTests {
  /// Every work runs, twice, as a measurement runs it, and has a name of its own that the peers know.
  @Test func worksRun() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let peers = try String(contentsOf: root.appendingPathComponent("Benchmarks/peers/ops.py"), encoding: .utf8)
    let works = elementwiseWork()
    #expect(Set(works.map(\.op)).count == works.count)
    for work in works {
      #expect(peers.contains("\"\(work.op)\""), "\(work.op) is not in ops.py")
      let run = work.prepare()
      run()
      run()
    }
  }
}

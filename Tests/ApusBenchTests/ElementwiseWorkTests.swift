import ApusCompute
import Testing

@testable import ApusBench

@Suite struct ElementwiseWorkTests {
  /// Every work runs, twice, as a measurement runs it.
  @Test func worksRun() {
    for work in elementwiseWork() {
      let run = work.prepare()
      run()
      run()
    }
  }
}

// The kernels' tests for processors that the test suite does not run on: Embedded Swift on a C library and nothing else.
// Tests/Constrained/embedded.sh compiles it for arm64 and runs it under qemu.

@main struct SelfTest {
  static func main() {
    var report = Report()
    run(FloatKernels.self, tolerance: 1e-5, &report)
    run(DoubleKernels.self, tolerance: 1e-13, &report)
    print("kernel self-test: ", terminator: "")
    print(report.checks, terminator: " checks, ")
    print(report.failures, terminator: " failures\n")
    exitProcess(report.failures == 0 && report.checks > 1000 ? 0 : 1)
  }

  static func run<K: TestedKernels>(_: K.Type, tolerance: Double, _ report: inout Report) {
    var tests = KernelTests<K>(tolerance: tolerance, report: report)
    tests.products()
    tests.productsOfVectors()
    tests.panels()
    tests.patches()
    tests.functionsOfOne()
    tests.functionsOfTwo()
    tests.reductions()
    tests.softmax()
    tests.pooling()
    tests.updates()
    tests.recurrentCell()
    report = tests.report
  }
}

/// What was checked and what failed.
struct Report {
  var checks = 0
  var failures = 0

  /// Records one comparison; prints the first failures.
  mutating func expect(_ holds: Bool, _ test: StaticString, _ place: Int) {
    checks += 1
    if holds { return }
    failures += 1
    if failures > 20 { return }
    print("failed: ", terminator: "")
    print(test, terminator: " at ")
    print(place)
  }
}

@_silgen_name("exit") func exitProcess(_ code: Int32) -> Never
@_silgen_name("exp") func libraryExp(_ x: Double) -> Double
@_silgen_name("expm1") func libraryExpm1(_ x: Double) -> Double
@_silgen_name("log") func libraryLog(_ x: Double) -> Double
@_silgen_name("log1p") func libraryLog1p(_ x: Double) -> Double
@_silgen_name("sin") func librarySin(_ x: Double) -> Double
@_silgen_name("cos") func libraryCos(_ x: Double) -> Double
@_silgen_name("tanh") func libraryTanh(_ x: Double) -> Double
@_silgen_name("erf") func libraryErf(_ x: Double) -> Double
@_silgen_name("pow") func libraryPow(_ x: Double, _ y: Double) -> Double

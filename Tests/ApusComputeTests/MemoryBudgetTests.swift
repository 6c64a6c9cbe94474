import Testing

@testable import ApusCompute

@Suite struct MemoryBudgetTests {
  private let statistics = "anon 1\ninactive_file 20971520\nactive_file 10485760\nslab_reclaimable 1048576\nfile 9\n"

  /// A group of 256 MiB, for as long as it is held, of which `used` MiB are used, 31 of those by pages of files.
  private func system(_ used: Int) throws -> FakeSystem {
    try FakeSystem.unified(
      "/",
      [
        "/memory.max": "\(256 << 20)", "/memory.swap.max": "0", "/memory.current": "\(used << 20)",
        "/memory.stat": statistics,
      ])
  }

  /// A budget that a macro's argument can change.
  private final class Counter {
    var budget: MemoryBudget

    init(bounds: [MemoryBound]) { budget = MemoryBudget(bounds: bounds) }

    var held: Int { budget.held }
    func take(_ bytes: Int) -> MemoryBudget.Shortage? { budget.take(bytes) }
    func fits(_ bytes: Int) -> Bool { take(bytes) == nil }
    func give(_ bytes: Int) { budget.give(bytes) }
  }

  private func budget(_ system: FakeSystem) -> Counter {
    Counter(bounds: ResourceLimits(root: system.root).memoryBounds)
  }

  @Test func whatFitsIsCountedAndWhatDoesNotIsRefused() throws {
    let system = try system(51)
    let budget = budget(system)
    // 252 MiB can be had, of which others use 51 − 31.
    #expect(budget.fits(200 << 20))
    let shortage = try #require(budget.take(40 << 20))
    #expect(shortage.limit == 256 << 20 && shortage.held == 200 << 20 && shortage.asked == 40 << 20)
    #expect(shortage.others == 20 << 20)
    #expect(
      shortage.description
        == "out of memory: 40 MiB asked for, but the limit is 256 MiB (\(system.root)/sys/fs/cgroup/memory.max), of which "
        + "the engine holds 200 MiB and others 20 MiB")
    #expect(budget.held == 200 << 20)
    budget.give(200 << 20)
    #expect(budget.fits(230 << 20))
  }

  @Test func whatOthersTakeIsSeen() throws {
    let system = try system(51)
    let budget = budget(system)
    #expect(budget.fits(100 << 20))
    // The engine has touched its 100 MiB, and someone else has taken another 100.
    try system.set("/sys/fs/cgroup/memory.current", "\(251 << 20)")
    #expect(!budget.fits(50 << 20))
    try system.set("/sys/fs/cgroup/memory.current", "\(151 << 20)")
    #expect(budget.fits(50 << 20))
  }

  @Test func pagesThatWereNotTouchedCount() throws {
    let system = try system(51)
    let budget = budget(system)
    for _ in 0..<23 { #expect(budget.fits(10 << 20)) }
    #expect(!budget.fits(10 << 20))
  }

  @Test func anOuterGroupMayBeTheFullOne() throws {
    let system = try FakeSystem.unified(
      "/a",
      [
        "/a/memory.max": "\(64 << 20)", "/a/memory.current": "\(1 << 20)", "/memory.max": "\(1 << 30)",
        "/memory.current": "\(1000 << 20)",
      ])
    let budget = budget(system)
    let shortage = try #require(budget.take(32 << 20))
    #expect(shortage.limit == 1 << 30)
    #expect(budget.fits(1 << 20))
  }

  @Test func version1CountsTheWholeTree() throws {
    let system = try FakeSystem.first(
      "/",
      [
        "/memory/memory.limit_in_bytes": "\(128 << 20)", "/memory/memory.usage_in_bytes": "\(100 << 20)",
        "/memory/memory.stat": "inactive_file 1\ntotal_inactive_file \(60 << 20)\ntotal_active_file \(20 << 20)\n",
      ])
    let budget = budget(system)
    #expect(budget.fits(100 << 20))
    #expect(!budget.fits(20 << 20))
  }

  @Test func theMachineIsABoundToo() throws {
    let system = try FakeSystem([
      "/proc/meminfo": "MemTotal: 1048576 kB\nMemAvailable: 524288 kB\nSwapTotal: 262144 kB\nSwapFree: 262144 kB\n"
    ])
    let budget = budget(system)
    #expect(!budget.fits(2 << 30))
    #expect(budget.fits(600 << 20))
    // Now that they are touched, 1112 MiB of 1280 are used.
    try system.set(
      "/proc/meminfo", "MemTotal: 1048576 kB\nMemAvailable: 0 kB\nSwapTotal: 262144 kB\nSwapFree: 172032 kB\n")
    #expect(!budget.fits(200 << 20))
  }

  @Test func swapIsMemoryWhereAGroupMaySwap() throws {
    let system = try self.system(51)
    try system.set(
      "/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 8000000 kB\nSwapTotal: 1048576 kB\nSwapFree: 1048576 kB\n")
    try system.set("/sys/fs/cgroup/memory.swap.max", "\(64 << 20)")
    let budget = budget(system)
    #expect(budget.fits(290 << 20))
    try system.set("/sys/fs/cgroup/memory.swap.max", "0")
    let strict = self.budget(system)
    #expect(!strict.fits(290 << 20))
  }

  @Test func unreadableNumbersAreZero() throws {
    let system = try FakeSystem.unified(
      "/", ["/memory.max": "\(64 << 20)", "/memory.current": "many", "/memory.stat": "inactive_file\n\n x y z"])
    let budget = budget(system)
    #expect(budget.fits(32 << 20))
    #expect(!budget.fits(40 << 20))
  }

  @Test func anythingGoesWithoutBounds() {
    let budget = Counter(bounds: [])
    #expect(budget.fits(1 << 60))
  }

  @Test func theUsersWish() async {
    #expect(MemoryBudget.bounds("unlimited").isEmpty)
    #expect(MemoryBudget.bounds("64M").first?.limit == 64 << 20)
    #expect(MemoryBudget.bounds("").count == ResourceLimits.current.memoryBounds.count)
    await #expect(processExitsWith: .exitCode(2)) { _ = MemoryBudget.bounds("much") }
  }

  @Test func words() {
    #expect(MemoryBudget.words(512) == "512 bytes")
    #expect(MemoryBudget.words(1536 << 10) == "1.5 MiB")
    #expect(MemoryBudget.words(24 << 30) == "24 GiB")
  }
}

import Testing

@testable import ApusCompute

@Suite struct ResourceLimitsTests {
  /// The limits of a system whose affinity mask has eight CPUs, or the ones in `mask`.
  private func limits(_ system: FakeSystem, mask: String = "ff") throws -> ResourceLimits {
    try system.set("/proc/self/status", "Name:\tapus\nCpus_allowed:\t\(mask)\nCpus_allowed_list:\t0-7\n")
    return ResourceLimits(root: system.root)
  }

  @Test func version2() throws {
    let system = try FakeSystem.unified(
      "/",
      ["/cpu.max": "250000 100000\n", "/memory.max": "536870912\n", "/memory.swap.max": "0\n"])
    let limits = try limits(system)
    #expect(limits.processorQuota?.value == 2.5)
    #expect(limits.processorQuota?.source == system.root + "/sys/fs/cgroup/cpu.max")
    #expect(limits.threads == 2)
    #expect(limits.memory?.limit == 512 << 20)
    #expect(limits.memory?.source == system.root + "/sys/fs/cgroup/memory.max")
  }

  @Test func version1() throws {
    let system = try FakeSystem.first(
      "/job",
      [
        "/cpu,cpuacct/job/cpu.cfs_quota_us": "50000\n", "/cpu,cpuacct/job/cpu.cfs_period_us": "100000\n",
        "/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        "/memory/job/memory.limit_in_bytes": "268435456\n", "/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "/cpuset/job/cpuset.cpus": "0-1,5\n",
      ])
    let limits = try limits(system)
    #expect(limits.processorQuota?.value == 0.5)
    #expect(limits.threads == 1)
    #expect(limits.memoryBounds.map(\.limit) == [256 << 20])
    try system.set("/proc/self/status", "Name:\tapus\n")
    #expect(ResourceLimits(root: system.root).processors == 3)
  }

  @Test func theTightestOfNestedGroupsHolds() throws {
    let system = try FakeSystem.unified(
      "/a/b/c",
      [
        "/a/cpu.max": "300000 100000", "/a/b/cpu.max": "max 100000", "/a/b/c/cpu.max": "400000 100000",
        "/a/memory.max": "1073741824", "/a/b/memory.max": "67108864", "/a/b/c/memory.max": "max",
      ])
    let limits = try limits(system)
    #expect(limits.processorQuota?.value == 3)
    #expect(limits.processorQuota?.source.hasSuffix("/a/cpu.max") == true)
    #expect(limits.memoryBounds.map(\.limit) == [64 << 20, 1 << 30])
    #expect(limits.memory?.limit == 64 << 20)
  }

  @Test func aContainerSeesOnlyItsPartOfTheTree() throws {
    // The mount shows /docker/x as its top, and the process's place is named from the machine's top.
    let part = try FakeSystem.unified("/docker/x/y", top: "/docker/x", ["/y/cpu.max": "100000 100000"])
    #expect(try limits(part).threads == 1)
    // A place that the mount does not show: its top is looked at.
    let other = try FakeSystem.unified("/elsewhere", top: "/docker/x", ["/cpu.max": "200000 100000"])
    #expect(try limits(other).threads == 2)
    let above = try FakeSystem.unified("/../../other", ["/cpu.max": "200000 100000"])
    #expect(try limits(above).threads == 2)
  }

  @Test func maxIsNoLimit() throws {
    let system = try FakeSystem.unified("/", ["/cpu.max": "max 100000\n", "/memory.max": "max\n"])
    let limits = try limits(system)
    #expect(limits.processorQuota == nil && limits.memory == nil && limits.threads == 8)
  }

  @Test(arguments: [
    "", "\n", "100000", "a b", "-5 100000", "0 100000", "100000 0", "100000 -1", "1 2 3",
    "99999999999999999999 100000", "max", "1e5 1e5", "100000,100000",
  ])
  func malformedQuotasAreNone(text: String) throws {
    let system = try FakeSystem.unified("/", ["/cpu.max": text])
    #expect(try limits(system).processorQuota == nil)
  }

  @Test(arguments: ["", "-1", "18446744073709551615", "9223372036854771712", "12 MB", "0x100", "\0\0"])
  func malformedMemoryLimitsAreNone(text: String) throws {
    let second = try FakeSystem.unified("/", ["/memory.max": text])
    #expect(try limits(second).memory == nil)
    let first = try FakeSystem.first("/", ["/memory/memory.limit_in_bytes": text])
    #expect(try limits(first).memory == nil)
  }

  @Test func enormousAndTinyQuotasStayInRange() throws {
    let system = try FakeSystem.unified("/", ["/cpu.max": "9223372036854775807 1"])
    #expect(try limits(system, mask: String(repeating: "ffffffff,", count: 3000)).threads == 256)
    try system.set("/sys/fs/cgroup/cpu.max", "1 9223372036854775807")
    #expect(try limits(system).threads == 1)
  }

  @Test(arguments: [
    "", "::::", "0::", "0:", "0::relative", "x", "0::/\n0::/other", "5:cpu:/", "\u{FFFD}\0", "1:cpu,memory",
    "0::" + String(repeating: "/a", count: 100_000), "0::" + String(repeating: "/", count: 5000),
  ])
  func hostilePlaces(text: String) throws {
    let system = try FakeSystem.unified("/", ["/cpu.max": "100000 100000"])
    try system.set("/proc/self/cgroup", text)
    // The one limit there is, or none: never a trap, never another.
    #expect(try [1, 8].contains(limits(system).threads))
  }

  @Test(arguments: [
    "", "- - - -", "1 2 3 4 5 6 - cgroup2", "1 2 3 4 5 6 - cgroup2 x", "a b c / /sys/fs/cgroup rw - cgroup2 c rw",
    "30 22 0:26 / /sys\\0 rw - cgroup2 cgroup2 rw", "30 22 0:26 / \\777\\ rw - cgroup2 cgroup2 rw",
    String(repeating: "30 22 0:26 / / rw - cgroup2 cgroup2 rw\n", count: 3000),
    String(repeating: "x", count: 2 << 20),
  ])
  func hostileMounts(text: String) throws {
    let system = try FakeSystem.unified("/", ["/cpu.max": "100000 100000"])
    try system.set("/proc/self/mountinfo", text)
    #expect(try [1, 8].contains(limits(system).threads))
  }

  @Test func escapedMountPoints() throws {
    let system = try FakeSystem([
      "/proc/self/cgroup": "0::/\n",
      "/proc/self/mountinfo": "30 22 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n",
      "/my groups/cpu.max": "100000 100000",
    ])
    #expect(try limits(system).threads == 1)
  }

  @Test func nothingIsKnown() throws {
    let system = try FakeSystem([:])
    let limits = ResourceLimits(root: system.root)
    #expect(limits.processors >= 1 && limits.threads >= 1)
    #expect(limits.processorQuota == nil && limits.memoryBounds.isEmpty)
  }

  @Test func oneCPUIsOneThread() throws {
    #expect(try limits(try FakeSystem([:]), mask: "1").threads == 1)
    #expect(
      try limits(try FakeSystem.unified("/", ["/cpu.max": "190000 100000"]), mask: "00000000,0000000f").threads == 1)
    #expect(
      try limits(try FakeSystem.unified("/", ["/cpu.max": "900000 100000"]), mask: "00000000,0000000f").threads == 4)
  }

  @Test func listsOfProcessors() {
    #expect(ControlGroups.processorCount(list: "0") == 1)
    #expect(ControlGroups.processorCount(list: "0-3,7,10-11") == 7)
    for text in ["", "a", "3-1", "0-", "-", "1,,2", "0-3-5", "-1", "99999999"] {
      #expect(ControlGroups.processorCount(list: text[...]) == nil, "\(text)")
    }
  }

  @Test func thisSystem() {
    #expect(ResourceLimits.current.threads >= 1)
    #expect(ResourceLimits.current.memoryBounds.allSatisfy { $0.limit > 0 })
  }
}

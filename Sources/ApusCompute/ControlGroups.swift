/// Where this process stands in the kernel's control groups (cgroups): the folders whose limits hold for it.
///
/// Version 1 has a tree for each controller, version 2 one for all; a machine may have both. `/proc/self/cgroup` tells the
/// process's place in each tree, `/proc/self/mountinfo` where the trees are mounted, and which part of a tree a container
/// sees there. A limit may stand at any folder from the process's own up to the mount, and the tightest holds.
///
/// The files are the kernel's, but a container's runtime may have put others in their place, so nothing in them is believed to be
/// well formed: what does not parse is no limit.
struct ControlGroups {
  /// A controller of version 1, or the one tree of version 2.
  enum Tree: Hashable {
    case unified
    case controller(String)
  }

  /// Prepended to every path: "" for the system's own files, a folder that looks like one in tests.
  let root: String
  /// For each tree, where the process is in it.
  private var places: [Tree: String] = [:]
  /// For each tree, where it is mounted and which of its folders is seen there.
  private var mounts: [Tree: (point: String, top: String)] = [:]

  /// Controllers that are asked for.
  private static let controllers = ["cpu", "cpuset", "memory"]
  /// Folders within folders that are looked at; the kernel's own nesting is far shallower.
  private static let maximumDepth = 64

  init(root: String = "") {
    self.root = root
    for line in (readFile(root + "/proc/self/cgroup") ?? "").split(separator: "\n") {
      // "4:cpu,cpuacct:/a/b" in version 1, "0::/a/b" in version 2.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/") else { continue }
      for tree in Self.trees(named: parts[1], isUnified: parts[0] == "0" && parts[1].isEmpty) {
        places[tree] = places[tree] ?? String(parts[2])
      }
    }
    guard !places.isEmpty else { return }
    for line in (readFile(root + "/proc/self/mountinfo") ?? "").split(separator: "\n") {
      // "ID parent device top point options… - type source options".
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, dash + 3 < fields.count,
        fields[dash + 1] == "cgroup" || fields[dash + 1] == "cgroup2"
      else { continue }
      for tree in Self.trees(named: fields[dash + 3], isUnified: fields[dash + 1] == "cgroup2") {
        mounts[tree] = mounts[tree] ?? (Self.unescaped(fields[4]), Self.unescaped(fields[3]))
      }
    }
  }

  private static func trees(named list: Substring, isUnified: Bool) -> [Tree] {
    if isUnified { return [.unified] }
    let names = list.split(separator: ",").map(String.init)
    return controllers.filter(names.contains).map(Tree.controller)
  }

  /// The folders whose limits hold, the process's own first, the mount last; empty when the tree is not mounted.
  func folders(_ tree: Tree) -> [String] {
    guard let mount = mounts[tree], let place = places[tree] else { return [] }
    var below: [Substring] = []
    let parts = place.split(separator: "/")
    let top = mount.top.split(separator: "/")
    // Another part of the tree than the mount shows (a namespace of its own): its top is all that can be seen.
    if parts.starts(with: top), !parts.contains(".."), parts.count - top.count <= Self.maximumDepth {
      below = Array(parts.dropFirst(top.count))
    }
    return stride(from: below.count, through: 0, by: -1).map { count in
      ([root + mount.point] + below.prefix(count).map(String.init)).joined(separator: "/")
    }
  }

  /// mountinfo writes a space as `\040`, likewise tab, newline and backslash.
  private static func unescaped(_ text: Substring) -> String {
    guard text.utf8.contains(UInt8(ascii: "\\")) else { return String(text) }
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The CPU time that the groups grant, in CPUs, and the file that says so; nil when nothing bounds it.
  var processorQuota: SystemLimit<Double>? {
    let unified = folders(.unified).compactMap { folder -> SystemLimit<Double>? in
      let file = folder + "/cpu.max"
      // "150000 100000": microseconds of each period, or "max".
      guard let numbers = readFile(file)?.split(whereSeparator: \.isWhitespace).map({ Int($0) }), numbers.count == 2
      else { return nil }
      return Self.quota(numbers[0], of: numbers[1], file)
    }
    let first = folders(.controller("cpu")).compactMap { folder -> SystemLimit<Double>? in
      let file = folder + "/cpu.cfs_quota_us"
      return Self.quota(Self.integer(file), of: Self.integer(folder + "/cpu.cfs_period_us"), file)
    }
    return (unified + first).min { $0.value < $1.value }
  }

  private static func quota(_ time: Int?, of period: Int?, _ file: String) -> SystemLimit<Double>? {
    guard let time, let period, time > 0, period > 0 else { return nil }
    return SystemLimit(value: Double(time) / Double(period), source: file)
  }

  /// The CPUs of the process's cpuset; nil when none says.
  ///
  /// The kernel narrows the affinity mask to them, so this only matters where that mask cannot be asked for.
  var cpusetSize: Int? {
    let files =
      folders(.unified).map { $0 + "/cpuset.cpus.effective" }
      + folders(.controller("cpuset")).flatMap { [$0 + "/cpuset.effective_cpus", $0 + "/cpuset.cpus"] }
    return files.lazy.compactMap { readFile($0).flatMap { Self.processorCount(list: $0.trimmingSpaces) } }.first
  }

  /// "0-3,7" → 5; nil for what is no such list.
  static func processorCount(list: Substring) -> Int? {
    var count = 0
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
      guard ends.count <= 2, let low = ends[0], let high = ends[ends.count - 1], low <= high else { return nil }
      count += Int(high - low) + 1
    }
    return count
  }

  /// The groups that bound the process's memory, innermost first.
  var memoryBounds: [MemoryBound] {
    let unified = folders(.unified).compactMap { folder -> MemoryBound? in
      let file = folder + "/memory.max"
      guard let limit = Self.byteLimit(file) else { return nil }
      return MemoryBound(
        limit: limit, source: file, swap: Self.byteLimit(folder + "/memory.swap.max"),
        usage: .group(current: folder + "/memory.current", statistics: folder + "/memory.stat", prefix: ""))
    }
    let first = folders(.controller("memory")).compactMap { folder -> MemoryBound? in
      let file = folder + "/memory.limit_in_bytes"
      guard let limit = Self.byteLimit(file) else { return nil }
      return MemoryBound(
        limit: limit, source: file,
        swap: Self.byteLimit(folder + "/memory.memsw.limit_in_bytes").map { max(0, $0 - limit) },
        usage: .group(
          current: folder + "/memory.usage_in_bytes", statistics: folder + "/memory.stat", prefix: "total_"))
    }
    return unified + first
  }

  /// A number of bytes that bounds anything: "max" does not, nor does version 1's largest number.
  private static func byteLimit(_ file: String) -> Int? {
    integer(file).flatMap { $0 >= 0 && $0 < 1 << 60 ? $0 : nil }
  }

  static func integer(_ file: String) -> Int? {
    readFile(file).flatMap { Int($0.trimmingSpaces) }
  }
}

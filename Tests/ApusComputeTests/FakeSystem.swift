import Foundation

/// A folder that looks like a system's `/proc` and `/sys/fs/cgroup`, removed when it is released.
final class FakeSystem {
  let root: String

  /// - Parameter files: Contents by absolute path, as "/proc/self/cgroup".
  init(_ files: [String: String]) throws {
    root = FileManager.default.temporaryDirectory.appendingPathComponent("apus-system-\(UUID().uuidString)").path
    for (path, text) in files { try set(path, text) }
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func set(_ path: String, _ text: String) throws {
    let url = URL(fileURLWithPath: root + path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: url, atomically: false, encoding: .utf8)
  }

  /// A process in `place` of version 2's tree, and the files of that tree.
  static func unified(_ place: String, top: String = "/", _ files: [String: String]) throws -> FakeSystem {
    let system = try FakeSystem([
      "/proc/self/cgroup": "0::\(place)\n",
      "/proc/self/mountinfo": """
      22 1 0:20 / / rw - ext4 /dev/root rw
      30 22 0:26 \(top) /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate

      """,
    ])
    for (path, text) in files { try system.set("/sys/fs/cgroup" + path, text) }
    return system
  }

  /// A process in `place` of version 1's trees, and the files below `/sys/fs/cgroup`.
  static func first(_ place: String, top: String = "/", _ files: [String: String]) throws -> FakeSystem {
    let system = try FakeSystem([
      "/proc/self/cgroup": "4:memory:\(place)\n3:cpuset:\(place)\n2:cpu,cpuacct:\(place)\n1:name=systemd:/\n",
      "/proc/self/mountinfo": """
      31 30 0:27 \(top) /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
      32 30 0:28 \(top) /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset
      33 30 0:29 \(top) /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
      34 30 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd

      """,
    ])
    for (path, text) in files { try system.set("/sys/fs/cgroup" + path, text) }
    return system
  }
}

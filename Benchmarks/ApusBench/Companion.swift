import Foundation

/// The path of another program of this package, which was built beside this one. Ends this program when it is not there.
func companion(_ name: String) -> String {
  let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  let path = folder.appendingPathComponent(name).path
  guard FileManager.default.isExecutableFile(atPath: path) else {
    fail("\(path) is not there: swift build -c release --product \(name) makes it")
  }
  return path
}

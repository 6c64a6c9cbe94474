// swift-tools-version: 6.2
import PackageDescription

// A package that depends on Apus by tag, as a user's would. Tests/Constrained/dependency.sh copies it somewhere else, names
// a repository in APUS_URL, and builds and runs it. Each program takes as much of Apus as its purpose needs and no more.

let apus = Context.environment["APUS_URL"] ?? "https://github.com/apus-swift/Apus"

func program(_ name: String, _ products: String...) -> Target {
  .executableTarget(name: name, dependencies: products.map { .product(name: $0, package: "Apus") })
}

let package = Package(
  name: "consumer",
  dependencies: [.package(url: apus, from: "1.0.0")],
  targets: [
    program("sgemm", "ApusCompute"),
    program("conv2d", "ApusCompute"),
    program("named", "ApusInference"),
    program("digits", "ApusNN"),
    program("train", "Apus"),
    .executableTarget(name: "stopwatch"),
    .executableTarget(name: "slim"),
  ]
)

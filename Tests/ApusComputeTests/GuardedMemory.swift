#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Scalars that end where a page begins that may not be touched: reading behind the last one kills the process.
final class GuardedMemory<Scalar: BinaryFloatingPoint> {
  let pointer: UnsafeMutablePointer<Scalar>
  let count: Int
  private let base: UnsafeMutableRawPointer
  private let bytes: Int

  init(_ values: [Scalar]) {
    let page = sysconf(Int32(_SC_PAGESIZE))
    let used = values.count * MemoryLayout<Scalar>.stride
    bytes = (used + page - 1) / page * page + page
    base = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    precondition(mprotect(base + (bytes - page), page, PROT_NONE) == 0, "mprotect")
    pointer = (base + (bytes - page - used)).bindMemory(to: Scalar.self, capacity: values.count)
    count = values.count
    for (index, value) in values.enumerated() { pointer[index] = value }
  }

  deinit { munmap(base, bytes) }

  var values: [Scalar] { (0..<count).map { pointer[$0] } }
}

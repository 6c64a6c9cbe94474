/// Named arrays in NumPy's .npz format: a zip archive of npy files.
///
/// ```swift
/// let file = try NPZFile(path: "mnist.npz")
/// let images = file["x_train"]             // an NPYFile
/// ```
///
/// Members may be stored (`numpy.savez`) or deflated (`savez_compressed`); their checksums are verified. Archives of more than
/// 4 GB, encrypted ones and those in several parts are refused.
public struct NPZFile: Equatable, Sendable {
  /// The arrays in the order of the archive, without the ".npy" of their names.
  public private(set) var entries: [(name: String, array: NPYFile)] = []

  /// A file without arrays.
  public init() {}

  /// The array of a name, or nil. Assigning replaces it, or adds it at the end.
  public subscript(name: String) -> NPYFile? {
    get { entries.first { $0.name == name }?.array }
    set {
      let place = entries.firstIndex { $0.name == name }
      switch (place, newValue) {
      case (let place?, let array?): entries[place].array = array
      case (nil, let array?): entries.append((name, array))
      case (let place?, nil): entries.remove(at: place)
      case (nil, nil): break
      }
    }
  }

  /// Whether both hold the same arrays under the same names in the same order.
  public static func == (a: NPZFile, b: NPZFile) -> Bool {
    a.entries.elementsEqual(b.entries) { $0.name == $1.name && $0.array == $1.array }
  }

  /// Reads a file.
  ///
  /// - Throws: `DataError` when it cannot be read, or breaks a rule of zip or npy.
  public init(path: String) throws(DataError) {
    self = try locating(path) { () throws(DataError) in try NPZFile(FileAccess.read(path)) }
  }

  /// Reads the bytes of a file.
  ///
  /// - Parameter limit: the most bytes that a member may unfold to.
  /// - Throws: `DataError`, as `init(path:)` does.
  public init(_ file: [UInt8], limit: Int = Gzip.defaultLimit) throws(DataError) {
    for member in try ZipArchive.members(file) {
      guard member.name.hasSuffix(".npy") else { continue }
      let content = try ZipArchive.content(member, of: file, limit: limit)
      do throws(DataError) {
        self[String(member.name.dropLast(4))] = try NPYFile(content)
      } catch {
        throw error.located(in: quoted(member.name))
      }
    }
  }

  /// The bytes of the file; members are stored, as `numpy.savez` does.
  ///
  /// - Throws: `tooLarge` beyond 4 GB.
  public func encoded() throws(DataError) -> [UInt8] {
    try ZipArchive.encode(entries.map { (name: $0.name + ".npy", content: $0.array.encoded) })
  }

  /// Writes the file. A reader sees the old file or the whole new one.
  ///
  /// - Throws: `DataError` of kind `unwritable`, or `tooLarge` beyond 4 GB.
  public func write(to path: String) throws(DataError) { try FileAccess.write(encoded(), to: path) }
}

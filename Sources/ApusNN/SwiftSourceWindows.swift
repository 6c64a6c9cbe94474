import ApusData

// What walks over planes, in floats and in bytes alike.

extension SourceRuntime {
  /// `pad` and `maximum` of numbers of a type; `lowest` is below all of them.
  static func windows(of type: String, lowest: String) -> [Function] {
    walk.map { name, text in (name, text.substituting("SCALAR", with: type).substituting("LOWEST", with: lowest)) }
  }

  private static let walk: [Function] = [
    (
      "pad",
      #"""
        /// Lays planes into a frame of `zero`.
        private static func pad(
          _ x: UnsafePointer<SCALAR>, _ y: UnsafeMutablePointer<SCALAR>, planes: Int, height: Int, width: Int, top: Int,
          left: Int, rows: Int, columns: Int, zero: SCALAR
        ) {
          y.update(repeating: zero, count: planes * rows * columns)
          for plane in 0..<planes {
            for row in 0..<height {
              (y + (plane * rows + row + top) * columns + left).update(
                from: x + (plane * height + row) * width, count: width)
            }
          }
        }

      """#
    ),
    (
      "maximum",
      #"""
        /// The maximum of every window.
        private static func maximum(
          _ x: UnsafePointer<SCALAR>, _ y: UnsafeMutablePointer<SCALAR>, planes: Int, height: Int, width: Int,
          kernel: (Int, Int), step: (Int, Int), padding: (Int, Int), dilation: (Int, Int), size: (Int, Int)
        ) {
          for plane in 0..<planes {
            let source = x + plane * height * width
            let target = y + plane * size.0 * size.1
            for row in 0..<size.0 {
              for column in 0..<size.1 {
                var largest: SCALAR = LOWEST
                for i in 0..<kernel.0 {
                  let r = row * step.0 - padding.0 + i * dilation.0
                  if r < 0 || r >= height { continue }
                  for j in 0..<kernel.1 {
                    let c = column * step.1 - padding.1 + j * dilation.1
                    if c < 0 || c >= width { continue }
                    let value = source[r * width + c]
                    if value > largest { largest = value }
                  }
                }
                target[row * size.1 + column] = largest
              }
            }
          }
        }

      """#
    ),
  ]
}

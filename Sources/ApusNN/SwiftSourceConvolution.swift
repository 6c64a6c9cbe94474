import ApusData

extension SourceRuntime {
  /// What a convolution of floats and one of bytes do differently. In each, CHANNEL stands for the number of an output channel, 0 to 3.
  struct Convolution {
    /// The types of the input and the output, of the weights, and of the biases and sums.
    let numbers: (activation: String, weight: String, sum: String)
    /// Parameters between the bias and the sizes, with a comma behind each, and those at the end.
    let parameters: (inner: String, last: String)
    /// Declarations before the loops.
    let declarations: String
    /// Eight neighbours at `place`, and one pixel there, eight times.
    let pixels: (eight: String, one: String)
    /// Adds `pixels` times a weight to a sum.
    let step: String
    /// Stores eight sums, and one.
    let stores: (eight: String, one: String)
    /// The function that stores eight.
    let store: String
  }

  /// The text of a convolution. A line with CHANNEL in it is there four times.
  static func convolve(_ parts: Convolution) -> Function {
    let text =
      convolution.substituting("ACTIVATION", with: parts.numbers.activation)
      .substituting("WEIGHT", with: parts.numbers.weight).substituting("INNER", with: parts.parameters.inner)
      .substituting("LAST", with: parts.parameters.last).substituting("DECLARATIONS", with: parts.declarations)
      .substituting("EIGHT_PIXELS", with: parts.pixels.eight).substituting("ONE_PIXEL", with: parts.pixels.one)
      .substituting("STEP", with: parts.step).substituting("STORE_EIGHT", with: parts.stores.eight)
      .substituting("STORE_ONE", with: parts.stores.one).substituting("SUM", with: parts.numbers.sum)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
      line.holds("CHANNEL") ? (0..<4).map { line.substituting("CHANNEL", with: "\($0)") } : [String(line)]
    }
    return ("convolve", lines.joined(separator: "\n") + parts.store)
  }

  private static let convolution = #"""
      /// A convolution without padding. Four channels of the output are computed together, eight pixels of a row at a
      /// time where pixels are neighbours; at an edge some are computed twice.
      private static func convolve(
        _ x: UnsafePointer<ACTIVATION>, _ y: UnsafeMutablePointer<ACTIVATION>, weight: UnsafeRawPointer,
        bias: UnsafeRawPointer, INNERchannels: Int, height: Int, width: Int, outputs: Int, groups: Int,
        kernel: (Int, Int), step: (Int, Int), dilation: (Int, Int), size: (Int, Int), LAST
      ) {
        let bias = bias.assumingMemoryBound(to: SUM.self)
        DECLARATIONS
        let depth = channels * kernel.0 * kernel.1
        let isWide = step.1 == 1 && size.1 >= 8
        for group in 0..<groups {
          let source = x + group * channels * height * width
          var output = 0
          while output < outputs {
            let cCHANNEL = group * outputs + min(output + CHANNEL, outputs - 1)
            let wCHANNEL = weight.assumingMemoryBound(to: WEIGHT.self) + cCHANNEL * depth
            for row in 0..<size.0 {
              var column = 0
              while column < size.1 {
                let first = isWide ? min(column, size.1 - 8) : column
                var aCHANNEL = SIMD8<SUM>(repeating: bias[cCHANNEL])
                var tap = 0
                for channel in 0..<channels {
                  for i in 0..<kernel.0 {
                    let line = source + (channel * height + row * step.0 + i * dilation.0) * width + first * step.1
                    for j in 0..<kernel.1 {
                      let place = line + j * dilation.1
                      let pixels = isWide ? EIGHT_PIXELS : ONE_PIXEL
                      STEP
                      tap += 1
                    }
                  }
                }
                let target = y + row * size.1 + first
                let plane = size.0 * size.1
                if isWide {
                  STORE_EIGHT
                  column = first + 8
                } else {
                  STORE_ONE
                  column += 1
                }
              }
            }
            output += 4
          }
        }
      }

    """#
}

// A convolution on plain buffers, held against its definition.
import ApusCompute

let geometry = ConvolutionGeometry(
  batch: 2, inputChannels: 3, inputHeight: 17, inputWidth: 19, outputChannels: 8, kernelHeight: 5, kernelWidth: 3,
  stride: (2, 1), padding: (top: 2, bottom: 2, left: 1, right: 1))
let input = (0..<geometry.inputCount).map { Float($0 % 13) - 6 }
let weight = (0..<geometry.weightCount).map { Float($0 % 7) - 3 }
var output = [Float](repeating: .nan, count: geometry.outputCount)
convolutionForward(geometry, input: input, weight: weight, bias: nil, output: &output)

var index = 0
for image in 0..<2 {
  for channel in 0..<8 {
    for y in 0..<geometry.outputHeight {
      for x in 0..<geometry.outputWidth {
        var expected: Float = 0
        for source in 0..<3 {
          for ky in 0..<5 {
            for kx in 0..<3 {
              let (row, column) = (2 * y + ky - 2, x + kx - 1)
              guard (0..<17).contains(row), (0..<19).contains(column) else { continue }
              expected +=
                input[((image * 3 + source) * 17 + row) * 19 + column]
                * weight[((channel * 3 + source) * 5 + ky) * 3 + kx]
            }
          }
        }
        precondition(output[index] == expected, "output \(index) is \(output[index]) instead of \(expected)")
        index += 1
      }
    }
  }
}
print("conv2d \(geometry.operations) operations on \(InstructionSet.active): right")

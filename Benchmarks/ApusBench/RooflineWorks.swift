import Apus
import ApusCompute

/// What the roofline places: products, products with a vector, convolutions, and what is bound by memory.
func rooflineWorks() -> [(group: String, work: Work)] {
  var works: [(group: String, work: Work)] = []
  for work in matrixProducts() { works.append((work.shape.hasPrefix("1x") ? "gemv" : "gemm", work)) }
  for work in convolutions() { works.append(("conv", work)) }
  for work in elementwiseWork() { works.append((group(ofFunction: work.op), work)) }
  for work in poolings() { works.append(("pooling", work)) }
  for work in optimizerSteps() { works.append(("optimizer", work)) }
  return works
}

private func group(ofFunction name: String) -> String {
  if name.contains("softmax") { return "softmax" }
  return name.contains("sum") || name.contains("max") ? "reduction" : "elementwise"
}

/// Max pooling of the convolutional models, with the positions that training needs. A comparison counts as an operation.
private func poolings() -> [Work] {
  [(64 * 32, 24), (64 * 10, 24), (128 * 64, 11)].map { planes, size in
    let geometry = PoolingGeometry(planes: planes, height: size, width: size, kernel: (2, 2))
    let comparisons = 3 * Double(geometry.outputCount)
    let bytes = 4 * Double(geometry.inputCount + 2 * geometry.outputCount)
    let shape = "\(planes)x\(size)x\(size)"
    return Work(op: "max-pool 2x2", shape: shape, operations: comparisons, hasPeak: false, bytes: bytes) {
      let x = Buffer(geometry.inputCount, seed: 1)
      let y = Buffer(geometry.outputCount, seed: 2)
      let indices = Positions(geometry.outputCount)
      return {
        maxPool(x.pointer, into: y.pointer, indices: indices.pointer, geometry)
        withExtendedLifetime((x, y, indices)) {}
      }
    }
  }
}

/// Updates of the parameters of `keras-cnn` and of a model of a million and a half.
private func optimizerSteps() -> [Work] {
  var works: [Work] = []
  for count in [225_034, 1_500_000] {
    let elements = Double(count)
    // g + momentum · v, then p − rate · v: two multiply-adds; reads p, g and v, writes p and v.
    let sgd = Work(
      op: "sgd-momentum", shape: "\(count)", operations: 4 * elements, hasPeak: false, bytes: 20 * elements
    ) {
      let (p, g, v) = (Buffer(count, seed: 1), Buffer(count, seed: 2), Buffer(count, seed: 3))
      let settings = SGDSettings(learningRate: 1e-9, momentum: 0.5)
      return {
        sgdStep(
          [SGDArrays(p.pointer, gradients: g.pointer, velocities: v.pointer, count: count, isFirst: false)], settings)
        withExtendedLifetime((p, g, v)) {}
      }
    }
    // Two means of three operations and four, a root, a division and an update; reads four arrays, writes three.
    let adam = Work(op: "adam", shape: "\(count)", operations: 12 * elements, hasPeak: false, bytes: 28 * elements) {
      let (p, g) = (Buffer(count, seed: 1), Buffer(count, seed: 2))
      let (m, v) = (Buffer(count, seed: 3), Buffer(count, seed: 4))
      let settings = AdamSettings(learningRate: 1e-9)
      return {
        adamStep(
          [
            AdamArrays(
              p.pointer, gradients: g.pointer, means: m.pointer, squares: v.pointer, greatestSquares: nil,
              count: count, step: 10)
          ], settings)
        withExtendedLifetime((p, g, m, v)) {}
      }
    }
    works += [sgd, adam]
  }
  return works
}

/// Room for positions of maxima.
private final class Positions {
  let pointer: UnsafeMutablePointer<Int32>

  init(_ count: Int) {
    pointer = .allocate(capacity: count)
    pointer.initialize(repeating: 0, count: count)
  }

  deinit { pointer.deallocate() }
}

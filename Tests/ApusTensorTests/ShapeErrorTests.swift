import Testing

@testable import ApusTensor

/// What a program that makes a mistake prints before it ends.
private func message(_ result: ExitTest.Result?) -> String {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}

@Suite struct ShapeErrorTests {
  @Test func additionNamesBothShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]) + Tensor.zeros([4])
    }
    #expect(message(result).contains("+: the shapes do not broadcast (shapes [2, 3] and [4])"))
  }

  @Test func matmulNamesBothShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = matmul(Tensor<Float>.zeros([2, 3]), Tensor.zeros([4, 5]))
    }
    #expect(message(result).contains("matmul: the inner extents differ (shapes [2, 3] and [4, 5])"))
  }

  @Test func matmulBatchesMustBroadcast() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = matmul(Tensor<Float>.zeros([2, 3, 4]), Tensor.zeros([3, 4, 5]))
    }
    #expect(message(result).contains("matmul: the shapes do not broadcast"))
  }

  @Test func linearNamesBothShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = linear(Tensor<Float>.zeros([2, 3]), Tensor.zeros([5, 4]))
    }
    #expect(message(result).contains("linear: the input does not fit the weight (shapes [2, 3] and [5, 4])"))
  }

  @Test func reshapeNamesBothShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).reshaped(4, 2)
    }
    #expect(message(result).contains("reshaped: the numbers of elements differ (shapes [2, 3] and [4, 2])"))
  }

  @Test func reshapeMustFill() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).reshaped(4, -1)
    }
    #expect(message(result).contains("reshaped: 6 elements do not fill [4, -1] (shape [2, 3])"))
  }

  @Test func badAxisIsNamed() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).sum(dim: 2)
    }
    #expect(message(result).contains("sum: there is no dimension 2 (shape [2, 3])"))
  }

  @Test func negativeAxisIsNamed() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = softmax(Tensor<Float>.zeros([2, 3]), dim: -3)
    }
    #expect(message(result).contains("softmax: there is no dimension -3 (shape [2, 3])"))
  }

  @Test func repeatedAxisIsNamed() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).mean(dims: [0, -2])
    }
    #expect(message(result).contains("mean: dimension 0 is given twice in [0, -2] (shape [2, 3])"))
  }

  @Test func overflowingShape() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([1 << 40, 1 << 40])
    }
    #expect(message(result).contains("the number of elements of [1099511627776, 1099511627776] overflows"))
  }

  @Test func overflowingBytes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Double>.zeros([1 << 61])
    }
    #expect(message(result).contains("Tensor: 2305843009213693952 elements are more bytes than can be addressed"))
  }

  @Test func outOfMemory() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([1 << 55])
    }
    #expect(message(result).contains("Tensor: out of memory"))
  }

  @Test func negativeExtent() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, -1])
    }
    #expect(message(result).contains("Shape: [2, -1] has a negative extent"))
  }

  @Test func tooManyDimensions() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([1, 1, 1, 1, 1, 1, 1, 1, 1])
    }
    #expect(message(result).contains("a tensor has at most 8 dimensions"))
  }

  @Test func wrongNumberOfScalars() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>([1, 2, 3], shape: [2, 2])
    }
    #expect(message(result).contains("Tensor: 3 scalars do not fill the shape (shape [2, 2])"))
  }

  @Test func positionOutside() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3])[0, 3]
    }
    #expect(message(result).contains("slice: there is no position 3 in dimension 1 (shape [2, 3])"))
  }

  @Test func gatherOutside() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 3]).indexSelect(0, [0, 2])
    }
    #expect(message(result).contains("indexSelect: there is no position 2 in dimension 0 (shape [2, 3])"))
  }

  @Test func convolutionNamesBothShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = conv2d(Tensor<Float>.zeros([1, 3, 8, 8]), Tensor.zeros([4, 2, 3, 3]))
    }
    #expect(message(result).contains("conv2d: the weight does not fit"))
    #expect(message(result).contains("[1, 3, 8, 8] and [4, 2, 3, 3]"))
  }

  @Test func convolutionKernelTooLarge() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = conv2d(Tensor<Float>.zeros([1, 1, 2, 2]), Tensor.zeros([1, 1, 3, 3]))
    }
    #expect(message(result).contains("conv2d: the kernel is larger than the image"))
  }

  @Test func poolingWindowTooLarge() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = maxPool2d(Tensor<Float>.zeros([1, 1, 2, 2]), 3)
    }
    #expect(message(result).contains("maxPool2d: the window is larger than the image"))
  }

  @Test func concatenationNamesBothShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = concatenated([Tensor<Float>.zeros([2, 3]), Tensor.zeros([3, 2])])
    }
    #expect(
      message(result).contains("concatenated: the shapes differ in more than dimension 0 (shapes [2, 3] and [3, 2])"))
  }

  @Test func maximumOfNothing() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor<Float>.zeros([2, 0]).max(dim: 1)
    }
    #expect(message(result).contains("max: there are no numbers to choose from (shape [2, 0])"))
  }

  @Test func inPlaceMustKeepTheShape() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var a = Tensor<Float>.zeros([3])
      a += Tensor.zeros([2, 3])
    }
    #expect(message(result).contains("+=: the right side does not broadcast to the left (shapes [3] and [2, 3])"))
  }
}

import Apus
import Testing

@Suite struct ConfusionMatrixTests {
  /// Worked by hand: class 0 found 3 of 4, class 1 found 1 of 2.
  static func sample() -> ConfusionMatrix {
    var matrix = ConfusionMatrix(classCount: 3, classNames: ["cat", "dog", "owl"])
    matrix.add(truths: [0, 0, 0, 0, 1, 1], predictions: [0, 0, 0, 1, 1, 0])
    return matrix
  }

  @Test func figures() {
    let matrix = Self.sample()
    #expect(matrix[0, 0] == 3)
    #expect(matrix[0, 1] == 1)
    #expect(matrix[1, 0] == 1)
    #expect(matrix.total == 6)
    #expect(matrix.accuracy == 4.0 / 6)
    #expect(matrix.precision(0) == 0.75)
    #expect(matrix.recall(0) == 0.75)
    #expect(matrix.f1(0) == 0.75)
    #expect(matrix.precision(1) == 0.5)
    #expect(matrix.recall(1) == 0.5)
    #expect(matrix.support(0) == 4)
    // A class that never came is 0, not a division by zero.
    #expect(matrix.precision(2) == 0)
    #expect(matrix.recall(2) == 0)
    #expect(matrix.f1(2) == 0)
    #expect(matrix.macroF1 == (0.75 + 0.5) / 3)
  }

  @Test func table() {
    let lines = Self.sample().description.split(separator: "\n")
    #expect(lines[0] == "true  cat  dog  owl  precision  recall      F1  samples")
    #expect(lines[2] == " cat    3    1    ·     0.7500  0.7500  0.7500        4")
    #expect(lines[4] == " owl    ·    ·    ·     0.0000  0.0000  0.0000        0")
    #expect(lines[5] == "accuracy 0.6667 (4 of 6), macro F1 0.4167")
  }

  @Test func scores() {
    var matrix = ConfusionMatrix(classCount: 2)
    let scores = Tensor<Float>([0.1, 0.9, 2, 1, 0, 0], shape: [3, 2])
    matrix.add(truths: [1, 0, 0], scores: scores)
    #expect(matrix[1, 1] == 1)
    #expect(matrix[0, 0] == 2)
    #expect(matrix.classNames == ["0", "1"])
  }

  @Test func emptyMatrixHasNoAccuracy() {
    #expect(ConfusionMatrix(classCount: 2).accuracy == 0)
  }

  @Test func aNaNIsNeverPassedOver() {
    #expect(predictedClasses(Tensor<Float>([0, .nan, 9], shape: [1, 3])) == [1])
  }
}

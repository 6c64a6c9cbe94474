import Testing

@testable import ApusTensor

/// The expected texts are NumPy's.
@Suite struct PrintingTests {
  @Test func singleNumbers() {
    #expect("\(Tensor<Float>(3.5))" == "3.5")
    #expect("\(Tensor<Float>(2))" == "2.0")
  }

  @Test func vectors() {
    #expect("\(Tensor<Float>([1, 2, 3]))" == "[1. 2. 3.]")
    #expect("\(Tensor<Float>([1.5, 2, -3.25]))" == "[ 1.5   2.   -3.25]")
    #expect("\(Tensor<Float>([]))" == "[]")
    #expect("\(Tensor<Double>([1.0 / 3, 2.0 / 3, 1]))" == "[0.33333333 0.66666667 1.        ]")
    #expect("\(Tensor<Float>([1.0 / 3, 2.0 / 3, 1]))" == "[0.33333334 0.6666667  1.        ]")
  }

  @Test func matrices() {
    #expect("\(Tensor<Float>([1, 2, 3, 4], shape: [2, 2]))" == "[[1. 2.]\n [3. 4.]]")
    #expect(
      "\(Tensor<Float>.arange(12).reshaped(2, 2, 3))"
        == "[[[ 0.  1.  2.]\n  [ 3.  4.  5.]]\n\n [[ 6.  7.  8.]\n  [ 9. 10. 11.]]]")
  }

  @Test func powersOfTen() {
    #expect("\(Tensor<Float>([1, 2000]))" == "[1.e+00 2.e+03]")
    #expect("\(Tensor<Float>([0.00001, 1]))" == "[1.e-05 1.e+00]")
    #expect("\(Tensor<Double>([1.23456789012345e-7]))" == "[1.23456789e-07]")
    #expect("\(Tensor<Float>([1e9, 1]))" == "[1.e+09 1.e+00]")
  }

  @Test func specialNumbers() {
    #expect("\(Tensor<Float>([.nan, 1, .infinity, -.infinity]))" == "[ nan   1.  inf -inf]")
    #expect("\(Tensor<Float>([-0.0, 1]))" == "[-0.  1.]")
    #expect("\(Tensor<Double>([0.99999999999, 1]))" == "[1. 1.]")
  }

  @Test func longLinesBreak() {
    let text = "\(Tensor<Float>.arange(30))"
    #expect(
      text == """
        [ 0.  1.  2.  3.  4.  5.  6.  7.  8.  9. 10. 11. 12. 13. 14. 15. 16. 17.
         18. 19. 20. 21. 22. 23. 24. 25. 26. 27. 28. 29.]
        """)
  }

  @Test func bigTensorsShowTheirCorners() {
    #expect("\(Tensor<Float>.arange(1001))" == "[   0.    1.    2. ...  998.  999. 1000.]")
    #expect(
      "\((Tensor<Float>.arange(1008).reshaped(28, 36) + 100) / 2)" == """
        [[ 50.   50.5  51.  ...  66.5  67.   67.5]
         [ 68.   68.5  69.  ...  84.5  85.   85.5]
         [ 86.   86.5  87.  ... 102.5 103.  103.5]
         ...
         [500.  500.5 501.  ... 516.5 517.  517.5]
         [518.  518.5 519.  ... 534.5 535.  535.5]
         [536.  536.5 537.  ... 552.5 553.  553.5]]
        """)
  }

  @Test func viewsAndIntegers() {
    #expect("\(Tensor<Float>([1, 2, 3, 4], shape: [2, 2]).transposed())" == "[[1. 3.]\n [2. 4.]]")
    #expect("\(IndexTensor([1, 20, -3, 4], shape: [2, 2]))" == "[[ 1 20]\n [-3  4]]")
    #expect("\(IndexTensor(7))" == "7")
    #expect(String(reflecting: Tensor<Float>([1])) == "Tensor<Float>(shape: [1])\n[1.]")
  }
}

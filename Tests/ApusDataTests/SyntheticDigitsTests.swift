import ApusTensor
import Testing

@testable import ApusData

@Suite(.serialized) struct SyntheticDigitsTests {
  @Test func theSeedDecidesAtAnyThreadCount() {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = 1
    let alone = SyntheticDigits.dataset(count: 300, seed: 11)
    Threads.count = 4
    let together = SyntheticDigits.dataset(count: 300, seed: 11)
    #expect(alone.pixels == together.pixels)
    #expect(alone.targets == together.targets)
    let longer = SyntheticDigits.dataset(count: 321, seed: 11)
    #expect(longer.pixels.starts(with: alone.pixels), "a longer data set begins with the shorter one")
    #expect(SyntheticDigits.dataset(count: 300, seed: 12).pixels != alone.pixels)
  }

  @Test func everyClassOccursAndEveryImageHasInk() {
    let data = SyntheticDigits.dataset(count: 1000, seed: 1)
    #expect(data.sampleShape == [1, 28, 28] && data.classCount == 10)
    for digit in 0..<10 {
      #expect((60...150).contains(data.targets.count { $0 == digit }), "digit \(digit)")
    }
    var frame = 0
    for index in 0..<data.count {
      let image = Array(data.image(index))
      let ink = image.reduce(0) { $0 + Int($1) } / 255
      #expect((12...300).contains(ink), "image \(index) has \(ink) pixels of ink")
      #expect(image.max()! > 120)
      for place in 0..<28 where image[place] > 100 || image[27 * 28 + place] > 100 { frame += 1 }
    }
    #expect(frame < 200, "digits stay inside of the image")
    #expect(SyntheticDigits.dataset(count: 0, seed: 1).count == 0)
  }

  @Test func noTwoImagesAreEqual() {
    let data = SyntheticDigits.dataset(count: 2000, seed: 5)
    #expect(Set((0..<data.count).map { Array(data.image($0)) }).count == 2000)
    let (train, test) = SyntheticDigits.load(trainCount: 500, testCount: 500)
    let known = Set((0..<train.count).map { Array(train.image($0)) })
    #expect((0..<test.count).allSatisfy { !known.contains(Array(test.image($0))) })
  }
}

import RNNTestSupport
import Testing

@Suite struct PoolingTests {
  /// [time][row][unit]; 9 stands for what must not be read.
  private let x = Tensor([1, 5, -1, 9, 9, 9, 3, 5, -2, 7, 9, 9, 2, 1, 9, 9, 9, 9] as [Float], shape: [3, 3, 2])
  private let lengths = [3, 2, 0]

  private func pooled(_ pooling: Pooling, _ x: Tensor) -> (value: Tensor, gradient: Tensor?) {
    let coefficients = Variable(Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2]))
    var value = Tensor(0)
    let (_, gradient) = valueAndGradient(of: ["x": x]) { weights in
      let y = pool(weights["x"], pooling, lengths: lengths)
      value = y.value
      return (y * coefficients).sum()
    }
    return (value, gradient["x"])
  }

  @Test func valuesAndGradients() {
    var x = x
    x.withUnsafeMutableBufferPointer { x in for i in x.indices where x[i] == 9 { x[i] = .nan } }
    // Row 1 begins with -1 and a 9 that it may read.
    x.withUnsafeMutableBufferPointer { $0[3] = 9 }
    let last = pooled(.last, x)
    #expect(last.value.values == [2, 1, -2, 7, 0, 0])
    #expect(last.gradient?.values == [0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 0, 0, 1, 2, 0, 0, 0, 0])
    let mean = pooled(.mean, x)
    #expect(mean.value.values == [2, 11 / 3, -1.5, 8, 0, 0])
    let third = 1 / 3 as Float, twoThirds = 2 / 3 as Float
    #expect(mean.gradient?.values == [third, twoThirds, 1.5, 2, 0, 0, third, twoThirds, 1.5, 2, 0, 0, third, twoThirds, 0, 0, 0, 0])
    let max = pooled(.max, x)
    #expect(max.value.values == [3, 5, -1, 9, 0, 0])
    // The first of two fives.
    #expect(max.gradient?.values == [0, 2, 3, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func aNumberThatIsNoneIsSeen() {
    let x = Variable(Tensor([1, .nan, 2], shape: [3, 1, 1]))
    #expect(pool(x, .max).value.item.isNaN)
    #expect(pool(x, .max, lengths: [1]).value.item == 1)
    #expect(pool(x, .last).value.item == 2)
  }

  @Test func withoutLengthsAllStepsCount() {
    for pooling in Pooling.allCases {
      #expect(pool(Variable(x), pooling).value == pool(Variable(x), pooling, lengths: [3, 3, 3]).value)
      #expect(pool(Variable(Tensor(zeros: [0, 2, 3])), pooling).value == Tensor(zeros: [2, 3]))
    }
  }
}

import Foundation
import RNNTestSupport
import Testing

@Suite struct OperationTests {
  let matrix = Tensor((0..<6).map(Float.init), shape: [2, 3])

  @Test func slicesAndConcatenations() {
    let x = Variable(matrix)
    #expect(x.slice(axis: 1, 1..<3).value == Tensor([1, 2, 4, 5], shape: [2, 2]))
    #expect(x.slice(axis: 0, 1..<2).value == Tensor([3, 4, 5], shape: [1, 3]))
    #expect(x.slice(axis: 0, 1..<1).value == Tensor([Float](), shape: [0, 3]))
    #expect(concatenate(x.split(axis: 1, [2, 0, 1]), axis: 1).value == matrix)
    #expect(concatenate([x, x], axis: 0).value.shape == [4, 3])
    #expect(x.sum(axis: 0).value == Tensor([3, 5, 7], shape: [3]))
    #expect(x.sum(axis: 1).value == Tensor([3, 12], shape: [2]))
    #expect(x.mean(axis: 1).value == Tensor([1, 4], shape: [2]))
  }

  @Test func linearIsRowsTimesTheTransposedMatrix() {
    let y = linear(
      Variable(matrix), Variable(Tensor([1, 0, 0, 1, 1, 1], shape: [2, 3])), Variable(Tensor([10, 20], shape: [2])))
    #expect(y.value == Tensor([10, 23, 13, 32], shape: [2, 2]))
  }

  /// Each output is one chain: a row's bits don't depend on the rows beside it.
  @Test func aRowDoesNotDependOnItsBatch() {
    var random = Philox(seed: 3)
    let x = Tensor(uniform: -1..<1, shape: [37, 53], using: &random)
    let w = Variable(Tensor(uniform: -1..<1, shape: [41, 53], using: &random))
    let b = Variable(Tensor(uniform: -1..<1, shape: [41], using: &random))
    let whole = linear(Variable(x), w, b)
    for row in 0..<37 {
      let alone = linear(Variable(x).slice(axis: 0, row..<row + 1), w, b)
      #expect(alone.value == whole.slice(axis: 0, row..<row + 1).value)
    }
  }

  @Test func gatherTakesRowsAndGivesZerosForPadding() {
    let rows = gather(Variable(matrix), [1, -1, 0, 1], shape: [2, 2])
    #expect(rows.value == Tensor([3, 4, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5], shape: [2, 2, 3]))
  }

  @Test func crossEntropyIsTheDefinition() {
    var random = Philox(seed: 5)
    let logits = Tensor(uniform: -3..<3, shape: [4, 7], using: &random)
    let targets: [Int32] = [3, -1, 0, 6]
    let result = softmaxCrossEntropy(Variable(logits), targets)
    var sum = 0.0
    for (row, target) in targets.enumerated() {
      guard target >= 0 else {
        #expect(result.losses[row] == 0)
        continue
      }
      let x = (0..<7).map { Double(logits[row, $0]) }
      let expected = log(x.map(exp).reduce(0, +)) - x[Int(target)]
      #expect(abs(Double(result.losses[row]) - expected) < 1e-5)
      sum += expected
    }
    #expect(result.count == 3)
    #expect(abs(Double(result.mean.value.item) - sum / 3) < 1e-5)
  }

  @Test func crossEntropyOfNothingIsZero() {
    let (value, gradient) = valueAndGradient(of: ["x": Tensor(zeros: [2, 3])]) {
      softmaxCrossEntropy($0["x"], [-1, -1]).mean
    }
    #expect(value.item == 0)
    #expect(gradient["x"] == Tensor(zeros: [2, 3]))
  }

  @Test func crossEntropyOfHugeLogitsIsFinite() {
    let (value, gradient) = valueAndGradient(of: ["x": Tensor([1e4, -1e4, 0], shape: [1, 3])]) {
      softmaxCrossEntropy($0["x"], [1]).mean
    }
    #expect(abs(value.item - 2e4) < 1)
    #expect(gradient["x"] == Tensor([1, -1, 0], shape: [1, 3]))
  }
}

@Suite struct DropoutTests {
  private let ones = Variable(Tensor(repeating: 1, shape: [6, 5, 64]))
  private let key = DropoutKey(seed: 9, step: 4)

  @Test func keepsTheMeanAndDropsTheRate() {
    let x = Variable(Tensor(repeating: 1, shape: [100, 10, 100]))
    let y = dropout(x, rate: 0.3, tag: 5, key: key).value.values
    let dropped = Double(y.filter { $0 == 0 }.count) / 1e5
    // Five standard deviations of a binomial.
    #expect(abs(dropped - 0.3) < 5 * (0.3 * 0.7 / 1e5).squareRoot())
    #expect(Set(y) == [0, 1 / 0.7 as Float] || Set(y.map(\.bitPattern)).count == 2)
    #expect(dropout(x, rate: 0, tag: 5, key: key).value == x.value)
  }

  @Test func masksDependOnPlaceNotOnTheCut() {
    let whole = dropout(ones, rate: 0.5, tag: 1, key: key)
    var later = key
    later.time = 2
    #expect(
      dropout(ones.slice(axis: 0, 2..<6), rate: 0.5, tag: 1, key: later).value == whole.slice(axis: 0, 2..<6).value)
    var lower = key
    lower.row = 3
    #expect(
      dropout(ones.slice(axis: 1, 3..<5), rate: 0.5, tag: 1, key: lower).value == whole.slice(axis: 1, 3..<5).value)
  }

  @Test func masksDifferInEverythingElse() {
    let mask = dropout(ones, rate: 0.5, tag: 1, key: key).value
    #expect(mask == dropout(ones, rate: 0.5, tag: 1, key: key).value)
    #expect(mask != dropout(ones, rate: 0.5, tag: 2, key: key).value)
    #expect(mask != dropout(ones, rate: 0.5, tag: 1, key: DropoutKey(seed: 10, step: 4)).value)
    #expect(mask != dropout(ones, rate: 0.5, tag: 1, key: DropoutKey(seed: 9, step: 5)).value)
    let rows = Variable(mask).reshaped([30, 64]).split(axis: 0, Array(repeating: 1, count: 30)).map(\.value.values)
    #expect(Set(rows).count == 30)
  }

  @Test func aMaskOfASequenceIsTheSameAtEveryTime() {
    let y = dropout(ones, rate: 0.5, tag: 1, key: key, perSequence: true)
    let first = y.slice(axis: 0, 0..<1).value
    for t in 1..<6 { #expect(y.slice(axis: 0, t..<t + 1).value == first) }
    // Also when the sequence goes on in another piece.
    var later = key
    later.time = 6
    #expect(dropout(ones, rate: 0.5, tag: 1, key: later, perSequence: true).value == y.value)
    let rows = Variable(first).reshaped([5, 64]).split(axis: 0, Array(repeating: 1, count: 5)).map(\.value.values)
    #expect(Set(rows).count == 5)
  }
}

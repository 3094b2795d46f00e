import RNNTestSupport
import Testing

/// (1 − ε) of a target's own loss and ε of the mean over all classes, with few classes and with many, which run in blocks.
@Suite struct LabelSmoothingTests {
  @Test(arguments: [7, 1500])
  func lossesAndGradients(_ classes: Int) {
    var random = Philox(seed: 9)
    let targets: [Int32] = [3, -1, 0, Int32(classes - 1), 5]
    let inputs = [
      Tensor(uniform: -1..<1, shape: [5, 6], using: &random), Tensor(uniform: -1..<1, shape: [classes, 6], using: &random),
      Tensor(uniform: -1..<1, shape: [classes], using: &random),
    ]
    func composed(_ v: [Variable], _ smoothing: Float) -> Variable {
      // The mean over all classes is the loss of each in turn.
      let plain = linearCrossEntropy(v[0], v[1], v[2], targets).mean
      let each = (0..<classes).map { c in
        linearCrossEntropy(v[0], v[1], v[2], targets.map { $0 < 0 ? -1 : Int32(c) }).mean
      }
      let sum = each.dropFirst().reduce(each[0]) { $0 + $1 }
      return (1 - smoothing) * plain + smoothing / Float(classes) * sum
    }
    func result(_ body: ([Variable]) -> Variable) -> (loss: Float, gradients: [Tensor?]) {
      let tape = Tape()
      let variables = inputs.map { tape.watch($0) }
      let loss = body(variables)
      return (loss.value.item, tape.gradient(of: loss, with: variables))
    }
    let expected = result { composed($0, 0.2) }, found = result { linearCrossEntropy($0[0], $0[1], $0[2], targets, smoothing: 0.2).mean }
    #expect(abs(expected.loss - found.loss) < 1e-5 * abs(expected.loss))
    for (a, b) in zip(expected.gradients, found.gradients) {
      guard let a, let b else {
        Issue.record("a gradient is missing")
        return
      }
      let largest = a.values.map { abs($0) }.max() ?? 0
      #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) < 2e-5 * largest })
    }
    // Without smoothing nothing is different, to the bit.
    let plain = result { linearCrossEntropy($0[0], $0[1], $0[2], targets).mean }
    let zero = result { linearCrossEntropy($0[0], $0[1], $0[2], targets, smoothing: 0).mean }
    #expect(plain.loss == zero.loss && plain.gradients == zero.gradients)
  }
}

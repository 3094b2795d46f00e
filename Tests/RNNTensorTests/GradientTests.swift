import RNNTestSupport
import Testing

/// One differentiable operation: one line here buys the comparison with finite differences and the one of threads.
private struct Entry: Sendable, CustomTestStringConvertible {
  let name: String
  let shapes: [[Int]]
  /// Shapes large enough to be shared out among threads.
  let largeShapes: [[Int]]
  /// Inputs keep this far away from 0, where there is a kink.
  var kink: Float = 0
  let body: @Sendable ([Variable]) -> [Variable]

  var testDescription: String { name }

  func inputs(_ shapes: [[Int]]) -> [Tensor] {
    var random = Philox(seed: 7)
    return shapes.map { shape in
      var x = Tensor(uniform: -1..<1, shape: shape, using: &random)
      if kink > 0 {
        x.withUnsafeMutableBufferPointer { for i in $0.indices { $0[i] += $0[i] < 0 ? -kink : kink } }
      }
      return x
    }
  }
}

private let key = DropoutKey(seed: 11, step: 3, time: 5, row: 2)

/// Ids with repetitions, an ignored one and a row that is never used.
private func ids(_ count: Int, below limit: Int32) -> [Int32] {
  (0..<Int32(count)).map { $0 % 5 == 4 ? -1 : ($0 * 7 + $0 / 3) % (limit - 1) }
}

/// From no step to all of them.
private func lengths(_ x: Variable) -> [Int] { (0..<x.shape[1]).map { ($0 * 3 + 2) % (x.shape[0] + 1) } }

private let entries: [Entry] = [
  Entry(name: "add", shapes: [[2, 3], [2, 3]], largeShapes: [[300, 200], [300, 200]]) { [$0[0] + $0[1]] },
  Entry(name: "add a row", shapes: [[2, 3, 4], [3, 4]], largeShapes: [[90, 30, 40], [30, 40]]) { [$0[0] + $0[1]] },
  Entry(name: "add to a row", shapes: [[4], [3, 4]], largeShapes: [[400], [300, 400]]) { [$0[0] + $0[1]] },
  Entry(name: "add a number", shapes: [[2, 3], []], largeShapes: [[200, 300], []]) { [$0[0] + $0[1]] },
  Entry(name: "subtract", shapes: [[2, 3], [2, 3]], largeShapes: [[300, 200], [300, 200]]) { [$0[0] - $0[1]] },
  Entry(name: "subtract a row", shapes: [[2, 3], [3]], largeShapes: [[200, 300], [300]]) { [$0[0] - $0[1]] },
  Entry(name: "subtract from a row", shapes: [[3], [2, 3]], largeShapes: [[300], [200, 300]]) { [$0[0] - $0[1]] },
  Entry(name: "multiply", shapes: [[2, 3], [2, 3]], largeShapes: [[300, 200], [300, 200]]) { [$0[0] * $0[1]] },
  Entry(name: "multiply by a row", shapes: [[2, 3], [3]], largeShapes: [[200, 300], [300]]) { [$0[0] * $0[1]] },
  Entry(name: "square", shapes: [[5]], largeShapes: [[50_000]]) { [$0[0] * $0[0]] },
  Entry(name: "scale", shapes: [[5]], largeShapes: [[50_000]]) { [-(2.5 * $0[0])] },
  Entry(name: "divide", shapes: [[2, 3], [2, 3]], largeShapes: [[300, 200], [300, 200]], kink: 0.5) { [$0[0] / $0[1]] },
  Entry(name: "divide by a row", shapes: [[2, 3], [3]], largeShapes: [[200, 300], [300]], kink: 0.5) { [$0[0] / $0[1]] },
  Entry(name: "divide a row", shapes: [[3], [2, 3]], largeShapes: [[300], [200, 300]], kink: 0.5) { [$0[0] / $0[1]] },
  Entry(name: "with numbers", shapes: [[2, 3]], largeShapes: [[200, 300]], kink: 0.5) {
    [$0[0] + 2, 3 + $0[0], $0[0] - 0.5, 1 - $0[0], $0[0] * 3, $0[0] / 4, 2 / $0[0]]
  },
  Entry(name: "exp, log, sqrt", shapes: [[2, 3]], largeShapes: [[200, 301]]) { [exp($0[0]), log(1.5 + $0[0]), sqrt(1.5 + $0[0])] },
  Entry(name: "abs", shapes: [[2, 3]], largeShapes: [[200, 301]], kink: 0.1) { [abs($0[0])] },
  Entry(name: "powers", shapes: [[2, 3]], largeShapes: [[200, 301]], kink: 0.5) {
    [pow($0[0], 0), pow($0[0], 1), pow($0[0], 3), pow($0[0], -2), pow(2 + $0[0], 0.5)]
  },
  Entry(name: "larger and smaller", shapes: [[2, 3]], largeShapes: [[200, 300]], kink: 0.1) {
    // Both sides of the kink at 0, where the inputs are not.
    [max($0[0], -1 * $0[0]), min($0[0], 2 * $0[0]), max($0[0], 0), min($0[0], 0)]
  },
  Entry(name: "larger and smaller than a row", shapes: [[4, 3], [3]], largeShapes: [[200, 300], [300]]) {
    // Far enough apart that no step crosses the other.
    let row = $0[1], x = $0[0] + 3 * Variable(Tensor((0..<$0[0].value.count).map { $0 % 2 == 0 ? 1 : -1 }, shape: $0[0].shape))
    return [max(x, row), min(row, x)]
  },
  Entry(name: "softmax", shapes: [[2, 3, 5]], largeShapes: [[20, 30, 101]]) { [softmax(3 * $0[0])] },
  Entry(name: "transpose", shapes: [[2, 3, 4]], largeShapes: [[20, 30, 40]]) {
    [$0[0].transposed(), $0[0].transposed(0, 2), $0[0].transposed(2, 1), $0[0].transposed(1, 1)]
  },
  Entry(name: "sum", shapes: [[2, 5]], largeShapes: [[200, 501]]) { [$0[0].sum()] },
  Entry(name: "mean", shapes: [[2, 5]], largeShapes: [[200, 501]]) { [$0[0].mean()] },
  Entry(name: "sum of an axis", shapes: [[2, 3, 4]], largeShapes: [[20, 30, 400]]) {
    [$0[0].sum(axis: 0), $0[0].sum(axis: 1), $0[0].sum(axis: 2)]
  },
  Entry(name: "mean of an axis", shapes: [[2, 3, 4]], largeShapes: [[20, 30, 400]]) { [$0[0].mean(axis: 1)] },
  Entry(name: "tanh", shapes: [[2, 5]], largeShapes: [[200, 501]]) { [tanh($0[0])] },
  Entry(name: "sigmoid", shapes: [[2, 5]], largeShapes: [[200, 501]]) { [sigmoid($0[0])] },
  Entry(name: "relu", shapes: [[2, 5]], largeShapes: [[200, 501]], kink: 0.1) { [relu($0[0])] },
  Entry(name: "reshape", shapes: [[2, 6]], largeShapes: [[20, 60]]) { [$0[0].reshaped([$0[0].shape[1], $0[0].shape[0]])] },
  Entry(name: "last of a sequence", shapes: [[4, 3, 2]], largeShapes: [[40, 30, 50]]) { [pool($0[0], .last, lengths: lengths($0[0]))] },
  Entry(name: "mean of a sequence", shapes: [[4, 3, 2]], largeShapes: [[40, 30, 50]]) { [pool($0[0], .mean, lengths: lengths($0[0]))] },
  Entry(name: "maximum of a sequence", shapes: [[4, 3, 2]], largeShapes: [[40, 30, 50]]) { [pool($0[0], .max, lengths: lengths($0[0]))] },
  Entry(name: "slice", shapes: [[3, 4, 2]], largeShapes: [[30, 40, 20]]) {
    [$0[0].slice(axis: 1, 1..<3), $0[0].slice(axis: 0, 2..<3), $0[0].slice(axis: 2, 0..<1)]
  },
  Entry(name: "split", shapes: [[3, 4]], largeShapes: [[30, 4]]) { x in
    // The second part reaches nothing.
    let parts = x[0].split(axis: 1, [1, 1, 2])
    return [parts[0], parts[2]]
  },
  Entry(name: "concatenate", shapes: [[2, 1, 3], [2, 2, 3]], largeShapes: [[20, 10, 3], [20, 20, 3]]) {
    [concatenate([$0[0], $0[1], $0[0]], axis: 1)]
  },
  Entry(name: "linear", shapes: [[2, 3, 4], [5, 4], [5]], largeShapes: [[40, 30, 70], [90, 70], [90]]) {
    [linear($0[0], $0[1], $0[2])]
  },
  Entry(name: "linear without bias", shapes: [[3, 4], [2, 4]], largeShapes: [[1200, 70], [90, 70]]) {
    [linear($0[0], $0[1])]
  },
  Entry(name: "matmul", shapes: [[3, 4], [4, 2]], largeShapes: [[300, 70], [70, 90]]) { [matmul($0[0], $0[1])] },
  Entry(name: "gather", shapes: [[6, 3]], largeShapes: [[600, 300]]) { x in
    let n = x[0].shape[0] * 2
    return [gather(x[0], ids(n, below: Int32(x[0].shape[0])), shape: [2, n / 2])]
  },
  Entry(name: "dropout", shapes: [[3, 2, 5]], largeShapes: [[30, 20, 50]]) {
    [
      dropout($0[0], rate: 0.4, tag: 1, key: key), dropout($0[0], rate: 0.3, tag: 2, key: key, perSequence: true),
    ]
  },
  Entry(name: "cross-entropy", shapes: [[2, 3, 5]], largeShapes: [[20, 30, 101]]) { x in
    let n = x[0].shape[0] * x[0].shape[1]
    let loss = softmaxCrossEntropy(x[0], ids(n, below: Int32(x[0].shape[2])))
    return [loss.mean, 3 * loss.mean]
  },
]

@Suite struct GradientTests {
  @Test(arguments: entries) fileprivate func agreesWithDifferences(_ entry: Entry) {
    let check = GradientCheck(entry.inputs(entry.shapes), entry.body)
    #expect(check.count == entry.shapes.reduce(0) { $0 + $1.reduce(1, *) })
    #expect(check.worst < 2e-4, "\(check)")
  }

  @Test(arguments: entries) fileprivate func bitsDoNotDependOnThreads(_ entry: Entry) {
    let inputs = entry.inputs(entry.largeShapes)
    func run() -> [Tensor?] {
      let tape = Tape()
      let variables = inputs.map { tape.watch($0) }
      let results = entry.body(variables)
      let loss = results.map { ($0 * $0).sum() }.reduce(Variable(Tensor(0))) { $0 + $1 }
      return results.map(\.value) + tape.gradient(of: loss, with: variables)
    }
    let one = withThreads(1, run)
    for threads in [2, 3, 2] {
      let many = withThreads(threads, run)
      #expect(one == many, "\(threads) threads")
    }
    #expect(one.allSatisfy { $0 != nil })
  }

  /// An expression as a user writes it: each operator with numbers on either side. A type checker that doesn't find its way
  /// through the overloads refuses it.
  @Test func expressionsOfManyTerms() {
    func mixed(_ z: Variable, _ n: Variable, _ h: Variable, _ s: Float) -> Variable {
      (1 - z) * n + z * h - s * n / (1 + exp(-2 * z)) + 0.5 * (h + 1) * sqrt(abs(n) + 1e-6) + 2 / (3 + z * z) - max(h, 0) * s
        + tanh(z / 2 - 1) * (s - n) + pow(h, 2) / 4 - -h * 0.1 + 3 * s
    }
    let z: Float = 0.25, n: Float = -0.5, h: Float = 0.75, s: Float = 1.5
    let y = mixed(Variable(Tensor(z)), Variable(Tensor(n)), Variable(Tensor(h)), s).value.item
    var expected = (1 - z) * n + z * h
    expected -= s * n / (1 + Float(0.60653066))
    expected += 0.5 * (h + 1) * (0.5 + 1e-6).squareRoot()
    expected += 2 / (3 + z * z) - h * s
    expected += Float(-0.70390603) * (s - n)
    expected += h * h / 4 + h * 0.1 + 3 * s
    #expect(abs(y - expected) < 1e-5, "\(y), expected \(expected)")
  }

  /// Where both are equal, the gradient is shared; at the kink of |x| there is none.
  @Test func gradientsAtKinks() {
    let tape = Tape()
    let x = tape.watch(Tensor([-1, 0, 2], shape: [3])), y = tape.watch(Tensor([-1, 1, 0], shape: [3]))
    let loss = max(x, y).sum() + 10 * min(x, y).sum() + 100 * abs(x).sum()
    #expect(tape.gradient(of: loss, with: [x, y]) == [Tensor([5.5 - 100, 10, 1 + 100], shape: [3]), Tensor([5.5, 1, 10], shape: [3])])
    #expect(Variable(Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])).transposed().value == Tensor([1, 4, 2, 5, 3, 6], shape: [3, 2]))
  }

  @Test func noGradientIsMadeForAConstant() {
    // A pullback that ignores `needs` would give gradients nobody wants; the ones wanted must still be right.
    let tape = Tape()
    let x = tape.watch(Tensor([1, 2], shape: [1, 2]))
    let w = Variable(Tensor([3, 4], shape: [1, 2]))
    let y = linear(x, w, Variable(Tensor([1], shape: [1]))).sum() * 2
    #expect(y.value.item == 24)
    #expect(tape.gradient(of: y, with: [x]) == [Tensor([6, 8], shape: [1, 2])])
    #expect(!linear(w, w).requiresGradient)
  }
}

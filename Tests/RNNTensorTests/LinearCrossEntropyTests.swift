import CRNNKernels
import RNNTestSupport
import Testing

/// The output layer of many classes, run by blocks of classes, against the layer and the loss one after the other.
@Suite struct LinearCrossEntropyTests {
  /// A layer and rows for it; some targets don't count, some stand at the borders of blocks.
  struct Example {
    let weights: Weights
    let targets: [Int32]

    init(rows: Int, inputs: Int, classes: Int) {
      var random = Philox(seed: UInt64(rows * 31 + inputs), stream: UInt64(classes))
      weights = [
        "x": Tensor(uniform: -1..<1, shape: [rows, inputs], using: &random),
        "W": Tensor(uniform: -1..<1, shape: [classes, inputs], using: &random),
        "b": Tensor(uniform: -1..<1, shape: [classes], using: &random),
      ]
      let special = [0, classes - 1, 191, 192, -1, classes / 2].map(Int32.init)
      targets = (0..<rows).map { $0 < special.count ? special[$0] : Int32($0 * 97 % classes) }
    }
  }

  typealias Loss = @Sendable (_ x: Variable, _ w: Variable, _ b: Variable?, _ targets: [Int32], _ total: Int?) -> CrossEntropy
  static let inBlocks: Loss = { linearCrossEntropy($0, $1, $2, $3, of: $4) }
  static let plain: Loss = { softmaxCrossEntropy(linear($0, $1, $2), $3, of: $4) }

  static func run(_ example: Example, _ loss: Loss, bias: Bool = true) -> (loss: CrossEntropy, gradient: Weights) {
    var result: CrossEntropy?
    let (_, gradient) = valueAndGradient(of: example.weights) { weights in
      let own = loss(weights["x"], weights["W"], bias ? weights["b"] : nil, example.targets, nil)
      result = own
      return own.mean
    }
    guard let result else { preconditionFailure("the loss was not computed") }
    return (result, gradient)
  }

  @Test(
    "against the plain way, with sizes that don't fill vectors, panels, tiles, blocks or pieces of rows",
    arguments: [[1, 17, 1024], [5, 1, 1025], [13, 200, 1999], [520, 47, 1151], [1037, 16, 1030], [40, 33, 5000]], [true, false])
  func equalsThePlainWay(shape: [Int], bias: Bool) {
    let example = Example(rows: shape[0], inputs: shape[1], classes: shape[2])
    let (loss, gradient) = Self.run(example, Self.inBlocks, bias: bias)
    let (expected, expectedGradient) = Self.run(example, Self.plain, bias: bias)
    #expect(loss.count == expected.count)
    #expect(abs(loss.mean.value.item - expected.mean.value.item) < 1e-5)
    #expect(loss.losses.shape == expected.losses.shape)
    for (own, other) in zip(loss.losses.values, expected.losses.values) { #expect(abs(own - other) < 2e-5) }
    for name in bias ? ["x", "W", "b"] : ["x", "W"] {
      guard let own = gradient[name], let other = expectedGradient[name] else { Issue.record("no gradient of \(name)"); continue }
      #expect(own.shape == other.shape)
      let bound = 2e-6 * (other.values.map(abs).max() ?? 0) * Float(shape[1]).squareRoot() + 1e-9
      let error = zip(own.values, other.values).map { abs($0 - $1) }.max() ?? 0
      #expect(error < bound, "\(name): \(error)")
    }
  }

  @Test func bitsDependNeitherOnThreadsNorOnGradientsBeingAsked() {
    let example = Example(rows: 130, inputs: 40, classes: 2500)
    let (loss, gradient) = Self.run(example, Self.inBlocks)
    let before = Threads.count
    defer { Threads.count = before }
    for threads in [1, 3] {
      Threads.count = threads
      let (other, otherGradient) = Self.run(example, Self.inBlocks)
      #expect(other.losses == loss.losses)
      #expect(otherGradient == gradient)
    }
    func constant(_ name: String) -> Variable { Variable(example.weights[name] ?? Tensor(0)) }
    #expect(linearCrossEntropy(constant("x"), constant("W"), constant("b"), example.targets).losses == loss.losses)
  }

  @Test func bitsDoNotDependOnTheCaches() {
    let example = Example(rows: 1100, inputs: 40, classes: 1030)
    defer { rnn_select_cache_sizes(0, 0) }
    let results = [(8, 64), (32, 512), (1024, 65536)].map { first, second in
      rnn_select_cache_sizes(first << 10, second << 10)
      return Self.run(example, Self.inBlocks)
    }
    for (loss, gradient) in results.dropFirst() {
      #expect(loss.losses == results[0].loss.losses)
      #expect(gradient == results[0].gradient)
    }
  }

  @Test func aRowDoesNotDependOnItsBatch() throws {
    let example = Example(rows: 30, inputs: 21, classes: 1500)
    let (loss, gradient) = Self.run(example, Self.inBlocks)
    let (x, w, b) = (try #require(example.weights["x"]), try #require(example.weights["W"]), try #require(example.weights["b"]))
    let ofX = try #require(gradient["x"])
    for row in 0..<30 {
      let tape = Tape()
      let alone = tape.watch(x.rows(row..<row + 1))
      let own = linearCrossEntropy(alone, Variable(w), Variable(b), [example.targets[row]], of: loss.count)
      #expect(own.losses[0] == loss.losses[row])
      let gradient = tape.gradient(of: own.mean, with: [alone])[0]
      #expect(gradient == ofX.rows(row..<row + 1))
    }
  }

  /// The sums over rows go on from part to part, so cutting changes no bit of them.
  @Test(arguments: [1, 6, 511, 512, 900]) func partsAddUpToTheWhole(cut: Int) throws {
    let example = Example(rows: 1030, inputs: 24, classes: 1100)
    let whole = Self.run(example, Self.inBlocks)
    let x = try #require(example.weights["x"])
    let gradient = valueAndGradient(of: example.weights) { weights in
      let parts = [0..<cut, cut..<1030].map { rows in
        linearCrossEntropy(
          Variable(x.rows(rows)), weights["W"], weights["b"], Array(example.targets[rows]), of: whole.loss.count)
      }
      return CrossEntropy.joined(parts.map { ($0.mean, $0.losses) }, count: whole.loss.count).mean
    }.gradient
    #expect(gradient["W"] == whole.gradient["W"])
    #expect(gradient["b"] == whole.gradient["b"])
  }

  @Test("where nothing counts all is zero") func nothingCounts() {
    let example = Example(rows: 4, inputs: 3, classes: 1200)
    let (value, gradient) = valueAndGradient(of: example.weights) {
      linearCrossEntropy($0["x"], $0["W"], $0["b"], [-1, -1, -1, -1]).mean
    }
    #expect(value.item == 0)
    for tensor in gradient.tensors { #expect(tensor.values.allSatisfy { $0 == 0 }) }
  }

  /// A class may be ruled out by a bias of −∞, even all of a block; a logit of +∞ or NaN makes the loss NaN, not a number
  /// that looks right.
  @Test func infinities() throws {
    let example = Example(rows: 6, inputs: 5, classes: 1400)
    var b = try #require(example.weights["b"])
    for i in 192..<576 { b[i] = -.infinity }
    let targets: [Int32] = [0, 1, 100, 600, 1000, 1399]
    func run(_ loss: Loss, _ b: Tensor) -> (CrossEntropy, Weights) {
      var weights = example.weights, result: CrossEntropy?
      weights["b"] = b
      let gradient = valueAndGradient(of: weights) { weights in
        let own = loss(weights["x"], weights["W"], weights["b"], targets, nil)
        result = own
        return own.mean
      }.gradient
      guard let result else { preconditionFailure("the loss was not computed") }
      return (result, gradient)
    }
    let own = run(Self.inBlocks, b), plain = run(Self.plain, b)
    for (a, b) in zip(own.0.losses.values, plain.0.losses.values) { #expect(abs(a - b) < 2e-5) }
    let ofBias = try #require(own.1["b"])
    #expect(ofBias.values[192..<576].allSatisfy { $0 == 0 })
    for tensor in own.1.tensors { #expect(tensor.values.allSatisfy { $0.isFinite }) }
    for value in [Float.infinity, .nan] {
      b[700] = value
      let losses = run(Self.inBlocks, b).0.losses.values
      #expect(losses.allSatisfy { $0.isNaN })
    }
  }
}

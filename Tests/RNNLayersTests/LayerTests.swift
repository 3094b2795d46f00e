import Foundation
import RNNTestSupport
import Testing

@Suite struct LayerTests {
  @Test func linearHasPyTorchsNamesShapesAndBounds() throws {
    var random = Philox(seed: 1)
    var weights = Weights()
    let layer = Linear("output", inputs: 16, outputs: 300)
    try layer.initial(into: &weights, using: &random)
    #expect(weights.names == ["output.weight", "output.bias"])
    #expect(weights.tensors.map(\.shape) == [[300, 16], [300]])
    for tensor in weights.tensors {
      let largest = tensor.values.map(abs).max() ?? 0
      #expect(largest <= 0.25 && largest > 0.24)
    }
    let x = Variable(Tensor(repeating: 1, shape: [2, 16]))
    let y = layer(x, TapedWeights(constant: weights))
    #expect(y.shape == [2, 300])
    let expected = (0..<16).reduce(weights.tensors[1][7]) { $0 + weights.tensors[0][7, $1] }
    #expect(abs(y.value[1, 7] - expected) < 1e-5)

    var bare = Weights()
    try Linear("output", inputs: 16, outputs: 3, bias: false).initial(into: &bare, using: &random)
    #expect(bare.names == ["output.weight"])
    #expect(Linear("output", inputs: 16, outputs: 3, bias: false)(x, TapedWeights(constant: bare)).shape == [2, 3])
  }

  @Test func embeddingLooksUpRows() throws {
    var random = Philox(seed: 2)
    var weights = Weights()
    let layer = Embedding("embedding", count: 10, size: 4)
    try layer.initial(into: &weights, using: &random)
    #expect(weights.names == ["embedding.weight"])
    let y = layer([3, -1], shape: [2, 1], TapedWeights(constant: weights))
    #expect(y.shape == [2, 1, 4])
    for j in 0..<4 {
      #expect(y.value[0, 0, j] == weights.tensors[0][3, j])
      #expect(y.value[1, 0, j] == 0)
    }
  }

  @Test func theSameSeedGivesTheSameWeights() throws {
    func make(_ seed: UInt64) throws -> Weights {
      var random = Philox(seed: seed)
      var weights = Weights()
      try Embedding("e", count: 5, size: 3).initial(into: &weights, using: &random)
      try Linear("l", inputs: 3, outputs: 2).initial(into: &weights, using: &random)
      return weights
    }
    #expect(try make(1) == make(1))
    #expect(try make(1) != make(2))
  }

  /// Two layers of one name would share their parameters without a word.
  @Test func twoLayersOfOneName() throws {
    var random = Philox(seed: 1)
    var weights = Weights()
    try Linear("output", inputs: 3, outputs: 2).initial(into: &weights, using: &random)
    try Linear("output.2", inputs: 3, outputs: 2).initial(into: &weights, using: &random)
    try RecurrentStack("rnn", cell: .gru, inputs: 3, hidden: 2).initial(into: &weights, using: &random)
    let before = weights
    func refused(_ message: String, _ body: () throws -> Void) {
      let error = #expect(throws: RNNError.self) { try body() }
      #expect(error?.kind == .usage && error?.message == message + " is there already; give one of them another name")
    }
    refused("two layers are named “output”: the parameter output.weight") { try Linear("output", inputs: 3, outputs: 2).initial(into: &weights, using: &random) }
    refused("two layers are named “output”: the parameter output.weight") { try Embedding("output", count: 5, size: 3).initial(into: &weights, using: &random) }
    refused("two layers are named “rnn”: the parameter rnn.0.W.xr") {
      try RecurrentStack("rnn", cell: .gru, inputs: 4, hidden: 2).initial(into: &weights, using: &random)
    }
    #expect(weights == before)
  }

  @Test func dropoutIsForTrainingOnly() {
    let x = Variable(Tensor(repeating: 1, shape: [3, 4, 50]))
    let layer = Dropout(0.5, tag: 3)
    #expect(layer(x, nil).value == x.value)
    let key = DropoutKey(seed: 1, step: 1)
    #expect(layer(x, key).value == dropout(x, rate: 0.5, tag: 3, key: key).value)
    #expect(layer(x, key).value != x.value)
  }

  @Test func meanSquaredErrorAndItsGradient() {
    let target = Variable(Tensor([1, 2, 4], shape: [3]))
    let (value, gradient) = valueAndGradient(of: ["x": Tensor([1, 3, 1], shape: [3])]) {
      Losses.meanSquaredError($0["x"], target)
    }
    #expect(abs(value.item - 10 / 3) < 1e-6)
    for (a, b) in zip(gradient["x"]?.values ?? [], [0, 2 / 3, -2] as [Float]) { #expect(abs(a - b) < 1e-6) }
  }

  /// A small model learns: embedding, product and loss together.
  @Test func gradientsOfAWholeModelAgreeWithDifferences() throws {
    var random = Philox(seed: 3)
    var weights = Weights()
    let embedding = Embedding("e", count: 5, size: 3)
    let output = Linear("o", inputs: 3, outputs: 4)
    try embedding.initial(into: &weights, using: &random)
    try output.initial(into: &weights, using: &random)
    let names = weights.names
    let check = GradientCheck(weights.tensors) { variables in
      var taped = TapedWeights(constant: weights)
      for (name, variable) in zip(names, variables) { taped = taped.replacing(name, with: variable) }
      let hidden = tanh(embedding([1, 4, 1, 0], shape: [2, 2], taped))
      return [Losses.crossEntropy(output(hidden, taped), [0, 3, -1, 2]).mean]
    }
    #expect(check.worst < 2e-4, "\(check)")
  }
}

@Suite struct RecurrentStackTests {
  private static let length = 4, rows = 2

  /// x, the parameters of all layers, the states of all layers.
  private static func inputs(_ stack: RecurrentStack) throws -> (names: [String], tensors: [Tensor]) {
    var weights = Weights(), random = Philox(seed: 6)
    try stack.initial(into: &weights, using: &random)
    let x = Tensor(normalMean: 0, deviation: 1, shape: [length, rows, 3], using: &random)
    let states = stack.initialStates(batch: rows).joined().map { Tensor(normalMean: 0, deviation: 0.5, shape: $0.shape, using: &random) }
    return (weights.names, [x] + weights.tensors + states)
  }

  /// The outputs and all final states, over the sequence in pieces between which gradients flow.
  private static func run(_ stack: RecurrentStack, _ names: [String], _ variables: [Variable], cut: Int) -> [Variable] {
    var weights = TapedWeights(constant: Weights())
    for (name, variable) in zip(names, variables.dropFirst()) { weights = weights.replacing(name, with: variable) }
    let flat = Array(variables.dropFirst(1 + names.count))
    let count = stack.cell.graph.states.count
    var states = (0..<stack.layerCount).map { Array(flat[$0 * count..<($0 + 1) * count]) }
    var outputs: [Variable] = []
    let parts = cut == 0 ? [variables[0]] : variables[0].split(axis: 0, [cut, length - cut])
    for (i, part) in parts.enumerated() {
      let result = stack(part, weights, initial: states, dropoutKey: DropoutKey(seed: 2, step: 3, time: UInt32(i * cut)))
      outputs.append(result.output)
      states = result.states
    }
    return [concatenate(outputs, axis: 0)] + states.joined()
  }

  @Test(arguments: [Cell.rnn, .lstm, .gru, .mgu])
  func gradientsOfInitialStatesAgreeWithDifferences(_ cell: Cell) throws {
    let stack = try RecurrentStack("s", cell: cell, inputs: 3, hidden: 5, layers: 2, dropout: 0.3)
    let (names, tensors) = try Self.inputs(stack)
    let check = GradientCheck(tensors) { Self.run(stack, names, $0, cut: 2) }
    #expect(check.count == tensors.reduce(0) { $0 + $1.count })
    #expect(check.worst < 1e-3, "\(check)")
  }

  /// To the bit wherever it is cut, through the states too.
  @Test(arguments: [Cell.lstm, .gru] + TestCells.all)
  func gradientsDoNotDependOnTheCut(_ cell: Cell) throws {
    let stack = try RecurrentStack("s", cell: cell, inputs: 3, hidden: 5, layers: 2, dropout: 0.3)
    let (names, tensors) = try Self.inputs(stack)
    func gradients(cut: Int) -> [Tensor?] {
      let tape = Tape()
      let variables = tensors.map { tape.watch($0) }
      let terms = Self.run(stack, names, variables, cut: cut).map { ($0 * $0).sum() }
      return tape.gradient(of: terms.dropFirst().reduce(terms[0]) { $0 + $1 }, with: variables)
    }
    let whole = gradients(cut: 0)
    for cut in 1..<Self.length { #expect(gradients(cut: cut) == whole, "cut at \(cut)") }
  }
}

@Suite struct InitializerTests {
  @Test(arguments: [[5, 5], [7, 3], [3, 7], [1, 4], [4, 1], [1, 1], [6, 2, 5]])
  func orthogonalRowsOrColumns(shape: [Int]) {
    var random = Philox(seed: 8)
    let (rows, columns) = (shape[0], shape.dropFirst().reduce(1, *))
    let q = Initializer.orthogonal(gain: 2).tensor(shape, using: &random)
    #expect(q.shape == shape)
    let x = q.values.map { Double($0) / 2 }
    let n = min(rows, columns)
    for i in 0..<n {
      for j in 0..<n {
        let dot =
          rows <= columns
          ? (0..<columns).reduce(0) { $0 + x[i * columns + $1] * x[j * columns + $1] }
          : (0..<rows).reduce(0) { $0 + x[$1 * columns + i] * x[$1 * columns + j] }
        #expect(abs(dot - (i == j ? 1 : 0)) < 1e-6)
      }
    }
  }

  /// The draw is uniform only if the triangular factor's diagonal is positive: without that, the sign of the first number
  /// would be fixed.
  @Test func orthogonalMatricesHaveAllSigns() {
    var random = Philox(seed: 9)
    let firsts = (0..<200).map { _ in Initializer.orthogonal().tensor([3, 3], using: &random)[0, 0] }
    let positive = firsts.filter { $0 > 0 }.count
    #expect(positive > 60 && positive < 140)
  }

  /// A unit with the bias b keeps σ(b) = t / (t + 1) of what it remembers: about t steps, here uniformly from 1 to 199.
  @Test(arguments: [(Cell.lstm, "f"), (.gru, "z")])
  func gatesRememberForTimesUpToTheSpan(cell: Cell, gate: String) throws {
    let stack = try RecurrentStack("rnn", cell: cell, inputs: 2, hidden: 2000, bidirectional: .sum)
    var random = Philox(seed: 6)
    var weights = Weights()
    try stack.initial(into: &weights, using: &random, .init(forgetBias: 1, span: 200))
    for suffix in ["", "_reverse"] {
      let biases = try #require(weights["rnn.0.b.\(gate)\(suffix)"]).values
      let times = biases.map { exp(Double($0)) }.sorted()
      #expect(times[0] >= 1 && times[0] < 2 && times[1999] < 199.001 && times[1999] > 198)
      // A quantile of 2,000 draws deviates by at most 2.2.
      for quarter in 1...3 { #expect(abs(times[500 * quarter] - (1 + 49.5 * Double(quarter))) < 10) }
      if let inputs = weights["rnn.0.b.i\(suffix)"] { #expect(inputs.values == biases.map(-)) }
    }
    #expect(weights["rnn.0.b.\(gate)"] != weights["rnn.0.b.\(gate)_reverse"])
  }

  @Test func bounds() {
    var random = Philox(seed: 10)
    let xavier = Initializer.xavier(gain: 2).tensor([200, 100], using: &random).values.map(abs)
    let bound = 2 * (6 / 300 as Float).squareRoot()
    #expect(xavier.allSatisfy { $0 <= bound } && (xavier.max() ?? 0) > 0.99 * bound)
    #expect(Initializer.constant(3).tensor([2], using: &random) == Tensor([3, 3], shape: [2]))
    #expect(Initializer.uniform(0).tensor([2], using: &random) == Tensor(zeros: [2]))
    let normal = Initializer.normal(0.1).tensor([10_000], using: &random).values
    #expect(abs(normal.reduce(0) { $0 + $1 * $1 } / 10_000 - 0.01) < 0.001)
  }
}

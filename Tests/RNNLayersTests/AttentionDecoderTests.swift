import RNNCells
import RNNLayers
import RNNTensor
import RNNTestSupport
import Testing

/// The decoder as a sequence that is opened, stepped and closed, against what it is made of.
@Suite struct AttentionDecoderTests {
  /// A decoder, its weights and what it reads.
  private struct Sample {
    let decoder: AttentionDecoder
    let weights: Weights
    /// Embeddings, source, initial states.
    let inputs: [Tensor]
    let lengths: [Int]
    let sourceLengths: [Int]

    init(
      _ cell: Cell, _ score: Attention.Score, hidden: Int = 6, layers: Int = 2, dropout: Float = 0, lengths: [Int] = [3, 5, 0, 1],
      sourceLengths: [Int] = [2, 4, 3, 1]
    ) throws {
      let values = score == .dot ? hidden : 5, batch = lengths.count
      decoder = try AttentionDecoder(
        "decoder", cell: cell, inputs: 3, hidden: hidden, layers: layers, sizes: ["projection": hidden], dropout: dropout, score: score,
        values: values, outputs: 4)
      var weights = Weights(), random = Philox(seed: 8)
      try decoder.initial(into: &weights, using: &random, .init(range: 0.7))
      self.weights = weights
      let states = decoder.stack.initialStates(batch: batch).joined().map { Tensor(uniform: -1..<1, shape: $0.shape, using: &random) }
      inputs = [
        Tensor(uniform: -1..<1, shape: [lengths.max() ?? 0, batch, 3], using: &random),
        Tensor(uniform: -1..<1, shape: [sourceLengths.max() ?? 0, batch, values], using: &random),
      ] + states
      (self.lengths, self.sourceLengths) = (lengths, sourceLengths)
    }

    func states(_ flat: [Variable]) -> RecurrentStack.TapedStates {
      let count = decoder.stack.cell.graph.states.count
      return stride(from: 0, to: flat.count, by: count).map { Array(flat[$0..<$0 + count]) }
    }

    func decoded(_ inputs: [Variable], _ weights: TapedWeights, key: DropoutKey? = nil) -> (Variable, Tensor) {
      decoder(
        inputs[0], source: inputs[1], sourceLengths: sourceLengths, initial: states(Array(inputs.dropFirst(2))), lengths: lengths,
        weights, dropoutKey: key)
    }

    /// The same, step after step from operations of the tape: the stack over one step, attention, a linear layer, tanh.
    func composed(_ inputs: [Variable], _ weights: TapedWeights, key: DropoutKey? = nil) -> Variable {
      let batch = lengths.count
      var states = states(Array(inputs.dropFirst(2))), fed = Variable(Tensor(zeros: [1, batch, decoder.outputSize]))
      let keys = decoder.attention.keys(inputs[1], weights)
      var outputs: [Variable] = []
      for t in 0..<inputs[0].shape[0] {
        var now = key
        now?.time += UInt32(t)
        let x = concatenate([inputs[0].slice(axis: 0, t..<t + 1), fed], axis: 2)
        let (y, after) = decoder.stack(x, weights, initial: states, dropoutKey: now)
        let context = decoder.attention(y, keys: keys, source: inputs[1], lengths: sourceLengths, weights).context
        fed = tanh(decoder.combine(concatenate([context, y], axis: 2), weights))
        states = after
        outputs.append(fed)
      }
      return concatenate(outputs, axis: 0)
    }

    /// The output and the gradients of all inputs and weights, of a sum with fixed coefficients over each row's own steps.
    func result(
      threads: Int = 1, _ body: ([Variable], TapedWeights) -> Variable
    ) -> (output: Tensor, gradients: [Tensor], weights: Weights) {
      withThreads(threads) {
        var random = Philox(seed: 3)
        var coefficients = Tensor(uniform: -1..<1, shape: [inputs[0].shape[0], lengths.count, decoder.outputSize], using: &random)
        for (row, length) in lengths.enumerated() {
          for t in length..<coefficients.shape[0] { for j in 0..<decoder.outputSize { coefficients[t, row, j] = 0 } }
        }
        var output = Tensor(zeros: [0])
        let (_, gradient) = valueAndGradient(of: weights) { weights in
          let y = body(inputs.map { Variable($0) }, weights)
          output = y.value
          return (y * Variable(coefficients)).sum()
        }
        let tape = Tape()
        let variables = inputs.map { tape.watch($0) }
        let y = body(variables, TapedWeights(constant: weights))
        let ofInputs = tape.gradient(of: (y * Variable(coefficients)).sum(), with: variables).enumerated().map { $1 ?? Tensor(zeros: inputs[$0].shape) }
        return (output, ofInputs, gradient)
      }
    }
  }

  private static let scores = Attention.Score.allCases

  private func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
    guard a.shape == b.shape else { return .infinity }
    let largest = max(b.values.map { abs($0) }.max() ?? 0, 1e-3)
    return zip(a.values, b.values).map { abs($0 - $1) / largest }.max() ?? 0
  }

  @Test("As composed from operations of the tape", arguments: scores, [Cell.lstm, .gru, .lstmProjection, .lstmLayerNorm])
  func asComposed(_ score: Attention.Score, _ cell: Cell) throws {
    let sample = try Sample(cell, score, dropout: 0.3)
    for key in [nil, DropoutKey(seed: 6, step: 4)] {
      let expected = sample.result { sample.composed($0, $1, key: key) }
      let found = sample.result { sample.decoded($0, $1, key: key).0 }
      for (row, length) in sample.lengths.enumerated() {
        for t in 0..<5 {
          for j in 0..<sample.decoder.outputSize {
            #expect(found.output[t, row, j] == (t < length ? expected.output[t, row, j] : 0), "\(t), \(row), \(j)")
          }
        }
      }
      for (i, (a, b)) in zip(found.gradients, expected.gradients).enumerated() { #expect(largestDifference(a, b) < 3e-5, "input \(i)") }
      for name in expected.weights.names {
        let (a, b) = (try #require(found.weights[name]), try #require(expected.weights[name]))
        #expect(largestDifference(a, b) < 3e-5, "\(name)")
      }
    }
  }

  @Test("Finite differences", arguments: scores)
  func gradients(_ score: Attention.Score) throws {
    let sample = try Sample(.gru, score, hidden: 3, dropout: 0.3)
    let names = sample.weights.names
    let check = GradientCheck(sample.inputs + sample.weights.tensors) { variables in
      var weights = TapedWeights(constant: sample.weights)
      for (name, variable) in zip(names, variables.dropFirst(sample.inputs.count)) { weights = weights.replacing(name, with: variable) }
      return [sample.decoded(Array(variables.prefix(sample.inputs.count)), weights, key: DropoutKey(seed: 1, step: 2)).0]
    }
    #expect(check.worst < 2e-3, "\(check)")
  }

  @Test("Threads make no difference", arguments: scores)
  func threads(_ score: Attention.Score) throws {
    // Large enough for several threads to have a share.
    let sample = try Sample(
      .lstm, score, hidden: 48, dropout: 0.2, lengths: (0..<13).map { $0 * 5 % 9 }, sourceLengths: (0..<13).map { $0 * 3 % 7 + 1 })
    func results(_ threads: Int) -> (output: Tensor, gradients: [Tensor], weights: Weights) {
      sample.result(threads: threads) { sample.decoded($0, $1, key: DropoutKey(seed: 6, step: 4)).0 }
    }
    let one = results(1)
    for threads in [2, 3] {
      let more = results(threads)
      #expect(more.output == one.output && more.gradients == one.gradients && more.weights == one.weights)
    }
  }

  @Test("Padded = alone, padding never read", arguments: scores)
  func rowsAlone(_ score: Attention.Score) throws {
    let sample = try Sample(.lstm, score)
    func taped(_ rows: Range<Int>, other: Float) -> [Tensor?] {
      let tape = Tape()
      var inputs = sample.inputs
      for (row, length) in sample.lengths.enumerated() {
        for t in length..<inputs[0].shape[0] { for j in 0..<3 { inputs[0][t, row, j] = other } }
      }
      for (row, length) in sample.sourceLengths.enumerated() {
        for s in length..<inputs[1].shape[0] { for j in 0..<inputs[1].shape[2] { inputs[1][s, row, j] = other } }
      }
      let variables = inputs.enumerated().map { i, tensor in tape.watch(Variable(tensor).slice(axis: i < 2 ? 1 : 0, rows).value) }
      let (y, weights) = sample.decoder(
        variables[0], source: variables[1], sourceLengths: Array(sample.sourceLengths[rows]), initial: sample.states(Array(variables.dropFirst(2))),
        lengths: Array(sample.lengths[rows]), TapedWeights(constant: sample.weights))
      return [y.value, weights] + tape.gradient(of: (y * y).sum(), with: variables)
    }
    let together = taped(0..<4, other: .nan)
    for row in 0..<4 {
      for (i, (alone, all)) in zip(taped(row..<row + 1, other: 0), together).enumerated() {
        let part = all.map { Variable($0).slice(axis: i < 4 ? 1 : 0, row..<row + 1).value }
        #expect(alone == part, "row \(row), \(i)")
      }
    }
  }

  @Test func sizesThatCannotBe() {
    #expect(throws: RNNError.self) {
      try AttentionDecoder("d", cell: .lstm, inputs: 3, hidden: 4, score: .dot, values: 5, outputs: 4)
    }
    #expect(throws: RNNError.self) {
      try AttentionDecoder("d", cell: .lstm, inputs: 0, hidden: 4, score: .general, values: 5, outputs: 4)
    }
  }
}

@Suite struct AttentionParityTests {
  @Test("Attention as PyTorch", arguments: Attention.Score.allCases)
  func attention(_ score: Attention.Score) throws {
    let fixture = try Fixture("attention_\(score.rawValue)")
    let lengths = try fixture.integers("lengths").map { Int($0) }
    let layer = try Attention("attention", score, queries: fixture.shape("queries")[2], values: fixture.shape("source")[2])
    var weights = Weights()
    for name in ["queries", "source"] + layer.parameterNames { weights[name] = try fixture.tensor(name) }
    for name in layer.parameterNames { #expect(weights[name]?.shape == layer.shape(of: name)) }
    let upstream = Variable(try fixture.tensor("gc"))
    var context = Tensor(0), shares = Tensor(0)
    let (_, gradient) = valueAndGradient(of: weights) { weights in
      let found = layer(
        weights["queries"], keys: layer.keys(weights["source"], weights), source: weights["source"], lengths: lengths, weights)
      (context, shares) = (found.context.value, found.weights)
      return (found.context * upstream).sum()
    }
    #expect(try fixture.error(context.values, "context") < 2e-6)
    #expect(try fixture.error(shares.values, "weights") < 2e-6)
    for name in weights.names { #expect(try fixture.error(gradient[name]?.values ?? [], "grad." + name) < 5e-6, "\(name)") }
  }
}

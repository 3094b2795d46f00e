import RNNCells
import RNNTensor
import RNNTestSupport
import Testing

/// Rows of different lengths in one batch: a step for a row that has ended, a state from the wrong row, a mask of the row's
/// place in the sorted batch, a read of padding would all show here.
@Suite struct LengthTests {
  static let cells = CellVerificationTests.cells + [MaskTests.cell, EquationSamples.attentive, EquationSamples.clockwork]

  /// Unsorted, with rows of no steps, with repetitions; one row; one step; all of one length; no steps at all.
  private static let cases: [(steps: Int, lengths: [Int])] = [
    (6, [2, 6, 0, 6, 1, 3, 2]), (1, [1]), (1, [0]), (1, [1, 0, 1]), (4, [4, 4, 4]), (5, [3, 3]), (3, [0, 0]), (7, [1, 7]),
    (9, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 2, 3]),
  ]

  private static func sizes(_ cell: Cell, input: Int, hidden: Int) -> CellSizes {
    CellSizes(cell, inputs: input, hidden: hidden)
  }

  @Test("Padded = alone, any lengths", arguments: cells)
  func paddedAgainstAlone(_ cell: Cell) throws {
    for (k, test) in Self.cases.enumerated() {
      let (input, hidden) = [(3, 7), (5, 17), (16, 16), (1, 1), (33, 20)][k % 5]
      let verification = try Verification(
        cell, sizes: Self.sizes(cell, input: input, hidden: hidden), steps: test.steps, batch: test.lengths.count, seed: UInt64(k))
      for threads in 1...3 {
        let check = withThreads(threads) { verification.paddedAgainstAlone(lengths: test.lengths) }
        #expect(check.passed, "\(cell.name) I\(input) H\(hidden) \(test) \(threads) threads: \(check.error)")
      }
    }
  }

  /// Enough to do for several threads, and more rows than are recorded at once on the way back.
  @Test(arguments: [Cell.rnn, .lstm, .gruResetBefore, .lstmLayerNorm, TestCells.everyOperation, MaskTests.cell])
  func manyRows(_ cell: Cell) throws {
    let lengths = (0..<9).map { $0 * 77 % 200 }
    let verification = try Verification(cell, sizes: Self.sizes(cell, input: 3, hidden: 18), steps: 200, batch: 9, seed: 3)
    for threads in 1...3 {
      let check = withThreads(threads) { verification.paddedAgainstAlone(lengths: lengths) }
      #expect(check.passed, "\(cell.name) \(threads) threads: \(check.error)")
    }
  }

  /// Few rows and large matrices: threads share out the units of a step.
  @Test(arguments: [Cell.rnn, .lstm, .gru, .gruResetBefore, .lstmProjection])
  func sharedUnits(_ cell: Cell) throws {
    // Few from the first step on, and few from some step on.
    for lengths in [[1, 3, 2], [1, 4, 2, 3, 4, 1, 0, 1]] {
      let verification = try Verification(
        cell, sizes: CellSizes(input: 960, hidden: 128, ["projection": 128]), steps: 4, batch: lengths.count, seed: 5)
      for threads in 1...3 {
        let check = withThreads(threads) { verification.paddedAgainstAlone(lengths: lengths) }
        #expect(check.passed, "\(cell.name) \(lengths) \(threads) threads: \(check.error)")
      }
    }
  }

  private static func everything(
    _ engine: CellEngine, _ parameters: [Tensor], _ x: [Tensor], lengths: [Int]?, reversed: Bool, output: Tensor, states: [Tensor]
  ) throws -> [Tensor] {
    let result = engine.run(
      engine.pack(parameters, forTraining: true), inputs: x, lengths: lengths, reversed: reversed, masks: .init(seed: 4, step: 2, time: 3))
    let gradients = engine.backward(try #require(result.trace), output: output, states: states)
    let inference = engine.run(engine.pack(parameters), inputs: x, lengths: lengths, reversed: reversed)
    return [result.output, inference.output] + result.states + inference.states + gradients.parameters + gradients.initialStates
      + gradients.inputs.compactMap(\.self)
  }

  /// The gradients of the weights too are the same to the bit with 1, 2 and 3 threads; and given lengths that are all T are
  /// no lengths.
  @Test(arguments: cells) func threads(_ cell: Cell) throws {
    let engine = try CellEngine(cell, sizes: Self.sizes(cell, input: 5, hidden: 21))
    var random = Philox(seed: 9)
    let (steps, lengths) = (31, [7, 31, 0, 30, 12, 12, 31, 1])
    let parameters = engine.parameters.map { Tensor(uniform: -0.4..<0.4, shape: engine.shape(of: $0), using: &random) }
    let x = cell.graph.inputs.indices.map {
      Tensor(normalMean: 0, deviation: 1, shape: [steps, 8, engine.sizes[cell.graph.inputSize($0)]], using: &random)
    }
    let output = Tensor(normalMean: 0, deviation: 1, shape: [steps, 8, engine.outputSize], using: &random)
    let states = engine.stateSizes.map { Tensor(normalMean: 0, deviation: 1, shape: [8, $0], using: &random) }
    for reversed in [false, true] {
      let runs = try (1...3).map { threads in
        try withThreads(threads) {
          try Self.everything(engine, parameters, x, lengths: lengths, reversed: reversed, output: output, states: states)
        }
      }
      #expect(runs[1] == runs[0] && runs[2] == runs[0], "\(cell.name) reversed: \(reversed)")
    }
    let full = Array(repeating: steps, count: 8)
    #expect(
      try Self.everything(engine, parameters, x, lengths: full, reversed: false, output: output, states: states)
        == Self.everything(engine, parameters, x, lengths: nil, reversed: false, output: output, states: states))
    // The same rows of one length behind which there is padding.
    func cut(_ tensor: Tensor) -> Tensor { tensor.rows(0..<20) }
    let padded = try Self.everything(
      engine, parameters, x, lengths: Array(repeating: 20, count: 8), reversed: false, output: output, states: states)
    let short = try Self.everything(
      engine, parameters, x.map(cut), lengths: nil, reversed: false, output: cut(output), states: states)
    #expect(padded.count == short.count)
    for (a, b) in zip(padded, short) { #expect((a.shape == b.shape ? a : cut(a)) == b, "\(cell.name)") }
  }

  /// The gradients of the weights are those of the rows, each over its own steps, in `Double`.
  @Test(arguments: [Cell.rnn, .lstm, .gru, .gruResetBefore, .lstmLayerNorm] + TestCells.all)
  func parametersAgainstPlain(_ cell: Cell) throws {
    let sizes = Self.sizes(cell, input: 4, hidden: 9)
    let engine = try CellEngine(cell, sizes: sizes), evaluation = try Evaluation(cell, sizes: sizes)
    var random = Philox(seed: 12)
    let lengths = [2, 5, 0, 4, 5, 1], steps = 6, batch = 6
    let parameters = engine.parameters.map { Tensor(uniform: -0.5..<0.5, shape: engine.shape(of: $0), using: &random) }
    let x = Tensor(normalMean: 0, deviation: 1, shape: [steps, batch, 4], using: &random)
    let output = Tensor(normalMean: 0, deviation: 1, shape: [steps, batch, engine.outputSize], using: &random)
    for reversed in [false, true] {
      let result = engine.run(engine.pack(parameters, forTraining: true), inputs: [x], lengths: lengths, reversed: reversed)
      let gradients = engine.backward(try #require(result.trace), output: output)
      let plain = parameters.map { $0.values.map(Double.init) }
      var expected = plain.map { [Double](repeating: 0, count: $0.count) }
      for b in 0..<batch {
        func own(_ tensor: Tensor) -> [[Double]] {
          (0..<lengths[b]).map { t in (0..<tensor.shape[2]).map { Double(tensor[reversed ? lengths[b] - 1 - t : t, b, $0]) } }
        }
        let run = evaluation.run(inputs: own(x).map { [$0] }, parameters: plain)
        let g = evaluation.gradients(of: run, outputs: own(output), parameters: plain)
        for p in expected.indices { for k in expected[p].indices { expected[p][k] += g.parameters[p][k] } }
      }
      let largest = expected.joined().map { abs($0) }.max() ?? 0
      for (tensor, reference) in zip(gradients.parameters, expected) {
        for (a, b) in zip(tensor.values, reference) { #expect(abs(Double(a) - b) <= 1e-5 * largest, "\(cell.name)") }
      }
    }
  }
}

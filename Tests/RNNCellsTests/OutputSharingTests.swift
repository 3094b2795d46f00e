import RNNCells
import RNNTensor
import Testing

/// The output of a training run may stand in the memory of the states, which the backward run reads: whoever writes to it
/// writes to a copy.
@Suite struct OutputSharingTests {
  private let steps = 3, batch = 2

  /// The output and the trace of a run, and nothing else that holds either.
  private func run(_ engine: CellEngine) throws -> (output: Tensor, trace: CellEngine.Trace) {
    var random = Philox(seed: 3)
    let parameters = engine.parameters.map { Tensor(uniform: -0.5..<0.5, shape: engine.shape(of: $0), using: &random) }
    let x = Tensor(uniform: -1..<1, shape: [steps, batch, engine.sizes.input], using: &random)
    let result = engine.run(engine.pack(parameters, forTraining: true), inputs: [x])
    return (result.output, try #require(result.trace))
  }

  private func gradients(_ engine: CellEngine, _ trace: CellEngine.Trace) -> [Tensor] {
    let output = Tensor(repeating: 0.5, shape: [steps, batch, engine.outputSize])
    let gradients = engine.backward(trace, output: output)
    return gradients.parameters + gradients.inputs.compactMap(\.self) + gradients.initialStates
  }

  /// Units that fill whole vectors, whose rows are dense, and units that don't.
  @Test(arguments: [Cell.rnn, .lstm, .gru, .lstmProjection], [32, 7])
  func writingTheOutput(_ cell: Cell, hidden: Int) throws {
    let engine = try CellEngine(cell, sizes: CellSizes(input: 5, hidden: hidden, ["projection": hidden == 32 ? 16 : 3]))
    let untouched = try run(engine)
    let expected = gradients(engine, untouched.trace), values = untouched.output.values

    var (output, trace) = try run(engine)
    output.withUnsafeMutableBufferPointer { $0.update(repeating: .nan) }
    #expect(gradients(engine, trace) == expected)
    #expect(output.values.allSatisfy { $0.isNaN })

    // One number, after the trace has been read once, and with a second holder of the output.
    (output, trace) = try run(engine)
    #expect(gradients(engine, trace) == expected)
    let kept = output
    output[steps - 1, batch - 1, 0] += 1
    #expect(gradients(engine, trace) == expected)
    #expect(kept.values == values && output.values != values)
  }

  /// What would happen without the copy, lest the test above have nothing to find.
  @Test func denseOutputsShareTheStatesMemory() throws {
    let engine = try CellEngine(.lstm, sizes: CellSizes(input: 5, hidden: 32))
    let (output, trace) = try run(engine)
    let expected = gradients(engine, trace)
    output.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress)?[0] += 1 }
    #expect(gradients(engine, trace) != expected)
  }
}

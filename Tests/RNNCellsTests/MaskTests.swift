import CRNNKernels
import RNNCells
import RNNTensor
import RNNTestSupport
import Testing

/// Dropout and zoneout inside a cell: a mask drawn twice, at the wrong time or for the wrong row would still train, only wrongly.
@Suite struct MaskTests {
  static let cell = Cell("masked", state: "h", "c") { x, s, W, b in
    let input = dropout(x, rate: 0.3)
    let i = sigmoid(W.xi * input + W.hi * dropout(s.h, rate: 0.4, perSequence: true) + b.i)
    let g = tanh(W.xg * input + W.hg * s.h + b.g)
    let c = zoneout((1 - i) * s.c + i * g, s.c, rate: 0.25)
    return ["h": tanh(c), "c": c]
  }

  let steps = 4, batch = 3
  let sizes = CellSizes(input: 5, hidden: 19)
  let source = CellEngine.MaskSource(seed: 42, step: 7, time: 11)

  /// The masks of a row as the kernels' counters give them.
  private func masks(row: Int, _ time: Int) -> Evaluation.Masks {
    { operation, count in
      func keep(_ rate: Double, _ tag: Int, _ time: Int) -> [Float] {
        var values = [Float](repeating: 0, count: count)
        rnn_keep_mask(&values, Int32(count), Float(rate), UInt32(tag), UInt32(row), UInt32(time), UInt32(source.step), source.seed)
        return values
      }
      switch operation {
      case .keep(let rate, let perSequence, let tag): return keep(rate, tag, perSequence ? 0 : source.time + time).map(Double.init)
      case .choose(let rate, let tag): return keep(rate, tag, source.time + time).map { $0 == 0 ? 1 : 0 }
      default: return []
      }
    }
  }

  @Test("Masked training, forward and backward, as plain evaluation with the same masks")
  func training() throws {
    let engine = try CellEngine(Self.cell, sizes: sizes), evaluation = try Evaluation(Self.cell, sizes: sizes)
    var random = Philox(seed: 5)
    let parameters = engine.parameters.map { Tensor(uniform: -0.5..<0.5, shape: engine.shape(of: $0), using: &random) }
    let x = Tensor(normalMean: 0, deviation: 1, shape: [steps, batch, sizes.input], using: &random)
    let gradient = Tensor(normalMean: 0, deviation: 1, shape: [steps, batch, sizes.hidden], using: &random)
    let result = engine.run(engine.pack(parameters, forTraining: true), inputs: [x], masks: source)
    let gradients = engine.backward(try #require(result.trace), output: gradient)

    let plain = parameters.map { $0.values.map(Double.init) }
    var expected = plain.map { [Double](repeating: 0, count: $0.count) }
    for row in 0..<batch {
      func sequence(_ t: Tensor) -> [[Double]] { (0..<steps).map { time in (0..<t.shape[2]).map { Double(t[time, row, $0]) } } }
      let run = evaluation.run(inputs: sequence(x).map { [$0] }, parameters: plain) { masks(row: row, $0) }
      for (a, b) in zip(sequence(result.output).joined(), run.outputs.joined()) { #expect(abs(a - b) < 1e-5) }
      let g = evaluation.gradients(of: run, outputs: sequence(gradient), parameters: plain)
      for p in expected.indices { for k in expected[p].indices { expected[p][k] += g.parameters[p][k] } }
      for (t, dx) in g.inputs.enumerated() {
        for (j, value) in dx[0].enumerated() { #expect(abs(Double(gradients.inputs[0]?[t, row, j] ?? .nan) - value) < 1e-4) }
      }
    }
    for (tensor, reference) in zip(gradients.parameters, expected) {
      for (a, b) in zip(tensor.values, reference) { #expect(abs(Double(a) - b) < 1e-4) }
    }
  }

  @Test("Outside training nothing is dropped, and zoneout is its mean")
  func inference() throws {
    let checks = try Verification(Self.cell, sizes: sizes, steps: steps, batch: batch)
    for check in [checks.forwardAgainstPlain(), checks.wholeAgainstSteps(), checks.wholeAgainstStepper(), checks.derivative()] {
      #expect(check.passed, "\(check.name): \(check.error)")
    }
  }

  @Test("Masks don't depend on how the sequence is cut, nor on the number of threads")
  func cut() throws {
    let engine = try CellEngine(Self.cell, sizes: sizes)
    var random = Philox(seed: 6)
    let packed = engine.pack(engine.parameters.map { Tensor(uniform: -0.5..<0.5, shape: engine.shape(of: $0), using: &random) }, forTraining: true)
    let x = Tensor(normalMean: 0, deviation: 1, shape: [steps, batch, sizes.input], using: &random)
    let whole = engine.run(packed, inputs: [x], masks: source)
    let half = steps / 2 * batch * sizes.input
    let first = engine.run(packed, inputs: [Tensor(x.values[..<half], shape: [steps / 2, batch, sizes.input])], masks: source)
    var later = source
    later.time += steps / 2
    let second = engine.run(packed, inputs: [Tensor(x.values[half...], shape: [steps - steps / 2, batch, sizes.input])], initial: first.states, masks: later)
    #expect(whole.output.values == first.output.values + second.output.values)
    #expect(whole.states == second.states)
  }

  @Test("No gradient above gives no gradient below")
  func zeroUpstream() throws {
    for cell in Cell.builtIn {
      let engine = try CellEngine(cell, sizes: CellSizes(input: 3, hidden: 7, ["projection": 4]))
      var random = Philox(seed: 8)
      let packed = engine.pack(engine.parameters.map { Tensor(uniform: -0.5..<0.5, shape: engine.shape(of: $0), using: &random) }, forTraining: true)
      let result = engine.run(packed, inputs: [Tensor(normalMean: 0, deviation: 1, shape: [3, 2, 3], using: &random)])
      let gradients = engine.backward(try #require(result.trace), output: nil)
      let all = gradients.parameters + gradients.initialStates + gradients.inputs.compactMap(\.self)
      #expect(all.allSatisfy { $0.values.allSatisfy { $0 == 0 } }, "\(cell)")
    }
  }
}

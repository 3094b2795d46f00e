import RNNCells
import RNNLayers
import RNNTensor
import RNNTestSupport
import Testing

/// Our cells against PyTorch's, forward and backward: the wrong gate order, the wrong bias, a lost gradient of a state or a
/// layer all show here.
@Suite struct PyTorchParityTests {
  /// The largest relative error: the reference is computed in Double, we compute in Float.
  static let bound = 5e-6

  struct Case: CustomTestStringConvertible, Sendable {
    let file: String
    let cell: Cell
    let layers: Int
    var testDescription: String { file }
  }

  static let cases: [Case] = {
    var cases: [Case] = []
    for (name, cell) in [("rnn", Cell.rnn), ("rnn_relu", .rnnReLU), ("lstm", .lstm), ("gru", .gru)] {
      for layers in 1...3 { cases.append(Case(file: "torch_\(name)_\(layers)layers", cell: cell, layers: layers)) }
    }
    for layers in 1...2 { cases.append(Case(file: "torch_lstm_proj_\(layers)layers", cell: .lstmProjection, layers: layers)) }
    return cases + [
      Case(file: "torch_lstm_layer_norm", cell: .lstmLayerNorm, layers: 1), Case(file: "torch_lstm_peephole", cell: .lstmPeephole, layers: 1),
      Case(file: "torch_mgu", cell: .mgu, layers: 1), Case(file: "torch_gru_reset_before", cell: .gruResetBefore, layers: 1),
    ]
  }()

  @Test("Forward and backward as PyTorch", arguments: cases)
  func parity(_ test: Case) throws {
    let fixture = try Fixture(test.file)
    let x = try fixture.tensor("x")
    let isProjected = test.cell == .lstmProjection
    let hidden = fixture.shape(test.cell.graph.states.count == 2 ? "c0" : "h0")[2]
    let stack = try RecurrentStack(
      "rnn", cell: test.cell, inputs: x.shape[2], hidden: hidden, layers: test.layers,
      sizes: isProjected ? ["projection": fixture.shape("h0")[2]] : [:])

    // The weights under the names that a model file has.
    var file = Weights()
    for name in fixture.names where name.hasPrefix("weight_") || name.hasPrefix("bias_") || name.hasPrefix("layers.") {
      file["rnn." + name.replacing(".v.", with: ".b.")] = try fixture.tensor(name)
    }
    let weights = try stack.ownWeights(fromFile: file)

    let states = test.cell.graph.states.map(\.name)
    func part(_ name: String, _ layer: Int) throws -> Tensor {
      let all = try fixture.tensor(name)
      let count = all.shape[1] * all.shape[2]
      return Tensor(all.values[layer * count..<(layer + 1) * count], shape: [all.shape[1], all.shape[2]])
    }

    var y = x
    var traces: [CellEngine.Trace] = []
    var finals: [[Float]] = states.map { _ in [] }
    for (layer, engine) in stack.engines.enumerated() {
      let packed = engine.pack(try stack.parameters(layer: layer, of: weights), forTraining: true)
      let result = engine.run(packed, inputs: [y], initial: try states.map { try part("\($0)0", layer) })
      y = result.output
      traces.append(try #require(result.trace))
      for s in states.indices { finals[s] += result.states[s].values }
    }
    #expect(try fixture.error(y.values, "y") < Self.bound)
    for (s, name) in states.enumerated() { #expect(try fixture.error(finals[s], "\(name)_n") < Self.bound) }

    var gradient = try fixture.tensor("gy")
    var gradients = Weights()
    var initial: [[[Float]]] = []
    for (layer, engine) in stack.engines.enumerated().reversed() {
      let result = engine.backward(traces[layer], output: gradient, states: try states.map { try part("g\($0)", layer) })
      gradient = try #require(result.inputs[0])
      for (parameter, tensor) in zip(engine.parameters, result.parameters) {
        gradients[stack.parameterName(parameter, layer: layer)] = tensor
      }
      initial.insert(result.initialStates.map(\.values), at: 0)
    }
    #expect(try fixture.error(gradient.values, "grad.x") < Self.bound)
    for (s, name) in states.enumerated() {
      #expect(try fixture.error(initial.flatMap { $0[s] }, "grad.\(name)0") < Self.bound)
    }
    let stacked = try stack.fileTensors(gradients)
    for (name, tensor) in zip(stacked.names, stacked.tensors) {
      let own = String(name.dropFirst(4))
      let reference = "grad." + (fixture.has("grad." + own) ? own : own.replacing(".b.", with: ".v."))
      if own.hasPrefix("bias_hh") {
        // Ours is one bias; only the GRU's third gate has a second of its own.
        guard test.cell == .gru else { continue }
        let expected = try fixture.doubles(reference)
        let error = zip(tensor.values, expected).suffix(hidden).map { abs(Double($0) - $1) }.max() ?? .infinity
        #expect(error < Self.bound * 10, "\(own): \(error)")
      } else {
        #expect(try fixture.error(tensor.values, reference) < Self.bound, "\(own)")
      }
    }
  }

  /// Rows of different lengths as `pack_padded_sequence(enforce_sorted=False)` has them, on the tape: the order of states and
  /// directions, where the reverse direction begins, what is zero past a row's end.
  @Test("Lengths and directions as PyTorch", arguments: [
    ("torch_rnn_bidirectional", Cell.rnn, 3, RecurrentStack.Merge.concatenate), ("torch_lstm_bidirectional", .lstm, 2, .concatenate),
    ("torch_gru_bidirectional", .gru, 2, .concatenate), ("torch_gru_lengths", .gru, 2, nil),
    ("torch_lstm_proj_lengths", .lstmProjection, 2, .concatenate),
  ] as [(String, Cell, Int, RecurrentStack.Merge?)])
  func lengths(_ file: String, _ cell: Cell, _ layers: Int, _ merge: RecurrentStack.Merge?) throws {
    let fixture = try Fixture(file)
    let lengths = try fixture.integers("lengths").map(Int.init)
    var x = try fixture.tensor("x"), gy = try fixture.tensor("gy")
    let (times, batch, inputs) = (x.shape[0], x.shape[1], x.shape[2])
    let hidden = fixture.shape(cell.graph.states.count == 2 ? "c0" : "h0")[2]
    let stack = try RecurrentStack(
      "rnn", cell: cell, inputs: inputs, hidden: hidden, layers: layers, sizes: ["projection": fixture.shape("h0")[2]], bidirectional: merge)
    var stored = Weights()
    for name in fixture.names where name.hasPrefix("weight_") || name.hasPrefix("bias_") { stored["rnn." + name] = try fixture.tensor(name) }
    let weights = try stack.ownWeights(fromFile: stored)

    // What PyTorch doesn't read we mustn't either.
    for tensor in [0, 1] {
      let width = tensor == 0 ? inputs : stack.outputSize
      func spoil(_ values: UnsafeMutableBufferPointer<Float>) {
        for (b, length) in lengths.enumerated() {
          for t in length..<times { for j in 0..<width { values[(t * batch + b) * width + j] = .nan } }
        }
      }
      if tensor == 0 { x.withUnsafeMutableBufferPointer(spoil) } else { gy.withUnsafeMutableBufferPointer(spoil) }
    }
    let names = cell.graph.states.map(\.name)
    func part(_ name: String, _ run: Int) throws -> Tensor {
      let all = try fixture.tensor(name)
      return all.rows(run..<run + 1).reshaped(Array(all.shape.dropFirst()))
    }
    let count = layers * (merge == nil ? 1 : 2)
    let initial = try (0..<count).map { run in try names.map { try part("\($0)0", run) } }
    let upstream = try (0..<count).map { run in try names.map { try part("g\($0)", run) } }

    let tape = Tape()
    let input = tape.watch(x), states = initial.map { $0.map { tape.watch($0) } }, variables = weights.tensors.map { tape.watch($0) }
    let taped = zip(weights.names, variables).reduce(TapedWeights(constant: Weights())) { $0.replacing($1.0, with: $1.1) }
    let (y, after) = stack(input, taped, initial: states, lengths: lengths)
    #expect(try fixture.error(y.value.values, "y") < Self.bound)
    for (s, name) in names.enumerated() { #expect(try fixture.error(after.flatMap { $0[s].value.values }, "\(name)_n") < Self.bound) }

    // Its loss, whose gradient of y is `gy`: a term that doesn't multiply by the NaNs.
    let zero = Tensor([0], shape: [])
    let head = Tape.record(inputs: [y], output: zero) { _, _ in [gy] }
    var loss = head
    for (own, gradients) in zip(after, upstream) { for (a, g) in zip(own, gradients) { loss = loss + (a * Variable(g)).sum() } }
    let all = [input] + variables + states.joined()
    let gradients = tape.gradient(of: loss, with: all)
    #expect(try fixture.error(try #require(gradients[0]).values, "grad.x") < Self.bound)
    let flat = Array(gradients.dropFirst(1 + variables.count))
    for (s, name) in names.enumerated() {
      let values = try (0..<count).flatMap { try #require(flat[$0 * names.count + s]).values }
      #expect(try fixture.error(values, "grad.\(name)0") < Self.bound)
    }
    let own = Weights(try zip(weights.names, gradients.dropFirst()).map { ($0, try #require($1)) })
    let file = try stack.fileTensors(own)
    #expect(file.names.count == stored.count)
    for (name, tensor) in zip(file.names, file.tensors) {
      let own = String(name.dropFirst(4))
      if own.hasPrefix("bias_hh") {
        guard cell == .gru else { continue }
        let error = zip(tensor.values, try fixture.doubles("grad." + own)).suffix(hidden).map { abs(Double($0) - $1) }.max() ?? .infinity
        #expect(error < Self.bound * 10, "\(own): \(error)")
      } else {
        #expect(try fixture.error(tensor.values, "grad." + own) < Self.bound, "\(own)")
      }
    }
  }

  @Test("A stack written in PyTorch's layout comes back to the same bits")
  func roundTrip() throws {
    for cell in Cell.builtIn {
      for merge in [nil, RecurrentStack.Merge.concatenate, .sum] { try roundTrip(cell, merge) }
    }
  }

  private func roundTrip(_ cell: Cell, _ merge: RecurrentStack.Merge?) throws {
    let stack = try RecurrentStack(
      "rnn", cell: cell, inputs: 5, hidden: 7, layers: 2, sizes: ["projection": 3], bidirectional: merge)
    var weights = Weights(), random = Philox(seed: 3)
    try stack.initial(into: &weights, using: &random)
    let back = try stack.ownWeights(fromFile: try stack.fileTensors(weights))
    #expect(back == weights, "\(cell)")
  }
}

import RNNTestSupport
import Testing

/// Stacks over rows of different lengths, in one direction and in both.
@Suite struct StackLengthTests {
  static let merges: [RecurrentStack.Merge?] = [nil, .concatenate, .sum, .mean]
  private static let lengths = [2, 4, 0, 1], times = 5

  private static func make(_ stack: RecurrentStack) throws -> (weights: Weights, x: Tensor, states: RecurrentStack.States) {
    var weights = Weights(), random = Philox(seed: 6)
    try stack.initial(into: &weights, using: &random)
    let x = Tensor(normalMean: 0, deviation: 1, shape: [times, lengths.count, 3], using: &random)
    let states = stack.initialStates(batch: lengths.count).map {
      $0.map { Tensor(normalMean: 0, deviation: 0.5, shape: $0.shape, using: &random) }
    }
    return (weights, x, states)
  }

  private static func group(_ flat: [Variable], like states: RecurrentStack.States) -> RecurrentStack.TapedStates {
    var rest = flat[...]
    return states.map { own in
      defer { rest = rest.dropFirst(own.count) }
      return Array(rest.prefix(own.count))
    }
  }

  private static func taped(_ names: [String], _ variables: some Sequence<Variable>) -> TapedWeights {
    zip(names, variables).reduce(TapedWeights(constant: Weights())) { $0.replacing($1.0, with: $1.1) }
  }

  @Test("Gradients of inputs, weights and initial states against differences", arguments: [Cell.rnn, .lstm, .gru], merges)
  func differences(_ cell: Cell, _ merge: RecurrentStack.Merge?) throws {
    let stack = try RecurrentStack(
      "s", cell: cell, inputs: 3, hidden: 4, layers: 2, dropout: 0.3, variationalDropout: true, bidirectional: merge)
    let (weights, x, states) = try Self.make(stack)
    let names = weights.names
    let check = GradientCheck([x] + weights.tensors + states.joined()) { variables in
      let own = Self.taped(names, variables.dropFirst())
      let (y, after) = stack(
        variables[0], own, initial: Self.group(Array(variables.dropFirst(1 + names.count)), like: states), lengths: Self.lengths,
        dropoutKey: DropoutKey(seed: 2, step: 3))
      // Without the maximum, whose place may change within a difference.
      return [y] + [Pooling.last, .mean].map { stack.pool(y, $0, lengths: Self.lengths) } + after.joined()
    }
    #expect(check.worst < 2e-3, "\(check)")
  }

  /// Each row alone: outputs, states and gradients to the bit, with the masks of dropout and DropConnect, whatever stands in
  /// the padding; and `run` as on the tape.
  @Test("Padded = alone", arguments: [Cell.lstm, .gru, TestCells.everyOperation], merges)
  func alone(_ cell: Cell, _ merge: RecurrentStack.Merge?) throws {
    let stack = try RecurrentStack("s", cell: cell, inputs: 3, hidden: 5, layers: 2, dropout: 0.3, bidirectional: merge)
    let (weights, clean, states) = try Self.make(stack)
    var x = clean
    for (b, length) in Self.lengths.enumerated() {
      x.withUnsafeMutableBufferPointer { x in
        for t in length..<Self.times { for j in 0..<3 { x[(t * Self.lengths.count + b) * 3 + j] = .nan } }
      }
    }
    /// Outputs and states; the gradients of x and of the initial states.
    func run(_ x: Tensor, _ states: RecurrentStack.States, _ lengths: [Int]?, row: Int) -> [Tensor] {
      let tape = Tape()
      let input = tape.watch(x), initial = states.map { $0.map { tape.watch($0) } }
      let key = DropoutKey(seed: 5, step: 1, row: UInt32(row))
      let own = stack.dropConnect(TapedWeights(constant: weights), rate: 0.2, key)
      let (y, after) = stack(input, own, initial: initial, lengths: lengths, dropoutKey: key)
      let terms = [y] + after.joined()
      let sums = terms.map { ($0 * $0).sum() }
      let gradients = tape.gradient(of: sums.dropFirst().reduce(sums[0]) { $0 + $1 }, with: [input] + initial.joined())
      return terms.map(\.value) + zip(gradients, [x] + states.joined()).map { $0 ?? Tensor(zeros: $1.shape) }
    }
    let batch = run(x, states, Self.lengths, row: 0)
    #expect(batch.allSatisfy { $0.values.allSatisfy(\.isFinite) })
    for (b, length) in Self.lengths.enumerated() {
      func row(_ tensor: Tensor) -> Tensor {
        let units = tensor.shape[tensor.shape.count - 1]
        if tensor.shape.count == 2 { return tensor.rows(b..<b + 1) }
        return Tensor(
          (0..<length).flatMap { t in (0..<units).map { tensor[t, b, $0] } }, shape: [length, 1, units])
      }
      let own = run(row(x), states.map { $0.map(row) }, nil, row: b)
      for (a, c) in zip(batch, own) { #expect(row(a) == c, "\(cell.name) \(String(describing: merge)) row \(b)") }
    }

    let packed = try stack.pack(weights)
    let plain = stack.run(x, packed, initial: states, lengths: Self.lengths)
    let taped = stack(Variable(x), TapedWeights(constant: weights), initial: states.map { $0.map { Variable($0) } }, lengths: Self.lengths)
    #expect(plain.output == taped.output.value)
    #expect(plain.states == taped.states.map { $0.map(\.value) })
    #expect(plain.output.shape == [Self.times, Self.lengths.count, stack.outputSize])
  }

  @Test func theReverseDirectionIsTheForwardOneOnReversedRows() throws {
    let both = try RecurrentStack("s", cell: .gru, inputs: 3, hidden: 5, bidirectional: .concatenate)
    let one = try RecurrentStack("s", cell: .gru, inputs: 3, hidden: 5)
    let (weights, x, _) = try Self.make(both)
    #expect(both.outputSize == 10)
    #expect(weights.names.filter { $0.hasSuffix("_reverse") }.count * 2 == weights.count)
    var turned = Weights()
    for name in weights.names where !name.hasSuffix("_reverse") { turned[name] = weights[name + "_reverse"] }
    for (b, length) in Self.lengths.enumerated() where length > 0 {
      let reversed = Tensor((0..<length).reversed().flatMap { t in (0..<3).map { x[t, b, $0] } }, shape: [length, 1, 3])
      let expected = one.run(reversed, try one.pack(turned))
      let found = both.run(x, try both.pack(weights), lengths: Self.lengths)
      for t in 0..<length { for j in 0..<5 { #expect(found.output[t, b, 5 + j] == expected.output[length - 1 - t, 0, j]) } }
      #expect(found.states[1][0].rows(b..<b + 1) == expected.states[0][0])
      // What pooling the last step gives are both directions' final outputs.
      let last = both.pool(Variable(found.output), .last, lengths: Self.lengths).value
      #expect((0..<10).map { last[b, $0] } == (0..<10).map { ($0 < 5 ? found.states[0][0] : found.states[1][0])[b, $0 % 5] })
    }
  }

  @Test func merging() throws {
    let (concatenated, weights, x) = try {
      let stack = try RecurrentStack("s", cell: .lstm, inputs: 3, hidden: 5, bidirectional: .concatenate)
      let (weights, x, _) = try Self.make(stack)
      return (stack.run(x, try stack.pack(weights), lengths: Self.lengths).output, weights, x)
    }()
    for (merge, factor) in [(RecurrentStack.Merge.sum, 1 as Float), (.mean, 0.5)] {
      let stack = try RecurrentStack("s", cell: .lstm, inputs: 3, hidden: 5, bidirectional: merge)
      let y = stack.run(x, try stack.pack(weights), lengths: Self.lengths).output
      #expect(y.shape == [Self.times, 4, 5])
      for t in 0..<Self.times {
        for b in 0..<4 { for j in 0..<5 { #expect(y[t, b, j] == factor * (concatenated[t, b, j] + concatenated[t, b, 5 + j])) } }
      }
    }
  }

  @Test func stepsAreRefusedInBothDirections() throws {
    let stack = try RecurrentStack("encoder", cell: .gru, inputs: 3, hidden: 5, bidirectional: .sum)
    let packed = try stack.pack(Self.make(stack).weights)
    let error = #expect(throws: RNNError.self) { try stack.steppers(packed) }
    #expect(error?.kind == .usage)
    #expect(error?.message.contains("encoder runs in both directions") == true)
  }

  @Test func oneMaskForAllTimes() throws {
    for variational in [false, true] {
      let stack = try RecurrentStack("s", cell: .rnn, inputs: 3, hidden: 5, layers: 2, dropout: 0.4, variationalDropout: variational)
      let (weights, x, _) = try Self.make(stack)
      let constants = TapedWeights(constant: weights), key = DropoutKey(seed: 3, step: 4)
      func layer(_ index: Int, inputs: Int) throws -> (RecurrentStack, TapedWeights) {
        let one = try RecurrentStack("s", cell: .rnn, inputs: inputs, hidden: 5)
        var own = Weights()
        for parameter in one.engines[0].parameters {
          own[one.parameterName(parameter, layer: 0)] = weights[stack.parameterName(parameter, layer: index)]
        }
        return (one, TapedWeights(constant: own))
      }
      let (first, firstWeights) = try layer(0, inputs: 3), (second, secondWeights) = try layer(1, inputs: 5)
      let between = RNNTensor.dropout(first(Variable(x), firstWeights).output, rate: 0.4, tag: 1, key: key, perSequence: variational)
      #expect(stack(Variable(x), constants, dropoutKey: key).output.value == second(between, secondWeights).output.value)
    }
  }
}

@Suite struct DropConnectTests {
  @Test func onlyRecurrentMatricesOneMaskAnUpdate() throws {
    for merge in StackLengthTests.merges {
      let stack = try RecurrentStack("s", cell: .lstmProjection, inputs: 3, hidden: 40, layers: 2, sizes: ["projection": 20], bidirectional: merge)
      var weights = Weights(), random = Philox(seed: 1)
      try stack.initial(into: &weights, using: &random)
      let constants = TapedWeights(constant: weights)
      func dropped(_ key: DropoutKey?, rate: Float = 0.25) -> TapedWeights { stack.dropConnect(constants, rate: rate, key) }
      let some = dropped(DropoutKey(seed: 1, step: 5)), later = dropped(DropoutKey(seed: 1, step: 5, time: 70, row: 3))
      let next = dropped(DropoutKey(seed: 1, step: 6))
      var masks = Set<[Bool]>()
      for (name, tensor) in zip(weights.names, weights.tensors) {
        let isRecurrent = name.contains(".W.h")
        #expect(some[name].value == later[name].value)
        #expect((some[name].value == next[name].value) == !isRecurrent, "\(name)")
        #expect(dropped(nil)[name].value == tensor && dropped(DropoutKey(seed: 1, step: 5), rate: 0)[name].value == tensor)
        guard isRecurrent else {
          #expect(some[name].value == tensor, "\(name)")
          continue
        }
        let mask = some[name].value.values.map { $0 == 0 }
        #expect(masks.insert(mask).inserted, "two matrices have one mask")
        let share = Double(mask.count { $0 }) / Double(mask.count)
        #expect(abs(share - 0.25) < 0.08, "\(name) \(share)")
        for (a, b) in zip(some[name].value.values, tensor.values) where a != 0 { #expect(abs(a - b / 0.75) < 1e-6) }
      }
    }
  }

  @Test func gradients() throws {
    let stack = try RecurrentStack("s", cell: .gru, inputs: 3, hidden: 4, bidirectional: .concatenate)
    var weights = Weights(), random = Philox(seed: 1)
    try stack.initial(into: &weights, using: &random)
    let x = Variable(Tensor(normalMean: 0, deviation: 1, shape: [4, 2, 3], using: &random)), names = weights.names
    let check = GradientCheck(weights.tensors) { variables in
      let own = zip(names, variables).reduce(TapedWeights(constant: Weights())) { $0.replacing($1.0, with: $1.1) }
      return [stack(x, stack.dropConnect(own, rate: 0.4, DropoutKey(seed: 3, step: 1)), lengths: [4, 2]).output]
    }
    #expect(check.worst < 1e-3, "\(check)")
  }
}

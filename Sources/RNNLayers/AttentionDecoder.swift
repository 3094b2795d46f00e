public import RNNCells
public import RNNTensor

/// A decoder that looks at a source at every step and is fed with what it found (Luong, Pham & Manning 2015, “input feeding”).
///
///     xₜ = [eₜ; aₜ₋₁]              an embedding and the attentional vector of the step before, zero at first
///     sₜ = the recurrent stack of xₜ
///     cₜ = attention of sₜ to the source
///     aₜ = tanh(W [cₜ; sₜ])
///
/// Parameters: those of the stack under `name.rnn`, of the attention under `name.attention`, and `name.combine.weight`.
public struct AttentionDecoder: Sendable {
  public let name: String
  public let stack: RecurrentStack
  public let attention: Attention
  /// W
  public let combine: Linear
  /// The units of an embedding.
  public let inputs: Int
  /// The units of an attentional vector: what comes out.
  public var outputSize: Int { combine.outputs }

  /// Throws `.usage` for sizes that can't be.
  ///
  /// - Parameters:
  ///   - inputs: the units of an embedding.
  ///   - values: the units of a step of the source.
  ///   - outputs: the units of an attentional vector.
  ///   - sizes: further sizes that the cell needs.
  ///   - dropout: the rate of dropout between layers.
  public init(
    _ name: String, cell: Cell, inputs: Int, hidden: Int, layers: Int = 1, sizes: [String: Int] = [:], dropout: Float = 0,
    score: Attention.Score, values: Int, outputs: Int
  ) throws(RNNError) {
    guard inputs > 0, outputs > 0, values > 0 else {
      throw RNNError(.usage, "a decoder needs at least one unit of each kind; found \(inputs) inputs, \(values) values, \(outputs) outputs")
    }
    self.name = name
    self.inputs = inputs
    stack = try RecurrentStack(name + ".rnn", cell: cell, inputs: inputs + outputs, hidden: hidden, layers: layers, sizes: sizes, dropout: dropout)
    attention = try Attention(name + ".attention", score, queries: stack.outputSize, values: values)
    combine = Linear(name + ".combine", inputs: values + stack.outputSize, outputs: outputs, bias: false)
  }

  /// Adds the decoder's parameters.
  ///
  /// Throws `.usage` if there is a layer of that name already.
  public func initial(
    into weights: inout Weights, using random: inout Philox, _ initialization: RecurrentStack.Initialization = .init()
  ) throws(RNNError) {
    try stack.initial(into: &weights, using: &random, initialization)
    try attention.initial(into: &weights, using: &random, range: initialization.range)
    try combine.initial(into: &weights, using: &random, range: initialization.range)
  }

  /// Names and shapes of the parameters outside the stack.
  public var furtherShapes: [(name: String, shape: [Int])] {
    (attention.parameterNames.map { ($0, attention.shape(of: $0) ?? []) }) + [(combine.weightName, [combine.outputs, combine.inputs])]
  }

  /// The decoder over whole sequences on the tape, as one operation: a sequence that is opened, stepped and closed.
  ///
  /// - Parameters:
  ///   - x: embeddings `[T, B, inputs]`.
  ///   - source: `[S, B, values]`.
  ///   - sourceLengths: the steps of the source that each row has; nil: S each. What stands behind is never read.
  ///   - initial: the stack's states before the first step; the cell's own if nil.
  ///   - lengths: the steps of each row, from 0 to T; nil: T each. Outputs behind a row's end are zero.
  ///   - key: what masks are drawn from; nil outside training.
  /// - Returns: the attentional vectors `[T, B, outputs]`, and the weights of the source's steps `[T, B, S]`.
  public func callAsFunction(
    _ x: Variable, source: Variable, sourceLengths: [Int]? = nil, initial: RecurrentStack.TapedStates? = nil, lengths: [Int]? = nil,
    _ weights: TapedWeights, dropoutKey key: DropoutKey? = nil
  ) -> (output: Variable, weights: Tensor) {
    precondition(x.shape.count == 3 && x.shape[2] == inputs, "embeddings [T, B, \(inputs)] are decoded, not the shape \(x.shape)")
    let batch = x.shape[1]
    let keys = attention.keys(source, weights)
    let vector = attention.vector.map { weights[$0.weightName].reshaped([attention.units]) }
    let parameters = stack.runs.map { run in
      stack.engines[run.layer].parameters.map { weights[stack.parameterName($0, layer: run.layer)] }
    }
    let initial = initial ?? stack.initialStates(batch: batch).map { $0.map { Variable($0) } }
    let query = attention.query.map { weights[$0.weightName] }
    // All that gradients flow to, group by group.
    let groups: [[Variable]] = [
      [x, keys, source], [weights[combine.weightName]], query.map { [$0] } ?? [], vector.map { [$0] } ?? [],
      Array(parameters.joined()), Array(initial.joined()),
    ]
    let inputs = Array(groups.joined())
    let isTraining = inputs.contains { $0.requiresGradient }
    let rows = StepRows(times: x.shape[0], batch: batch, lengths: lengths)
    let attended = AttentionSource(keys: keys.value, values: source.value, vector: vector?.value, lengths: sourceLengths)
    let sequence = DecoderSequence(
      self, combine: PackedMatrix(weights[combine.weightName].value), query: query.map { PackedMatrix($0.value) },
      packed: zip(stack.engines, parameters).map { engine, own in
        engine.pack(own.map(\.value), forTraining: isTraining || (key != nil && stack.cell.graph.isRandom))
      }, rows: rows, source: attended, initial: initial.map { $0.map(\.value) }, key: key)
    sequence.run(x.value)
    let found = sequence.attentionWeights()
    guard isTraining else { return (Variable(sequence.output()), found) }
    let output = Tape.record(inputs: inputs, output: sequence.output(), accumulate: { [combine = weights[combine.weightName].value, query = query?.value] gradient, needs, sums in
      sequence.runBack(gradient, combine: combine, query: query)
      sequence.close(to: &sums, needs: needs, counts: parameters.map(\.count))
    })
    return (output, found)
  }
}

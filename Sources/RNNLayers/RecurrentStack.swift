public import RNNCells
public import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Recurrent layers on top of each other, of one cell: the output of each is the input of the next.
///
/// A bidirectional stack runs every layer twice, with parameters of their own: from each row's first step to its last, and
/// from its last to its first. What comes out at a step is both directions' outputs for it, merged.
///
/// The parameters are named `name.layer.W.xi`, `name.layer.b.i` and so on, after the cell's equations; those of the reverse
/// direction `name.layer.W.xi_reverse`, as PyTorch has it.
public struct RecurrentStack: Sendable {
  public let name: String
  public let cell: Cell
  /// One engine a layer, for both directions.
  public let engines: [CellEngine]
  /// Dropout on the output of every layer but the last.
  public let dropout: Float
  /// Whether this dropout has one mask for all times of a sequence (Gal & Ghahramani 2016).
  public let variationalDropout: Bool
  /// How the outputs of both directions become one; nil: there is only the forward direction.
  public let bidirectional: Merge?

  public enum Merge: String, Sendable, Hashable, Codable, CaseIterable {
    /// The units of the forward direction, then those of the reverse one.
    case concatenate
    case sum
    case mean
  }

  public var layerCount: Int { engines.count }
  /// 2 if bidirectional, else 1.
  public var directionCount: Int { bidirectional == nil ? 1 : 2 }
  /// The units of the last layer's output: twice the cell's if two directions are concatenated.
  public var outputSize: Int { Self.width(engines[engines.count - 1], bidirectional) }

  private static func width(_ engine: CellEngine, _ merge: Merge?) -> Int { engine.outputSize * (merge == .concatenate ? 2 : 1) }

  /// Throws `.usage` if a size is missing or not positive.
  ///
  /// - Parameters:
  ///   - sizes: further sizes that the cell needs (`projection`).
  ///   - dropout: the rate of dropout on the output of every layer but the last.
  ///   - variationalDropout: whether this dropout has one mask for all times of a sequence.
  ///   - bidirectional: runs each layer in both directions and merges their outputs so.
  public init(
    _ name: String, cell: Cell, inputs: Int, hidden: Int, layers: Int = 1, sizes: [String: Int] = [:], dropout: Float = 0,
    variationalDropout: Bool = false, bidirectional: Merge? = nil
  ) throws(RNNError) {
    try Limits.layers.check(layers, "layers")
    try Limits.rate.check(Double(dropout), "dropout")
    guard cell.graph.inputs.count == 1 else {
      throw RNNError(.usage, "the cell \(cell.name) has the inputs \(cell.graph.inputs.joined(separator: ", ")); a stack gives only one")
    }
    self.name = name
    self.cell = cell
    self.dropout = dropout
    self.variationalDropout = variationalDropout
    self.bidirectional = bidirectional
    var engines: [CellEngine] = []
    for layer in 0..<layers {
      let width = layer == 0 ? inputs : Self.width(engines[layer - 1], bidirectional)
      // Layers of the same sizes share one plan.
      if let last = engines.last, last.sizes.input == width {
        engines.append(last)
      } else {
        engines.append(try CellEngine(cell, sizes: CellSizes(input: width, hidden: hidden, sizes)))
      }
    }
    self.engines = engines
  }

  // MARK: Parameters

  /// A direction of a layer.
  struct Run {
    let layer: Int
    let isReverse: Bool
    /// Where its states and its packed parameters stand.
    let index: Int
    /// What the names of its parameters end with.
    var suffix: String { isReverse ? "_reverse" : "" }
  }

  /// In PyTorch's order: each layer's forward direction, then its reverse one.
  var runs: [Run] {
    (0..<layerCount * directionCount).map {
      Run(layer: $0 / directionCount, isReverse: $0 % directionCount == 1, index: $0)
    }
  }

  /// The name of a layer's parameter.
  public func parameterName(_ parameter: Parameter, layer: Int, reverse: Bool = false) -> String {
    "\(name).\(layer).\(parameter.symbol)\(reverse ? "_reverse" : "")"
  }

  /// The names and shapes of all parameters.
  public var parameterShapes: [(name: String, shape: [Int])] {
    runs.flatMap { run in
      engines[run.layer].parameters.map { (parameterName($0, layer: run.layer, reverse: run.isReverse), engines[run.layer].shape(of: $0)) }
    }
  }

  /// A layer's parameters in the engine's order.
  public func parameters(layer: Int, reverse: Bool = false, of weights: Weights) throws(RNNError) -> [Tensor] {
    var result: [Tensor] = []
    for parameter in engines[layer].parameters {
      let name = parameterName(parameter, layer: layer, reverse: reverse)
      guard let tensor = weights[name] else { throw RNNError(.badData, "the tensor \(name) is missing") }
      let shape = engines[layer].shape(of: parameter)
      guard tensor.shape == shape else {
        throw RNNError(.badData, "the tensor \(name) has the shape \(tensor.shape), expected was \(shape)")
      }
      result.append(tensor)
    }
    return result
  }

  /// The number of all parameters, counted in `Double`: they may be too many to exist.
  package var parameterCount: Double {
    runs.reduce(0) { sum, run in
      engines[run.layer].parameters.reduce(sum) { $0 + engines[run.layer].shape(of: $1).reduce(1) { $0 * Double($1) } }
    }
  }

  /// The bytes that an update keeps for the way back at least, for each step and row.
  package var keptBytesPerStepAndRow: Double { runs.reduce(0) { $0 + Double(engines[$1.layer].keptBytesPerStepAndRow) } }

  // MARK: First values

  /// How the first parameters are drawn.
  public struct Initialization: Sendable, Hashable {
    /// Added to the forget gate's bias (the vector `f`), so that memory lasts at first (Jozefowicz et al. 2015).
    public var forgetBias: Float
    /// For sequences of about this many steps: each unit remembers, at first, for a time t of its own, drawn uniformly from 1 to
    /// one step less. The bias of the gate that keeps (the vector `f` of an LSTM, `z` of a GRU) is log t, that of the gate that
    /// takes in (`i`) −log t (Tallec & Ollivier 2018, “chrono”), whatever `forgetBias` says.
    public var span: Int?
    /// Square recurrent matrices are orthogonal.
    public var orthogonal: Bool
    /// All weights are drawn uniformly from ± this, whatever their layer (Zaremba et al. 2014); nil for each layer's own way.
    public var range: Float?

    public init(forgetBias: Float = 0, span: Int? = nil, orthogonal: Bool = false, range: Float? = nil) {
      self.forgetBias = forgetBias
      self.span = span
      self.orthogonal = orthogonal
      self.range = range
    }

    /// Throws `.usage` for numbers that can't be.
    package func check() throws(RNNError) {
      try Limits.offset.check(Double(forgetBias), "the forget gate's first bias")
      try Limits.textLength.check(span, "the span that units remember")
      try Limits.spread.check(range.map(Double.init), "the range of the first weights")
    }
  }

  /// Adds the stack's parameters. The default is PyTorch's: all uniform within ±1/√hidden; PyTorch has two biases where we
  /// have one, so that a bias beside products of input and state is the sum of two draws. A gain behind a normalisation
  /// starts at 1.
  ///
  /// Throws `.usage` if there is a layer of that name already.
  public func initial(
    into weights: inout Weights, using random: inout Philox, _ initialization: Initialization = .init()
  ) throws(RNNError) {
    let roles = cell.graph.vectorRoles
    for run in runs {
      let engine = engines[run.layer]
      let bound = initialization.range ?? 1 / Float(engine.sizes.hidden).squareRoot()
      let memory = initialization.span.map { span in
        Tensor((0..<engine.sizes.hidden).map { _ in Float(log(1 + random.uniform() * Double(max(span - 2, 0)))) }, shape: [engine.sizes.hidden])
      }
      for (index, parameter) in engine.parameters.enumerated() {
        let shape = engine.shape(of: parameter)
        var tensor: Tensor
        switch roles[index] {
        case .gain: tensor = Initializer.constant(1).tensor(shape, using: &random)
        case .doubleBias:
          tensor = Initializer.uniform(bound).tensor(shape, using: &random)
          tensor.add(Initializer.uniform(bound).tensor(shape, using: &random))
        case .matrix where initialization.orthogonal && cell.graph.isRecurrent(index) && shape[0] == shape[1]:
          tensor = Initializer.orthogonal().tensor(shape, using: &random)
        default: tensor = Initializer.uniform(bound).tensor(shape, using: &random)
        }
        if parameter.symbol == "b.f", initialization.forgetBias != 0 {
          tensor.add(Tensor(repeating: initialization.forgetBias, shape: shape))
        }
        if let memory, memory.shape == shape {
          switch parameter.symbol {
          case "b.f", "b.z": tensor = memory
          case "b.i": tensor = Tensor(memory.values.map(-), shape: shape)
          default: break
          }
        }
        try weights.add(tensor, named: parameterName(parameter, layer: run.layer, reverse: run.isReverse), of: name)
      }
    }
  }

  // MARK: Sequences

  /// The states of all layers, `[layer][state]`, `[B, ·]` each; of a bidirectional stack `[2 · layer + direction][state]`,
  /// PyTorch's order: layer 0 forward, layer 0 reverse, layer 1 forward …
  public typealias States = [[Tensor]]
  /// The same on a tape.
  public typealias TapedStates = [[Variable]]

  /// The cells' own initial states for a batch of so many rows.
  public func initialStates(batch: Int) -> States { runs.map { engines[$0.layer].initialStates(batch: batch) } }

  /// The stack over a sequence on the tape.
  ///
  /// - Parameters:
  ///   - x: `[T, B, I]`
  ///   - initial: the states before the first step; the cell's own initial states if nil. Constants where no gradient is to
  ///     flow further back (truncated back-propagation through time).
  ///   - lengths: the steps of each row, from 0 to T; nil: T each. What stands behind a row's end is never read, outputs there
  ///     are zero, and the reverse direction begins at the row's own last step. Rows need no order.
  ///   - key: what masks are drawn from; nil outside training. Its time is that of the first step.
  /// - Returns: the last layer's output `[T, B, ·]`, and the states after each row's last step (of the reverse direction: after
  ///   its first).
  public func callAsFunction(
    _ x: Variable, _ weights: TapedWeights, initial: TapedStates? = nil, lengths: [Int]? = nil, dropoutKey key: DropoutKey? = nil
  ) -> (output: Variable, states: TapedStates) {
    checkWhole(time: Int(key?.time ?? 0))
    return layers(x, key) { y, run in
      engines[run.layer].record(
        y, engines[run.layer].parameters.map { weights[parameterName($0, layer: run.layer, reverse: run.isReverse)] },
        initial: initial?[run.index], lengths: lengths, reversed: run.isReverse,
        masks: key.map { masks(run, $0) })
    }
  }

  /// What the masks of a layer's cell are drawn from.
  func masks(_ run: Run, _ key: DropoutKey) -> CellEngine.MaskSource {
    let number = run.layer + (run.isReverse ? layerCount : 0)
    return .init(seed: key.seed &+ UInt64(number + 1) &* 0x9E37_79B9_7F4A_7C15, step: Int(key.step), time: Int(key.time), row: Int(key.row))
  }

  /// The parameters packed for runs without a tape.
  public func pack(_ weights: Weights) throws(RNNError) -> [CellEngine.Packed] {
    var result: [CellEngine.Packed] = []
    for run in runs {
      result.append(engines[run.layer].pack(try parameters(layer: run.layer, reverse: run.isReverse, of: weights)))
    }
    return result
  }

  /// The stack over a sequence without a tape: `[T, B, I]` to `[T, B, ·]`. See ``callAsFunction(_:_:initial:lengths:dropoutKey:)``.
  public func run(
    _ x: Tensor, _ packed: [CellEngine.Packed], initial: States? = nil, lengths: [Int]? = nil, firstStep: Int = 0
  ) -> (output: Tensor, states: States) {
    checkWhole(time: firstStep)
    let (output, states) = layers(Variable(x), nil) { y, run in
      let result = engines[run.layer].run(
        packed[run.index], inputs: [y.value], initial: initial?[run.index], lengths: lengths, reversed: run.isReverse,
        masks: .init(time: firstStep))
      return (Variable(result.output), result.states.map { Variable($0) })
    }
    return (output.value, states.map { $0.map(\.value) })
  }

  /// All layers from the first on, each with what its directions give; dropout between them with a key.
  private func layers(
    _ x: Variable, _ key: DropoutKey?, _ apply: (_ y: Variable, _ run: Run) -> (output: Variable, states: [Variable])
  ) -> (output: Variable, states: TapedStates) {
    var y = x
    var states: TapedStates = []
    for layer in 0..<layerCount {
      if layer > 0, let key, dropout > 0 {
        y = RNNTensor.dropout(y, rate: dropout, tag: UInt32(layer), key: key, perSequence: variationalDropout)
      }
      var outputs: [Variable] = []
      for run in runs where run.layer == layer {
        let result = apply(y, run)
        outputs.append(result.output)
        states.append(result.states)
      }
      switch bidirectional {
      case nil: y = outputs[0]
      case .concatenate: y = concatenate(outputs, axis: 2)
      case .sum: y = outputs[0] + outputs[1]
      case .mean: y = 0.5 * (outputs[0] + outputs[1])
      }
    }
    return (y, states)
  }

  private func checkWhole(time: Int) {
    precondition(
      bidirectional == nil || time == 0, "the stack \(name) runs in both directions: it takes whole sequences, not one from step \(time) on")
  }

  // MARK: Steps

  /// One stepper a layer, for sequences that come step by step.
  ///
  /// Throws `.usage` for a bidirectional stack: its reverse direction begins at the end.
  ///
  /// - Parameter packed: what ``pack(_:)`` gave.
  public func steppers(_ packed: [CellEngine.Packed]) throws(RNNError) -> [CellStepper] {
    guard bidirectional == nil else {
      throw RNNError(.usage, "\(name) runs in both directions and needs whole sequences: it can't take them step by step")
    }
    return zip(engines, packed).map { CellStepper($0, $1) }
  }
}

extension CellEngine {
  /// A whole sequence as one operation on the tape.
  func record(
    _ x: Variable, _ parameters: [Variable], initial: [Variable]?, lengths: [Int]?, reversed: Bool, masks: MaskSource?
  ) -> (output: Variable, states: [Variable]) {
    let inputs = [x] + parameters + (initial ?? [])
    let isTraining = inputs.contains { $0.requiresGradient }
    // A run without gradients in training (the first of a checkpoint) draws the masks of training.
    let packed = pack(parameters.map(\.value), forTraining: isTraining || (masks != nil && cell.graph.isRandom))
    let result = run(
      packed, inputs: [x.value], initial: initial?.map(\.value), lengths: lengths, reversed: reversed, masks: masks ?? MaskSource())
    guard isTraining, let trace = result.trace else {
      return (Variable(result.output), result.states.map { Variable($0) })
    }
    let count = parameters.count
    let outputs = Tape.record(inputs: inputs, outputs: [result.output] + result.states, accumulate: { [self] upstream, needs, sums in
      var later: [Tensor?] = []
      for i in 0..<count { later.append(sums[1 + i].take()) }
      let gradients = backward(
        trace, output: upstream[0], states: Array(upstream.dropFirst()), inputs: needs[0], continuing: consume later)
      if needs[0], let gradient = gradients.inputs[0] { Tape.add(gradient, to: &sums[0]) }
      for (i, gradient) in gradients.parameters.enumerated() where needs[1 + i] { sums[1 + i] = gradient }
      for (i, gradient) in gradients.initialStates.enumerated() where count + 1 + i < needs.count && needs[count + 1 + i] {
        Tape.add(gradient, to: &sums[count + 1 + i])
      }
    })
    return (outputs[0], Array(outputs.dropFirst()))
  }
}

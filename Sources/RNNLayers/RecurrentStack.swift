public import RNNCells
public import RNNTensor

/// Recurrent layers on top of each other, of one cell: the output of each is the input of the next.
///
/// The parameters are named `name.layer.W.xi`, `name.layer.b.i` and so on, after the cell's equations.
public struct RecurrentStack: Sendable {
  public let name: String
  public let cell: Cell
  /// One engine a layer.
  public let engines: [CellEngine]
  /// Dropout on the output of every layer but the last.
  public let dropout: Float

  public var layerCount: Int { engines.count }
  public var outputSize: Int { engines[engines.count - 1].outputSize }

  /// Throws `.usage` if a size is missing or not positive.
  ///
  /// - Parameters:
  ///   - sizes: further sizes that the cell needs (`projection`).
  public init(
    _ name: String, cell: Cell, inputs: Int, hidden: Int, layers: Int = 1, sizes: [String: Int] = [:], dropout: Float = 0
  ) throws(RNNError) {
    guard layers > 0 else { throw RNNError(.usage, "a stack needs at least one layer, not \(layers)") }
    guard cell.graph.inputs.count == 1 else {
      throw RNNError(.usage, "the cell \(cell.name) has the inputs \(cell.graph.inputs.joined(separator: ", ")); a stack gives only one")
    }
    self.name = name
    self.cell = cell
    self.dropout = dropout
    var engines: [CellEngine] = []
    for layer in 0..<layers {
      let width = layer == 0 ? inputs : engines[layer - 1].outputSize
      // Layers of the same sizes share one plan.
      if let last = engines.last, last.sizes.input == width {
        engines.append(last)
      } else {
        engines.append(try CellEngine(cell, sizes: CellSizes(input: width, hidden: hidden, sizes)))
      }
    }
    self.engines = engines
  }

  /// The name of a layer's parameter.
  public func parameterName(_ parameter: Parameter, layer: Int) -> String { "\(name).\(layer).\(parameter.symbol)" }

  /// A layer's parameters in the engine's order.
  public func parameters(layer: Int, of weights: Weights) throws(RNNError) -> [Tensor] {
    var result: [Tensor] = []
    for parameter in engines[layer].parameters {
      let name = parameterName(parameter, layer: layer)
      guard let tensor = weights[name] else { throw RNNError(.badData, "the tensor \(name) is missing") }
      let shape = engines[layer].shape(of: parameter)
      guard tensor.shape == shape else {
        throw RNNError(.badData, "the tensor \(name) has the shape \(tensor.shape), expected was \(shape)")
      }
      result.append(tensor)
    }
    return result
  }

  // MARK: First values

  /// How the first parameters are drawn.
  public struct Initialization: Sendable, Hashable {
    /// Added to the forget gate's bias (the vector `f`), so that memory lasts at first (Jozefowicz et al. 2015).
    public var forgetBias: Float
    /// Square recurrent matrices are orthogonal.
    public var orthogonal: Bool
    /// All weights are drawn uniformly from ± this, whatever their layer (Zaremba et al. 2014); nil for each layer's own way.
    public var range: Float?

    public init(forgetBias: Float = 0, orthogonal: Bool = false, range: Float? = nil) {
      self.forgetBias = forgetBias
      self.orthogonal = orthogonal
      self.range = range
    }
  }

  /// Adds the stack's parameters. The default is PyTorch's: all uniform within ±1/√hidden; PyTorch has two biases where we
  /// have one, so that a bias beside products of input and state is the sum of two draws. A gain behind a normalisation
  /// starts at 1.
  public func initial(into weights: inout Weights, using random: inout Philox, _ initialization: Initialization = .init()) {
    let roles = cell.graph.vectorRoles
    for (layer, engine) in engines.enumerated() {
      let bound = initialization.range ?? 1 / Float(engine.sizes.hidden).squareRoot()
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
        weights[parameterName(parameter, layer: layer)] = tensor
      }
    }
  }

  // MARK: Sequences

  /// The states of all layers, `[layer][state]`, `[B, ·]` each.
  public typealias States = [[Tensor]]
  /// The same on a tape.
  public typealias TapedStates = [[Variable]]

  /// The cells' own initial states for a batch of so many rows.
  public func initialStates(batch: Int) -> States { engines.map { $0.initialStates(batch: batch) } }

  /// The stack over a sequence on the tape.
  ///
  /// - Parameters:
  ///   - x: `[T, B, I]`
  ///   - initial: the states before the first step; the cell's own initial states if nil. Constants where no gradient is to
  ///     flow further back (truncated back-propagation through time).
  ///   - key: what masks are drawn from; nil outside training. Its time is that of the first step.
  /// - Returns: the last layer's output `[T, B, ·]`, and the states after the last step.
  public func callAsFunction(
    _ x: Variable, _ weights: TapedWeights, initial: TapedStates? = nil, dropoutKey key: DropoutKey? = nil
  ) -> (output: Variable, states: TapedStates) {
    var y = x
    var states: TapedStates = []
    for (layer, engine) in engines.enumerated() {
      if layer > 0, let key, dropout > 0 { y = RNNTensor.dropout(y, rate: dropout, tag: UInt32(layer), key: key) }
      let parameters = engine.parameters.map { weights[parameterName($0, layer: layer)] }
      let (output, final) = engine.record(
        y, parameters, initial: initial?[layer],
        masks: key.map { .init(seed: $0.seed &+ UInt64(layer + 1) &* 0x9E37_79B9_7F4A_7C15, step: Int($0.step), time: Int($0.time)) })
      y = output
      states.append(final)
    }
    return (y, states)
  }

  /// The parameters packed for runs without a tape.
  public func pack(_ weights: Weights) throws(RNNError) -> [CellEngine.Packed] {
    var result: [CellEngine.Packed] = []
    for (layer, engine) in engines.enumerated() { result.append(engine.pack(try parameters(layer: layer, of: weights))) }
    return result
  }

  /// The stack over a sequence without a tape: `[T, B, I]` to `[T, B, ·]`.
  public func run(_ x: Tensor, _ packed: [CellEngine.Packed], initial: States? = nil, firstStep: Int = 0) -> (output: Tensor, states: States) {
    var y = x
    var states: States = []
    for (layer, engine) in engines.enumerated() {
      let result = engine.run(packed[layer], inputs: [y], initial: initial?[layer], masks: .init(time: firstStep))
      y = result.output
      states.append(result.states)
    }
    return (y, states)
  }
}

extension CellEngine {
  /// A whole sequence as one operation on the tape.
  func record(
    _ x: Variable, _ parameters: [Variable], initial: [Variable]?, masks: MaskSource?
  ) -> (output: Variable, states: [Variable]) {
    let inputs = [x] + parameters + (initial ?? [])
    let isTraining = inputs.contains { $0.requiresGradient }
    // A run without gradients in training (the first of a checkpoint) draws the masks of training.
    let packed = pack(parameters.map(\.value), forTraining: isTraining || (masks != nil && cell.graph.isRandom))
    let result = run(packed, inputs: [x.value], initial: initial?.map(\.value), masks: masks ?? MaskSource())
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

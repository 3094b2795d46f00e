public import RNNCells
public import RNNData
public import RNNLayers
public import RNNTensor

/// A model that translates sentences: an encoder reads one in both directions, a decoder with attention to what the encoder made of
/// it writes the translation token by token (Bahdanau, Cho & Bengio 2015; Luong, Pham & Manning 2015).
///
/// A value: copies are independent, and any number of tasks may use one at once.
public struct Translator: Sendable {
  /// What a translator is built of.
  public struct Architecture: ModelArchitecture {
    /// The cell of encoder and decoder.
    public var cell: Cell
    /// Units of each layer of the decoder; each direction of the encoder has half of them.
    public var hidden: Int
    /// Layers of the encoder, and of the decoder.
    public var layers: Int
    /// Units of a token's vector.
    public var embedding: Int
    public var attention: Attention.Score
    /// Whether the weights of the output layer are the vectors of the target's tokens (Press & Wolf 2017). Then attentional vectors
    /// have as many units as an embedding, else as the decoder.
    public var tiedEmbeddings: Bool
    /// The rate of dropout on embeddings, between layers and before the output, while training.
    public var dropout: Double
    /// The rate at which weights of matrices that are applied to states are dropped, while training.
    public var weightDrop: Double
    /// Further sizes that the cell needs (`projection`).
    public var sizes: [String: Int]

    public init(
      cell: Cell = .lstm, hidden: Int = 256, layers: Int = 1, embedding: Int = 256, attention: Attention.Score = .general,
      tiedEmbeddings: Bool = true, dropout: Double = 0, weightDrop: Double = 0, sizes: [String: Int] = [:]
    ) {
      self.cell = cell
      self.hidden = hidden
      self.layers = layers
      self.embedding = embedding
      self.attention = attention
      self.tiedEmbeddings = tiedEmbeddings
      self.dropout = dropout
      self.weightDrop = weightDrop
      self.sizes = sizes
    }
  }

  public let architecture: Architecture
  public let source: Tokenizer
  public let target: Tokenizer
  /// True if both sides share their tokens.
  var sharesTokens: Bool { source == target }
  /// What is done to sentences and translations before they are cut into tokens.
  public internal(set) var normalizer = TextNormalizer.none
  public var weights: Weights
  public var notes: [String: String] = [:]

  /// The token that ends a translation, and stands before its first one: the number after those of the tokenizer.
  public var end: Int32 { Int32(target.count) }

  /// The tokens of a sentence, and of a translation.
  public func sourceTokens(_ text: [UInt8]) -> [Int32] { source.encode(normalizer(text)) }
  public func targetTokens(_ text: [UInt8]) -> [Int32] { target.encode(normalizer(text)) }

  let sourceEmbedding: Embedding
  package let encoder: RecurrentStack
  /// One linear layer for each state of each layer of the decoder.
  let bridge: [[Linear]]
  let targetEmbedding: Embedding
  package let decoder: AttentionDecoder
  let output: Linear

  /// A model with random weights.
  ///
  /// Throws `.usage` for sizes that can't be.
  public init(
    _ architecture: Architecture, source: Tokenizer, target: Tokenizer, seed: UInt64 = 1, initialization: RecurrentStack.Initialization = .init()
  ) throws(RNNError) {
    try self.init(layersOf: architecture, source: source, target: target)
    try parts.checkMemory()
    try draw(seed: seed, initialization)
  }

  /// Begins with the weights of a model whose tokens are among this one's. New tokens stay as they are. True if all weights
  /// are that model's.
  mutating func start(from origin: Translator) -> Bool {
    // The end stands behind all tokens.
    let places = origin.target.tokens(in: target) + [end]
    return weights.take(
      origin.weights,
      rows: [
        sourceEmbedding.weightName: origin.source.tokens(in: source), targetEmbedding.weightName: places, output.weightName: places,
        output.biasName: places,
      ])
  }

  /// Draws the first weights.
  ///
  /// Throws `.usage` for a range that can't be.
  mutating func draw(seed: UInt64, _ initialization: RecurrentStack.Initialization) throws(RNNError) {
    try initialization.check()
    var random = Philox(seed: seed, stream: 0x7765_6967_6874_7321)
    // Vectors of tokens that are rare, and hardly moved, should say little; as weights of the output they must be small.
    let range = initialization.range ?? Self.embeddingRange
    try sourceEmbedding.initial(into: &weights, using: &random, range: range)
    try encoder.initial(into: &weights, using: &random, initialization)
    for layer in bridge.joined() { try layer.initial(into: &weights, using: &random, range: initialization.range) }
    try targetEmbedding.initial(into: &weights, using: &random, range: range)
    try decoder.initial(into: &weights, using: &random, initialization)
    if !architecture.tiedEmbeddings { try output.initial(into: &weights, using: &random, range: initialization.range) }
    weights[output.biasName] = Tensor(zeros: [output.outputs])
  }

  private static let embeddingRange: Float = 0.1

  init(layersOf a: Architecture, source: Tokenizer, target: Tokenizer) throws(RNNError) {
    try a.check()
    try Limits.units.check(a.embedding, "embedding")
    try Limits.rate.check(a.weightDrop, "weight drop")
    guard a.hidden % 2 == 0 else {
      throw RNNError(.usage, "the units of a translator's layers must be even, as each direction of the encoder has half of them; found \(a.hidden)")
    }
    architecture = a
    self.source = source
    self.target = target
    sourceEmbedding = Embedding("source", count: source.count, size: a.embedding)
    targetEmbedding = Embedding("target", count: target.count + 1, size: a.embedding)
    encoder = try RecurrentStack(
      "encoder", cell: a.cell, inputs: a.embedding, hidden: a.hidden / 2, layers: a.layers, sizes: a.sizes, dropout: Float(a.dropout),
      bidirectional: .concatenate)
    let units = a.tiedEmbeddings ? a.embedding : a.hidden
    decoder = try AttentionDecoder(
      "decoder", cell: a.cell, inputs: a.embedding, hidden: a.hidden, layers: a.layers, sizes: a.sizes, dropout: Float(a.dropout),
      score: a.attention, values: encoder.outputSize, outputs: units)
    let names = a.cell.graph.states.map(\.name)
    bridge = zip(encoder.engines, decoder.stack.engines).enumerated().map { layer, engines in
      zip(names, zip(engines.0.stateSizes, engines.1.stateSizes)).map { name, sizes in
        Linear("bridge.\(layer).\(name)", inputs: 2 * sizes.0, outputs: sizes.1)
      }
    }
    output = Linear("output", inputs: units, outputs: target.count + 1)
    weights = Weights()
  }

  /// The output layer's weights.
  var outputWeightName: String { architecture.tiedEmbeddings ? targetEmbedding.weightName : output.weightName }

  // MARK: On the tape

  /// Masks of dropout on embeddings and before the output; layers have their own numbers.
  private static let sourceMask: UInt32 = 1000, targetMask: UInt32 = 1001, outputMask: UInt32 = 1002
  /// Encoder and decoder have layers of the same numbers.
  private static let decoderSeed: UInt64 = 0xD1B5_4A32_D192_ED03

  /// What a sentence becomes for a decoder: its steps `[S, B, ·]`, and the states that the decoder begins with, each the tanh of a
  /// linear layer on the last states of both directions.
  ///
  /// - Parameters:
  ///   - tokens: `[S · B]`, time-major; below 0 beyond a sentence's end.
  ///   - lengths: each sentence's number of tokens.
  package func encode(
    _ tokens: [Int32], lengths: [Int], _ weights: TapedWeights, key: DropoutKey? = nil
  ) -> (memory: Variable, states: RecurrentStack.TapedStates) {
    let rows = lengths.count, rate = Float(architecture.dropout)
    var x = sourceEmbedding(tokens, shape: [tokens.count / max(rows, 1), rows], weights)
    if let key, rate > 0 { x = dropout(x, rate: rate, tag: Self.sourceMask, key: key) }
    let dropped = encoder.dropConnect(weights, rate: Float(architecture.weightDrop), key)
    let (memory, states) = encoder(x, dropped, lengths: lengths, dropoutKey: key)
    return (memory, bridged(states, weights))
  }

  /// The decoder's first states by the encoder's last ones.
  func bridged(_ states: RecurrentStack.TapedStates, _ weights: TapedWeights) -> RecurrentStack.TapedStates {
    bridge.enumerated().map { layer, states_ in
      states_.enumerated().map { s, linear in
        RNNTensor.tanh(linear(concatenate([states[2 * layer][s], states[2 * layer + 1][s]], axis: 1), weights))
      }
    }
  }

  /// What the output layer reads `[T, B, ·]`, for the translations' tokens as a decoder reads them.
  package func vectors(_ batch: PairBatch, _ weights: TapedWeights, key: DropoutKey? = nil) -> (vectors: Variable, attention: Tensor) {
    let rate = Float(architecture.dropout)
    let (memory, states) = encode(batch.sources, lengths: batch.sourceLengths, weights, key: key)
    var key = key
    key?.seed ^= Self.decoderSeed
    var x = targetEmbedding(batch.inputs, shape: [batch.inputs.count / max(batch.rows, 1), batch.rows], weights)
    if let key, rate > 0 { x = dropout(x, rate: rate, tag: Self.targetMask, key: key) }
    let dropped = decoder.stack.dropConnect(weights, rate: Float(architecture.weightDrop), key)
    var (vectors, attention) = decoder(
      x, source: memory, sourceLengths: batch.sourceLengths, initial: states, lengths: batch.targetLengths, dropped, dropoutKey: key)
    if let key, rate > 0 { vectors = dropout(vectors, rate: rate, tag: Self.outputMask, key: key) }
    return (vectors, attention)
  }

  /// The cross-entropy of the translations' tokens, their ends included.
  ///
  /// - Parameters:
  ///   - smoothing: the part of the probability that every target shares with all tokens.
  ///   - key: nil outside training.
  package func loss(_ batch: PairBatch, _ weights: TapedWeights, smoothing: Float = 0, key: DropoutKey? = nil) -> CrossEntropy {
    linearCrossEntropy(
      vectors(batch, weights, key: key).vectors, weights[outputWeightName], weights[output.biasName], batch.targets, smoothing: smoothing)
  }
}

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

public import RNNCells
public import RNNData
public import RNNLayers
public import RNNTensor

/// A model that says which class a text belongs to, and how probable each is: embedding, recurrent layers, pooling over time, a
/// linear layer to one number for each class.
///
/// A value: copies are independent, and any number of tasks may use one at once.
public struct TextClassifier: Sendable {
  /// What a classifier is built of.
  public struct Architecture: ModelArchitecture {
    public var cell: Cell
    /// Units of each layer, in each direction.
    public var hidden: Int
    public var layers: Int
    /// Units of a token's vector.
    public var embedding: Int
    /// How the outputs of two directions become one; nil to read only forward.
    public var bidirectional: RecurrentStack.Merge?
    /// What becomes of the outputs over time, one behind the other.
    public var pooling: [Pooling]
    /// The rate of dropout on the embedding (one mask over a text), between layers and before the output, while training.
    public var dropout: Double
    /// The rate at which weights of matrices that are applied to states are dropped, while training.
    public var weightDrop: Double
    /// Further sizes that the cell needs (`projection`).
    public var sizes: [String: Int]
    /// The most tokens of a text that are read.
    public var longest: Int

    public init(
      cell: Cell = .lstm, hidden: Int = 128, layers: Int = 1, embedding: Int = 64, bidirectional: RecurrentStack.Merge? = .concatenate,
      pooling: [Pooling] = [.max], dropout: Double = 0, weightDrop: Double = 0, sizes: [String: Int] = [:], longest: Int = 1000
    ) {
      self.cell = cell
      self.hidden = hidden
      self.layers = layers
      self.embedding = embedding
      self.bidirectional = bidirectional
      self.pooling = pooling
      self.dropout = dropout
      self.weightDrop = weightDrop
      self.sizes = sizes
      self.longest = longest
    }
  }

  public let architecture: Architecture
  /// The classes, in the order of the model's outputs.
  public let labels: [String]
  public let tokenizer: Tokenizer
  /// What is done to a text before it is cut into tokens.
  public let normalizer: TextNormalizer
  public var weights: Weights
  public var notes: [String: String] = [:]

  let embedding: Embedding
  package let stack: RecurrentStack
  let output: Linear

  /// A model with random weights.
  ///
  /// Throws `.usage` for sizes that can't be and for less than two classes.
  public init(
    _ architecture: Architecture, labels: [String], tokenizer: Tokenizer, normalizer: TextNormalizer = .none, seed: UInt64 = 1,
    initialization: RecurrentStack.Initialization = .init()
  ) throws(RNNError) {
    try self.init(layersOf: architecture, labels: labels, tokenizer: tokenizer, normalizer: normalizer)
    try parts.checkMemory()
    try draw(seed: seed, initialization)
  }

  /// Draws the first weights.
  ///
  /// Throws `.usage` for a range that can't be.
  mutating func draw(seed: UInt64, _ initialization: RecurrentStack.Initialization) throws(RNNError) {
    try initialization.check()
    var random = Philox(seed: seed, stream: 0x7765_6967_6874_7321)
    try embedding.initial(into: &weights, using: &random, range: initialization.range ?? ClassifierDefaults.embeddingRange(tokenizer.kind))
    try stack.initial(into: &weights, using: &random, initialization)
    try output.initial(into: &weights, using: &random, range: initialization.range)
  }

  /// Begins with the weights of a model whose tokens are among this one's. New tokens and labels stay as they are; all labels, if they
  /// aren't the model's with others behind them. True if all weights are that model's.
  mutating func start(from origin: any ClassifierOrigin) -> Bool {
    let known = (origin as? TextClassifier)?.labels ?? []
    let places = labels.starts(with: known) ? (0..<Int32(known.count)).map { $0 } : []
    return weights.take(
      origin.weights,
      rows: [embedding.weightName: origin.tokenizer.tokens(in: tokenizer), output.weightName: places, output.biasName: places])
  }

  init(layersOf a: Architecture, labels: [String], tokenizer: Tokenizer, normalizer: TextNormalizer) throws(RNNError) {
    try a.check()
    try Limits.units.check(a.embedding, "embedding")
    try Limits.rate.check(a.weightDrop, "weight drop")
    try Limits.textLength.check(a.longest, "longest")
    guard !a.pooling.isEmpty, Set(a.pooling).count == a.pooling.count else {
      throw RNNError(.usage, "pooling is one or several of \(Pooling.allCases.map(\.rawValue).joined(separator: ", ")), each once")
    }
    guard labels.count > 1, Set(labels).count == labels.count else {
      throw RNNError(.usage, "a classifier needs at least two different classes; found \(labels.isEmpty ? "none" : labels.joined(separator: ", "))")
    }
    architecture = a
    self.labels = labels
    self.tokenizer = tokenizer
    self.normalizer = normalizer
    embedding = Embedding("embedding", count: tokenizer.count, size: a.embedding)
    stack = try RecurrentStack(
      "rnn", cell: a.cell, inputs: a.embedding, hidden: a.hidden, layers: a.layers, sizes: a.sizes, dropout: Float(a.dropout),
      bidirectional: a.bidirectional)
    output = Linear("classifier", inputs: stack.outputSize * a.pooling.count, outputs: labels.count)
    weights = Weights()
  }

  /// The tokens of a text, at least one.
  public func tokens(of text: [UInt8]) -> [Int32] { tokenizer.encode(text, normalizer) }

  // MARK: On the tape

  /// Masks of dropout before the first layer and before the output; layers have their own numbers.
  private static let embeddingMask: UInt32 = 1000, outputMask: UInt32 = 1001

  /// Logits `[B, classes]` for texts side by side.
  ///
  /// - Parameters:
  ///   - tokens: `[T · B]`, time-major; below 0 beyond a text's end.
  ///   - lengths: each text's number of tokens.
  package func logits(_ tokens: [Int32], lengths: [Int], _ weights: TapedWeights, key: DropoutKey?) -> Variable {
    let rows = lengths.count
    let rate = Float(architecture.dropout)
    var x = embedding(tokens, shape: [tokens.count / rows, rows], weights)
    if let key, rate > 0 { x = dropout(x, rate: rate, tag: Self.embeddingMask, key: key, perSequence: true) }
    let dropped = stack.dropConnect(weights, rate: Float(architecture.weightDrop), key)
    let y = stack(x, dropped, lengths: lengths, dropoutKey: key).output
    var z = pooled(y, lengths)
    if let key, rate > 0 { z = dropout(z, rate: rate, tag: Self.outputMask, key: key) }
    return output(z, weights)
  }

  /// ln Σ exp.
  static func logNorm(_ logits: [Float]) -> Double {
    let highest = Double(logits.max() ?? 0)
    return highest + log(logits.reduce(0) { $0 + exp(Double($1) - highest) })
  }

  func pooled(_ y: Variable, _ lengths: [Int]) -> Variable {
    let parts = architecture.pooling.map { stack.pool(y, $0, lengths: lengths) }
    return parts.count == 1 ? parts[0] : concatenate(parts, axis: 1)
  }
}

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

/// A model of text: it reads tokens one after another and says how probable each next one is. Embedding, recurrent layers,
/// a linear layer to one number for each token.
///
/// A value: copies are independent, and any number of tasks may use one at once.
public struct LanguageModel: Sendable {
  /// What a language model is built of.
  public struct Architecture: ModelArchitecture {
    public var cell: Cell
    /// Units of each layer.
    public var hidden: Int
    public var layers: Int
    /// Units of a token's vector.
    public var embedding: Int
    /// The rate of dropout on the embedding, between layers and before the output, while training.
    public var dropout: Double
    /// Further sizes that the cell needs (`projection`).
    public var sizes: [String: Int]

    public init(cell: Cell = .lstm, hidden: Int = 256, layers: Int = 1, embedding: Int = 64, dropout: Double = 0, sizes: [String: Int] = [:]) {
      self.cell = cell
      self.hidden = hidden
      self.layers = layers
      self.embedding = embedding
      self.dropout = dropout
      self.sizes = sizes
    }
  }

  public let architecture: Architecture
  public let tokenizer: Tokenizer
  /// Whether the training text was UTF-8: then what is generated is.
  public let isUTF8: Bool
  public var weights: Weights
  /// What the model was trained on and how it was measured, for people: written to the file and shown by `rnn inspect`.
  public var notes: [String: String] = [:]

  let embedding: Embedding
  package let stack: RecurrentStack
  let output: Linear

  /// A model with random weights.
  ///
  /// Throws `.usage` for sizes that can't be, and a range of the first weights that can't.
  public init(
    _ architecture: Architecture, tokenizer: Tokenizer, isUTF8: Bool = true, seed: UInt64 = 1,
    initialization: RecurrentStack.Initialization = .init()
  ) throws(RNNError) {
    try self.init(layersOf: architecture, tokenizer: tokenizer, isUTF8: isUTF8)
    try parts.checkMemory()
    try draw(seed: seed, initialization)
  }

  /// Draws the first weights.
  ///
  /// Throws `.usage` for a range that can't be.
  mutating func draw(seed: UInt64, _ initialization: RecurrentStack.Initialization) throws(RNNError) {
    try initialization.check()
    var random = Philox(seed: seed, stream: 0x7765_6967_6874_7321)
    try embedding.initial(into: &weights, using: &random, range: initialization.range)
    try stack.initial(into: &weights, using: &random, initialization)
    try output.initial(into: &weights, using: &random, range: initialization.range)
  }

  init(layersOf architecture: Architecture, tokenizer: Tokenizer, isUTF8: Bool) throws(RNNError) {
    try architecture.check()
    try Limits.units.check(architecture.embedding, "embedding")
    self.architecture = architecture
    self.tokenizer = tokenizer
    self.isUTF8 = isUTF8
    embedding = Embedding("embedding", count: tokenizer.count, size: architecture.embedding)
    stack = try RecurrentStack(
      "rnn", cell: architecture.cell, inputs: architecture.embedding, hidden: architecture.hidden, layers: architecture.layers,
      sizes: architecture.sizes, dropout: Float(architecture.dropout))
    output = Linear("decoder", inputs: stack.outputSize, outputs: tokenizer.count)
    weights = Weights()
  }

  // MARK: On the tape

  /// Masks of dropout before the first layer and before the output; layers have their own numbers.
  private static let embeddingMask: UInt32 = 1000, outputMask: UInt32 = 1001

  /// What the output layer reads `[T, B, ·]` for the tokens `[T · B]`, and the states after them.
  package func outputs(
    _ tokens: [Int32], length: Int, rows: Int, _ weights: TapedWeights, initial: RecurrentStack.TapedStates?, key: DropoutKey?
  ) -> (outputs: Variable, states: RecurrentStack.TapedStates) {
    let rate = Float(architecture.dropout)
    var x = embedding(tokens, shape: [length, rows], weights)
    if let key, rate > 0 { x = dropout(x, rate: rate, tag: Self.embeddingMask, key: key) }
    var (y, states) = stack(x, weights, initial: initial, dropoutKey: key)
    if let key, rate > 0 { y = dropout(y, rate: rate, tag: Self.outputMask, key: key) }
    return (y, states)
  }

  /// The mean loss of sequences, and the states after them.
  ///
  /// - Parameters:
  ///   - tokens: what is read, `[T · B]`, time-major.
  ///   - targets: what comes next, `[T · B]`; below 0 it doesn't count.
  ///   - rows: B.
  ///   - states: those before the first step, through which no gradient flows; the cell's own initial states if nil.
  ///   - segments: how the sequences are cut to need less memory; nothing else depends on it.
  package func loss(
    _ tokens: [Int32], targets: [Int32], rows: Int, _ weights: TapedWeights, initial states: RecurrentStack.States?,
    key: DropoutKey?, segments: Segments = Segments()
  ) -> (mean: Variable, states: RecurrentStack.States) {
    let states = (states ?? stack.initialStates(batch: rows)).map { layer in layer.map { Variable($0) } }
    let count = targets.count { $0 >= 0 }
    let (parts, after) = scan(0..<tokens.count / rows, segments, states, weights) { steps, states, weights in
      let part = steps.lowerBound * rows..<steps.upperBound * rows
      var key = key
      key?.time &+= UInt32(truncatingIfNeeded: steps.lowerBound)
      let result = self.outputs(Array(tokens[part]), length: steps.count, rows: rows, weights, initial: states, key: key)
      let loss = output.crossEntropy(result.outputs, Array(targets[part]), weights, of: count)
      return ([loss.mean, Variable(loss.losses)], result.states)
    }
    let loss = CrossEntropy.joined(parts.map { ($0[0], $0[1].value) }, count: count)
    return (loss.mean, after.map { layer in layer.map(\.value) })
  }

  // MARK: Measuring

  /// The loss on a text.
  public struct Evaluation: Sendable, Hashable {
    /// The sum of −log p over all predicted tokens, in nats.
    public var nats: Double
    /// What was predicted: every token but the first.
    public var units: TextUnits

    public var natsPerToken: Double { nats / Double(units.tokens) }
    public var natsPerCharacter: Double { nats / Double(units.characters) }
    public var natsPerByte: Double { nats / Double(units.bytes) }
    public var bitsPerCharacter: Double { natsPerCharacter / 0.6931471805599453 }
    public var bitsPerByte: Double { natsPerByte / 0.6931471805599453 }
    /// How many of the predicted tokens are unknown ones.
    public var unknown = 0
    /// exp(nats per token), so of words per word or line end: to be compared only between models with one tokenizer.
    public var perplexity: Double { exp(natsPerToken) }
  }

  /// Predicts every token of the text but the first.
  ///
  /// - Parameter rows: 1 reads the text from end to end, the state carried: the exact loss. More rows are faster; each but
  ///   the first begins with a stretch of the text before it that doesn't count.
  /// - Throws: `.badData` for a text of less than two tokens; as for reading a file, where there is one.
  public func evaluate(_ text: TextCorpus, rows: Int = 1) throws(RNNError) -> Evaluation {
    try evaluate(TextSurvey(text, by: tokenizer), rows: rows)
  }

  /// Predicts every token but the first of a text that was surveyed by the model's tokenizer, as above.
  ///
  /// - Parameter progress: called now and then with the number of tokens predicted and of all to be.
  package func evaluate(
    _ survey: TextSurvey, rows: Int = 1, progress: (_ tokens: Int, _ all: Int) -> Void = { _, _ in }
  ) throws(RNNError) -> Evaluation {
    let all = survey.predictedUnits.tokens
    let loss = try loss(survey.tokenized(by: tokenizer), weights, rows: rows) { progress($0, all) }
    return Evaluation(nats: loss.nats, units: survey.predictedUnits, unknown: loss.unknown)
  }

  /// Predicts every token of a text in memory but the first, as above.
  public func evaluate(_ text: [UInt8], rows: Int = 1) throws(RNNError) -> Evaluation {
    try evaluate(TextCorpus(unchecked: text), rows: rows)
  }

  /// - Parameter progress: called after each batch with the number of tokens predicted.
  func loss(
    _ text: TokenizedText, _ weights: Weights, rows: Int, progress: (_ tokens: Int) -> Void = { _ in }
  ) throws(RNNError) -> (nats: Double, count: Int, unknown: Int) {
    var batches = try EvaluationBatches(text, rows: rows, length: rows == 1 ? 512 : 64)
    let packed = try stack.pack(weights)
    let constants = TapedWeights(constant: weights)
    var batch = TokenBatch()
    var states: RecurrentStack.States?
    var nats = 0.0, count = 0, unknown = 0
    while try batches.next(into: &batch) {
      let x = embedding(batch.inputs, shape: [batch.length, batch.rows], constants).value
      let result = stack.run(x, packed, initial: batch.isStart ? nil : states)
      states = result.states
      let loss = output.crossEntropy(Variable(result.output), batch.targets, constants)
      nats += loss.losses.values.reduce(0) { $0 + Double($1) }
      count += loss.count
      if let token = tokenizer.unknown { unknown += batch.targets.count { $0 == token } }
      progress(count)
    }
    return (nats, count, unknown)
  }
}

extension LanguageModel {
  /// Begins with the weights of a model whose tokens are among this one's. New tokens stay as they are. True if all weights
  /// are that model's.
  mutating func start(from origin: LanguageModel) -> Bool {
    let places = origin.tokenizer.tokens(in: tokenizer)
    return weights.take(origin.weights, rows: [embedding.weightName: places, output.weightName: places, output.biasName: places])
  }

  /// Begins with what is known before any training: each token is as probable as it is frequent in the text, and one that
  /// never occurs nearly impossible, its vector zero – it would stay a random one.
  package mutating func begin(withFrequencies counts: [Int]) {
    let total = Double(counts.reduce(1, +))
    let logarithms = counts.map { Float(log(max(Double($0), 0.01) / total)) }
    weights[output.biasName] = Tensor(logarithms, shape: [tokenizer.count])
    weights[embedding.weightName]?.withUnsafeMutableBufferPointer { table in
      for (token, count) in counts.enumerated() where count == 0 {
        for i in 0..<embedding.size { table[token * embedding.size + i] = 0 }
      }
    }
  }
}

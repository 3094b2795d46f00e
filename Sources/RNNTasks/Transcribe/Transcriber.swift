public import RNNCells
public import RNNData
public import RNNLayers
public import RNNTensor

/// A model that writes down what is said: rows of sound, some of them one behind the other, through recurrent layers and a linear layer to
/// one number for each token and one for none, the blank (connectionist temporal classification, Graves et al. 2006).
///
/// A value: copies are independent, and any number of tasks may use one at once.
public struct Transcriber: Sendable {
  /// What a transcriber is built of.
  public struct Architecture: ModelArchitecture {
    public var cell: Cell
    /// Units of each layer, in each direction.
    public var hidden: Int
    public var layers: Int
    /// How the outputs of two directions become one; nil to hear only forward, as a stream asks.
    public var bidirectional: RecurrentStack.Merge?
    /// How many rows one behind the other become one step; a last step that isn't full is filled up with its last row.
    public var stacking: Int
    /// The rate of dropout between layers and before the output, while training.
    public var dropout: Double
    /// The rate at which weights of matrices that are applied to states are dropped, while training.
    public var weightDrop: Double
    /// Further sizes that the cell needs (`projection`).
    public var sizes: [String: Int]

    public init(
      cell: Cell = .lstm, hidden: Int = 128, layers: Int = 2, bidirectional: RecurrentStack.Merge? = .concatenate, stacking: Int = 3,
      dropout: Double = 0, weightDrop: Double = 0, sizes: [String: Int] = [:]
    ) {
      self.cell = cell
      self.hidden = hidden
      self.layers = layers
      self.bidirectional = bidirectional
      self.stacking = stacking
      self.dropout = dropout
      self.weightDrop = weightDrop
      self.sizes = sizes
    }
  }

  public let architecture: Architecture
  /// What rows it hears.
  public let input: SoundInput
  /// What is done to rows first.
  public let scaling: RowScaling
  public let tokenizer: Tokenizer
  public var weights: Weights
  public var notes: [String: String] = [:]
  /// How often tokens follow each other in the texts that it was trained on; nil if it transcribes better without.
  public var languageModel: TranscriptNGrams?
  /// How transcripts are searched for where nobody says it: as was best on the validation part.
  public var search = TranscriptionOptions.greedy

  package let stack: RecurrentStack
  let output: Linear

  /// The class that stands for no token: the number after those of the tokenizer.
  public var blank: Int { tokenizer.count }

  /// A model with random weights.
  ///
  /// Throws `.usage` for sizes that can't be.
  public init(
    _ architecture: Architecture, input: SoundInput, scaling: RowScaling, tokenizer: Tokenizer, seed: UInt64 = 1,
    initialization: RecurrentStack.Initialization = .init()
  ) throws(RNNError) {
    try self.init(layersOf: architecture, input: input, scaling: scaling, tokenizer: tokenizer)
    try parts.checkMemory()
    try draw(seed: seed, initialization)
  }

  /// Begins with the weights of a model whose tokens are among this one's. New tokens stay as they are. True if all weights
  /// are that model's.
  mutating func start(from origin: Transcriber) -> Bool {
    // The blank stands behind all tokens.
    let places = origin.tokenizer.tokens(in: tokenizer) + [Int32(blank)]
    return weights.take(origin.weights, rows: [output.weightName: places, output.biasName: places])
  }

  /// Draws the first weights.
  ///
  /// Throws `.usage` for a range that can't be.
  mutating func draw(seed: UInt64, _ initialization: RecurrentStack.Initialization) throws(RNNError) {
    try initialization.check()
    var random = Philox(seed: seed, stream: 0x7765_6967_6874_7321)
    try stack.initial(into: &weights, using: &random, initialization)
    try output.initial(into: &weights, using: &random, range: initialization.range)
  }

  init(layersOf a: Architecture, input: SoundInput, scaling: RowScaling, tokenizer: Tokenizer) throws(RNNError) {
    try a.check()
    try Limits.stacking.check(a.stacking, "stacking")
    try Limits.rate.check(a.weightDrop, "weight drop")
    guard scaling.size == input.size else {
      throw RNNError(.usage, "rows have \(input.size) numbers, and what scales them \(scaling.size)")
    }
    architecture = a
    self.input = input
    self.scaling = scaling
    self.tokenizer = tokenizer
    stack = try RecurrentStack(
      "rnn", cell: a.cell, inputs: a.stacking * input.size, hidden: a.hidden, layers: a.layers, sizes: a.sizes, dropout: Float(a.dropout),
      bidirectional: a.bidirectional)
    output = Linear("output", inputs: stack.outputSize, outputs: tokenizer.count + 1)
    weights = Weights()
  }

  // MARK: Steps

  /// The time from one step to the next, by which the rows of words are counted; nil where the rows' time isn't known.
  public var secondsPerStep: Double? { input.secondsPerRow.map { Double(architecture.stacking) * $0 } }

  /// The steps that so many rows become.
  func stepCount(_ rows: Int) -> Int { (rows + architecture.stacking - 1) / architecture.stacking }

  /// Scaled rows of several clips, `[rows, size]` each, as steps side by side, `[T, B, stacking · size]`, and how many each clip has.
  package func steps(of rows: [Tensor]) -> (steps: Tensor, lengths: [Int]) {
    let lengths = rows.map { stepCount($0.shape[0]) }, times = lengths.max() ?? 0
    let size = input.size, width = architecture.stacking * size, batch = rows.count
    let steps = Tensor(shape: [times, batch, width], writing: { to in
      Threads.parallel(batch) { row in
        let count = rows[row].shape[0]
        rows[row].withPointer { from in
          for time in 0..<times {
            let step = to + (time * batch + row) * width
            if time >= lengths[row] {
              // Never read, but not left as memory was.
              step.update(repeating: 0, count: width)
            } else {
              for i in 0..<architecture.stacking {
                (step + i * size).update(from: from + min(time * architecture.stacking + i, count - 1) * size, count: size)
              }
            }
          }
        }
      }
    })
    return (steps, lengths)
  }

  // MARK: On the tape

  /// The mask of dropout before the output; layers have their own numbers.
  private static let outputMask: UInt32 = 1001

  /// Logits `[T, B, tokens + 1]` of steps side by side, the blank's last.
  ///
  /// - Parameters:
  ///   - steps: `[T, B, stacking · size]`.
  ///   - lengths: each clip's number of steps.
  package func logits(_ steps: Tensor, lengths: [Int], _ weights: TapedWeights, key: DropoutKey?) -> Variable {
    let rate = Float(architecture.dropout)
    let dropped = stack.dropConnect(weights, rate: Float(architecture.weightDrop), key)
    var y = stack(Variable(steps), dropped, lengths: lengths, dropoutKey: key).output
    if let key, rate > 0 { y = dropout(y, rate: rate, tag: Self.outputMask, key: key) }
    return output(y, weights)
  }
}

public import RNNCells
public import RNNData
public import RNNLayers
import RNNTensor
import RNNTraining

/// How a model of text is trained. What is nil is chosen by the size of the text (``TextDefaults``).
public struct TextTrainingOptions: TaskTrainingOptions {
  /// LSTM if nil.
  public var cell: Cell?
  /// Bytes if nil.
  public var tokens: Tokenizer.Kind?
  /// Tokens at most, where the kind has a choice; nil for its ``Tokenizer/Kind/defaultVocabulary``.
  public var vocabulary: Int?
  /// An existing tokenizer, of the kind `tokens`, instead of one made of the text.
  public var tokenizer: Tokenizer?
  public var hidden: Int?
  public var layers: Int?
  public var embedding: Int?
  /// Units of a projected state, for cells that have one.
  public var projection: Int?
  public var dropout: Double?
  /// Tokens through which the gradient flows back.
  public var sequenceLength: Int?
  /// The most bytes of memory that the process may take: sequences that don't fit are trained in segments, of which only the
  /// states in between are kept, to the same bits. Nil for as many as it needs.
  public var memory: Int?
  public var initialization: RecurrentStack.Initialization
  public var training: TrainingOptions

  public init(
    cell: Cell? = nil, tokens: Tokenizer.Kind? = nil, vocabulary: Int? = nil, tokenizer: Tokenizer? = nil, hidden: Int? = nil,
    layers: Int? = nil, embedding: Int? = nil, projection: Int? = nil, dropout: Double? = nil, sequenceLength: Int? = nil, memory: Int? = nil,
    initialization: RecurrentStack.Initialization = .init(), training: TrainingOptions = .init()
  ) {
    self.cell = cell
    self.tokens = tokenizer?.kind ?? tokens
    self.vocabulary = vocabulary
    self.tokenizer = tokenizer
    self.hidden = hidden
    self.layers = layers
    self.embedding = embedding
    self.projection = projection
    self.dropout = dropout
    self.sequenceLength = sequenceLength
    self.memory = memory
    self.initialization = initialization
    self.training = training
  }

  /// - Parameter start: the model that training starts from.
  /// Throws `.usage` for a projection that the cell doesn't have, and for what differs from the model to start from.
  func architecture(_ defaults: TextDefaults, from start: LanguageModel?) throws(RNNError) -> LanguageModel.Architecture {
    if let start {
      var own = start.architecture
      try TrainingOrigin.check(
        ["--cell": cell?.named, "--hidden": hidden, "--layers": layers, "--embedding": embedding, "--projection": projection], against: own.settings)
      try TrainingOrigin.check(initialization)
      own.dropout = dropout ?? own.dropout
      return own
    }
    let cell = cell ?? .lstm
    let hidden = hidden ?? defaults.hidden
    return LanguageModel.Architecture(
      cell: cell, hidden: hidden, layers: layers ?? defaults.layers, embedding: embedding ?? defaults.embedding,
      dropout: dropout ?? defaults.dropout, sizes: try cell.furtherSizes(hidden: hidden, projection: projection))
  }

  func shape(_ defaults: TextDefaults) -> TextTraining.Shape {
    .init(rows: training.batch ?? defaults.batch, length: sequenceLength ?? defaults.sequenceLength)
  }

  func settings(_ defaults: TextDefaults) -> TrainingSettings {
    training.settings(
      learningRate: TextDefaults.learningRate(training.optimizer), weightDecay: defaults.weightDecay, epochs: defaults.epochs,
      averaging: defaults.averaging)
  }
}

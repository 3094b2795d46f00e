public import RNNCells
public import RNNData
public import RNNLayers
import RNNTensor
import RNNTraining

/// How a model of text is trained. What is nil is chosen by the size of the text (``TextDefaults``).
public struct TextTrainingOptions: TaskTrainingOptions {
  public var cell: Cell
  public var tokens: Tokenizer.Kind
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
    cell: Cell = .lstm, tokens: Tokenizer.Kind = .bytes, vocabulary: Int? = nil, tokenizer: Tokenizer? = nil, hidden: Int? = nil,
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

  func architecture(_ defaults: TextDefaults) throws(RNNError) -> LanguageModel.Architecture {
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

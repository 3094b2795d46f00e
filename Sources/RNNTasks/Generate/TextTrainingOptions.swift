public import RNNCells
public import RNNData
public import RNNLayers
import RNNTensor
public import RNNTraining

/// How a model of text is trained. What is nil is chosen by the size of the text (``TextDefaults``).
public struct TextTrainingOptions: Sendable {
  public var cell: Cell
  public var tokens: Tokenizer.Kind
  /// Tokens of words at most, the line end and the unknown word included; nil for ``Tokenizer/defaultVocabulary``.
  public var vocabulary: Int?
  public var hidden: Int?
  public var layers: Int?
  public var embedding: Int?
  /// Units of a projected state, for cells that have one.
  public var projection: Int?
  public var dropout: Double?
  /// Rows of a batch.
  public var batch: Int?
  /// Tokens through which the gradient flows back.
  public var sequenceLength: Int?
  /// The most bytes of memory that the process may take: sequences that don't fit are trained in segments, of which only the
  /// states in between are kept, to the same bits. Nil for as many as it needs.
  public var memory: Int?
  public var optimizer: Optimizer.Kind
  public var learningRate: Double?
  public var weightDecay: Float?
  public var schedule: ScheduleKind
  /// Of the schedule `decay`: what the rate is multiplied by in each epoch after so many.
  public var decay: Double?
  public var decayAfter: Int?
  /// The largest norm of the gradient.
  public var clip: Double
  public var averaging: Double?
  /// End the run after so many epochs without a better measurement; nil for never.
  public var patience: Int?
  public var initialization: RecurrentStack.Initialization
  public var budget: Budget?
  public var seed: UInt64
  /// Seconds between two checkpoints; 0 for one after every step.
  public var checkpointInterval: Double

  public init(
    cell: Cell = .lstm, tokens: Tokenizer.Kind = .bytes, vocabulary: Int? = nil, hidden: Int? = nil, layers: Int? = nil,
    embedding: Int? = nil, projection: Int? = nil, dropout: Double? = nil, batch: Int? = nil, sequenceLength: Int? = nil,
    memory: Int? = nil, optimizer: Optimizer.Kind = .adamW(), learningRate: Double? = nil, weightDecay: Float? = nil,
    schedule: ScheduleKind = .cosine, decay: Double? = nil, decayAfter: Int? = nil, clip: Double = 1, averaging: Double? = nil, patience: Int? = nil,
    initialization: RecurrentStack.Initialization = .init(), budget: Budget? = nil, seed: UInt64 = 1,
    checkpointInterval: Double = TextDefaults.checkpointInterval
  ) {
    self.cell = cell
    self.tokens = tokens
    self.vocabulary = vocabulary
    self.hidden = hidden
    self.layers = layers
    self.embedding = embedding
    self.projection = projection
    self.dropout = dropout
    self.batch = batch
    self.sequenceLength = sequenceLength
    self.memory = memory
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.schedule = schedule
    self.decay = decay
    self.decayAfter = decayAfter
    self.clip = clip
    self.averaging = averaging
    self.patience = patience
    self.initialization = initialization
    self.budget = budget
    self.seed = seed
    self.checkpointInterval = checkpointInterval
  }

  func architecture(_ defaults: TextDefaults) throws(RNNError) -> LanguageModel.Architecture {
    let hidden = hidden ?? defaults.hidden
    return LanguageModel.Architecture(
      cell: cell, hidden: hidden, layers: layers ?? defaults.layers, embedding: embedding ?? defaults.embedding,
      dropout: dropout ?? defaults.dropout, sizes: try cell.furtherSizes(hidden: hidden, projection: projection))
  }

  func shape(_ defaults: TextDefaults) -> TextTraining.Shape {
    .init(rows: batch ?? defaults.batch, length: sequenceLength ?? defaults.sequenceLength)
  }

  func settings(_ defaults: TextDefaults) -> TrainingSettings {
    var defaultDecay: Float = 0
    if case .adamW = optimizer { defaultDecay = defaults.weightDecay }
    return TrainingSettings(
      optimizer: optimizer, learningRate: learningRate ?? TextDefaults.learningRate(optimizer),
      weightDecay: weightDecay ?? defaultDecay, schedule: schedule, decay: decay, decayAfter: decayAfter, clip: clip,
      budget: budget ?? .epochs(defaults.epochs), seed: seed, averaging: averaging ?? defaults.averaging, patience: patience)
  }
}

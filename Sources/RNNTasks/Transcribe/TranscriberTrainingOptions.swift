public import RNNCells
public import RNNData
public import RNNLayers
import RNNTensor
import RNNTraining

/// How a transcriber is trained. What is nil is chosen by the clips (``TranscriberDefaults``).
public struct TranscriberTrainingOptions: TaskTrainingOptions {
  /// What the best weights are best in, on the validation part.
  public enum Criterion: String, Sendable, CaseIterable {
    /// The word error rate; of equal ones, the loss.
    case wer
    case loss
  }

  /// What is done with clips too short for their text: those that have fewer steps than the text has tokens.
  public enum Unalignable: String, Sendable, CaseIterable {
    case skip, error
  }

  public var cell: Cell?
  public var tokens: Tokenizer.Kind?
  /// Tokens at most, where they are words or byte pairs.
  public var vocabulary: Int?
  /// An existing tokenizer, of the kind `tokens`, instead of one made of the texts.
  public var tokenizer: Tokenizer?
  public var hidden: Int?
  public var layers: Int?
  public var projection: Int?
  /// Hears sound in both directions, also if nil; a stream can only be heard in one.
  public var bidirectional: Bool?
  /// How many rows one behind the other become one step.
  public var stacking: Int?
  public var dropout: Double?
  public var weightDrop: Double?
  /// What is done to the clips while training.
  public var augmentation: SoundAugmentation?
  public var unalignable: Unalignable
  public var criterion: Criterion
  /// The part of the clips to measure on, where no others are given. With 0 all are trained on, and the last weights are kept.
  public var validationFraction: Double
  public var initialization: RecurrentStack.Initialization
  public var training: TrainingOptions

  public init(
    cell: Cell? = nil, tokens: Tokenizer.Kind? = nil, vocabulary: Int? = nil, tokenizer: Tokenizer? = nil, hidden: Int? = nil,
    layers: Int? = nil, projection: Int? = nil, bidirectional: Bool? = nil, stacking: Int? = nil, dropout: Double? = nil,
    weightDrop: Double? = nil, augmentation: SoundAugmentation? = nil, unalignable: Unalignable = .skip, criterion: Criterion = .wer,
    validationFraction: Double = TranscriberDefaults.validationFraction, initialization: RecurrentStack.Initialization = .init(),
    training: TrainingOptions = .init()
  ) {
    self.cell = cell
    self.tokens = tokenizer?.kind ?? tokens
    self.vocabulary = vocabulary
    self.tokenizer = tokenizer
    self.hidden = hidden
    self.layers = layers
    self.projection = projection
    self.bidirectional = bidirectional
    self.stacking = stacking
    self.dropout = dropout
    self.weightDrop = weightDrop
    self.augmentation = augmentation
    self.unalignable = unalignable
    self.criterion = criterion
    self.validationFraction = validationFraction
    self.initialization = initialization
    self.training = training
  }

  /// - Parameter start: the model that training starts from.
  /// Throws `.usage` for a projection that the cell doesn't have, and for what differs from the model to start from.
  func architecture(_ defaults: TranscriberDefaults, stacking: Int, from start: Transcriber?) throws(RNNError) -> Transcriber.Architecture {
    if let start {
      var own = start.architecture
      try TrainingOrigin.check(
        [
          "--cell": cell?.named, "--hidden": hidden, "--layers": layers, "--projection": projection, "--bidirectional": bidirectional,
          "--stacking": self.stacking,
        ], against: own.settings)
      try TrainingOrigin.check(initialization)
      (own.dropout, own.weightDrop) = (dropout ?? own.dropout, weightDrop ?? own.weightDrop)
      return own
    }
    let cell = cell ?? .lstm, hidden = hidden ?? defaults.hidden
    return Transcriber.Architecture(
      cell: cell, hidden: hidden, layers: layers ?? defaults.layers, bidirectional: bidirectional ?? true ? .concatenate : nil, stacking: stacking,
      dropout: dropout ?? defaults.dropout, weightDrop: weightDrop ?? 0, sizes: try cell.furtherSizes(hidden: hidden, projection: projection))
  }

  func settings(_ defaults: TranscriberDefaults) -> TrainingSettings {
    training.settings(
      learningRate: TranscriberDefaults.learningRate(training.optimizer), weightDecay: TranscriberDefaults.weightDecay,
      epochs: defaults.epochs, averaging: TranscriberDefaults.averaging)
  }
}

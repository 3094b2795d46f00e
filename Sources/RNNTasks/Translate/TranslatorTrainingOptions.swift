public import RNNCells
public import RNNData
public import RNNLayers
import RNNTensor
import RNNTraining

/// How a translator is trained. What is nil is chosen by the pairs (``TranslatorDefaults``).
public struct TranslatorTrainingOptions: TaskTrainingOptions {
  /// What the best weights are best in, on the validation part.
  public enum Criterion: String, Sendable, CaseIterable {
    case bleu, loss
  }

  public var cell: Cell?
  public var tokens: Tokenizer.Kind?
  /// Tokens at most, of each side or of both together, where they are words or byte pairs.
  public var vocabulary: Int?
  /// An existing tokenizer of both sides, of the kind `tokens`, instead of some made of the pairs.
  public var tokenizer: Tokenizer?
  /// Whether both sides have one tokenizer.
  public var sharesTokens: Bool
  public var hidden: Int?
  public var layers: Int?
  public var embedding: Int?
  public var projection: Int?
  /// General if nil.
  public var attention: Attention.Score?
  /// True if nil.
  public var tiedEmbeddings: Bool?
  public var dropout: Double?
  public var weightDrop: Double?
  public var labelSmoothing: Double
  /// Pairs with more tokens than this on one side are left out, of training and of validation.
  public var longest: Int?
  public var criterion: Criterion
  /// The part of the sentences to measure on, where no others are given. With 0 all are trained on, and the last weights are kept.
  public var validationFraction: Double
  public var initialization: RecurrentStack.Initialization
  public var training: TrainingOptions

  public init(
    cell: Cell? = nil, tokens: Tokenizer.Kind? = nil, vocabulary: Int? = nil, tokenizer: Tokenizer? = nil, sharesTokens: Bool = false, hidden: Int? = nil,
    layers: Int? = nil, embedding: Int? = nil, projection: Int? = nil, attention: Attention.Score? = nil, tiedEmbeddings: Bool? = nil,
    dropout: Double? = nil, weightDrop: Double? = nil, labelSmoothing: Double = TranslatorDefaults.labelSmoothing, longest: Int? = nil,
    criterion: Criterion = .bleu, validationFraction: Double = TranslatorDefaults.validationFraction,
    initialization: RecurrentStack.Initialization = .init(), training: TrainingOptions = .init()
  ) {
    self.cell = cell
    self.tokens = tokenizer?.kind ?? tokens
    self.vocabulary = vocabulary
    self.tokenizer = tokenizer
    self.sharesTokens = sharesTokens
    self.hidden = hidden
    self.layers = layers
    self.embedding = embedding
    self.projection = projection
    self.attention = attention
    self.tiedEmbeddings = tiedEmbeddings
    self.dropout = dropout
    self.weightDrop = weightDrop
    self.labelSmoothing = labelSmoothing
    self.longest = longest
    self.criterion = criterion
    self.validationFraction = validationFraction
    self.initialization = initialization
    self.training = training
  }

  /// - Parameter start: the model that training starts from.
  /// Throws `.usage` for a projection that the cell doesn't have, and for what differs from the model to start from.
  func architecture(_ defaults: TranslatorDefaults, from start: Translator?) throws(RNNError) -> Translator.Architecture {
    if let start {
      var own = start.architecture
      try TrainingOrigin.check(
        [
          "--cell": cell?.named, "--hidden": hidden, "--layers": layers, "--embedding": embedding, "--projection": projection,
          "--attention": attention?.rawValue, "--tied-embeddings": tiedEmbeddings, "--shared-tokens": sharesTokens ? true : nil,
        ], against: own.settings + ["--shared-tokens": start.sharesTokens ? true : nil])
      try TrainingOrigin.check(initialization)
      (own.dropout, own.weightDrop) = (dropout ?? own.dropout, weightDrop ?? own.weightDrop)
      return own
    }
    let cell = cell ?? .lstm, hidden = hidden ?? defaults.hidden
    return Translator.Architecture(
      cell: cell, hidden: hidden, layers: layers ?? 1, embedding: embedding ?? defaults.embedding, attention: attention ?? .general,
      tiedEmbeddings: tiedEmbeddings ?? true, dropout: dropout ?? defaults.dropout, weightDrop: weightDrop ?? 0,
      sizes: try cell.furtherSizes(hidden: hidden, projection: projection))
  }

  func settings(_ defaults: TranslatorDefaults) -> TrainingSettings {
    training.settings(
      learningRate: TranslatorDefaults.learningRate(training.optimizer), weightDecay: TranslatorDefaults.weightDecay,
      epochs: defaults.epochs, averaging: TranslatorDefaults.averaging)
  }
}

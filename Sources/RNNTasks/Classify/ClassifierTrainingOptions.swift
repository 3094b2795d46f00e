public import RNNCells
public import RNNData
public import RNNLayers
public import RNNTensor
import RNNTraining

/// How much each class counts in the loss.
public enum ClassWeights: Sendable, Hashable {
  /// All texts the same.
  case none
  /// Classes the same: a text counts the less the more of its class there are.
  case balanced
  /// Between the two: the square root of balanced.
  case root
  /// As given, by label; 1 where a label isn't among them.
  case given([String: Double])

  /// A weight for each class, 1 on average over the texts; nil where all are the same.
  func weights(_ counts: [Int], _ labels: [String]) throws(RNNError) -> [Float]? {
    let total = Double(counts.reduce(0, +)), classes = Double(counts.count)
    func balanced(_ count: Int) -> Double { total / classes / Double(max(count, 1)) }
    switch self {
    case .none: return nil
    case .balanced: return counts.map { Float(balanced($0)) }
    case .root: return counts.map { Float(balanced($0).squareRoot()) }
    case .given(let weights):
      for (label, weight) in weights.sorted(by: { $0.key < $1.key }) {
        guard labels.contains(label) else { throw RNNError(.usage, "there is no class ‘\(label)’ to weigh; found \(labels.joined(separator: ", "))") }
        try Limits.classWeight.check(weight, "the weight of the class ‘\(label)’ (--class-weights)")
      }
      return labels.map { Float(weights[$0] ?? 1) }
    }
  }

  /// As the command line says it.
  var description: String {
    switch self {
    case .none: "none"
    case .balanced: "balanced"
    case .root: "root"
    case .given(let weights): weights.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }
  }
}

/// Settings of a classifier's training. Those that are nil follow from the texts (``ClassifierDefaults``), or from the model that training
/// starts from.
public struct ClassifierTrainingOptions: TaskTrainingOptions {
  /// What the best weights are best in, on the validation part.
  public enum Criterion: String, Sendable, CaseIterable {
    case accuracy, loss
    case macroF1 = "macro-f1"
    case macroRecall = "macro-recall"
  }

  public var cell: Cell?
  public var tokens: Tokenizer.Kind?
  /// Tokens of words at most.
  public var vocabulary: Int?
  /// An existing tokenizer, of the kind `tokens`, instead of one made of the texts.
  public var tokenizer: Tokenizer?
  public var lowercase: Bool?
  public var splitsSigns: Bool?
  public var hidden: Int?
  public var layers: Int?
  public var embedding: Int?
  public var projection: Int?
  /// Whether texts are read in both directions.
  public var bidirectional: Bool?
  public var pooling: [Pooling]?
  public var dropout: Double?
  public var wordDropout: Double?
  public var weightDrop: Double?
  /// The most tokens of a text that are read.
  public var longest: Int?
  public var classWeights: ClassWeights
  public var criterion: Criterion
  /// The part of the texts to measure on, where no others are given. With 0 all are trained on, and the last weights are kept.
  public var validationFraction: Double
  public var initialization: RecurrentStack.Initialization
  public var training: TrainingOptions

  public init(
    cell: Cell? = nil, tokens: Tokenizer.Kind? = nil, vocabulary: Int? = nil, tokenizer: Tokenizer? = nil, lowercase: Bool? = nil, splitsSigns: Bool? = nil,
    hidden: Int? = nil, layers: Int? = nil, embedding: Int? = nil, projection: Int? = nil, bidirectional: Bool? = nil,
    pooling: [Pooling]? = nil, dropout: Double? = nil, wordDropout: Double? = nil, weightDrop: Double? = nil, longest: Int? = nil,
    classWeights: ClassWeights = .none, criterion: Criterion = .accuracy,
    validationFraction: Double = ClassifierDefaults.validationFraction, initialization: RecurrentStack.Initialization = .init(),
    training: TrainingOptions = .init()
  ) {
    self.cell = cell
    self.tokens = tokenizer?.kind ?? tokens
    self.vocabulary = vocabulary
    self.tokenizer = tokenizer
    self.lowercase = lowercase
    self.splitsSigns = splitsSigns
    self.hidden = hidden
    self.layers = layers
    self.embedding = embedding
    self.projection = projection
    self.bidirectional = bidirectional
    self.pooling = pooling
    self.dropout = dropout
    self.wordDropout = wordDropout
    self.weightDrop = weightDrop
    self.longest = longest
    self.classWeights = classWeights
    self.criterion = criterion
    self.validationFraction = validationFraction
    self.initialization = initialization
    self.training = training
  }

  /// - Parameter start: the model that training starts from.
  /// Throws `.usage` for a projection that the cell doesn't have, and for what differs from the model to start from.
  func architecture(_ defaults: ClassifierDefaults, from start: (any ClassifierOrigin)?) throws(RNNError) -> TextClassifier.Architecture {
    let asked: RunSettings = [
      "--cell": cell?.named, "--hidden": hidden, "--layers": layers, "--embedding": embedding, "--projection": projection,
    ]
    let pooling = pooling ?? defaults.pooling
    if let start = start as? TextClassifier {
      var own = start.architecture
      let reading: RunSettings = ["--bidirectional": bidirectional, "--pooling": self.pooling?.map(\.rawValue).joined(separator: ",")]
      try TrainingOrigin.check(asked + reading, against: own.settings)
      try TrainingOrigin.check(
        ["--lowercase": lowercase, "--split-signs": splitsSigns],
        against: ["--lowercase": start.normalizer.lowercase, "--split-signs": start.normalizer.splitsSigns])
      try TrainingOrigin.check(initialization)
      (own.dropout, own.weightDrop, own.longest) = (dropout ?? own.dropout, weightDrop ?? own.weightDrop, longest ?? own.longest)
      return own
    }
    if let start = start as? LanguageModel {
      let a = start.architecture
      try TrainingOrigin.check(asked, against: a.settings)
      // Layers of the other direction are new.
      if bidirectional != true { try TrainingOrigin.check(initialization) }
      return TextClassifier.Architecture(
        cell: a.cell, hidden: a.hidden, layers: a.layers, embedding: a.embedding, bidirectional: bidirectional == true ? .concatenate : nil,
        pooling: pooling, dropout: dropout ?? defaults.dropout, weightDrop: weightDrop ?? 0, sizes: a.sizes, longest: longest ?? defaults.longest)
    }
    let cell = cell ?? .lstm, hidden = hidden ?? defaults.hidden
    return TextClassifier.Architecture(
      cell: cell, hidden: hidden, layers: layers ?? 1, embedding: embedding ?? defaults.embedding,
      bidirectional: bidirectional ?? true ? .concatenate : nil, pooling: pooling, dropout: dropout ?? defaults.dropout,
      weightDrop: weightDrop ?? 0, sizes: try cell.furtherSizes(hidden: hidden, projection: projection), longest: longest ?? defaults.longest)
  }

  /// The normalisation of texts: that of the classifier that training starts from; else words become small and signs words of their own,
  /// unless a language model read them as they are.
  func normalizer(_ tokens: Tokenizer.Kind, from start: (any ClassifierOrigin)?) -> TextNormalizer {
    if let start = start as? TextClassifier { return start.normalizer }
    let isDone = tokens == .words && start == nil
    // Characters of a language model that read marks by themselves stay so.
    let readsMarks = start?.tokenizer.scalars.contains { (0x300..<0x370).contains($0.value) } ?? false
    return TextNormalizer(lowercase: lowercase ?? isDone, splitsSigns: splitsSigns ?? isDone, composes: !readsMarks)
  }

  func settings(_ defaults: ClassifierDefaults, isStarted: Bool) -> TrainingSettings {
    training.settings(
      learningRate: ClassifierDefaults.learningRate(training.optimizer, isStarted: isStarted), weightDecay: defaults.weightDecay,
      epochs: defaults.epochs, averaging: ClassifierDefaults.averaging)
  }
}

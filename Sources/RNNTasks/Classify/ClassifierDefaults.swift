public import RNNData
public import RNNTensor
public import RNNTraining

/// What training a classifier takes for itself where the user says nothing, by the texts. All such numbers stand here.
public struct ClassifierDefaults: Sendable, Hashable {
  public var tokens: Tokenizer.Kind
  public var hidden: Int
  public var embedding: Int
  public var dropout: Double
  public var weightDecay: Float
  /// Texts of a batch.
  public var batch: Int
  public var epochs: Int
  public var pooling: [Pooling]
  /// The rate at which words are taken for unknown ones, while training.
  public var wordDropout: Double
  /// The most tokens of a text that are read.
  public var longest: Int

  /// - Parameters:
  ///   - texts: the number of texts to train on.
  ///   - words: the mean number of words in them.
  ///   - tokens: what they are read as; by default words, unless there are hardly any (names, codes): then characters.
  public init(texts: Int, words: Double, tokens: Tokenizer.Kind? = nil) {
    self.tokens = tokens ?? (words < 3 ? .characters : .words)
    switch texts {
    case ..<2_000: (hidden, batch, epochs) = (64, 16, 30)
    case ..<20_000: (hidden, batch, epochs) = (128, 32, 15)
    case ..<200_000: (hidden, batch, epochs) = (128, 64, 8)
    default: (hidden, batch, epochs) = (256, 128, 3)
    }
    weightDecay = 0.01
    if self.tokens == .words || self.tokens == .bpe {
      (embedding, dropout, wordDropout, pooling, longest) = (300, 0.5, 0.05, [.max], 1000)
      // Most of the weights are words' vectors, and learnt by heart soon.
      epochs = switch texts {
      case ..<2_000: 10
      case ..<20_000: 8
      case ..<200_000: 3
      default: 2
      }
    } else {
      (embedding, dropout, wordDropout, pooling, longest) = (32, 0.1, 0.1, [.last], 5000)
    }
  }

  /// Within which range a token's vector begins where nobody says it: words that are rare, and hardly moved, should say little.
  static func embeddingRange(_ tokens: Tokenizer.Kind) -> Float? { tokens == .words || tokens == .bpe ? 0.1 : nil }

  /// A good learning rate for the rule with which weights are moved.
  ///
  /// - Parameter isStarted: whether training begins with a language model. Its weights are larger than first ones, and would hardly
  ///   be moved.
  public static func learningRate(_ optimizer: Optimizer.Kind, isStarted: Bool = false) -> Double {
    let rate =
      switch optimizer {
      case .adam, .adamW: 2e-3
      case .rmsProp: 1e-3
      case .sgd: 0.2
      }
    return isStarted ? 5 * rate : rate
  }

  /// The part of the texts that the model is measured on, where no others are given for that.
  public static let validationFraction = 0.1
  /// Tokens of words at most.
  public static let vocabulary = 50_000
  /// An average of the weights over about this part of the run is what is measured and kept.
  public static let averaging = 0.05
}

public import RNNData
public import RNNTraining

/// What training a translator takes for itself where the user says nothing, by the pairs. All such numbers stand here.
public struct TranslatorDefaults: Sendable, Hashable {
  public var tokens: Tokenizer.Kind
  /// Tokens at most of each side, or of both together, where the kind has a choice.
  public var vocabulary: Int?
  public var hidden: Int
  public var embedding: Int
  public var dropout: Double
  /// Pairs of a batch.
  public var batch: Int
  public var epochs: Int
  /// Pairs with more tokens than this on one side are left out.
  public var longest: Int

  /// - Parameters:
  ///   - pairs: the number of pairs to train on.
  ///   - tokens: what they are read as; by default pieces of words.
  public init(pairs: Int, tokens: Tokenizer.Kind? = nil) {
    self.tokens = tokens ?? .bpe
    switch pairs {
    case ..<5_000: (hidden, embedding, dropout, batch, epochs) = (128, 128, 0.3, 16, 30)
    case ..<100_000: (hidden, embedding, dropout, batch, epochs) = (512, 256, 0.4, 64, 12)
    default: (hidden, embedding, dropout, batch, epochs) = (512, 256, 0.2, 64, 6)
    }
    switch self.tokens {
    case .words: (vocabulary, longest) = (10_000, 100)
    case .bpe: (vocabulary, longest) = (pairs < 5_000 ? 1_000 : 4_000, 150)
    case .characters, .bytes: (vocabulary, longest) = (nil, 500)
    }
  }

  /// A good learning rate for the rule with which weights are moved.
  public static func learningRate(_ optimizer: Optimizer.Kind) -> Double {
    switch optimizer {
    case .adam, .adamW: 1e-3
    case .rmsProp: 5e-4
    case .sgd: 0.5
    }
  }

  public static let weightDecay: Float = 0.01
  public static let labelSmoothing = 0.1
  /// The part of the sentences that the model is measured on, where no others are given for that, and the most of them.
  public static let validationFraction = 0.05
  public static let mostValidated = 1000
  /// An average of the weights over about this part of the run is what is measured and kept.
  public static let averaging = 0.05
}

public import RNNData
public import RNNTraining

/// What training a model of text takes for itself where the user says nothing: sizes and a length of training by the size
/// of the text. All such numbers stand here.
public struct TextDefaults: Sendable, Hashable {
  public var hidden: Int
  public var layers: Int
  public var embedding: Int
  public var dropout: Double
  /// Rows of a batch, and tokens in a row.
  public var batch: Int
  public var sequenceLength: Int
  public var epochs: Int
  public var weightDecay: Float
  public var averaging: Double

  /// - Parameters:
  ///   - bytes: the size of the text to train on.
  ///   - tokens: what it is read as.
  public init(bytes: Int, tokens: Tokenizer.Kind = .bytes) {
    // A larger text bears a larger model and needs to be read less often.
    switch bytes {
    case ..<20_000: (hidden, embedding, dropout, batch, epochs) = (128, 32, 0.1, 8, 60)
    case ..<200_000: (hidden, embedding, dropout, batch, epochs) = (256, 64, 0.2, 16, 30)
    case ..<5_000_000: (hidden, embedding, dropout, batch, epochs) = (512, 64, 0.25, 16, 12)
    default: (hidden, embedding, dropout, batch, epochs) = (512, 64, 0, 32, 3)
    }
    layers = 1
    sequenceLength = 64
    weightDecay = 0.01
    averaging = 0.05
    guard tokens == .words || tokens == .bpe else { return }
    // A word, or a part of one, says more than a byte, and there are fewer of them in a text: a longer vector, more dropout.
    embedding = hidden / 2
    sequenceLength = 32
    if bytes < 50_000_000 { (dropout, epochs) = (0.5, max(epochs, 12)) }
  }

  /// A good learning rate for the rule with which weights are moved.
  public static func learningRate(_ optimizer: Optimizer.Kind) -> Double {
    switch optimizer {
    case .adam, .adamW: 5e-3
    case .rmsProp: 1e-3
    case .sgd: 0.5
    }
  }

  /// The part of the text, in stretches, that the model is measured on, where no other text is given for that.
  public static let validationFraction = 0.05
  /// The most updates between two measurements on it.
  public static let stepsBetweenMeasurements = 500
}

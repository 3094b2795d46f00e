public import RNNData
public import RNNTraining

/// What training a transcriber takes for itself where the user says nothing, by the clips. All such numbers stand here.
public struct TranscriberDefaults: Sendable, Hashable {
  public var hidden: Int
  public var layers: Int
  public var dropout: Double
  /// Clips of a batch.
  public var batch: Int
  public var epochs: Int

  /// - Parameters:
  ///   - clips: the number of clips to train on.
  ///   - seconds: how long they are together.
  public init(clips: Int, seconds: Double) {
    layers = 2
    switch seconds {
    case ..<(25 * 60): (hidden, dropout, epochs) = (96, 0.2, 40)
    case ..<(2 * 3600): (hidden, dropout, epochs) = (160, 0.4, 60)
    default: (hidden, dropout, epochs) = (256, 0.2, 15)
    }
    // Updates enough in an epoch, however few clips there are.
    switch clips {
    case ..<500: batch = 4
    case ..<2_000: batch = 8
    default: batch = 16
    }
  }

  /// What is done to the clips while training.
  public static func augmentation(_ input: SoundInput) -> SoundAugmentation {
    // Of cosine transforms each column is of all frequencies: masks over some of them say nothing.
    var columns = 0
    if case .sound(let features) = input, features.kind != .mfcc { columns = features.bands / 6 }
    return SoundAugmentation(
      speed: 0.1, gain: 6, columnMasks: columns > 0 ? 2 : 0, widestColumns: columns, rowMasks: 2, longestRows: 15)
  }

  /// How sound becomes rows: roots of powers differ less from voice to voice than logarithms, most of all those of levelled clips.
  public static let features = SoundFeatures.Kind.rootMel

  /// A good learning rate for the rule with which weights are moved.
  public static func learningRate(_ optimizer: Optimizer.Kind) -> Double {
    switch optimizer {
    case .adam, .adamW: 3e-3
    case .rmsProp: 1e-3
    case .sgd: 0.1
    }
  }

  /// How many rows become one step: the more, the faster, but a step says one token at most.
  static let mostStacked = 3
  /// The part of the clips that may be lost by that.
  static let mostLost = 0.001

  public static let weightDecay: Float = 0.01
  /// The part of the clips that the model is measured on, where no others are given for that, and the most of them.
  public static let validationFraction = 0.1
  public static let mostValidated = 1000
  /// The most of those by which it is tuned how transcripts are searched for.
  static let mostSearched = 300
  /// An average of the weights over about this part of the run is what is measured and kept.
  public static let averaging = 0.05
  /// The most steps of a batch that are in memory at once; longer batches are computed in parts.
  static let stepsAtOnce = 1 << 13
  /// Rows a second, where nobody knows it.
  static let rowsPerSecond = 100.0
  /// The most samples a second that a model hears where nobody says it.
  public static let highestRate = 16_000
}

import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

/// Training a classifier: batches of texts of nearly one length, the cross-entropy of their classes.
public struct ClassifierTraining: TrainingTask {
  public let model: TextClassifier
  private let training: EncodedTexts
  private let validation: EncodedTexts
  private let classWeights: [Float]?
  private let wordDropout: Double
  private let criterion: ClassifierTrainingOptions.Criterion
  private var batches: LengthBatches
  private let seed: UInt64
  public let settings: RunSettings

  /// - Parameters:
  ///   - classWeights: how much each class counts in the loss; nil for all the same.
  ///   - wordDropout: the rate at which tokens are taken for unknown ones.
  /// Throws `.usage` for a batch or a rate that can't be.
  init(
    _ model: TextClassifier, training: EncodedTexts, validation: EncodedTexts, classWeights: [Float]?, wordDropout: Double,
    criterion: ClassifierTrainingOptions.Criterion, rows: Int, seed: UInt64, data: RunSettings
  ) throws(RNNError) {
    guard (0..<1).contains(wordDropout) else { throw RNNError(.usage, "a dropout rate is from 0 to below 1, not \(wordDropout)") }
    self.model = model
    self.training = training
    self.validation = validation
    self.classWeights = classWeights
    self.wordDropout = model.tokenizer.unknown == nil ? 0 : wordDropout
    self.criterion = criterion
    self.seed = seed
    batches = try LengthBatches(lengths: (0..<training.count).map(training.length), rows: rows, seed: seed)
    let a = model.architecture
    settings = ["task": TextClassifier.task] + a.settings + [
      "--dropout": a.dropout, "--weight-drop": a.weightDrop, "--word-dropout": wordDropout, "--longest": a.longest, "--batch": rows,
      "--best": criterion.rawValue,
      "--class-weights": classWeights.map { zip(model.labels, $0).map { "\($0)=\($1)" }.joined(separator: ",") } ?? "none",
      "--tokens": model.tokenizer.kind.rawValue, "--lowercase": model.normalizer.lowercase, "--split-signs": model.normalizer.splitsSigns,
      "composed characters": model.normalizer.composes, "vocabulary": model.tokenizer.fingerprint,
    ] + data
  }

  public var stepsPerEpoch: Int { batches.batchesPerEpoch }

  public mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
    let batch = batches.batch(epoch: epoch, index: index)
    var (tokens, lengths) = training.batch(batch)
    if let unknown = model.tokenizer.unknown, wordDropout > 0 {
      var random = Philox(seed: seed, stream: Self.wordStream &+ UInt64(step) << 32)
      for i in tokens.indices where tokens[i] >= 0 && random.uniform() < wordDropout { tokens[i] = unknown }
    }
    let targets = batch.map { training.labels[$0] }
    let key = DropoutKey(seed: seed, step: UInt32(truncatingIfNeeded: step))
    let (loss, gradient) = valueAndGradient(of: weights) { weights in
      Losses.crossEntropy(model.logits(tokens, lengths: lengths, weights, key: key), targets, classWeights: classWeights).mean
    }
    return (Double(loss.item), gradient, batch.count)
  }

  // Any number that no other use of the seed has.
  private static let wordStream: UInt64 = 0x776F_7264

  public var isMeasured: Bool { validation.count > 0 }

  /// How well the validation part is classified with these weights; nil if there is none.
  func metrics(_ weights: Weights) throws(RNNError) -> ClassificationMetrics? {
    guard isMeasured else { return nil }
    var model = model
    model.weights = weights
    return try TextClassifier.Member(model).metrics(validation)
  }

  public func validate(_ weights: Weights) throws -> Validation {
    guard let metrics = try metrics(weights) else { return Validation(loss: .nan) }
    let score: Double? =
      switch criterion {
      case .accuracy: metrics.accuracy
      case .macroF1: metrics.macroF1
      case .macroRecall: metrics.macroRecall
      case .loss: nil
      }
    return Validation(loss: metrics.logLoss, score: score)
  }
}

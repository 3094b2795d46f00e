import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

/// Training a translator: batches of pairs of nearly one length, the cross-entropy of the translations' tokens.
public struct TranslatorTraining: TrainingTask {
  public let model: Translator
  private let training: EncodedPairs
  private let validation: EncodedPairs
  /// The validation part's translations as texts, for BLEU: as many as ``mostTranslated``.
  private let references: [String]
  private let smoothing: Double
  private let criterion: TranslatorTrainingOptions.Criterion
  private var batches: LengthBatches
  private let seed: UInt64
  public let settings: RunSettings

  /// The most sentences that are translated to measure.
  static let mostTranslated = 1000

  /// - Parameters:
  ///   - references: the translations of the validation part as they stand in the text.
  ///   - smoothing: the part of the probability that every target shares with all tokens.
  /// Throws `.usage` for a batch or a rate that can't be.
  init(
    _ model: Translator, training: EncodedPairs, validation: EncodedPairs, references: [String], smoothing: Double,
    criterion: TranslatorTrainingOptions.Criterion, rows: Int, seed: UInt64, data: RunSettings
  ) throws(RNNError) {
    guard (0..<1).contains(smoothing) else { throw RNNError(.usage, "label smoothing is from 0 to below 1, not \(smoothing)") }
    self.model = model
    self.training = training
    self.validation = validation
    self.references = Array(references.prefix(Self.mostTranslated))
    self.smoothing = smoothing
    self.criterion = criterion
    self.seed = seed
    batches = try training.batches(rows: rows, seed: seed)
    let a = model.architecture
    settings = ["task": Translator.task] + a.settings + [
      "--dropout": a.dropout, "--weight-drop": a.weightDrop, "--label-smoothing": smoothing, "--batch": rows, "--best": criterion.rawValue,
      "--tokens": model.source.kind.rawValue, "vocabulary of sentences": model.source.fingerprint,
      "vocabulary of translations": model.target.fingerprint,
    ] + data
  }

  public var stepsPerEpoch: Int { batches.batchesPerEpoch }

  public mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
    let batch = training.batch(batches.batch(epoch: epoch, index: index), end: model.end)
    let key = DropoutKey(seed: seed, step: UInt32(truncatingIfNeeded: step))
    let (loss, gradient) = valueAndGradient(of: weights) { weights in
      model.loss(batch, weights, smoothing: Float(smoothing), key: key).mean
    }
    return (Double(loss.item), gradient, batch.targetLengths.reduce(0, +))
  }

  public var isMeasured: Bool { validation.count > 0 }

  /// What the validation part says.
  public struct Metrics: Sendable {
    /// In nats per token, ends included; without smoothing.
    public var loss: Double
    /// Of greedy translations of as many sentences as are translated to measure.
    public var bleu: BLEU
  }

  /// Nil if there is no validation part.
  func metrics(_ weights: Weights) throws(RNNError) -> Metrics? {
    guard isMeasured else { return nil }
    var model = model
    model.weights = weights
    let constants = TapedWeights(constant: weights)
    var nats = 0.0
    let order = (0..<validation.count).sorted { (validation.target($0).count, $0) < (validation.target($1).count, $1) }
    for begin in stride(from: 0, to: order.count, by: Self.pairsAtOnce) {
      let batch = validation.batch(order[begin..<min(begin + Self.pairsAtOnce, order.count)], end: model.end)
      nats += model.loss(batch, constants).losses.values.reduce(0) { $0 + Double($1) }
    }
    var bleu = BLEU()
    let translations = try Translator.Packed(model).translate(tokens: references.indices.map { Array(validation.source($0)) }, Self.measuring)
    for (translation, reference) in zip(translations, references) { bleu.add(translation[0].text, reference: reference) }
    return Metrics(loss: nats / Double(max(validation.targetCount, 1)), bleu: bleu)
  }

  private static let pairsAtOnce = 64
  private static let measuring = TranslationOptions(beam: 1, keepsAttention: false)

  public func validate(_ weights: Weights) throws -> Validation {
    guard let metrics = try metrics(weights) else { return Validation(loss: .nan) }
    return Validation(loss: metrics.loss, score: criterion == .bleu ? metrics.bleu.score : nil)
  }
}

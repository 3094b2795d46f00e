import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

/// Clips as a transcriber is trained on them: scaled rows, and the tokens of what is said.
struct EncodedClips: Sendable {
  var clips: [Clip]
  var rows: [Tensor]
  var targets: [[Int]]
  var texts: [String]
  var count: Int { rows.count }
}

/// Training a transcriber: batches of clips of nearly one length, the loss of connectionist temporal classification.
public struct TranscriberTraining: TrainingTask {
  public let model: Transcriber
  private let training: EncodedClips
  private let validation: EncodedClips
  private let augmentation: SoundAugmentation
  private let criterion: TranscriberTrainingOptions.Criterion
  private var batches: LengthBatches
  private let seed: UInt64
  public let settings: RunSettings
  /// The most steps of a batch that are computed at once.
  package var stepsAtOnce = TranscriberDefaults.stepsAtOnce

  /// Throws `.usage` for a batch or an augmentation that can't be.
  init(
    _ model: Transcriber, training: EncodedClips, validation: EncodedClips, augmentation: SoundAugmentation,
    criterion: TranscriberTrainingOptions.Criterion, rows: Int, seed: UInt64, data: RunSettings
  ) throws(RNNError) {
    try augmentation.validate()
    self.augmentation = augmentation
    self.model = model
    self.training = training
    self.validation = validation
    self.criterion = criterion
    self.seed = seed
    batches = try LengthBatches(lengths: training.rows.map { model.stepCount($0.shape[0]) }, rows: rows, seed: seed)
    let a = model.architecture
    settings = ["task": Transcriber.task] + a.settings + [
      "--dropout": a.dropout, "--weight-drop": a.weightDrop, "--batch": rows, "--best": criterion.rawValue,
      "--tokens": model.tokenizer.kind.rawValue, "vocabulary": model.tokenizer.fingerprint,
    ] + model.input.settings + augmentation.settings + data
  }

  public var stepsPerEpoch: Int { batches.batchesPerEpoch }

  public mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
    let batch = Array(batches.batch(epoch: epoch, index: index))
    let rows = try rows(batch, epoch: epoch)
    // Nats per token: clips count by what is said in them.
    let tokens = batch.reduce(0) { $0 + max(training.targets[$1].count, 1) }
    let longest = rows.map { model.stepCount($0.shape[0]) }.max() ?? 0
    let atOnce = max(stepsAtOnce / max(longest, 1), 1)
    var loss = 0.0, gradient = Weights()
    for begin in stride(from: 0, to: batch.count, by: atOnce) {
      let part = begin..<min(begin + atOnce, batch.count)
      let (steps, lengths) = model.steps(of: Array(rows[part]))
      let key = DropoutKey(seed: seed, step: UInt32(truncatingIfNeeded: step), row: UInt32(begin))
      let result = valueAndGradient(of: weights, continuing: gradient) { weights in
        CTC.loss(
          model.logits(steps, lengths: lengths, weights, key: key), lengths: lengths, targets: part.map { training.targets[batch[$0]] },
          blank: model.blank
        ).sum() * (1 / Float(tokens))
      }
      loss += Double(result.value.item)
      gradient = result.gradient
    }
    return (loss, gradient, rows.reduce(0) { $0 + $1.shape[0] })
  }

  /// Scaled rows of some clips, changed as it is drawn for the epoch.
  private func rows(_ clips: [Int], epoch: Int) throws(RNNError) -> [Tensor] {
    var rows = clips.map { training.rows[$0] }
    if augmentation.changesSound, case .sound = model.input {
      let needed = clips.map { CTC.stepsNeeded(training.targets[$0]) }
      let changed = try model.input.rows(
        of: clips.map { training.clips[$0] }, numbers: clips, changedBy: augmentation, seed: seed, epoch: epoch,
        leastRows: needed.map { max(($0 - 1) * model.architecture.stacking + 1, 1) })
      for (i, changed) in changed.enumerated() where model.stepCount(changed.shape[0]) >= needed[i] { rows[i] = model.scaling(changed) }
    }
    for i in rows.indices { augmentation.mask(&rows[i], .init(seed: seed, epoch: epoch, clip: clips[i])) }
    return rows
  }

  public var isMeasured: Bool { validation.count > 0 }

  /// What the validation part says.
  public struct Metrics: Sendable {
    /// In nats per token, over the clips that are long enough for their texts.
    public var loss: Double
    /// Of greedy transcripts.
    public var words: WordErrors
    public var characters: WordErrors
  }

  /// Nil if there is no validation part.
  func metrics(_ weights: Weights) throws(RNNError) -> Metrics? {
    guard isMeasured else { return nil }
    var model = model
    model.weights = weights
    let packed = try Transcriber.Packed(model)
    var nats = 0.0, tokens = 0
    var metrics = Metrics(loss: 0, words: WordErrors(), characters: WordErrors(of: .characters))
    for batch in packed.batches(validation.rows) {
      let (steps, lengths) = model.steps(of: batch.map { validation.rows[$0] })
      let logs = packed.logProbabilities(steps, lengths: lengths).logProbabilities
      let aligned = zip(batch, lengths).map { CTC.stepsNeeded(validation.targets[$0]) <= $1 }
      let losses = CTC.loss(
        Variable(logs), lengths: lengths, targets: zip(batch, aligned).map { $1 ? validation.targets[$0] : [] }, blank: model.blank
      ).value.values
      for (row, clip) in batch.enumerated() where aligned[row] {
        nats += Double(losses[row])
        tokens += max(validation.targets[clip].count, 1)
      }
      for (clip, found) in zip(batch, packed.transcripts(logs, lengths: lengths, .greedy)) {
        metrics.words.add(found.first?.text ?? "", reference: validation.texts[clip])
        metrics.characters.add(found.first?.text ?? "", reference: validation.texts[clip])
      }
    }
    metrics.loss = nats / Double(max(tokens, 1))
    return metrics
  }

  /// How transcripts of the validation part are best searched for with an n-gram model of the training part's texts; nil if they are
  /// better without, or there is no validation part.
  func search(_ weights: Weights) throws(RNNError) -> (languageModel: TranscriptNGrams, outcome: TranscriptTuning.Outcome)? {
    guard isMeasured else { return nil }
    var model = model
    model.weights = weights
    let packed = try Transcriber.Packed(model)
    // Searches are many; the clips stand in no order.
    let examples = packed.examples(Array(validation.rows.prefix(TranscriberDefaults.mostSearched)), texts: validation.texts)
    let languageModel = TranscriptNGrams(training.targets.map { $0.map { Int32($0) } }, tokenCount: model.tokenizer.count)
    let tuning = TranscriptTuning(examples, tokens: model.tokenizer, languageModel: languageModel)
    let greedy = tuning.outcome(.greedy), best = tuning.best()
    let isBetter = (best.words.errors, best.characters.errors) < (greedy.words.errors, greedy.characters.errors)
    return isBetter ? (languageModel, best) : nil
  }

  public func validate(_ weights: Weights) throws -> Validation {
    guard let metrics = try metrics(weights) else { return Validation(loss: .nan) }
    return Validation(loss: metrics.loss, score: criterion == .wer ? -metrics.words.rate : nil)
  }
}

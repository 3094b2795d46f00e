public import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

/// Training a language model by truncated back-propagation through time, the state carried from one stretch of text to the
/// next.
public struct TextTraining: TrainingTask {
  public let model: LanguageModel
  /// The text that the model is measured on.
  private let validation: TokenizedText
  private var batches: SequenceBatches
  private var batch = TokenBatch()
  private var states: RecurrentStack.States?
  private let seed: UInt64
  public let settings: String

  /// Rows of the batch and tokens in a row.
  public struct Shape: Sendable, Hashable, Codable {
    public var rows: Int
    public var length: Int

    public init(rows: Int = 32, length: Int = 64) {
      self.rows = rows
      self.length = length
    }
  }

  /// - Parameters:
  ///   - training, validation: the texts to train on and to measure on, surveyed for tokens of the model's kind.
  /// Throws `.usage` for sizes that can't be, `.badData` for a text too short to train on.
  public init(_ model: LanguageModel, training: TextSurvey, validation: TextSurvey, shape: Shape, seed: UInt64) throws(RNNError) {
    self.model = model
    self.validation = validation.tokenized(by: model.tokenizer)
    self.seed = seed
    batches = try SequenceBatches(
      training.tokenized(by: model.tokenizer), rows: min(shape.rows, max(1, training.tokens / 8)), length: shape.length, seed: seed)
    let a = model.architecture
    settings = "task:generate cell:\(Fingerprint(of: Array(a.cell.equations.utf8))) hidden:\(a.hidden) layers:\(a.layers) embedding:\(a.embedding) dropout:\(a.dropout) sizes:\(a.sizes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")) batch:\(shape.rows) sequence-length:\(shape.length) tokens:\(Fingerprint(of: Array(model.tokenizer.encoded.utf8))) text:\(training.fingerprint) validation:\(validation.fingerprint)"
  }

  public var stepsPerEpoch: Int { batches.batchesPerEpoch }
  public var tokensPerEpoch: Int { batches.tokensPerEpoch }

  public mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
    batches.position = epoch * stepsPerEpoch + index
    try batches.next(into: &batch)
    if batch.isStart { states = nil }
    var after: RecurrentStack.States?
    let key = DropoutKey(seed: seed, step: UInt32(truncatingIfNeeded: step), time: 0)
    let isMasked = model.architecture.dropout > 0 || model.architecture.cell.graph.isRandom
    let (loss, gradient) = valueAndGradient(of: weights) { weights in
      let result = model.logits(
        batch.inputs, length: batch.length, rows: batch.rows, weights, initial: states, key: isMasked ? key : nil)
      after = result.states
      return softmaxCrossEntropy(result.logits, batch.targets).mean
    }
    states = after
    return (Double(loss.item), gradient, batch.predictions)
  }

  public func validationLoss(_ weights: Weights) throws -> Double {
    let loss = try model.loss(validation, weights, rows: 16)
    return loss.nats / Double(max(loss.count, 1))
  }

  /// The hidden states carried to the next update, `layer.state`.
  public var carried: Weights {
    var result = Weights()
    for (layer, own) in (states ?? []).enumerated() {
      for (state, tensor) in zip(model.architecture.cell.graph.states, own) { result["\(layer).\(state.name)"] = tensor }
    }
    return result
  }

  public mutating func carry(_ carried: Weights) throws {
    guard carried.count > 0 else {
      states = nil
      return
    }
    var restored: RecurrentStack.States = []
    for (layer, engine) in model.stack.engines.enumerated() {
      var own: [Tensor] = []
      for (state, size) in zip(engine.cell.graph.states, engine.stateSizes) {
        guard let tensor = carried["\(layer).\(state.name)"], tensor.shape == [batches.rows, size] else {
          throw RNNError(.badData, "the checkpoint's carried state \(layer).\(state.name) is missing or has another shape than [\(batches.rows), \(size)]")
        }
        own.append(tensor)
      }
      restored.append(own)
    }
    states = restored
  }
}

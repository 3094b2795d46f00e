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
  /// How sequences are cut so that training stays within the memory it was given; no result depends on it.
  public let segments: Segments
  public let settings: RunSettings

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
  ///   - memory: the bytes that the whole process may take; nil for as many as it needs.
  /// Throws `.usage` for sizes that can't be, `.badData` for a text too short to train on.
  public init(
    _ model: LanguageModel, training: TextSurvey, validation: TextSurvey, shape: Shape, seed: UInt64, memory: Int? = nil
  ) throws(RNNError) {
    self.model = model
    self.validation = validation.tokenized(by: model.tokenizer)
    self.seed = seed
    batches = try SequenceBatches(
      training.tokenized(by: model.tokenizer), rows: min(shape.rows, max(1, training.tokens / 8)), length: shape.length, seed: seed)
    segments = try Self.segments(model, batches, memory: memory)
    let a = model.architecture
    settings = ["task": LanguageModel.task] + a.settings + [
      "--dropout": a.dropout, "--batch": shape.rows, "--sequence-length": shape.length, "--tokens": model.tokenizer.kind.rawValue,
      "vocabulary": model.tokenizer.fingerprint, "text": training.fingerprint, "validation text": validation.fingerprint,
    ]
  }

  /// Segments with which an update fits.
  private static func segments(_ model: LanguageModel, _ batches: SequenceBatches, memory: Int?) throws(RNNError) -> Segments {
    guard let memory else { return Segments() }
    let rows = batches.rows, weights = model.weights
    let stateSizes = model.stack.engines.flatMap(\.stateSizes)
    return try MemoryBudget(memory).segments(
      steps: batches.length, rows: rows, parameters: model.parameterCount, states: stateSizes.map { rows * $0 },
      // A token, its target and its loss, which stands in a segment's losses and in those of all.
      kept: 16 * rows * batches.length
    ) { steps in
      let tokens = [Int32](repeating: 0, count: 2 * steps * rows)
      _ = valueAndGradient(of: weights) {
        model.loss(tokens, targets: tokens, rows: rows, $0, initial: nil, key: DropoutKey(seed: 0, step: 0), segments: Segments([steps])).mean
      }
    } measuring: {
      _ = try? model.loss(TokenizedText([Int32](repeating: 0, count: 5000)), weights, rows: 16)
    }
  }

  public var stepsPerEpoch: Int { batches.batchesPerEpoch }
  public var tokensPerEpoch: Int { batches.tokensPerEpoch }

  public mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int) {
    batches.position = epoch * stepsPerEpoch + index
    try batches.next(into: &batch)
    if batch.isStart { states = nil }
    var after: RecurrentStack.States?
    let key = DropoutKey(seed: seed, step: UInt32(truncatingIfNeeded: step))
    let (loss, gradient) = valueAndGradient(of: weights) { weights in
      let loss = model.loss(
        batch.inputs, targets: batch.targets, rows: batch.rows, weights, initial: states, key: key, segments: segments)
      after = loss.states
      return loss.mean
    }
    states = after
    return (Double(loss.item), gradient, batch.predictions)
  }

  public func validate(_ weights: Weights) throws -> Validation {
    let loss = try model.loss(validation, weights, rows: 16)
    return Validation(loss: loss.nats / Double(max(loss.count, 1)))
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

import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension TextClassifier: TaskModel {
  public static let task = "classify"
  public static let noun = "a classifier"

  /// What only this task's architecture has.
  private struct OwnSizes: ModelFile.OwnSizes {
    var embedding: Int
    var bidirectional: RecurrentStack.Merge?
    var pooling: [Pooling]
    var weightDrop: Double
    var longest: Int

    func check() throws(RNNError) {
      try Limits.units.check(embedding, "“embedding”", .badData)
      try Limits.rate.check(weightDrop, "“weightDrop”", .badData)
      try Limits.textLength.check(longest, "“longest”", .badData)
    }
  }

  var parts: [ModelFile.Part] { ModelFile.parts(embedding) + [.stack(stack)] + ModelFile.parts(output) }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the
  /// architecture, the classes, the tokenizer, what is done to texts before, and the notes.
  public func file() throws(RNNError) -> Safetensors {
    var file = try frame()
    file.entries = try ModelFile.entries(weights, parts)
    return file
  }

  public func frame() throws(RNNError) -> Safetensors {
    let a = architecture
    let own = OwnSizes(
      embedding: a.embedding, bidirectional: a.bidirectional, pooling: a.pooling, weightDrop: a.weightDrop, longest: a.longest)
    var metadata = try ModelFile.metadata(task: Self.task, a, own, notes: notes)
    metadata["labels"] = try ModelFile.encoded(labels)
    metadata["tokenizer"] = tokenizer.encoded
    metadata["normalizer"] = try ModelFile.encoded(normalizer)
    return Safetensors(metadata: metadata)
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    let file = try ModelFile(file, source: source, task: Self.task)
    let (cell, sizes) = try file.architecture(OwnSizes.self)
    let labels = try file.decoded([String].self, "labels")
    let normalizer = try file.decoded(TextNormalizer.self, "normalizer")
    let tokenizer = try file.tokenizer()
    self = try file.naming { () throws(RNNError) in
      try TextClassifier(
        layersOf: Architecture(
          cell: cell, hidden: sizes.hidden, layers: sizes.layers, embedding: sizes.embedding, bidirectional: sizes.bidirectional,
          pooling: sizes.pooling, dropout: sizes.dropout, weightDrop: sizes.weightDrop, sizes: sizes.others, longest: sizes.longest),
        labels: labels, tokenizer: tokenizer, normalizer: normalizer)
    }
    weights = try file.weights(parts)
    notes = file.notes
  }
}

import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension TextClassifier: TaskModel {
  public static let task = "classify"

  /// The part of the architecture that is written as JSON.
  private struct Sizes: Codable {
    var hidden: Int
    var layers: Int
    var embedding: Int
    var bidirectional: RecurrentStack.Merge?
    var pooling: [Pooling]
    var dropout: Double
    var weightDrop: Double
    var others: [String: Int]
    var longest: Int
  }

  private var parts: [ModelFile.Part] { ModelFile.parts(embedding) + [.stack(stack)] + ModelFile.parts(output) }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the
  /// architecture, the classes, the tokenizer, what is done to texts before, and the notes.
  public func file() throws(RNNError) -> Safetensors {
    let a = architecture
    var metadata = ModelFile.metadata(task: Self.task, cell: a.cell, notes: notes)
    metadata["architecture"] = try ModelFile.encoded(
      Sizes(
        hidden: a.hidden, layers: a.layers, embedding: a.embedding, bidirectional: a.bidirectional, pooling: a.pooling,
        dropout: a.dropout, weightDrop: a.weightDrop, others: a.sizes, longest: a.longest))
    metadata["labels"] = try ModelFile.encoded(labels)
    metadata["tokenizer"] = tokenizer.encoded
    metadata["normalizer"] = try ModelFile.encoded(normalizer)
    return Safetensors(metadata: metadata, entries: try ModelFile.entries(weights, parts))
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    let file = try ModelFile(file, source: source, task: Self.task)
    let sizes = try file.decoded(Sizes.self, "architecture")
    try file.checkSizes(
      ["hidden": sizes.hidden, "embedding": sizes.embedding, "longest": sizes.longest], layers: sizes.layers, others: sizes.others)
    let labels = try file.decoded([String].self, "labels")
    let normalizer = try file.decoded(TextNormalizer.self, "normalizer")
    let cell = try file.cell()
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

import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension LanguageModel: TaskModel {
  public static let task = "generate"

  /// The part of the architecture that is written as JSON.
  private struct Sizes: Codable {
    var hidden: Int
    var layers: Int
    var embedding: Int
    var dropout: Double
    var others: [String: Int]
    var utf8: Bool
  }

  private var parts: [ModelFile.Part] { ModelFile.parts(embedding) + [.stack(stack)] + ModelFile.parts(output) }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the
  /// architecture, the tokenizer and the notes.
  public func file() throws(RNNError) -> Safetensors {
    var metadata = ModelFile.metadata(task: Self.task, cell: architecture.cell, notes: notes)
    metadata["architecture"] = try ModelFile.encoded(
      Sizes(
        hidden: architecture.hidden, layers: architecture.layers, embedding: architecture.embedding, dropout: architecture.dropout,
        others: architecture.sizes, utf8: isUTF8))
    metadata["tokenizer"] = tokenizer.encoded
    return Safetensors(metadata: metadata, entries: try ModelFile.entries(weights, parts))
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    let file = try ModelFile(file, source: source, task: Self.task)
    let sizes = try file.decoded(Sizes.self, "architecture")
    try file.checkSizes(["hidden": sizes.hidden, "embedding": sizes.embedding], layers: sizes.layers, others: sizes.others)
    let cell = try file.cell()
    let tokenizer = try file.tokenizer()
    self = try file.naming { () throws(RNNError) in
      try LanguageModel(
        layersOf: Architecture(
          cell: cell, hidden: sizes.hidden, layers: sizes.layers, embedding: sizes.embedding, dropout: sizes.dropout, sizes: sizes.others),
        tokenizer: tokenizer, isUTF8: sizes.utf8)
    }
    weights = try file.weights(parts)
    notes = file.notes
  }
}

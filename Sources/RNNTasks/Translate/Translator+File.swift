import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension Translator: TaskModel {
  public static let task = "translate"

  /// The part of the architecture that is written as JSON.
  private struct Sizes: Codable {
    var hidden: Int
    var layers: Int
    var embedding: Int
    var attention: Attention.Score
    var tiedEmbeddings: Bool
    var dropout: Double
    var weightDrop: Double
    var others: [String: Int]
  }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the architecture,
  /// both tokenizers and the notes.
  public func file() throws(RNNError) -> Safetensors {
    let a = architecture
    var metadata = ModelFile.metadata(task: Self.task, cell: a.cell, notes: notes)
    metadata["architecture"] = try ModelFile.encoded(
      Sizes(
        hidden: a.hidden, layers: a.layers, embedding: a.embedding, attention: a.attention, tiedEmbeddings: a.tiedEmbeddings,
        dropout: a.dropout, weightDrop: a.weightDrop, others: a.sizes))
    metadata["source_tokenizer"] = source.encoded
    // One tokenizer for both is written once.
    if target != source { metadata["target_tokenizer"] = target.encoded }
    return Safetensors(metadata: metadata, entries: try ModelFile.entries(weights, parts))
  }

  /// All layers, in the order of a new model's weights.
  private var parts: [ModelFile.Part] {
    var all = ModelFile.parts(sourceEmbedding) + [.stack(encoder)] + bridge.joined().flatMap { ModelFile.parts($0) }
    all += ModelFile.parts(targetEmbedding) + [.stack(decoder.stack)] + decoder.furtherShapes.map { .tensor($0.name, $0.shape) }
    if !architecture.tiedEmbeddings { all.append(.tensor(output.weightName, [output.outputs, output.inputs])) }
    return all + [.tensor(output.biasName, [output.outputs])]
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source name: String) throws(RNNError) {
    let file = try ModelFile(file, source: name, task: Self.task)
    let sizes = try file.decoded(Sizes.self, "architecture")
    try file.checkSizes(["hidden": sizes.hidden, "embedding": sizes.embedding], layers: sizes.layers, others: sizes.others)
    let cell = try file.cell()
    let source = try file.tokenizer("source_tokenizer")
    let target = file.has("target_tokenizer") ? try file.tokenizer("target_tokenizer") : source
    self = try file.naming { () throws(RNNError) in
      try Translator(
        layersOf: Architecture(
          cell: cell, hidden: sizes.hidden, layers: sizes.layers, embedding: sizes.embedding, attention: sizes.attention,
          tiedEmbeddings: sizes.tiedEmbeddings, dropout: sizes.dropout, weightDrop: sizes.weightDrop, sizes: sizes.others),
        source: source, target: target)
    }
    weights = try file.weights(parts)
    notes = file.notes
  }
}

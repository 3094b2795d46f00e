import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension Translator: TaskModel {
  public static let task = "translate"
  public static let noun = "a translator"

  /// What only this task's architecture has.
  private struct OwnSizes: ModelFile.OwnSizes {
    var embedding: Int
    var attention: Attention.Score
    var tiedEmbeddings: Bool
    var weightDrop: Double

    func check() throws(RNNError) {
      try Limits.units.check(embedding, "“embedding”", .badData)
      try Limits.rate.check(weightDrop, "“weightDrop”", .badData)
    }
  }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the architecture,
  /// both tokenizers and the notes.
  public func file() throws(RNNError) -> Safetensors {
    var file = try frame()
    file.entries = try ModelFile.entries(weights, parts)
    return file
  }

  public func frame() throws(RNNError) -> Safetensors {
    let a = architecture
    let own = OwnSizes(embedding: a.embedding, attention: a.attention, tiedEmbeddings: a.tiedEmbeddings, weightDrop: a.weightDrop)
    var metadata = try ModelFile.metadata(task: Self.task, a, own, notes: notes)
    metadata["source_tokenizer"] = source.encoded
    // One tokenizer for both is written once.
    if target != source { metadata["target_tokenizer"] = target.encoded }
    if normalizer != .none { metadata["normalizer"] = try ModelFile.encoded(normalizer) }
    return Safetensors(metadata: metadata)
  }

  /// All layers, in the order of a new model's weights.
  var parts: [ModelFile.Part] {
    var all = ModelFile.parts(sourceEmbedding) + [.stack(encoder)] + bridge.joined().flatMap { ModelFile.parts($0) }
    all += ModelFile.parts(targetEmbedding) + [.stack(decoder.stack)] + decoder.furtherShapes.map { .tensor($0.name, $0.shape) }
    if !architecture.tiedEmbeddings { all.append(.tensor(output.weightName, [output.outputs, output.inputs])) }
    return all + [.tensor(output.biasName, [output.outputs])]
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source name: String) throws(RNNError) {
    let file = try ModelFile(file, source: name, task: Self.task)
    let (cell, sizes) = try file.architecture(OwnSizes.self)
    let source = try file.tokenizer("source_tokenizer")
    let target = file.has("target_tokenizer") ? try file.tokenizer("target_tokenizer") : source
    self = try file.naming { () throws(RNNError) in
      try Translator(
        layersOf: Architecture(
          cell: cell, hidden: sizes.hidden, layers: sizes.layers, embedding: sizes.embedding, attention: sizes.attention,
          tiedEmbeddings: sizes.tiedEmbeddings, dropout: sizes.dropout, weightDrop: sizes.weightDrop, sizes: sizes.others),
        source: source, target: target)
    }
    if file.has("normalizer") { normalizer = try file.decoded(TextNormalizer.self, "normalizer") }
    weights = try file.weights(parts)
    notes = file.notes
  }
}

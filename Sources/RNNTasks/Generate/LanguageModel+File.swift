import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension LanguageModel: TaskModel {
  public static let task = "generate"
  public static let noun = "a language model"

  /// What only this task's architecture has.
  private struct OwnSizes: ModelFile.OwnSizes {
    var embedding: Int
    var utf8: Bool

    func check() throws(RNNError) { try Limits.units.check(embedding, "“embedding”", .badData) }
  }

  var parts: [ModelFile.Part] { ModelFile.parts(embedding) + [.stack(stack)] + ModelFile.parts(output) }

  /// Everything about the model as one `.safetensors` file: weights, and in the metadata the cell's equations, the
  /// architecture, the tokenizer and the notes.
  public func file() throws(RNNError) -> Safetensors {
    var file = try frame()
    file.entries = try ModelFile.entries(weights, parts)
    return file
  }

  public func frame() throws(RNNError) -> Safetensors {
    let own = OwnSizes(embedding: architecture.embedding, utf8: isUTF8)
    var metadata = try ModelFile.metadata(task: Self.task, architecture, own, notes: notes)
    metadata["tokenizer"] = tokenizer.encoded
    return Safetensors(metadata: metadata)
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    let file = try ModelFile(file, source: source, task: Self.task)
    let (cell, sizes) = try file.architecture(OwnSizes.self)
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

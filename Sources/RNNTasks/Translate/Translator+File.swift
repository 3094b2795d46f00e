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
    var entries: [String: Safetensors.Entry] = [:]
    for stack in [encoder, decoder.stack] {
      let own = try stack.fileTensors(weights)
      for (name, tensor) in zip(own.names, own.tensors) { entries[name] = .float(tensor) }
    }
    for (name, _) in furtherShapes {
      guard let tensor = weights[name] else { throw RNNError(.software, "the parameter \(name) is missing") }
      entries[name] = .float(tensor)
    }
    return Safetensors(metadata: metadata, entries: entries)
  }

  /// Names and shapes of the parameters outside the stacks.
  private var furtherShapes: [(name: String, shape: [Int])] {
    var all = [sourceEmbedding, targetEmbedding].map { (name: $0.weightName, shape: [$0.count, $0.size]) }
    for linear in bridge.joined() { all += [(linear.weightName, [linear.outputs, linear.inputs]), (linear.biasName, [linear.outputs])] }
    all += decoder.furtherShapes
    if !architecture.tiedEmbeddings { all.append((output.weightName, [output.outputs, output.inputs])) }
    return all + [(output.biasName, [output.outputs])]
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source name: String) throws(RNNError) {
    let hasTarget = file.metadata["target_tokenizer"] != nil
    let file = try ModelFile(file, source: name, task: Self.task)
    let sizes = try file.decoded(Sizes.self, "architecture")
    try file.checkSizes(["hidden": sizes.hidden, "embedding": sizes.embedding], layers: sizes.layers, others: sizes.others)
    let cell = try file.cell()
    let source = try file.tokenizer("source_tokenizer")
    let target = hasTarget ? try file.tokenizer("target_tokenizer") : source
    self = try file.naming { () throws(RNNError) in
      try Translator(
        layersOf: Architecture(
          cell: cell, hidden: sizes.hidden, layers: sizes.layers, embedding: sizes.embedding, attention: sizes.attention,
          tiedEmbeddings: sizes.tiedEmbeddings, dropout: sizes.dropout, weightDrop: sizes.weightDrop, sizes: sizes.others),
        source: source, target: target)
    }
    try file.checkFinite()
    // In the order of a new model's: what is missing is said before anything is computed.
    let further = try furtherShapes.map { (own) throws(RNNError) in (own.name, try file.tensor(own.name, own.shape)) }
    let stacks = try file.naming { () throws(RNNError) in
      (try encoder.ownWeights(fromFile: file.tensors), try decoder.stack.ownWeights(fromFile: file.tensors))
    }
    for own in [stacks.0, stacks.1] { for (name, tensor) in zip(own.names, own.tensors) { weights[name] = tensor } }
    for (name, tensor) in further { weights[name] = tensor }
    notes = file.notes
  }
}

import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

extension Transcriber: TaskModel {
  public static let task = "transcribe"
  public static let noun = "a transcriber"

  /// What only this task's architecture has.
  private struct OwnSizes: ModelFile.OwnSizes {
    var bidirectional: RecurrentStack.Merge?
    var stacking: Int
    var weightDrop: Double

    func check() throws(RNNError) {
      try Limits.stacking.check(stacking, "“stacking”", .badData)
      try Limits.rate.check(weightDrop, "“weightDrop”", .badData)
    }
  }

  var parts: [ModelFile.Part] { [.stack(stack)] + ModelFile.parts(output) }
  /// How transcripts are searched for, as JSON.
  private struct Search: Codable {
    var order: Int
    var beam: Int
    var languageModelWeight: Double
    var lengthBonus: Double
    var leastProbability: Double
  }

  private static let textsName = "language_model.texts"
  private static let meansName = "input.mean", deviationsName = "input.deviation"

  /// Everything about the model as one `.safetensors` file: weights, what scales rows, and in the metadata the cell's equations, the
  /// architecture, how sound becomes rows, the tokenizer, how transcripts are searched for, and the notes.
  public func file() throws(RNNError) -> Safetensors {
    var file = try frame()
    file.entries.merge(try ModelFile.entries(weights, parts)) { $1 }
    return file
  }

  public func frame() throws(RNNError) -> Safetensors {
    let a = architecture
    let own = OwnSizes(bidirectional: a.bidirectional, stacking: a.stacking, weightDrop: a.weightDrop)
    var metadata = try ModelFile.metadata(task: Self.task, a, own, notes: notes)
    metadata["input"] = try ModelFile.encoded(input)
    metadata["tokenizer"] = tokenizer.encoded
    var entries: [String: Safetensors.Entry] = [:]
    entries[Self.meansName] = .float(Tensor(scaling.means, shape: [scaling.size]))
    entries[Self.deviationsName] = .float(Tensor(scaling.deviations, shape: [scaling.size]))
    if let languageModel {
      metadata["search"] = try ModelFile.encoded(
        Search(
          order: languageModel.order, beam: search.beam, languageModelWeight: search.languageModelWeight, lengthBonus: search.lengthBonus,
          leastProbability: search.leastProbability))
      entries[Self.textsName] = .float(languageModel.tensor)
    }
    return Safetensors(metadata: metadata, entries: entries)
  }

  /// The model in a file's content; `source` is its name in messages.
  public init(_ file: Safetensors, source: String) throws(RNNError) {
    let file = try ModelFile(file, source: source, task: Self.task)
    let (cell, sizes) = try file.architecture(OwnSizes.self)
    let input = try file.decoded(SoundInput.self, "input")
    try file.naming { () throws(RNNError) in try input.validate() }
    try file.checkFinite()
    let means = try file.tensor(Self.meansName, [input.size]).values, deviations = try file.tensor(Self.deviationsName, [input.size]).values
    guard deviations.allSatisfy({ $0 > 0 }) else { throw file.bad("\(Self.deviationsName) has a number that is not positive") }
    let tokenizer = try file.tokenizer()
    self = try file.naming { () throws(RNNError) in
      try Transcriber(
        layersOf: Architecture(
          cell: cell, hidden: sizes.hidden, layers: sizes.layers, bidirectional: sizes.bidirectional, stacking: sizes.stacking,
          dropout: sizes.dropout, weightDrop: sizes.weightDrop, sizes: sizes.others),
        input: input, scaling: RowScaling(means: means, deviations: deviations), tokenizer: tokenizer)
    }
    weights = try file.weights(parts)
    notes = file.notes
    guard file.has("search") else { return }
    let own = try file.decoded(Search.self, "search")
    search = TranscriptionOptions(
      beam: own.beam, languageModelWeight: own.languageModelWeight, lengthBonus: own.lengthBonus, leastProbability: own.leastProbability)
    try file.naming { [search] () throws(RNNError) in try search.validate() }
    guard (1...32).contains(own.order), let texts = file.tensors[Self.textsName],
      let model = TranscriptNGrams(texts, tokenCount: tokenizer.count, order: own.order)
    else { throw file.bad("its language model, \(Self.textsName), is missing or damaged") }
    languageModel = model
  }
}

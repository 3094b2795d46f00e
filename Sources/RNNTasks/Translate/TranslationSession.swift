import RNNData
public import RNNTensor
public import RNNTraining

/// One sentence being translated, token by token: the most probable token each time, or one drawn. It can be saved in the middle and
/// continued later to the same translation.
///
/// A session belongs to one task at a time.
public final class TranslationSession {
  private let translator: Translator.Packed
  private let source: [Int32]
  private let rows: TranslationRows
  private let options: TranslationOptions
  private var random: Philox
  /// The tokens so far, without the end.
  public private(set) var tokens: [Int32] = []
  /// Whether the translation is whole.
  public private(set) var isFinished = false

  /// A session before the first token.
  ///
  /// - Parameter options: of these, how tokens are drawn, and what can't come next.
  /// Throws `.usage` for options that can't be.
  public convenience init(_ translator: Translator.Packed, _ text: [UInt8], _ options: TranslationOptions = .greedy) throws(RNNError) {
    try options.validate()
    self.init(translator, translator.model.sourceTokens(text), options, random: translator.random(options.first, options))
  }

  private init(_ translator: Translator.Packed, _ source: [Int32], _ options: TranslationOptions, random: Philox) {
    (self.translator, self.source, self.options, self.random) = (translator, source, options, random)
    rows = translator.rows([source], each: 1)
    isFinished = source.isEmpty
  }

  /// The translation so far; what is not UTF-8 is replaced by U+FFFD.
  public var text: String { String(decoding: translator.model.target.decode(tokens), as: UTF8.self) }

  /// Takes the next token; nil at the end.
  ///
  /// Throws `.badData` if the model's output is not a number.
  public func next() throws(RNNError) -> Int32? {
    guard !isFinished else { return nil }
    rows.step([tokens.last ?? translator.model.end])
    let token = try translator.next(rows.logits(0), after: tokens, source: source.count, uniform: random.uniform(), options)
    if token == translator.model.end {
      isFinished = true
      return nil
    }
    tokens.append(token)
    rows.keep([0])
    return token
  }

  // MARK: Saving

  private static let format = "swift-rnn translation state 1"

  /// Everything that the translation's continuation depends on.
  public func state() throws(RNNError) -> Safetensors {
    var file = Safetensors(metadata: [
      "format": Self.format, "model": try translator.model.fingerprint().description, "seed": String(random.seed), "stream": String(random.stream),
      "position": String(random.position), "finished": String(isFinished),
      "source": source.map { String($0) }.joined(separator: " "), "tokens": tokens.map { String($0) }.joined(separator: " "),
    ])
    let states = rows.states(0), names = translator.model.architecture.cell.graph.states.map(\.name)
    for (layer, own) in states.layers.enumerated() {
      for (name, values) in zip(names, own) { file.entries["\(layer).\(name)"] = .float(Tensor(values, shape: [values.count])) }
    }
    file.entries["fed"] = .float(Tensor(states.fed, shape: [states.fed.count]))
    return file
  }

  /// A session that goes on from a saved state, which has the sentence and the place among the draws.
  ///
  /// Throws `.badData` if it isn't a state, is damaged, or belongs to another model.
  public convenience init(
    _ translator: Translator.Packed, continuing file: Safetensors, _ options: TranslationOptions = .greedy, source name: String = "the state"
  ) throws(RNNError) {
    try options.validate()
    let saved = SavedNumbers(file, name)
    guard file.metadata["format"] == Self.format else {
      throw RNNError(.badData, "\(name) is not a saved state of a translation: its format is “\(file.metadata["format"] ?? "none")”, expected “\(Self.format)”")
    }
    let model = translator.model, fingerprint = try model.fingerprint().description
    guard try saved.text("model") == fingerprint else {
      throw RNNError(.badData, "\(name) belongs to another model: it has \(try saved.text("model")), this model is \(fingerprint)")
    }
    func tokens(_ key: String, below count: Int) throws(RNNError) -> [Int32] {
      try saved.text(key).split(separator: " ").map { part throws(RNNError) in
        guard let token = Int32(part), token >= 0, token < count else {
          throw RNNError(.badData, "\(name): “\(part)” among its “\(key)” is no token of the model")
        }
        return token
      }
    }
    let random = Philox(seed: try saved.word("seed"), stream: try saved.word("stream"), position: try saved.word("position"))
    self.init(translator, try tokens("source", below: model.source.count), options, random: random)
    self.tokens = try tokens("tokens", below: model.target.count)
    isFinished = try saved.text("finished") == "true"
    func tensor(_ key: String, _ size: Int) throws(RNNError) -> [Float] {
      let tensor = try file.tensor(named: key)
      guard tensor.shape == [size] else {
        throw RNNError(.badData, "\(name): the state \(key) has the shape \(tensor.shape), expected was [\(size)]")
      }
      return tensor.values
    }
    var layers: [[[Float]]] = []
    for (layer, engine) in model.decoder.stack.engines.enumerated() {
      var own: [[Float]] = []
      for (state, size) in zip(engine.cell.graph.states, engine.stateSizes) { own.append(try tensor("\(layer).\(state.name)", size)) }
      layers.append(own)
    }
    rows.setStates((layers, try tensor("fed", model.decoder.outputSize)), row: 0, position: self.tokens.count)
  }
}

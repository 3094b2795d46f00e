import RNNCells
import RNNData
import RNNLayers
public import RNNTensor

extension Translator {
  /// The model made ready to translate: its parameters packed once, shared by any number of searches at once.
  public struct Session: Sendable {
    public let model: Translator
    let encoder: [CellEngine.Packed]
    let decoder: [CellEngine.Packed]
    let combine: PackedMatrix
    let query: PackedMatrix?
    let output: PackedMatrix

    public init(_ model: Translator) throws(RNNError) {
      self.model = model
      encoder = try model.encoder.pack(model.weights)
      decoder = try model.decoder.stack.pack(model.weights)
      func tensor(_ name: String) throws(RNNError) -> Tensor {
        guard let tensor = model.weights[name] else { throw RNNError(.badData, "the tensor \(name) is missing") }
        return tensor
      }
      combine = PackedMatrix(try tensor(model.decoder.combine.weightName))
      query = try model.decoder.attention.queryWeightName.map { name throws(RNNError) in PackedMatrix(try tensor(name)) }
      output = PackedMatrix(try tensor(model.outputWeightName), try tensor(model.output.biasName))
    }

    /// Translations of sentences in the making, before their first tokens.
    ///
    /// - Parameters:
    ///   - sentences: their tokens.
    ///   - each: how many translations of each sentence there may be at once.
    func rows(_ sentences: [[Int32]], each: Int) -> TranslationRows { TranslationRows(self, sentences, each: each) }
  }
}

/// Translations in the making, side by side: what the encoder made of their sentences, and the decoder's states. Each step takes a
/// token of every row and gives what the model says of the next; between steps rows may end, or become several.
final class TranslationRows {
  private let session: Translator.Session
  private let decoding: DecoderSequence
  private let logits: Buffer
  /// The number of rows now; at first one for each sentence.
  private(set) var count: Int
  /// The number of steps so far.
  private(set) var position = 0
  /// The steps of the source, of which a row's weights are.
  let sourceSteps: Int

  init(_ session: Translator.Session, _ sentences: [[Int32]], each: Int) {
    self.session = session
    let model = session.model, batch = sentences.count
    count = batch
    let lengths = sentences.map(\.count), steps = max(lengths.max() ?? 0, 1)
    var tokens = [Int32](repeating: -1, count: steps * batch)
    for (row, sentence) in sentences.enumerated() { for (time, token) in sentence.enumerated() { tokens[time * batch + row] = token } }
    let constants = TapedWeights(constant: model.weights)
    let x = model.sourceEmbedding(tokens, shape: [steps, batch], constants).value
    let (memory, last) = model.encoder.run(x, session.encoder, lengths: lengths)
    let states = model.bridged(last.map { $0.map { Variable($0) } }, constants)
    let keys = model.decoder.attention.keys(Variable(memory), constants).value
    let source = AttentionSource(keys: keys, values: memory, vector: model.decoder.attention.vector(of: model.weights), lengths: lengths)
    sourceSteps = steps
    let capacity = batch * each, stack = model.decoder.stack
    decoding = DecoderSequence(
      model.decoder, combine: session.combine, query: session.query, packed: session.decoder, rows: StepRows(times: 1, batch: capacity, lengths: nil),
      source: source, initial: stack.initialStates(batch: capacity))
    for (layer, states) in zip(decoding.stackLayers, states) {
      for (s, state) in states.enumerated() {
        let units = state.shape[1]
        state.value.withPointer { from in
          for row in 0..<batch { layer.initialState(s, row: row).update(from: from + row * units, count: units) }
        }
      }
    }
    for row in 0..<capacity { decoding.sourceRows[row] = min(row, batch - 1) }
    logits = Buffer(capacity * session.output.lanes)
  }

  /// Reads a token of every row.
  func step(_ tokens: [Int32]) {
    let embedding = session.model.targetEmbedding, size = embedding.size
    session.model.weights[embedding.weightName]?.withPointer { table in
      for (row, token) in tokens.enumerated() { decoding.embedding(row).update(from: table + Int(token) * size, count: size) }
    }
    decoding.step(count: count, at: position)
    position += 1
    session.output.applyOnAllThreads(
      decoding.vector(0), stride: decoding.vectorStride, rows: count, logits.base, stride: session.output.lanes)
  }

  /// What the model says about a row's next token, as logarithms up to a constant; may be written.
  func logits(_ row: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: logits.base + row * session.output.lanes, count: session.output.outputs)
  }

  /// The attentional vector of a row, after a step.
  func vector(_ row: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: decoding.vector(row), count: session.model.decoder.outputSize))
  }

  /// How much a row looked at each token of its sentence, in the last step.
  func attention(_ row: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: decoding.weights(row), count: sourceSteps))
  }

  /// Goes on, after a step, with these rows, each of which may be there several times or not at all.
  func keep(_ parents: [Int]) {
    let units = session.model.decoder.outputSize
    for layer in decoding.stackLayers {
      for (s, size) in layer.engine.stateSizes.enumerated() {
        for (row, parent) in parents.enumerated() { layer.initialState(s, row: row).update(from: layer.nextState(s, row: parent), count: size) }
      }
    }
    for (row, parent) in parents.enumerated() { decoding.fed(row).update(from: decoding.vector(parent), count: units) }
    let sources = parents.map { decoding.sourceRows[$0] }
    for (row, source) in sources.enumerated() { decoding.sourceRows[row] = source }
    count = parents.count
  }

  // MARK: States

  /// The states of a row before its next step, after ``keep(_:)``: those of each layer, and what the decoder is fed.
  func states(_ row: Int) -> (layers: [[[Float]]], fed: [Float]) {
    let layers = decoding.stackLayers.map { layer in
      layer.engine.stateSizes.enumerated().map { s, size in Array(UnsafeBufferPointer(start: layer.initialState(s, row: row), count: size)) }
    }
    return (layers, Array(UnsafeBufferPointer(start: decoding.fed(row), count: session.model.decoder.outputSize)))
  }

  /// Goes on with given states, after so many steps.
  func setStates(_ states: (layers: [[[Float]]], fed: [Float]), row: Int, position: Int) {
    for (layer, states) in zip(decoding.stackLayers, states.layers) {
      for (s, values) in states.enumerated() { layer.initialState(s, row: row).update(from: values, count: values.count) }
    }
    decoding.fed(row).update(from: states.fed, count: states.fed.count)
    self.position = position
  }
}

import RNNCells
import RNNData
import RNNLayers
import RNNTensor

/// Translations in the making, side by side: what the encoder made of their sentences, and the decoder's states. Each step takes a
/// token of every row and gives what the model says of the next; between steps rows may end, or become several.
final class TranslationRows {
  private let translator: Translator.Packed
  private let decoding: DecoderSequence
  private let logits: Buffer
  /// The number of rows now; at first one for each sentence.
  private(set) var count: Int
  /// The number of steps so far.
  private(set) var position = 0
  /// The steps of the source, of which a row's weights are.
  let sourceSteps: Int

  init(_ translator: Translator.Packed, _ sentences: [[Int32]], each: Int) {
    self.translator = translator
    let model = translator.model, batch = sentences.count
    count = batch
    let lengths = sentences.map(\.count), steps = max(lengths.max() ?? 0, 1)
    var tokens = [Int32](repeating: -1, count: steps * batch)
    for (row, sentence) in sentences.enumerated() { for (time, token) in sentence.enumerated() { tokens[time * batch + row] = token } }
    let constants = TapedWeights(constant: model.weights)
    let x = model.sourceEmbedding(tokens, shape: [steps, batch], constants).value
    let (memory, last) = model.encoder.run(x, translator.encoder, lengths: lengths)
    let states = model.bridged(last.map { $0.map { Variable($0) } }, constants)
    let keys = model.decoder.attention.keys(Variable(memory), constants).value
    let source = AttentionSource(keys: keys, values: memory, vector: model.decoder.attention.vector(of: model.weights), lengths: lengths)
    sourceSteps = steps
    let capacity = batch * each, stack = model.decoder.stack
    decoding = DecoderSequence(
      model.decoder, combine: translator.combine, query: translator.query, packed: translator.decoder, rows: StepRows(times: 1, batch: capacity, lengths: nil),
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
    logits = Buffer(capacity * translator.output.lanes)
  }

  /// Reads a token of every row.
  func step(_ tokens: [Int32]) {
    let embedding = translator.model.targetEmbedding, size = embedding.size
    translator.model.weights[embedding.weightName]?.withPointer { table in
      for (row, token) in tokens.enumerated() { decoding.embedding(row).update(from: table + Int(token) * size, count: size) }
    }
    decoding.step(count: count, at: position)
    position += 1
    translator.output.applyOnAllThreads(
      decoding.vector(0), stride: decoding.vectorStride, rows: count, logits.base, stride: translator.output.lanes)
  }

  /// What the model says about a row's next token, as logarithms up to a constant; may be written.
  func logits(_ row: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: logits.base + row * translator.output.lanes, count: translator.output.outputs)
  }

  /// The attentional vector of a row, after a step.
  func vector(_ row: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: decoding.vector(row), count: translator.model.decoder.outputSize))
  }

  /// How much a row looked at each token of its sentence, in the last step.
  func attention(_ row: Int) -> [Float] {
    Array(UnsafeBufferPointer(start: decoding.weights(row), count: sourceSteps))
  }

  /// Goes on, after a step, with these rows, each of which may be there several times or not at all.
  func keep(_ parents: [Int]) {
    let units = translator.model.decoder.outputSize
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
    return (layers, Array(UnsafeBufferPointer(start: decoding.fed(row), count: translator.model.decoder.outputSize)))
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

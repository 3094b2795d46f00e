import RNNCells
public import RNNData
import RNNLayers
public import RNNTensor

/// A recurrent language model, as `rnn train generate` makes it, that says how probable a transcriber's tokens are.
///
/// A text begins, and ends, as a line does. Each text of a beam has states of its own; all of them go one step at once.
public struct TranscriptNetwork: TranscriptLanguageModel {
  public let model: LanguageModel
  public let beginning: TranscriptContext
  private let network: Network

  /// Throws `.usage` if the model has no token of its own for one of the transcriber's.
  public init(_ model: LanguageModel, tokens: Tokenizer) throws(RNNError) {
    self.model = model
    network = try Network(model, tokens: tokens)
    let nothing = TranscriptContext([], states: network.initialStates)
    // A text without a beginning begins as after a line's end, known or not.
    beginning = network.contexts(after: [(nothing, model.tokenizer.encode([UInt8(ascii: "\n")]).first ?? 0)])[0]
  }

  public func contexts(after: [(context: TranscriptContext, token: Int32)]) -> [TranscriptContext] {
    // A cell that reads the index of its step takes texts of one length at once.
    guard network.readsPosition else { return network.contexts(after: after.map { ($0.context, network.own[Int($0.token)]) }) }
    return after.map { network.contexts(after: [($0.context, network.own[Int($0.token)])])[0] }
  }
}

/// The model made ready to read, and its tokens for those of the transcriber.
private struct Network {
  let own: [Int32]
  let readsPosition: Bool
  /// The states before anything was read, one after another.
  let initialStates: [Float]
  /// The line's end; nil if the model knows none, so that a text may end anywhere.
  private let end: Int32?
  private let model: LanguageModel
  private let packed: [CellEngine.Packed]
  private let head: PackedMatrix
  private let table: Tensor

  init(_ model: LanguageModel, tokens: Tokenizer) throws(RNNError) {
    let tokenizer = model.tokenizer
    var own: [Int32] = [], missing: [String] = []
    for token in 0..<Int32(tokens.count) {
      let found = tokenizer.encode(tokens.decode(token))
      // What is unknown to the transcriber is never said.
      let isKnown = token == tokens.unknown || (found.count == 1 && found[0] != tokenizer.unknown)
      if !isKnown { missing.append("“\(String(decoding: tokens.decode(token), as: UTF8.self))”") }
      own.append(isKnown ? found.first ?? 0 : 0)
    }
    guard missing.isEmpty else {
      let list = missing.prefix(8).joined(separator: ", ") + (missing.count > 8 ? " and \(missing.count - 8) more" : "")
      throw RNNError(
        .usage,
        "the language model has no token for \(list) of the transcriber (its own are \(tokenizer)): train one of characters on texts that have all of them")
    }
    self.own = own
    self.model = model
    let line = tokenizer.encode([UInt8(ascii: "\n")])
    end = line.count == 1 && line[0] != tokenizer.unknown ? line[0] : nil
    readsPosition = model.stack.cell.graph.nodes.contains { $0.operation == .step }
    packed = try model.stack.pack(model.weights)
    func tensor(_ name: String) throws(RNNError) -> Tensor {
      guard let tensor = model.weights[name] else { throw RNNError(.badData, "the tensor \(name) is missing") }
      return tensor
    }
    table = try tensor(model.embedding.weightName)
    head = PackedMatrix(try tensor(model.output.weightName), try tensor(model.output.biasName))
    initialStates = model.stack.initialStates(batch: 1).flatMap { $0.flatMap(\.values) }
  }

  /// What follows when each context reads one of the model's own tokens.
  func contexts(after: [(context: TranscriptContext, token: Int32)]) -> [TranscriptContext] {
    let batch = after.count, size = model.embedding.size, classes = model.tokenizer.count
    let x = Tensor(shape: [1, batch, size], writing: { x in
      table.withPointer { table in
        for (row, next) in after.enumerated() { (x + row * size).update(from: table + Int(next.token) * size, count: size) }
      }
    })
    let (y, states) = model.stack.run(x, packed, initial: self.states(after.map(\.context)), firstStep: after[0].context.position)
    let logits = y.withPointer { y in
      var logits = [Float](repeating: 0, count: batch * head.lanes)
      logits.withUnsafeMutableBufferPointer { to in
        if let to = to.baseAddress { head.apply(y, stride: head.inputs, rows: batch, to, stride: head.lanes) }
      }
      return logits
    }
    return after.indices.map { row in
      let all = CTC.logProbabilities(Tensor(logits[row * head.lanes..<row * head.lanes + classes], shape: [classes])).values
      let remembered = states.flatMap { layer in
        layer.flatMap { state in state.withUnsafeBufferPointer { Array($0[row * state.shape[1]..<(row + 1) * state.shape[1]]) } }
      }
      return TranscriptContext(
        own.map { all[Int($0)] } + [end.map { all[Int($0)] } ?? 0], states: remembered, position: after[row].context.position + 1)
    }
  }

  /// States of several contexts side by side.
  private func states(_ contexts: [TranscriptContext]) -> RecurrentStack.States {
    var begin = 0
    return model.stack.engines.map { engine in
      engine.stateSizes.map { size in
        defer { begin += size }
        return Tensor(contexts.flatMap { $0.states[begin..<begin + size] }, shape: [contexts.count, size])
      }
    }
  }
}

public import RNNCells
import RNNData
public import RNNTensor
import RNNTraining

extension CellSizes {
  /// Sizes for trying a cell: every size that it has beyond its input and its units is half of those.
  public init(_ cell: Cell, inputs: Int, hidden: Int) {
    let others = cell.graph.sizeNames.filter { $0 != "input" && $0 != "hidden" }
    self.init(input: inputs, hidden: hidden, Dictionary(uniqueKeysWithValues: others.map { ($0, max(hidden / 2, 1)) }))
  }
}

extension LanguageModel {
  /// What must hold of this model: of its cell's equations, of each layer with its own weights, and of the whole.
  public func verify(seed: UInt64 = 1) throws(RNNError) -> [(part: String, checks: [Check])] {
    let cell = architecture.cell
    // Finite differences want few numbers that are not too large: equations don't change with the size.
    let small = try Verification(cell, sizes: CellSizes(cell, inputs: 5, hidden: 7), seed: seed)
    var result: [(part: String, checks: [Check])] = [("cell \(cell.name)", small.run())]
    for layer in 0..<architecture.layers {
      let engine = stack.engines[layer]
      let own = try Verification(cell, sizes: engine.sizes, seed: seed, parameters: stack.parameters(layer: layer, of: weights))
      result.append((
        "layer \(layer)",
        [
          own.forwardAgainstPlain(), own.wholeAgainstSteps(), own.wholeAgainstStepper(), own.wholeAgainstChunks(), own.rowAgainstBatch(),
          own.paddedAgainstAlone(), own.noStateAgainstInitial(), own.oneThreadAgainstMore(),
        ]
      ))
    }
    result.append(("model", [try savedAgainstLoaded(), try sessionAgainstWhole(seed: seed)]))
    return result
  }

  private func savedAgainstLoaded() throws(RNNError) -> Check {
    let loaded = try LanguageModel(try Safetensors(bytes: file().bytes()), source: "the model")
    return Check(
      name: "saved = loaded", measure: "numbers that differ in any bit",
      error: Self.differences(weights.names.map { weights[$0]?.values ?? [] }, weights.names.map { loaded.weights[$0]?.values ?? [] }), bound: 0)
  }

  /// A session's logits after each token of a text drawn at random, against those of the whole text at once.
  private func sessionAgainstWhole(seed: UInt64) throws(RNNError) -> Check {
    var random = Philox(seed: seed)
    let tokens = (0..<40).map { _ in Int32(random.next() % UInt64(tokenizer.count)) }
    let constants = TapedWeights(constant: weights)
    let x = embedding(tokens, shape: [tokens.count, 1], constants).value
    let whole = output(Variable(stack.run(x, try stack.pack(weights)).output), constants).value
    let session = try TextSession(TextGenerator(self), GenerationOptions(sampling: try SamplingOptions()))
    let stepwise = tokens.map { session.logits(after: $0) }
    let rows = tokens.indices.map { t in (0..<tokenizer.count).map { whole.values[t * tokenizer.count + $0] } }
    return Check(
      name: "session = whole text", measure: "logits that differ in any bit", error: Self.differences(rows, stepwise), bound: 0)
  }

  private static func differences(_ a: [[Float]], _ b: [[Float]]) -> Double {
    guard a.map(\.count) == b.map(\.count) else { return .infinity }
    return Double(zip(a.joined(), b.joined()).count { $0.bitPattern != $1.bitPattern })
  }
}

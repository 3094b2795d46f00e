import RNNCells
import RNNData
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct LanguageModelTests {
  /// A short run that PyTorch made too: losses of ten updates, all first gradients, the last weights.
  @Test("Ten updates as PyTorch")
  func goldenRun() throws {
    let fixture = try Fixture("language_model")
    let tokens = try fixture.integers("tokens").map(Int32.init), targets = try fixture.integers("targets").map(Int32.init)
    let shape = fixture.shape("tokens")
    let embeddingShape = fixture.shape("initial.embedding.weight")
    let hidden = fixture.shape("initial.lstm.weight_hh_l0")[1]
    let model = try LanguageModel(
      .init(cell: .lstm, hidden: hidden, layers: 2, embedding: embeddingShape[1]),
      tokenizer: Tokenizer(characters: (0..<embeddingShape[0] - 1).compactMap { Unicode.Scalar(97 + $0) }))
    var file = try model.file()
    for name in fixture.names where name.hasPrefix("initial.") {
      let own = String(name.dropFirst(8)).replacing("lstm.", with: "rnn.").replacing("linear.", with: "decoder.")
      #expect(file.entries[own] != nil, "\(own) of the fixture is not in the model")
      file.entries[own] = .float(try fixture.tensor(name))
    }
    var weights = try LanguageModel(file, source: "golden").weights

    var optimizer = Optimizer(.adam())
    let losses = try fixture.doubles("losses")
    for (step, expected) in losses.enumerated() {
      let (loss, gradient) = valueAndGradient(of: weights) { weights in
        model.loss(tokens, targets: targets, rows: shape[1], weights, initial: nil, key: nil).mean
      }
      #expect(abs(Double(loss.item) - expected) < 1e-5, "step \(step): \(loss.item), expected \(expected)")
      if step == 0 {
        var withGradients = model
        withGradients.weights = gradient
        try compare(withGradients, fixture, "grad.", bound: 1e-5)
      }
      optimizer.step(&weights, gradient: gradient, learningRate: 0.01)
    }
    var trained = model
    trained.weights = weights
    try compare(trained, fixture, "final.", bound: 1e-4)
  }

  /// Every tensor of the model's file against the fixture's of the same prefix.
  private func compare(_ model: LanguageModel, _ fixture: Fixture, _ prefix: String, bound: Double) throws {
    for (name, entry) in try model.file().entries {
      let reference = prefix + name.replacing("rnn.", with: "lstm.").replacing("decoder.", with: "linear.")
      // The second bias is zero here and has no gradient there.
      guard case .float(let tensor) = entry, fixture.has(reference), !name.contains("bias_hh") else { continue }
      #expect(try fixture.error(tensor.values, reference) < bound, "\(reference)")
    }
  }
}

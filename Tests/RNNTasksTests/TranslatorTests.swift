import Foundation
import RNNCells
import RNNData
import RNNLayers
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct TranslatorTests {
  /// Translations turn sentences round and say each word otherwise, so that a model must look at single words.
  static let pairs: [(source: String, target: String)] = {
    var random = Philox(seed: 12)
    return (0..<400).map { _ in
      let words = (0..<1 + random.next() % 4).map { _ in random.next() % 6 }
      return (words.map { "w\($0)" }.joined(separator: " "), words.reversed().map { "v\($0)" }.joined(separator: " "))
    }
  }()

  private static func characters(_ text: String) -> Tokenizer { Tokenizer(characters: text.unicodeScalars) }

  /// A small model with random weights, large enough to have opinions.
  private static func small(
    _ score: Attention.Score = .general, cell: Cell = .lstm, layers: Int = 2, tied: Bool = true, dropout: Double = 0, seed: UInt64 = 3
  ) throws -> Translator {
    try Translator(
      .init(cell: cell, hidden: 6, layers: layers, embedding: 5, attention: score, tiedEmbeddings: tied, dropout: dropout, weightDrop: dropout),
      source: characters("abc"), target: characters("xy"), seed: seed, initialization: .init(range: 1))
  }

  private static let sentences = ["abc", "", "a", "ccbbaabc", "ba", "abc", "cab", "bbbbb"].map { Array($0.utf8) }

  private func options(steps: Int = 4, cell: Cell? = nil) -> TranslatorTrainingOptions {
    TranslatorTrainingOptions(
      cell: cell, tokens: .words, hidden: 16, embedding: 12, dropout: 0.1, weightDrop: 0.1, validationFraction: 0.1,
      training: .init(budget: .steps(steps), batch: 16, learningRate: 0.01))
  }

  // MARK: Against PyTorch

  @Test("Logits, loss and gradients of PyTorch's network", arguments: ["general", "additive", "tied"])
  func asPyTorch(_ name: String) throws {
    let fixture = try Fixture("translator_\(name)")
    let (source, target) = (fixture.shape("source.weight"), fixture.shape("target.weight"))
    func tokenizer(_ count: Int) -> Tokenizer { Tokenizer(characters: (0..<count - 1).compactMap { Unicode.Scalar(97 + $0) }) }
    let model = try Translator(
      .init(
        hidden: fixture.shape("decoder.rnn.weight_hh_l0")[1], layers: 2, embedding: source[1],
        attention: try #require(Attention.Score(rawValue: fixture.metadata["score"] ?? "")), tiedEmbeddings: name == "tied"),
      source: tokenizer(source[0]), target: tokenizer(target[0] - 1))
    var file = try model.file()
    for name in file.entries.keys {
      #expect(fixture.has(name), "\(name) is not in the fixture")
      file.entries[name] = .float(try fixture.tensor(name))
    }
    let loaded = try Translator(file, source: "golden")
    func tokens(_ name: String) throws -> [Int32] { try fixture.integers(name).map { Int32($0) } }
    let lengths = (try fixture.integers("source_lengths").map { Int($0) }, try fixture.integers("target_lengths").map { Int($0) })
    let rows = lengths.0.count, sources = try tokens("sources"), targets = try tokens("targets")
    let batch = PairBatch(
      (0..<rows).map { row in
        (
          source: (0..<lengths.0[row]).map { sources[$0 * rows + row] }[...],
          target: (0..<lengths.1[row] - 1).map { targets[$0 * rows + row] }[...]
        )
      }, end: loaded.end)
    #expect(batch.inputs == (try tokens("inputs")))
    var logits = Tensor(0)
    let (loss, gradient) = valueAndGradient(of: loaded.weights) { weights in
      let vectors = loaded.vectors(batch, weights).vectors
      logits = linear(vectors, weights[name == "tied" ? "target.weight" : "output.weight"], weights["output.bias"]).value
      return loaded.loss(batch, weights, smoothing: 0.1).mean
    }
    // Beyond an end there is only the bias.
    for (i, target) in targets.enumerated() where target < 0 { for j in 0..<logits.shape[2] { logits[i / rows, i % rows, j] = 0 } }
    #expect(try fixture.error(logits.values, "logits") < 1e-5)
    #expect(try fixture.error([loss.item], "loss") < 1e-5)
    var gradients = loaded
    gradients.weights = gradient
    for (name, entry) in try gradients.file().entries where !name.contains("bias_hh") {
      guard case .float(let tensor) = entry else { continue }
      #expect(try fixture.error(tensor.values, "grad." + name) < 2e-5, "\(name)")
    }
  }

  /// Every parameter against finite differences, with masks of all kinds and sentences of unequal length.
  @Test(arguments: Attention.Score.allCases)
  func gradients(_ score: Attention.Score) throws {
    let model = try Self.small(score, cell: .gru, layers: 1, tied: score != .general, dropout: 0.2)
    let names = model.weights.names
    let batch = PairBatch([([0, 1, 2], [0]), ([3], [1, 1, 0]), ([2, 2], [])], end: model.end)
    let check = GradientCheck(model.weights.tensors) { variables in
      var weights = TapedWeights(constant: model.weights)
      for (name, variable) in zip(names, variables) { weights = weights.replacing(name, with: variable) }
      return [model.loss(batch, weights, smoothing: 0.1, key: DropoutKey(seed: 5, step: 2)).mean]
    }
    #expect(check.worst < 3e-3, "\(check)")
  }

  // MARK: Files

  @Test(arguments: Cell.builtIn)
  func everyCellTrainsAndComesBackFromItsFile(_ cell: Cell) throws {
    var trainer = try TranslatorTrainer(SentencePairs(Self.pairs), options: options(steps: 2, cell: cell))
    try trainer.train()
    let parts = try trainer.model.verify(seed: 1)
    #expect(parts.map(\.part).contains("encoder, layer 0 reverse") && parts.map(\.part).contains("decoder, layer 0"))
    for (part, checks) in parts { for check in checks { #expect(check.passed, "\(part): \(check.name), \(check.error)") } }
    let loaded = try Translator(Safetensors(bytes: trainer.model.file().bytes()), source: "file")
    #expect(loaded.architecture == trainer.model.architecture && loaded.source == trainer.model.source && loaded.target == trainer.model.target)
    #expect(try loaded.fingerprint() == trainer.model.fingerprint())
  }

  @Test func damagedFiles() throws {
    let model = try Self.small()
    func message(_ damage: (inout Safetensors) -> Void) throws -> String { try model.message(damage) }
    #expect(try message { _ in } == "accepted")
    #expect(try message { $0.metadata["task"] = "classify" }.contains("for the task “classify”, expected “translate”"))
    #expect(try message { $0.metadata["source_tokenizer"] = nil }.contains("“source_tokenizer”"))
    #expect(try message { $0.metadata["architecture"]?.replace("\"hidden\":6", with: "\"hidden\":7") }.contains("must be even"))
    #expect(try message { $0.metadata["architecture"]?.replace("general", with: "other") }.contains("architecture"))
    #expect(try message { $0.entries["decoder.combine.weight"] = nil }.contains("decoder.combine.weight is missing"))
    #expect(try message { $0.entries["bridge.1.c.bias"] = .float(Tensor(zeros: [5])) }.contains("bridge.1.c.bias has the shape [5], expected was [6]"))
    #expect(try message { $0.entries["decoder.rnn.weight_ih_l0"] = nil }.contains("decoder.rnn.weight_ih_l0 is missing"))
    #expect(try message { $0.entries["output.bias"] = .float(Tensor([.nan, 1, 0, 0], shape: [4])) }.contains("not finite"))
  }

  // MARK: Search

  /// All translations of at most four tokens, by their scores.
  @Test("Beam search finds what all translations have as the best", arguments: Attention.Score.allCases, [0, 0.6, 1])
  func exhaustive(_ score: Attention.Score, _ penalty: Double) throws {
    let translator = try Translator.Packed(Self.small(score))
    var all = [""], last = [""]
    for _ in 0..<4 {
      last = last.flatMap { [$0 + "x", $0 + "y"] }
      all += last
    }
    for sentence in Self.sentences where !sentence.isEmpty {
      let options = TranslationOptions(beam: 40, best: 5, lengthPenalty: penalty, most: 4)
      let logs = translator.score(all.map { (sentence, Array($0.utf8)) }).map { $0.reduce(0, +) }
      let scores = zip(all, logs).map { (text: $0, score: $1 / (penalty == 0 ? 1 : power((5 + Double($0.count + 1)) / 6, penalty))) }
      let expected = scores.sorted { $0.score > $1.score }.prefix(5)
      let found = try translator.translate([sentence], options)[0]
      #expect(found.map(\.text) == expected.map(\.text))
      for (a, b) in zip(found, expected) { #expect(abs(a.score - b.score) < 1e-4) }
      // A narrow beam finds nothing better, and what it finds has the score that it says.
      let narrow = try translator.translate([sentence], TranslationOptions(beam: 2, lengthPenalty: penalty, most: 4))[0][0]
      #expect(narrow.score <= found[0].score + 1e-6)
      let known = try #require(scores.first { $0.text == narrow.text })
      #expect(abs(known.score - narrow.score) < 1e-4)
    }
  }

  private func power(_ x: Double, _ y: Double) -> Double { Foundation.pow(x, y) }

  @Test("Beam 1 = greedy = token by token", arguments: Attention.Score.allCases)
  func greedy(_ score: Attention.Score) throws {
    let translator = try Translator.Packed(Self.small(score))
    for (sentence, found) in zip(Self.sentences, try translator.translate(Self.sentences, .greedy)) {
      let steps = try TranslationSession(translator, sentence)
      while try steps.next() != nil {}
      #expect(steps.tokens == found[0].tokens && steps.isFinished)
      #expect(steps.text == found[0].text)
      #expect(found[0].attention.count == (sentence.isEmpty ? 0 : steps.tokens.count + 1))
      let bare = try translator.translate([sentence], TranslationOptions(beam: 1, keepsAttention: false))[0]
      #expect(bare[0].tokens == found[0].tokens && bare[0].attention.isEmpty)
      for weights in found[0].attention { #expect(weights.count == sentence.count && abs(weights.reduce(0, +) - 1) < 1e-5) }
    }
  }

  @Test("A pair is scored alike side by side with others, alone and step by step", arguments: Attention.Score.allCases)
  func scores(_ score: Attention.Score) throws {
    let translator = try Translator.Packed(Self.small(score))
    let pairs = Self.sentences.enumerated().map { (source: $1, target: Self.sentences[($0 + 3) % Self.sentences.count]) }
    let whole = translator.score(pairs)
    #expect(zip(whole, pairs).allSatisfy { $0.count == translator.model.target.encode($1.target).count + 1 })
    #expect(pairs.map { translator.score([$0])[0] } == whole)
    #expect(translator.score(pairs, mostWeights: 100) == whole)
    // No pair with a word on both sides has so few weights.
    for (steps, whole) in zip(translator.score(pairs, mostWeights: 0), whole) {
      #expect(steps.count == whole.count && zip(steps, whole).allSatisfy { abs($0 - $1) < 1e-5 }, "\(steps) \(whole)")
    }
  }

  @Test("Alone = among others, with any number of threads")
  func batches() throws {
    let translator = try Translator.Packed(Self.small(.additive))
    for options in [
      TranslationOptions.greedy, TranslationOptions(beam: 4, best: 3, lengthPenalty: 0.7),
      TranslationOptions(sampling: try SamplingOptions(temperature: 1.3), best: 2, seed: 9),
    ] {
      let all = try translator.translate(Self.sentences, options)
      #expect(try withThreads(3) { try translator.translate(Self.sentences, options) } == all)
      for (i, sentence) in Self.sentences.enumerated() {
        var own = options
        own.first = i
        #expect(try translator.translate([sentence], own) == [all[i]])
      }
    }
    #expect(try translator.translate(Self.sentences)[1][0].text == "")
  }

  @Test func limits() throws {
    let translator = try Translator.Packed(Self.small())
    for beam in [1, 4] {
      for found in try translator.translate([Self.sentences[0], Self.sentences[3]], TranslationOptions(beam: beam, least: 3, most: 5)) {
        #expect((3...5).contains(found[0].tokens.count))
      }
      for found in try translator.translate(Self.sentences, TranslationOptions(beam: beam, noRepeat: 2, least: 8, most: 30)) {
        let tokens = found[0].tokens
        let pairs = zip(tokens, tokens.dropFirst()).map { "\($0) \($1)" }
        #expect(Set(pairs).count == pairs.count)
      }
    }
    for options in [
      TranslationOptions(beam: 0), TranslationOptions(beam: 2, best: 3), TranslationOptions(lengthPenalty: -1), TranslationOptions(least: 5, most: 4),
    ] {
      #expect(throws: RNNError.self) { try translator.translate([[97]], options) }
    }
  }

  @Test("A translation is saved in the middle and continued")
  func states() throws {
    let translator = try Translator.Packed(Self.small(.general, layers: 2))
    for options in [
      TranslationOptions(beam: 1, least: 9), TranslationOptions(sampling: .asTrained, least: 9, seed: 4),
    ] {
      let whole = try TranslationSession(translator, Self.sentences[3], options)
      while try whole.next() != nil {}
      for cut in [0, 1, 5] {
        let first = try TranslationSession(translator, Self.sentences[3], options)
        for _ in 0..<cut { _ = try first.next() }
        let saved = try Safetensors(bytes: first.state().bytes())
        let second = try TranslationSession(translator, continuing: saved, options)
        while try second.next() != nil {}
        #expect(second.tokens == whole.tokens)
      }
    }
    let saved = try TranslationSession(translator, Self.sentences[0]).state()
    let other = try Translator.Packed(Self.small(.general, seed: 8))
    #expect(throws: RNNError.self) { try TranslationSession(other, continuing: saved) }
    for key in ["format", "source", "tokens", "position"] {
      var damaged = saved
      damaged.metadata[key] = "77 x"
      #expect(throws: RNNError.self, "\(key)") { try TranslationSession(translator, continuing: damaged) }
    }
    var damaged = saved
    damaged.entries["fed"] = .float(Tensor(zeros: [3]))
    #expect(throws: RNNError.self) { try TranslationSession(translator, continuing: damaged) }
  }

  // MARK: Training

  @Test func learnsToTranslate() throws {
    var options = options(steps: 700)
    options.dropout = 0
    options.weightDrop = 0
    options.hidden = 32
    options.labelSmoothing = 0
    var trainer = try TranslatorTrainer(SentencePairs(Self.pairs), options: options)
    try trainer.train()
    let metrics = try #require(try trainer.metrics())
    #expect(metrics.loss < 0.3)
    let translator = try Translator.Packed(trainer.model)
    #expect(try translator.translate("w1 w5 w3") == "v3 v5 v1")
    #expect(trainer.model.notes.isEmpty && trainer.finishedNotes["validation"]?.contains("BLEU") == true)
  }

  @Test func goesOnToTheSameBits() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "rnn-translator-\(UUID().uuidString)").path
    defer { for path in [path, TranslatorTrainer.checkpointPath(path)] { try? FileManager.default.removeItem(atPath: path) } }
    func trainer() throws -> TranslatorTrainer { try TranslatorTrainer(SentencePairs(Self.pairs), options: options(steps: 12)) }
    var whole = try trainer()
    try whole.train()
    var part = try trainer()
    var polls = 0
    guard case .stopped(.some) = try part.train(to: path, shouldStop: { polls += 1; return polls > 7 }) else {
      Issue.record("not stopped")
      return
    }
    var rest = try trainer()
    try rest.train(to: path, start: .resume)
    #expect(rest.model.weights == whole.model.weights)
    #expect(try Translator(contentsOf: path).notes["validation"] == whole.finishedNotes["validation"])
  }

  @Test func pairsThatCannotBe() throws {
    #expect(throws: RNNError.self) { try TranslatorTrainer(SentencePairs([("a", "b"), ("c", ""), ("", "d")])) }
    var options = options()
    options.longest = 1
    #expect(throws: RNNError.self) {
      try TranslatorTrainer(SentencePairs((0..<20).map { ("a b \($0)", "c d") }), options: options)
    }
    options = self.options()
    options.hidden = 7
    #expect(throws: RNNError.self) { try TranslatorTrainer(SentencePairs(Self.pairs), options: options) }
  }
}

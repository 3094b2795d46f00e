import Foundation
import RNNCells
import RNNData
import RNNLayers
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct TextClassifierTests {
  /// The classes follow from one word anywhere in the text, so that a model must look at all of it.
  static let texts: [(text: String, label: String)] = (0..<120).map { i in
    let words = (0..<(2 + i * 7 % 9)).map { "w\(($0 * 31 + i * 17) % 12)" }
    let place = i * 5 % (words.count + 1)
    return ((words[..<place] + [i % 3 == 0 ? "sad" : "glad"] + words[place...]).joined(separator: " "), i % 3 == 0 ? "neg" : "pos")
  }

  private func options(_ cell: Cell? = nil, steps: Int = 4) -> ClassifierTrainingOptions {
    ClassifierTrainingOptions(
      cell: cell, tokens: .words, hidden: 8, layers: 2, embedding: 6, pooling: [.max, .last], dropout: 0.2,
      wordDropout: 0.1, weightDrop: 0.1, training: .init(budget: .steps(steps), batch: 16, learningRate: 0.02))
  }

  // MARK: Against PyTorch

  @Test("Logits, loss and gradients of PyTorch with packed sequences")
  func asPyTorch() throws {
    let fixture = try Fixture("text_classifier")
    let size = fixture.shape("embedding.weight"), shape = fixture.shape("tokens")
    let model = try TextClassifier(
      .init(hidden: fixture.shape("rnn.weight_hh_l0")[1], layers: 2, embedding: size[1], pooling: [.max, .mean, .last]),
      labels: ["a", "b", "c"], tokenizer: Tokenizer(characters: (0..<size[0] - 1).compactMap { Unicode.Scalar(97 + $0) }))
    var file = try model.file()
    for name in file.entries.keys {
      #expect(fixture.has(name), "\(name) is not in the fixture")
      file.entries[name] = .float(try fixture.tensor(name))
    }
    let loaded = try TextClassifier(file, source: "golden")
    let rows = try fixture.integers("tokens").map { Int32($0) }, lengths = try fixture.integers("lengths").map { Int($0) }
    let targets = try fixture.integers("targets").map { Int32($0) }
    let classWeights = try fixture.tensor("class_weights").values
    let tokens = (0..<shape[1]).flatMap { t in (0..<shape[0]).map { rows[$0 * shape[1] + t] } }
    var logits = Tensor(zeros: [0])
    let (loss, gradient) = valueAndGradient(of: loaded.weights) { weights in
      let z = loaded.logits(tokens, lengths: lengths, weights, key: nil)
      logits = z.value
      return Losses.crossEntropy(z, targets, classWeights: classWeights).mean
    }
    #expect(try fixture.error(logits.values, "logits") < 1e-5)
    #expect(try fixture.error([loss.item], "loss") < 1e-5)
    var gradients = loaded
    gradients.weights = gradient
    for (name, entry) in try gradients.file().entries where !name.contains("bias_hh") {
      guard case .float(let tensor) = entry else { continue }
      #expect(try fixture.error(tensor.values, "grad." + name) < 2e-5, "\(name)")
    }
  }

  /// Every parameter against finite differences, with masks of all kinds and texts of unequal length.
  @Test func gradients() throws {
    let model = try TextClassifier(
      .init(cell: .gru, hidden: 3, layers: 2, embedding: 2, pooling: [.mean, .last], dropout: 0.3, weightDrop: 0.2), labels: ["a", "b"],
      tokenizer: Tokenizer(characters: "abcd".unicodeScalars), seed: 3)
    let names = model.weights.names
    let check = GradientCheck(model.weights.tensors) { variables in
      var weights = TapedWeights(constant: model.weights)
      for (name, variable) in zip(names, variables) { weights = weights.replacing(name, with: variable) }
      let z = model.logits([0, 1, 2, 3, -1, 1, 2, -1, 4], lengths: [3, 1, 3], weights, key: DropoutKey(seed: 5, step: 2))
      return [Losses.crossEntropy(z, [0, 1, 1], classWeights: [1, 2]).mean]
    }
    #expect(check.worst < 2e-3, "\(check)")
  }

  // MARK: Files

  @Test(arguments: Cell.builtIn)
  func everyCellTrainsAndComesBackFromItsFile(_ cell: Cell) throws {
    var trainer = try ClassifierTrainer(LabelledTexts(Self.texts), options: options(cell))
    guard case .finished = try trainer.train() else {
      Issue.record("not finished")
      return
    }
    let parts = try trainer.model.verify(seed: 1)
    #expect(parts.map(\.part).contains("layer 1 reverse"))
    for (part, checks) in parts { for check in checks { #expect(check.passed, "\(part): \(check.name), \(check.error)") } }
  }

  @Test func withoutValidationAllIsTrainedOnAndTheLastWeightsAreKept() throws {
    var options = options(steps: 30)
    options.validationFraction = 0
    options.training.averaging = 0
    var trainer = try ClassifierTrainer(LabelledTexts(Self.texts), options: options)
    #expect(trainer.division.hasPrefix("120 texts for training, none for validation"))
    try trainer.train()
    #expect(trainer.loop.state.history.count > 1)
    #expect(trainer.model.weights == trainer.loop.weights)
    #expect(try trainer.metrics() == nil && trainer.model.notes["validation"] == nil)
  }

  @Test func aFileHasEverything() throws {
    let texts = [("Ein Fuß!", "a\tb\n\"c\""), ("zwei", "ü"), ("drei", "ü"), ("vier", "x")]
    for kind in Tokenizer.Kind.allCases {
      var options = ClassifierTrainingOptions(
        tokens: kind, lowercase: true, hidden: 4, bidirectional: false, pooling: [.mean], longest: 3,
        training: .init(budget: .steps(1)))
      options.validationFraction = 0.5
      var trainer = try ClassifierTrainer(LabelledTexts(texts), options: options)
      try trainer.train()
      let file = try trainer.model.file()
      let loaded = try TextClassifier(Safetensors(bytes: file.bytes()), source: "file")
      #expect(loaded.labels == trainer.model.labels && loaded.architecture == trainer.model.architecture)
      #expect(loaded.tokenizer == trainer.model.tokenizer && loaded.normalizer == trainer.model.normalizer)
      #expect(try loaded.classify("ein fuß zwei") == trainer.model.classify("ein fuß zwei"))
      #expect(try loaded.fingerprint() == trainer.model.fingerprint())
      let error = #expect(throws: RNNError.self) { try LanguageModel(file, source: "file") }
      #expect(error?.message == "file: it is a model for the task “classify”, expected “generate”")
    }
  }

  @Test func damagedFiles() throws {
    let model = try TextClassifier(.init(hidden: 3, embedding: 2), labels: ["a", "b"], tokenizer: .bytes)
    func message(_ damage: (inout Safetensors) -> Void) throws -> String { try model.message(damage) }
    #expect(try message { _ in } == "accepted")
    #expect(try message { $0.metadata["labels"] = "[\"a\"]" }.contains("at least two different classes"))
    #expect(try message { $0.metadata["labels"] = "[\"a\",\"a\"]" }.contains("at least two different classes"))
    #expect(try message { $0.metadata["labels"] = "[\"a\",\"b\",\"c\"]" }.contains("the tensor classifier.weight has the shape [2, 6], expected was [3, 6]"))
    #expect(try message { $0.metadata["labels"] = nil }.contains("“labels”"))
    #expect(try message { $0.metadata["normalizer"] = "{" }.contains("the “normalizer” in its metadata can't be read"))
    #expect(try message { $0.metadata["architecture"]?.replace("\"longest\":1000", with: "\"longest\":0") }.contains("“longest” is 0, expected a whole number from 1"))
    #expect(try message { $0.metadata["architecture"]?.replace("[\"max\"]", with: "[]") }.contains("pooling"))
    #expect(try message { $0.metadata["architecture"]?.replace("concatenate", with: "other") }.contains("architecture"))
    #expect(try message { $0.entries["classifier.bias"] = nil }.contains("the tensor classifier.bias is missing"))
    #expect(try message { $0.entries["rnn.weight_ih_l0_reverse"] = nil }.contains("rnn.weight_ih_l0_reverse is missing"))
    #expect(try message { $0.entries["classifier.bias"] = .float(Tensor([.nan, 1], shape: [2])) }.contains("classifier.bias holds numbers that are not finite"))
  }

  // MARK: Training

  @Test func learnsAndKeepsTheBest() throws {
    var trainer = try ClassifierTrainer(LabelledTexts(Self.texts), options: options(steps: 400))
    try trainer.train()
    #expect(try trainer.metrics()?.accuracy == 1)
    #expect(trainer.loop.state.best?.score == 1)
    let prediction = try trainer.model.classify("w1 w2 SAD w3")
    #expect(prediction.label == "neg" && prediction.probability > 0.7)
    #expect(abs(prediction.probabilities.reduce(0, +) - 1) < 1e-12)
    #expect(trainer.finishedNotes["validation"]?.hasPrefix("accuracy 1.0000") == true)
  }

  @Test func stoppedGoesOnToTheSameBits() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rnn-classifier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "m").path
    var whole = try ClassifierTrainer(LabelledTexts(Self.texts), options: options(steps: 25))
    try whole.train()
    var part = try ClassifierTrainer(LabelledTexts(Self.texts), options: options(steps: 25))
    var polls = 0
    guard case .stopped(.some) = try part.train(to: path, shouldStop: { polls += 1; return polls > 11 }) else {
      Issue.record("not stopped")
      return
    }
    var rest = try ClassifierTrainer(LabelledTexts(Self.texts), options: options(steps: 25))
    guard case .finished = try rest.train(to: path, start: .resume) else {
      Issue.record("not finished")
      return
    }
    #expect(rest.model.weights == whole.model.weights && rest.loop.state.step == 25)
    #expect(try TextClassifier(contentsOf: path).weights == whole.model.weights)
    guard case .wasFinished = try rest.train(to: path, start: .resume) else {
      Issue.record("a finished run is trained again")
      return
    }
    var other = options(steps: 25)
    other.wordDropout = 0.2
    var changed = try ClassifierTrainer(LabelledTexts(Self.texts), options: other)
    let error = #expect(throws: RNNError.self) { try changed.train(to: path, start: .resume) }
    #expect(error?.message.contains("with --word-dropout 0.1, now --word-dropout is 0.2") == true, "\(error?.message ?? "")")
    #expect(try TextClassifier(contentsOf: path).weights == whole.model.weights)
  }

  @Test func threadsAndSeeds() throws {
    func weights(threads: Int, seed: UInt64) throws -> Weights {
      try withThreads(threads) {
        var options = options(steps: 6)
        options.training.seed = seed
        var trainer = try ClassifierTrainer(LabelledTexts(Self.texts), options: options)
        try trainer.train()
        return trainer.model.weights
      }
    }
    let one = try weights(threads: 1, seed: 1)
    #expect(try weights(threads: 3, seed: 1) == one)
    #expect(try weights(threads: 1, seed: 2) != one)
  }

  /// No result depends on what else is classified with it, or in which order.
  @Test func predictionsAreOfTheTextAlone() throws {
    let model = try TextClassifier(.init(hidden: 5, embedding: 3, pooling: [.max, .last]), labels: ["a", "b", "c"], tokenizer: .bytes)
    let session = try TextClassifier.Session(model)
    let texts = (0..<700).map { i in Array(String(repeating: "x\(i) ", count: i * 13 % 37).utf8) }
    let all = session.classify(texts)
    for i in stride(from: 0, to: 700, by: 41) { #expect(session.classify([texts[i]]) == [all[i]]) }
    #expect(session.classify(texts.reversed()) == all.reversed())
    #expect(session.classify([]) == [])
  }

  @Test func severalModelsAnswerWithTheMeanOfTheirProbabilities() throws {
    let models = try (1...3).map {
      try TextClassifier(.init(hidden: $0 + 3, embedding: 3), labels: ["a", "b", "c"], tokenizer: .bytes, seed: UInt64($0))
    }
    let together = try TextClassifier.Session(models), texts = ["", "one", "another"].map { Array($0.utf8) }
    let alone = try models.map { try TextClassifier.Session($0).classify(texts) }
    for (i, prediction) in together.classify(texts).enumerated() {
      for label in 0..<3 {
        let mean = alone.reduce(0) { $0 + $1[i].probabilities[label] } / 3
        #expect(abs(prediction.probabilities[label] - mean) < 1e-12)
      }
      #expect(prediction.probability == prediction.probabilities.max())
      #expect(together.labels[prediction.probabilities.firstIndex(of: prediction.probability) ?? 0] == prediction.label)
    }
    #expect(try TextClassifier.Session([models[0]]).classify(texts) == alone[0])
    let other = try TextClassifier(.init(hidden: 4, embedding: 3), labels: ["a", "c", "b"], tokenizer: .bytes)
    #expect(throws: RNNError.self) { try TextClassifier.Session([models[0], other]) }
    #expect(throws: RNNError.self) { try TextClassifier.Session([]) }
  }

  @Test func startsFromALanguageModel() throws {
    let corpus = try TextCorpus(Self.texts.map(\.text).joined(separator: "\n") + "\n")
    var reader = try TextTrainer(
      corpus, options: TextTrainingOptions(cell: .gru, tokens: .words, hidden: 10, layers: 2, embedding: 7, training: .init(budget: .steps(5))))
    try reader.train()
    let start = reader.model
    let trainer = try ClassifierTrainer(LabelledTexts(Self.texts), from: start, options: ClassifierTrainingOptions(training: .init(budget: .steps(1))))
    let model = trainer.model
    #expect(model.tokenizer == start.tokenizer && model.normalizer == .composed && model.architecture.bidirectional == nil)
    for name in start.weights.names where !name.hasPrefix("decoder") { #expect(model.weights[name] == start.weights[name], "\(name)") }
    let both = try ClassifierTrainer(
      LabelledTexts(Self.texts), from: start, options: ClassifierTrainingOptions(hidden: 10, bidirectional: true, training: .init(budget: .steps(1))))
    #expect(both.model.weights["rnn.0.W.xz"] == start.weights["rnn.0.W.xz"] && both.loop.run.settings != trainer.loop.run.settings)
    for options in [
      ClassifierTrainingOptions(hidden: 11), ClassifierTrainingOptions(cell: .lstm), ClassifierTrainingOptions(tokens: .bytes),
      ClassifierTrainingOptions(layers: 1), ClassifierTrainingOptions(embedding: 8),
    ] {
      let error = #expect(throws: RNNError.self) { try ClassifierTrainer(LabelledTexts(Self.texts), from: start, options: options) }
      #expect(error?.kind == .usage && error?.message.contains("contradicts --from: that model has --") == true)
    }
  }

  @Test func classWeights() throws {
    func weights(_ weights: ClassWeights) throws -> Tensor? {
      // Adam's first update doesn't see how long a gradient is.
      var options = options(steps: 4)
      options.classWeights = weights
      var trainer = try ClassifierTrainer(LabelledTexts(Self.texts), options: options)
      try trainer.train()
      return trainer.model.weights["classifier.bias"]
    }
    let none = try weights(.none)
    #expect(try weights(.balanced) != none && weights(.given(["neg": 5])) != none)
    #expect(try weights(.given(["neg": 1, "pos": 1])) == none)
    for bad in [ClassWeights.given(["none": 1]), .given(["neg": 0]), .given(["neg": .nan])] {
      let error = #expect(throws: RNNError.self) { try weights(bad) }
      #expect(error?.kind == .usage)
    }
  }

  @Test func whatCannotBe() throws {
    func error(_ texts: [(String, String)], validation: [(String, String)]? = nil, _ options: ClassifierTrainingOptions = .init()) -> RNNError? {
      do {
        _ = try ClassifierTrainer(LabelledTexts(texts), validation: validation.map { LabelledTexts($0) }, options: options)
        return nil
      } catch {
        return error
      }
    }
    let good = [("a", "x"), ("b", "y"), ("c", "x"), ("d", "y")]
    #expect(error(good) == nil)
    #expect(error([("a", "x"), ("b", "x"), ("c", "x"), ("d", "x")])?.message.contains("all 4 texts have the label ‘x’") == true)
    #expect(error([("a", "x"), ("b", "y")])?.kind == .badData)
    #expect(error(good, validation: [("a", "z")])?.message.contains("found the label ‘z’") == true)
    #expect(error(good, validation: [("a", "x")]) == nil)
    for options in [
      ClassifierTrainingOptions(hidden: 0), ClassifierTrainingOptions(pooling: []), ClassifierTrainingOptions(pooling: [.max, .max]),
      ClassifierTrainingOptions(dropout: 1), ClassifierTrainingOptions(wordDropout: -0.1), ClassifierTrainingOptions(weightDrop: 1),
      ClassifierTrainingOptions(longest: 0), ClassifierTrainingOptions(validationFraction: 0.6), ClassifierTrainingOptions(training: .init(batch: 0)),
      ClassifierTrainingOptions(training: .init(learningRate: 0)), ClassifierTrainingOptions(training: .init(patience: 0)), ClassifierTrainingOptions(projection: 3),
      ClassifierTrainingOptions(tokens: .bytes, vocabulary: 100),
      ClassifierTrainingOptions(validationFraction: 0, training: .init(patience: 2)),
      ClassifierTrainingOptions(validationFraction: 0, training: .init(schedule: .plateau)),
    ] {
      #expect(error(good, options)?.kind == .usage)
    }
  }
}

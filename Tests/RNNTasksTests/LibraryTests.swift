import Foundation
import RNN
import Synchronization
import Testing

/// The library as a program outside the package sees it: one import, the public names.
@Suite struct LibraryTests {
  private static let text = (0..<200).map { "\($0 % 10) sheep jumped over the fence, then \(($0 + 1) % 10) – é.\n" }.joined()

  /// A little model with two layers, trained for a moment.
  private static func trained() throws -> LanguageModel {
    var trainer = try TextTrainer(
      TextCorpus(text), options: TextTrainingOptions(tokens: .characters, hidden: 24, layers: 2, embedding: 8, training: .init(budget: .steps(20))))
    try trainer.train()
    return trainer.model
  }

  private func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory.path)
  }

  // MARK: Sharing

  /// State that tasks share without meaning to would show as a text that depends on what runs beside it.
  @Test func aThousandTasksShareOneModel() async throws {
    let generator = try TextGenerator(Self.trained())
    @Sendable func options(_ number: Int) -> GenerationOptions { GenerationOptions(length: 30, seed: UInt64(number)) }
    @Sendable func prompt(_ number: Int) -> String { "\(number % 10) sheep" }

    let together = try await withThrowingTaskGroup(of: (Int, String).self) { group in
      for number in 0..<1000 {
        group.addTask {
          var text = ""
          for try await piece in generator.stream(prompt(number), options(number)) { text += piece }
          return (number, text)
        }
      }
      var texts = [String](repeating: "", count: 1000)
      for try await (number, text) in group { texts[number] = text }
      return texts
    }
    for number in 0..<1000 {
      #expect(try together[number] == generator.generate(prompt(number), options(number)), "task \(number)")
    }
    #expect(Set(together).count > 900, "other seeds give other texts")
  }

  @Test func aModelIsAValue() throws {
    let model = try Self.trained()
    var changed = model
    changed.weights = Weights()
    #expect(changed.weights.count == 0 && model.weights.count > 0)
    #expect(model.parameterCount > 0)
  }

  // MARK: Cancellation

  @Test func aCancelledStreamEnds() async throws {
    let generator = try TextGenerator(Self.trained())
    let began = Mutex(false)
    let task = Task {
      for try await _ in generator.stream("1 sheep", GenerationOptions(length: .max)) { began.withLock { $0 = true } }
    }
    while !began.withLock({ $0 }) { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  /// Before its first piece a stream reads its prompt, which may be long.
  @Test func aStreamIsCancelledWhileItReads() async throws {
    let generator = try TextGenerator(Self.trained())
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      for try await _ in generator.stream(String(repeating: "sheep ", count: 100_000)) {}
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func trainingStopsWhenAsked() throws {
    var trainer = try TextTrainer(TextCorpus(Self.text), options: TextTrainingOptions(hidden: 8, training: .init(budget: .steps(1000))))
    var steps = 0
    let outcome = try trainer.train(shouldStop: { steps == 3 }) { _, event in
      if case .step = event { steps += 1 }
    }
    if case .stopped(checkpoint: nil) = outcome {} else { Issue.record("the run ended with \(outcome)") }
    #expect(steps == 3)
  }

  /// The closure after the call hears of events, whether or not another one says when to stop.
  @Test func theTrailingClosureHearsOfEvents() throws {
    let options = TextTrainingOptions(hidden: 8, training: .init(budget: .steps(3)))
    func trainer() throws -> TextTrainer { try TextTrainer(TextCorpus(Self.text), options: options) }
    var (first, second, third) = (try trainer(), try trainer(), try trainer()), events = [0, 0]
    try first.train { trainer, event in events[0] += trainer.loop.state.step >= 0 ? 1 : 0 }
    try second.train(to: nil, start: .new, shouldStop: { false }) { _, _ in events[1] += 1 }
    let outcome = try third.train(shouldStop: { true })
    #expect(events == [4, 4], "the beginning, two steps and a measurement")
    if case .stopped = outcome {} else { Issue.record("the run ended with \(outcome)") }
  }

  // MARK: Sessions

  /// As long as the options say, and as long again where it goes on from a saved state.
  @Test func aSessionEndsAfterItsLength() throws {
    let generator = try TextGenerator(Self.trained())
    func rest(of session: TextSession) throws -> String {
      var text = ""
      while let piece = try session.next() { text += piece }
      #expect(try session.next() == nil)
      return text
    }
    let session = try TextSession(generator, GenerationOptions(length: 30, seed: 5))
    var text = try rest(of: session)
    #expect(session.generated == 30)
    let later = try TextSession(generator, GenerationOptions(length: 12))
    try later.restore(session.state())
    text += try rest(of: later)
    #expect(later.generated == 42)
    #expect(try generator.generate("", GenerationOptions(length: 42, seed: 5)) == text + later.finish())
    #expect(try rest(of: TextSession(generator, GenerationOptions(length: 0))).isEmpty)
  }

  // MARK: Files

  @Test func whatIsSavedIsLoadedToTheBit() throws {
    try withDirectory { directory in
      let model = try Self.trained()
      let path = directory + "/model.safetensors"
      try model.save(to: path)
      let loaded = try LanguageModel(contentsOf: path)
      #expect(loaded.architecture == model.architecture)
      #expect(loaded.weights.names.sorted() == model.weights.names.sorted())
      for name in model.weights.names {
        #expect(loaded.weights[name]?.values.map(\.bitPattern) == model.weights[name]?.values.map(\.bitPattern), "\(name)")
      }
      try loaded.save(to: directory + "/again")
      #expect(try Files.read(path) == Files.read(directory + "/again"))
      let options = GenerationOptions(length: 100, seed: 3)
      #expect(try TextGenerator(loaded).generate("2", options) == TextGenerator(model).generate("2", options))
    }
  }

  /// A session reads a token at a time; its logits must be those of the whole text.
  @Test func aSessionSaysWhatTheWholeTextSays() throws {
    let model = try Self.trained()
    let checks = try model.verify().flatMap(\.checks)
    let check = try #require(checks.first { $0.name == "session = whole text" })
    #expect(check.error == 0)

    let session = try TextSession(TextGenerator(model), GenerationOptions())
    let text = Array(Self.text.utf8.prefix(400))
    let tokens = model.tokenizer.encode(text)
    var nats = 0.0
    for (token, next) in zip(tokens, tokens.dropFirst()) {
      let logits = session.logits(after: token).map(Double.init)
      nats += log(logits.reduce(0) { $0 + exp($1) }) - logits[Int(next)]
    }
    #expect(abs(nats - (try model.evaluate(text).nats)) < 1e-5 * nats)
  }

  @Test func aSavedSessionGoesOn() throws {
    let generator = try TextGenerator(Self.trained())
    let options = GenerationOptions(length: 60, seed: 9)
    let session = try TextSession(generator, options)
    session.read(Array("4 sheep".utf8))
    var whole = ""
    for _ in 0..<20 { whole += try session.next() ?? "" }
    let state = try session.state()
    let other = try TextSession(generator, options)
    try other.restore(state)
    for _ in 0..<40 {
      let piece = try session.next()
      #expect(try other.next() == piece)
      whole += piece ?? ""
    }
    #expect(try generator.generate("4 sheep", options) == whole + session.finish())
  }

  // MARK: Errors

  private func expectError(_ kind: RNNError.Kind, containing words: String, _ body: () throws -> Void) {
    let error = #expect(throws: RNNError.self) { try body() }
    #expect(error?.kind == kind)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
  }

  @Test func errorsHaveAKindAndSayWhatIsWrong() throws {
    try withDirectory { directory in
      let path = directory + "/file"
      expectError(.noInput, containing: "no such file: \(path)") { _ = try LanguageModel(contentsOf: path) }
      expectError(.noInput, containing: "\(directory) is a directory") { _ = try LanguageModel(contentsOf: directory) }
      for junk in [[], Array("not a model".utf8), (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 37) }] as [[UInt8]] {
        try Files.writeAtomically(junk, to: path)
        expectError(.badData, containing: path) { _ = try LanguageModel(contentsOf: path) }
      }
      try Safetensors(metadata: ["format": "swift-rnn 1", "task": "generate"]).write(to: path)
      expectError(.badData, containing: "architecture") { _ = try LanguageModel(contentsOf: path) }

      let model = try Self.trained()
      expectError(.cannotCreate, containing: "there is no directory") { try model.save(to: directory + "/none/model") }
      var options = TextTrainingOptions(hidden: 8, training: .init(budget: .steps(1)))
      expectError(.badData, containing: "too short") { _ = try TextTrainer(TextCorpus("short"), options: options) }
      expectError(.badData, containing: "empty") { _ = try TextCorpus("") }
      options.hidden = 0
      expectError(.usage, containing: "hidden is 0") { _ = try TextTrainer(TextCorpus(Self.text), options: options) }
      options.hidden = 8
      options.dropout = 1
      expectError(.usage, containing: "dropout") { _ = try TextTrainer(TextCorpus(Self.text), options: options) }
      options.dropout = 0
      options.training.learningRate = -1
      expectError(.usage, containing: "learning rate") { _ = try TextTrainer(TextCorpus(Self.text), options: options) }
      expectError(.usage, containing: "temperature") { _ = try SamplingOptions(temperature: -1) }
      expectError(.usage, containing: "top-p") { _ = try SamplingOptions(topP: 2) }
    }
  }

  @Test func aCellThatCannotBeIsAnError() throws {
    expectError(.usage, containing: "W.xm") {
      _ = try Cell(checking: "lost", state: ["h"]) { x, s, W, b in ["h": tanh(W.ho * s.h + b.h) * sum(W.xm * x)] }
    }
    expectError(.usage, containing: "no equation") {
      _ = try Cell(checking: "half", state: ["h", "c"]) { x, s, W, b in ["h": tanh(W.xh * x + b.h)] }
    }
  }

  @Test func aStateOfAnotherModelIsRefused() throws {
    let state = try TextSession(TextGenerator(Self.trained()), GenerationOptions()).state()
    var other = try Self.trained()
    other.weights["decoder.bias"] = other.weights["decoder.bias"].map { Tensor(zeros: $0.shape) }
    let session = try TextSession(TextGenerator(other), GenerationOptions())
    expectError(.badData, containing: "another model") { try session.restore(state) }
  }
}

import Foundation
import RNN
import Testing

/// Models whose tokens are words.
@Suite struct WordModelTests {
  private static let text = (0..<300).map { "the \(["red", "old", "naïve"][$0 % 3]) fox jumps over \($0) dogs .\n" }.joined()

  private static func trained() throws -> LanguageModel {
    var trainer = try TextTrainer(
      TextCorpus(text), options: TextTrainingOptions(tokens: .words, hidden: 24, embedding: 12, sequenceLength: 10, training: .init(budget: .steps(60), batch: 4, learningRate: 0.02)))
    try trainer.train()
    return trainer.model
  }

  @Test func whatIsGeneratedAreWordsAndLines() throws {
    let model = try Self.trained()
    let generator = try TextGenerator(model)
    let known = Set(model.tokenizer.words)
    for seed in 1...5 as ClosedRange<UInt64> {
      let text = try generator.generate("the old", GenerationOptions(length: 100, seed: seed))
      #expect(text.utf8.first == UInt8(ascii: " ") || text.hasPrefix("\n"), "the prompt's last word is whole")
      #expect(!text.contains("  ") && !text.contains(" \n") && !text.contains("\n "))
      for word in text.split(whereSeparator: \.isWhitespace) { #expect(known.contains(String(word)), "\(word)") }
      #expect(text.contains("\n"), "\(text)")
    }
    // A numeral occurs once: as a word it is unknown, and unknown words are never written.
    #expect(model.tokenizer.encode("7") == [try #require(model.tokenizer.unknown)])
    for prompt in ["the old ", "the old\n"] {
      #expect(try generator.generate(prompt, GenerationOptions(length: 5)).first != " ")
    }
    #expect(try generator.generate("Ž漢 \u{1}", GenerationOptions(length: 5)).hasPrefix(" "))
    let stopped = try generator.generate("the", GenerationOptions(length: 200, stops: ["dogs"]))
    #expect(!stopped.contains("dogs") && stopped.hasSuffix(" "))
  }

  @Test func streamedIsGenerated() async throws {
    let generator = try TextGenerator(Self.trained())
    let options = GenerationOptions(length: 80, seed: 4)
    for prompt in ["", "the old", "the old "] {
      var text = ""
      for try await piece in generator.stream(prompt, options) { text += piece }
      #expect(try text == generator.generate(prompt, options))
    }
  }

  /// A space that was due must be due after loading, and only then.
  @Test func aSavedSessionGoesOnAtEveryPlace() throws {
    let generator = try TextGenerator(Self.trained())
    let options = GenerationOptions(length: 40, seed: 2)
    let whole = try generator.generate("the fox", options)
    for cut in 0...40 {
      let session = try TextSession(generator, options)
      session.read(Array("the fox".utf8))
      var text = ""
      for _ in 0..<cut { text += try session.next() ?? "" }
      let other = try TextSession(generator, options)
      try other.restore(Safetensors(bytes: session.state().bytes()))
      for _ in cut..<40 { text += try other.next() ?? "" }
      #expect(text + other.finish() == whole, "cut at \(cut)")
    }
  }

  /// From a file that is read in pieces, too: a place in it is found again.
  @Test(arguments: [0, TextCorpus.memory])
  func stoppedAndResumedGivesTheSameModel(_ memory: Int) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.path + "/text"
    try Data(Self.text.utf8).write(to: URL(fileURLWithPath: path))
    func train(to output: String, _ stops: [Int]) throws {
      for stop in stops + [1000] {
        var trainer = try TextTrainer(
          TextCorpus(reading: [path], memory: memory),
          options: TextTrainingOptions(tokens: .words, hidden: 10, sequenceLength: 9, training: .init(budget: .epochs(2), batch: 4)))
        var steps = 0
        try trainer.train(to: directory.path + output, start: .resume, shouldStop: { steps == stop }) { _, event in
          if case .began = event {} else { steps += 1 }
        }
      }
    }
    try train(to: "/whole", [])
    try train(to: "/parts", [1, 7, 20, 40])
    #expect(try Files.read(directory.path + "/whole") == Files.read(directory.path + "/parts"))
  }

  @Test func aFileKeepsItAll() throws {
    let model = try Self.trained()
    let loaded = try LanguageModel(try Safetensors(bytes: model.file().bytes()), source: "model")
    #expect(loaded.tokenizer == model.tokenizer)
    for (part, checks) in try loaded.verify() {
      for check in checks { #expect(check.passed, "\(part): \(check.name), \(check.error)") }
    }
    let options = GenerationOptions(length: 50)
    #expect(try TextGenerator(loaded).generate("", options) == TextGenerator(model).generate("", options))
  }

  @Test func perplexityIsPerWord() throws {
    let model = try Self.trained()
    let text = Array("the red fox jumps over 5 dogs .\nthe 7 naïve fox\n".utf8)
    let result = try model.evaluate(text)
    #expect(result.units == TextUnits(tokens: 13, characters: 45, bytes: 46))
    #expect(result.unknown == 2)
    #expect(abs(result.perplexity - exp(result.nats / 13)) < 1e-9)
    #expect(abs(try model.evaluate(text, rows: 3).nats - result.nats) < 1e-4 * result.nats, "too short a text for rows")
    #expect(result.perplexity < 100)
  }

  @Test func aVocabularyIsForWords() {
    for tokens in [Tokenizer.Kind.bytes, .characters] {
      let error = #expect(throws: RNNError.self) {
        try TextTrainer(TextCorpus(Self.text), options: TextTrainingOptions(tokens: tokens, vocabulary: 100, hidden: 8))
      }
      #expect(error?.kind == .usage && error?.message.contains("vocabulary") == true)
    }
  }
}

import RNN
import RNNTestSupport
import Testing

/// What a model doesn't know, or reads only in part, is said; one text has one answer.
@Suite struct UseDoubtTests {
  private static let composed = ["le café est né", "la forêt gelée", "un été brûlé", "le thé glacé"], plain = ["the dog runs", "a cat sleeps", "the bird sings", "a fox hides"]

  private func decomposed(_ text: String) -> String {
    text.replacing("é", with: "e\u{301}").replacing("ê", with: "e\u{302}").replacing("û", with: "u\u{302}")
  }

  private func classifier(_ tokens: Tokenizer.Kind, longest: Int? = nil) throws -> TextClassifier {
    let texts = LabelledTexts(Self.composed.map { ($0, "fr") } + Self.plain.map { ($0, "en") })
    var trainer = try ClassifierTrainer(
      texts, options: .init(tokens: tokens, hidden: 4, embedding: 4, longest: longest, validationFraction: 0, training: .init(budget: .steps(3), batch: 4)))
    try trainer.train()
    return trainer.model
  }

  @Test(arguments: [Tokenizer.Kind.words, .characters, .bytes]) func oneTextHasOneAnswer(_ tokens: Tokenizer.Kind) throws {
    let model = try classifier(tokens)
    #expect(model.normalizer.composes)
    let loaded = try TextClassifier(Safetensors(bytes: model.file().bytes()), source: "m")
    #expect(loaded.normalizer == model.normalizer)
    for text in Self.composed {
      let other = decomposed(text)
      #expect(!other.unicodeScalars.elementsEqual(text.unicodeScalars))
      #expect(try loaded.classify(other) == loaded.classify(text))
    }
    // A model of before keeps its answers.
    var file = try model.file()
    file.metadata["normalizer"] = "{\"lowercase\":true,\"splitsSigns\":true}"
    let before = try TextClassifier(file, source: "m")
    #expect(!before.normalizer.composes && before.tokens(of: Array(decomposed("café").utf8)) != before.tokens(of: Array("café".utf8)) || tokens == .words)
  }

  @Test func textsThatAreCutOrUnknown() throws {
    let model = try classifier(.words, longest: 3)
    let session = try TextClassifier.Session(model)
    var remarks = session.remarks
    let found = session.classify(["the dog", "the dog runs and runs", "xyzzy plugh", "", "a b c d"].map { Array($0.utf8) })
    #expect(found.map(\.isCut) == [false, true, false, false, true] && found.map(\.isUnknown) == [false, false, true, false, false])
    found.forEach { remarks.add($0) }
    #expect(remarks.sentences == [
      "2 of 5 texts (the first is the 2nd) are longer than 3 tokens: only the beginning was read, as in training (--longest)",
      "1 of 5 texts (the first is the 3rd) has nothing in it that the model knows: the class is that of no text",
    ])
    let folder = try TemporaryFolder(["t.tsv": "fr\tle café est né ce soir\nen\tthe dog\n"])
    var said: [String] = []
    _ = try session.evaluate(reading: [folder["t.tsv"]], remark: { said.append($0) })
    #expect(said.count == 1 && said[0].hasPrefix("1 of 2 texts (the first is the 1st) is longer than 3 tokens"))
  }

  @Test func sentencesOfEitherForm() throws {
    let pairs = SentencePairs(Self.composed.enumerated().map { ($1, Self.plain[$0]) })
    var trainer = try TranslatorTrainer(
      pairs, options: .init(tokens: .words, hidden: 4, embedding: 4, validationFraction: 0, training: .init(budget: .steps(2), batch: 4)))
    try trainer.train()
    let model = try Translator(Safetensors(bytes: trainer.model.file().bytes()), source: "m")
    for text in Self.composed { #expect(model.sourceTokens(Array(decomposed(text).utf8)) == model.sourceTokens(Array(text.utf8))) }
    var file = try model.file()
    file.metadata["normalizer"] = nil
    #expect(try Translator(file, source: "m").normalizer == .none)
  }

  @Test func dataToMeasureOnThatAreTrainedOn() throws {
    let texts = LabelledTexts(Self.composed.map { ($0, "fr") } + Self.plain.map { ($0, "en") })
    #expect(try ClassifierTrainer(texts, validation: texts).warnings.first?.contains("is what the model is trained on") == true)
    #expect(try ClassifierTrainer(texts, validation: LabelledTexts([(Self.plain[0], "en"), ("new", "fr")])).warnings == ["1 of 2 texts to measure on are among those to train on: on new ones figures are worse"])
    #expect(try ClassifierTrainer(texts, validation: LabelledTexts([("old", "en"), ("new", "fr")])).warnings.isEmpty)
    let pairs = SentencePairs(Self.composed.enumerated().map { ($1, Self.plain[$0]) })
    #expect(try TranslatorTrainer(pairs, validation: pairs).warnings.first?.contains("is what the model is trained on") == true)
    let text = try TextCorpus(String(repeating: "a text of some length\n", count: 40), name: "a.txt")
    #expect(try TextTrainer(text, validation: text).warnings.first?.hasPrefix("a.txt is what the model is trained on") == true)
    #expect(try TextTrainer(text).warnings.isEmpty)
    #expect(try TranslatorTrainer(SentencePairs((0..<5).map { ("a\($0).wav", "word") }), options: .init(validationFraction: 0)).warnings.first?.contains("names of sound files") == true)
  }

  @Test func promptsOfUnseenCharacters() throws {
    let corpus = try TextCorpus(String(repeating: "le café est né; the quick quiz\n", count: 30), name: "t")
    func model(_ tokens: Tokenizer.Kind) throws -> LanguageModel {
      var trainer = try TextTrainer(corpus, options: .init(tokens: tokens, vocabulary: tokens == .bpe ? 270 : nil, hidden: 4, embedding: 4, training: .init(budget: .steps(2), batch: 2)))
      try trainer.train()
      return trainer.model
    }
    for tokens in [Tokenizer.Kind.characters, .bytes, .bpe] {
      let model = try model(tokens)
      #expect(model.unseen(in: "le café quiz") == [], "\(tokens)")
      #expect(model.unseen(in: "le Z狐Z") == ["Z", "狐"], "\(tokens)")
      #expect(model.remark(onPrompt: "the quick") == nil)
      #expect(model.remark(onPrompt: "狐\u{1}") == "the model never saw the characters ‘狐’ (U+72D0), U+0001 of the prompt: what follows is a guess", "\(tokens)")
    }
    #expect(try model(.characters).remark(onPrompt: "cafe\u{301}") == "the model never saw the character U+0301 of the prompt: what follows is a guess; written with composed (NFC) characters it is known")
    #expect(try model(.words).remark(onPrompt: "le chien est") == "the model has no token for the word ‘chien’ of the prompt and reads it as unknown")
  }
}

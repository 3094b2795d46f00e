import Foundation
import RNNCells
import RNNData
import RNNLayers
import RNNTasks
import RNNTestSupport
import Testing

@Suite struct TranscriptNGramTests {
  static let tokens = Tokenizer(characters: " abcde".unicodeScalars)

  static func texts(_ count: Int, seed: UInt64) -> [[Int32]] {
    var random = Philox(seed: seed)
    return (0..<count).map { _ in
      var token: Int32 = 0
      return (0..<Int(random.next() % 12)).map { _ in
        // What comes next depends on what was.
        token = (token + Int32(random.next() % 3)) % 6
        return token
      }
    }
  }

  /// After any text the probabilities of all tokens and the end sum to 1, and none is impossible.
  @Test(arguments: [1, 2, 3, 6, 12]) func probabilitiesSumToOne(_ order: Int) {
    let model = TranscriptNGrams(Self.texts(60, seed: 3), tokenCount: 7, order: order)
    for text in Self.texts(40, seed: 4) + [[6, 6, 6], [5, 4, 3, 2, 1, 0, 5, 4, 3, 2, 1, 0]] {
      var context = model.beginning
      for token in text + [0] {
        let p = context.logProbabilities.map { exp(Double($0)) }
        #expect(p.count == 8 && abs(p.reduce(0, +) - 1) < 1e-6 && p.allSatisfy { $0 > 0 })
        context = model.contexts(after: [(context, token)])[0]
      }
    }
  }

  /// Counted on paper: a a b.
  @Test func smallNumbers() {
    // Two tokens. Single ones: a twice, b and the end once; so n₁ = 2, n₂ = 1, Y = 1/2, D₁ = 1 − 2 · 1/2 · 1/2 = 1/2, D₂ = 2.
    let one = TranscriptNGrams([[0, 0, 1]], tokenCount: 2, order: 1).beginning.logProbabilities.map { exp(Double($0)) }
    for (p, expected) in zip(one, [0.75 / 3, 0.125 + 0.75 / 3, 0.125 + 0.75 / 3] as [Double]) { #expect(abs(p - expected) < 1e-6) }
    // Pairs: ^a, aa, ab, b$ once each: Y = 1, D₁ = 1, so that all is left to single ones. Of these a comes after two (the beginning
    // and a), b and the end after one each: as above.
    let two = TranscriptNGrams([[0, 0, 1]], tokenCount: 2, order: 2).beginning.logProbabilities.map { exp(Double($0)) }
    for (p, expected) in zip(two, one) { #expect(abs(p - expected) < 1e-6) }
  }

  /// New texts, in which a token depends on the one before it, are more probable to a model that knows that one; what was counted is
  /// more probable than the same tokens backwards.
  @Test func contextsHelp() {
    let texts = Self.texts(300, seed: 8), new = texts.prefix(60)
    func score(_ texts: some Collection<[Int32]>, order: Int) -> Double {
      let model = TranscriptNGrams(Array(Self.texts(300, seed: 8).dropFirst(60)), tokenCount: 7, order: order)
      return texts.reduce(0) { $0 + model.score($1) }
    }
    #expect(score(new, order: 2) > score(new, order: 1) + 100)
    #expect(score(new, order: 3) > score(new.map { $0.reversed() }, order: 3) + 100)
  }

  @Test func saved() throws {
    let model = TranscriptNGrams(Self.texts(30, seed: 5), tokenCount: 7, order: 4)
    #expect(TranscriptNGrams(model.tensor, tokenCount: 7, order: 4) == model)
    #expect(TranscriptNGrams(model.tensor, tokenCount: 6, order: 4) == nil)
    #expect(TranscriptNGrams(model.tensor, tokenCount: 7, order: 33) == nil)
    for values in [[0, 1], [0.5, 7], [-1, 7], [.nan, 7], [8, 7]] as [[Float]] {
      #expect(TranscriptNGrams(Tensor(values, shape: [2]), tokenCount: 7, order: 4) == nil)
    }
    let nothing = TranscriptNGrams([], tokenCount: 7, order: 4)
    #expect(nothing.beginning.logProbabilities.allSatisfy { abs($0 - log(1 / 8)) < 1e-6 })
    #expect(TranscriptNGrams(nothing.tensor, tokenCount: 7, order: 4) == nothing)
  }
}

@Suite struct TranscriptNetworkTests {
  static func model(_ characters: String, _ cell: Cell = .lstm) throws -> LanguageModel {
    try LanguageModel(
      .init(cell: cell, hidden: 12, layers: 2, embedding: 5), tokenizer: Tokenizer(characters: characters.unicodeScalars), seed: 3)
  }

  /// What the model says of a text read step by step, a beginning at a time; alone and beside others the same bits.
  @Test func saysWhatTheModelSays() throws {
    let model = try Self.model("\n abcdefg.")
    let tokens = Tokenizer(characters: "gba ".unicodeScalars)
    let network = try TranscriptNetwork(model, tokens: tokens)
    let texts = ["ab ba", "gg", "", " a"].map { tokens.encode($0) }
    for text in texts {
      let session = try TextSession(TextGenerator(model), GenerationOptions())
      var logits = session.logits(after: model.tokenizer.encode("\n")[0])
      var context = network.beginning
      for (i, token) in (text + [0]).enumerated() {
        let all = CTC.logProbabilities(Tensor(logits, shape: [logits.count])).values
        for own in 0..<Int32(4) {
          #expect(context.logProbabilities[Int(own)].bitPattern == all[Int(model.tokenizer.encode(tokens.decode(own))[0])].bitPattern)
        }
        #expect(context.logProbabilities.count == 6 && context.logProbabilities[5] == all[0], "place \(i)")
        let others = texts.compactMap(\.first).map { (network.beginning, $0) }
        context = network.contexts(after: others + [(context, token)] + others)[others.count]
        logits = session.logits(after: model.tokenizer.encode(tokens.decode(token))[0])
      }
    }
  }

  /// A cell that reads the index of its step, in a beam of texts of different lengths.
  @Test func cellsThatCount() throws {
    let cell = Cell("clock", state: "h") { x, s, W, b in ["h": tanh(W.xh * x + W.hh * s.h + 0.1 * s.step)] }
    let network = try TranscriptNetwork(try Self.model("\nab", cell), tokens: Tokenizer(characters: "ab".unicodeScalars))
    let later = network.contexts(after: [(network.beginning, 0)])[0]
    let together = network.contexts(after: [(network.beginning, 1), (later, 1)])
    #expect(together[0].logProbabilities == network.contexts(after: [(network.beginning, 1)])[0].logProbabilities)
    #expect(together[1].logProbabilities == network.contexts(after: [(later, 1)])[0].logProbabilities)
    #expect(together[0].logProbabilities != together[1].logProbabilities)
  }

  @Test func modelsThatCannotReadTheTokens() throws {
    let model = try Self.model("\nabc")
    for (tokens, part) in [
      (Tokenizer(characters: "abxé".unicodeScalars), "“x”, “é”"), (.bytes, "and 2"), (try Tokenizer(words: ["ab", "a"]), "“ab”"),
    ] {
      do {
        _ = try TranscriptNetwork(model, tokens: tokens)
        Issue.record("a model of other tokens was accepted")
      } catch let error {
        #expect(error.kind == .usage && error.message.contains(part), "\(error)")
      }
    }
    // Without a line's end a text may end anywhere.
    let open = try TranscriptNetwork(try Self.model("abc"), tokens: Tokenizer(characters: "ab".unicodeScalars))
    #expect(open.beginning.logProbabilities.last == 0)
  }

  /// The search with it, without limits, against the scores of all texts.
  @Test func searchedWith() throws {
    let tokens = Tokenizer(characters: "ab".unicodeScalars)
    let network = try TranscriptNetwork(try Self.model("\nab"), tokens: tokens)
    var random = Philox(seed: 6)
    let rows = CTC.logProbabilities(Tensor(uniform: -2..<2, shape: [5, 4], using: &random))
    let options = TranscriptionOptions(beam: 1000, count: 100, languageModelWeight: 1.5, leastProbability: 0)
    var decoder = TranscriptDecoder(options, tokens: tokens, languageModel: network)
    decoder.push(rows)
    let found = decoder.best(100)
    #expect(found.count > 20)
    for transcript in found { #expect(abs(transcript.score - transcript.logProbability - 1.5 * network.score(transcript.tokens)) < 1e-9) }
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
  }
}

@Suite struct TranscriptTuningTests {
  /// Texts whose network hesitates between two letters: what is chosen is at least as good as all that can be chosen by hand, twice
  /// the same, and much better than no language model.
  @Test func weightAndBonus() {
    let tokens = TranscriptNGramTests.tokens, texts = TranscriptNGramTests.texts(260, seed: 11).filter { $0.count > 2 }
    var random = Philox(seed: 12)
    let examples: [TranscriptTuning.Example] = texts.prefix(25).map { text in
      var x = Tensor(uniform: 0..<1, shape: [2 * text.count, 8], using: &random)
      for (i, token) in text.enumerated() {
        x[2 * i, Int(token)] += 3
        x[2 * i, Int(random.next() % 6)] += 3
        x[2 * i + 1, 7] += 5
      }
      return (CTC.logProbabilities(x), String(decoding: tokens.decode(text), as: UTF8.self))
    }
    let model = TranscriptNGrams(Array(texts.dropFirst(25)), tokenCount: 7, order: 3)
    let tuning = TranscriptTuning(examples, tokens: tokens, languageModel: model, options: .init(beam: 8))
    var parts: [Double] = []
    let best = tuning.best { parts.append($0) }
    #expect(parts == parts.sorted() && parts.count > 30 && parts.last == 1)
    #expect(best.options.beam == 8)
    let again = withThreads(1) { tuning.best() }
    #expect(again.options == best.options && again.words == best.words)
    for (weight, bonus) in [(0, 0), (0.5, 0), (1, 1), (2, 3), (0.25, -1)] as [(Double, Double)] {
      let other = tuning.outcome(.init(beam: 8, languageModelWeight: weight, lengthBonus: bonus))
      #expect(best.words.errors <= other.words.errors)
      if weight == 0 { #expect(best.characters.errors < other.characters.errors) }
    }
    #expect(tuning.outcome(best.options).words == best.words)
  }
}

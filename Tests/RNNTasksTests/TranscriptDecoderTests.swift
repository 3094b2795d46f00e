import Foundation
import RNNData
import RNNLayers
import RNNTasks
import RNNTestSupport
import Testing

/// What a network may say of some rows, in logarithms, and the same search done plainly.
private enum Plain {
  /// The characters “ ”, “a”, “b”, the unknown one, and the blank.
  static let tokens = Tokenizer(characters: " ab".unicodeScalars)
  static let blank = 4

  static func rows(_ count: Int, seed: UInt64, range: Float = 2) -> Tensor {
    var random = Philox(seed: seed)
    return CTC.logProbabilities(Tensor(uniform: -range..<range, shape: [count, 5], using: &random))
  }

  struct Text {
    var logProbability = -Double.infinity
    /// The most probable path, a class in each row.
    var best = (logProbability: -Double.infinity, path: [Int]())
  }

  /// What a path says.
  static func reading(_ path: [Int]) -> [Int32] {
    path.indices.filter { path[$0] != blank && ($0 == 0 || path[$0] != path[$0 - 1]) }.map { Int32(path[$0]) }
  }

  /// Every text, by going through all paths.
  static func texts(_ rows: Tensor) -> [[Int32]: Text] {
    var paths: [(path: [Int], logProbability: Double)] = [([], 0)]
    for t in 0..<rows.shape[0] {
      paths = paths.flatMap { path in [0, 1, 2, blank].map { (path.path + [$0], path.logProbability + Double(rows[t, $0])) } }
    }
    var texts: [[Int32]: Text] = [:]
    for (path, p) in paths {
      let text = reading(path)
      var found = texts[text] ?? Text()
      let (high, low) = (max(found.logProbability, p), min(found.logProbability, p))
      found.logProbability = high + log1p(exp(low - high))
      if p > found.best.logProbability { found.best = (p, path) }
      texts[text] = found
    }
    return texts
  }

  /// A word of a path, its first row, and the row after its last.
  struct Word {
    var text: String
    var begin, end: Int
  }

  static func words(_ path: [Int]) -> [Word] {
    var words: [Word] = []
    var isInWord = false
    for (t, c) in path.enumerated() where c != blank {
      if c == 0 {
        isInWord = false
      } else if isInWord, t > 0, path[t - 1] == c {
        words[words.count - 1].end = t + 1
      } else {
        let letter = c == 1 ? "a" : "b"
        if isInWord { words[words.count - 1].text += letter } else { words.append(Word(text: letter, begin: t, end: t)) }
        words[words.count - 1].end = t + 1
        isInWord = true
      }
    }
    return words
  }

  /// Prefix beam search as it is written in the paper, with a dictionary of texts.
  static func search(_ rows: Tensor, beam width: Int, least: Double) -> [(text: [Int32], logProbability: Double)] {
    func sum(_ a: Double, _ b: Double) -> Double { let high = max(a, b); return high == -.infinity ? high : high + log1p(exp(min(a, b) - high)) }
    var beam: [[Int32]: (blank: Double, token: Double)] = [[]: (0, -.infinity)]
    for t in 0..<rows.shape[0] {
      var next: [[Int32]: (blank: Double, token: Double)] = [:]
      for (text, (ofBlank, ofToken)) in beam {
        let nothing = (-Double.infinity, -Double.infinity)
        next[text, default: nothing].blank = sum(next[text]?.blank ?? -.infinity, sum(ofBlank, ofToken) + Double(rows[t, blank]))
        if let last = text.last { next[text]!.token = sum(next[text]!.token, ofToken + Double(rows[t, Int(last)])) }
        for c in 0..<3 where rows[t, c] >= Float(log(least)) {
          let from = text.last == Int32(c) ? ofBlank : sum(ofBlank, ofToken)
          // What left the beam begins anew.
          next[text + [Int32(c)], default: nothing].token = sum(next[text + [Int32(c)]]?.token ?? -.infinity, from + Double(rows[t, c]))
        }
      }
      beam = Dictionary(uniqueKeysWithValues: next.sorted { sum($0.value.blank, $0.value.token) > sum($1.value.blank, $1.value.token) }.prefix(width).map { ($0.key, $0.value) })
    }
    return beam.map { ($0.key, sum($0.value.blank, $0.value.token)) }.sorted { $0.1 > $1.1 }
  }
}

@Suite struct TranscriptDecoderTests {
  static let everything = TranscriptionOptions(beam: 10_000, count: 5, leastProbability: 0)

  static func decoded(_ rows: Tensor, _ options: TranscriptionOptions, _ model: (any TranscriptLanguageModel)? = nil) -> [Transcript] {
    var decoder = TranscriptDecoder(options, tokens: Plain.tokens, languageModel: model)
    decoder.push(rows)
    return decoder.best(options.count)
  }

  // MARK: Search

  /// Without limits the search finds every text with its exact probability, and the best path to it.
  @Test(arguments: 1...6) func findsAllTextsWithTheirProbabilities(_ steps: Int) {
    let rows = Plain.rows(steps, seed: UInt64(steps))
    let expected = Plain.texts(rows)
    var options = Self.everything
    options.count = expected.count
    let found = Self.decoded(rows, options)
    #expect(found.count == expected.count)
    let order = expected.sorted { $0.value.logProbability > $1.value.logProbability }
    for (transcript, (tokens, text)) in zip(found, order) {
      #expect(transcript.tokens == tokens && transcript.text == String(decoding: Plain.tokens.decode(tokens), as: UTF8.self))
      #expect(abs(transcript.logProbability - text.logProbability) < 1e-10 && transcript.score == transcript.logProbability)
      let words = Plain.words(text.best.path)
      #expect(transcript.words.map { [$0.begin, $0.end] } == words.map { [$0.begin, $0.end] }, "\(transcript.text) of \(text.best.path)")
      #expect(transcript.words.map(\.text) == words.map(\.text))
    }
    #expect(abs(found.reduce(0) { $0 + $1.confidence } - 1) < 1e-10)
    // All of them but those with the unknown character.
    #expect(found.reduce(0) { $0 + exp($1.logProbability) } < 1)
  }

  /// A narrow beam, long enough for most texts to be forgotten, against the search done plainly.
  @Test func narrowBeamOnLongRows() {
    let rows = Plain.rows(4000, seed: 40, range: 6)
    let options = TranscriptionOptions(beam: 6, count: 6, leastProbability: 0.01)
    let expected = Plain.search(rows, beam: 6, least: 0.01)
    var decoder = TranscriptDecoder(options, tokens: Plain.tokens)
    var most = 0
    for t in 0..<4000 {
      decoder.push(rows.rows(t..<t + 1))
      if t % 100 == 0 { most = max(most, decoder.state.prefixes.reduce(0) { $0 + $1.count } - 2 * decoder.best()[0].tokens.count) }
    }
    let found = decoder.best(6)
    #expect(found.map(\.tokens) == expected.map(\.text))
    for (transcript, text) in zip(found, expected) { #expect(abs(transcript.logProbability - text.logProbability) < 1e-7) }
    #expect(found[0].tokens.count > 1000 && most < 100_000, "\(found[0].tokens.count) tokens, \(most) numbers")
    for (word, next) in zip(found[0].words, found[0].words.dropFirst()) { #expect(word.begin < word.end && word.end <= next.begin) }
  }

  @Test func greedyIsTheBestPath() {
    for seed in 50..<60 as Range<UInt64> {
      let rows = Plain.rows(30, seed: seed, range: 4)
      let path = (0..<30).map { t in [0, 1, 2, Plain.blank].max { rows[t, $0] < rows[t, $1] } ?? 0 }
      let found = Self.decoded(rows, .greedy)
      #expect(found.count == 1)
      #expect(found[0].tokens == Plain.reading(path))
      let p: Double = path.indices.reduce(0.0) { $0 + Double(rows[$1, path[$1]]) }
      #expect(abs(found[0].logProbability - p) < 1e-10 && abs(found[0].confidence - exp(p)) < 1e-12)
      #expect(found[0].words.map { [$0.begin, $0.end] } == Plain.words(path).map { [$0.begin, $0.end] })
    }
  }

  @Test(arguments: [1, 8]) func wordsHaveTimesAndConfidence(_ beam: Int) {
    // a a – b – – ␣ ␣ a –, with the probability 0.9 but for one row of b and the a at the end.
    var rows = Tensor(repeating: log(0.025), shape: [10, 5])
    for (t, c) in [1, 1, 4, 2, 4, 4, 0, 0, 1, 4].enumerated() { rows[t, c] = log(0.9) }
    rows[3, 2] = log(0.6)
    rows[8, 1] = log(0.5)
    let found = Self.decoded(rows, TranscriptionOptions(beam: beam))[0]
    #expect(found.text == "ab a")
    #expect(found.words.map(\.text) == ["ab", "a"])
    #expect(found.words.map { [$0.begin, $0.end] } == [[0, 4], [8, 9]])
    #expect(abs(found.words[0].confidence - (0.9 * 0.6).squareRoot()) < 1e-6)
    #expect(abs(found.words[1].confidence - 0.5) < 1e-6)
  }

  @Test func whatIsUnknownIsNeverSaid() {
    var rows = Tensor(repeating: log(0.001), shape: [6, 5])
    for t in 0..<6 { rows[t, 3] = log(0.99) }
    for beam in [1, 4, 100] {
      for transcript in Self.decoded(rows, TranscriptionOptions(beam: beam, leastProbability: 0)) { #expect(!transcript.tokens.contains(3)) }
    }
  }

  @Test func wordsOfOtherTokenizers() throws {
    let words = try Tokenizer(words: ["yes", "no"])
    // Line end, yes, no, unknown, blank.
    var rows = Tensor(repeating: log(0.01), shape: [5, 5])
    for (t, c) in [1, 4, 1, 2, 2].enumerated() { rows[t, c] = log(0.96) }
    var decoder = TranscriptDecoder(.init(), tokens: words)
    decoder.push(rows)
    #expect(decoder.best()[0].text == "yes yes no")
    #expect(decoder.best()[0].words.map { [$0.begin, $0.end] } == [[0, 1], [2, 3], [3, 5]])
  }

  /// A damaged model's numbers end nothing but the transcript.
  @Test func whatIsNoNumber() {
    for value in [Float.nan, .infinity, -.infinity] {
      var rows = Plain.rows(30, seed: 65)
      for c in 0..<5 { rows[7, c] = value }
      rows[12, 2] = value
      for options in [.greedy, TranscriptionOptions(beam: 8)] {
        let found = Self.decoded(rows, options)[0]
        #expect(found.words.allSatisfy { 0 <= $0.begin && $0.begin < $0.end && $0.end <= 30 })
      }
    }
  }

  @Test func noRows() {
    for options in [.greedy, TranscriptionOptions()] {
      let found = Self.decoded(Tensor(zeros: [0, 5]), options)
      #expect(found.count == 1 && found[0].text == "" && found[0].logProbability == 0 && found[0].words.isEmpty)
    }
  }

  // MARK: Pieces

  /// However rows are cut, whenever it is asked, and saved in the middle: the same bits.
  @Test(arguments: [1, 3, 20]) func rowsInPieces(_ beam: Int) throws {
    let rows = Plain.rows(60, seed: 70, range: 3)
    let options = TranscriptionOptions(beam: beam, count: min(beam, 3), lengthBonus: 0.3)
    let model = TranscriptNGrams([[1, 2, 0, 1], [2, 2, 0, 1, 1]], tokenCount: 4, order: 3)
    let whole = Self.decoded(rows, options, model)
    for size in [1, 7, 59] {
      var decoder = TranscriptDecoder(options, tokens: Plain.tokens, languageModel: model)
      for begin in stride(from: 0, to: 60, by: size) {
        decoder.push(rows.rows(begin..<min(begin + size, 60)))
        let copy = decoder
        #expect(copy.best(isEnd: false).count == 1)
        var other = copy
        other.push(Plain.rows(3, seed: 1))
        let json = try JSONEncoder().encode(decoder.state)
        let state = try JSONDecoder().decode(TranscriptDecoder.State.self, from: json)
        #expect(state == decoder.state)
        decoder = try TranscriptDecoder(options, tokens: Plain.tokens, languageModel: model, continuing: state)
      }
      #expect(decoder.rows == 60 && decoder.best(options.count) == whole, "pieces of \(size)")
    }
  }

  @Test func damagedStates() throws {
    var decoder = TranscriptDecoder(.init(beam: 4), tokens: Plain.tokens)
    decoder.push(Plain.rows(20, seed: 80))
    let good = decoder.state
    func expectFailure(_ change: (inout TranscriptDecoder.State) -> Void) {
      var state = good
      change(&state)
      #expect(throws: RNNError.self) { try TranscriptDecoder(.init(beam: 4), tokens: Plain.tokens, continuing: state) }
    }
    expectFailure { $0.rows = -1 }
    expectFailure { $0.places = [] }
    expectFailure { $0.numbers.removeLast() }
    expectFailure { $0.numbers[0] = [] }
    expectFailure { $0.places[0][0] = 1 << 20 }
    expectFailure { $0.places[0][1] = -2 }
    expectFailure { $0.places[1] = $0.places[0] }
    expectFailure { $0.places[2][7] = 4 }
    expectFailure { $0.prefixes = [] }
    expectFailure { $0.prefixes[0] = [] }
    expectFailure { $0.prefixes[1].removeLast() }
    expectFailure { $0.prefixes[0][1] = 1 }
    expectFailure { $0.prefixes[1][1] = 4 }
    expectFailure { $0.prefixes[2][0] = 0 }
    expectFailure { $0.prefixes[3][0] = -1 }
    #expect(throws: RNNError.self) { try TranscriptDecoder(.init(beam: 3), tokens: Plain.tokens, continuing: good) }
    #expect(throws: RNNError.self) { try TranscriptDecoder(.init(beam: 4), tokens: Tokenizer(characters: "a".unicodeScalars), continuing: good) }
  }

  // MARK: With a language model

  /// Without limits, the best of all texts by network, language model and bonus together.
  @Test(arguments: [(0.7, 0.4), (2, -1), (0, 1.5)]) func languageModelAndBonus(_ weight: Double, _ bonus: Double) {
    let rows = Plain.rows(6, seed: 90)
    let model = TranscriptNGrams([[1, 2, 0, 1], [2, 2, 0, 1, 1], [2]], tokenCount: 4, order: 3)
    var options = Self.everything
    (options.languageModelWeight, options.lengthBonus) = (weight, bonus)
    let scores = Plain.texts(rows).map { tokens, text in
      (tokens, text.logProbability + (weight > 0 ? weight * model.score(tokens) : 0) + bonus * Double(tokens.count))
    }
    let best = scores.sorted { $0.1 > $1.1 }.prefix(5)
    let found = Self.decoded(rows, options, model)
    #expect(found.map(\.tokens) == best.map(\.0))
    for (transcript, expected) in zip(found, best) { #expect(abs(transcript.score - expected.1) < 1e-10) }
    let total = scores.reduce(0) { $0 + exp($1.1) }
    #expect(abs(found[0].confidence - exp(found[0].score) / total) < 1e-10)
  }

  @Test func optionsThatCannotBe() throws {
    try TranscriptionOptions().validate()
    try TranscriptionOptions.greedy.validate()
    for options in [
      TranscriptionOptions(beam: 0), .init(beam: 4, count: 5), .init(count: 0), .init(languageModelWeight: -1), .init(lengthBonus: .nan),
      .init(leastProbability: 1),
    ] {
      #expect(throws: RNNError.self) { try options.validate() }
    }
  }
}

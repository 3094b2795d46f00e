import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

/// What is read as it stands, but said because something else may be meant.
@Suite struct DoubtTests {
  private func expectWarning(_ words: String, _ texts: [(text: String, label: String)], location: SourceLocation = #_sourceLocation) {
    let warnings = LabelledTexts(texts).warnings
    #expect(warnings.count == 1 && warnings.first?.contains(words) == true, "\(warnings)", sourceLocation: location)
  }

  @Test func labels() {
    #expect(LabelledTexts([("good film", "pos"), ("bad film", "neg")]).warnings.isEmpty)
    let none = LabelledTexts([("a film", "NA"), ("b film", "x"), ("c film", "NA")])
    #expect(none.labels == ["NA", "x"], "a class like any other")
    expectWarning("the label ‘NA’ (2 texts) is a class like the others", [("a film", "NA"), ("b film", "x"), ("c film", "NA")])
    expectWarning("the label ‘none’ (1 text)", [("a film", "none"), ("b film", "x")])
    expectWarning("the labels ‘POS’ (1) and ‘pos’ (2) look alike; where they are one, give them one name (--map pos=POS,…)", [("a b", "pos"), ("c d", "POS"), ("e f", "pos"), ("g h", "neg")])
    expectWarning("the labels ‘1’ (1) and ‘1.0’ (1) look alike", [("a b", "1"), ("c d", "1.0"), ("e f", "2")])
    expectWarning("the labels ‘sci fi’ (1) and ‘sci-fi’ (1) look alike", [("a b", "sci-fi"), ("c d", "sci fi"), ("e f", "x")])
    #expect(LabelledTexts([("a b", "1"), ("c d", "-1"), ("e f", "+"), ("g h", "-")]).warnings.isEmpty)
  }

  @Test func textsThatAreNone() {
    expectWarning("all texts are numbers, such as ‘5.1’: they are read as words", [("5.1", "a"), (" 4.9", "b"), ("-1e3", "a")])
    expectWarning("all texts are names of sound files, such as ‘a.wav’: what is in the files isn't read; rnn train transcribe", [("a.wav", "a"), ("clips/b b.WAV", "b")])
    expectWarning("all texts are names of pictures, such as ‘x/1.png’", [("x/1.png", "a"), ("2.jpg", "b"), ("3.png", "b")].filter { $0.0.hasSuffix("png") })
    expectWarning("nearly all texts are numbers", (0..<39).map { ("\($0)", "\($0 % 2 == 0 ? "x" : "y")") } + [("word", "x")])
    #expect(LabelledTexts((0..<10).map { ("\($0)", "\($0 % 2 == 0 ? "x" : "y")") } + [("one word", "x"), ("listen to this.", "x")]).warnings.isEmpty)
    #expect(LabelledTexts([("nan", "a"), ("infinity", "b"), ("e.g.", "a"), (".wav", "b")]).warnings.isEmpty)
  }

  @Test func composedAndDecomposed() throws {
    let composed = Array("Café, ŉåïve".utf8), decomposed = Array("Cafe\u{301}, ŉa\u{30A}i\u{308}ve".utf8)
    #expect(composed != decomposed)
    let normalizer = TextNormalizer(lowercase: true, splitsSigns: true)
    #expect(normalizer(composed) == normalizer(decomposed) && normalizer(composed) == Array("café , ŉåïve".utf8))
    #expect(TextNormalizer.composed(decomposed) == composed && TextNormalizer.none(decomposed) == decomposed)
    #expect(TextNormalizer.composed([0x65, 0xCC, 0x81, 0xFF]) == [0x65, 0xCC, 0x81, 0xFF], "what is not UTF-8 stays")
    // Models of before read texts as they were, and say nothing of it.
    let before = try JSONDecoder().decode(TextNormalizer.self, from: Data("{\"lowercase\":true,\"splitsSigns\":false}".utf8))
    #expect(before == TextNormalizer(lowercase: true, splitsSigns: false, composes: false))
    #expect(try JSONDecoder().decode(TextNormalizer.self, from: JSONEncoder().encode(normalizer)) == normalizer)
  }

  @Test func wordsOfSeriesThatMayMeanNothing() throws {
    func read(_ text: String, _ options: SeriesReadingOptions) throws -> SeriesSet {
      let folder = try TemporaryFolder(["data.csv": text])
      return try SeriesSet(reading: [folder["data.csv"]], options: options)
    }
    let text = "y,region\n1,EU\n2,NA\n3,\n4,none\n"
    let set = try read(text, .init(targets: ["y"], past: ["region"]))
    #expect(set.past == ["region=EU", "region=NA", "region=none"])
    #expect(set.series[0].past.map { $0.map { $0.isNaN ? -1 : $0 } } == [[1, 0, -1, 0], [0, 1, -1, 0], [0, 0, -1, 1]])
    #expect(set.warnings.contains { $0.hasPrefix("column 2 (‘region’): ‘NA’ is a word like the others, in 1 row") })
    // In use as in training: words like the others, or nothing where there were none of these.
    #expect(try read(text, #require(set.reading)).series[0].past.map { $0.map { $0.isNaN ? -1 : $0 } } == set.series[0].past.map { $0.map { $0.isNaN ? -1 : $0 } })
    #expect(try read(text, .init(targets: ["y"], past: ["region=EU"])).series[0].past[0].map(\.isNaN) == [false, true, true, true])
    // A column of numbers has no words.
    #expect(try read("y,x\n1,2\n2,NA\n3,4\n", .init(targets: ["y"], past: ["x"])).series[0].past[0].map(\.isNaN) == [false, true, false])
  }
}

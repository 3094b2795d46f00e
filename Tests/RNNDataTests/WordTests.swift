import RNN
import Testing

@Suite struct WordTokenizerTests {
  private func tokenizer(_ text: String, vocabulary: Int? = nil) throws -> Tokenizer {
    try Tokenizer(wordsOf: TextCorpus(text), vocabulary: vocabulary)
  }

  @Test func theMostFrequentWordsComeFirst() throws {
    let text = "b c a a\nb a c d <unk>\n"
    let all = try tokenizer(text)
    #expect(all.words == ["a", "b", "c", "d"], "by count, then by first occurrence")
    #expect(all.count == 6 && all.unknown == 5)
    #expect(all.encode(text) == [2, 3, 1, 1, 0, 2, 1, 3, 4, 5, 0])
    // The line end, the unknown word and two others.
    #expect(try tokenizer(text, vocabulary: 4).words == ["a", "b"])
    #expect(try tokenizer(text, vocabulary: 4).encode(text) == [2, 3, 1, 1, 0, 2, 1, 3, 3, 3, 0])
  }

  /// Else nothing would teach a model where unknown words stand.
  @Test func aWordThatOccursOnceIsUnknown() throws {
    #expect(try tokenizer("a b a c\n").words == ["a"])
    #expect(try tokenizer("a b a <unk>\n").words == ["a", "b"], "the text has unknown words of its own")
    #expect(try tokenizer("a b c").words == [])
  }

  @Test func whitespaceIsThatOfASCII() throws {
    let tokenizer = try Tokenizer(words: ["a", "b", "a\u{A0}b", "…"])
    #expect(tokenizer.encode(" a\t b\u{B}\u{C}a\r\nb\n\n… a\u{A0}b") == [1, 2, 1, 0, 2, 0, 0, 4, 3])
    #expect(tokenizer.encode("a b") == [1, 2], "no line end is made up")
    #expect(tokenizer.encode("") == [] && tokenizer.encode(" \t\r") == [])
    #expect(tokenizer.encode([0xFF, 0x20, 0x61, 0xC3]) == [5, 5])
    // Equivalent for Unicode, but not the same bytes.
    #expect(try Tokenizer(words: ["é", "e\u{301}"]).encode("e\u{301} é") == [2, 1])
  }

  @Test func wordsAreJoinedBySpacesAndLinesByNewlines() throws {
    let tokenizer = try tokenizer("one two  one\ttwo\r\n\none two")
    #expect(String(decoding: tokenizer.decode(tokenizer.encode("one two  one\ttwo\r\n\n one other\n")), as: UTF8.self) == "one two one two\n\none <unk>\n")
    #expect(tokenizer.decode(1, afterWord: true) == ArraySlice(" one".utf8))
    #expect(tokenizer.decode(1, afterWord: false) == ArraySlice("one".utf8))
    #expect(tokenizer.decode(0, afterWord: true) == ArraySlice("\n".utf8))
    #expect(tokenizer.endsInWord(Array("one".utf8)) && !tokenizer.endsInWord(Array("one ".utf8)) && !tokenizer.endsInWord([]))
    #expect(!Tokenizer.bytes.endsInWord(Array("one".utf8)) && Tokenizer.bytes.decode(65, afterWord: true) == [65])
  }

  /// A word that no token could have must not cost memory either.
  @Test func longWordsAreUnknown() throws {
    let longest = String(repeating: "x", count: 256), longer = longest + "x"
    let tokenizer = try tokenizer("\(longest) \(longest) \(longer) \(longer)\n")
    #expect(tokenizer.words == [longest])
    #expect(tokenizer.encode("\(longer) \(longest) \(longer)\n\(longer)") == [2, 1, 2, 0, 2])
    #expect(tokenizer.encode([UInt8](repeating: 0x78, count: 10_000_000)) == [2])
  }

  @Test func encodedRoundTrips() throws {
    for words in [[], ["a"], ["b", "a", "é", "e\u{301}", "\"", "\\", "\u{1}", "words:", "狐", "\u{A0}"]] {
      let tokenizer = try Tokenizer(words: words)
      #expect(tokenizer.encoded == "words:" + words.joined(separator: " "))
      #expect(try Tokenizer(encoded: tokenizer.encoded) == tokenizer)
    }
    // Enough for its table to grow several times.
    let many = try Tokenizer(words: (0..<5000).map { "w\($0)" })
    #expect(try Tokenizer(encoded: many.encoded) == many)
    for i in [0, 1, 77, 4999] { #expect(many.encode("w\(i)") == [Int32(i + 1)]) }
  }

  @Test(arguments: [
    ("words", "is not a tokenizer"), ("Words:a", "is not a tokenizer"), ("words:a  b", "a word can't be empty"),
    ("words: a", "a word can't be empty"), ("words:a b a", "‘a’ in a tokenizer's words: it is there twice"),
    ("words:a\nb", "there is no whitespace in a word"), ("words:<unk>", "the token of all other words"),
    ("words:" + String(repeating: "x", count: 257), "a word has at most 256 bytes"),
  ])
  func badEncodings(_ encoded: String, _ expected: String) {
    let error = #expect(throws: RNNError.self, "\(encoded)") { try Tokenizer(encoded: encoded) }
    #expect(error?.kind == .badData)
    #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
  }

  @Test func vocabulariesThatCannotBe() {
    for size in [-1, 0, 2, 1_000_001] {
      let error = #expect(throws: RNNError.self) { try tokenizer("a a", vocabulary: size) }
      #expect(error?.kind == .usage && error?.message.contains("a vocabulary of \(size)") == true)
    }
    let error = #expect(throws: RNNError.self) { try Tokenizer(wordsOf: TextCorpus([0x61, 0xFF], name: "t")) }
    #expect(error?.kind == .badData && error?.message.contains("t is not UTF-8: byte 1") == true)
  }

  @Test func description() throws {
    #expect(try Tokenizer(words: ["a", "b"]).description == "2 words, the line end, and one token for any other word")
  }

  /// The first token is given with all before it; whitespace is text too.
  @Test func unitsOfWords() throws {
    let tokenizer = try Tokenizer(words: ["a"])
    #expect(tokenizer.predictedUnits(in: Array(" é  a\nb ".utf8)) == TextUnits(tokens: 3, characters: 6, bytes: 6))
    #expect(tokenizer.predictedUnits(in: Array("abc".utf8)) == TextUnits(tokens: 0, characters: 0, bytes: 0))
    #expect(tokenizer.predictedUnits(in: Array("\n".utf8)) == TextUnits(tokens: 0, characters: 0, bytes: 0))
    #expect(tokenizer.predictedUnits(in: Array("  ".utf8)) == TextUnits(tokens: 0, characters: 0, bytes: 0))
  }
}

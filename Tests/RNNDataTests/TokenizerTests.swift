import RNN
import RNNTestSupport
import Testing

@Suite struct TokenizerTests {
  @Test func bytes() {
    let tokenizer = Tokenizer.bytes
    #expect(tokenizer.count == 256)
    #expect(tokenizer.unknown == nil)
    let all = [UInt8](0...255)
    #expect(tokenizer.encode(all) == all.map { Int32($0) })
    #expect(tokenizer.decode(tokenizer.encode(all)) == all)
  }

  @Test func charactersAreOrderedByCodePoint() throws {
    let text = "b😀a\u{1}\"é\nb"
    let tokenizer = try Tokenizer(charactersOf: TextCorpus(Array(text.utf8), name: "t"))
    #expect(tokenizer.scalars == ["\u{1}", "\n", "\"", "a", "b", "é", "😀"])
    #expect(tokenizer.count == 8)
    #expect(tokenizer.unknown == 7)
    #expect(tokenizer.encode(text) == [4, 6, 3, 0, 2, 5, 1, 4])
    #expect(tokenizer.decode(tokenizer.encode(text)) == Array(text.utf8))
  }

  @Test func anythingUnseenIsUnknown() throws {
    let tokenizer = Tokenizer(characters: "ab€".unicodeScalars)
    #expect(tokenizer.encode("aé😀b\u{20AD}") == [0, 3, 3, 1, 3])
    #expect(tokenizer.encode([0x61, 0xFF, 0xE2, 0x82, 0x62]) == [0, 3, 3, 1])
    #expect(tokenizer.decode(3) == ArraySlice("\u{FFFD}".utf8))
  }

  /// The replacement character is an ordinary one when the text has it.
  @Test func replacementCharacterInTheText() {
    let tokenizer = Tokenizer(characters: "a\u{FFFD}".unicodeScalars)
    #expect(tokenizer.encode("\u{FFFD}b") == [1, 2])
  }

  @Test func charactersOfAPart() throws {
    let corpus = try TextCorpus(Array("aaabbb".utf8), name: "t")
    #expect(try Tokenizer(charactersOf: corpus, in: [0..<3]).scalars == ["a"])
  }

  @Test func everyScalarSurvivesTheFile() throws {
    let all = Tokenizer(characters: (UInt32(0)...0x10FFFF).lazy.compactMap(Unicode.Scalar.init))
    #expect(all.encoded == "characters:0-d7ff,e000-10ffff")
    #expect(try Tokenizer(encoded: all.encoded) == all)
    var token: Int32 = 0
    for scalar in all.scalars {
      if Array(all.decode(token)) != Array(scalar.utf8) || all.encode(String(scalar)) != [token] { Issue.record("\(scalar)") }
      token += 1
    }
  }

  @Test func encodedRoundTrips() throws {
    #expect(try Tokenizer(encoded: "bytes") == .bytes)
    let tokenizer = Tokenizer(characters: "\n !~\"\\\u{0}\u{7F}é😀😁\u{10FFFF}".unicodeScalars)
    #expect(tokenizer.encoded == "characters:0,a,20-22,5c,7e-7f,e9,1f600-1f601,10ffff")
    #expect(try Tokenizer(encoded: tokenizer.encoded) == tokenizer)
    var random = Philox(seed: 3)
    for _ in 0..<200 {
      let some = Tokenizer(characters: (0..<20).compactMap { _ in Unicode.Scalar(UInt32(random.next() % 300)) })
      #expect(try Tokenizer(encoded: some.encoded) == some)
    }
    #expect(try Tokenizer(encoded: Tokenizer(characters: []).encoded) == Tokenizer(characters: []))
  }

  @Test(arguments: [
    ("", "‘’ is not a tokenizer: expected ‘bytes’ or ‘characters:’ with code points"),
    ("Bytes", "‘Bytes’ is not a tokenizer"), ("bytes ", "is not a tokenizer"), ("characters", "is not a tokenizer"),
    ("characters:,", "‘’ in a tokenizer's characters: expected one to six hexadecimal digits without leading zeros"),
    ("characters:61,", "expected one to six hexadecimal digits"), ("characters:061", "without leading zeros"),
    ("characters:1000000", "one to six"), ("characters:6G", "expected digits 0–9 and a–f"),
    ("characters:6A", "expected digits"), ("characters:110000", "the last code point is 10ffff"),
    ("characters:62,61", "code points must ascend"), ("characters:61,61", "code points must ascend"),
    ("characters:61,62", "neighbours in one range"), ("characters:61-62,63", "neighbours in one range"),
    ("characters:62-61", "a range must ascend"), ("characters:61-61", "a range must ascend"),
    ("characters:61-62-63", "expected"), ("characters:-", "expected one to six"),
    ("characters:d7ff-e000", "U+D800 to U+DFFF are no characters"), ("characters:d800", "are no characters"),
    ("characters: 61", "expected digits"), ("characters:61\n", "expected digits"), ("characters:0-ffffffff", "one to six"),
  ])
  func badEncodings(_ encoded: String, _ expected: String) {
    let error = #expect(throws: RNNError.self, "\(encoded)") { try Tokenizer(encoded: encoded) }
    #expect(error?.kind == .badData)
    #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
  }

  @Test func trainingTextThatIsNotUTF8() throws {
    let corpus = try TextCorpus(Array("one\ntwo\n".utf8) + [0x63, 0xE9, 0x20, 0x74, 0x68, 0x65], name: "latin.txt")
    let error = #expect(throws: RNNError.self) { try Tokenizer(charactersOf: corpus) }
    #expect(error?.kind == .badData)
    #expect(
      error?.message == "latin.txt is not UTF-8: byte 9 (line 3) begins e9 20 74 68; convert it, or take bytes for tokens "
        + "(--tokens bytes)")
  }

  @Test func description() {
    #expect(Tokenizer.bytes.description == "256 bytes")
    #expect(Tokenizer(characters: "ab".unicodeScalars).description == "2 characters and one token for any other")
  }
}

@Suite struct TextUnitsTests {
  @Test func everythingAfterTheFirstToken() {
    let text = Array("é€a".utf8)  // 2 + 3 + 1 bytes
    #expect(Tokenizer.bytes.predictedUnits(in: text) == TextUnits(tokens: 5, characters: 3, bytes: 5))
    let known = Tokenizer(characters: "é€a".unicodeScalars)
    #expect(known.predictedUnits(in: text) == TextUnits(tokens: 2, characters: 2, bytes: 4))
    // Unknown characters are as long as they are in the text.
    #expect(Tokenizer(characters: "a".unicodeScalars).predictedUnits(in: text) == TextUnits(tokens: 2, characters: 2, bytes: 4))
    #expect(Tokenizer.bytes.predictedUnits(in: Array("ab".utf8)) == TextUnits(tokens: 1, characters: 1, bytes: 1))
  }

  @Test func tokensAgreeWithTheEncoding() {
    let bytes: [UInt8] = [0x61, 0xFF, 0xE2, 0x82, 0xC3, 0xA9, 0xF0]
    for tokenizer in [Tokenizer.bytes, Tokenizer(characters: "a".unicodeScalars)] {
      #expect(tokenizer.predictedUnits(in: bytes).tokens == tokenizer.encode(bytes).count - 1)
      #expect(tokenizer.predictedUnits(in: [UInt8]()) == TextUnits(tokens: 0, characters: 0, bytes: 0))
    }
  }
}

import Foundation
import RNN
import RNNTestSupport
import Testing

@Suite struct BytePairTests {
  /// What Python's tokenizers gives.
  private struct Reference: Decodable {
    var corpus: String
    var texts: [String]
    var own, theirs: [[Int32]]
  }

  private static func file(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures")
    return Array(try Data(contentsOf: folder.appending(path: name)))
  }

  private static func corpus(_ random: inout Philox, pieces: [String], count: Int) -> String {
    (0..<count).map { _ in pieces[Int(random.next() % UInt64(pieces.count))] }.joined()
  }

  // MARK: As Python's tokenizers

  @Test(arguments: ["own", "theirs"])
  func tokensAreThoseOfPython(_ name: String) throws {
    let reference = try Fixture.texts(Reference.self, "byte_pairs")
    let tokenizer = try Tokenizer(json: Self.file("tokenizer_\(name).json"), source: name)
    for (text, ids) in zip(reference.texts, name == "own" ? reference.own : reference.theirs) {
      #expect(tokenizer.encode(text) == ids, "\(text.debugDescription)")
      #expect(tokenizer.decode(ids) == Array(text.utf8))
    }
    #expect(tokenizer.kind == .bpe && tokenizer.count == 400 && tokenizer.unknown == nil)
    #expect(try Tokenizer(encoded: tokenizer.encoded) == tokenizer)
  }

  @Test func whatIsLearntIsAlwaysTheSame() throws {
    let reference = try Fixture.texts(Reference.self, "byte_pairs")
    let own = try Tokenizer(bytePairsOf: TextCorpus(reference.corpus), vocabulary: 400)
    #expect(try Array((own.json ?? "").utf8) == Self.file("tokenizer_own.json"))
    // Pieces come in another order.
    let lines = reference.corpus.split(separator: "\n", omittingEmptySubsequences: false)
    let other = try Tokenizer(bytePairsOf: TextCorpus(lines.reversed().joined(separator: "\n")), vocabulary: 300)
    #expect(other == (try Tokenizer(bytePairsOf: TextCorpus(reference.corpus), vocabulary: 300)))
  }

  // MARK: Against plain versions

  /// Pairs counted anew for every merge, in pieces that are words with a space before them.
  private func plainMerges(_ words: [String], _ count: Int) -> [[UInt8]] {
    var pieces = words.map { word in Array(word.utf8).map { [$0] } }
    var learnt: [[UInt8]] = []
    while learnt.count < count {
      var counts: [[[UInt8]]: Int] = [:]
      for piece in pieces { for (left, right) in zip(piece, piece.dropFirst()) { counts[[left, right], default: 0] += 1 } }
      let best = counts.filter { $0.value > 1 }.min { a, b in
        if a.value != b.value { return a.value > b.value }
        if a.key[0] != b.key[0] { return a.key[0].lexicographicallyPrecedes(b.key[0]) }
        return a.key[1].lexicographicallyPrecedes(b.key[1])
      }
      guard let pair = best?.key else { break }
      let merged = pair[0] + pair[1]
      if !learnt.contains(merged) { learnt.append(merged) }
      pieces = pieces.map { piece in
        var result: [[UInt8]] = [], i = 0
        while i < piece.count {
          let isPair = i + 1 < piece.count && piece[i] == pair[0] && piece[i + 1] == pair[1]
          result.append(isPair ? merged : piece[i])
          i += isPair ? 2 : 1
        }
        return result
      }
    }
    return learnt
  }

  @Test func theMostFrequentPairIsMergedFirst() throws {
    var random = Philox(seed: 21)
    for round in 0..<40 {
      let letters = round % 2 == 0 ? ["a", "b"] : ["a", "b", "c", "é", "z"]
      let words = (0..<30).map { _ in " " + Self.corpus(&random, pieces: letters, count: Int(1 + random.next() % 7)) }
      let tokenizer = try Tokenizer(bytePairsOf: TextCorpus(words.joined()), vocabulary: 256 + 25)
      let learnt = (256..<Int32(tokenizer.count)).map { Array(tokenizer.decode($0)) }
      #expect(learnt == plainMerges(words, 25), "\(words)")
      #expect((0..<Int32(256)).allSatisfy { Array(tokenizer.decode($0)) == [UInt8($0)] })
    }
  }

  @Test func aPairThatOccursOnceIsNotMerged() throws {
    #expect(try Tokenizer(bytePairsOf: TextCorpus("abcdefg"), vocabulary: 300).count == 256)
    #expect(try Tokenizer(bytePairsOf: TextCorpus("ab ab"), vocabulary: 300).count == 257)
  }

  // MARK: Nothing is lost

  @Test func anyBytesComeBack() throws {
    let tokenizer = try Tokenizer(json: Self.file("tokenizer_theirs.json"), source: "theirs")
    var random = Philox(seed: 22)
    for _ in 0..<500 {
      let bytes = (0..<random.next() % 60).map { _ in random.next() % 3 == 0 ? UInt8(ascii: " ") : UInt8(truncatingIfNeeded: random.next()) }
      let tokens = tokenizer.encode(bytes)
      #expect(tokenizer.decode(tokens) == bytes)
      #expect(tokens.allSatisfy { $0 >= 0 && $0 < Int32(tokenizer.count) })
    }
    // Longer than any piece: time must not grow with its square.
    let long = [UInt8](repeating: UInt8(ascii: "a"), count: 300_000)
    #expect(tokenizer.decode(tokenizer.encode(long)) == long)
  }

  @Test func unitsOfPairs() throws {
    let tokenizer = try Tokenizer(bytePairsOf: TextCorpus(" é é é ab"), vocabulary: 258)
    // A space and both bytes of é are one token, the first and given; a character counts where its last byte is.
    #expect(tokenizer.encode(" éxé").count == 4)
    #expect(tokenizer.predictedUnits(in: Array(" éxé".utf8)) == TextUnits(tokens: 3, characters: 2, bytes: 3))
    #expect(tokenizer.predictedUnits(in: Array("éx".utf8)).bytes == Array("éx".utf8).count - tokenizer.decode(tokenizer.encode("éx")[0]).count)
    #expect(tokenizer.predictedUnits(in: [UInt8]()) == TextUnits(tokens: 0, characters: 0, bytes: 0))
  }

  // MARK: Files

  private static let good: String = {
    let learnt = try? Tokenizer(bytePairsOf: TextCorpus("ab ab"), vocabulary: 257)
    return learnt?.json ?? ""
  }()

  @Test(arguments: [
    ("\"type\":\"BPE\"", "\"type\":\"Unigram\"", "model is of the type Unigram, expected of the type BPE"),
    ("\"type\":\"BPE\"", "\"type\":\"WordPiece\"", "of the type WordPiece"),
    ("\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"}", "normalizer is of the type NFC, expected null"),
    ("\"truncation\":null", "\"truncation\":{\"max_length\":5}", "truncation is an object, expected null"),
    ("\"post_processor\":null", "\"post_processor\":{\"type\":\"TemplateProcessing\"}", "post_processor is of the type TemplateProcessing"),
    ("\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false", "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":true", "pre_tokenizer.add_prefix_space is true, expected false"),
    ("\"pre_tokenizer\":{\"type\":\"ByteLevel\"", "\"pre_tokenizer\":{\"type\":\"Metaspace\"", "pre_tokenizer is of the type Metaspace"),
    ("\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"WordPiece\"", "decoder is of the type WordPiece"),
    ("\"dropout\":null", "\"dropout\":0.1", "model.dropout is the number 0.1"),
    ("\"end_of_word_suffix\":null", "\"end_of_word_suffix\":\"</w>\"", "model.end_of_word_suffix is the text “</w>”"),
    ("\"ignore_merges\":false", "\"ignore_merges\":true", "model.ignore_merges is true"),
    ("\"fuse_unk\":false", "\"new_field\":false", "model has “new_field”, which isn't known"),
    ("\"version\":\"1.0\"", "\"version\":\"1.0\",\"chat\":1", "the file has “chat”"),
    ("\"!\":33,", "", "the token “ab” is number 256, expected less than 256"),
    ("\"ab\":256", "\"ab\":33", "the token “ab” is number 33, which another one is"),
    ("\"ab\":256", "\"ab\":256,\"▁x\":257", "the token “▁x” is not written in the alphabet of bytes"),
    ("\"!\":33,", "\"!!\":33,", "model.vocab has no token “!” for the byte 21"),
    ("\"a b\"", "\"a b\",\"a b\"", "model.merges[1] is “a b” again, expected each pair once"),
    ("\"a b\"", "\"a c\"", "model.merges[0] needs the token “ac”, which model.vocab doesn't have"),
    ("\"a b\"", "\"ab\"", "model.merges[0] is the text “ab”, expected two tokens"),
    ("\"added_tokens\":[]", "\"added_tokens\":[{\"id\":257,\"content\":\"<s>\",\"lstrip\":true}]", "added_tokens[0].lstrip is true, expected false"),
    ("\"added_tokens\":[]", "\"added_tokens\":[{\"id\":3,\"content\":\"<s>\"}]", "added_tokens[0].id is 3"),
    ("\"added_tokens\":[]", "\"added_tokens\":[{\"id\":257,\"content\":\"\"}]", "added_tokens[0].content is the text “”, expected a text"),
    ("{\"version\"", "[\"version\"", "byte 10: expected ',' or ']'"),
  ])
  func otherFilesAreRefused(_ what: String, _ by: String, _ expected: String) throws {
    #expect(Self.good.contains(what))
    #expect(try Tokenizer(json: Array(Self.good.utf8), source: "t.json").count == 257)
    let changed = Self.good.replacingOccurrences(of: what, with: by)
    let error = #expect(throws: RNNError.self) { try Tokenizer(json: Array(changed.utf8), source: "t.json") }
    #expect(error?.kind == .badData && error?.message.hasPrefix("t.json") == true)
    #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
  }

  /// Both ways of writing merges, and tokens that aren't written in the alphabet of bytes.
  @Test func whatMeansTheSameIsRead() throws {
    let own = try Tokenizer(json: Array(Self.good.utf8), source: "")
    let lists = Self.good.replacingOccurrences(of: "\"a b\"", with: "[\"a\",\"b\"]")
    #expect(try Tokenizer(json: Array(lists.utf8), source: "") == own)
    let added = Self.good.replacingOccurrences(
      of: "\"added_tokens\":[]", with: "\"added_tokens\":[{\"id\":257,\"content\":\"< é>\",\"special\":true,\"normalized\":true},{\"id\":258,\"content\":\"<<\"}]")
    let tokenizer = try Tokenizer(json: Array(added.utf8), source: "")
    #expect(tokenizer.encode("ab< é>ab<<<  é< é") == [256, 257, 256, 258, 60, 32, 32, 195, 169, 60, 32, 195, 169])
    #expect(tokenizer.decode([257, 258]) == Array("< é><<".utf8))
    #expect(try Tokenizer(encoded: tokenizer.encoded) == tokenizer)
  }

  /// Reading tens of thousands of them, and finding them in a text, doesn't look at all of them for each.
  @Test func manyAddedTokens() throws {
    let count = 60_000
    let tokens = (0..<count).map { "{\"id\":\(257 + $0),\"content\":\"<\($0)>\"}" }
    let json = Self.good.replacingOccurrences(of: "\"added_tokens\":[]", with: "\"added_tokens\":[\(tokens.joined(separator: ","))]")
    let tokenizer = try Tokenizer(json: Array(json.utf8), source: "")
    #expect(tokenizer.count == 257 + count)
    let numbers = stride(from: 0, to: count, by: 7)
    #expect(tokenizer.encode(numbers.map { "<\($0)>" }.joined()) == numbers.map { Int32(257 + $0) })
    let nearly = String(repeating: "<12<", count: 20_000)
    #expect(tokenizer.encode(nearly) == Array(nearly.utf8).map { Int32($0) })
  }

  /// Of texts that begin alike the longest is taken, wherever the bytes are cut: as a plain search finds it.
  @Test func theLongestAddedTextIsFound() throws {
    var random = Philox(seed: 23)
    for _ in 0..<60 {
      let contents = Set((0..<1 + random.next() % 12).map { _ in "<" + Self.corpus(&random, pieces: ["<", "a", "b"], count: Int(random.next() % 5)) }).sorted()
      let added = contents.enumerated().map { "{\"id\":\(257 + $0.offset),\"content\":\"\($0.element)\"}" }
      // Where "<" itself is added, it has a token in the vocabulary already.
      let json = Self.good.replacingOccurrences(of: "\"added_tokens\":[]", with: "\"added_tokens\":[\(added.joined(separator: ","))]")
      guard !contents.contains("<") else { continue }
      let tokenizer = try Tokenizer(json: Array(json.utf8), source: "")
      let text = Array(Self.corpus(&random, pieces: ["<", "a", "b"], count: 60).utf8)
      var expected: [Int32] = [], stretch: [UInt8] = [], rest = text[...]
      while let first = rest.first {
        let found = contents.indices.filter { rest.starts(with: Array(contents[$0].utf8)) }.max { contents[$0].utf8.count < contents[$1].utf8.count }
        if let found {
          expected += tokenizer.encode(stretch) + [Int32(257 + found)]
          stretch = []
          rest = rest.dropFirst(contents[found].utf8.count)
        } else {
          stretch.append(first)
          rest = rest.dropFirst()
        }
      }
      #expect(tokenizer.encode(text) == expected + tokenizer.encode(stretch), "\(contents)")
    }
  }

  @Test func vocabulariesThatCannotBe() {
    for size in [-1, 255, 1_000_001] {
      let error = #expect(throws: RNNError.self) { try Tokenizer(bytePairsOf: TextCorpus("ab"), vocabulary: size) }
      #expect(error?.kind == .usage && error?.message.contains("a vocabulary of \(size) can't be: expected 256 (the bytes) to 1000000") == true)
    }
    #expect(throws: RNNError.self) { try Tokenizer.Kind.bytes.checkVocabulary(300) }
  }
}

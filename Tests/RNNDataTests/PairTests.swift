import Foundation
import RNN
import Testing

@Suite struct PairTests {
  private func withFiles(_ files: [(name: String, bytes: [UInt8])], _ body: (_ paths: [String]) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for file in files { try Data(file.bytes).write(to: folder.appendingPathComponent(file.name)) }
    try body(files.map { folder.appendingPathComponent($0.name).path })
  }

  private func pairs(_ name: String, _ text: String, _ options: PairOptions = .init()) throws -> [[String]] {
    var result: [[String]] = []
    try withFiles([(name, Array(text.utf8))]) { paths in
      var reader = try PairReader(.tables(paths), options: options)
      while let pair = try reader.next() { result.append([pair.source, pair.target].map { String(decoding: $0, as: UTF8.self) }) }
    }
    return result
  }

  private func expectError(_ kind: RNNError.Kind, _ words: String, _ body: () throws -> Void) {
    let error = #expect(throws: RNNError.self) { try body() }
    #expect(error?.kind == kind && error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  // MARK: Tables

  @Test func columnsByPlaceAndByName() throws {
    #expect(try pairs("t.txt", "Go.\tVa !\n\nHi, you.\tSalut \"toi\".\r\n\tx\n") == [["Go.", "Va !"], ["Hi, you.", "Salut \"toi\"."], ["", "x"]])
    #expect(try pairs("t.tsv", "a\tb\tby someone\nc\td\tby another\n") == [["a", "b"], ["c", "d"]])
    #expect(try pairs("t.csv", "\"a, b\",\"say \"\"c\"\"\"\nd,e\n") == [["a, b", "say \"c\""], ["d", "e"]])
    #expect(try pairs("t.tsv", "id\ttgt\tSource\n1\tb\ta\n") == [["a", "b"]])
    #expect(try pairs("t.tsv", "target\tother\nb\ta\n") == [["a", "b"]])
    #expect(try pairs("t.tsv", "en\tde\nb\ta\n", .init(sourceColumn: "de", targetColumn: "en")) == [["a", "b"]])
    #expect(try pairs("t.tsv", "en\tde\nb\ta\n", .init(targetColumn: "en")) == [["a", "b"]])
    #expect(try pairs("t.tsv", "b\ta\n", .init(sourceColumn: "2", targetColumn: "1")) == [["a", "b"]])
    #expect(try pairs("t.tsv", "x\ty\nb\ta\n", .init(header: true)) == [["b", "a"]])
    #expect(try pairs("t.txt", "a|b\n", .init(separator: "|")) == [["a", "b"]])
    #expect(try pairs("t.txt", "\u{FEFF}a\tb") == [["a", "b"]])
  }

  @Test func whatIsWrongWithATableIsSaid() throws {
    expectError(.badData, "t.tsv, line 2: found 1 field separated by tabs, expected 2") { _ = try pairs("t.tsv", "a\tb\nc\n") }
    expectError(.badData, "t.tsv, line 3: found 3 fields separated by tabs, expected 2") { _ = try pairs("t.tsv", "a\tb\n\nc\td\te\n") }
    expectError(.badData, "t.txt, line 1, column 1: found 1 field separated by tabs, expected a sentence and its translation") { _ = try pairs("t.txt", "a b\n") }
    expectError(.badData, "t.tsv is empty") { _ = try pairs("t.tsv", "") }
    expectError(.badData, "there is no column ‘fr’; found ‘en’, ‘de’") { _ = try pairs("t.tsv", "en\tde\n", .init(sourceColumn: "fr")) }
    expectError(.usage, "can't have both") { _ = try pairs("t.tsv", "en\tde\n", .init(sourceColumn: "en", targetColumn: "1")) }
    try withFiles([("t.tsv", Array("a\tb\nc\t".utf8) + [0x64, 0xE9, 0x20])]) { paths in
      expectError(.badData, "t.tsv, line 2, column 2: the text is not UTF-8, found e9 20 after 1 bytes") { _ = try SentencePairs(reading: .tables(paths)) }
      let latin = try SentencePairs(reading: .tables(paths), options: .init(encoding: .latin1))
      #expect(Array(latin.target(1)) == Array("dé ".utf8))
      let any = try SentencePairs(reading: .tables(paths), requiresUTF8: false)
      #expect(Array(any.target(1)) == [0x64, 0xE9, 0x20])
    }
    expectError(.noInput, "no such file") { _ = try SentencePairs(reading: .tables(["/nowhere/at/all"])) }
    expectError(.usage, "only once") { _ = try SentencePairs(reading: .lines(source: "-", target: "-")) }
    expectError(.usage, "no sentences given") { _ = try SentencePairs(reading: .tables([])) }
  }

  // MARK: Two files

  @Test func linesBelongTogether() throws {
    try withFiles([("a.en", Array("one\r\n\ntwo \tthree".utf8)), ("a.de", Array("eins\nleer\nzwei\n".utf8))]) { paths in
      let pairs = try SentencePairs(reading: .lines(source: paths[0], target: paths[1]))
      #expect((0..<pairs.count).map { String(decoding: pairs.source($0), as: UTF8.self) } == ["one", "", "two \tthree"])
      #expect((0..<pairs.count).map { String(decoding: pairs.target($0), as: UTF8.self) } == ["eins", "leer", "zwei"])
      #expect(pairs.sources == ["a.en", "a.de"] && pairs.isEmpty(1) && !pairs.isEmpty(0))
      #expect(pairs.descriptions.first?.hasSuffix("a.de: line by line") == true)
      #expect(pairs.fingerprint == SentencePairs([("one", "eins"), ("", "leer"), ("two \tthree", "zwei")]).fingerprint)
      #expect(pairs.fingerprint != SentencePairs([("one", "eins"), ("", "leerz"), ("two \tthree", "wei")]).fingerprint)
    }
  }

  @Test func filesOfDifferentLengths() throws {
    try withFiles([("a.en", Array("1\n2\n3\n4\n5\n".utf8)), ("a.de", Array("1\n2\n3\n".utf8))]) { paths in
      expectError(.badData, "a.en has 5 lines and ") { _ = try SentencePairs(reading: .lines(source: paths[0], target: paths[1])) }
      expectError(.badData, "a.de 3, expected as many: line 4 of ") { _ = try SentencePairs(reading: .lines(source: paths[0], target: paths[1])) }
      expectError(.badData, "a.en has no sentence, ") { _ = try SentencePairs(reading: .lines(source: paths[1], target: paths[0])) }
      expectError(.badData, "a.de has 3 lines and ") { _ = try SentencePairs(reading: .lines(source: paths[1], target: paths[0])) }
    }
    try withFiles([("a.en", []), ("a.de", Array("1\n".utf8))]) { paths in
      expectError(.badData, "a.en has 0 lines and ") { _ = try SentencePairs(reading: .lines(source: paths[0], target: paths[1])) }
      expectError(.badData, "found no sentence") { _ = try SentencePairs(reading: .lines(source: paths[0], target: paths[0])) }
    }
  }

  @Test func aLongLineIsReadWhole() throws {
    let long = (0..<10_000).map { "w\($0)" }.joined(separator: " ")
    try withFiles([("a", Array("\(long)\nx\n".utf8)), ("b", Array("y\n\(long)".utf8))]) { paths in
      let pairs = try SentencePairs(reading: .lines(source: paths[0], target: paths[1]))
      #expect(Array(pairs.source(0)) == Array(long.utf8) && Array(pairs.target(1)) == Array(long.utf8))
      let tokenizer = try pairs.tokenizer(of: [0, 1], nil, .bpe, vocabulary: 300)
      #expect(pairs.encoded([0, 1], source: tokenizer, target: tokenizer, longest: 1000).long == 2)
      #expect(pairs.encoded([0, 1], source: tokenizer, target: tokenizer).count == 2)
    }
  }

  // MARK: Parts

  @Test func noSentenceIsOnBothSides() throws {
    var random = Philox(seed: 31)
    var all = (0..<400).map { ("source \(random.next() % 150)", "target \($0)") }
    all += [("", "x"), ("y", " \t")]
    let pairs = SentencePairs(all)
    let (training, validation) = try pairs.split(validation: 0.1, seed: 4)
    let texts = { (parts: [Int]) in Set(parts.map { all[$0].0 }) }
    #expect(texts(training).isDisjoint(with: texts(validation)))
    #expect((training + validation).sorted() == Array(0..<400))
    let different = Set(all.prefix(400).map(\.0)).count
    #expect(texts(validation).count == Int((Double(different) * 0.1).rounded(.up)))
    #expect(try pairs.split(validation: 0.1, seed: 4) == (training, validation))
    #expect(try pairs.split(validation: 0.1, seed: 5).validation != validation)
    #expect(try texts(pairs.split(validation: 0.5, most: 3, seed: 4).validation).count == 3)
    #expect(try pairs.split(validation: 0, seed: 4) == (Array(0..<400), []))
    #expect(try SentencePairs([("a", "b")]).split(validation: 0.5, seed: 1) == ([0], []))
    #expect(try SentencePairs([]).split(validation: 0.5, seed: 1) == ([], []))
    expectError(.usage, "can't be 0.6") { _ = try pairs.split(validation: 0.6, seed: 1) }
  }

  // MARK: Tokens

  @Test func tokenizersOfASideOrOfBoth() throws {
    let pairs = SentencePairs([("a b a", "x y"), ("b", "y y"), ("held out", "held out")])
    #expect(try pairs.tokenizer(of: [0, 1], .source, .words, least: 1).words == ["a", "b"])
    #expect(try pairs.tokenizer(of: [0, 1], .target, .words).words == ["y"])
    #expect(Set(try pairs.tokenizer(of: [0, 1], nil, .words, least: 1).words) == ["a", "b", "x", "y"])
    // No line end is made up, and no pair reaches from one sentence into the next.
    #expect(try pairs.tokenizer(of: [0, 1], .target, .characters).scalars == [" ", "x", "y"])
    #expect(try SentencePairs([("ab", "c"), ("ab", "c"), ("ab", "c")]).tokenizer(of: [0, 1, 2], .source, .bpe).count == 257)
    #expect(try SentencePairs([("b", "a"), ("b", "a"), ("b", "a")]).tokenizer(of: [0, 1, 2], nil, .bpe).count == 256)
    #expect(try pairs.tokenizer(of: [0], nil, .bytes) == .bytes)
    expectError(.usage, "a vocabulary of 5 can't be") { _ = try pairs.tokenizer(of: [0], nil, .bpe, vocabulary: 5) }
    // One encoder for many sentences gives what each by itself gives.
    for kind in Tokenizer.Kind.allCases {
      let tokenizer = try pairs.tokenizer(of: [0, 1, 2], nil, kind, vocabulary: kind == .bpe ? 260 : nil)
      let encoded = pairs.encoded([2, 0, 1, 0], source: tokenizer, target: tokenizer)
      for (place, pair) in [2, 0, 1, 0].enumerated() {
        #expect(Array(encoded.source(place)) == tokenizer.encode(pairs.source(pair)))
        #expect(Array(encoded.target(place)) == tokenizer.encode(pairs.target(pair)))
      }
    }
  }

  @Test func pairsSideBySide() {
    var encoded = EncodedPairs()
    encoded.append([5, 6, 7], [1])
    encoded.append([], [1])
    encoded.append([8], [2, 3], longest: 3)
    encoded.append([1, 2, 3, 4], [2, 3], longest: 3)
    #expect(encoded.count == 2 && encoded.empty == 1 && encoded.long == 1 && encoded.targetCount == 5)
    let batch = encoded.batch([1, 0], end: 9)
    #expect(batch.rows == 2 && batch.sourceLengths == [1, 3] && batch.targetLengths == [3, 2])
    #expect(batch.sources == [8, 5, -1, 6, -1, 7])
    #expect(batch.inputs == [9, 9, 2, 1, 3, -1])
    #expect(batch.targets == [2, 1, 3, 9, 9, -1])
  }

  @Test func batchesAreOfNearlyOneLength() throws {
    var random = Philox(seed: 33), encoded = EncodedPairs()
    for _ in 0..<1000 {
      let lengths = (1 + random.next() % 30, 1 + random.next() % 30)
      encoded.append([Int32](repeating: 1, count: Int(lengths.0)), [Int32](repeating: 2, count: Int(lengths.1)))
    }
    var batches = try encoded.batches(rows: 16, seed: 3)
    var seen: [Int] = [], cells = 0
    for index in 0..<batches.batchesPerEpoch {
      let batch = batches.batch(epoch: 1, index: index)
      seen += batch
      cells += encoded.batch(batch, end: 9).targets.count
    }
    #expect(seen.sorted() == Array(0..<1000))
    // Less than a twentieth of the cells is padding.
    #expect(Double(cells) < 1.05 * Double(encoded.targetCount))
  }
}

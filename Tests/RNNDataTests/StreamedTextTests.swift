import Foundation
import RNN
import Testing

/// A text that stays in its files must give the same as one in memory, wherever its pieces are cut.
@Suite struct StreamedTextTests {
  /// Files with this content, and the text of them, read in pieces.
  private func withCorpus(_ files: [[UInt8]], _ body: (_ corpus: TextCorpus, _ paths: [String]) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var paths: [String] = []
    for (i, bytes) in files.enumerated() {
      paths.append(directory.appendingPathComponent("\(i)").path)
      try Data(bytes).write(to: URL(fileURLWithPath: paths[i]))
    }
    try body(TextCorpus(reading: paths, memory: 0), paths)
  }

  /// Texts that are hard to cut, of one or more files.
  private static let texts: [(name: String, files: [[UInt8]])] = {
    func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
    let line = "the naïve fox — ångström 狐 🦊 jumps over <unk> dogs.\n"
    // Longer than a piece of the file (1 MB) and than a block of tokens (16,384), in characters of one to four bytes, so that
    // some stand across a piece's end.
    let long = utf8(String(repeating: line, count: 40_000))
    return [
      ("many lines", [long]),
      ("four-byte characters at every place", [utf8("x") + utf8(String(repeating: "🦊", count: 300_000)) + utf8("\nend end")]),
      ("several files", [utf8("one"), utf8(" two\n"), utf8(String(repeating: line, count: 500)), utf8("é"), long]),
      ("CRLF", [utf8(String(repeating: "one two\r\nthree\r\n", count: 90_000))]),
      ("no newline at the end", [utf8(String(repeating: line, count: 400)) + utf8("fin")]),
      ("a word longer than a piece", [utf8("a a ") + [UInt8](repeating: 0x78, count: 2_500_000) + utf8(" a b\nb")]),
      ("whitespace longer than a piece", [utf8("a a") + [UInt8](repeating: 0x20, count: 2_500_000) + utf8("b b\n")]),
      ("nothing but newlines", [[UInt8](repeating: 0x0A, count: 40_000)]),
      ("exactly one block", [utf8(String(repeating: "x", count: 1 << 14))]),
      ("exactly two blocks of words", [utf8(String(repeating: "x y ", count: 1 << 14))]),
      ("not UTF-8", [long.prefix(50_000) + [0xFF, 0xE2, 0x82, 0x20, 0xC3] + long.prefix(70_000), [0xA9, 0x41, 0xF0]]),
    ]
  }()

  @Test(arguments: texts.indices, Tokenizer.Kind.allCases)
  func batchesAreThoseOfTheTokens(_ index: Int, _ kind: Tokenizer.Kind) throws {
    let (name, files) = Self.texts[index]
    try withCorpus(files) { corpus, _ in
      let bytes = files.flatMap(\.self)
      #expect(corpus.count == bytes.count)
      #expect(try corpus.bytes == bytes)
      // Parts with cuts in the middle of everything.
      let parts = [0..<bytes.count / 7, bytes.count / 3..<bytes.count / 2, bytes.count / 2..<bytes.count]
      for parts in [nil, parts] {
        let text = try parts.map(corpus.bytes(in:)) ?? bytes
        var survey = try TextSurvey(corpus, in: parts, tokens: kind, countingFrequencies: true)
        let tokenizer = survey.tokenizer(vocabulary: kind == .bpe ? 290 : 12)
        // What tokens a text has isn't known before pairs are learnt.
        if kind == .bpe { survey = try TextSurvey(corpus, in: parts, by: tokenizer, countingFrequencies: true) }
        let tokens = tokenizer.encode(text)
        #expect(survey.bytes == text.count && survey.tokens == tokens.count, "\(name)")
        #expect(survey.fingerprint == Fingerprint(of: text))
        #expect(survey.isUTF8 == (UTF8State.firstInvalidBytes(in: text) == nil))
        #expect(survey.predictedUnits == tokenizer.predictedUnits(in: text))
        var frequencies = [Int](repeating: 0, count: tokenizer.count)
        for token in tokens { frequencies[Int(token)] += 1 }
        #expect(survey.frequencies(of: tokenizer) == frequencies)
        let streamed = survey.tokenized(by: tokenizer)
        #expect(streamed.count == tokens.count)
        if tokens.count > 1000 { try compare(streamed, tokens) }
        var reader = TokenReader(streamed, places: 1)
        var read: [Int32] = []
        try reader.read(0..<tokens.count) { read += $0 }
        #expect(read == tokens, "\(name)")
      }
    }
  }

  private func compare(_ text: TokenizedText, _ tokens: [Int32]) throws {
    var batch = TokenBatch(), expected = TokenBatch()
    for rows in [1, 7] {
      var batches = try SequenceBatches(text, rows: rows, length: 100, seed: 3)
      var plain = try SequenceBatches(tokens: tokens, rows: rows, length: 100, seed: 3)
      // The beginning, an epoch's end, and places as a resumed run finds them.
      for position in [0, plain.batchesPerEpoch - 2, 3 * plain.batchesPerEpoch + 11] {
        (batches.position, plain.position) = (max(position, 0), max(position, 0))
        for _ in 0..<5 {
          try batches.next(into: &batch)
          try plain.next(into: &expected)
          #expect(batch == expected)
        }
      }
    }
    var evaluation = try EvaluationBatches(text, rows: 5, length: 30_000)
    var plain = try EvaluationBatches(tokens: tokens, rows: 5, length: 30_000)
    while try plain.next(into: &expected) {
      #expect(try evaluation.next(into: &batch))
      #expect(batch == expected)
    }
    #expect(try !evaluation.next(into: &batch))
  }

  /// What is in memory and what is not gives one tokenizer, one split, one model.
  @Test(arguments: Tokenizer.Kind.allCases)
  func modelsAreTheSame(_ kind: Tokenizer.Kind) throws {
    let line = "the naïve fox — ångström 狐 🦊 jumps over lazy dogs.\n"
    let bytes = Array(String(repeating: line, count: 3000).utf8)
    try withCorpus([bytes]) { corpus, paths in
      let memory = try TextCorpus(reading: paths)
      #expect(try corpus.split() == memory.split())
      func train(_ corpus: TextCorpus, _ validation: TextCorpus? = nil) throws -> LanguageModel {
        var trainer = try TextTrainer(
          corpus, validation: validation,
          options: TextTrainingOptions(tokens: kind, hidden: 12, embedding: 6, sequenceLength: 20, training: .init(budget: .steps(8), batch: 5)))
        try trainer.train()
        return trainer.model
      }
      let model = try train(corpus)
      #expect(try model.file().bytes() == train(memory).file().bytes())
      #expect(try train(corpus, corpus).file().bytes() == train(memory, memory).file().bytes())
      #expect(try model.evaluate(corpus) == model.evaluate(bytes))
      #expect(try model.evaluate(corpus, rows: 4) == model.evaluate(bytes, rows: 4))
    }
  }

  @Test func aLongTextIsMeasuredOnABoundedPart() throws {
    let bytes = Array(String(repeating: "0123456789abcde\n", count: 1_000_000).utf8)
    let split = try TextCorpus(bytes, name: "t").split()
    #expect((495_000...505_000).contains(split.validationBytes) && split.validation.count == 10 && split.isAtLineEnds)
  }

  // MARK: Files that change

  private func expectError(_ kind: RNNError.Kind, _ words: String, _ body: () throws -> Void) {
    let error = #expect(throws: RNNError.self) { try body() }
    #expect(error?.kind == kind)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
  }

  @Test func aFileMustStayAsItIs() throws {
    let line = Array("one two three\n".utf8)
    let bytes = (0..<20_000).flatMap { _ in line }
    for change in ["shorter", "longer", "other", "replaced", "gone"] {
      try withCorpus([bytes]) { corpus, paths in
        let survey = try TextSurvey(corpus, tokens: .words, countingFrequencies: true)
        let text = survey.tokenized(by: survey.tokenizer())
        var reader = TokenReader(text, places: 1)
        try reader.read(0..<10) { _ in }
        let url = URL(fileURLWithPath: paths[0])
        switch change {
        case "shorter", "longer":
          let file = try FileHandle(forUpdating: url)
          try file.truncate(atOffset: change == "shorter" ? 1000 : 1_000_000)
          try file.close()
        case "other":
          let file = try FileHandle(forUpdating: url)
          try file.seek(toOffset: 150_000)
          try file.write(contentsOf: Array("four".utf8))
          try file.close()
          // Two changes within one tick of the system's clock have the same time; a user is slower.
          try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: paths[0])
        case "replaced":
          try FileManager.default.removeItem(at: url)
          try Data(bytes).write(to: url)
          try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: paths[0])
        default: try FileManager.default.removeItem(at: url)
        }
        // What was read is there; the rest is not.
        try reader.read(0..<10) { _ in }
        if change == "gone" {
          expectError(.noInput, "no such file: \(paths[0])") { try reader.read(60_000..<60_010) { _ in } }
        } else {
          expectError(.badData, "\(paths[0]) was changed while it was in use") { try reader.read(60_000..<60_010) { _ in } }
        }
      }
    }
  }

  @Test func whatIsNotUTF8IsFoundInFiles() throws {
    let long = [UInt8](repeating: 0x78, count: 1_100_000) + [0x0A]
    try withCorpus([long, long + [0xC3], [0xA9]]) { corpus, paths in
      expectError(.badData, "\(paths[1]) is not UTF-8: byte 1100001 (line 2) begins c3; convert it") { try corpus.requireUTF8() }
      for kind in [Tokenizer.Kind.characters, .words] {
        expectError(.badData, "\(paths[1]) is not UTF-8: byte 1100001") {
          _ = try TextTrainer(corpus, options: TextTrainingOptions(tokens: kind, hidden: 4, training: .init(budget: .steps(1))))
        }
      }
    }
    try withCorpus([long + [0xE2, 0x82, 0x41] + long]) { corpus, paths in
      expectError(.badData, "\(paths[0]) is not UTF-8: byte 1100001 (line 2) begins e2 82 41 78; convert it") { try corpus.requireUTF8() }
    }
    // A character across the end of a piece, and one that isn't complete there.
    let edge = [UInt8](repeating: 0x78, count: (1 << 20) - 2)
    try withCorpus([edge + [0xE2, 0x82, 0xAC, 0x41]]) { corpus, _ in try corpus.requireUTF8() }
    try withCorpus([edge + [0xE2, 0x82, 0x41]]) { corpus, _ in
      expectError(.badData, "byte 1048574 (line 1) begins e2 82 41") { try corpus.requireUTF8() }
    }
  }
}

import Foundation
import RNN
import RNNTestSupport
import Testing

/// A directory for one test, removed afterwards.
private func withDirectory(_ body: (URL) throws -> Void) throws {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  try body(directory)
}

private func expectError(_ kind: RNNError.Kind, _ message: String, _ body: () throws -> Void) {
  let error = #expect(throws: RNNError.self) { try body() }
  #expect(error?.kind == kind)
  #expect(error?.message == message)
}

@Suite struct TextCorpusTests {
  @Test func filesAreReadAsTheyAreAndJoined() throws {
    try withDirectory { directory in
      let paths = ["a", "b"].map { directory.appendingPathComponent($0).path }
      try Data([0x61, 0x0D, 0x0A, 0x00, 0xFF]).write(to: URL(fileURLWithPath: paths[0]))
      // Longer than one read's piece.
      let long = [UInt8](repeating: 0x78, count: 200_001)
      try Data(long).write(to: URL(fileURLWithPath: paths[1]))
      let corpus = try TextCorpus(reading: paths)
      #expect(try corpus.bytes == [0x61, 0x0D, 0x0A, 0x00, 0xFF] + long)
      #expect(corpus.sources.map(\.name) == paths)
      #expect(corpus.sources.map(\.range) == [0..<5, 5..<200_006])
      // The message counts from the beginning of the file it names.
      let bad = try TextCorpus(reading: [paths[1], paths[0]])
      expectError(
        .badData,
        "\(paths[0]) is not UTF-8: byte 4 (line 2) begins ff; convert it, or take bytes for tokens (--tokens bytes)"
      ) { try bad.requireUTF8() }
    }
  }

  /// A character may not be put together from the end of one file and the beginning of the next.
  @Test func halfACharacterAtTheEndOfAFile() throws {
    try withDirectory { directory in
      let paths = ["a", "b"].map { directory.appendingPathComponent($0).path }
      try Data([0x61, 0xC3]).write(to: URL(fileURLWithPath: paths[0]))
      try Data([0xA9]).write(to: URL(fileURLWithPath: paths[1]))
      let corpus = try TextCorpus(reading: paths)
      expectError(
        .badData,
        "\(paths[0]) is not UTF-8: byte 1 (line 1) begins c3; convert it, or take bytes for tokens (--tokens bytes)"
      ) { try corpus.requireUTF8() }
    }
  }

  @Test func whatCannotBeRead() throws {
    try withDirectory { directory in
      let path = directory.path
      expectError(.usage, "no text given: name a file, or - for standard input") { _ = try TextCorpus(reading: []) }
      expectError(.usage, "standard input (-) can be read only once, but is named 2 times") {
        _ = try TextCorpus(reading: ["-", "-"])
      }
      expectError(.noInput, "no such file: \(path)/none") { _ = try TextCorpus(reading: [path + "/none"]) }
      expectError(.noInput, "\(path) is a directory, expected a file") { _ = try TextCorpus(reading: [path]) }
      try Data().write(to: directory.appendingPathComponent("empty"))
      expectError(.badData, "\(path)/empty is empty: expected text") { _ = try TextCorpus(reading: [path + "/empty"]) }
      expectError(.noInput, "no such file: \(path)/empty/x") { _ = try TextCorpus(reading: [path + "/empty/x"]) }
      let secret = directory.appendingPathComponent("secret")
      try Data([1]).write(to: secret)
      try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: secret.path)
      // The superuser may read everything.
      if !FileManager.default.isReadableFile(atPath: secret.path) {
        expectError(.noInput, "can't open \(secret.path): Permission denied") {
          _ = try TextCorpus(reading: [secret.path])
        }
      }
      let long = path + "/" + String(repeating: "n", count: 5000)
      let error = #expect(throws: RNNError.self) { try TextCorpus(reading: [long]) }
      #expect(error?.kind == .noInput)
      #expect(error?.message.hasPrefix("can't open \(long): ") == true)
    }
    expectError(.badData, "t is empty: expected text") { _ = try TextCorpus([], name: "t") }
  }
}

@Suite struct TextSplitTests {
  private func corpus(_ text: String) throws -> TextCorpus { try TextCorpus(Array(text.utf8), name: "t") }

  @Test func cutsStretchesAtTheNearestLineEnds() throws {
    let text = String(repeating: "0123456789abcde\n", count: 10_000)  // 160,000 bytes
    let corpus = try corpus(text)
    let split = try corpus.split()
    #expect(split.validation == [18_992..<20_992, 58_992..<60_992, 98_992..<100_992, 138_992..<140_992])
    #expect(split.isAtLineEnds)
    #expect(
      split.description == "152000 bytes for training, 8000 (5.0%) in 4 stretches for validation, cut at line ends")
    #expect(try self.corpus(String(repeating: text, count: 10)).split().validation.count == 10)
  }

  /// Every byte is in one part, and the parts are in order.
  @Test func partsCoverTheText() throws {
    for count in [64, 100, 999, 1_000, 5_003, 40_000, 123_457] {
      let corpus = try corpus(String((0..<count).map { $0 % 37 == 0 ? "\n" : "x" }))
      let split = try corpus.split()
      let all = (split.training + split.validation).sorted { $0.lowerBound < $1.lowerBound }
      #expect(all.first?.lowerBound == 0 && all.last?.upperBound == count)
      for (a, b) in zip(all, all.dropFirst()) { #expect(a.upperBound == b.lowerBound) }
      #expect(split.trainingBytes + split.validationBytes == count)
      #expect(try corpus.bytes(in: split.validation).count == split.validationBytes)
    }
  }

  @Test func cutsBetweenCharactersWithoutLineEnds() throws {
    for padding in 0..<4 {
      let corpus = try corpus(String(repeating: "x", count: padding) + String(repeating: "😀", count: 5_000))
      let split = try corpus.split()
      for cut in split.validation.flatMap({ [$0.lowerBound, $0.upperBound] }) { #expect(cut % 4 == padding) }
      #expect(!split.isAtLineEnds)
      #expect(split.description.hasSuffix("for validation, cut between characters"))
    }
  }

  /// Small texts give a fifth, larger ones at least 1,000 bytes.
  @Test func partsOfSmallTexts() throws {
    #expect(try corpus(String(repeating: "x", count: 100)).split().validationBytes == 20)
    #expect(try corpus(String(repeating: "x", count: 6_000)).split().validationBytes == 1_000)
    #expect(try corpus(String(repeating: "x", count: 64)).split().validationBytes == 12)
    let none = try corpus(String(repeating: "x", count: 100)).split(validation: 0)
    #expect(none.training == [0..<100] && none.validation.isEmpty)
    #expect(none.description == "all 100 bytes for training, none for validation")
  }

  @Test func errors() throws {
    let short = try corpus("x")
    expectError(.badData, "t is too short to train on: found 1 byte, needed at least 64") { _ = try short.split() }
    let nearly = try corpus(String(repeating: "\n", count: 63))
    expectError(.badData, "t is too short to train on: found 63 bytes, needed at least 64") { _ = try nearly.split() }
    for fraction in [-0.1, 0.6, .nan] {
      expectError(.usage, "the validation part can't be \(fraction) of the text: expected 0 (none) to 0.5") {
        _ = try short.split(validation: fraction)
      }
    }
  }
}

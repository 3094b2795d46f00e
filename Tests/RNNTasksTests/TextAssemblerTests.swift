import RNN
import RNNTestSupport
import Testing

/// What is printed for `text` when it comes in pieces of these sizes, again and again.
private func assembled(
  _ bytes: [UInt8], pieces: [Int], stops: [String] = []
) throws -> (text: String, rest: TextAssembler.Rest, isStopped: Bool) {
  var assembler = try TextAssembler(stops: stops)
  var text = ""
  var start = 0
  var number = 0
  while start < bytes.count {
    let end = min(start + pieces[number % pieces.count], bytes.count)
    text += assembler.append(bytes[start..<end])
    start = end
    number += 1
  }
  return (text, assembler.finish(), assembler.isStopped)
}

@Suite struct TextAssemblerTests {
  private let piecings = [[1], [2], [3], [5, 1], [100]]

  @Test func charactersArePrintedWhenComplete() throws {
    var assembler = try TextAssembler()
    #expect("a€".utf8.map { assembler.append([$0]) } == ["a", "", "", "€"])
    for pieces in piecings {
      let text = "naïve €uro 😀 e\u{301}\n"
      let result = try assembled(Array(text.utf8), pieces: pieces)
      #expect(result.text == text)
      #expect(result.rest == TextAssembler.Rest(text: "", bytes: []))
    }
  }

  @Test func whatIsNotUTF8IsReplaced() throws {
    var random = Philox(seed: 6)
    let interesting: [UInt8] = [0x41, 0x80, 0xC2, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xF0, 0x9F, 0xFF]
    for _ in 0..<2_000 {
      let bytes = (0..<8).map { _ in interesting[Int(random.next() % 11)] }
      let result = try assembled(bytes, pieces: [1])
      // The unfinished character at the end is not text yet.
      let whole = bytes.dropLast(result.rest.bytes.count)
      #expect(result.text == String(decoding: whole, as: UTF8.self))
      #expect(Array(bytes.suffix(result.rest.bytes.count)) == result.rest.bytes)
    }
  }

  @Test func unfinishedCharacterIsLeftOverAndTakenUp() throws {
    var assembler = try TextAssembler()
    #expect(assembler.append([0x61, 0xF0, 0x9F]) == "a")
    let stored = assembler.utf8.encoded
    #expect(stored == "f09f")
    #expect(assembler.finish() == TextAssembler.Rest(text: "", bytes: [0xF0, 0x9F]))
    var next = try TextAssembler(continuing: UTF8State(encoded: stored))
    #expect(!next.allows([0x41]))
    #expect(next.append([0x98, 0x80]) == "😀")
  }

  /// Whatever the draws, constrained bytes are UTF-8.
  @Test func allowedBytesAreWellFormed() throws {
    var random = Philox(seed: 7)
    var sampler = Sampler(try SamplingOptions())
    let logits = [Float](repeating: 0, count: 256)
    var assembler = try TextAssembler()
    var bytes: [UInt8] = []
    var text = ""
    for _ in 0..<20_000 {
      let token = try sampler.sample(logits, uniform: random.uniform()) { assembler.allows(Tokenizer.bytes.decode($0)) }
      let new = Tokenizer.bytes.decode(token)
      bytes += new
      text += assembler.append(new)
    }
    bytes.removeLast(assembler.finish().bytes.count)
    #expect(String(validating: bytes, as: UTF8.self) == text)
    #expect(Set(text.unicodeScalars.map(\.utf8.count)) == [1, 2, 3, 4])
  }

  @Test func nothingOfAStopStringIsPrinted() throws {
    for pieces in piecings {
      let result = try assembled(Array("one\n\ntwo".utf8), pieces: pieces, stops: ["\n\n"])
      #expect(result.text == "one")
      #expect(result.isStopped)
      #expect(result.rest == TextAssembler.Rest(text: "", bytes: []))
    }
  }

  @Test func whatOnlyLookedLikeAStopStringIsPrinted() throws {
    var assembler = try TextAssembler(stops: ["abab!"])
    #expect(assembler.append("xab".utf8) == "x")
    #expect(assembler.append("aba".utf8) == "ab")  // "aba" may still begin it
    #expect(assembler.append("b?".utf8) == "abab?")
    #expect(assembler.append("ab".utf8) == "")
    #expect(assembler.finish() == TextAssembler.Rest(text: "ab", bytes: []))
    #expect(!assembler.isStopped)
  }

  @Test func stopStringsOfSeveralBytesACharacter() throws {
    for pieces in piecings {
      let result = try assembled(Array("é→ü€x".utf8), pieces: pieces, stops: ["€", "→→"])
      #expect(result.text == "é→ü")
      #expect(result.isStopped)
    }
    // A combining accent doesn't hide a stop string: it is looked for in the scalars.
    #expect(try assembled(Array("abc\u{301}".utf8), pieces: [1], stops: ["c"]).text == "ab")
  }

  /// Against looking in the whole text afterwards.
  @Test func firstStopStringWins() throws {
    var random = Philox(seed: 8)
    for _ in 0..<5_000 {
      func word(_ length: Int) -> String { String((0..<length).map { _ in random.next() % 2 == 0 ? "a" : "b" }) }
      let stops = (0..<Int(1 + random.next() % 3)).map { _ in word(Int(1 + random.next() % 5)) }
      let text = word(12)
      let ends = (1...12).first { end in stops.contains { text.prefix(end).hasSuffix($0) } }
      let result = try assembled(Array(text.utf8), pieces: [1, 2], stops: stops)
      if let ends {
        let longest = stops.filter { text.prefix(ends).hasSuffix($0) }.map(\.count).max() ?? 0
        #expect(result.text == text.prefix(ends - longest), "\(text) \(stops)")
        #expect(result.isStopped && result.rest.text.isEmpty)
      } else {
        #expect(result.text + result.rest.text == text, "\(text) \(stops)")
        #expect(!result.isStopped)
      }
    }
  }

  @Test func nothingIsPrintedAfterAStop() throws {
    var assembler = try TextAssembler(stops: ["."])
    #expect(assembler.append("a.b".utf8) == "a")
    #expect(assembler.append("c".utf8) == "")
    #expect(assembler.finish() == TextAssembler.Rest(text: "", bytes: []))
  }

  @Test func emptyStopString() {
    let error = #expect(throws: RNNError.self) { try TextAssembler(stops: ["a", ""]) }
    #expect(error == RNNError(.usage, "a stop string can't be empty"))
  }
}

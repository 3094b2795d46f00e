import RNN
import RNNTestSupport
import Testing

/// Whether the standard library takes all of `bytes` for well-formed.
private func isWellFormed(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

/// Whether our state machine does; also checks the scalars against the standard library's.
private func isAccepted(_ bytes: [UInt8]) -> Bool {
  var state = UTF8State()
  var scalars: [Unicode.Scalar] = []
  for byte in bytes {
    switch state.read(byte) {
    case .invalid: return false
    case .incomplete: break
    case .scalar(let scalar): scalars.append(scalar)
    }
  }
  guard state.isBetweenCharacters else { return false }
  return scalars == Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
}

@Suite struct UTF8StateTests {
  @Test func allSequencesOfOneAndTwoBytes() {
    for a in UInt8.min...UInt8.max {
      #expect(isAccepted([a]) == isWellFormed([a]), "\(a)")
      for b in UInt8.min...UInt8.max where isAccepted([a, b]) != isWellFormed([a, b]) {
        Issue.record("\(a) \(b)")
      }
    }
  }

  /// All beginnings with every second byte and the edges after it, then random ones.
  @Test func sequencesOfThreeAndFourBytes() {
    let edges: [UInt8] = [0x41, 0x7F, 0x80, 0xBF, 0xC0]
    for a in UInt8(0xC0)...0xFF {
      for b in UInt8.min...UInt8.max {
        for c in edges {
          for bytes in [[a, b, c]] + edges.map({ [a, b, c, $0] }) where isAccepted(bytes) != isWellFormed(bytes) {
            Issue.record("\(bytes)")
          }
        }
      }
    }
    var random = Philox(seed: 1)
    for _ in 0..<200_000 {
      let word = random.next()
      let bytes = (0..<(word >> 63 == 0 ? 3 : 4)).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) | ($0 > 0 ? 0x80 : 0xC0) }
      if isAccepted(bytes) != isWellFormed(bytes) { Issue.record("\(bytes)") }
    }
  }

  @Test func everyScalarIsRead() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      var state = UTF8State()
      var last = UTF8State.Step.incomplete
      for byte in scalar.utf8 { last = state.read(byte) }
      if last != .scalar(scalar) { Issue.record("U+\(String(value, radix: 16))") }
    }
  }

  /// A state that lost a byte, or the order of them, would continue the wrong character.
  @Test func stateIsStoredAtEveryPlace() throws {
    for bytes in [Array("é".utf8), Array("€".utf8), Array("😀".utf8)] {
      for count in 0..<bytes.count {
        var state = UTF8State()
        for byte in bytes[..<count] { _ = state.read(byte) }
        #expect(state.pending == Array(bytes[..<count]))
        var again = try UTF8State(encoded: state.encoded)
        #expect(again == state)
        #expect(again.allows(bytes[count...]))
        for byte in bytes[count...] { _ = again.read(byte) }
        #expect(again == UTF8State())
      }
    }
    for bad in ["e", "e282ac", "41", "c0", "E2", "e2 8", "f09f9880", "e2828", "ed a0", "eda0", "💥"] {
      #expect(throws: RNNError.self, "\(bad)") { try UTF8State(encoded: bad) }
    }
    let message = #expect(throws: RNNError.self) { try UTF8State(encoded: "zz") }
    #expect(message?.kind == .badData)
    #expect(message?.message.contains("‘zz’ is not the beginning of a UTF-8 character") == true)
  }

  @Test func invalidByteLeavesTheState() {
    var state = UTF8State()
    _ = state.read(0xE2)
    let before = state
    #expect(state.read(0x41) == .invalid)
    #expect(state == before)
  }

  /// What is not well-formed is cut as the standard library's repair cuts it.
  @Test func piecesOfWhatIsNotUTF8() {
    var random = Philox(seed: 2)
    let interesting: [UInt8] = [0x41, 0x80, 0xBF, 0xC2, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xF0, 0x9F, 0x98, 0xF4, 0x8F, 0xFF]
    for _ in 0..<5_000 {
      let bytes = (0..<Int(random.next() % 8)).map { _ in interesting[Int(random.next() % UInt64(interesting.count))] }
      var repaired = String.UnicodeScalarView()
      var ranges: [Range<Int>] = []
      UTF8State.forEachScalar(in: bytes) { scalar, range in
        ranges.append(range)
        repaired.append(scalar ?? "\u{FFFD}")
        return true
      }
      #expect(ranges.flatMap { Array($0) } == Array(bytes.indices))
      #expect(Array(repaired) == Array(String(decoding: bytes, as: UTF8.self).unicodeScalars), "\(bytes)")
    }
  }

  @Test func firstInvalidBytes() {
    #expect(UTF8State.firstInvalidBytes(in: Array("naïve €".utf8)) == nil)
    #expect(UTF8State.firstInvalidBytes(in: [0x41, 0xE9, 0x20]) == 1..<2)
    #expect(UTF8State.firstInvalidBytes(in: [0x41, 0xE2, 0x82]) == 1..<3)
  }
}

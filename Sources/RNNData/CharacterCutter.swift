/// Cuts a text that comes in pieces into characters (Unicode scalars) and what is not UTF-8: the same ones wherever the pieces
/// are cut, and those of ``UTF8State/forEachScalar(in:_:)``.
struct CharacterCutter: Sendable {
  /// Where the text so far leaves off.
  private(set) var state = UTF8State()
  /// Whether everything so far was UTF-8.
  private(set) var isUTF8 = true

  /// Calls `body` for each character that is complete with these bytes, with nil for what is not UTF-8.
  ///
  /// - Returns: how many of the bytes were read: all, unless `limit` characters were complete before.
  @inline(__always)
  mutating func cut(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int = .max, _ body: (Unicode.Scalar?) -> Void) -> Int {
    var i = 0, left = limit
    while i < bytes.count, left > 0 {
      // Almost always a character lies whole in a piece.
      if state.isBetweenCharacters {
        if bytes[i] < 0x80 {
          body(Unicode.Scalar(bytes[i]))
          (i, left) = (i + 1, left - 1)
          continue
        }
        if let (scalar, length) = Self.scalar(bytes, at: i) {
          body(scalar)
          (i, left) = (i + length, left - 1)
          continue
        }
      }
      switch state.read(bytes[i]) {
      case .incomplete: i += 1
      case .scalar(let scalar):
        body(scalar)
        (i, left) = (i + 1, left - 1)
      case .invalid:
        isUTF8 = false
        body(nil)
        left -= 1
        // The byte may begin a character itself, if it ended another.
        if state.isBetweenCharacters { i += 1 } else { state = UTF8State() }
      }
    }
    return i
  }

  /// Ends the text, and with it a character that isn't complete.
  mutating func finish(_ body: (Unicode.Scalar?) -> Void) {
    guard !state.isBetweenCharacters else { return }
    isUTF8 = false
    state = UTF8State()
    body(nil)
  }

  /// The character of more than one byte at `i` and its length; nil where there is none, or not all of it.
  private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at i: Int) -> (Unicode.Scalar, Int)? {
    let first = UInt32(bytes[i])
    let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    guard first >= 0xC2, first < 0xF5, bytes.count - i >= length else { return nil }
    var value = first & (0x7F >> UInt32(length))
    for k in 1..<length {
      guard bytes[i + k] & 0xC0 == 0x80 else { return nil }
      value = value << 6 | UInt32(bytes[i + k] & 0x3F)
    }
    // Overlong forms are no characters; surrogates, and what is beyond the last code point, are no scalars.
    guard value >= (length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000) else { return nil }
    return Unicode.Scalar(value).map { ($0, length) }
  }
}

extension CharacterCutter {
  /// Reads all of `bytes`; how many characters, or pieces of what is not UTF-8, are complete with them.
  mutating func count(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var characters = 0, i = 0
    while i < bytes.count {
      if state.isBetweenCharacters {
        let run = Self.asciiRun(UnsafeBufferPointer(rebasing: bytes[i...]))
        (characters, i) = (characters + run, i + run)
      }
      // Then some of others, before it is tried again.
      i += cut(UnsafeBufferPointer(rebasing: bytes[i...]), limit: 32) { _ in characters += 1 }
    }
    return characters
  }

  /// How many bytes of ASCII stand at the beginning, in blocks of 32.
  private static func asciiRun(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    let high = SIMD4<UInt64>(repeating: 0x8080_8080_8080_8080)
    var count = 0
    while count + 32 <= raw.count {
      let block = raw.loadUnaligned(fromByteOffset: count, as: SIMD4<UInt64>.self) & high
      if block[0] | block[1] | block[2] | block[3] != 0 { break }
      count += 32
    }
    return count
  }

  /// Where in `bytes`, which are known to have some, the first ones begin that are not UTF-8; below 0 if they began before.
  func offsetOfInvalidBytes(in bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var cutter = self
    var begin = 0, i = 0
    while cutter.isUTF8, i < bytes.count {
      begin = i - cutter.state.pending.count
      i += cutter.cut(UnsafeBufferPointer(rebasing: bytes[i...]), limit: 1) { _ in }
    }
    return begin
  }
}

/// Cuts a text that comes in pieces into words and line ends: the same ones wherever the pieces are cut.
///
/// A word is as many bytes as stand between two bytes of whitespace, which is that of ASCII: space, tab, vertical tab, form
/// feed, carriage return. A newline is a line end. So it is never in the middle of a character of UTF-8 that a text is cut.
struct WordCutter: Sendable {
  /// The longest word, in bytes. A longer one can't have a token of its own, so a text without whitespace, whatever its size,
  /// takes no memory.
  static let longest = 256

  // A word that isn't complete; of one that is too long, the beginning.
  private var pending: [UInt8] = []

  /// What a token is of.
  enum Piece {
    case word(UnsafeBufferPointer<UInt8>)
    /// A word of more than ``longest`` bytes.
    case longWord
    case lineEnd
  }

  /// Whether a byte belongs to no word.
  static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  /// Calls `body` for each word and line end that is complete with these bytes, with the offset after it; 0 where a word ended
  /// with the bytes before these.
  ///
  /// - Returns: how many of the bytes were read: all, unless `limit` words and line ends were complete before.
  @inline(__always)
  mutating func cut(_ bytes: UnsafeBufferPointer<UInt8>, limit: Int = .max, _ body: (_ piece: Piece, _ end: Int) -> Void) -> Int {
    var i = 0, left = limit
    while i < bytes.count, left > 0 {
      if Self.isWhitespace(bytes[i]) {
        if !pending.isEmpty {
          end(at: i, body)
          left -= 1
          // The whitespace is looked at again: it may be a line end.
          continue
        }
        i += 1
        if bytes[i - 1] == UInt8(ascii: "\n") {
          body(.lineEnd, i)
          left -= 1
        }
        continue
      }
      var next = i + 1
      while next < bytes.count, !Self.isWhitespace(bytes[next]) { next += 1 }
      let part = UnsafeBufferPointer(rebasing: bytes[i..<next])
      i = next
      // Mostly a word lies whole in a piece, and nothing is copied.
      if next < bytes.count, pending.isEmpty {
        body(part.count > Self.longest ? .longWord : .word(part), next)
        left -= 1
      } else {
        pending.append(contentsOf: part.prefix(Self.longest + 1 - pending.count))
      }
    }
    return i
  }

  /// Ends the text, and with it a word.
  mutating func finish(_ body: (_ piece: Piece, _ end: Int) -> Void) {
    if !pending.isEmpty { end(at: 0, body) }
  }

  private mutating func end(at offset: Int, _ body: (_ piece: Piece, _ end: Int) -> Void) {
    if pending.count > Self.longest {
      body(.longWord, offset)
    } else {
      pending.withUnsafeBufferPointer { body(.word($0), offset) }
    }
    pending.removeAll(keepingCapacity: true)
  }
}

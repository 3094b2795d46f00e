/// What is done to a text before it is cut into words: so that “Great!” becomes the word “great” and a sign.
public struct TextNormalizer: Sendable, Hashable, Codable {
  /// Letters become small ones.
  public var lowercase: Bool
  /// Signs of ASCII become words of their own, runs of one sign a word; but not those inside a word (`don't`, `re-made`, `3.5`), and not `#@_<>`.
  public var splitsSigns: Bool

  public init(lowercase: Bool, splitsSigns: Bool) {
    self.lowercase = lowercase
    self.splitsSigns = splitsSigns
  }

  /// Texts as they are.
  public static let none = TextNormalizer(lowercase: false, splitsSigns: false)

  /// Appends a text as it is to be cut.
  public func append(_ text: [UInt8], to target: inout [UInt8]) {
    if lowercase, text.contains(where: { $0 >= 0x80 }) {
      appendApart(Array(String(decoding: text, as: UTF8.self).lowercased().utf8), to: &target)
    } else {
      appendApart(lowercase ? text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } : text, to: &target)
    }
  }

  private func appendApart(_ text: [UInt8], to target: inout [UInt8]) {
    guard splitsSigns else {
      target.append(contentsOf: text)
      return
    }
    var before = Part.gap
    for (i, byte) in text.enumerated() {
      let part = Self.part(byte, after: i > 0 ? text[i - 1] : 0x20, before: i + 1 < text.count ? text[i + 1] : 0x20)
      if before != .gap, part != .gap, part != before { target.append(0x20) }
      target.append(byte)
      before = part
    }
  }

  private enum Part: Equatable {
    case gap, word
    case sign(UInt8)
  }

  private static func part(_ byte: UInt8, after last: UInt8, before next: UInt8) -> Part {
    func isOfWord(_ byte: UInt8) -> Bool { byte >= 0x80 || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) }
    switch byte {
    case _ where WordCutter.isWhitespace(byte): return .gap
    // Texts that are cut already have words such as `'s`.
    case UInt8(ascii: "'"): return isOfWord(next) && (isOfWord(last) || WordCutter.isWhitespace(last)) ? .word : .sign(byte)
    case UInt8(ascii: "-"), UInt8(ascii: "."): return isOfWord(last) && isOfWord(next) ? .word : .sign(byte)
    case UInt8(ascii: ","): return (0x30...0x39).contains(last) && (0x30...0x39).contains(next) ? .word : .sign(byte)
    case 0x23, 0x3C, 0x3E, 0x40, 0x5F: return .word
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: return .sign(byte)
    default: return .word
    }
  }
}

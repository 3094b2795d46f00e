import Foundation

/// What is done to a text before it is cut into words: so that “Great!” becomes the word “great” and a sign.
public struct TextNormalizer: Sendable, Hashable, Codable {
  /// Letters become small ones.
  public var lowercase: Bool
  /// Signs of ASCII become words of their own, runs of one sign a word; but not those inside a word (`don't`, `re-made`, `3.5`), and not `#@_<>`.
  public var splitsSigns: Bool

  /// A letter and its marks become one character where there is one (Unicode's form NFC): “é” is the same, however it was typed.
  public var composes: Bool

  public init(lowercase: Bool, splitsSigns: Bool, composes: Bool = true) {
    self.lowercase = lowercase
    self.splitsSigns = splitsSigns
    self.composes = composes
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    lowercase = try values.decode(Bool.self, forKey: .lowercase)
    splitsSigns = try values.decode(Bool.self, forKey: .splitsSigns)
    // Models of before read texts as they were.
    composes = try values.decodeIfPresent(Bool.self, forKey: .composes) ?? false
  }

  /// Texts as they are.
  public static let none = TextNormalizer(lowercase: false, splitsSigns: false, composes: false)
  /// Texts in Unicode's form NFC, else as they are.
  public static let composed = TextNormalizer(lowercase: false, splitsSigns: false)

  /// A text as it is to be cut.
  public func callAsFunction(_ text: [UInt8]) -> [UInt8] {
    guard self != .none else { return text }
    var normal: [UInt8] = []
    append(text, to: &normal)
    return normal
  }

  /// Appends a text as it is to be cut.
  public func append(_ text: [UInt8], to target: inout [UInt8]) {
    let text = composes ? Self.composed(text) : text
    if lowercase, text.contains(where: { $0 >= 0x80 }) {
      appendApart(Array(String(decoding: text, as: UTF8.self).lowercased().utf8), to: &target)
    } else {
      appendApart(lowercase ? text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 } : text, to: &target)
    }
  }

  /// The text in form NFC; what is not UTF-8 as it is.
  private static func composed(_ text: [UInt8]) -> [UInt8] {
    // No character below U+0300 changes, and none but marks from there on changes one.
    guard text.contains(where: { $0 >= 0xCC }), let string = String(validating: text, as: UTF8.self) else { return text }
    return Array(string.precomposedStringWithCanonicalMapping.utf8)
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

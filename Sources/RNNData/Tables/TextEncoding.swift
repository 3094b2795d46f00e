/// How the characters of a file are written as bytes.
public enum TextEncoding: String, Sendable, Hashable, CaseIterable {
  case utf8
  /// A byte for each character of western European languages: ISO 8859-1 with the additions of Windows-1252, as the web reads it.
  case latin1

  /// Appends `text` as UTF-8.
  func append(_ text: UnsafeBufferPointer<UInt8>, to target: inout [UInt8]) {
    guard self == .latin1, text.contains(where: { $0 >= 0x80 }) else {
      target.append(contentsOf: text)
      return
    }
    for byte in text {
      if byte < 0x80 {
        target.append(byte)
      } else {
        let value = byte < 0xA0 ? Self.additions[Int(byte) - 0x80] : UInt16(byte)
        target.append(contentsOf: (Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
      }
    }
  }

  /// The characters that Windows-1252 has from 80 to 9F; what it leaves open are control characters.
  private static let additions: [UInt16] = [
    0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D, 0x017D, 0x8F,
    0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D, 0x017E, 0x0178,
  ]
}

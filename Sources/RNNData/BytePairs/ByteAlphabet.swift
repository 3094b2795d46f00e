/// The characters that GPT-2's files write for bytes: those of Latin-1 that can be seen stand for themselves, the others, in their
/// order, for the code points from 256 on. So a space is `Ġ` and a line end `Ċ`.
enum ByteAlphabet {
  static let scalars: [Unicode.Scalar] = {
    var next: UInt32 = 256
    return (0...255).map { (byte: UInt32) in
      var value = byte
      if !(0x21...0x7E).contains(byte), !(0xA1...0xAC).contains(byte), byte < 0xAE {
        value = next
        next += 1
      }
      // None of these is a surrogate.
      return Unicode.Scalar(value) ?? "\u{FFFD}"
    }
  }()

  private static let bytes = Dictionary(uniqueKeysWithValues: zip(scalars, UInt8(0)...255))

  static func text(_ bytes: some Sequence<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(scalars[Int(byte)]) }
    return text
  }

  /// The bytes that a text stands for; nil if it has other characters.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    var result: [UInt8] = []
    for scalar in text.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }
}

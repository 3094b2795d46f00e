import RNN

/// Files with something wrong in them, drawn from whole ones.
enum FuzzMutation {
  /// Numbers at which something might overflow, divide by nothing, or ask for too much.
  static let numbers = [
    "0", "1", "-1", "2", "255", "256", "32767", "65536", "1048576", "16777216", "2147483647", "2147483648", "4294967295", "4294967296",
    "9007199254740993", "4611686018427387904", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615", "1e9",
    "1e39", "1e308", "1e309", "1e-320", "-0.0", "0.5", "0.99999997", "0.999999999999", "nan", "inf", "-inf", "0x10", "1_000", "",
  ]
  private static let texts = ["\"", "{", "}", "[", "]", ",", ":", "\\", "\n", "\t", " ", "\u{0}", "é", "\u{FEFF}", "null", "true", "\r\n", ";", "="]
  private static let bytes: [UInt8] = [0, 1, 9, 10, 13, 32, 34, 44, 48, 57, 92, 0x7F, 0x80, 0xC0, 0xE2, 0xF4, 0xFE, 0xFF]

  /// A file that differs from `whole` in one to four places.
  static func mutated(_ whole: [UInt8], using random: inout Philox) -> [UInt8] {
    // Of a file with a header of JSON, mostly a header that can still be read, else only its reader is tried.
    if let parts = header(of: whole), Int.random(in: 0..<5, using: &random) > 0 {
      var text = parts.json
      for _ in 0..<Int.random(in: 1...2, using: &random) { change(text: &text, using: &random) }
      var data = parts.data
      if Int.random(in: 0..<4, using: &random) == 0, data.count > 3 { change(float: &data, using: &random) }
      return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text + data
    }
    var bytes = whole
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      if Bool.random(using: &random) { change(text: &bytes, using: &random) } else { change(bytes: &bytes, using: &random) }
    }
    return bytes
  }

  /// The header of a `.safetensors` file, and what follows it.
  private static func header(of bytes: [UInt8]) -> (json: [UInt8], data: [UInt8])? {
    guard bytes.count > 9, bytes[8] == UInt8(ascii: "{") else { return nil }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length < UInt64(bytes.count - 8) else { return nil }
    return (Array(bytes[8..<8 + Int(length)]), Array(bytes[(8 + Int(length))...]))
  }

  /// Another number in place of one, or a few characters more or less.
  private static func change(text: inout [UInt8], using random: inout Philox) {
    guard !text.isEmpty else { return }
    let start = Int.random(in: 0..<text.count, using: &random)
    let isDigit = { (byte: UInt8) in (48...57).contains(byte) || byte == 45 || byte == 46 }
    if Int.random(in: 0..<3, using: &random) > 0, let first = text[start...].firstIndex(where: isDigit) {
      let end = text[first...].firstIndex { !isDigit($0) } ?? text.count
      text.replaceSubrange(first..<end, with: numbers[Int.random(in: 0..<numbers.count, using: &random)].utf8)
      return
    }
    switch Int.random(in: 0..<3, using: &random) {
    case 0: text.insert(contentsOf: texts[Int.random(in: 0..<texts.count, using: &random)].utf8, at: start)
    case 1: text.removeSubrange(start..<min(start + Int.random(in: 1...20, using: &random), text.count))
    default:
      let end = min(start + Int.random(in: 1...40, using: &random), text.count)
      text.insert(contentsOf: Array(text[start..<end]), at: Int.random(in: 0...text.count, using: &random))
    }
  }

  private static func change(bytes: inout [UInt8], using random: inout Philox) {
    guard !bytes.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &random)
    switch Int.random(in: 0..<7, using: &random) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1: bytes[place] = Self.bytes[Int.random(in: 0..<Self.bytes.count, using: &random)]
    case 2: bytes.removeSubrange(place...)
    case 3: bytes.removeSubrange(place..<min(place + Int.random(in: 1...64, using: &random), bytes.count))
    case 4: bytes.insert(contentsOf: repeatElement(UInt8.random(in: 0...255, using: &random), count: Int.random(in: 1...64, using: &random)), at: place)
    case 5:
      // A number of 32 bits: sizes in headers.
      let values: [UInt32] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, UInt32(truncatingIfNeeded: random.next())]
      let value = values[Int.random(in: 0..<values.count, using: &random)]
      withUnsafeBytes(of: value.littleEndian) { for (i, byte) in $0.enumerated() where place + i < bytes.count { bytes[place + i] = byte } }
    default: change(float: &bytes, using: &random)
    }
  }

  private static func change(float bytes: inout [UInt8], using random: inout Philox) {
    guard bytes.count > 3 else { return }
    let values: [Float] = [.nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1e30, .leastNonzeroMagnitude, 0, -0.0, 1e10]
    let place = Int.random(in: 0..<bytes.count / 4, using: &random) * 4
    withUnsafeBytes(of: values[Int.random(in: 0..<values.count, using: &random)].bitPattern.littleEndian) {
      for (i, byte) in $0.enumerated() { bytes[place + i] = byte }
    }
  }
}

/// `bytes` as pairs of lower-case hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>, separator: String) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: separator)
}

/// The value of a lower-case hexadecimal digit given in ASCII.
func hexadecimalValue(_ digit: UInt8) -> UInt8? {
  switch digit {
  case 0x30...0x39: digit - 0x30
  case 0x61...0x66: digit - 0x61 + 10
  default: nil
  }
}

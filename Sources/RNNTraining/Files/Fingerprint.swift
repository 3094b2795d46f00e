/// A short name for some content: the 128-bit FNV-1a hash of its bytes.
///
/// A saved state carries its model's fingerprint so that it is never continued with another model. It guards against
/// mistakes, not against someone who wants two files to look alike.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// The hash's value.
  public let value: UInt128

  /// The fingerprint of `bytes`.
  public init(of bytes: [UInt8]) {
    var hash: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
    for byte in bytes { hash = (hash ^ UInt128(byte)) &* prime }
    value = hash
  }

  /// The fingerprint that ``description`` wrote, or `nil` if `text` is not one.
  public init?(_ text: String) {
    guard text.utf8.count == 32, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
      let value = UInt128(text, radix: 16)
    else { return nil }
    self.value = value
  }

  /// 32 hexadecimal digits.
  public var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 32 - digits.count) + digits
  }
}

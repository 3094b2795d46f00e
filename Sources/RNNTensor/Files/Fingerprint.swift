/// A short name for some content: the 128-bit FNV-1a hash of its bytes.
///
/// A saved state carries its model's fingerprint so that it is never continued with another model. It guards against
/// mistakes, not against someone who wants two files to look alike.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// The hash's value.
  public private(set) var value: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d

  /// The fingerprint of no bytes, to which some are to be added.
  public init() {}

  /// The fingerprint of `bytes`.
  public init(of bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { add($0) }
  }

  /// Makes it the fingerprint of all bytes so far and these after them.
  public mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    // h · (2⁸⁸ + 0x13b) in two halves: each byte waits for the one before it, so every cycle counts.
    var low = UInt64(truncatingIfNeeded: value), high = UInt64(truncatingIfNeeded: value >> 64)
    for byte in bytes {
      low ^= UInt64(byte)
      let product = low.multipliedFullWidth(by: 0x13b)
      high = high &* 0x13b &+ low &<< 24 &+ product.high
      low = product.low
    }
    value = UInt128(high) << 64 | UInt128(low)
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

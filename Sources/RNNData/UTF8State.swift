import RNNTensor

/// Where a reader of UTF-8 stands inside a character: nothing yet, or the first one to three bytes of one.
///
/// The table is that of RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. The state is the pending
/// bytes themselves, so it can be stored and taken up again.
public struct UTF8State: Sendable, Hashable {
  /// What a byte did.
  public enum Step: Sendable, Hashable {
    /// The byte completed this character.
    case scalar(Unicode.Scalar)
    /// The byte belongs to a character that needs more bytes.
    case incomplete
    /// The byte can't stand here; the state is unchanged.
    case invalid
  }

  // The pending bytes, the latest in the lowest bits.
  private var packed: UInt32 = 0
  private var count = 0

  /// Between two characters.
  public init() {}

  /// The bytes read of an unfinished character: none to three.
  public var pending: [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: packed >> UInt32(8 * (count - 1 - $0))) }
  }

  /// Whether no character is half read.
  public var isBetweenCharacters: Bool { count == 0 }

  /// Whether `byte` can come next in well-formed UTF-8.
  public func allows(_ byte: UInt8) -> Bool {
    guard count > 0 else { return byte < 0x80 || (0xC2...0xF4).contains(byte) }
    guard count == 1 else { return (0x80...0xBF).contains(byte) }
    switch packed {
    case 0xE0: return (0xA0...0xBF).contains(byte)  // below are overlong forms
    case 0xED: return (0x80...0x9F).contains(byte)  // above are surrogates
    case 0xF0: return (0x90...0xBF).contains(byte)  // below are overlong forms
    case 0xF4: return (0x80...0x8F).contains(byte)  // above is beyond U+10FFFF
    default: return (0x80...0xBF).contains(byte)
    }
  }

  /// Whether all of `bytes` can come next, one after the other.
  public func allows(_ bytes: some Sequence<UInt8>) -> Bool {
    var state = self
    return bytes.allSatisfy { state.read($0) != .invalid }
  }

  /// Reads one byte.
  public mutating func read(_ byte: UInt8) -> Step {
    guard allows(byte) else { return .invalid }
    packed = packed << 8 | UInt32(byte)
    count += 1
    guard count == lengthOfCharacter else { return .incomplete }
    // `allows` let through only what encodes a scalar, so the replacement can't appear for anything else.
    let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
    self = UTF8State()
    return .scalar(scalar)
  }

  private var lengthOfCharacter: Int {
    switch packed >> UInt32(8 * (count - 1)) {
    case ..<0x80: 1
    case ..<0xE0: 2
    case ..<0xF0: 3
    default: 4
    }
  }

  private var value: UInt32 {
    guard count > 1 else { return packed }
    var result = packed >> UInt32(8 * (count - 1)) & (0x7F >> UInt32(count))
    for i in (0..<count - 1).reversed() { result = result << 6 | packed >> UInt32(8 * i) & 0x3F }
    return result
  }
}

extension UTF8State {
  /// The pending bytes in hexadecimal, such as `e282`; empty between characters.
  public var encoded: String { hexadecimal(pending, separator: "") }

  /// The state that `encoded` describes.
  ///
  /// - Throws: `.badData` when it isn't the beginning of a character.
  public init(encoded: String) throws(RNNError) {
    self.init()
    let digits = Array(encoded.utf8.prefix(7))
    var isGood = digits.count % 2 == 0 && digits.count <= 6
    for i in stride(from: 0, to: isGood ? digits.count : 0, by: 2) {
      guard let high = hexadecimalValue(digits[i]), let low = hexadecimalValue(digits[i + 1]),
        read(high << 4 | low) == .incomplete
      else {
        isGood = false
        break
      }
    }
    guard isGood else {
      throw RNNError(
        .badData,
        "‘\(String(encoded.unicodeScalars.prefix(20)))’ is not the beginning of a UTF-8 character: expected up to three bytes in "
          + "lower-case hexadecimal, such as e282")
    }
  }
}

extension UTF8State {
  /// Calls `body` for every character of `bytes` in order, with the range of its bytes (offsets from the first byte), and
  /// with nil for what is not well-formed, cut as Unicode recommends (the longest beginning of a character, else one byte).
  ///
  /// The walk ends early when `body` returns false.
  public static func forEachScalar(
    in bytes: some Collection<UInt8>, _ body: (_ scalar: Unicode.Scalar?, _ range: Range<Int>) -> Bool
  ) {
    var state = UTF8State()
    var start = 0
    var next = 0
    for byte in bytes {
      var step = state.read(byte)
      if step == .invalid, !state.isBetweenCharacters {
        guard body(nil, start..<next) else { return }
        state = UTF8State()
        start = next
        step = state.read(byte)
      }
      next += 1
      switch step {
      case .incomplete: continue
      case .scalar(let scalar):
        guard body(scalar, start..<next) else { return }
      case .invalid:
        guard body(nil, start..<next) else { return }
      }
      start = next
    }
    if start < next { _ = body(nil, start..<next) }
  }

  /// The offsets of the first bytes of `bytes` that are not well-formed UTF-8.
  public static func firstInvalidBytes(in bytes: some Collection<UInt8>) -> Range<Int>? {
    var found: Range<Int>?
    forEachScalar(in: bytes) { scalar, range in
      if scalar == nil { found = range }
      return scalar != nil
    }
    return found
  }
}

/// What stands in a field of a column of numbers.
enum NumberField: Hashable {
  case number(Double)
  /// Nothing, or a word for it.
  case missing
  /// Something else.
  case other

  /// Words for a number that isn't there, in lower case.
  private static let missingWords: Set<[UInt8]> = Set(["na", "n/a", "nan", "null", "none", "nil", "?", "-", "--", ".", "missing", "#n/a"].map { Array($0.utf8) })

  /// - Parameters:
  ///   - decimalComma: whether a comma may stand for the point.
  init(_ field: UnsafeBufferPointer<UInt8>, decimalComma: Bool = false) {
    var (start, end) = (0, field.count)
    while start < end, field[start] == 0x20 || field[start] == 0x09 { start += 1 }
    while end > start, field[end - 1] == 0x20 || field[end - 1] == 0x09 { end -= 1 }
    if start == end {
      self = .missing
      return
    }
    let text = UnsafeBufferPointer(rebasing: field[start..<end])
    if let value = Self.decimal(text, point: UInt8(ascii: ".")) ?? (decimalComma ? Self.decimal(text, point: UInt8(ascii: ",")) : nil) {
      self = value.isFinite ? .number(value) : .other
    } else {
      self = text.count <= 7 && Self.missingWords.contains(text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }) ? .missing : .other
    }
  }

  /// A decimal number; nil for anything else, names of infinity and hexadecimal numbers included.
  private static func decimal(_ text: UnsafeBufferPointer<UInt8>, point: UInt8) -> Double? {
    var i = 0
    let isNegative = text[0] == UInt8(ascii: "-")
    if isNegative || text[0] == UInt8(ascii: "+") { i = 1 }
    var digits: UInt64 = 0, count = 0, exponent = 0, seen = 0, isAfterPoint = false
    while i < text.count {
      let byte = text[i]
      if byte == point, !isAfterPoint {
        isAfterPoint = true
      } else if (0x30...0x39).contains(byte) {
        seen += 1
        if count < 19 {
          digits = digits * 10 + UInt64(byte - 0x30)
          if digits > 0 { count += 1 }
          if isAfterPoint { exponent -= 1 }
        } else {
          // More than what an integer holds: no Double tells the difference.
          if !isAfterPoint { exponent += 1 }
        }
      } else {
        break
      }
      i += 1
    }
    guard seen > 0 else { return nil }
    if i < text.count {
      guard text[i] | 0x20 == UInt8(ascii: "e") else { return nil }
      i += 1
      var sign = 1, power = 0, powerDigits = 0
      if i < text.count, text[i] == UInt8(ascii: "-") || text[i] == UInt8(ascii: "+") {
        sign = text[i] == UInt8(ascii: "-") ? -1 : 1
        i += 1
      }
      while i < text.count, (0x30...0x39).contains(text[i]) {
        power = min(power * 10 + Int(text[i] - 0x30), 100_000)
        powerDigits += 1
        i += 1
      }
      guard powerDigits > 0, i == text.count else { return nil }
      exponent += sign * power
    }
    if digits == 0 { return isNegative ? -0.0 : 0 }
    let magnitude: Double
    if digits <= 1 << 53, (-22...22).contains(exponent) {
      // Both are exact, so the quotient is the nearest number.
      magnitude = exponent < 0 ? Double(digits) / powers[-exponent] : Double(digits) * powers[exponent]
    } else {
      magnitude = Double("\(digits)e\(exponent)") ?? .infinity
    }
    return isNegative ? -magnitude : magnitude
  }

  private static let powers: [Double] = (0...22).map { Double("1e\($0)") ?? 0 }
}

/// A number as it stands in a table: with a decimal point or comma, thousands apart, in brackets where it is negative, with a sign of
/// per cent or of a currency.
struct WrittenNumber: Hashable {
  /// What a number tells about the decimal mark of its column.
  enum Marks: Hashable {
    /// Nothing: it has neither a point nor a comma.
    case none
    /// This is the decimal mark.
    case decimal(DecimalMark)
    /// This stands between thousands, so that the other one is the decimal mark.
    case grouping(DecimalMark)
    /// This stands once, before three digits: the decimal mark, or between thousands.
    case unclear(DecimalMark)
  }

  /// The value; where the mark is unclear, with it as the decimal mark.
  private(set) var value: Double
  private(set) var marks = Marks.none
  /// What stands between thousands: nil where nothing does, or where that is unclear.
  private(set) var grouping: ThousandsMark?
  /// A sign of per cent or of a currency.
  private(set) var unit: Unicode.Scalar?
  /// Whether brackets say that it is negative, as accountants write.
  private(set) var isBracketed = false

  var isGrouped: Bool { grouping != nil }

  /// - Parameter text: without spaces around it. Nil for anything else than a number, names of infinity and hexadecimal numbers included.
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    // Nearly all numbers have none of the rest, and no word begins as one.
    if let (value, marks) = Self.plain(text, .point) ?? Self.plain(text, .comma) {
      (self.value, self.marks) = (value, marks)
      return
    }
    guard let first = text.first, first > 0x7F || first < 0x40, let number = String(validating: text, as: UTF8.self).flatMap(Self.init(decorated:)) else { return nil }
    self = number
  }

  // MARK: Digits with a decimal mark

  private static func plain(_ text: UnsafeBufferPointer<UInt8>, _ mark: DecimalMark) -> (value: Double, marks: Marks)? {
    let point = UInt8(ascii: mark == .point ? "." : ",")
    guard let first = text.first else { return nil }
    var i = 0
    let isNegative = first == UInt8(ascii: "-")
    if isNegative || first == UInt8(ascii: "+") { i = 1 }
    var digits: UInt64 = 0, kept = 0, exponent = 0, isRounded = false
    // Digits before and after the point, and whether the first one is 0.
    var before = 0, after = 0, startsWithZero = false, hasPoint = false
    while i < text.count {
      let byte = text[i]
      if byte == point, !hasPoint {
        hasPoint = true
      } else if (0x30...0x39).contains(byte) {
        if before == 0, !hasPoint { startsWithZero = byte == 0x30 }
        if hasPoint { after += 1 } else { before += 1 }
        if kept < 19 {
          digits = digits * 10 + UInt64(byte - 0x30)
          if digits > 0 { kept += 1 }
          if hasPoint { exponent -= 1 }
        } else {
          // More than what an integer holds.
          isRounded = true
          if !hasPoint { exponent += 1 }
        }
      } else {
        break
      }
      i += 1
    }
    guard before + after > 0 else { return nil }
    var hasExponent = false
    if i < text.count {
      guard text[i] | 0x20 == UInt8(ascii: "e") else { return nil }
      hasExponent = true
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
    let magnitude: Double
    if digits == 0 {
      magnitude = 0
    } else if isRounded {
      magnitude = Double(String(decoding: text.map { $0 == point ? UInt8(ascii: ".") : $0 }, as: UTF8.self)).map(abs) ?? .infinity
    } else if digits <= 1 << 53, (-22...22).contains(exponent) {
      // Both are exact, so the quotient is the nearest number.
      magnitude = exponent < 0 ? Double(digits) / powers[-exponent] : Double(digits) * powers[exponent]
    } else {
      magnitude = Double("\(digits)e\(exponent)") ?? .infinity
    }
    let isUnclear = after == 3 && (1...3).contains(before) && !startsWithZero && !hasExponent
    return (isNegative ? -magnitude : magnitude, !hasPoint ? .none : isUnclear ? .unclear(mark) : .decimal(mark))
  }

  private static let powers: [Double] = (0...22).map { Double("1e\($0)") ?? 0 }

  // MARK: All the rest

  private init?(decorated text: String) {
    var rest = Array(text.unicodeScalars)[...]
    func trim() {
      while let first = rest.first, Self.isSpace(first) { rest.removeFirst() }
      while let last = rest.last, Self.isSpace(last) { rest.removeLast() }
    }
    trim()
    var sign: Unicode.Scalar?, unit: Unicode.Scalar?
    let isBracketed = rest.first == "(" && rest.last == ")"
    if isBracketed {
      rest = rest.dropFirst().dropLast()
      trim()
    }
    // A sign and a unit before the digits, in either order, or a unit behind them.
    while let first = rest.first, first != ".", first != ",", !Self.isDigit(first) {
      if ["-", "+", "\u{2212}"].contains(first), sign == nil, !isBracketed {
        sign = first
      } else if Self.isCurrency(first), unit == nil {
        unit = first
      } else {
        return nil
      }
      rest.removeFirst()
      trim()
    }
    if let last = rest.last, last == "%" || Self.isCurrency(last) {
      guard unit == nil else { return nil }
      unit = last
      rest.removeLast()
      trim()
    }
    guard let (digits, marks, grouping) = Self.ungrouped(rest) else { return nil }
    var plain = digits
    guard let magnitude = plain.withUTF8({ Self.plain($0, .point) })?.value else { return nil }
    value = isBracketed || (sign != nil && sign != "+") ? -magnitude : magnitude
    (self.marks, self.grouping, self.unit, self.isBracketed) = (marks, grouping, unit, isBracketed)
  }

  /// Digits with a decimal point at most, and what stood there.
  private static func ungrouped(_ text: ArraySlice<Unicode.Scalar>) -> (digits: String, marks: Marks, grouping: ThousandsMark?)? {
    var groups = [""], marks: [ThousandsMark] = []
    var rest = text
    while let scalar = rest.first, scalar != "e", scalar != "E" {
      if isDigit(scalar) {
        groups[groups.count - 1].unicodeScalars.append(scalar)
      } else {
        guard let mark = ThousandsMark(scalar) else { return nil }
        marks.append(mark)
        groups.append("")
      }
      rest.removeFirst()
    }
    let exponent = String(String.UnicodeScalarView(rest))
    func digits(_ whole: ArraySlice<String>, _ fraction: String? = nil) -> String { whole.joined() + (fraction.map { ".\($0)" } ?? "") + exponent }
    guard let first = marks.first, let last = marks.last else { return (digits(groups[...]), .none, nil) }

    // Thousands, or in India hundreds of thousands.
    func isGrouped(_ groups: ArraySlice<String>) -> Bool {
      guard let leading = groups.first, (1...3).contains(leading.count), leading.first != "0", groups.last?.count == 3 else { return false }
      let inner = groups.dropFirst().dropLast()
      return inner.allSatisfy { $0.count == 3 } || (first == .comma && inner.allSatisfy { $0.count == 2 } && leading.count < 3)
    }
    if let decimal = last.decimal, marks.dropLast().allSatisfy({ $0 == first && $0 != last }) {
      if marks.count > 1 {
        return isGrouped(groups.dropLast()) ? (digits(groups.dropLast(), groups.last), .decimal(decimal), first) : nil
      }
      let isUnclear = isGrouped(groups[...]) && exponent.isEmpty
      return (digits(groups.prefix(1), groups.last), isUnclear ? .unclear(decimal) : .decimal(decimal), nil)
    }
    guard marks.allSatisfy({ $0 == first }), isGrouped(groups[...]), exponent.isEmpty else { return nil }
    return (digits(groups[...]), first.decimal.map { .grouping($0) } ?? .none, first)
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace || scalar == "\u{2060}" }

  private static func isCurrency(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .currencySymbol }
}

/// What stands before the decimals of a number.
public enum DecimalMark: String, Sendable, Hashable, Codable, CaseIterable {
  case point, comma

  var other: DecimalMark { self == .point ? .comma : .point }
}

/// What stands between the thousands of a number.
public enum ThousandsMark: String, Sendable, Hashable, Codable, CaseIterable {
  case comma, point, space, apostrophe, none

  init?(_ scalar: Unicode.Scalar) {
    switch scalar {
    case ",": self = .comma
    case ".": self = .point
    case "'", "\u{2019}": self = .apostrophe
    default:
      guard WrittenNumber.isSpace(scalar) else { return nil }
      self = .space
    }
  }

  /// The decimal mark that looks the same.
  var decimal: DecimalMark? { self == .comma ? .comma : self == .point ? .point : nil }
}

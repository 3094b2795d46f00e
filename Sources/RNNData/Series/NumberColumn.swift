import RNNTensor

/// How the numbers of a column are written.
public struct NumberFormat: Sendable, Hashable, Codable {
  /// What stands before decimals; nil where it is found from the column.
  public var decimal: DecimalMark?
  /// What stands between thousands; nil for whatever isn't the decimal mark.
  public var thousands: ThousandsMark?
  /// The sign of per cent or of a currency that numbers have; empty for none, nil where it is found from the column.
  public var unit: String?

  public init(decimal: DecimalMark? = nil, thousands: ThousandsMark? = nil, unit: String? = nil) {
    self.decimal = decimal
    self.thousands = thousands
    self.unit = unit
  }
}

/// The way in which the numbers of a column are written, found while they are read: a field that is written in another one is an error.
struct NumberColumn {
  /// Where something was found first.
  private struct Place {
    var text: String
    var file: String
    var line: Int

    /// Seen from another row: `‘1.25’ on line 3`.
    func description(from file: String) -> String { "‘\(text)’ \(file == self.file ? "on line \(line)" : "in \(self.file), line \(line)")" }
  }

  private(set) var decimal: DecimalMark?
  private let thousands: ThousandsMark?
  /// Nil until a number is there.
  private var unit: Unicode.Scalar??
  /// What told the decimal mark, and the unit; nil for what was said, or found when a model was trained.
  private var decimalPlace: Place?, unitPlace: Place?
  /// The first number with each mark of which nobody knows what it is.
  private var unclear: [DecimalMark: Place] = [:]
  /// How it is said where no row says it.
  private let reason: String

  /// - Parameters:
  ///   - said: what somebody said of all columns.
  ///   - found: what was found of this column when a model was trained.
  init(said: NumberFormat?, found: NumberFormat?) {
    thousands = said?.thousands ?? found?.thousands
    decimal = said?.decimal ?? thousands?.decimal?.other ?? found?.decimal
    unit = found?.unit.map { $0.unicodeScalars.first }
    reason = said?.decimal != nil ? "--decimal says" : said?.thousands != nil ? "--thousands says" : "the data that the model was trained on has it"
  }

  /// What was found, for reading more of the same kind.
  var format: NumberFormat { NumberFormat(decimal: decimal, thousands: thousands, unit: unit.map { $0.map { String($0) } ?? "" }) }

  /// A number's value, and the mark in it that isn't known to be the decimal mark, as which it was taken.
  ///
  /// - Throws: `.badData` with both rows where it is written in another way than one before.
  @inline(__always)
  mutating func value(_ number: WrittenNumber, _ table: borrowing TableReader, _ column: Int) throws(RNNError) -> (Double, unclear: DecimalMark?) {
    if number.marks == .none, unit == .some(number.unit), number.grouping == nil { return (number.value, nil) }
    return try checked(number, table, column)
  }

  private mutating func checked(_ number: WrittenNumber, _ table: borrowing TableReader, _ column: Int) throws(RNNError) -> (Double, unclear: DecimalMark?) {
    try checkUnit(number.unit, table, column)
    if let thousands, let grouping = number.grouping, grouping != thousands {
      throw RNNError(
        .badData,
        "\(try Self.found(table, column)), with \(grouping.name) between thousands, but \(thousands == .none ? "nothing" : thousands.name) was said to stand there (--thousands)")
    }
    switch number.marks {
    case .none: return (number.value, nil)
    case .decimal(let mark):
      if decimal != mark { try decide(mark, "with a decimal \(mark.rawValue)", table, column) }
      return (number.value, nil)
    case .grouping(let mark):
      if decimal != mark.other { try decide(mark.other, "with a \(mark.rawValue) between thousands", table, column) }
      return (number.value, nil)
    case .unclear(let mark):
      if let thousands, thousands.decimal == nil, decimal != mark { try decide(mark, "with a decimal \(mark.rawValue)", table, column) }
      if decimal == mark { return (number.value, nil) }
      if decimal != nil { return (Self.grouped(number.value), nil) }
      if unclear[mark] == nil { unclear[mark] = try Self.place(table, column) }
      return (number.value, mark)
    }
  }

  /// The value of a number whose mark stands between thousands, from the value with it as the decimal mark.
  static func grouped(_ value: Double) -> Double { (value * 1000).rounded() }

  private mutating func decide(_ mark: DecimalMark, _ way: String, _ table: borrowing TableReader, _ column: Int) throws(RNNError) {
    if let decimal {
      let other = decimalPlace.map { "\($0.description(from: table.name)) has a decimal \(decimal.rawValue), or is written as with one" } ?? "the decimal mark is the \(decimal.rawValue): \(reason)"
      throw RNNError(.badData, "\(try Self.found(table, column)), \(way), but \(other); expected one way in the whole column (--decimal \(mark.rawValue) or \(decimal.rawValue) if it is known)")
    }
    (decimal, decimalPlace) = (mark, try Self.place(table, column))
  }

  private mutating func checkUnit(_ new: Unicode.Scalar?, _ table: borrowing TableReader, _ column: Int) throws(RNNError) {
    guard let known = unit else {
      (unit, unitPlace) = (.some(new), try Self.place(table, column))
      return
    }
    if known == new { return }
    // Prices with and without their currency are the same; per cent are something else.
    if known != "%", new == nil { return }
    if new != "%", known == nil {
      (unit, unitPlace) = (.some(new), try Self.place(table, column))
      return
    }
    func text(_ unit: Unicode.Scalar?) -> String { unit.map { "‘\($0)’" } ?? "no sign" }
    let other = unitPlace.map { "\($0.description(from: table.name)) has \(text(known))" } ?? "the data that the model was trained on has \(text(known))"
    throw RNNError(.badData, "\(try Self.found(table, column)), with \(text(new)), but \(other); expected the same in the whole column")
  }

  private static func place(_ table: borrowing TableReader, _ column: Int) throws(RNNError) -> Place {
    Place(text: try table.string(column).shortened, file: table.name, line: table.line)
  }

  private static func found(_ table: borrowing TableReader, _ column: Int) throws(RNNError) -> String {
    "\(table.at(column)): found ‘\(try table.string(column).shortened)’"
  }

  // MARK: All of it read

  /// Decides what the marks mean that no number told, and says so where it might be meant otherwise.
  ///
  /// - Parameters:
  ///   - others: the decimal mark of the other columns, where they agree.
  ///   - name: the column, for people.
  /// - Returns: a sentence, or nil.
  /// - Throws: `.badData` where numbers have a point and numbers have a comma, and either may be the decimal mark.
  mutating func settle(others: DecimalMark?, separator: UInt8?, name: String) throws(RNNError) -> String? {
    guard decimal == nil, let (mark, place) = unclear.first else { return nil }
    if let point = unclear[.point], let comma = unclear[.comma] {
      throw RNNError(
        .badData,
        "\(comma.file), line \(comma.line): found ‘\(comma.text)’, and \(point.description(from: comma.file)), in \(name): one of them has decimals and the other thousands; expected a number that tells, or the decimal mark said (--decimal comma or point)")
    }
    // Where fields stand between commas, one in a number groups thousands; else a lone mark is the decimal mark.
    let found = others ?? (separator == UInt8(ascii: ",") ? .point : mark)
    decimal = found
    let isUsual = found == .point && mark == .point && separator != UInt8(ascii: ";")
    return isUsual
      ? nil
      : "\(name) has only numbers such as ‘\(place.text)’, whose \(mark.rawValue) is taken for \(found == mark ? "the decimal mark" : "what stands between thousands") (--decimal \(found.other.rawValue) if that is wrong)"
  }
}

extension ThousandsMark {
  fileprivate var name: String {
    switch self {
    case .comma, .point, .space: "a \(rawValue)"
    case .apostrophe: "an apostrophe"
    case .none: "nothing"
    }
  }
}

extension String {
  /// What fits into a message.
  var shortened: String { count > 40 ? "\(prefix(40))…" : self }
}

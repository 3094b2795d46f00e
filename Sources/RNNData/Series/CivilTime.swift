/// A date and time of day as a clock on the wall shows it, without a zone, in the Gregorian calendar (also for the time before
/// it was in use): the years −9999 to 9999, to the microsecond.
public struct CivilTime: Sendable, Hashable, Comparable {
  /// Microseconds since 1970-01-01 00:00, every day having 86,400 seconds.
  public let microseconds: Int

  /// The first and the last time there is.
  public static let first = CivilTime(unchecked: days(beforeYear: -9999) * microsecondsPerDay)
  public static let last = CivilTime(unchecked: days(beforeYear: 10_000) * microsecondsPerDay - 1)

  private init(unchecked microseconds: Int) { self.microseconds = microseconds }

  /// Nil for times outside the years −9999 to 9999.
  public init?(microseconds: Int) {
    guard (Self.first.microseconds...Self.last.microseconds).contains(microseconds) else { return nil }
    self.microseconds = microseconds
  }

  /// Seconds since 1970-01-01 00:00. Outside the years −9999 to 9999 it is the first or the last time there is.
  public init(seconds: Int) {
    let (microseconds, isTooFar) = seconds.multipliedReportingOverflow(by: 1_000_000)
    self = CivilTime(microseconds: isTooFar ? (seconds < 0 ? .min : .max) : microseconds) ?? (seconds < 0 ? .first : .last)
  }

  /// Midnight of a day counted from 1970-01-01; bounded like ``init(seconds:)``.
  public init(day: Int) { self.init(seconds: min(max(day, -10_000_000), 10_000_000) * 86_400) }

  /// Nil where there is no such date or time of day.
  public init?(year: Int, month: Int = 1, day: Int = 1, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    // 60 is a leap second, which is counted as the next one.
    guard (-9999...9999).contains(year), (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
      (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    let days = Self.days(beforeYear: year) + Self.days(before: month, of: year) + day - 1
    self.init(microseconds: (days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000)
  }

  public static func < (a: CivilTime, b: CivilTime) -> Bool { a.microseconds < b.microseconds }

  /// Whole seconds since 1970-01-01 00:00.
  public var seconds: Int { floored(microseconds, 1_000_000) }
  /// Days since 1970-01-01.
  public var day: Int { floored(microseconds, Self.microsecondsPerDay) }
  /// Whole seconds since midnight.
  public var secondOfDay: Int { microsecondOfDay / 1_000_000 }
  /// Microseconds since midnight.
  public var microsecondOfDay: Int { remainder(microseconds, Self.microsecondsPerDay) }
  /// 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday.
  public var weekday: Int { remainder(day + 3, 7) }

  static let microsecondsPerDay = 86_400_000_000

  /// Year, month from 1, and day from 1.
  public var date: (year: Int, month: Int, day: Int) {
    let days = day
    let year = year
    var rest = days - Self.days(beforeYear: year), month = 1
    while rest >= Self.days(inMonth: month, of: year) {
      rest -= Self.days(inMonth: month, of: year)
      month += 1
    }
    return (year, month, rest + 1)
  }

  private var year: Int {
    let days = day
    // The mean length of a year leads to the right one or a neighbour of it.
    var year = 1970 + floored(days * 400, 146_097)
    while Self.days(beforeYear: year) > days { year -= 1 }
    while Self.days(beforeYear: year + 1) <= days { year += 1 }
    return year
  }

  /// How much of the year is over, from 0 up to 1.
  public var partOfYear: Double {
    let year = year
    let (start, end) = (Self.days(beforeYear: year), Self.days(beforeYear: year + 1))
    let seconds = Double(seconds) + Double(remainder(microseconds, 1_000_000)) / 1e6
    return (seconds / 86_400 - Double(start)) / Double(end - start)
  }

  /// Months since January of the year 0.
  var month: Int {
    let date = date
    return date.year * 12 + date.month - 1
  }

  /// So many microseconds later; nil after the last time there is.
  func adding(microseconds count: Int) -> CivilTime? {
    let (sum, isTooFar) = microseconds.addingReportingOverflow(count)
    return isTooFar ? nil : CivilTime(microseconds: sum)
  }

  /// The same time of day `count` months later; a day that the month hasn't is its last. `isMonthEnd` asks for the last in any
  /// case. Nil after the last time there is.
  func adding(months count: Int, isMonthEnd: Bool) -> CivilTime? {
    guard (-300_000...300_000).contains(count) else { return nil }
    let (months, day) = (month + count, date.day)
    let year = floored(months, 12), month = remainder(months, 12) + 1
    let length = Self.days(inMonth: month, of: year)
    return CivilTime(year: year, month: month, day: isMonthEnd ? length : min(day, length))?.adding(microseconds: microsecondOfDay)
  }

  /// Whether it is the last day of a month.
  var isMonthEnd: Bool {
    let date = date
    return date.day == Self.days(inMonth: date.month, of: date.year)
  }

  // MARK: Weeks

  /// The Monday of a week as ISO 8601 counts them; nil where the year has no such week.
  init?(weekYear year: Int, week: Int) {
    guard let fourth = CivilTime(year: year, day: 4), (1...53).contains(week) else { return nil }
    let day = fourth.day - fourth.weekday + 7 * (week - 1)
    // A week is of the year that has its Thursday.
    guard CivilTime(day: day + 3).year == year else { return nil }
    self.init(microseconds: day * Self.microsecondsPerDay)
  }

  /// The week as ISO 8601 counts them, and the year that it is of.
  var week: (year: Int, week: Int) {
    let thursday = CivilTime(day: day - weekday + 3)
    let year = thursday.year
    return (year, (thursday.day - Self.days(beforeYear: year)) / 7 + 1)
  }

  // MARK: The calendar

  private static func isLeap(_ year: Int) -> Bool { remainder(year, 4) == 0 && (remainder(year, 100) != 0 || remainder(year, 400) == 0) }

  static func days(inMonth month: Int, of year: Int) -> Int {
    month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  private static func days(before month: Int, of year: Int) -> Int {
    [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1] + (month > 2 && isLeap(year) ? 1 : 0)
  }

  /// From 1970-01-01 to the first day of a year.
  private static func days(beforeYear year: Int) -> Int {
    let before = year - 1
    return 365 * (year - 1970) + floored(before, 4) - floored(before, 100) + floored(before, 400) - 477
  }
}

extension CivilTime: Codable {
  private enum CodingKeys: CodingKey {
    case seconds, microseconds
  }

  /// - Throws: where there is no such time.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let seconds = try values.decode(Int.self, forKey: .seconds), rest = try values.decodeIfPresent(Int.self, forKey: .microseconds) ?? 0
    let time = CivilTime(seconds: seconds)
    guard time.seconds == seconds, (0..<1_000_000).contains(rest), let whole = time.adding(microseconds: rest) else {
      throw DecodingError.dataCorruptedError(forKey: .seconds, in: values, debugDescription: "no time of the years -9999 to 9999")
    }
    self = whole
  }

  /// Whole seconds, and microseconds where there are some beside them.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(seconds, forKey: .seconds)
    let rest = remainder(microseconds, 1_000_000)
    if rest != 0 { try values.encode(rest, forKey: .microseconds) }
  }
}

extension CivilTime: CustomStringConvertible {
  /// `2016-07-01` at midnight, else `2016-07-01T14:30:00`, with a fraction of a second where there is one (ISO 8601).
  public var description: String { microsecondOfDay == 0 ? dateText : "\(dateText)T\(timeText(fraction: fractionDigits))" }

  /// Of the second, as many decimals as it needs: 0, 3 or 6.
  var fractionDigits: Int { microseconds % 1_000_000 == 0 ? 0 : microseconds % 1000 == 0 ? 3 : 6 }

  var dateText: String {
    let date = date
    return "\(date.year < 0 ? "-" : "")\(padded(abs(date.year), 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
  }

  /// - Parameter fraction: decimals of the second; further ones are cut off.
  func timeText(fraction: Int = 0) -> String {
    let second = secondOfDay
    let text = "\(padded(second / 3600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    return fraction == 0 ? text : "\(text).\(padded(microsecondOfDay % 1_000_000, 6).prefix(fraction))"
  }
}

/// A number from 0 with zeros before it, of at least `count` digits.
func padded(_ number: Int, _ count: Int) -> String {
  let text = "\(number)"
  return String(repeating: "0", count: max(count - text.count, 0)) + text
}

/// Division that rounds down, also below zero.
func floored(_ a: Int, _ b: Int) -> Int { a / b - (a % b < 0 ? 1 : 0) }

/// What ``floored(_:_:)`` leaves.
func remainder(_ a: Int, _ b: Int) -> Int { a % b + (a % b < 0 ? b : 0) }

/// A date and time of day as a clock on the wall shows it, without a zone, in the Gregorian calendar (also for the time before
/// it was in use).
public struct CivilTime: Sendable, Hashable, Comparable, Codable {
  /// Seconds since 1970-01-01 00:00, every day having 86,400.
  public var seconds: Int

  public init(seconds: Int) { self.seconds = seconds }

  /// Midnight of a day counted from 1970-01-01.
  public init(day: Int) { seconds = day * 86_400 }

  /// Nil where there is no such date or time of day.
  public init?(year: Int, month: Int = 1, day: Int = 1, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    // 60 is a leap second, which is counted as the next one.
    guard (-9999...9999).contains(year), (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
      (0...23).contains(hour), (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    seconds = (Self.days(beforeYear: year) + Self.days(before: month, of: year) + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
  }

  public static func < (a: CivilTime, b: CivilTime) -> Bool { a.seconds < b.seconds }

  /// Days since 1970-01-01.
  public var day: Int { floored(seconds, 86_400) }
  /// Seconds since midnight.
  public var secondOfDay: Int { seconds - day * 86_400 }
  /// 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday.
  public var weekday: Int { remainder(day + 3, 7) }

  /// Year, month from 1, and day from 1.
  public var date: (year: Int, month: Int, day: Int) {
    let days = day
    // The mean length of a year leads to the right one or a neighbour of it.
    var year = 1970 + floored(days * 400, 146_097)
    while Self.days(beforeYear: year) > days { year -= 1 }
    while Self.days(beforeYear: year + 1) <= days { year += 1 }
    var rest = days - Self.days(beforeYear: year), month = 1
    while rest >= Self.days(inMonth: month, of: year) {
      rest -= Self.days(inMonth: month, of: year)
      month += 1
    }
    return (year, month, rest + 1)
  }

  /// How much of the year is over, from 0 up to 1.
  public var partOfYear: Double {
    let year = date.year
    let (start, end) = (Self.days(beforeYear: year), Self.days(beforeYear: year + 1))
    return (Double(seconds) / 86_400 - Double(start)) / Double(end - start)
  }

  /// Months since January of the year 0.
  var month: Int {
    let date = date
    return date.year * 12 + date.month - 1
  }

  /// The same time of day `count` months later; a day that the month hasn't is its last. `isMonthEnd` asks for the last in any case.
  func adding(months count: Int, isMonthEnd: Bool) -> CivilTime {
    let (months, day) = (month + count, date.day)
    let year = floored(months, 12), month = remainder(months, 12) + 1
    let length = Self.days(inMonth: month, of: year)
    let days = Self.days(beforeYear: year) + Self.days(before: month, of: year) + (isMonthEnd ? length : min(day, length)) - 1
    return CivilTime(seconds: days * 86_400 + secondOfDay)
  }

  /// Whether it is the last day of a month.
  var isMonthEnd: Bool {
    let date = date
    return date.day == Self.days(inMonth: date.month, of: date.year)
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

extension CivilTime: CustomStringConvertible {
  /// `2016-07-01` at midnight, else `2016-07-01T14:30:00` (ISO 8601).
  public var description: String { secondOfDay == 0 ? dateText : "\(dateText)T\(timeText)" }

  var dateText: String {
    let date = date
    return "\(date.year < 0 ? "-" : "")\(Self.digits(abs(date.year), 4))-\(Self.digits(date.month, 2))-\(Self.digits(date.day, 2))"
  }

  var timeText: String {
    let second = secondOfDay
    return "\(Self.digits(second / 3600, 2)):\(Self.digits(second / 60 % 60, 2)):\(Self.digits(second % 60, 2))"
  }

  private static func digits(_ number: Int, _ count: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(count - text.count, 0)) + text
  }
}

/// Division that rounds down, also below zero.
func floored(_ a: Int, _ b: Int) -> Int { a >= 0 ? a / b : -((-a + b - 1) / b) }

/// What ``floored(_:_:)`` leaves.
func remainder(_ a: Int, _ b: Int) -> Int { a - floored(a, b) * b }

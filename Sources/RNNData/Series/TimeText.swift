/// A date, or a date and time, as people and programs write it.
///
/// `2016-07-01`, `2016-07-01 14:00:00`, `2010-01-01T01:00:00+02:00`, `20160701`, `1949-01`, `1880`, `1880Q2`, `Jan 1 2000`,
/// `1. Feb 2000`, `1/2/2012 3:15 pm`, `1.2.2012`; and the seconds since 1970 (ten digits) or thousandths of them (thirteen).
struct TimeText {
  /// In dates whose order of day and month nothing tells: with the day first, and with the month first. Else the same.
  var dayFirst: CivilTime?
  var monthFirst: CivilTime?
  /// Seconds ahead of UTC, where the text says so.
  var offset: Int?

  /// Nil where the text is neither.
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    var scan = Scanner(text: text)
    guard scan.date(), scan.timeOfDay(), scan.zone(), scan.isAtEnd else { return nil }
    offset = scan.offset
    let timeOfDay = scan.microsecondOfDay
    guard let days = scan.days else { return nil }
    dayFirst = days.dayFirst?.adding(microseconds: timeOfDay)
    monthFirst = days.monthFirst?.adding(microseconds: timeOfDay)
    if dayFirst == nil, monthFirst == nil { return nil }
  }

  init?(_ text: String) {
    var text = text
    guard let time = text.withUTF8({ TimeText($0) }) else { return nil }
    self = time
  }

  /// One part of a date.
  private enum Part {
    case number(Int, digits: Int)
    case month(Int)
    case quarter(Int)
  }

  private struct Scanner {
    let text: UnsafeBufferPointer<UInt8>
    var position = 0
    private var parts: [Part] = []
    private var hasPoints = false
    /// The hour, where its number was read as if it belonged to the date.
    private var hour: Int?
    private var hasTimeOfDay = false
    private(set) var microsecondOfDay = 0
    private(set) var offset: Int?

    init(text: UnsafeBufferPointer<UInt8>) {
      self.text = text
      parts.reserveCapacity(3)
      skipSpaces()
    }

    var isAtEnd: Bool { position == text.count }
    private var byte: UInt8 { position < text.count ? text[position] : 0 }
    private var isDigit: Bool { (0x30...0x39).contains(byte) }
    private var isLetter: Bool { (0x61...0x7A).contains(byte | 0x20) }
    private mutating func skipSpaces() { while byte == 0x20 || byte == 0x09 { position += 1 } }

    private mutating func number() -> (value: Int, digits: Int)? {
      let start = position
      var value = 0
      while isDigit, position - start < 15 {
        value = value * 10 + Int(byte - 0x30)
        position += 1
      }
      return position > start && !isDigit ? (value, position - start) : nil
    }

    /// A number of so many digits.
    private mutating func number(digits expected: Int) -> Int? { number().flatMap { $0.digits == expected ? $0.value : nil } }

    /// Decimals of a second in microseconds, rounded.
    private mutating func decimals() -> Int? {
      let start = position
      var value = 0, unit = 1_000_000
      while isDigit {
        if unit > 1 {
          unit /= 10
          value += Int(byte - 0x30) * unit
        } else if position == start + 6, byte >= UInt8(ascii: "5") {
          value += 1
        }
        position += 1
      }
      return position > start ? value : nil
    }

    /// A word of letters in lower case.
    private mutating func word() -> String {
      let start = position
      while isLetter { position += 1 }
      return String(decoding: text[start..<position].map { $0 | 0x20 }, as: UTF8.self)
    }

    mutating func date() -> Bool {
      while parts.count < 3 {
        if isDigit {
          guard let (value, digits) = number() else { return false }
          if byte == UInt8(ascii: ":") {
            hour = value
            return !parts.isEmpty
          }
          parts.append(.number(value, digits: digits))
        } else if isLetter {
          let word = word()
          if word == "q", isDigit, let value = number(digits: 1), (1...4).contains(value) {
            parts.append(.quarter(value))
          } else if let month = Self.months.firstIndex(where: { word.count >= 3 && $0.hasPrefix(word) || word == "sept" && $0 == "september" }) {
            parts.append(.month(month + 1))
          } else if parts.isEmpty, word.count >= 3, Self.weekdays.contains(where: { $0.hasPrefix(word) }) {
          } else {
            return false
          }
        } else {
          return false
        }
        // What separates parts; `T` begins the time of day, and a letter follows the digits of `2000Q1` and `1Jan2000`.
        let before = position
        var isTime = false
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "/"): position += 1
        case UInt8(ascii: "."), UInt8(ascii: ","):
          if byte == UInt8(ascii: "."), parts.count < 3 { hasPoints = true }
          position += 1
          skipSpaces()
        case 0x20, 0x09: skipSpaces()
        case UInt8(ascii: "T"), UInt8(ascii: "t"):
          isTime = parts.count > 0 && position + 1 < text.count && (0x30...0x39).contains(text[position + 1])
          if isTime { position += 1 }
        default: break
        }
        if isAtEnd { return before == position || text[before] == 0x20 || text[before] == 0x09 }
        if isTime { return true }
        if parts.count == 3 {
          // A sign before a number is the zone's.
          if before < position, text[before] == UInt8(ascii: "-") { position = before }
          return true
        }
      }
      return true
    }

    mutating func timeOfDay() -> Bool {
      guard !isAtEnd, hour != nil || isDigit else { return true }
      if hour == nil { hour = number()?.value }
      hasTimeOfDay = true
      guard var hour, (0...24).contains(hour) else { return false }
      var minutes = 0, seconds = 0, fraction = 0
      if byte == UInt8(ascii: ":") {
        position += 1
        guard let value = number(digits: 2), value < 60 else { return false }
        minutes = value
        if byte == UInt8(ascii: ":") {
          position += 1
          guard let value = number(digits: 2), value <= 60 else { return false }
          seconds = value
          if byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",") {
            position += 1
            guard let value = decimals() else { return false }
            fraction = value
          }
        }
      }
      skipSpaces()
      if [UInt8(ascii: "a"), UInt8(ascii: "p")].contains(byte | 0x20) {
        let isAfternoon = byte | 0x20 == UInt8(ascii: "p")
        let word = word()
        guard word == "am" || word == "pm", (1...12).contains(hour) else { return false }
        hour = hour % 12 + (isAfternoon ? 12 : 0)
      }
      guard hour < 24 || (minutes == 0 && seconds == 0 && fraction == 0) else { return false }
      microsecondOfDay = (hour * 3600 + minutes * 60 + seconds) * 1_000_000 + fraction
      return true
    }

    mutating func zone() -> Bool {
      skipSpaces()
      if isAtEnd { return true }
      if isLetter {
        offset = 0
        return ["z", "utc", "gmt"].contains(word())
      }
      guard hasTimeOfDay, byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") else { return false }
      let sign = byte == UInt8(ascii: "-") ? -1 : 1
      position += 1
      guard let (value, digits) = number() else { return false }
      var (hours, minutes) = (value, 0)
      if digits == 4 { (hours, minutes) = (value / 100, value % 100) } else if digits > 2 { return false }
      if byte == UInt8(ascii: ":") {
        position += 1
        guard digits <= 2, let value = number(digits: 2) else { return false }
        minutes = value
      }
      guard hours <= 15, minutes < 60 else { return false }
      offset = sign * (hours * 3600 + minutes * 60)
      return true
    }

    /// The date that the parts say.
    var days: (dayFirst: CivilTime?, monthFirst: CivilTime?)? {
      func both(_ time: CivilTime?) -> (CivilTime?, CivilTime?)? { time.map { ($0, $0) } }
      switch (parts.first, parts.count > 1 ? parts[1] : nil, parts.count > 2 ? parts[2] : nil) {
      case (.number(let value, let digits)?, nil, nil):
        switch digits {
        case 4: return both(CivilTime(year: value))
        case 6: return both(CivilTime(year: value / 100, month: value % 100))
        case 8: return both(CivilTime(year: value / 10_000, month: value / 100 % 100, day: value % 100))
        case 10 where microsecondOfDay == 0: return both(CivilTime(seconds: value))
        case 13 where microsecondOfDay == 0: return both(CivilTime(microseconds: value * 1000))
        case 14 where microsecondOfDay == 0:
          let (day, time) = (value / 1_000_000, value % 1_000_000)
          return both(
            CivilTime(
              year: day / 10_000, month: day / 100 % 100, day: day % 100, hour: time / 10_000, minute: time / 100 % 100, second: time % 100))
        default: return nil
        }
      case (.number(let first, let digits)?, .number(let second, let others)?, nil):
        if others == 4, digits <= 2 { return both(CivilTime(year: second, month: first)) }
        return digits != 2 && digits <= 4 && others <= 2 ? both(CivilTime(year: first, month: second)) : nil
      case (.number(let year, 4)?, .month(let month)?, nil), (.month(let month)?, .number(let year, 4)?, nil):
        return both(CivilTime(year: year, month: month))
      case (.month(let month)?, .number(let year, 2)?, nil): return both(CivilTime(year: Self.whole(year, 2), month: month))
      case (.number(let year, 4)?, .quarter(let quarter)?, nil), (.quarter(let quarter)?, .number(let year, 4)?, nil):
        return both(CivilTime(year: year, month: 3 * quarter - 2))
      case (.number(let a, let digits)?, .number(let b, _)?, .number(let c, let last)?):
        if digits >= 3 { return both(CivilTime(year: a, month: b, day: c)) }
        let year = Self.whole(c, last)
        let dayFirst = CivilTime(year: year, month: b, day: a)
        return (dayFirst, hasPoints ? dayFirst : CivilTime(year: year, month: a, day: b))
      case (.month(let month)?, .number(let day, _)?, .number(let year, let digits)?), (.number(let day, 1...2)?, .month(let month)?, .number(let year, let digits)?):
        return both(CivilTime(year: Self.whole(year, digits), month: month, day: day))
      case (.number(let year, 4)?, .month(let month)?, .number(let day, _)?): return both(CivilTime(year: year, month: month, day: day))
      default: return nil
      }
    }

    /// A year of two digits lies between 1969 and 2068, as POSIX has it.
    private static func whole(_ year: Int, _ digits: Int) -> Int { digits > 2 ? year : year + (year < 69 ? 2000 : 1900) }

    private static let months = [
      "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
    ]
    private static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
  }
}

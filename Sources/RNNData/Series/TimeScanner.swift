/// Reads the text of a time; records the place and meaning of its parts if asked to.
struct TimeScanner {
  /// One part of a date.
  private enum Part {
    case none
    case number(Int, digits: Int)
    case month(Int)
    case quarter(Int)
    case week(Int, weekday: Int?)
  }

  /// The meaning of a place in the text.
  enum Mark {
    /// A part of the date, by its number.
    case part(Int)
    case weekdayName, hour, minute, second, fraction, half, zone
  }

  /// The meaning of a part of a date.
  enum Role {
    case none, year, shortYear, month, day, dayOrMonth, monthOrDay, quarter, week, weekday, weekYear, dayOfYear
    /// Digits that belong together, such as 20160701.
    case compact
    /// Since 1970, in powers of ten of a second.
    case epoch(Int)
    case serial
  }

  struct Date {
    var dayFirst: CivilTime?
    var monthFirst: CivilTime?
    var roles: (Role, Role, Role)

    init?(_ time: CivilTime?, _ first: Role, _ second: Role = .none, _ third: Role = .none) {
      guard let time else { return nil }
      (dayFirst, monthFirst, roles) = (time, time, (first, second, third))
    }

    init?(dayFirst: CivilTime?, monthFirst: CivilTime?, _ year: Role) {
      if dayFirst == nil, monthFirst == nil { return nil }
      (self.dayFirst, self.monthFirst, roles) = (dayFirst, monthFirst, (.dayOrMonth, .monthOrDay, year))
    }
  }

  let text: UnsafeBufferPointer<UInt8>
  private let numbers: TimeText.Numbers
  private let isRecording: Bool
  private(set) var marks: [(range: Range<Int>, mark: Mark)] = []
  private(set) var microsecondOfDay = 0
  private(set) var offset: Int?
  private(set) var variation = TimeForm.Variation()

  private var position = 0
  private var end: Int
  private var parts = (Part.none, Part.none, Part.none), count = 0
  /// A date of two numbers has a point between them.
  private var hasPoint = false
  /// The hour, where its number was read as if it belonged to the date.
  private var hour: (value: Int, digits: Int, start: Int)?
  private var hasTimeOfDay = false

  init(_ text: UnsafeBufferPointer<UInt8>, _ numbers: TimeText.Numbers, isRecording: Bool) {
    (self.text, self.numbers, self.isRecording) = (text, numbers, isRecording)
    end = text.count
    while end > 0, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
    skipSpaces()
  }

  /// The date; nil for a text that isn't a time from beginning to end.
  mutating func scan() -> Date? {
    if let date = plainNumber() { return date }
    guard date(), timeOfDay(), zone(), position == end, let date = resolved() else { return nil }
    return date
  }

  // MARK: Bytes

  private var byte: UInt8 { position < end ? text[position] : 0 }
  private var isDigit: Bool { (0x30...0x39).contains(byte) }
  private var isLetter: Bool { (0x61...0x7A).contains(byte | 0x20) }
  private mutating func skipSpaces() { while byte == 0x20 || byte == 0x09 { position += 1 } }
  private mutating func mark(_ mark: Mark, from start: Int) { if isRecording { marks.append((start..<position, mark)) } }

  /// The digits from here on; nil if there are more than an integer holds.
  private mutating func number() -> (value: Int, digits: Int)? {
    let start = position
    var value = 0
    while isDigit {
      let (tens, isTooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, isStillTooLarge) = tens.addingReportingOverflow(Int(byte - 0x30))
      if isTooLarge || isStillTooLarge { return nil }
      value = sum
      position += 1
    }
    return position > start ? (value, position - start) : nil
  }

  /// A number of so many digits.
  private mutating func number(digits: ClosedRange<Int>) -> Int? { number().flatMap { digits.contains($0.digits) ? $0.value : nil } }

  /// Decimals in units of 10^−`decimals`, rounded.
  private mutating func fraction(_ decimals: Int) -> Int? {
    let start = position
    var value = 0
    while isDigit {
      if position - start < decimals {
        value = value * 10 + Int(byte - 0x30)
      } else if position - start == decimals, byte >= UInt8(ascii: "5") {
        value += 1
      }
      position += 1
    }
    guard position > start else { return nil }
    for _ in min(position - start, decimals)..<decimals { value *= 10 }
    variation.fraction = position - start
    mark(.fraction, from: start)
    return value
  }

  private var isPoint: Bool { byte == UInt8(ascii: ".") || byte == UInt8(ascii: ",") }

  /// A word of letters in lower case.
  private mutating func word() -> String {
    let start = position
    while isLetter { position += 1 }
    return String(decoding: text[start..<position].map { $0 | 0x20 }, as: UTF8.self)
  }

  // MARK: Numbers

  /// A time that is one number; nil, and the place as before, for anything else.
  private mutating func plainNumber() -> Date? {
    let start = position
    guard isDigit, let (value, digits) = number(), position == end || isPoint else {
      position = start
      return nil
    }
    (parts.0, count) = (.number(value, digits: digits), 1)
    mark(.part(0), from: start)
    var date: Date?
    if position == end {
      date = numbered(value, digits, 0)
    } else {
      position += 1
      // A day has 8.64 · 10^10 microseconds; ten digits are 8.64 of them.
      if let part = fraction(10), position == end, digits == 5 || digits >= 9 { date = numbered(value, digits, part) }
    }
    if date == nil {
      (position, count, variation) = (start, 0, .init())
      if isRecording { marks = [] }
    }
    return date
  }

  /// The time that a number with a fraction (in units of 10^−10) says.
  private mutating func numbered(_ value: Int, _ digits: Int, _ fraction: Int) -> Date? {
    func compact(_ value: Int) -> CivilTime? {
      switch digits {
      case 10: CivilTime(year: value / 1_000_000, month: value / 10_000 % 100, day: value / 100 % 100, hour: value % 100)
      case 12:
        CivilTime(
          year: value / 100_000_000, month: value / 1_000_000 % 100, day: value / 10_000 % 100, hour: value / 100 % 100, minute: value % 100)
      default:
        CivilTime(
          year: value / 10_000_000_000, month: value / 100_000_000 % 100, day: value / 1_000_000 % 100, hour: value / 10_000 % 100,
          minute: value / 100 % 100, second: value % 100)
      }
    }
    /// Of units of 10^−power seconds.
    func epoch(_ power: Int) -> Date? {
      switch power {
      case 0: Date(CivilTime(seconds: value).adding(microseconds: (fraction + 5000) / 10_000), .epoch(0))
      case 3: Date(value > Int.max / 1000 ? nil : CivilTime(microseconds: value * 1000)?.adding(microseconds: (fraction + 5_000_000) / 10_000_000), .epoch(3))
      case 6: Date(CivilTime(microseconds: value), .epoch(6))
      default: Date(CivilTime(microseconds: value / 1000 + (value % 1000 >= 500 ? 1 : 0)), .epoch(9))
      }
    }
    let isWhole = position == end && variation.fraction == 0
    switch digits {
    case 4, 6...8: return isWhole ? resolved() : nil
    case 5:
      guard numbers == .serial else { return nil }
      // To the millisecond, as spreadsheets show it.
      let milliseconds = Int((Double(fraction) * 86_400_000 / 1e10).rounded())
      return Date(CivilTime(day: value - 25_569).adding(microseconds: milliseconds * 1000), .serial)
    case 9: return epoch(0)
    case 10, 12:
      // Numbers of dates in 1900 to 2099 are hardly anything else: seconds from 2030 on, or thousandths of some months of 1976.
      if isWhole, numbers != .epoch, (19...20).contains(value / (digits == 10 ? 100_000_000 : 10_000_000_000)), let time = compact(value) {
        return Date(time, .compact)
      }
      return epoch(digits == 10 ? 0 : 3)
    case 13: return epoch(3)
    case 14: return Date(compact(value)?.adding(microseconds: (fraction + 5000) / 10_000), .compact)
    case 15, 16: return epoch(6)
    case 17: return isWhole ? Date(compact(value / 1000)?.adding(microseconds: value % 1000 * 1000), .compact) : nil
    case 18, 19: return epoch(9)
    default: return nil
    }
  }

  // MARK: Dates

  private mutating func add(_ part: Part, from start: Int) {
    switch count {
    case 0: parts.0 = part
    case 1: parts.1 = part
    default: parts.2 = part
    }
    mark(.part(count), from: start)
    count += 1
  }

  /// True if the date has all its parts.
  private var isComplete: Bool {
    switch parts {
    case (.number(_, 7...), .none, _), (.number(_, 4), .number(_, 3), _), (.number, .week(_, .some), _): true
    default: count == 3
    }
  }

  private mutating func date() -> Bool {
    while true {
      let start = position
      if isDigit {
        guard let (value, digits) = number() else { return false }
        if byte == UInt8(ascii: ":"), digits <= 2 {
          hour = (value, digits, start)
          return count > 0
        }
        add(.number(value, digits: digits), from: start)
      } else if isLetter {
        let word = word()
        if word == "q", case .number(let quarter, 1) = parts.0, count == 1, (1...4).contains(quarter) {
          parts.0 = .quarter(quarter)
        } else if word == "q", isDigit, let quarter = number(digits: 1...1), (1...4).contains(quarter) {
          add(.quarter(quarter), from: position - 1)
        } else if word == "w", isDigit, let (value, digits) = number(), digits <= 3 {
          add(digits == 3 ? .week(value / 10, weekday: value % 10) : .week(value, weekday: nil), from: position - digits)
          variation.hasShortDate = variation.hasShortDate || digits == 1
        } else if word == "m", count == 1, isDigit {
          // 1949M01: the number follows.
          continue
        } else if let month = Self.months.firstIndex(where: { word.count >= 3 && $0.hasPrefix(word) || word == "sept" && $0 == "september" }) {
          variation.hasLongName = variation.hasLongName || word.count > 4 || word.count == 4 && word != "sept"
          add(.month(month + 1), from: start)
        } else if count == 0, word.count >= 3, Self.weekdays.contains(where: { $0.hasPrefix(word) }) {
          variation.hasLongName = variation.hasLongName || word.hasSuffix("day")
          mark(.weekdayName, from: start)
        } else {
          return false
        }
      } else {
        return false
      }
      // What separates parts; a letter follows the digits of 2000Q1 and 1Jan2000 at once.
      let before = position, isLast = isComplete
      switch byte {
      case UInt8(ascii: "-"), UInt8(ascii: "/"):
        // After a date a sign is the zone's.
        if isLast { return true }
        position += 1
      case UInt8(ascii: "."), UInt8(ascii: ","):
        if byte == UInt8(ascii: "."), !isLast { hasPoint = true }
        position += 1
        skipSpaces()
      case 0x20, 0x09: skipSpaces()
      case UInt8(ascii: ":"):
        // As in logs: 01/Feb/2000:13:55:36.
        guard isLast else { return false }
        position += 1
      case UInt8(ascii: "T"), UInt8(ascii: "t"):
        if count > 0, position + 1 < end, (0x30...0x39).contains(text[position + 1]) {
          position += 1
          return true
        }
      default: break
      }
      if position == end { return before == position }
      if isLast { return true }
    }
  }

  /// The date that the parts say.
  private mutating func resolved() -> Date? {
    guard let date = unchecked() else { return nil }
    var hasDay = false
    func look(_ role: Role, _ part: Part) {
      switch role {
      case .day, .dayOrMonth, .monthOrDay, .month:
        if case .number(_, 1) = part { variation.hasShortDate = true }
        if case .month = role {} else { hasDay = true }
      case .dayOfYear, .weekday: hasDay = true
      case .compact: if case .number(_, 8) = part { hasDay = true } else if case .number(_, 7) = part { hasDay = true }
      case .week: if case .week(_, .some) = part { hasDay = true }
      default: break
      }
    }
    look(date.roles.0, parts.0)
    look(date.roles.1, parts.1)
    look(date.roles.2, parts.2)
    // Hours of a month are no time.
    return hasTimeOfDay && !hasDay ? nil : date
  }

  private func unchecked() -> Date? {
    switch parts {
    case (.number(let value, let digits), .none, _):
      switch digits {
      case 4: return numbers == .week ? nil : Date(CivilTime(year: value), .year)
      case 6: return numbers == .week ? Date(Self.week(value / 100, value % 100), .compact) : Date(CivilTime(year: value / 100, month: value % 100), .compact)
      case 7: return Date(Self.day(value / 1000, value % 1000), .compact)
      case 8: return Date(CivilTime(year: value / 10_000, month: value / 100 % 100, day: value % 100), .compact)
      default: return nil
      }
    case (.number(let year, 4), .number(let day, 3), .none): return Date(Self.day(year, day), .year, .dayOfYear)
    case (.number(let first, let digits), .number(let second, let others), .none):
      if others == 4, digits <= 2 { return Date(CivilTime(year: second, month: first), .month, .year) }
      // Of a number with a decimal only 2016.07 is a month.
      guard digits == 4 || ((digits == 1 || digits == 3) && !hasPoint), others == 2 || (others == 1 && !hasPoint) else { return nil }
      return numbers == .week ? Date(Self.week(first, second), .weekYear, .week) : Date(CivilTime(year: first, month: second), .year, .month)
    case (.number(let year, 4), .month(let month), .none): return Date(CivilTime(year: year, month: month), .year, .month)
    case (.month(let month), .number(let year, 4), .none): return Date(CivilTime(year: year, month: month), .month, .year)
    case (.month(let month), .number(let year, 2), .none): return Date(CivilTime(year: Self.whole(year, 2), month: month), .month, .shortYear)
    case (.number(let year, 4), .quarter(let quarter), .none): return Date(CivilTime(year: year, month: 3 * quarter - 2), .year, .quarter)
    case (.quarter(let quarter), .number(let year, 4), .none): return Date(CivilTime(year: year, month: 3 * quarter - 2), .quarter, .year)
    case (.quarter(let quarter), .number(let year, 2), .none):
      return Date(CivilTime(year: Self.whole(year, 2), month: 3 * quarter - 2), .quarter, .shortYear)
    case (.number(let year, 4), .week(let week, let day), .none): return Date(Self.week(year, week, day ?? 1), .weekYear, .week)
    case (.week(let week, .none), .number(let year, 4), .none): return Date(Self.week(year, week), .week, .weekYear)
    case (.number(let year, 4), .week(let week, .none), .number(let day, 1)): return Date(Self.week(year, week, day), .weekYear, .week, .weekday)
    case (.number(let a, let digits), .number(let b, let others), .number(let c, let last)):
      guard others <= 2 else { return nil }
      if digits == 3 || digits == 4 { return last <= 2 ? Date(CivilTime(year: a, month: b, day: c), .year, .month, .day) : nil }
      guard digits <= 2, last <= 4 else { return nil }
      let year = Self.whole(c, last), role = last <= 2 ? Role.shortYear : .year
      if hasPoint { return Date(CivilTime(year: year, month: b, day: a), .day, .month, role) }
      return Date(dayFirst: CivilTime(year: year, month: b, day: a), monthFirst: CivilTime(year: year, month: a, day: b), role)
    case (.month(let month), .number(let day, 1...2), .number(let year, let digits)):
      return digits <= 4 ? Date(CivilTime(year: Self.whole(year, digits), month: month, day: day), .month, .day, digits <= 2 ? .shortYear : .year) : nil
    case (.number(let day, 1...2), .month(let month), .number(let year, let digits)):
      return digits <= 4 ? Date(CivilTime(year: Self.whole(year, digits), month: month, day: day), .day, .month, digits <= 2 ? .shortYear : .year) : nil
    case (.number(let year, 4), .month(let month), .number(let day, 1...2)): return Date(CivilTime(year: year, month: month, day: day), .year, .month, .day)
    default: return nil
    }
  }

  /// A year of two digits lies between 1969 and 2068, as POSIX has it.
  private static func whole(_ year: Int, _ digits: Int) -> Int { digits > 2 ? year : year + (year < 69 ? 2000 : 1900) }

  private static func day(_ year: Int, _ day: Int) -> CivilTime? {
    guard day > 0, let time = CivilTime(year: year)?.adding(microseconds: (day - 1) * CivilTime.microsecondsPerDay) else { return nil }
    return time.date.year == year ? time : nil
  }

  /// The day of a week as ISO 8601 counts them; nil where there is none.
  private static func week(_ year: Int, _ week: Int, _ day: Int = 1) -> CivilTime? {
    guard let start = CivilTime(weekYear: year, week: week), (1...7).contains(day) else { return nil }
    return start.adding(microseconds: (day - 1) * CivilTime.microsecondsPerDay)
  }

  // MARK: Times of day

  private mutating func timeOfDay() -> Bool {
    guard position < end, hour != nil || isDigit else { return true }
    let start = hour?.start ?? position
    guard let (value, digits) = hour.map({ ($0.value, $0.digits) }) ?? number() else { return false }
    var hour = value
    hasTimeOfDay = true
    var minutes = 0, seconds = 0, decimals = 0
    func part(_ first: Int, _ last: Int, _ mark: Mark) { if isRecording { marks.append((start + first..<start + last, mark)) } }
    if byte != UInt8(ascii: ":"), digits == 4 || digits == 6 {
      // 0105 or 010506.
      part(0, 2, .hour)
      part(2, 4, .minute)
      if digits == 6 {
        part(4, 6, .second)
        (hour, seconds) = (hour / 100, hour % 100)
      }
      (hour, minutes) = (hour / 100, hour % 100)
      variation.precision = digits / 2
    } else {
      guard digits <= 2 else { return false }
      part(0, digits, .hour)
      variation.hasShortHour = digits == 1
      variation.precision = 1
      if byte == UInt8(ascii: ":") {
        position += 1
        guard let value = number(digits: 2...2) else { return false }
        mark(.minute, from: position - 2)
        (minutes, variation.precision) = (value, 2)
        if byte == UInt8(ascii: ":") {
          position += 1
          guard let value = number(digits: 2...2) else { return false }
          mark(.second, from: position - 2)
          (seconds, variation.precision) = (value, 3)
        }
      }
    }
    if variation.precision == 3, isPoint {
      position += 1
      guard let value = fraction(6) else { return false }
      decimals = value
    }
    guard (0...24).contains(hour), minutes < 60, seconds <= 60 else { return false }
    skipSpaces()
    if [UInt8(ascii: "a"), UInt8(ascii: "p")].contains(byte | 0x20) {
      let isAfternoon = byte | 0x20 == UInt8(ascii: "p")
      let start = position, word = word()
      guard word == "am" || word == "pm", (1...12).contains(hour) else { return false }
      hour = hour % 12 + (isAfternoon ? 12 : 0)
      mark(.half, from: start)
    }
    guard hour < 24 || (minutes == 0 && seconds == 0 && decimals == 0) else { return false }
    microsecondOfDay = (hour * 3600 + minutes * 60 + seconds) * 1_000_000 + decimals
    return true
  }

  private mutating func zone() -> Bool {
    skipSpaces()
    if position == end { return true }
    let start = position
    if isLetter {
      offset = 0
      guard ["z", "utc", "gmt"].contains(word()) else { return false }
    } else {
      guard hasTimeOfDay, byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") else { return false }
      let sign = byte == UInt8(ascii: "-") ? -1 : 1
      position += 1
      guard let (value, digits) = number(), digits <= 2 || digits == 4 else { return false }
      var (hours, minutes) = digits == 4 ? (value / 100, value % 100) : (value, 0)
      if byte == UInt8(ascii: ":") {
        position += 1
        guard digits <= 2, let value = number(digits: 2...2) else { return false }
        minutes = value
      }
      guard hours <= 15, minutes < 60 else { return false }
      offset = sign * (hours * 3600 + minutes * 60)
    }
    mark(.zone, from: start)
    return true
  }

  static let months = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
  ]
  static let weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
}

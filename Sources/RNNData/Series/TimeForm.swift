/// The format of a column of times, in which later times are printed too.
package struct TimeForm: Sendable, Hashable, Codable {
  /// Differences between texts of one format.
  struct Variation: Hashable {
    /// A day, month or week, or an hour, has one digit.
    var hasShortDate = false
    var hasShortHour = false
    /// A month or weekday has its whole name.
    var hasLongName = false
    /// Decimals.
    var fraction = 0
    /// 0 for a date, 1 with hours, 2 with minutes, 3 with seconds.
    var precision = 0

    /// The more it says, the higher.
    fileprivate var rank: Int { 2 * precision + (fraction > 0 ? 1 : 0) }
  }

  private enum Letters: String, Codable {
    case lower, upper, capital

    init(_ text: some Sequence<UInt8>) {
      let isUpper = text.prefix(2).map { $0 & 0x20 == 0 }
      self = isUpper.first == false ? .lower : isUpper.last == true ? .upper : .capital
    }

    func apply(to name: String) -> String {
      switch self {
      case .lower: name
      case .upper: name.uppercased()
      case .capital: name.prefix(1).uppercased() + name.dropFirst()
      }
    }
  }

  private enum Piece: Hashable, Codable {
    case text(String)
    case year(digits: Int)
    case shortYear, month, day
    case monthName(Letters)
    case weekdayName(Letters)
    /// The first and second number of 1/2/2012.
    case dayOrMonth(isFirst: Bool)
    case quarter, weekYear, week, weekday, dayOfYear
    case hour, hourOfHalf, minute, second, milliseconds
    case half(Letters)
    case fraction(separator: String)
    case letterZone(String)
    case zone(hasColon: Bool, hasMinutes: Bool)
    case epoch(power: Int)
    case serial
  }

  /// The offsets of a series from UTC, in seconds.
  struct Zone: Hashable, Codable {
    struct Change: Hashable, Codable {
      /// In microseconds.
      let time: Int
      let offset: Int
    }

    /// The offset that times are counted with; nil where they are those of the clock on the wall.
    let own: Int?
    /// Each offset is written from its time on.
    let changes: [Change]

    fileprivate func offset(at time: CivilTime) -> Int? { (changes.last { $0.time <= time.microseconds } ?? changes.first)?.offset }
  }

  private var pieces: [Piece] = []
  private let numbers: TimeText.Numbers
  private let rank: Int
  private var isDatePadded = true, isHourPadded = true, hasLongNames = false
  /// Decimals, at least and at most.
  private var decimals = 0...0
  /// The order of day and month where either could come first.
  package var order = SeriesReadingOptions.DateOrder.dayFirst
  /// The offset from UTC that the text says, in seconds.
  private let offset: Int?
  private var zone: Zone?

  /// The form of one text; nil where it is no time.
  package init?(_ text: UnsafeBufferPointer<UInt8>, numbers: TimeText.Numbers = .any) {
    var scan = TimeScanner(text, numbers, isRecording: true)
    guard let date = scan.scan(), let first = text.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }) else { return nil }
    self.numbers = numbers
    rank = scan.variation.rank
    offset = scan.offset
    decimals = scan.variation.fraction...scan.variation.fraction
    func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
    func letters(_ range: Range<Int>) -> Letters { Letters(text[range]) }
    let roles = [date.roles.0, date.roles.1, date.roles.2]
    let hasHalves = scan.marks.contains { if case .half = $0.mark { true } else { false } }
    var position = first
    for (range, mark) in scan.marks {
      var between = string(position..<range.lowerBound)
      position = range.upperBound
      var piece: [Piece]
      switch mark {
      case .part(let index): piece = Self.pieces(roles[index], text[range], numbers)
      case .weekdayName: piece = [.weekdayName(letters(range))]
      case .hour: piece = [hasHalves ? .hourOfHalf : .hour]
      case .minute: piece = [.minute]
      case .second: piece = [.second]
      case .fraction:
        piece = [.fraction(separator: between)]
        between = ""
      case .half: piece = [.half(letters(range))]
      case .zone:
        let text = string(range)
        piece = text.first?.isLetter == true ? [.letterZone(text)] : [.zone(hasColon: text.contains(":"), hasMinutes: text.count > 3)]
      }
      if !between.isEmpty { pieces.append(.text(between)) }
      pieces += piece
    }
    include(scan.variation)
  }

  package init?(_ text: String, numbers: TimeText.Numbers = .any) {
    var text = text
    guard let form = text.withUTF8({ TimeForm($0, numbers: numbers) }) else { return nil }
    self = form
  }

  private static func pieces(_ role: TimeScanner.Role, _ text: Slice<UnsafeBufferPointer<UInt8>>, _ numbers: TimeText.Numbers) -> [Piece] {
    switch role {
    case .none: []
    case .year: [.year(digits: text.count)]
    case .shortYear: [.shortYear]
    case .month: text.first.map { $0 > 0x39 } == true ? [.monthName(Letters(text))] : [.month]
    case .day: [.day]
    case .dayOrMonth: [.dayOrMonth(isFirst: true)]
    case .monthOrDay: [.dayOrMonth(isFirst: false)]
    case .quarter: [.quarter]
    case .week: text.count == 3 ? [.week, .weekday] : [.week]
    case .weekday: [.weekday]
    case .weekYear: [.weekYear]
    case .dayOfYear: [.dayOfYear]
    case .epoch(let power): [.epoch(power: power)]
    case .serial: [.serial]
    case .compact:
      switch text.count {
      case 6: numbers == .week ? [.weekYear, .week] : [.year(digits: 4), .month]
      case 7: [.year(digits: 4), .dayOfYear]
      default: [.year(digits: 4), .month, .day] + [.hour, .minute, .second, .milliseconds].prefix(max(text.count - 7, 0) / 2)
      }
    }
  }

  // MARK: A whole column

  /// True for a text with more parts than this format's: the column has the format of its most precise text.
  func isExceeded(by variation: Variation) -> Bool { variation.rank > rank }

  /// Takes a further text of this form into account.
  mutating func include(_ variation: Variation) {
    if variation.hasShortDate { isDatePadded = false }
    if variation.hasShortHour { isHourPadded = false }
    if variation.hasLongName { hasLongNames = true }
    decimals = min(decimals.lowerBound, variation.fraction)...max(decimals.upperBound, variation.fraction)
  }

  /// Takes the differences between texts of another format of the same column into account.
  mutating func include(_ other: TimeForm) {
    isDatePadded = isDatePadded && other.isDatePadded
    isHourPadded = isHourPadded && other.isHourPadded
    hasLongNames = hasLongNames || other.hasLongNames
  }

  /// The same form for the times of a series; those without an offset stay without one.
  func counted(in zone: Zone) -> TimeForm {
    var form = self
    if offset != nil { form.zone = zone }
    return form
  }

  // MARK: Writing

  /// A time in this form, rounded to its decimals; as ISO 8601 has it where the form can't tell it.
  package func text(of time: CivilTime) -> String {
    let offset = zone?.offset(at: time) ?? offset, shift = zone?.own.map { (offset ?? $0) - $0 } ?? 0
    guard let local = time.adding(microseconds: shift * 1_000_000).flatMap(rounded) else { return "\(time)" }
    let text = written(local, offset)
    if let read = TimeText(text, numbers: numbers), let back = order == .monthFirst ? read.monthFirst : read.dayFirst, read.offset == offset,
      abs(back.microseconds - local.microseconds) <= tolerance
    {
      return text
    }
    return "\(local)\(offset.map { Self.text(ofOffset: $0) } ?? "")"
  }

  /// To the least that the decimals tell.
  private func rounded(_ time: CivilTime) -> CivilTime? {
    var unit: Int?
    for piece in pieces {
      switch piece {
      case .second: unit = Self.powerOfTen(6 - min(decimals.upperBound, 6))
      case .milliseconds: unit = 1000
      case .epoch(let power): unit = Self.powerOfTen(6 - min(power + decimals.upperBound, 6))
      default: break
      }
    }
    guard let unit, unit > 1 else { return time }
    return CivilTime(microseconds: floored(time.microseconds + unit / 2, unit) * unit)
  }

  /// Days with decimals are no exact times; with few decimals they are halves or quarters of days.
  private var tolerance: Int {
    guard pieces.contains(.serial) else { return 0 }
    return decimals.upperBound < 4 ? 500 : 500 + 43_200_000_000 / Self.powerOfTen(min(decimals.upperBound, 10))
  }

  private func written(_ time: CivilTime, _ offset: Int?) -> String {
    let (year, month, day) = time.date, microsecond = time.microsecondOfDay, second = time.secondOfDay
    func date(_ number: Int) -> String { padded(number, isDatePadded ? 2 : 1) }
    func hour(_ number: Int) -> String { padded(number, isHourPadded ? 2 : 1) }
    func name(_ name: String, _ letters: Letters) -> String { letters.apply(to: hasLongNames ? name : String(name.prefix(3))) }
    var text = "", fraction = microsecond % 1_000_000 * 10_000
    for piece in pieces {
      switch piece {
      case .text(let between): text += between
      case .year(let digits): text += padded(year, digits)
      // Other years than those that two digits mean have all.
      case .shortYear: text += (1969...2068).contains(year) ? padded(year % 100, 2) : padded(year, 4)
      case .month: text += date(month)
      case .day: text += date(day)
      case .dayOrMonth(let isFirst): text += date((order == .dayFirst) == isFirst ? day : month)
      case .monthName(let letters): text += name(TimeScanner.months[month - 1], letters)
      case .weekdayName(let letters): text += name(TimeScanner.weekdays[time.weekday], letters)
      case .quarter: text += "\((month + 2) / 3)"
      case .weekYear: text += padded(time.week.year, 4)
      case .week: text += date(time.week.week)
      case .weekday: text += "\(time.weekday + 1)"
      case .dayOfYear: text += padded(time.day - (CivilTime(year: year)?.day ?? 0) + 1, 3)
      case .hour: text += hour(second / 3600)
      case .hourOfHalf: text += hour((second / 3600 + 11) % 12 + 1)
      case .minute: text += padded(second / 60 % 60, 2)
      case .second: text += padded(second % 60, 2)
      case .milliseconds: text += padded(microsecond / 1000 % 1000, 3)
      case .half(let letters): text += letters == .upper ? (second < 43_200 ? "AM" : "PM") : (second < 43_200 ? "am" : "pm")
      case .letterZone(let letters): text += offset == 0 ? letters : Self.text(ofOffset: offset ?? 0)
      case .zone(let hasColon, let hasMinutes): text += Self.text(ofOffset: offset ?? 0, hasColon: hasColon, hasMinutes: hasMinutes)
      case .fraction(let separator): text += Self.decimals(fraction, decimals, separator)
      case .epoch(let power):
        let unit = Self.powerOfTen(max(6 - power, 0))
        text += "\(floored(time.microseconds, unit))\(power == 9 ? "000" : "")"
        fraction = remainder(time.microseconds, unit) * (10_000_000_000 / unit)
      case .serial:
        // Ten decimals are 8.64 microseconds.
        let unit = Self.powerOfTen(10 - min(decimals.upperBound, 10))
        let parts = (Int((Double(microsecond) / 86_400_000_000 * 1e10 / Double(unit)).rounded())) * unit
        text += "\(time.day + 25_569 + parts / 10_000_000_000)"
        fraction = parts % 10_000_000_000
      }
    }
    return text
  }

  /// A fraction in units of 10^−10, without zeros at the end where the column has fewer decimals too.
  private static func decimals(_ fraction: Int, _ count: ClosedRange<Int>, _ separator: String) -> String {
    var digits = padded(fraction, 10).prefix(count.upperBound)
    if count.lowerBound == count.upperBound { return separator + digits + String(repeating: "0", count: count.upperBound - digits.count) }
    while digits.count > count.lowerBound, digits.last == "0" { digits.removeLast() }
    return digits.isEmpty ? "" : separator + digits
  }

  static func text(ofOffset offset: Int, hasColon: Bool = true, hasMinutes: Bool = true) -> String {
    let minutes = abs(offset) / 60
    let text = "\(offset < 0 ? "-" : "+")\(padded(minutes / 60, 2))"
    return hasMinutes || minutes % 60 != 0 ? "\(text)\(hasColon || !hasMinutes ? ":" : "")\(padded(minutes % 60, 2))" : text
  }

  private static func powerOfTen(_ power: Int) -> Int { (0..<power).reduce(1) { value, _ in value * 10 } }
}

/// The columns of times of a table, found from its first rows.
struct TimeColumns {
  var columns: [(index: Int, part: SeriesColumns.TimePart)] = []
  /// The meaning of numbers in a single column.
  var numbers = TimeText.Numbers.any
  /// A column that is named like a time, or rises like one, and a value of it that isn't understood as one.
  var notUnderstood: (index: Int, value: String, isNamed: Bool)?

  /// The likeliest names of a column of times.
  private static let names = [
    "date", "datetime", "timestamp", "time", "ds", "date_time", "date time", "month", "year", "day", "week", "quarter", "period", "epoch", "unix",
    "unixtime", "unix_time", "unix_timestamp", "unix timestamp", "timestamp_ms", "time_ms", "ts", "dt", "yearmonth", "year_month", "yearweek", "year_week",
  ]

  /// - Parameters:
  ///   - body: the first rows, without names.
  ///   - asked: the names of columns that are something else.
  static func found(_ labels: [String], hasNames: Bool, _ body: [[String]], asked: Set<String>) -> TimeColumns {
    guard let sample = body.first else { return TimeColumns() }
    let lower = labels.map { $0.lowercased() }
    var result = TimeColumns()
    func values(_ index: Int) -> [String] { body.map { $0[index] }.filter { !SeriesColumns.isMissing($0) } }
    if hasNames {
      // Several columns that make up a date, from the year down without a gap.
      let parts = [["year", "yr"], ["month", "mnth", "mon", "mo"], ["day"], ["hour", "hr"], ["minute"], ["second"]]
      let found = parts.map { names in lower.firstIndex(where: { names.contains($0) }) }.prefix { $0 != nil }.compactMap { $0 }
      let isDate = found.allSatisfy { SeriesColumns.isInteger(sample[$0]) } || TimeText(found.map { sample[$0] }.joined(separator: " ")) != nil
      if found.count > 1, isDate {
        result.columns = SeriesColumns.parts(found, labels, sample)
        return result
      }
      for name in names {
        guard let index = lower.firstIndex(of: name), !asked.contains(labels[index]) else { continue }
        guard let numbers = numbers(of: values(index), named: name) else {
          if result.notUnderstood == nil {
            let values = values(index)
            result.notUnderstood = (values.first { TimeText($0) == nil } ?? values.first).map { (index, $0, true) }
          }
          continue
        }
        (result.columns, result.numbers, result.notUnderstood) = ([(index, .text)], numbers, nil)
        if name == "date", let clock = lower.firstIndex(of: "time"), TimeText(sample[index] + " " + sample[clock]) != nil, TimeText(sample[clock]) == nil {
          result.columns.append((clock, .text))
        }
        return result
      }
    }
    let free = labels.indices.filter { !asked.contains(labels[$0]) }
    if let index = free.first(where: { !SeriesColumns.isNumber(sample[$0]) && TimeText(sample[$0]) != nil }) ?? (labels.count > 1 ? clear(free, values) : nil) {
      (result.columns, result.notUnderstood) = ([(index, .text)], nil)
    } else if result.notUnderstood == nil, hasNames, labels.count > 1, let index = free.first(where: { lower[$0] == "t" }) ?? free.first {
      let values = values(index), isNamed = lower[index] == "t"
      if isNamed ? !values.isEmpty && isSerial(values) && rises(values, .serial) : isEvenSerial(values) { result.notUnderstood = values.first.map { (index, $0, isNamed) } }
    }
    return result
  }

  /// The meaning of numbers in a column of times; nil for a column of something else.
  ///
  /// A first value such as 2024-03-28 makes it a column of times, and what isn't one further down is an error. Plain numbers may mean
  /// something else: three in four of them have to be times.
  ///
  /// - Parameters:
  ///   - name: in lower case.
  ///   - isAsked: whether the user said that the column has the times.
  static func numbers(of values: [String], named name: String, isAsked: Bool = false) -> TimeText.Numbers? {
    guard let first = values.first else { return nil }
    func reads(_ numbers: TimeText.Numbers) -> Bool {
      TimeText(first, numbers: numbers) != nil
        && (!SeriesColumns.isNumber(first) || 4 * values.count(where: { TimeText($0, numbers: numbers) != nil }) >= 3 * values.count)
    }
    func isNamed(_ names: String...) -> Bool { names.contains { name.contains($0) } }
    if isNamed("week"), reads(.week) { return .week }
    // Numbers of four digits are years where nothing speaks against it.
    let isYear = isAsked || isNamed("year") || (!isNamed("month", "day", "week", "quarter") && values.allSatisfy { (1500...2200).contains(Int($0) ?? 0) })
    if reads(.any), isYear || first.count != 4 || !SeriesColumns.isInteger(first) {
      // Dates of ten or twelve digits rise; else the numbers count from 1970.
      return reads(.epoch) && !rises(values, .any) && rises(values, .epoch) ? .epoch : .any
    }
    let isDay = isAsked || isNamed("date") || ["day", "week", "month", "quarter", "period", "timestamp", "ds"].contains(name)
    return isDay && isSerial(values) && (isAsked || rises(values, .serial)) ? .serial : nil
  }

  /// True for at least three such times that rise evenly, with parts of days among them.
  private static func isEvenSerial(_ values: [String]) -> Bool {
    guard values.count > 2, values.contains(where: { $0.contains(".") }), isSerial(values), rises(values, .serial) else { return false }
    let days = values.compactMap { Double($0) }, steps = zip(days, days.dropFirst()).map { $1 - $0 }
    guard days.count == values.count, days.allSatisfy({ $0 < 100_000 }), let least = steps.min(), let most = steps.max() else { return false }
    return most - least <= least / 1000
  }

  /// True for days as spreadsheets count them, from 1982 to 2119.
  static func isSerial(_ values: [String]) -> Bool {
    values.allSatisfy { (Int($0.prefix { $0.isNumber }) ?? 0) >= 30_000 && TimeText($0, numbers: .serial) != nil }
  }

  /// A column of numbers that only times have, whatever its name: the first one, beside others, with dates that rise (20240328), or
  /// with numbers since 1970 that rise evenly and lie between 1990 and 2050.
  private static func clear(_ free: [Int], _ values: (Int) -> [String]) -> Int? {
    guard let index = free.first else { return nil }
    let values = values(index), digits = values.first?.count ?? 0
    guard values.count > 2, values.allSatisfy({ $0.count == digits && SeriesColumns.isInteger($0) }) else { return nil }
    let times = values.compactMap { TimeText($0)?.dayFirst }, steps = zip(times, times.dropFirst()).map { $1.microseconds - $0.microseconds }
    guard times.count == values.count, let least = steps.min(), let most = steps.max(), least > 0 else { return nil }
    switch digits {
    case 8, 12, 14: return most <= 40 * least ? index : nil
    case 10, 13, 16, 19: return most == least && times.allSatisfy { (1990..<2050).contains($0.date.year) } ? index : nil
    default: return nil
    }
  }

  private static func rises(_ values: [String], _ numbers: TimeText.Numbers) -> Bool {
    let times = values.compactMap { TimeText($0, numbers: numbers)?.dayFirst }
    return times.count == values.count && zip(times, times.dropFirst()).allSatisfy { $0 < $1 }
  }
}

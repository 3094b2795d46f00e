/// The clock of a series: when its steps are.
public struct TimeAxis: Sendable, Hashable, Codable {
  /// The time of step 0; nil where steps only have numbers.
  public let start: CivilTime?
  public let frequency: Frequency
  /// Whether the steps are the last days of months.
  private let isMonthEnd: Bool

  /// Without a start, or without a clock in the frequency, steps only have numbers.
  public init(start: CivilTime? = nil, frequency: Frequency = .step) {
    self.start = frequency.hasClock ? start : nil
    self.frequency = start == nil ? .step : frequency
    isMonthEnd = frequency.unit == .month && start?.isMonthEnd == true
  }

  /// The time of a step, also after the last one and before the first.
  public func time(of step: Int) -> CivilTime? {
    guard let start else { return nil }
    let count = step * frequency.count
    switch frequency.unit {
    case .step: return nil
    case .second: return CivilTime(seconds: start.seconds + count)
    case .day: return CivilTime(seconds: start.seconds + count * 86_400)
    case .businessDay:
      let index = Self.businessDay(start.day) + count
      return CivilTime(seconds: (floored(index, 5) * 7 - 3 + remainder(index, 5)) * 86_400 + start.secondOfDay)
    case .month: return start.adding(months: count, isMonthEnd: isMonthEnd)
    }
  }

  /// The step at a time; nil where there is none, because the time lies between two steps.
  ///
  /// Of months only the month counts, not the day in it.
  public func step(of time: CivilTime) -> Int? {
    guard let start else { return nil }
    let (count, isOnClock): (Int, Bool) =
      switch frequency.unit {
      case .step: (0, false)
      case .second: (time.seconds - start.seconds, true)
      case .day: (time.day - start.day, time.secondOfDay == start.secondOfDay)
      case .businessDay:
        (Self.businessDay(time.day) - Self.businessDay(start.day), time.secondOfDay == start.secondOfDay && time.weekday < 5)
      case .month: (time.month - start.month, true)
      }
    return isOnClock && remainder(count, frequency.count) == 0 ? floored(count, frequency.count) : nil
  }

  /// A step for people: its time as far as the clock tells it (`2016-07-01T14:00:00`, `2016-07-01`, `1949-01`, `1880`), or its
  /// number from 1.
  public func label(of step: Int) -> String {
    guard let start, let time = time(of: step) else { return "\(step + 1)" }
    let isFirst = start.date.day == 1 && start.secondOfDay == 0
    switch frequency.unit {
    case .step, .second: return "\(time.dateText)T\(time.timeText)"
    case .day, .businessDay: return time.description
    case .month:
      guard isFirst else { return time.description }
      return String(time.dateText.dropLast(frequency.count % 12 == 0 && start.date.month == 1 ? 6 : 3))
    }
  }

  /// Monday to Friday counted; a weekend counts as its Friday.
  private static func businessDay(_ day: Int) -> Int { floored(day + 3, 7) * 5 + min(remainder(day + 3, 7), 4) }
}

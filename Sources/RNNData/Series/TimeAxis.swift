/// The clock of a series: when its steps are.
public struct TimeAxis: Sendable, Hashable, Codable {
  /// The time of step 0; nil where steps only have numbers.
  public let start: CivilTime?
  public let frequency: Frequency
  /// Whether the steps are the last days of months.
  private let isMonthEnd: Bool
  /// The format of the times that were read.
  private var form: TimeForm?

  /// Without a start, or without a clock in the frequency, steps only have numbers.
  public init(start: CivilTime? = nil, frequency: Frequency = .step) {
    self.start = frequency.hasClock ? start : nil
    self.frequency = start == nil ? .step : frequency
    isMonthEnd = frequency.unit == .month && start?.isMonthEnd == true
  }

  /// With times that are written like those that were read.
  init(start: CivilTime?, frequency: Frequency, form: TimeForm?) {
    self.init(start: start, frequency: frequency)
    self.form = form
  }

  /// The time of a step, also after the last one and before the first; nil without a clock, and outside the years −9999 to 9999.
  ///
  /// Of steps that aren't whole microseconds it is rounded.
  public func time(of step: Int) -> CivilTime? {
    guard let start else { return nil }
    let (count, isTooFar) = step.multipliedReportingOverflow(by: frequency.count)
    guard !isTooFar else { return nil }
    func adding(_ microseconds: Int) -> CivilTime? {
      let (offset, isTooFar) = count.multipliedReportingOverflow(by: microseconds)
      return isTooFar ? nil : start.adding(microseconds: offset)
    }
    switch frequency.unit {
    case .step: return nil
    case .nanosecond: return start.adding(microseconds: floored(count, 1000) + (remainder(count, 1000) >= 500 ? 1 : 0))
    case .second: return adding(1_000_000)
    case .day: return adding(CivilTime.microsecondsPerDay)
    case .businessDay:
      guard (-10_000_000...10_000_000).contains(count) else { return nil }
      let index = Self.businessDay(start.day) + count
      return CivilTime(microseconds: (floored(index, 5) * 7 - 3 + remainder(index, 5)) * CivilTime.microsecondsPerDay + start.microsecondOfDay)
    case .month: return start.adding(months: count, isMonthEnd: isMonthEnd)
    }
  }

  /// The step at a time; nil where there is none, because the time lies between two steps.
  ///
  /// Of months only the month counts, not the day in it.
  public func step(of time: CivilTime) -> Int? {
    guard let start else { return nil }
    let (count, isOnClock): (Int, Bool)
    switch frequency.unit {
    case .step: return nil
    case .nanosecond: return nearestStep(to: time).flatMap { self.time(of: $0) == time ? $0 : nil }
    case .second:
      (count, isOnClock) = (floored(time.microseconds - start.microseconds, 1_000_000), remainder(time.microseconds - start.microseconds, 1_000_000) == 0)
    case .day: (count, isOnClock) = (time.day - start.day, time.microsecondOfDay == start.microsecondOfDay)
    case .businessDay:
      (count, isOnClock) = (
        Self.businessDay(time.day) - Self.businessDay(start.day), time.microsecondOfDay == start.microsecondOfDay && time.weekday < 5)
    case .month: (count, isOnClock) = (time.month - start.month, true)
    }
    return isOnClock && remainder(count, frequency.count) == 0 ? floored(count, frequency.count) : nil
  }

  /// Of steps that are counted in nanoseconds the one that is nearest to a time; nil where it is further than Int can tell.
  private func nearestStep(to time: CivilTime) -> Int? {
    guard let start else { return nil }
    let (distance, isTooFar) = (time.microseconds - start.microseconds).multipliedReportingOverflow(by: 1000)
    return isTooFar ? nil : floored(distance, frequency.count) + (2 * remainder(distance, frequency.count) >= frequency.count ? 1 : 0)
  }

  /// A step for people: its time as the times were written where they were read, else as far as the clock tells it
  /// (`2016-07-01T14:00:00`, `2016-07-01`, `1949-01`, `1880`); without a clock its number from 1.
  public func label(of step: Int) -> String {
    guard let start, let time = time(of: step) else { return "\(step + 1)" }
    if let form { return form.text(of: time) }
    let isFirst = start.date.day == 1 && start.microsecondOfDay == 0
    switch frequency.unit {
    case .step, .nanosecond, .second: return "\(time.dateText)T\(time.timeText(fraction: fractionDigits))"
    case .day, .businessDay: return time.description
    case .month:
      guard isFirst else { return time.description }
      return String(time.dateText.dropLast(frequency.count % 12 == 0 && start.date.month == 1 ? 6 : 3))
    }
  }

  /// How many decimals of a second tell the steps: 0, 3 or 6.
  private var fractionDigits: Int {
    max(start?.fractionDigits ?? 0, frequency.unit != .nanosecond ? 0 : frequency.count % 1_000_000 == 0 ? 3 : 6)
  }

  /// Monday to Friday counted; a weekend counts as its Friday.
  private static func businessDay(_ day: Int) -> Int { floored(day + 3, 7) * 5 + min(remainder(day + 3, 7), 4) }
}

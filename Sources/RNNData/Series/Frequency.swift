public import RNNTensor

/// How far apart the steps of a series are: an hour, 200 milliseconds, a day, a quarter; or only that one follows the other.
public struct Frequency: Sendable, Hashable {
  public enum Unit: String, Sendable, Hashable, Codable {
    /// There is no clock: a row is a step.
    case step
    /// For steps that aren't whole seconds; a step has at least 1000.
    case nanosecond
    case second
    case day
    /// Monday to Friday.
    case businessDay
    case month

    /// How many of it a step may have: up to 20,000 years, and of nanoseconds up to a million seconds.
    var counts: ClosedRange<Int> {
      switch self {
      case .step: 1...Int.max
      case .nanosecond: 1000...1_000_000_000_000_000
      case .second: 1...631_152_000_000
      case .day, .businessDay: 1...7_305_000
      case .month: 1...240_000
      }
    }
  }

  public let count: Int
  public let unit: Unit

  /// `count` of a unit; a step of less than one counts as one (a microsecond), and one of more than 20,000 years as that.
  ///
  /// Nanoseconds that are whole seconds become seconds.
  public init(_ count: Int, _ unit: Unit) {
    let isWhole = unit == .nanosecond && count > 0 && count % 1_000_000_000 == 0
    self.unit = isWhole ? .second : unit
    self.count = (isWhole ? count / 1_000_000_000 : count).clamped(to: self.unit.counts)
  }

  public static let step = Frequency(1, .step)
  public static let second = Frequency(1, .second)
  public static let minute = Frequency(60, .second)
  public static let hour = Frequency(3600, .second)
  public static let day = Frequency(1, .day)
  public static let businessDay = Frequency(1, .businessDay)
  public static let week = Frequency(7, .day)
  public static let month = Frequency(1, .month)
  public static let quarter = Frequency(3, .month)
  public static let year = Frequency(12, .month)

  /// A span of time, from a microsecond on: whole days count as days, and of more than a million seconds only whole ones.
  init(microseconds: Int) {
    if microseconds % CivilTime.microsecondsPerDay == 0 {
      self.init(microseconds / CivilTime.microsecondsPerDay, .day)
    } else if microseconds % 1_000_000 == 0 {
      self.init(microseconds / 1_000_000, .second)
    } else if microseconds <= Unit.nanosecond.counts.upperBound / 1000 {
      self.init(microseconds * 1000, .nanosecond)
    } else {
      self.init(microseconds: (microseconds / 1_000_000 + (microseconds % 1_000_000 >= 500_000 ? 1 : 0)) * 1_000_000)
    }
  }

  /// Whether the steps have times.
  public var hasClock: Bool { unit != .step }

  /// How many steps it usually takes until things repeat: 24 for hours, 7 for days, 5 for business days, 52 for weeks, 12 for
  /// months, 4 for quarters, and a day of what lies between a second and an hour. 1 where nothing is known to repeat, as for
  /// fractions of a second.
  public var seasonality: Int {
    switch unit {
    case .step: 1
    case .nanosecond, .second: (1..<86_400).contains(seconds ?? 0) ? max(Int((86_400 / (seconds ?? 1)).rounded()), 1) : 1
    case .day: count == 1 ? 7 : count == 7 ? 52 : 1
    case .businessDay: count == 1 ? 5 : 1
    case .month: count < 12 && 12 % count == 0 ? 12 / count : 1
    }
  }

  /// About how many seconds a step takes; nil without a clock.
  public var seconds: Double? {
    switch unit {
    case .step: nil
    case .nanosecond: Double(count) / 1e9
    case .second: Double(count)
    case .day: Double(count) * 86_400
    case .businessDay: Double(count) * 86_400 * 7 / 5
    case .month: Double(count) * 86_400 * 365.2425 / 12
    }
  }
}

extension Frequency: Codable {
  private enum CodingKeys: CodingKey {
    case count, unit
  }

  /// - Throws: for a count that a step can't have.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let count = try values.decode(Int.self, forKey: .count), unit = try values.decode(Unit.self, forKey: .unit)
    guard unit.counts.contains(count) else {
      throw DecodingError.dataCorruptedError(forKey: .count, in: values, debugDescription: "a step of \(count) times \(unit)")
    }
    self.init(count, unit)
  }
}

extension Frequency: CustomStringConvertible {
  /// `1 hour`, `10 minutes`, `1.5 seconds`, `200 milliseconds`, `1 business day`, `1 step`; ``init(text:)`` reads it.
  public var description: String {
    let (number, name): (String, String) =
      switch unit {
      case .step: ("\(count)", "step")
      case .nanosecond:
        count > 1_000_000_000
          ? (Self.decimal(count, 9), "second") : count >= 1_000_000 ? (Self.decimal(count, 6), "millisecond") : (Self.decimal(count, 3), "microsecond")
      case .second:
        count % 3600 == 0 ? ("\(count / 3600)", "hour") : count % 60 == 0 ? ("\(count / 60)", "minute") : ("\(count)", "second")
      case .day: count % 7 == 0 ? ("\(count / 7)", "week") : ("\(count)", "day")
      case .businessDay: ("\(count)", "business day")
      case .month: count % 12 == 0 ? ("\(count / 12)", "year") : count % 3 == 0 ? ("\(count / 3)", "quarter") : ("\(count)", "month")
      }
    return "\(number) \(name)\(number == "1" ? "" : "s")"
  }

  /// A number in units of 10^−decimals.
  private static func decimal(_ number: Int, _ decimals: Int) -> String {
    let text = padded(number, decimals + 1)
    var rest = text.suffix(decimals)
    while rest.last == "0" { rest.removeLast() }
    return text.dropLast(decimals) + (rest.isEmpty ? "" : ".\(rest)")
  }

  /// A frequency in words: `hour`, `10 minutes`, `10min`, `1.5 s`, `200 ms`, `business day`, `2 weeks`, `step`.
  ///
  /// - Throws: `.usage` for anything else.
  public init(text: String) throws(RNNError) {
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let word = text.dropFirst(number.count).filter { !$0.isWhitespace && $0 != "-" }.lowercased()
    let units: [String: (Int, Unit)] = [
      "step": (1, .step), "row": (1, .step), "microsecond": (1000, .nanosecond), "us": (1000, .nanosecond), "µs": (1000, .nanosecond),
      "μs": (1000, .nanosecond), "millisecond": (1_000_000, .nanosecond), "ms": (1_000_000, .nanosecond), "second": (1, .second),
      "sec": (1, .second), "s": (1, .second), "minute": (60, .second), "min": (60, .second), "hour": (3600, .second), "h": (3600, .second),
      "day": (1, .day), "d": (1, .day), "businessday": (1, .businessDay), "week": (7, .day), "w": (7, .day), "month": (1, .month),
      "quarter": (3, .month), "year": (12, .month), "y": (12, .month),
    ]
    let unit = units[word] ?? (word.count > 2 && word.hasSuffix("s") ? units[String(word.dropLast())] : nil)
    guard let (size, unit) = unit, let frequency = Self(number.isEmpty ? "1" : number, size, unit) else {
      throw RNNError(
        .usage,
        "found the frequency ‘\(text)’; expected a unit with or without a number before it: microsecond, millisecond, second, minute, hour, day, business day, week, month, quarter, year or step; the number of seconds, minutes and hours may have decimals (1.5s)")
    }
    self = frequency
  }

  /// A number, with decimals for what is counted in seconds, times a unit; nil for none, and for more than a million.
  private init?(_ number: Substring, _ size: Int, _ unit: Unit) {
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard let whole = Int(parts[0]), (0...1_000_000).contains(whole) else { return nil }
    if parts.count == 1 {
      guard whole > 0 else { return nil }
      let isBounded = unit.counts.contains(whole * size)
      guard isBounded else { return nil }
      self.init(whole * size, unit)
      return
    }
    let digits = parts[1].count
    guard parts.count == 2, unit == .second || unit == .nanosecond, (1...9).contains(digits), let rest = Int(parts[1]) else { return nil }
    // At most 10^9 times the nanoseconds of an hour.
    let scale = (1...digits).reduce(1) { power, _ in power * 10 }, nanoseconds = unit == .second ? size * 1_000_000_000 : size
    let (fraction, isTooLong) = rest.multipliedReportingOverflow(by: nanoseconds)
    guard !isTooLong, fraction % scale == 0 else { return nil }
    let (most, count) = (Unit.nanosecond.counts, fraction / scale)
    guard whole <= most.upperBound / nanoseconds, most.contains(whole * nanoseconds + count) else { return nil }
    self.init(whole * nanoseconds + count, .nanosecond)
  }
}

extension Comparable {
  fileprivate func clamped(to range: ClosedRange<Self>) -> Self { min(max(self, range.lowerBound), range.upperBound) }
}

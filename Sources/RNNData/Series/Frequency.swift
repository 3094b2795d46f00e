public import RNNTensor

/// How far apart the steps of a series are: an hour, ten minutes, a day, a quarter; or only that one follows the other.
public struct Frequency: Sendable, Hashable, Codable {
  public enum Unit: String, Sendable, Hashable, Codable {
    /// There is no clock: a row is a step.
    case step
    case second
    case day
    /// Monday to Friday.
    case businessDay
    case month
  }

  public let count: Int
  public let unit: Unit

  /// `count` of a unit; less than one counts as one.
  public init(_ count: Int, _ unit: Unit) {
    self.count = max(count, 1)
    self.unit = unit
  }

  public static let step = Frequency(1, .step)
  public static let minute = Frequency(60, .second)
  public static let hour = Frequency(3600, .second)
  public static let day = Frequency(1, .day)
  public static let businessDay = Frequency(1, .businessDay)
  public static let week = Frequency(7, .day)
  public static let month = Frequency(1, .month)
  public static let quarter = Frequency(3, .month)
  public static let year = Frequency(12, .month)

  /// Whether the steps have times.
  public var hasClock: Bool { unit != .step }

  /// How many steps it usually takes until things repeat: 24 for hours, 7 for days, 5 for business days, 52 for weeks, 12 for
  /// months, 4 for quarters, and a day of what is shorter than an hour. 1 where nothing is known to repeat.
  public var seasonality: Int {
    switch unit {
    case .step: 1
    case .second: count >= 86_400 ? 1 : 86_400 % count == 0 ? 86_400 / count : max(Int((86_400 / Double(count)).rounded()), 1)
    case .day: count == 1 ? 7 : count == 7 ? 52 : 1
    case .businessDay: count == 1 ? 5 : 1
    case .month: count < 12 && 12 % count == 0 ? 12 / count : 1
    }
  }

  /// About how many seconds a step takes; nil without a clock.
  public var seconds: Double? {
    switch unit {
    case .step: nil
    case .second: Double(count)
    case .day: Double(count) * 86_400
    case .businessDay: Double(count) * 86_400 * 7 / 5
    case .month: Double(count) * 86_400 * 365.2425 / 12
    }
  }
}

extension Frequency: CustomStringConvertible {
  /// `1 hour`, `10 minutes`, `1 business day`, `1 step`; ``init(text:)`` reads it.
  public var description: String {
    let (number, name): (Int, String) =
      switch unit {
      case .step: (count, "step")
      case .second: count % 3600 == 0 ? (count / 3600, "hour") : count % 60 == 0 ? (count / 60, "minute") : (count, "second")
      case .day: count % 7 == 0 ? (count / 7, "week") : (count, "day")
      case .businessDay: (count, "business day")
      case .month: count % 12 == 0 ? (count / 12, "year") : count % 3 == 0 ? (count / 3, "quarter") : (count, "month")
      }
    return "\(number) \(name)\(number == 1 ? "" : "s")"
  }

  /// A frequency in words: `hour`, `10 minutes`, `10min`, `business day`, `2 weeks`, `step`.
  ///
  /// - Throws: `.usage` for anything else.
  public init(text: String) throws(RNNError) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    var word = text.dropFirst(digits.count).filter { !$0.isWhitespace && $0 != "-" }.lowercased()
    if word.count > 1, word.hasSuffix("s") { word.removeLast() }
    let units: [String: Frequency] = [
      "step": .step, "row": .step, "second": Frequency(1, .second), "sec": Frequency(1, .second), "minute": .minute, "min": .minute,
      "hour": .hour, "h": .hour, "day": .day, "d": .day, "businessday": .businessDay, "week": .week, "w": .week, "month": .month,
      "quarter": .quarter, "year": .year, "y": .year,
    ]
    guard let unit = units[word], let count = digits.isEmpty ? 1 : Int(digits), (1...1_000_000).contains(count) else {
      throw RNNError(
        .usage, "found the frequency ‘\(text)’; expected a unit with or without a number before it: second, minute, hour, day, business day, week, month, quarter, year or step")
    }
    self.init(count * unit.count, unit.unit)
  }
}

public import RNNTensor

/// Series with the same variables at the same frequency.
///
/// ```swift
/// let weather = try SeriesSet(reading: ["weather.csv"], options: SeriesReadingOptions(targets: ["temp_max"]))
/// ```
public struct SeriesSet: Sendable, Hashable {
  /// The names of the target variables.
  public let targets: [String]
  /// The names of the variables that are known up to now, and of those known ahead.
  public let past: [String]
  public let known: [String]
  public let frequency: Frequency
  /// After how many steps things usually repeat.
  public var seasonality: Int
  public var series: [TimeSeries]
  /// What people should know of the data, a sentence each: gaps, hours that occur twice, columns that give the target away.
  public var warnings: [String] = []
  /// How it was read, with all that was found out: to read more of the same kind. Nil where it was not read from files.
  public var reading: SeriesReadingOptions?

  /// - Parameters:
  ///   - seasonality: by default that of the frequency.
  /// - Throws: `.badData` without a series, or where one has other variables or another clock.
  public init(
    targets: [String], past: [String] = [], known: [String] = [], frequency: Frequency = .step, seasonality: Int? = nil,
    series: [TimeSeries]
  ) throws(RNNError) {
    guard !series.isEmpty else { throw RNNError(.badData, "there is no series") }
    for one in series {
      guard one.targets.count == targets.count, one.past.count == past.count, one.known.count == known.count, one.axis.frequency == frequency else {
        throw RNNError(
          .badData,
          "the series ‘\(one.name)’ has \(one.targets.count) targets, \(one.past.count) + \(one.known.count) other variables every \(one.axis.frequency); expected \(targets.count), \(past.count) + \(known.count) every \(frequency)")
      }
    }
    try Limits.seasonality.check(seasonality, "seasonality")
    self.targets = targets
    self.past = past
    self.known = known
    self.frequency = frequency
    self.seasonality = max(seasonality ?? frequency.seasonality, 1)
    self.series = series
  }

  /// The number of channels: a channel is one target of one series.
  public var channels: Int { series.count * targets.count }

  /// All steps of all series.
  public var steps: Int { series.reduce(0) { $0 + $1.length } }

  /// A channel for people: the target's name, or the series', or both.
  public func name(series: Int, target: Int) -> String {
    self.series.count == 1 ? targets[target] : targets.count == 1 ? self.series[series].name : "\(self.series[series].name) \(targets[target])"
  }
}

public import RNNData
public import RNNTensor

/// A rule that every network has to beat: the last value again, the last season again, or a linear function of the last values.
///
/// How sure a rule is follows from its errors in the part that it may look at, for each step of the horizon.
public struct Baseline: Forecaster {
  private enum Rule: Sendable {
    case naive
    case seasonal(Int)
    case linear(LinearAutoregression)
  }

  public let name: String
  private let rule: Rule
  private let horizon: Int
  /// Of each channel, `[step][level]`: what is added to the rule's value.
  private let offsets: [[Double]]

  /// The last value again.
  ///
  /// - Parameters:
  ///   - fitting: the steps of each series that errors are taken from.
  public static func naive(_ set: SeriesSet, fitting: [Range<Int>], horizon: Int) -> Baseline {
    Baseline("naive", .naive, set, fitting, horizon)
  }

  /// The value of the same place in the last season.
  ///
  /// - Parameters:
  ///   - period: the season's steps; by default the set's.
  public static func seasonalNaive(_ set: SeriesSet, fitting: [Range<Int>], horizon: Int, period: Int? = nil) -> Baseline {
    Baseline("seasonal naive", .seasonal(max(period ?? set.seasonality, 1)), set, fitting, horizon)
  }

  /// A linear function of the last values, another one for each step of the horizon, by least squares.
  ///
  /// - Parameters:
  ///   - lags: how many values it looks at; less where the fitting part is too short for them.
  ///   - log: whether of the logarithms.
  ///   - progress: is told how many values are fitted, and of how many.
  ///
  /// No forecast is further from the values that a channel had than these are from each other: see ``Forecast/isLimited``.
  public static func linear(
    _ set: SeriesSet, fitting: [Range<Int>], horizon: Int, lags: Int, log: Bool = false, progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
  ) -> Baseline {
    let rule = LinearAutoregression(set, fitting: fitting, horizon: horizon, lags: lags, log: log, progress: progress)
    return Baseline("linear", .linear(rule), set, fitting, horizon)
  }

  private init(_ name: String, _ rule: Rule, _ set: SeriesSet, _ fitting: [Range<Int>], _ horizon: Int) {
    self.name = name
    self.rule = rule
    self.horizon = horizon
    offsets = zip(set.series, fitting).enumerated().flatMap { index, pair in
      pair.0.targets.indices.map { Self.offsets(rule, pair.0, series: index, target: $0, pair.1, horizon) }
    }
  }

  /// What it is, for people.
  public var description: String {
    switch rule {
    case .naive: "the last value again"
    case .seasonal(let period): "the value \(period) step\(period == 1 ? "" : "s") before"
    case .linear(let linear): "a linear function of the last \(linear.lags) values\(linear.isLog ? "' logarithms" : ""), by least squares for each step ahead"
    }
  }

  /// How many errors of a step are looked at, at most.
  private static let mostErrors = 1000

  private static func offsets(_ rule: Rule, _ series: TimeSeries, series index: Int, target: Int, _ range: Range<Int>, _ horizon: Int) -> [Double] {
    let values = series.targets[target]
    // Errors of what is forgotten at once would say nothing.
    let first = range.lowerBound + 1, count = range.upperBound - first
    var errors = [[Double]](repeating: [], count: horizon)
    let stride = max((count + mostErrors - 1) / mostErrors, 1)
    var points = [Double](repeating: 0, count: horizon)
    for origin in Swift.stride(from: first, to: max(range.upperBound, first), by: stride) {
      _ = Self.points(rule, values, series: index, target: target, targets: series.targets.count, origin: origin, into: &points)
      for step in 0..<min(horizon, range.upperBound - origin) {
        let error = values[origin + step] - points[step]
        if !error.isNaN { errors[step].append(error) }
      }
    }
    var offsets: [Double] = [], last = [Double](repeating: 0, count: Forecast.defaultLevels.count)
    for step in 0..<horizon {
      // Where there are too few, as sure as the step before.
      if errors[step].count >= 10 {
        let sorted = errors[step].sorted(), median = Forecast.quantile(of: sorted, 0.5)
        last = Forecast.defaultLevels.map { Forecast.quantile(of: sorted, $0) - median }
      }
      offsets += last
    }
    return offsets
  }

  /// Writes the rule's values, and tells whether they had to be limited.
  private static func points(
    _ rule: Rule, _ values: [Double], series: Int, target: Int, targets: Int, origin: Int, into points: inout [Double]
  ) -> Bool {
    func last(_ from: Int, by step: Int = 1) -> Double {
      var place = from
      while place >= 0, values[place].isNaN { place -= step }
      return place >= 0 ? values[place] : .nan
    }
    switch rule {
    case .naive:
      let value = last(origin - 1)
      for step in points.indices { points[step] = value }
    case .seasonal(let period):
      for step in points.indices {
        let value = last(origin - period + step % period, by: period)
        // Before a whole season has passed.
        points[step] = value.isNaN ? last(origin - 1) : value
      }
    case .linear(let linear): return linear.predict(values, channel: series * targets + target, origin: origin, into: &points)
    }
    return false
  }

  public func forecasts(of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int) throws(RNNError) -> [Forecast] {
    guard horizon > 0, horizon <= self.horizon else {
      throw RNNError(.usage, "\(name) was fitted for \(self.horizon) step\(self.horizon == 1 ? "" : "s") ahead, not \(horizon)")
    }
    let levels = Forecast.defaultLevels, targets = set.targets.count
    var points = [Double](repeating: 0, count: horizon)
    return windows.map { window in
      let values = set.series[window.series].targets[window.target], channel = window.series * targets + window.target
      let isLimited = Self.points(rule, values, series: window.series, target: window.target, targets: targets, origin: window.origin, into: &points)
      var quantiles = [Double](repeating: 0, count: horizon * levels.count)
      for step in 0..<horizon {
        for level in levels.indices { quantiles[step * levels.count + level] = points[step] + offsets[channel][step * levels.count + level] }
      }
      var forecast = Forecast(levels: levels, quantiles: quantiles)
      forecast.isLimited = isLimited
      return forecast
    }
  }
}

public import RNNData
public import RNNTensor
public import RNNTraining

/// Measures forecasters as if time went on: from one origin after another in the measured part, each forecaster says what comes
/// next, and is told.
///
/// ```swift
/// let test = try Backtest(of: set, parts: split.parts(of: set), horizon: 24)
/// let results = try test.run([model] + test.baselines(lags: 96))
/// ```
public struct Backtest: Sendable {
  /// How a forecaster did.
  public struct Result: Sendable {
    public let name: String
    /// Over all windows and steps.
    public let total: ForecastMetrics
    /// Over all windows, for each step ahead.
    public let steps: [ForecastMetrics]
    /// The number of forecasts that are limited (``Forecast/isLimited``).
    public let limited: Int
  }

  public let set: SeriesSet
  /// The parts of each series: forecasts begin and end in the test parts.
  public let parts: [SeriesSplit.Parts]
  public let horizon: Int
  /// The steps from one origin to the next.
  public let stride: Int
  /// Of each channel: the error of the seasonal naive forecast before the measured part, and the deviation in the training part.
  private let scales: [(naiveError: Double, deviation: Double)]
  /// Of each channel the first origin.
  private let origins: [Int]

  /// - Throws: `.usage` for sizes that can't be, `.badData` where no test part holds as many steps as the horizon.
  public init(of set: SeriesSet, parts: [SeriesSplit.Parts], horizon: Int, stride: Int = 1) throws(RNNError) {
    try Limits.windowSteps.check(horizon, "horizon")
    try Limits.positiveCount.check(stride, "stride")
    self.set = set
    self.parts = parts
    self.horizon = horizon
    self.stride = stride
    var scales: [(naiveError: Double, deviation: Double)] = [], origins: [Int] = []
    for (series, part) in zip(set.series, parts) {
      for values in series.targets {
        scales.append((Self.naiveError(values[..<part.test.lowerBound], set.seasonality), Scaling(of: [values[part.training]]).scale))
        // Who has seen nothing can't say anything.
        let first = values.firstIndex { !$0.isNaN } ?? values.count
        origins.append(max(part.test.lowerBound, first + 1))
      }
    }
    self.scales = scales
    self.origins = origins
    guard windowCount > 0 else {
      let longest = parts.map(\.test.count).max() ?? 0
      throw RNNError(.badData, "the measured part has \(longest) step\(longest == 1 ? "" : "s"), and none of \(horizon) from a value on; expected no fewer than the horizon")
    }
  }

  /// The mean absolute difference to a season before; to the value before where no season has passed.
  private static func naiveError(_ values: ArraySlice<Double>, _ season: Int) -> Double {
    for period in season > 1 ? [season, 1] : [1] {
      var sum = 0.0, count = 0.0
      for index in values.indices.dropFirst(period) {
        let difference = values[index] - values[index - period]
        if !difference.isNaN { (sum, count) = (sum + abs(difference), count + 1) }
      }
      if count > 0 { return sum / count }
    }
    return 0
  }

  /// The number of forecasts of each forecaster.
  public var windowCount: Int { origins.indices.reduce(0) { $0 + count(ofChannel: $1) } }

  private func count(ofChannel channel: Int) -> Int {
    let last = parts[channel / set.targets.count].test.upperBound - horizon
    return last >= origins[channel] ? (last - origins[channel]) / stride + 1 : 0
  }

  /// The rules that a forecaster is measured beside: naive, seasonal naive where something repeats, and linear. They learn from all
  /// that is before the measured part.
  ///
  /// - Parameter progress: is told how many values the linear one is fitted to, and of how many.
  public func baselines(lags: Int, log: Bool = false, progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }) -> [Baseline] {
    let fitting = parts.map { 0..<$0.test.lowerBound }
    let seasonal = set.seasonality > 1 ? [Baseline.seasonalNaive(set, fitting: fitting, horizon: horizon)] : []
    return [.naive(set, fitting: fitting, horizon: horizon)] + seasonal + [.linear(set, fitting: fitting, horizon: horizon, lags: lags, log: log, progress: progress)]
  }

  /// Lets all forecasters predict all windows; no more than a few of these are in memory at once.
  ///
  /// - Parameters:
  ///   - progress: is told how many windows are done, and of how many.
  public func run(
    _ forecasters: [any Forecaster], progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
  ) throws(RNNError) -> [Result] {
    let all = windowCount
    var sums: [[ForecastMetrics]] = forecasters.map { _ in [] }, limited = forecasters.map { _ in 0 }
    // About a million numbers at once; fewer where they take long, so that there is something to tell.
    let most = max(1, min(1024, (1 << 20) / (horizon * Forecast.defaultLevels.count))), clock = ContinuousClock()
    var batch = min(16, most), begun = clock.now
    var windows: [ForecastWindow] = [], done = 0
    func measure() throws(RNNError) {
      for (index, forecaster) in forecasters.enumerated() {
        for (window, forecast) in zip(windows, try forecaster.forecasts(of: set, windows, horizon: horizon)) {
          if sums[index].isEmpty { sums[index] = [ForecastMetrics](repeating: ForecastMetrics(levels: forecast.levels, season: set.seasonality), count: horizon) }
          if forecast.isLimited { limited[index] += 1 }
          let values = set.series[window.series].targets[window.target]
          let scale = scales[window.series * set.targets.count + window.target]
          let levels = forecast.levels.count
          forecast.quantiles.withUnsafeBufferPointer { quantiles in
            for step in 0..<horizon {
              sums[index][step].add(
                actual: values[window.origin + step], quantiles: UnsafeBufferPointer(rebasing: quantiles[step * levels..<(step + 1) * levels]),
                naiveError: scale.naiveError, deviation: scale.deviation)
            }
          }
        }
      }
      done += windows.count
      windows.removeAll(keepingCapacity: true)
      if clock.now - begun < .seconds(1) { batch = min(2 * batch, most) }
      begun = clock.now
      progress(done, all)
    }
    for channel in origins.indices {
      for index in 0..<count(ofChannel: channel) {
        let (series, target) = (channel / set.targets.count, channel % set.targets.count)
        windows.append(ForecastWindow(series: series, target: target, origin: origins[channel] + index * stride))
        if windows.count >= batch { try measure() }
      }
    }
    if !windows.isEmpty { try measure() }
    return forecasters.indices.map { index in
      let steps = sums[index]
      var total = steps.first ?? ForecastMetrics(levels: [0.5])
      for step in steps.dropFirst() { total.add(step) }
      return Result(name: forecasters[index].name, total: total, steps: steps, limited: limited[index])
    }
  }
}

extension Backtest {
  /// Whether one forecaster is better than another, by scaled values, so that every channel counts as much.
  public struct Comparison: Sendable, CustomStringConvertible {
    /// The other's name.
    public let other: String
    /// By which part of the other's the mean absolute error is less, and the root of the mean squared error.
    public let absoluteGain: Double
    public let squaredGain: Double

    /// Whether both errors are less.
    public var isBetter: Bool { absoluteGain > 0 && squaredGain > 0 }
    /// Whether neither is.
    public var isNoBetter: Bool { absoluteGain <= 0 && squaredGain <= 0 }

    /// A sentence without its subject.
    public var description: String {
      // Where the other hardly errs, a percentage says nothing.
      func percent(_ gain: Double) -> String {
        gain < -10 ? "more than tenfold" : "\(HumanFormat.fixed(abs(gain) * 100, 1))% \(gain > 0 ? "less" : "more")"
      }
      let figures = "mean absolute error \(percent(absoluteGain)), root mean square \(percent(squaredGain))"
      if isBetter { return "is \(max(absoluteGain, squaredGain) < 0.01 ? "hardly " : "")better than \(other): \(figures)" }
      return isNoBetter ? "does not beat \(other): \(figures)" : "is better than \(other) by one figure and worse by the other: \(figures)"
    }
  }
}

extension Backtest.Result {
  /// This forecaster compared with each of the others.
  public func comparisons(with others: [Backtest.Result]) -> [Backtest.Comparison] {
    func gain(_ own: Double, _ its: Double) -> Double { its > 0 ? 1 - own / its : own > 0 ? -1 : 0 }
    return others.map { other in
      Backtest.Comparison(
        other: other.name, absoluteGain: gain(total.scaledMAE, other.total.scaledMAE),
        squaredGain: gain(total.scaledMSE.squareRoot(), other.total.scaledMSE.squareRoot()))
    }
  }
}

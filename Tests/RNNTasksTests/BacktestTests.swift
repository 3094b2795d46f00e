import RNNData
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct BacktestTests {
  private func set(_ values: [Double], seasonality: Int = 1) throws -> SeriesSet {
    try SeriesSet(targets: ["x"], seasonality: seasonality, series: [TimeSeries("s", targets: [values])])
  }

  private static func noise(_ count: Int, seed: UInt64) -> [Double] {
    var random = Philox(seed: seed, stream: 3)
    return (0..<count).map { _ in Double.random(in: -1...1, using: &random) }
  }

  @Test func rules() throws {
    let set = try set([1, 2, 3, 4, 5, 6, 7, .nan], seasonality: 3)
    let window = [ForecastWindow(series: 0, target: 0, origin: 8)]
    #expect(try Baseline.naive(set, fitting: [0..<8], horizon: 2).forecasts(of: set, window, horizon: 2)[0].points == [7, 7])
    #expect(try Baseline.seasonalNaive(set, fitting: [0..<8], horizon: 4).forecasts(of: set, window, horizon: 4)[0].points == [6, 7, 5, 6], "of the missing one the season before")
    #expect(throws: RNNError.self) { try Baseline.naive(set, fitting: [0..<8], horizon: 2).forecasts(of: set, window, horizon: 3) }
    let early = [ForecastWindow(series: 0, target: 0, origin: 2)]
    #expect(try Baseline.seasonalNaive(set, fitting: [0..<8], horizon: 2).forecasts(of: set, early, horizon: 2)[0].points == [2, 1], "the last one where no season has passed")
  }

  @Test func linearFindsTheRecurrence() throws {
    // x(t) = 1.5 x(t−1) − 0.7 x(t−2) + 2, begun anywhere.
    var values: [Double] = [1, 3]
    for t in 2..<60 { values.append(1.5 * values[t - 1] - 0.7 * values[t - 2] + 2 + (t % 11 == 0 ? 1 : 0)) }
    var clean: [Double] = [4, -2]
    for t in 2..<40 { clean.append(1.5 * clean[t - 1] - 0.7 * clean[t - 2] + 2) }
    let set = try set(clean)
    let linear = Baseline.linear(set, fitting: [0..<30], horizon: 3, lags: 2)
    let points = try linear.forecasts(of: set, [ForecastWindow(series: 0, target: 0, origin: 30)], horizon: 3)[0].points
    for step in 0..<3 { #expect(abs(points[step] - clean[30 + step]) < 1e-3) }
    // In logs, a steady growth is a line.
    let growth = try self.set((0..<40).map { Double(3 * 1.1.power($0)) })
    let grown = try Baseline.linear(growth, fitting: [0..<30], horizon: 1, lags: 1, log: true).forecasts(of: growth, [ForecastWindow(series: 0, target: 0, origin: 39)], horizon: 1)
    #expect(abs(grown[0].points[0] / growth.series[0].targets[0][39] - 1) < 1e-4)
  }

  /// A linear function of logarithms multiplies: what it says is near what the series had, and it is said where it wasn't.
  @Test func theLinearRuleIsLimited() throws {
    let doubling = try set((0..<40).map { 2.0.power($0) }, seasonality: 1)
    let parts = try SeriesSplit(test: .steps(10)).parts(of: doubling), test = try Backtest(of: doubling, parts: parts, horizon: 5)
    let window = [ForecastWindow(series: 0, target: 0, origin: 30)], last = 2.0.power(29)
    var told: [[Int]] = []
    let rules = test.baselines(lags: 1, log: true) { told.append([$0, $1]) }, forecast = try rules[1].forecasts(of: doubling, window, horizon: 5)[0]
    #expect(told.last == [30, 30] && told.count > 10)
    #expect(abs(forecast.points[0] / last - 2) < 1e-4 && forecast.points[4] < 2 * last && forecast.isLimited, "\(forecast.points)")
    let results = try test.run(rules)
    #expect(results.map(\.limited) == [0, 6])

    // A short series among long ones is fitted with as few lags as it can be.
    func values(_ count: Int, seed: UInt64) -> [Double] { Self.noise(count, seed: seed).map { (1.1 + $0).power(4) } }
    let short = try TimeSeries("short", targets: [values(30, seed: 2)]), long = try TimeSeries("long", targets: [values(400, seed: 3)])
    let both = try SeriesSet(targets: ["x"], series: [long, short])
    for log in [false, true] {
      let test = try Backtest(of: both, parts: try SeriesSplit(test: .steps(6)).parts(of: both), horizon: 4)
      let results = try test.run(test.baselines(lags: 100, log: log))
      #expect(results[1].total.scaledMAE < 3 * results[0].total.scaledMAE + 1, "\(log): \(results[1].total.scaledMAE) \(results[0].total.scaledMAE)")
    }
  }

  @Test func missingValuesAndShortSeriesWork() throws {
    var values = Self.noise(100, seed: 1)
    for index in stride(from: 3, to: 100, by: 7) { values[index] = .nan }
    for (values, lags) in [(values, 4), (values, 40), ([1, 2, 3, 4, 5, 6], 30), ([Double](repeating: 5, count: 30), 5), ([.nan, .nan, 1, 2, .nan, 3, 4], 2)] {
      let set = try set(values, seasonality: 2)
      let parts = try SeriesSplit(test: .steps(2)).parts(of: set)
      let test = try Backtest(of: set, parts: parts, horizon: 2)
      for result in try test.run(test.baselines(lags: lags)) { #expect(result.total.mae.isFinite && result.total.count <= 2, "\(result.name) \(values.count)") }
    }
  }

  @Test func windowsAreAllOfTheTestPart() throws {
    let set = try set((0..<100).map { Double($0) })
    let parts = [SeriesSplit.Parts(training: 0..<60, validation: 60..<80, test: 80..<90)]
    #expect(try Backtest(of: set, parts: parts, horizon: 3).windowCount == 8)
    #expect(try Backtest(of: set, parts: parts, horizon: 3, stride: 3).windowCount == 3)
    let test = try Backtest(of: set, parts: parts, horizon: 3)
    let result = try test.run([Baseline.naive(set, fitting: [0..<80], horizon: 3)])[0]
    // Each step is one more.
    #expect(result.total.count == 24 && result.total.mae == 2 && result.steps.map(\.mae) == [1, 2, 3] && result.total.mase == 2)
    #expect(throws: RNNError.self) { try Backtest(of: set, parts: parts, horizon: 11) }
    #expect(throws: RNNError.self) { try Backtest(of: set, parts: parts, horizon: 0) }
  }

  /// Tells what it was shown.
  private struct Watcher: Forecaster {
    var name = "watcher"
    var body: @Sendable (ForecastWindow) -> Void
    func forecasts(of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int) throws(RNNError) -> [Forecast] {
      windows.map { window in
        body(window)
        return Forecast(points: [Double](repeating: 0, count: horizon))
      }
    }
  }

  @Test func baselinesDoNotReadTheFuture() throws {
    let values = Self.noise(300, seed: 2)
    let set = try set(values, seasonality: 5)
    let windows = (200..<290).map { ForecastWindow(series: 0, target: 0, origin: $0) }
    func all(_ set: SeriesSet) throws -> [Baseline] {
      [
        .naive(set, fitting: [0..<200], horizon: 4), .seasonalNaive(set, fitting: [0..<200], horizon: 4), .linear(set, fitting: [0..<200], horizon: 4, lags: 8),
      ]
    }
    let before = try all(set).map { try $0.forecasts(of: set, windows, horizon: 4) }
    for (index, window) in windows.enumerated() {
      // Everything from the origin on is something else; so it is where they are fitted.
      let scrambled = try self.set(Array(values[..<window.origin]) + Self.noise(300 - window.origin, seed: 99).map { $0 * 1000 }, seasonality: 5)
      for (own, expected) in zip(try all(scrambled), before) {
        #expect(try own.forecasts(of: scrambled, [window], horizon: 4)[0] == expected[index], "\(own.name) at \(window.origin)")
      }
    }
  }

  @Test func intervalsOfBaselinesCover() throws {
    // A random walk: the last value again, with errors that grow.
    var walk: [Double] = [0]
    for step in Self.noise(6000, seed: 5) { walk.append((walk.last ?? 0) + step) }
    let set = try set(walk)
    let test = try Backtest(of: set, parts: SeriesSplit(test: .steps(3000)).parts(of: set), horizon: 5)
    for result in try test.run(test.baselines(lags: 5)) {
      for (index, share) in ForecastMetrics.intervals.enumerated() {
        #expect(abs((result.total.coverage(index) ?? 0) - share) < 0.04, "\(result.name) \(share)")
      }
    }
  }

  @Test func verdictsAreHonest() throws {
    let values = (0..<200).map { Double($0 % 5) }
    let set = try set(values, seasonality: 5)
    let test = try Backtest(of: set, parts: SeriesSplit(test: .steps(50)).parts(of: set), horizon: 1)
    let results = try test.run(test.baselines(lags: 5) + [Watcher { _ in }])
    #expect(results.map(\.name) == ["naive", "seasonal naive", "linear", "watcher"])
    #expect(results[1].total.mae == 0 && results[2].total.mae < 1e-3)
    #expect(results[1].comparisons(with: [results[0]])[0].isBetter)
    #expect("\(results[1].comparisons(with: [results[0]])[0])" == "is better than naive: mean absolute error 100.0% less, root mean square 100.0% less")
    #expect(results[3].comparisons(with: Array(results[..<2])).allSatisfy { !$0.isBetter && "\($0)".hasPrefix("does not beat") })
    #expect(results[0].comparisons(with: [results[0]]).allSatisfy { !$0.isBetter }, "as good is not better")
    #expect(results[3].total.coverage(0) == nil, "a single number has no interval")
  }

  /// A billion on top of every value changes no figure that is a difference.
  @Test func digitsOfLargeValuesAreKept() throws {
    let values = (1...60).map { Double($0 % 7) }
    func figures(_ offset: Double) throws -> [ForecastMetrics] {
      let set = try set(values.map { $0 + offset })
      let test = try Backtest(of: set, parts: SeriesSplit(test: .steps(20)).parts(of: set), horizon: 1)
      return try test.run(test.baselines(lags: 4)).map(\.total)
    }
    let plain = try figures(0), large = try figures(1_000_000_000)
    #expect(large[0].mae == plain[0].mae && large[0].mae > 1 && large[0].rmse == plain[0].rmse)
    for (a, b) in zip(plain, large) {
      for (x, y) in [(a.mae, b.mae), (a.scaledMSE, b.scaledMSE), (a.mase ?? .nan, b.mase ?? .nan), (a.rse ?? .nan, b.rse ?? .nan)] {
        #expect(abs(x - y) <= 1e-5 * x, "\(x), \(y)")
      }
    }
  }

  @Test func quantilesOfPaths() {
    let forecast = Forecast(paths: (0...100).map { [Double($0), Double(-$0)] }, levels: [0.1, 0.5, 0.9])
    #expect(forecast.quantiles == [10, 50, 90, -90, -50, -10] && forecast.points == [50, -50])
    #expect(abs(forecast.quantile(0, 0.3) - 30) < 1e-12 && forecast.quantile(0, 0.01) == 10 && forecast.quantile(1, 0.99) == -10)
  }
}

extension Double {
  fileprivate func power(_ count: Int) -> Double { (0..<count).reduce(1) { product, _ in product * self } }
}

/// What the rules reach on public data: the lines that every network is measured beside.
@Suite(.enabled(if: PublicData.isThere, "RNN_DATA does not name a folder with public data"))
struct PublicBaselineTests {
  private func results(
    _ files: [String], _ options: SeriesReadingOptions = .init(), split: String, horizon: Int = 1, lags: Int = 1, log: Bool = false,
    only: [String] = ["naive", "seasonal naive", "linear"]
  ) throws -> [String: Backtest.Result] {
    let set = try SeriesSet(reading: files.map { try #require(PublicData.path($0), "\($0) is not there") }, options: options)
    let test = try Backtest(of: set, parts: SeriesSplit(text: split).parts(of: set), horizon: horizon)
    let baselines = test.baselines(lags: lags, log: log).filter { only.contains($0.name) }
    return try Dictionary(uniqueKeysWithValues: test.run(baselines).map { ($0.name, $0) })
  }

  private func close(_ value: Double?, _ expected: Double, _ tolerance: Double, _ location: SourceLocation = #_sourceLocation) {
    #expect(abs((value ?? .nan) - expected) < tolerance, "\(value ?? .nan), expected \(expected)", sourceLocation: location)
  }

  @Test func m4() throws {
    let paths = try ["ts-m4/Hourly-train.csv", "ts-m4/Hourly-test.csv"].map { try #require(PublicData.path($0)) }
    let (set, added) = try SeriesSet(reading: [paths[0]], options: SeriesReadingOptions(frequency: .hour)).continued(by: SeriesSet(reading: [paths[1]]))
    #expect(set.series.count == 414)
    let parts = added.map { SeriesSplit.Parts(test: $0) }
    let test = try Backtest(of: set, parts: parts, horizon: 48)
    #expect(test.windowCount == 414)
    let results = try test.run(test.baselines(lags: 24))
    close(results[0].total.smape, 43.003, 0.0006)
    close(results[1].total.smape, 13.912, 0.0006)
    close(results[1].total.mase, 1.193, 0.0006)
  }

  @Test func oneStepAhead() throws {
    // On the clock there are two more steps: the file leaves out the last days of two leap years.
    let temperatures = try results(["ts-classic/daily-min-temperatures.csv"], SeriesReadingOptions(time: .none, targets: ["Temp"]), split: "rest/0/730", lags: 29)
    close(temperatures["naive"]?.total.rmse, 2.481, 0.0006)
    close(temperatures["linear"]?.total.rmse, 2.211, 0.0006)
    close(try results(["ts-classic/monthly-sunspots.csv"], split: "rest/0/564", lags: 24)["linear"]?.total.rmse, 18.21, 0.006)
    close(try results(["ts-classic/airline-passengers.csv"], split: "rest/0/48", lags: 12)["linear"]?.total.rmse, 20.95, 0.006)
    close(try results(["ts-classic/airline-passengers.csv"], split: "rest/0/12", lags: 13, log: true)["linear"]?.total.rmse, 18.8, 0.06)
    let seattle = try results(["ts-us-weather/seattle-weather.csv"], SeriesReadingOptions(targets: ["temp_max"]), split: "rest/0/365", lags: 14)
    close(seattle["naive"]?.total.rmse, 2.907, 0.0006)
    close(seattle["linear"]?.total.rmse, 2.707, 0.0006)
    // The tutorial's way: 0 for what is missing, a year after the first day to learn from.
    close(
      try results(["ts-beijing-pm25/pollution.csv"], SeriesReadingOptions(targets: ["pm2.5"], missing: 0), split: "8784/0/35040", only: ["naive"])["naive"]?.total.rmse,
      26.56, 0.006)
  }

  @Test func transformer() throws {
    let split = "8640/2880/2880"
    for (horizon, expected) in [(24, 0.034), (48, 0.050), (168, 0.087), (336, 0.113), (720, 0.129)] {
      close(try results(["ts-ett/ETTh1.csv"], SeriesReadingOptions(targets: ["OT"]), split: split, horizon: horizon, only: ["naive"])["naive"]?.total.scaledMSE, expected, 0.0006)
    }
    for (horizon, expected) in [(24, 0.424), (96, 0.512), (336, 0.650), (720, 0.655)] {
      close(
        try results(["ts-ett/ETTh1.csv"], SeriesReadingOptions(targets: ["all"]), split: split, horizon: horizon, only: ["seasonal naive"])["seasonal naive"]?.total.scaledMSE,
        expected, 0.0006)
    }
  }

  @Test func exchangeRates() throws {
    let set = try SeriesSet(reading: [#require(PublicData.path("ts-exchange/exchange_rate.txt"))], options: SeriesReadingOptions(targets: ["all"]))
    let part = try SeriesSplit(text: "60%/20%/20%").parts(of: set)[0]
    for (horizon, expected) in [(3, 0.0171), (6, 0.0238), (12, 0.0329), (24, 0.0434)] {
      // Only the last step of each forecast counts, and those steps are the whole test part.
      let test = try Backtest(of: set, parts: [SeriesSplit.Parts(test: part.test.lowerBound - horizon + 1..<part.test.upperBound)], horizon: horizon)
      close(try test.run([test.baselines(lags: 1)[0]])[0].steps.last?.rse, expected, 0.00006)
    }
  }
}

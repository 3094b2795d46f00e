import Foundation
import RNNData
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct ShortSeriesTests {
  /// A level that wanders, a season of twelve steps, and noise.
  private static func wandering(_ length: Int, seed: UInt64 = 5) -> [Double] {
    var random = Philox(seed: seed), level = 50.0
    return (0..<length).map { (step: Int) -> Double in
      level += 0.3 + 0.6 * random.normal()
      let angle = Double(step) * Double.pi / 6, season = 10 * sin(angle) + 4 * cos(3 * angle)
      return level + season + 0.8 * random.normal()
    }
  }

  private static func set(_ values: [Double], seasonality: Int? = nil) throws -> SeriesSet {
    try SeriesSet(targets: ["y"], seasonality: seasonality, series: [try TimeSeries("s", targets: [values])])
  }

  private static func trained(_ set: SeriesSet, _ options: ForecastTrainingOptions = .init(training: .init(budget: .epochs(2)))) throws -> ForecastTrainer {
    var trainer = try ForecastTrainer(set, options: options)
    try trainer.train()
    return trainer
  }

  // MARK: The season

  private static func repeated(_ pattern: [Double], _ count: Int, slope: Double = 0) -> [Double] {
    (0..<count).map { step -> Double in pattern[step % pattern.count] + slope * Double(step) }
  }

  private static func season(_ values: [Double], in range: Range<Int>? = nil) throws -> Int? {
    try set(values).season(in: [range ?? 0..<values.count])
  }

  @Test func theSeasonIsFound() throws {
    let week: [Double] = [5, 1, 2, 7, 3, 8, 1]
    var random = Philox(seed: 3)
    var walk: [Double] = [0], noise: [Double] = []
    for step in 0..<200 {
      noise.append(random.normal())
      walk.append(walk[step] + random.normal())
    }
    let hours: [Double] = (0..<90).map { (step: Int) -> Double in sin(Double(step) * Double.pi / 12) + 0.1 * noise[step] }
    var gaps = Self.repeated([5, 1, 2, 7, 3, 8], 60)
    for step in stride(from: 13, to: 60, by: 5) { gaps[step] = .nan }
    #expect(try Self.season(Self.wandering(80)) == 12)
    #expect(try Self.season(hours) == 24)
    #expect(try Self.season(Self.repeated(week, 60)) == 7)
    #expect(try Self.season(Self.repeated(week + [4, 4], 60, slope: 1)) == 9)
    #expect(try Self.season(gaps) == 6)
    #expect(try Self.season(walk) == nil)
    #expect(try Self.season(Self.repeated([0], 50, slope: 1)) == nil)
    #expect(try Self.season([1, 2, 1]) == nil)
    // Only what may be looked at counts.
    let late = Self.repeated([0], 60, slope: 1) + Self.repeated(week, 90)
    #expect(try Self.season(late, in: 0..<60) == nil)
    #expect(try Self.season(late, in: 60..<150) == 7)
  }

  // MARK: The rule

  private static func says(_ rule: ShortSeriesRule, _ values: [Double], _ step: Int) -> Double {
    var value = rule.constant
    for (lag, weight) in zip(rule.lags, rule.weights) { value += weight * values[step - lag] }
    return value
  }

  /// The costs are those of the normal equations: where the sum of squared errors and costs is least, its derivative is zero.
  @Test func costsAreOfEachInput() throws {
    var random = Philox(seed: 4), squares = LeastSquares(inputs: 3, outputs: 1)
    let examples: [(x: [Double], y: Double)] = (0..<20).map { _ in
      let x: [Double] = (0..<3).map { _ in random.normal() }
      return (x, random.normal())
    }
    var mean = 0.0
    for (x, y) in examples {
      squares.add(x, [y])
      for value in x { mean += value * value / 3 }
    }
    let costs: [Double] = [1, 4, 100], ridge = 0.3
    let found = try #require(squares.solution(ridge: ridge, costs: costs).first)
    var derivatives = (0..<3).map { (i: Int) -> Double in ridge * mean * costs[i] * found.weights[i] }, sum = 0.0
    for (x, y) in examples {
      var error = found.constant - y
      for i in 0..<3 { error += found.weights[i] * x[i] }
      for i in 0..<3 { derivatives[i] += error * x[i] }
      sum += error
    }
    #expect(derivatives.allSatisfy { abs($0) < 1e-9 } && abs(sum) < 1e-6)
  }

  /// A season on a straight line is known ahead, nearly: over the first seasons fewer of them are averaged.
  @Test func aSeasonOnATrendIsKnown() throws {
    let values = Self.repeated([5, 1, 2, 7, 3, 8, 1, 4, 4, 0, 6, 2], 72, slope: 0.25)
    let lags = ShortSeriesLags(length: 60, season: 12)
    #expect(lags.season == 12 && lags.seasons == 3 && lags.all == Array(1...16) + Array(24...28) + Array(36...40))
    let rule = try #require(ShortSeriesRule([.init(values: Array(values[..<60]))], lags))
    for step in 60..<72 {
      #expect(abs(Self.says(rule, values, step) - values[step]) < 0.05)
    }
    #expect(rule.deviation < 0.05)
    // Too short for the season, too short for several, and for anything.
    #expect(ShortSeriesLags(length: 30, season: 12).all == Array(1...6))
    #expect(ShortSeriesLags(length: 38, season: 12).seasons == 2)
    #expect(ShortSeriesLags(length: 200, season: 3).all == Array(1...5) + Array(6...7) + Array(8...13))
    #expect(ShortSeriesRule([.init(values: [1, 2, 3])], ShortSeriesLags(length: 3, season: 1)) == nil)
  }

  /// The rule follows a smooth series, whose small differences tell what comes next, better than a linear rule of 14 lags.
  @Test func aSmoothSeriesIsFollowed() throws {
    var own = 0.0, linear = 0.0
    for seed in 1...8 {
      var random = Philox(seed: UInt64(seed)), wave: [Double] = [0, 0]
      for step in 2..<200 { wave.append(1.9 * wave[step - 1] - 0.95 * wave[step - 2] + random.normal()) }
      let values = (0..<150).map { (step: Int) -> Double in
        let angle = Double(step) * Double.pi / 12
        return wave[50 + step] + 20 * sin(angle) + 10 * cos(2 * angle)
      }
      let set = try Self.set(values, seasonality: 24), floor = Baseline.linear(set, fitting: [0..<100], horizon: 1, lags: 14)
      let rule = try #require(ShortSeriesRule([.init(values: Array(values[..<100]))], ShortSeriesLags(length: 100, season: 24)))
      for step in 100..<150 {
        own += pow(Self.says(rule, values, step) - values[step], 2)
        let window = ForecastWindow(series: 0, target: 0, origin: step)
        linear += pow(try floor.forecasts(of: set, [window], horizon: 1)[0].points[0] - values[step], 2)
      }
    }
    #expect(own < linear, "\(own / linear)")
  }

  /// The linear layer computes the rule.
  @Test func theModelBeginsAsTheRule() throws {
    let values = Self.wandering(90), trainer = try ForecastTrainer(try Self.set(values, seasonality: 12))
    var model = trainer.initial
    let channels = [ShortSeriesRule.Channel(values: values[..<81].map { model.scaler.others[0].scaled($0) })]
    let rule = try #require(ShortSeriesRule(channels, ShortSeriesLags(length: 81, season: 12)))
    let weight = try #require(model.weights["output.weight"])
    model.weights["output.weight"] = weight.scaled(by: 0)
    let scaling = model.scaler.others[0]
    for origin in [60, 81, 90] {
      let window = ForecastWindow(series: 0, target: 0, origin: origin)
      let said = try model.forecasts(of: try Self.set(values, seasonality: 12), [window], horizon: 1)[0].points[0]
      let expected = Self.says(rule, values.map(scaling.scaled), origin)
      #expect(abs(said - scaling.unscaled(expected)) < 1e-3 * scaling.scale)
    }
  }

  // MARK: Choices

  @Test func whatIsChosenIsSaid() throws {
    let growing = Self.wandering(100).map { exp($0 / 20) }
    let trainer = try ForecastTrainer(try Self.set(growing)), settings = trainer.loop.run.settings
    #expect(trainer.initial.scaler.isLog && trainer.initial.variables.seasonality == 12)
    #expect(settings["--log"] == "true" && settings["--seasonality"] == "12")
    #expect(trainer.choices.count == 2 && trainer.choices[0].contains("12 steps") && trainer.choices[1].contains("logarithms"))
    guard case .recurrent(let lags) = trainer.initial.architecture.kind else { Issue.record("it is direct"); return }
    #expect([1, 12, 13, 24, 36].allSatisfy(lags.contains))

    // Said otherwise, not there, or not better.
    #expect(try !ForecastTrainer(try Self.set(growing), options: .init(log: false)).initial.scaler.isLog)
    #expect(try ForecastTrainer(try Self.set(growing), options: .init(findsSeason: false)).initial.variables.seasonality == 1)
    #expect(try !ForecastTrainer(try Self.set(Self.wandering(100).map { $0 - 50 })).initial.scaler.isLog)
    #expect(try !ForecastTrainer(try Self.set(Self.wandering(100).map { $0 + 500 })).initial.scaler.isLog)
  }

  /// Long series, several steps ahead, other variables and lags of one's own: all as if this weren't there.
  @Test func othersAreNotShort() throws {
    let long = try ForecastTrainer(try Self.set(Self.wandering(1200)))
    #expect(long.initial.variables.seasonality == 1 && long.choices.isEmpty && long.loop.run.settings["--seasonality"] == nil)
    #expect(long.initial.architecture.context == 24 && long.initial.architecture.calendar)
    for options: ForecastTrainingOptions in [.init(horizon: 3), .init(lags: [1, 2]), .init(scaling: .instance), .init(autoregression: false)] {
      #expect(try ForecastTrainer(try Self.set(Self.wandering(100)), options: options).choices.isEmpty)
    }
    #expect(try ForecastTrainer(try SampleSeries.set(past: 1, length: 100)).loop.run.settings["--seasonality"] == nil)
  }

  // MARK: The model

  /// The defaults are better than each of the three rules beside which every model is measured.
  @Test(arguments: [5, 6]) func defaultsBeatTheFloors(_ seed: UInt64) throws {
    let values = Self.wandering(120, seed: seed), set = try Self.set(values, seasonality: 12)
    let model = try Self.trained(try Self.set(Array(values[..<80]))).model
    let windows = (80..<120).map { (origin: Int) -> ForecastWindow in ForecastWindow(series: 0, target: 0, origin: origin) }
    func error(_ forecasts: [Forecast]) -> Double {
      var squares = 0.0
      for (window, forecast) in zip(windows, forecasts) { squares += pow(forecast.points[0] - values[window.origin], 2) }
      return (squares / 40).squareRoot()
    }
    #expect(model.variables.seasonality == 12)
    let own = error(try model.forecasts(of: try Self.set(values), windows, horizon: 1))
    for floor in [
      Baseline.naive(set, fitting: [0..<80], horizon: 1), .seasonalNaive(set, fitting: [0..<80], horizon: 1),
      .linear(set, fitting: [0..<80], horizon: 1, lags: 13), .linear(set, fitting: [0..<80], horizon: 1, lags: 24),
    ] {
      let other = error(try floor.forecasts(of: set, windows, horizon: 1))
      #expect(own < other, "\(own), \(floor.name) \(other)")
    }
  }

  /// The linear function stays while the layers learn, and the written model has one that has seen the validation part.
  @Test func theValidationPartIsLearntFromInTheEnd() throws {
    let values = Self.wandering(90)
    var trainer = try ForecastTrainer(try Self.set(values, seasonality: 12), options: .init(training: .init(budget: .epochs(2))))
    let name = "autoregression.weight", before = trainer.initial.weights[name]
    var during: Tensor?
    try trainer.train { trainer, event in if case .measured = event { during = trainer.model.weights[name] } }
    #expect(before != nil && during == before)
    #expect(trainer.model.weights[name] != before)
    // Nine values don't tell what the recurrent layers are worth.
    #expect(trainer.finishedNotes["linear function"]?.contains(" 0%") == true)
    #expect(trainer.model.weights["output.weight"]?.values.allSatisfy { $0 == 0 } == true)
  }

  /// The recurrent layers count for values that don't follow linearly.
  @Test func theRecurrentLayersCountWhereTheyHelp() throws {
    var values = [0.3, 0.4]
    for step in 2..<600 { values.append(1 - 1.4 * values[step - 1] * values[step - 1] + 0.3 * values[step - 2]) }
    let trainer = try Self.trained(
      try Self.set(values, seasonality: 1), .init(findsSeason: false, training: .init(budget: .epochs(20), learningRate: 1e-2)))
    #expect(trainer.finishedNotes["linear function"]?.contains("100%") == true, "\(trainer.finishedNotes)")
  }
}

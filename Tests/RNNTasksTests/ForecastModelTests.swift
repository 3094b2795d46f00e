import Foundation
import RNNTestSupport
import Testing

/// Series in which the next steps follow from those before, and a little chance.
enum SampleSeries {
  static func set(
    series count: Int = 1, targets: Int = 1, past: Int = 0, known: Int = 0, length: Int = 240, seasonality: Int = 12, noise: Double = 0.05,
    missing: [Int] = [], seed: UInt64 = 1, frequency: Frequency = .hour
  ) throws -> SeriesSet {
    var random = Philox(seed: seed)
    func wave(_ phase: Double, _ size: Double) -> [Double] {
      (0..<length).map { step in
        missing.contains(step) ? .nan : size * (3 + sin(2 * .pi * (Double(step) / Double(seasonality) + phase)) + noise * random.normal())
      }
    }
    return try SeriesSet(
      targets: (0..<targets).map { "y\($0)" }, past: (0..<past).map { "p\($0)" }, known: (0..<known).map { "k\($0)" }, frequency: frequency,
      seasonality: seasonality,
      series: (0..<count).map { one in
        try TimeSeries(
          "s\(one)", axis: TimeAxis(start: CivilTime(day: 17_000), frequency: frequency),
          targets: (0..<targets).map { wave(Double($0) / 7, Double(one + 1) * 10) }, past: (0..<past).map { _ in wave(0.3, 1) },
          known: (0..<known).map { _ in wave(0.6, 2) })
      })
  }

  static func architecture(_ kind: ForecastModel.Kind, head: ForecastHead = .studentT, cell: Cell = .gru) -> ForecastModel.Architecture {
    ForecastModel.Architecture(
      kind: kind, cell: cell, hidden: 7, layers: 2, context: 10, horizon: 6, head: head, vector: 3, autoregression: true, calendar: true,
      masks: true, dropout: 0.2)
  }

  static let kinds: [ForecastModel.Kind] = [.direct(segment: 4), .recurrent(lags: [1, 2, 12])]

  static func model(_ kind: ForecastModel.Kind, _ set: SeriesSet, head: ForecastHead = .studentT, scaling: Scaler.Kind = .standard) throws -> ForecastModel {
    try ForecastModel(
      architecture(kind, head: head), variables: .init(set, tellsSeriesApart: true),
      scaler: try Scaler(scaling, fitting: set, training: set.series.map { 0..<$0.length }))
  }
}

@Suite struct ForecastModelTests {
  // MARK: Networks

  /// The examples of the linear function don't depend on the length of the context.
  @Test(arguments: [2, 40, 65_536]) func linearExamples(context: Int) throws {
    let values = (0..<30).map { [11, 12, 13, 19].contains($0) ? Double.nan : Double($0 * $0 % 17) }
    let set = try SeriesSet(targets: ["y"], frequency: .step, series: [try TimeSeries("s", targets: [values])])
    let model = try ForecastModel(
      ForecastModel.Architecture(kind: .recurrent(lags: [1, 3]), hidden: 4, context: context, horizon: 3, head: .absolute, autoregression: true),
      variables: .init(set, tellsSeriesApart: false), scaler: Scaler(.none, fitting: set, training: [0..<30]))
    let reader = try model.reader(of: set)
    for origin in [1, 9, 12, 14, 20, 27] {
      var found: [[Float]] = [], expected: [[Float]] = []
      model.network.linearExamples(reader, [ForecastWindow(series: 0, target: 0, origin: origin)]) { found.append($0 + $1) }
      for step in origin..<origin + 3 where !values[step].isNaN {
        func number(_ step: Int) -> Float { step < 0 || values[step].isNaN ? 0 : Float(values[step]) }
        let last = values[..<step].last { !$0.isNaN } ?? 0
        expected.append([number(step - 1), number(step - 3), values[step - 1].isNaN ? 1 : 0, Float(values[step] - last)])
      }
      #expect(found == expected, "\(origin)")
    }
  }

  /// SegRNN's network in PyTorch.
  @Test func directAsPyTorch() throws {
    let fixture = try Fixture("direct_forecast")
    let x = try fixture.tensor("x")
    let channels = try fixture.integers("channels").map { Int($0) }
    // Each row is a series of its own, its channel one of three targets.
    let set = try SeriesSet(
      targets: ["a", "b", "c"],
      series: channels.indices.map { row in
        let values = x.values[row * 12..<(row + 1) * 12].map { Double($0) }
        return try TimeSeries("\(row)", targets: (0..<3).map { $0 == channels[row] ? values : values.map { _ in 1000 } })
      })
    var model = try ForecastModel(
      .init(kind: .direct(segment: 4), hidden: 6, context: 12, horizon: 8, head: .absolute, vector: 3),
      variables: .init(set, tellsSeriesApart: false), scaler: try Scaler(.none, fitting: set, training: []))
    var file = Weights()
    for name in fixture.names { file[name] = try fixture.tensor(name) }
    let own = try model.stack.ownWeights(fromFile: file)
    for name in model.weights.names { model.weights[name] = own[name] ?? file[name] }
    let forecasts = try model.forecasts(
      of: set, channels.indices.map { ForecastWindow(series: $0, target: channels[$0], origin: 12) }, horizon: 8)
    #expect(try fixture.error(forecasts.flatMap { $0.quantiles.map { Float($0) } }, "y") < 1e-6)
    #expect(forecasts.allSatisfy { $0.levels == [0.5] })
  }

  /// The whole way from weights to the loss, against differences.
  @Test(arguments: SampleSeries.kinds) func gradientsAgreeWithDifferences(_ kind: ForecastModel.Kind) throws {
    let set = try SampleSeries.set(series: 2, targets: 2, past: 1, known: 1, length: 40, missing: [11, 20])
    var model = try SampleSeries.model(kind, set, head: .quantiles([0.1, 0.5, 0.9]))
    if let bias = model.weights["embedding.bias"], let weight = model.weights["embedding.weight"] {
      // Away from the kinks of ReLU.
      model.weights["embedding.bias"] = Tensor((0..<bias.count).map { $0 % 2 == 0 ? 2 : -2 }, shape: bias.shape)
      model.weights["embedding.weight"] = weight.scaled(by: 0.25)
    }
    let reader = try model.reader(of: set)
    let windows = [ForecastWindow(series: 0, target: 1, origin: 19), .init(series: 1, target: 0, origin: 8)]
    let names = model.weights.names
    let key = DropoutKey(seed: 3, step: 2)
    let check = GradientCheck(model.weights.tensors, h: 0x1p-7) { variables in
      var weights = TapedWeights(constant: model.weights)
      for (name, variable) in zip(names, variables) { weights = weights.replacing(name, with: variable) }
      return [model.network.numbersAndTargets(reader, windows, horizonOnly: false, weights, key: key).numbers]
    }
    #expect(check.count == model.parameterCount)
    #expect(check.worst < 1e-3, "\(check)")
  }

  @Test(arguments: SampleSeries.kinds) func everythingIsLearnt(_ kind: ForecastModel.Kind) throws {
    let set = try SampleSeries.set(series: 2, targets: 2, past: 1, known: 1, length: 60)
    let model = try SampleSeries.model(kind, set)
    let reader = try model.reader(of: set)
    let windows = (20..<40).flatMap { origin in (0..<2).flatMap { s in (0..<2).map { ForecastWindow(series: s, target: $0, origin: origin) } } }
    let (_, gradient) = valueAndGradient(of: model.weights) { weights in
      let (numbers, targets) = model.network.numbersAndTargets(reader, windows, horizonOnly: false, weights, key: nil)
      return model.architecture.head.loss(numbers, targets).mean
    }
    for name in model.weights.names {
      #expect(gradient[name]?.values.contains { $0 != 0 } == true, "\(name)")
    }
  }

  // MARK: Use

  @Test(arguments: SampleSeries.kinds, [Scaler.Kind.standard, .instance, .mean]) func verifies(_ kind: ForecastModel.Kind, _ scaling: Scaler.Kind) throws {
    let set = try SampleSeries.set(series: 2, targets: 2, past: 1, known: 1)
    let model = try SampleSeries.model(kind, set, scaling: scaling)
    let checks = try model.verify().flatMap(\.checks)
    #expect(checks.map(\.name).suffix(3) == ["saved = loaded", "batch = alone", "any future = any other"])
    for check in checks { #expect(check.passed, "\(check)") }
  }

  /// Courses drawn one step at a time agree with what the numbers of the first step say.
  @Test func pathsAgreeWithQuantiles() throws {
    let set = try SampleSeries.set(length: 60)
    var model = try SampleSeries.model(.recurrent(lags: [1, 2]), set)
    model.paths = 4000
    model.keepsPaths = true
    let window = ForecastWindow(series: 0, target: 0, origin: 50)
    let one = try model.forecasts(of: set, [window], horizon: 1)[0], many = try model.forecasts(of: set, [window], horizon: 3)[0]
    #expect(many.paths.count == 4000 && many.paths.allSatisfy { $0.count == 3 } && one.paths.isEmpty)
    let spread = one.quantile(0, 0.9) - one.quantile(0, 0.1)
    for level in [0.1, 0.25, 0.5, 0.75, 0.9] {
      #expect(abs(one.quantile(0, level) - many.quantile(0, level)) < 0.06 * spread, "\(level)")
    }
    #expect(Set(many.paths.map { $0[2] }).count > 3900)
    var told: [[Int]] = []
    let again = try model.forecasts(of: set, [window], horizon: 3) { told.append([$0, $1]) }[0]
    #expect(again == many && told == [[1, 3], [2, 3], [3, 3], [3, 3]])
    model.seed = 2
    let other = try model.forecasts(of: set, [window], horizon: 3)[0]
    #expect(other != many)
  }

  @Test func whatCannotBePredictedIsSaid() throws {
    let set = try SampleSeries.set(known: 1, length: 60)
    let direct = try SampleSeries.model(.direct(segment: 4), set), recurrent = try SampleSeries.model(.recurrent(lags: [1]), set)
    let window = ForecastWindow(series: 0, target: 0, origin: 54)
    let forecasts = try recurrent.forecasts(of: set, [window], horizon: 6)
    #expect(forecasts[0].horizon == 6)
    func message(_ body: () throws -> Void) -> String {
      do { try body() } catch { return "\(error)" }
      return "nothing"
    }
    #expect(message { _ = try direct.forecasts(of: set, [window], horizon: 7) }.contains("predicts 6 steps at once, not 7"))
    #expect(message { _ = try recurrent.forecasts(of: set, [window], horizon: 7) }.contains("k0 must be known up to 2016-07-20T12:00:00"))
    let other = try SampleSeries.set(known: 2)
    #expect(message { _ = try direct.forecasts(of: other, [window], horizon: 1) }.contains("found the known variables k0, k1; the model expects k0"))
    let daily = try SampleSeries.set(known: 1, frequency: .day)
    #expect(message { _ = try direct.forecasts(of: daily, [window], horizon: 1) }.contains("the model expects one every"))
  }

  /// A window that begins before the series, and one among missing values.
  @Test(arguments: SampleSeries.kinds) func missingValues(_ kind: ForecastModel.Kind) throws {
    let set = try SampleSeries.set(length: 60, missing: Array(20..<30))
    let model = try SampleSeries.model(kind, set)
    for origin in [0, 1, 5, 25, 30, 60] {
      let forecast = try model.forecasts(of: set, [ForecastWindow(series: 0, target: 0, origin: origin)], horizon: 6)[0]
      #expect(forecast.quantiles.allSatisfy { $0.isFinite }, "\(origin)")
      #expect(forecast.horizon == 6)
    }
  }

  @Test func modelsThatCannotBe() throws {
    let set = try SampleSeries.set()
    func make(_ change: (inout ForecastModel.Architecture) -> Void, _ kind: ForecastModel.Kind = .direct(segment: 4)) throws {
      var a = SampleSeries.architecture(kind)
      change(&a)
      _ = try ForecastModel(a, variables: .init(set, tellsSeriesApart: false), scaler: try Scaler(.none, fitting: set, training: []))
    }
    try make { _ in }
    #expect(throws: RNNError.self) { try make { $0.hidden = 0 } }
    #expect(throws: RNNError.self) { try make { $0.horizon = 0 } }
    #expect(throws: RNNError.self) { try make { $0.vector = 7 } }
    #expect(throws: RNNError.self) { try make { $0.head = .quantiles([0.1, 0.9]) } }
    #expect(throws: RNNError.self) { try make { $0.dropout = 1 } }
    #expect(throws: RNNError.self) { try make({ _ in }, .direct(segment: 11)) }
    #expect(throws: RNNError.self) { try make({ _ in }, .direct(segment: 0)) }
    for lags in [[], [0], [1, 1]] { #expect(throws: RNNError.self) { try make({ _ in }, .recurrent(lags: lags)) } }
  }

  /// A model of values with a billion on top forecasts as one of the values themselves.
  @Test(arguments: SampleSeries.kinds) func largeValuesKeepTheirDigits(_ kind: ForecastModel.Kind) throws {
    let set = try SampleSeries.set(length: 60)
    var large = set
    large.series[0].targets[0] = set.series[0].targets[0].map { $0 + 1_000_000_000 }
    let models = try [set, large].map { try SampleSeries.model(kind, $0) }
    let windows = (40..<54).map { ForecastWindow(series: 0, target: 0, origin: $0) }
    let plain = try models[0].forecasts(of: set, windows, horizon: 6), other = try models[1].forecasts(of: large, windows, horizon: 6)
    for (a, b) in zip(plain, other) {
      for (x, y) in zip(a.quantiles, b.quantiles) { #expect(abs(y - 1_000_000_000 - x) < 1e-4 * abs(x), "\(x), \(y)") }
    }
  }

  /// Scalings in files of before have the digits of `Float`.
  @Test func scalersOfEarlierFilesOpen() throws {
    let text = #"{"channels":{"s0":[{"centre":29.98765,"isLog":false,"scale":7.1234565}]},"isLog":false,"kind":"standard","known":[],"others":[{"centre":1e+08,"isLog":false,"scale":0.1}],"past":[]}"#
    let scaler = try JSONDecoder().decode(Scaler.self, from: Data(text.utf8))
    #expect(scaler.channels["s0"]?[0] == Scaling(centre: 29.98765, scale: 7.1234565) && scaler.others == [Scaling(centre: 1e8, scale: 0.1)])
  }

  // MARK: Parts

  @Test func leastSquares() {
    var random = Philox(seed: 4)
    var squares = LeastSquares(inputs: 3, outputs: 2)
    for _ in 0..<50 {
      let x = (0..<3).map { _ in random.normal() }
      squares.add(x, [2 * x[0] - x[1] + 4, 0.5 * x[2] - 1])
    }
    let solution = squares.solution(ridge: 1e-12)
    let expected: [([Double], Double)] = [([2, -1, 0], 4), ([0, 0, 0.5], -1)]
    for (found, expected) in zip(solution, expected) {
      for (a, b) in zip(found.weights + [found.constant], expected.0 + [expected.1]) { #expect(abs(a - b) < 1e-6) }
    }
    // Inputs that say the same, or nothing, have an answer too.
    var same = LeastSquares(inputs: 3, outputs: 1)
    for i in 0..<9 { same.add([Double(i), Double(i), 0], [Double(4 * i)]) }
    let one = same.solution(ridge: 1e-9)[0]
    #expect(abs(one.weights[0] - 2) < 1e-4 && abs(one.weights[1] - 2) < 1e-4 && one.weights[2] == 0)
  }

  @Test func windowsByNumber() {
    let list = WindowList(targets: 2, origins: [3..<6, 0..<0, 10..<12])
    let all = (0..<list.count).map { list[$0] }
    #expect(all.count == 10 && Set(all).count == 10)
    #expect(all.allSatisfy { $0.series != 1 && ($0.series == 0 ? (3..<6) : (10..<12)).contains($0.origin) })
    var random = Philox(seed: 1)
    #expect(list.draw(10, using: &random) == Array(0..<10))
    let some = list.draw(4, using: &random)
    #expect(some.count == 4 && Set(some).count == 4)
    #expect((0..<40).reduce(into: Set<Int>()) { set, _ in set.formUnion(list.draw(4, using: &random)) }.count == 10)
    let wide = WindowList(targets: 1, origins: [0..<10], stride: 4)
    #expect((0..<wide.count).map { wide[$0].origin } == [0, 4, 8])
  }
}

@Suite struct ForecastTrainerTests {
  static func options(_ kind: ForecastTrainingOptions.Kind, head: ForecastHead = .quantiles(Forecast.defaultLevels), epochs: Int = 2) -> ForecastTrainingOptions {
    ForecastTrainingOptions(
      horizon: 4, context: 12, kind: kind, head: head, hidden: 8, windows: 64, training: TrainingOptions(budget: .epochs(epochs), batch: 16))
  }

  /// What no linear function of the last values finds: the level of a step follows from a product of earlier ones.
  @Test(arguments: ForecastTrainingOptions.Kind.allCases) func learnsBeyondTheLinearFunction(_ kind: ForecastTrainingOptions.Kind) throws {
    var random = Philox(seed: 9)
    var values: [Double] = (0..<2).map { _ in random.uniform() }
    // The Hénon map.
    for step in 2..<1200 { values.append(1 - 1.4 * values[step - 1] * values[step - 1] + 0.3 * values[step - 2]) }
    let set = try SeriesSet(targets: ["x"], series: [try TimeSeries("henon", targets: [values])])
    var options = ForecastTrainingOptions(
      horizon: 1, context: 8, kind: kind, segment: kind == .direct ? 1 : nil, lags: kind == .direct ? nil : [1, 2], head: .squared, hidden: 24,
      dropout: 0, split: SeriesSplit(validation: .steps(200), test: .steps(200)), windows: 2000,
      training: TrainingOptions(budget: .epochs(1), batch: 32, learningRate: 1e-9, averaging: 0))
    func error(_ options: ForecastTrainingOptions) throws -> Double {
      var trainer = try ForecastTrainer(set, options: options)
      try trainer.train()
      let windows = (1000..<1200).map { ForecastWindow(series: 0, target: 0, origin: $0) }
      let forecasts = try trainer.model.forecasts(of: set, windows, horizon: 1)
      return zip(windows, forecasts).reduce(0) { $0 + Double(pow($1.1.points[0] - values[$1.0.origin], 2)) } / 200
    }
    let linear = try error(options)
    options.training.learningRate = 5e-3
    options.training.budget = .epochs(15)
    let trained = try error(options)
    #expect(trained < 0.1 * linear, "\(trained), linear \(linear)")
  }

  @Test(arguments: ForecastTrainingOptions.Kind.allCases) func savedModelsAreTheSame(_ kind: ForecastTrainingOptions.Kind) throws {
    let set = try SampleSeries.set(series: 3, targets: 2, past: 1, known: 1)
    var trainer = try ForecastTrainer(set, sources: ["a.csv"], options: Self.options(kind))
    try trainer.train()
    let model = trainer.model
    let loaded = try ForecastModel(try Safetensors(bytes: model.file().bytes()), source: "memory")
    #expect(loaded.weights == model.weights && loaded.architecture == model.architecture && loaded.variables == model.variables && loaded.scaler == model.scaler)
    #expect(loaded.trained != nil && loaded.trained == model.trained)
    let checks = try trainer.model.verify().flatMap(\.checks)
    #expect(checks.allSatisfy { $0.passed })
    #expect(trainer.finishedNotes["trained on"] == "a.csv")
    #expect(trainer.loop.state.best?.validation.isFinite == true)
  }

  /// Interrupted at any step and resumed, training ends with the same bits.
  @Test(arguments: ForecastTrainingOptions.Kind.allCases) func resumesToTheSameBits(_ kind: ForecastTrainingOptions.Kind) throws {
    let set = try SampleSeries.set(series: 2, missing: [30, 31])
    var whole = try ForecastTrainer(set, options: Self.options(kind))
    try whole.train()
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "m.safetensors").path
    var steps = 0
    var first = try ForecastTrainer(set, options: Self.options(kind))
    try first.train(to: path, shouldStop: { steps += 1; return steps > 3 })
    var second = try ForecastTrainer(set, options: Self.options(kind))
    try second.train(to: path, start: .resume)
    #expect(second.model.weights == whole.model.weights)
    #expect(second.loop.state.step == whole.loop.state.step)
    var again = try ForecastTrainer(set, options: Self.options(kind))
    guard case .wasFinished = try again.train(to: path, start: .resume) else { Issue.record("it was finished"); return }
  }

  /// Nothing of the validation and test parts reaches the scaler or the first weights.
  @Test func onlyTheTrainingPartIsSeen() throws {
    let set = try SampleSeries.set()
    var changed = set
    for step in 200..<240 { changed.series[0].targets[0][step] *= -7 }
    var options = Self.options(.recurrent)
    options.split = SeriesSplit(validation: .steps(20), test: .steps(20))
    let a = try ForecastTrainer(set, options: options), b = try ForecastTrainer(changed, options: options)
    #expect(a.model.weights == b.model.weights && a.model.scaler == b.model.scaler)
    #expect(a.loop.run.settings != b.loop.run.settings)
  }

  /// Without a validation part the last weights are kept.
  @Test func trainsOnAll() throws {
    let set = try SampleSeries.set()
    var options = Self.options(.recurrent)
    options.split = SeriesSplit(validation: .steps(0))
    options.training.averaging = 0
    var trainer = try ForecastTrainer(set, options: options)
    let first = trainer.model.weights
    try trainer.train()
    #expect(!trainer.loop.task.isMeasured && trainer.division.contains("none for validation"))
    #expect(trainer.model.weights == trainer.loop.weights && trainer.model.weights != first)
    #expect(trainer.finishedNotes["validation"] == nil)
    options.training.patience = 2
    #expect(throws: RNNError.self) { _ = try ForecastTrainer(set, options: options) }
  }

  @Test func badDataIsSaid() throws {
    func message(_ options: ForecastTrainingOptions, length: Int = 240) -> String {
      do { _ = try ForecastTrainer(try SampleSeries.set(length: length), options: options) } catch { return "\(error)" }
      return "nothing"
    }
    #expect(message(.init(horizon: 0)).contains("horizon is 0, expected a whole number from 1 to 65536"))
    #expect(message(.init(horizon: 10), length: 12).contains("too few"))
    #expect(message(.init(horizon: 30, split: SeriesSplit(validation: .steps(20)))).contains("no series has 30 steps to choose"))
    #expect(message(.init(horizon: 2, kind: .direct, lags: [1])).contains("lags are for a recurrent model"))
    #expect(message(.init(horizon: 2, kind: .recurrent, segment: 2)).contains("segments are for a direct model"))
    #expect(message(.init(horizon: 2, split: SeriesSplit(validation: .steps(0)))) == "nothing")
    #expect(message(.init(horizon: 2, training: .init(batch: 0))).contains("batch is 0, expected a whole number from 1"))
  }

  /// A constant series, and one shorter than the context.
  @Test(arguments: ForecastTrainingOptions.Kind.allCases) func seriesOutOfTheOrdinary(_ kind: ForecastTrainingOptions.Kind) throws {
    let set = try SeriesSet(
      targets: ["x"],
      series: [
        try TimeSeries("constant", targets: [[Double](repeating: 5, count: 60)]), try TimeSeries("short", targets: [(0..<9).map { Double($0 % 3) }]),
        try TimeSeries("empty", targets: [[Double](repeating: .nan, count: 40)]),
      ])
    var options = Self.options(kind, head: .gaussian, epochs: 1)
    options.split = SeriesSplit(validation: .steps(4))
    var trainer = try ForecastTrainer(set, options: options)
    try trainer.train()
    let forecasts = try trainer.model.forecasts(of: set, (0..<3).map { ForecastWindow(series: $0, target: 0, origin: 9) }, horizon: 4)
    #expect(forecasts.allSatisfy { $0.quantiles.allSatisfy { $0.isFinite } })
    #expect(abs(forecasts[0].points[0] - 5) < 1)
  }
}

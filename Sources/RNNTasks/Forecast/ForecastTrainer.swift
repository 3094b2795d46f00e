public import RNNData
public import RNNTensor
public import RNNTraining

/// Trains a model of series from beginning to end: takes the last steps for validation, brings all to one size by the training
/// part alone, chooses sizes, trains, keeps the best weights, writes checkpoints and goes on from them, and writes the model.
///
/// ```swift
/// let weather = try SeriesSet(reading: ["weather.csv"])
/// var trainer = try ForecastTrainer(weather, options: ForecastTrainingOptions(horizon: 7))
/// try trainer.train(to: "model.safetensors")
/// ```
public struct ForecastTrainer: Trainer {
  public let options: ForecastTrainingOptions
  public let initial: ForecastModel
  public var loop: TrainingLoop<ForecastTraining>
  /// How the steps were divided, in words.
  public let division: String
  /// What should be known of the division.
  public let warnings: [String]
  public let readsStandardInput: Bool
  public let origin: TrainingOrigin?
  private let trainedOn: String
  private let trainedSteps: String

  /// - Parameters:
  ///   - sources: the names of the files, for the model's notes.
  ///   - start: a model of the same variables, whose weights training begins with.
  /// Throws `.usage` for options that can't be, `.badData` for series too short to learn from, and of other variables than the model's.
  public init(
    _ all: SeriesSet, sources: [String] = [], from start: ForecastModel? = nil, options given: ForecastTrainingOptions = .init()
  ) throws(RNNError) {
    var options = given, origin: TrainingOrigin?
    if let start {
      options = try given.starting(from: start)
      origin = try TrainingOrigin(start, given.training)
      _ = try start.reader(of: all)
    }
    self.options = options
    try Limits.windowSteps.check(options.horizon, "horizon")
    try Limits.windowSteps.check(options.context, "context")
    let horizon = options.horizon ?? 1
    let longest = all.series.map(\.length).max() ?? 0
    let split = options.split ?? SeriesSplit(
      validation: .steps(max(horizon, Int((ForecastDefaults.validationShare * Double(longest)).rounded()))))
    let (set, parts) = try split.dividing(all)
    warnings =
      Array(set.warnings.dropFirst(all.warnings.count))
      + ((options.context ?? 0) > longest
        ? ["a context of \(options.context ?? 0) steps is longer than any series (\(longest) steps): what is before them takes time and tells nothing"] : [])
    let lengths = parts.map(\.training.count)
    let defaults = ForecastDefaults(
      length: lengths.max() ?? 0, steps: lengths.reduce(0, +) * set.targets.count, channels: set.channels, seasonality: set.seasonality,
      horizon: horizon, isDirect: options.kind.map { $0 == .direct }, context: options.context)
    // A context before the first step is missing: where series are long enough, no window needs one.
    let begins = lengths.map { min(defaults.context, max($0 - horizon, 0) / 2) }
    let training = WindowList(
      targets: set.targets.count,
      origins: zip(begins, lengths).map { begin, length in max(begin, 1)..<max(length - horizon + 1, max(begin, 1)) })
    guard training.count > 0 else {
      throw RNNError(.badData, "the longest series has \(lengths.max() ?? 0) steps to train on: too few to predict \(horizon)")
    }
    let measured = parts.map { $0.validation.count >= horizon ? $0.validation.lowerBound..<$0.validation.upperBound - horizon + 1 : 0..<0 }
    let hasValidation = measured.contains { !$0.isEmpty }
    guard hasValidation || split.validation == .steps(0) || split.validation == .share(0) else {
      throw RNNError(.badData, "no series has \(horizon) steps to choose the best weights by; give a larger part, or none (as in rest/0/0)")
    }
    try options.training.check(isMeasured: hasValidation, "steps to measure on; give a part for validation")
    let places = measured.reduce(0) { $0 + $1.count } * set.targets.count
    let validation = WindowList(targets: set.targets.count, origins: measured, stride: max(1, places / Self.mostMeasured(defaults.isDirect)))

    let masks = zip(set.series, parts).contains { series, parts in series.targets.contains { $0[parts.training].contains(where: \.isNaN) } }
      || zip(begins, lengths).contains { $0 < defaults.context && $1 > 0 }
    let scaler = try Scaler(options.scaling ?? .standard, log: options.log ?? false, fitting: set, training: parts.map(\.training))
    let tellsApart = options.tellsSeriesApart ?? (set.series.count > 1 && set.series.count <= Self.mostVectors)
    var defaultsForVectors = defaults
    if !tellsApart, set.targets.count == 1 { defaultsForVectors.vector = 0 }
    let settings = options.settings(defaults)
    var model = try ForecastModel(
      layersOf: try options.architecture(defaultsForVectors, masks: start?.architecture.masks ?? masks), variables: .init(set, tellsSeriesApart: tellsApart), scaler: scaler)
    var memory = TrainingMemory(model.network.parts, settings, advice: "--context, --horizon, --lags, --hidden, --layers, --embedding or --batch")
    let rows = min(options.training.batch ?? defaults.batch, options.windows ?? defaults.windows, training.count)
    memory.add("the windows of a batch", bytes: Double(rows) * model.network.bytesOfAWindow)
    memory.add(model.stack, steps: Double(rows) * Double(model.network.stepsOfAWindow))
    if let linear = model.network.autoregression { memory.add("finding the linear function", bytes: LeastSquares.bytes(inputs: linear.inputs)) }
    try memory.check()
    try model.draw(seed: options.training.seed, options.initialization)
    let reader = try model.reader(of: set)
    if let start {
      model.start(from: start)
      origin?.note(model, startedFrom: start)
    } else {
      model.startLinear(reader, training, seed: options.training.seed)
    }
    self.origin = origin
    model.trained = TrainedSpan(set, seen: parts.map { 0..<$0.validation.upperBound })
    initial = model
    let task = try ForecastTraining(
      model, reader, training: training, validation: validation, rows: options.training.batch ?? defaults.batch,
      windows: options.windows ?? defaults.windows, seed: options.training.seed, data: ["set of series": Self.fingerprint(set), "--split": split])
    loop = try TrainingLoop(
      task: task, weights: model.weights, settings: settings, begunWith: options.initialization.settings + (origin?.settings ?? [:]),
      stepsBetweenMeasurements: task.stepsPerEpoch)
    let channels = set.channels
    division = "\(channels) \(channels == 1 ? "channel" : "channels"), \(training.count) windows of \(defaults.context) + \(horizon) steps for training, \(hasValidation ? "\(validation.count)" : "none") for validation; split \(split)"
    readsStandardInput = sources.contains("-")
    trainedOn = sources.joined(separator: ", ")
    trainedSteps = zip(set.series, parts).prefix(Self.mostNoted).map { series, parts in
      "\(set.series.count > 1 ? series.name + ": " : "")\(series.axis.label(of: 0)) to \(series.axis.label(of: parts.training.upperBound - 1))"
    }.joined(separator: "; ") + (set.series.count > Self.mostNoted ? "; and \(set.series.count - Self.mostNoted) more series" : "")
  }

  /// Series with vectors of their own where nobody says anything, and series in the notes, at most.
  private static let mostVectors = 2000, mostNoted = 3

  private static func mostMeasured(_ isDirect: Bool) -> Int { isDirect ? 20_000 : 4_000 }

  private static func fingerprint(_ set: SeriesSet) -> Fingerprint {
    var result = Fingerprint()
    for series in set.series {
      for values in series.targets + series.past + series.known {
        values.withUnsafeBytes { result.add($0.assumingMemoryBound(to: UInt8.self)) }
      }
    }
    return result
  }

  public var finishedNotes: [String: String] {
    var notes = ["division": division, "training part": trainedSteps]
    if !trainedOn.isEmpty { notes["trained on"] = trainedOn }
    if loop.task.isMeasured, let best = loop.state.best {
      notes["validation"] = "loss \(HumanFormat.fixed(best.validation, 5)) (\(model.architecture.head.name), scaled values), after step \(best.step)"
    }
    return notes
  }
}

extension ForecastModel {
  /// Begins the linear function of the inputs at the least squared errors, and the head with the deviation that is left: training
  /// starts from a linear autoregression.
  mutating func startLinear(_ reader: WindowReader, _ windows: WindowList, seed: UInt64) {
    guard let layer = network.autoregression else { return }
    var random = Philox(seed: seed, stream: 0x6C69_6E65_6172)
    // A recurrent model has an example in each step of a window.
    let perWindow = layer.outputs == architecture.horizon ? 1 : architecture.horizon
    // Of many inputs it would take longer than training; then it begins as it is drawn.
    guard LeastSquares.operations(inputs: layer.inputs, outputs: layer.outputs, examples: ForecastDefaults.linearExamples) < 1e12 else { return }
    let chosen = windows.draw(max(ForecastDefaults.linearExamples / perWindow, 1), using: &random)
    func forEachExample(_ body: ([Float], [Float]) -> Void) {
      for start in stride(from: 0, to: chosen.count, by: 256) {
        network.linearExamples(reader, chosen[start..<min(start + 256, chosen.count)].map { windows[$0] }, body)
      }
    }
    var squares = LeastSquares(inputs: layer.inputs, outputs: layer.outputs)
    forEachExample { squares.add($0.map(Double.init), $1.map(Double.init)) }
    guard squares.count > 0 else { return }
    let solution = squares.solution(ridge: ForecastDefaults.ridge)
    let matrix = Tensor(solution.flatMap { $0.weights.map { Float($0) } }, shape: [layer.outputs, layer.inputs])
    let constants = Tensor(solution.map { Float($0.constant) }, shape: [layer.outputs])
    weights[layer.weightName] = matrix
    weights[layer.biasName] = constants

    var errors = 0.0, count = 0
    forEachExample { inputs, outputs in
      let found = linear(Variable(Tensor(inputs, shape: [1, layer.inputs])), Variable(matrix), Variable(constants)).value.values
      for (a, b) in zip(found, outputs) { (errors, count) = (errors + Double(a - b) * Double(a - b), count + 1) }
    }
    let start = architecture.head.numbers(deviation: (errors / Double(max(count, 1))).squareRoot())
    for (name, isBias) in [("output.weight", false), ("output.bias", true)] {
      guard let own = weights[name] else { continue }
      let drawn = own.scaled(by: 0.1).values
      weights[name] = Tensor(isBias ? drawn.indices.map { drawn[$0] + start[$0 % start.count] } : drawn, shape: own.shape)
    }
  }
}

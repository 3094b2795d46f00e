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
  /// Choices that the values of a short series led to, in words.
  public let choices: [String]
  /// True if a series has a test part, which neither training nor the choice of the best weights uses.
  public let hasTestPart: Bool
  public let readsStandardInput: Bool
  public let origin: TrainingOrigin?
  private let trainedOn: String
  private let trainedSteps: String
  /// Of a short series: its linear function, from the training part and from all that may be seen.
  private var short: (before: ShortSeriesRule, after: ShortSeriesRule)?
  private var keptShare: Double?

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
    if given.calendar == true, CalendarFeatures(all.frequency).count == 0 {
      throw RNNError(.usage, "the clock tells nothing as an input (--calendar): a step every \(all.frequency) has no part of an hour, a day, a week or a year")
    }
    let horizon = options.horizon ?? 1
    let mayBeShort =
      start == nil && options.lags == nil && (options.scaling ?? .standard) == .standard && options.autoregression != false && all.past.isEmpty
      && all.known.isEmpty
    let longest = all.series.map(\.length).max() ?? 0
    let split = options.split ?? SeriesSplit(
      validation: .steps(max(horizon, Int((ForecastDefaults.validationShare * Double(longest)).rounded()))))
    var (set, parts) = try split.dividing(all)
    warnings =
      Array(set.warnings.dropFirst(all.warnings.count))
      + ((options.context ?? 0) > longest
        ? ["a context of \(options.context ?? 0) steps is longer than any series (\(longest) steps): what is before them takes time and tells nothing"] : [])
    let lengths = parts.map(\.training.count), steps = lengths.reduce(0, +) * set.targets.count, isDirect = options.kind.map { $0 == .direct }
    var choices: [String] = []
    if mayBeShort, ForecastDefaults.isShort(steps: steps, horizon: horizon, isDirect: isDirect), options.findsSeason, set.seasonality == 1,
      let season = set.season(in: parts.map(\.training)) {
      set.seasonality = season
      set.reading?.seasonality = season
      choices.append("a season of \(season) steps, found in the values")
    }
    let defaults = ForecastDefaults(
      length: lengths.max() ?? 0, steps: steps, channels: set.channels, seasonality: set.seasonality, horizon: horizon, isDirect: isDirect,
      context: options.context, mayBeShort: mayBeShort)
    // A context before the first step is missing: where series are long enough, no window needs one.
    let begins = lengths.map { length in
      guard let last = defaults.short?.all.last else { return min(defaults.context, max(length - horizon, 0) / 2) }
      return min(last + defaults.context / 2, max(length - horizon, 0) * 9 / 10)
    }
    let training = WindowList(
      targets: set.targets.count,
      origins: zip(begins, lengths).map { begin, length in max(begin, 1)..<max(length - horizon + 1, max(begin, 1)) })
    guard training.count > 0 else {
      throw RNNError(.badData, "the longest series has \(lengths.max() ?? 0) steps to train on: too few to predict \(horizon)")
    }
    let measured = parts.map { $0.validation.count >= horizon ? $0.validation.lowerBound..<$0.validation.upperBound - horizon + 1 : 0..<0 }
    hasTestPart = parts.contains { !$0.test.isEmpty }
    let hasValidation = measured.contains { !$0.isEmpty }
    guard hasValidation || split.validation == .steps(0) || split.validation == .share(0) else {
      throw RNNError(.badData, "no series has \(horizon) steps to choose the best weights by; give a larger part, or none (as in rest/0/0)")
    }
    try options.training.check(isMeasured: hasValidation, "steps to measure on; give a part for validation")
    let places = measured.reduce(0) { $0 + $1.count } * set.targets.count
    let validation = WindowList(targets: set.targets.count, origins: measured, stride: max(1, places / Self.mostMeasured(defaults.isDirect)))

    let masks = zip(set.series, parts).contains { series, parts in series.targets.contains { $0[parts.training].contains(where: \.isNaN) } }
      || zip(begins, lengths).contains { $0 < defaults.context && $1 > 0 }
    let tellsApart = options.tellsSeriesApart ?? (set.series.count > 1 && set.series.count <= Self.mostVectors)
    var defaultsForVectors = defaults
    if !tellsApart, set.targets.count == 1 { defaultsForVectors.vector = 0 }
    let settings = options.settings(defaults)
    let architecture = try options.architecture(defaultsForVectors, masks: start?.architecture.masks ?? masks)
    let variables = ForecastModel.Variables(set, tellsSeriesApart: tellsApart)
    let seen = zip(lengths, parts).map { 0..<max($0, $1.validation.upperBound) }
    func fitted(log: Bool) throws(RNNError) -> (model: ForecastModel, rule: ShortSeriesRule?) {
      let scaler = try Scaler(options.scaling ?? .standard, log: log, fitting: set, training: parts.map(\.training))
      let model = try ForecastModel(layersOf: architecture, variables: variables, scaler: scaler)
      return (model, defaults.short.flatMap { ShortSeriesRule(model.channels(of: set, parts.map(\.training)), $0) })
    }
    var (model, rule) = try fitted(log: options.log ?? false)
    if options.log == nil, let plain = rule, set.isAboveZero(in: seen), case (let logarithmic, let other?) = try fitted(log: true),
      other.score + ForecastDefaults.logGain < plain.score {
      (model, rule) = (logarithmic, other)
      choices.append("logarithms, which fit better")
    }
    var memory = TrainingMemory(model.network.parts, settings, advice: "--context, --horizon, --lags, --hidden, --layers, --embedding or --batch")
    let rows = min(options.training.batch ?? defaults.batch, options.windows ?? defaults.windows, training.count)
    memory.add("the windows of a batch", bytes: Double(rows) * model.network.bytesOfAWindow)
    memory.add(model.stack, steps: Double(rows) * Double(model.network.stepsOfAWindow))
    if let linear = model.network.autoregression { memory.add("finding the linear function", bytes: LeastSquares.bytes(inputs: linear.inputs)) }
    try memory.check()
    try model.draw(seed: options.training.seed, options.initialization)
    let reader = try model.reader(of: set)
    if let start {
      try TrainingOrigin.check(options.initialization, hasAllWeights: model.start(from: start))
      origin?.note(model, startedFrom: start)
    } else if let lags = defaults.short, let rule {
      model.start(rule)
      if hasValidation, let after = ShortSeriesRule(model.channels(of: set, seen), lags) { short = (rule, after) }
    } else {
      model.startLinear(reader, training, seed: options.training.seed)
    }
    self.origin = origin
    self.choices = choices
    model.trained = TrainedSpan(set, seen: parts.map { 0..<$0.validation.upperBound })
    initial = model
    let task = try ForecastTraining(
      model, reader, training: training, validation: validation, rows: options.training.batch ?? defaults.batch,
      windows: options.windows ?? defaults.windows, seed: options.training.seed,
      fixed: rule == nil ? [] : model.network.autoregression.map { [$0.weightName, $0.biasName] } ?? [],
      data: ["set of series": Self.fingerprint(set), "--split": split, "--seasonality": rule == nil ? nil : set.seasonality])
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

  /// Of a short series, the validation part has two uses before the model is written. It says how much of what the recurrent layers
  /// add to the linear function is kept: nothing, unless it makes the errors smaller by more than twice the standard error. And the
  /// linear function is found again from that part too.
  public mutating func finish() throws(RNNError) {
    guard let short else { return }
    var model = initial
    model.weights = loop.best
    // A run that went on from a finished model has the later function.
    model.set(short.before)
    let trained = model
    func moved(from rule: ShortSeriesRule, _ share: Double) -> Weights {
      var model = trained
      model.moveHead(from: rule.deviation, share: share)
      return model.weights
    }
    let alone = loop.task.absoluteErrors(moved(from: short.before, 0))
    var best = (share: 0.0, gain: 0.0)
    // The weights are the best of many on these values: fewer don't tell a gain from chance.
    for share in alone.count >= ForecastDefaults.leastMeasured ? ForecastDefaults.headShares : [] {
      let gains = zip(alone, loop.task.absoluteErrors(moved(from: short.before, share))).map { $0 - $1 }
      let mean = gains.reduce(0, +) / Double(gains.count), squares = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let error = (squares / Double(gains.count - 1) / Double(gains.count)).squareRoot()
      if mean > best.gain, mean > 2 * error { best = (share, mean) }
    }
    keptShare = best.share
    model.weights = moved(from: short.after, best.share)
    model.set(short.after)
    loop.keep(model.weights)
  }

  public var finishedNotes: [String: String] {
    var notes = ["division": division, "training part": trainedSteps]
    if !choices.isEmpty { notes["chosen"] = choices.joined(separator: "; ") }
    if let keptShare {
      notes["linear function"] = "found again from the validation part too; the recurrent layers add \(HumanFormat.fixed(100 * keptShare, 0))% of what they learnt"
    }
    if !trainedOn.isEmpty { notes["trained on"] = trainedOn }
    if loop.task.isMeasured, let best = loop.state.best {
      notes["validation"] = "loss \(HumanFormat.fixed(best.validation, 5)) (\(model.architecture.head.name), scaled values), after step \(best.step)"
    }
    return notes
  }
}

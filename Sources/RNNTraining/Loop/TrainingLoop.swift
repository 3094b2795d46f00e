import RNNTensor

/// What a task gives to the loop: batches as losses and gradients, and a measurement.
public protocol TrainingTask {
  /// Updates in an epoch.
  var stepsPerEpoch: Int { get }
  /// What is carried from update to update besides the weights (hidden states), by name, for a resumed run to go on exactly.
  var carried: Weights { get }
  /// Takes up what was carried; throws `.badData` if it isn't this task's.
  mutating func carry(_ carried: Weights) throws
  /// What the run of this task is told from others by: it goes on only with the same.
  var settings: RunSettings { get }
  /// The loss of one update in nats per unit, its gradient, and the number of units in it.
  ///
  /// - Parameters:
  ///   - epoch, index: which batch.
  ///   - step: counts updates from 0 over the whole run, for masks.
  mutating func loss(_ weights: Weights, epoch: Int, index: Int, step: Int) throws -> (loss: Double, gradient: Weights, units: Int)
  /// Measures on the validation part. A loss that is not a number says that there is none: then the last weights are kept.
  func validate(_ weights: Weights) throws -> Validation
  /// Whether there is a validation part.
  var isMeasured: Bool { get }
  /// Names of weights that training leaves as they are.
  var fixed: [String] { get }
}

/// What most tasks do: they measure, and nothing goes from one batch to the next.
extension TrainingTask {
  public var isMeasured: Bool { true }
  public var fixed: [String] { [] }
  public var carried: Weights { Weights() }
  public mutating func carry(_ carried: Weights) throws {}
}

/// What the validation part says of some weights.
public struct Validation: Sendable, Hashable {
  /// The mean loss in nats per unit.
  public var loss: Double
  /// What is to be as high as possible (an accuracy), where that is something else than a low loss.
  public var score: Double?

  public init(loss: Double, score: Double? = nil) {
    self.loss = loss
    self.score = score
  }
}

/// The loop every task trains with: schedule, clipping, update, measurement, the best weights kept, checkpoints.
public struct TrainingLoop<Task: TrainingTask> {
  public var task: Task
  public private(set) var weights: Weights
  public private(set) var state = TrainingState()
  public let settings: TrainingSettings
  /// Measured at the end of each epoch, and within an epoch after so many updates.
  public let stepsBetweenMeasurements: Int
  /// What the first weights follow from.
  private let beginning: RunSettings
  private var optimizer: Optimizer
  /// The running average of the weights, if there is one.
  private var average: Weights?
  private var bestWeights: Weights?
  /// The seconds of work before this process.
  private var secondsBefore = 0.0
  private var began = ContinuousClock.now

  /// - Parameters:
  ///   - beginning: what the first weights follow from, for the run to be told from others.
  ///   - stepsBetweenMeasurements: measured is at the end of each epoch, and within one after so many updates.
  public init(
    task: Task, weights: Weights, settings: TrainingSettings, begunWith beginning: RunSettings = .init(), stepsBetweenMeasurements: Int = 500
  ) throws(RNNError) {
    try settings.validate()
    if case .epochs(let n) = settings.budget { try Self.check(epochs: n, of: task) }
    self.beginning = beginning
    self.task = task
    self.weights = weights
    self.settings = settings
    self.stepsBetweenMeasurements = stepsBetweenMeasurements
    optimizer = Optimizer(settings.optimizer, weightDecay: settings.weightDecay, decaysVectors: false)
    if settings.schedule == .plateau { state.plateau = Plateau(factor: 0.5, patience: 1, threshold: 1e-3, minimum: 1e-3) }
    if settings.averaging > 0 { average = weights }
  }

  /// Throws unless the updates of so many epochs can be counted.
  private static func check(epochs: Int, of task: Task, _ kind: RNNError.Kind = .usage) throws(RNNError) {
    let most = Limits.updates.range.upperBound / max(task.stepsPerEpoch, 1)
    guard epochs <= most else { throw RNNError(kind, "\(epochs) epochs of \(task.stepsPerEpoch) updates are too many: expected at most \(most)") }
  }

  /// The best weights so far by the validation part; the current ones before the first measurement.
  public var best: Weights { bestWeights ?? weights }

  /// The run: what it was begun with, and where it stands.
  public var run: TrainingRun {
    TrainingRun(settings: task.settings + beginning + settings.named, budget: settings.budget, state: state)
  }

  /// Replaces the best weights by what was made of them after training.
  public mutating func keep(_ weights: Weights) { bestWeights = weights }

  /// How often the data has been read.
  public var epochs: Double { Double(state.step) / Double(max(task.stepsPerEpoch, 1)) }

  /// How much of the budget is used, 0…1.
  public var progress: Double {
    switch settings.budget {
    case .epochs(let n): Double(state.epoch) / Double(n) + Double(state.stepInEpoch) / Double(n * max(task.stepsPerEpoch, 1))
    case .steps(let n): Double(state.step) / Double(n)
    case .time(let s): state.seconds / s
    }
  }

  /// Updates in the whole run; an estimate where time bounds it.
  private var expectedSteps: Double {
    switch settings.budget {
    case .epochs(let n): Double(n * task.stepsPerEpoch)
    case .steps(let n): Double(n)
    case .time: Double(max(state.step, 1)) / Swift.max(progress, 1e-6)
    }
  }

  /// The learning rate of the next update.
  public var learningRate: Double { scheduledRate * rise }

  /// The learning rate as the schedule has it.
  public var scheduledRate: Double {
    switch settings.schedule {
    case .constant: settings.learningRate
    case .cosine: settings.learningRate * Self.cosine.factor(progress: progressAtEndOfStep)
    case .plateau: settings.learningRate * (state.plateau?.scale ?? 1)
    case .decay:
      settings.learningRate
        * Schedule.decay(factor: settings.decay ?? 0.5, after: settings.decayAfter ?? 0).factor(progress: progressAtEndOfStep, epoch: state.epoch)
    }
  }

  private static var warmUp: Double { 0.02 }
  private static var cosine: Schedule { .cosine(warmUp: warmUp, final: 0.02) }

  /// Of an optimiser that began anew in the middle of a run: the updates in which the rate rises to that of the schedule, where
  /// that has a rise at its beginning.
  public var stepsOfRise: Int {
    guard settings.schedule == .cosine, let place = state.continuation, !place.hasMoments else { return 0 }
    return Int(max(Self.warmUp * (expectedSteps - Double(place.step)), 1))
  }

  private var rise: Double {
    let steps = stepsOfRise
    guard steps > 0, let place = state.continuation else { return 1 }
    return Swift.min(Double(state.step - place.step + 1) / Double(steps), 1)
  }

  private var progressAtEndOfStep: Double {
    switch settings.budget {
    case .epochs(let n): (Double(state.step) + 1) / Double(Swift.max(n * task.stepsPerEpoch, 1))
    case .steps(let n): (Double(state.step) + 1) / Double(n)
    case .time(let s): state.step == 0 || state.seconds == 0 ? 1e-3 : (state.seconds + state.seconds / Double(state.step)) / s
    }
  }

  /// What a caller hears of: after every update, and after every measurement.
  public enum Event: Sendable {
    case step(loss: Double, norm: Double)
    case measured(TrainingState.Measurement, isBest: Bool)
  }

  /// Trains until the budget is used or `shouldStop` says so; ends with a measurement if the run is finished.
  ///
  /// - Parameter report: called after each event; the place to write checkpoints.
  /// - Returns: whether the run is finished.
  /// Throws `.badData` if the loss is no longer a number and can't recover.
  public mutating func run(shouldStop: () -> Bool = { false }, report: (_ loop: inout Self, _ event: Event) throws -> Void) throws -> Bool {
    secondsBefore = state.seconds
    began = .now
    var skippedInARow = 0
    while !state.isFinished {
      if shouldStop() { return false }
      let rate = learningRate
      var (loss, gradient, units) = try task.loss(weights, epoch: state.epoch, index: state.stepInEpoch, step: state.step)
      for name in task.fixed { gradient[name] = gradient[name]?.scaled(by: 0) }
      let clipped = GradientClip(maximum: settings.clip)(gradient)
      if clipped.isFinite && loss.isFinite {
        // Weight decay would move them without a gradient too.
        let fixed = task.fixed.map { ($0, weights[$0]) }
        optimizer.step(&weights, gradient: gradient, learningRate: Float(rate), gradientScale: clipped.scale)
        for (name, tensor) in fixed { weights[name] = tensor }
        skippedInARow = 0
        state.lossSum += loss
        state.lossCount += 1
      } else {
        // One bad batch is left out; a run that can't find back is ended.
        state.skipped += 1
        skippedInARow += 1
        if skippedInARow == 20 { throw lossIsNoNumber("for 20 updates in a row (step \(state.step))") }
      }
      updateAverage()
      state.step += 1
      state.stepInEpoch += 1
      state.units += units
      state.seconds = secondsBefore + Self.seconds(ContinuousClock.now - began)
      let isEndOfEpoch = state.stepInEpoch >= task.stepsPerEpoch
      if isEndOfEpoch {
        state.epoch += 1
        state.stepInEpoch = 0
      }
      let isDone = switch settings.budget {
      case .epochs(let n): state.epoch >= n
      case .steps(let n): state.step >= n
      case .time(let s): state.seconds >= s
      }
      if isDone, state.skipped == state.step { throw lossIsNoNumber("in any update") }
      if isEndOfEpoch || isDone || state.stepInEpoch % stepsBetweenMeasurements == 0 {
        let isBest = try measure()
        if isDone, state.skipped > 0, task.isMeasured, state.best?.validation.isNaN ?? true {
          throw lossIsNoNumber("in \(state.skipped) of \(state.step) updates, and is none on the validation part")
        }
        state.isFinished = isDone || isStuck
        if let last = state.history.last { try report(&self, .measured(last, isBest: isBest)) }
      } else {
        try report(&self, .step(loss: loss, norm: clipped.norm))
      }
    }
    return true
  }

  private func lossIsNoNumber(_ when: String) -> RNNError {
    RNNError(.badData, "the loss was not a number \(when); try a lower --learning-rate or --clip")
  }

  /// An exponential average whose memory is a fraction of the run so far expected; the first updates weigh little.
  private mutating func updateAverage() {
    guard settings.averaging > 0, average != nil else { return }
    let memory = Swift.min(Double(state.step + 1) / 4, expectedSteps * settings.averaging)
    let keep = Float(1 - 1 / Swift.max(memory, 1))
    average?.blend(with: weights, keeping: keep)
  }

  private mutating func measure() throws -> Bool {
    let candidate = average ?? weights
    let validation = try task.validate(candidate)
    let measurement = TrainingState.Measurement(
      step: state.step, epoch: Double(state.epoch) + Double(state.stepInEpoch) / Double(Swift.max(task.stepsPerEpoch, 1)),
      seconds: state.seconds, training: state.lossCount > 0 ? state.lossSum / Double(state.lossCount) : .nan, validation: validation.loss,
      score: validation.score)
    state.lossSum = 0
    state.lossCount = 0
    state.history.append(measurement)
    _ = state.plateau?.observe(loss: validation.loss)
    let isBest = bestWeights == nil || measurement.isBetter(than: state.best)
    if isBest {
      state.best = measurement
      bestWeights = candidate
    }
    return isBest
  }

  /// Whether so many epochs have gone by without a better measurement that the run ends early.
  private var isStuck: Bool {
    guard let patience = settings.patience, let best = state.best, let last = state.history.last else { return false }
    return last.epoch - Swift.max(best.epoch, state.continuation?.epoch ?? 0) >= Double(patience)
  }

  static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }

  // MARK: Checkpoints

  /// All that a run needs to go on to the same bits.
  public func checkpoint() throws -> TrainingCheckpoint {
    var checkpoint = try TrainingCheckpoint(run, optimizerSteps: optimizer.steps)
    checkpoint.add("weights", weights)
    if let bestWeights { checkpoint.add("best", bestWeights) }
    if let average { checkpoint.add("average", average) }
    checkpoint.add("carried", task.carried)
    for (name, moment) in optimizer.moments { checkpoint.add("moment.\(name)", moment) }
    return checkpoint
  }

  /// Goes on from a checkpoint: to the same bits with the same budget, and with another as ``TrainingState/continuation`` says.
  ///
  /// Throws `.badData` if it is damaged, and `.usage` if it is of a run with other settings, saying which, or if the budget is used
  /// up by what was done before.
  public mutating func restore(_ checkpoint: TrainingCheckpoint) throws {
    if let differences = run.settings.differences(from: checkpoint.run.settings) {
      throw RNNError(.usage, "the checkpoint was made \(differences); give the same, or --fresh to begin anew, or --from and another -o to train it otherwise")
    }
    let weights = checkpoint.group("weights")
    try weights.validate(like: self.weights)
    let state = checkpoint.run.state
    try checkPlace(state)
    // The order of the weights is that of the model, whatever the file's is.
    func ordered(_ found: Weights) -> Weights { Weights(self.weights.names.compactMap { name in found[name].map { (name, $0) } }) }
    var moments: [String: Weights] = [:]
    for name in optimizer.moments.keys { moments[name] = ordered(checkpoint.group("moment.\(name)")) }
    try optimizer.restore(steps: checkpoint.optimizerSteps, moments: moments, for: weights)
    let best = checkpoint.group("best"), average = checkpoint.group("average")
    for group in [best, average] where group.count > 0 { try group.validate(like: self.weights) }
    guard (self.average == nil) == (average.count == 0) else { throw RNNError(.badData, "the checkpoint's average of the weights is missing") }
    for group in [weights, best, average] {
      for (name, tensor) in zip(group.names, group.tensors) where !tensor.isFinite {
        throw RNNError(.badData, "the checkpoint's \(name) holds numbers that are not finite")
      }
    }
    self.weights = ordered(weights)
    bestWeights = best.count == 0 ? nil : ordered(best)
    if self.average != nil { self.average = ordered(average) }
    try task.carry(checkpoint.group("carried"))
    self.state = state
    if checkpoint.run.budget != settings.budget { try goOn(hasMoments: true) }
  }

  /// Goes on from the best weights of a finished run with another budget. The optimiser begins anew.
  ///
  /// - Parameter run: the finished run, as its model has it.
  /// Throws as ``restore(_:)``.
  public mutating func restore(_ best: Weights, of run: TrainingRun) throws {
    if let differences = self.run.settings.differences(from: run.settings) {
      throw RNNError(.usage, "the model was made \(differences); give the same, or --fresh to begin anew, or --from and another -o to train it otherwise")
    }
    try best.validate(like: weights)
    try checkPlace(run.state)
    weights = Weights(weights.names.compactMap { name in best[name].map { (name, $0) } })
    bestWeights = weights
    if average != nil { average = weights }
    state = run.state
    // A model has no times; that of a budget is the time that was used.
    if case .time(let seconds) = run.budget { state.seconds = seconds }
    try goOn(hasMoments: false)
  }

  private func checkPlace(_ state: TrainingState) throws(RNNError) {
    try Self.check(epochs: state.epoch, of: task, .badData)
    guard (0..<Swift.max(task.stepsPerEpoch, 1)).contains(state.stepInEpoch) else {
      throw RNNError(.badData, "its place in the data can't be: epoch \(state.epoch), update \(state.stepInEpoch)")
    }
  }

  /// Another budget from here on.
  private mutating func goOn(hasMoments: Bool) throws(RNNError) {
    let (isUsed, done) = switch settings.budget {
    case .epochs(let n): (state.epoch >= n, "\(state.epoch) epochs")
    case .steps(let n): (state.step >= n, "\(state.step) steps")
    case .time(let s): (state.seconds >= s, HumanFormat.duration(seconds: state.seconds))
    }
    guard !isUsed else {
      throw RNNError(.usage, "\(settings.budget) leaves nothing to do: \(done) of the run are done already, and a budget counts from its beginning")
    }
    state.isFinished = false
    state.continuation = .init(
      step: state.step, epoch: Double(state.epoch) + Double(state.stepInEpoch) / Double(Swift.max(task.stepsPerEpoch, 1)), hasMoments: hasMoments)
  }
}

import RNNTensor

/// How the learning rate moves over a run.
public enum ScheduleKind: String, Sendable, Hashable, Codable, CaseIterable {
  case constant, cosine, plateau, decay
}

/// Everything about a run of training that doesn't depend on the task. A run goes on after an interruption only with the
/// settings it began with; its budget may be another one.
public struct TrainingSettings: Sendable, Hashable {
  public var optimizer: Optimizer.Kind
  public var learningRate: Double
  /// The optimiser's own default if nil. Vectors (biases, gains) don't decay.
  public var weightDecay: Float?
  public var schedule: ScheduleKind
  /// Of the schedule `decay`: what the rate is multiplied by, a half if nil, in each epoch after so many.
  public var decay: Double?
  public var decayAfter: Int?
  /// The largest norm of the gradient; infinite to clip nothing.
  public var clip: Double
  public var budget: Budget
  public var seed: UInt64
  /// Keep an average of the weights over about this fraction of the run, and validate it; 0 for none.
  public var averaging: Double
  /// End the run after so many epochs without a better measurement; nil for never.
  public var patience: Int?

  public init(
    optimizer: Optimizer.Kind = .adamW(), learningRate: Double = 3e-3, weightDecay: Float? = nil, schedule: ScheduleKind = .cosine,
    decay: Double? = nil, decayAfter: Int? = nil, clip: Double = 1, budget: Budget, seed: UInt64 = 1, averaging: Double = 0,
    patience: Int? = nil
  ) {
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.schedule = schedule
    self.decay = decay
    self.decayAfter = decayAfter
    self.clip = clip
    self.budget = budget
    self.seed = seed
    self.averaging = averaging
    self.patience = patience
  }

  /// The settings by their options, without the budget.
  var named: RunSettings {
    var settings: RunSettings = [
      "--optimizer": optimizer, "--learning-rate": learningRate, "--weight-decay": weightDecay, "--schedule": schedule.rawValue,
      "--decay": schedule == .decay ? decay ?? 0.5 : nil, "--decay-after": decayAfter, "--clip": clip, "--averaging": averaging,
      "--patience": patience, "--seed": seed,
    ]
    switch optimizer {
    case .sgd(let momentum, _), .rmsProp(_, _, let momentum): settings["--momentum"] = "\(momentum)"
    case .adam, .adamW: break
    }
    return settings
  }

  /// Throws `.usage` saying what is out of range.
  public func validate() throws(RNNError) {
    try optimizer.check()
    try Limits.learningRate.check(learningRate, "the learning rate")
    try Limits.clip.check(clip, "the largest gradient norm")
    try Limits.weightDecay.check(weightDecay.map(Double.init), "weight decay")
    if schedule == .decay {
      guard let decayAfter else { throw RNNError(.usage, "the schedule decay needs the number of epochs after which it begins (--decay-after)") }
      try Limits.optionalEpochs.check(decayAfter, "the number of epochs before the decay")
      try Limits.decay.check(decay, "the factor of decay")
    } else if decay != nil || decayAfter != nil {
      throw RNNError(.usage, "a factor of decay, or its beginning, is for the schedule decay, not for \(schedule.rawValue)")
    }
    try Limits.rate.check(averaging, "the part of the run to average over")
    try Limits.epochs.check(patience, "the number of epochs to wait for something better")
    try budget.check()
  }
}

/// Where a run stands.
public struct TrainingState: Sendable, Hashable, Codable {
  /// Updates of the weights so far.
  public var step = 0
  public var epoch = 0
  /// Updates within the epoch.
  public var stepInEpoch = 0
  /// Seconds of work so far.
  public var seconds = 0.0
  /// Units (tokens, rows, frames) seen so far.
  public var units = 0
  public var plateau: Plateau?
  public var best: Measurement?
  public var history: [Measurement] = []
  /// Updates left out because the gradient was not finite.
  public var skipped = 0
  /// The sum and count of the training loss since the last measurement.
  var lossSum = 0.0
  var lossCount = 0
  public var isFinished = false
  /// Where the run went on with another budget than it had before, if it did.
  public var continuation: Continuation?

  /// At the beginning.
  public init() {}

  /// The place at which a run went on with another budget.
  public struct Continuation: Sendable, Hashable, Codable {
    public var step: Int
    public var epoch: Double
    /// Whether the optimiser's moments were there; else it began anew.
    public var hasMoments: Bool

    init(step: Int, epoch: Double, hasMoments: Bool) { (self.step, self.epoch, self.hasMoments) = (step, epoch, hasMoments) }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        step: try values.decode(Limits.count, forKey: .step), epoch: try values.decode(Limits.partOfEpochs, forKey: .epoch),
        hasMoments: try values.decode(Bool.self, forKey: .hasMoments))
    }
  }

  /// The state that a checkpoint has: counts that can be, so that all that is computed with them can.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    step = try values.decode(Limits.count, forKey: .step)
    epoch = try values.decode(Limits.optionalEpochs, forKey: .epoch)
    stepInEpoch = try values.decode(Limits.count, forKey: .stepInEpoch)
    seconds = try values.decode(Limits.seconds, forKey: .seconds)
    units = try values.decode(Limits.total, forKey: .units)
    plateau = try values.decodeIfPresent(Plateau.self, forKey: .plateau)
    best = try values.decodeIfPresent(Measurement.self, forKey: .best)
    history = try values.decode([Measurement].self, forKey: .history)
    skipped = try values.decode(Limits.count, forKey: .skipped)
    lossSum = try values.decode(Double.self, forKey: .lossSum)
    lossCount = try values.decode(Limits.count, forKey: .lossCount)
    isFinished = try values.decode(Bool.self, forKey: .isFinished)
    continuation = try values.decodeIfPresent(Continuation.self, forKey: .continuation)
  }

  /// The losses at one point of a run, in nats per unit.
  public struct Measurement: Sendable, Hashable, Codable {
    public var step: Int
    public var epoch: Double
    public var seconds: Double
    /// The mean over the updates since the measurement before.
    public var training: Double
    /// Not a number where there is no validation part.
    public var validation: Double
    /// What is to be high, if not only the loss counts.
    public var score: Double?

    init(step: Int, epoch: Double, seconds: Double, training: Double, validation: Double, score: Double?) {
      (self.step, self.epoch, self.seconds) = (step, epoch, seconds)
      (self.training, self.validation, self.score) = (training, validation, score)
    }

    public init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        step: try values.decode(Limits.count, forKey: .step), epoch: try values.decode(Limits.partOfEpochs, forKey: .epoch),
        seconds: try values.decode(Limits.seconds, forKey: .seconds), training: try values.decode(Double.self, forKey: .training),
        validation: try values.decode(Double.self, forKey: .validation), score: try values.decodeIfPresent(Double.self, forKey: .score))
    }

    /// Whether these weights are to be kept rather than those of another measurement: a higher score, or an equal one, or none,
    /// with a lower loss.
    func isBetter(than other: Measurement?) -> Bool {
      guard let other, !other.validation.isNaN else { return true }
      if let score, let best = other.score, score != best { return score > best }
      return validation < other.validation
    }
  }
}

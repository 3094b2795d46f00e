import RNNTensor

/// How long a run lasts.
public enum Budget: Sendable, Hashable, Codable {
  case epochs(Int)
  case steps(Int)
  /// Seconds of work, those before an interruption included.
  case time(Double)
}

/// How the learning rate moves over a run.
public enum ScheduleKind: String, Sendable, Hashable, Codable, CaseIterable {
  case constant, cosine, plateau, decay
}

/// Everything about a run of training that doesn't depend on the task. A run goes on after an interruption only with the
/// settings it began with.
public struct TrainingSettings: Sendable, Hashable, Codable {
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

  /// Throws `.usage` saying what is out of range.
  public func validate() throws(RNNError) {
    func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(RNNError) {
      if !condition { throw RNNError(.usage, message()) }
    }
    try require(learningRate > 0 && learningRate.isFinite, "the learning rate must be positive, not \(learningRate)")
    try require(clip > 0, "the largest gradient norm must be positive, not \(clip)")
    try require((weightDecay ?? 0) >= 0 && (weightDecay ?? 0).isFinite, "weight decay can't be \(weightDecay ?? 0)")
    if schedule == .decay {
      guard let decayAfter else { throw RNNError(.usage, "the schedule decay needs the number of epochs after which it begins (--decay-after)") }
      try require(decayAfter >= 0, "decay can't begin after \(decayAfter) epochs")
      let factor = decay ?? 0.5
      try require(factor > 0 && factor <= 1, "the factor of decay must be above 0 and at most 1, not \(factor)")
    } else {
      try require(decay == nil && decayAfter == nil, "a factor of decay, or its beginning, is for the schedule decay, not for \(schedule.rawValue)")
    }
    try require((0..<1).contains(averaging), "the fraction to average over must be in 0 ..< 1, not \(averaging)")
    try require(patience ?? 1 > 0, "the epochs to wait for something better must be positive, not \(patience ?? 0)")
    switch budget {
    case .epochs(let n): try require(n > 0, "the number of epochs must be positive, not \(n)")
    case .steps(let n): try require(n > 0, "the number of steps must be positive, not \(n)")
    case .time(let s): try require(s > 0 && s.isFinite, "the time must be positive, not \(s) s")
    }
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

    /// Whether these weights are to be kept rather than those of another measurement: a higher score, or an equal one, or none,
    /// with a lower loss.
    func isBetter(than other: Measurement?) -> Bool {
      guard let other, !other.validation.isNaN else { return true }
      if let score, let best = other.score, score != best { return score > best }
      return validation < other.validation
    }
  }
}

public import RNNLayers
import RNNTensor
public import RNNTraining

/// How weights are trained, the same for every task. What is nil a task chooses by its data.
///
/// ```swift
/// let short = TrainingOptions(budget: .epochs(3), learningRate: 1e-3, seed: 7)
/// ```
public struct TrainingOptions: Sendable {
  public var budget: Budget?
  /// Rows of a batch.
  public var batch: Int?
  public var optimizer: Optimizer.Kind
  /// The highest learning rate.
  public var learningRate: Double?
  /// Biases don't decay.
  public var weightDecay: Float?
  public var schedule: ScheduleKind
  /// Of the schedule `decay`: what the rate is multiplied by in each epoch after so many.
  public var decay: Double?
  public var decayAfter: Int?
  /// The largest norm of the gradient.
  public var clip: Double
  /// Average the weights over about this part of the run; 0 for none.
  public var averaging: Double?
  /// End the run after so many epochs without a better measurement; nil for never.
  public var patience: Int?
  /// What all that is drawn at random follows from.
  public var seed: UInt64
  /// Seconds between two checkpoints; 0 for one after every step, nil for what ``CheckpointInterval`` finds. What a kill can cost
  /// is this and the longest step or measurement.
  public var checkpointInterval: Double?
  /// Whether the checkpoint stays when training is finished: then the run can go on with a larger budget as if it had never ended.
  public var keepsCheckpoint: Bool
  /// Of a model to start from: the name of its file, for notes and messages.
  public var originName: String?
  /// Of a model to start from: whether the tokens and labels of the data that it lacks are added to it.
  public var extendsOrigin: Bool

  public init(
    budget: Budget? = nil, batch: Int? = nil, optimizer: Optimizer.Kind = .adamW(), learningRate: Double? = nil,
    weightDecay: Float? = nil, schedule: ScheduleKind = .cosine, decay: Double? = nil, decayAfter: Int? = nil, clip: Double = 1,
    averaging: Double? = nil, patience: Int? = nil, seed: UInt64 = 1, checkpointInterval: Double? = nil,
    keepsCheckpoint: Bool = false, originName: String? = nil, extendsOrigin: Bool = false
  ) {
    self.budget = budget
    self.batch = batch
    self.optimizer = optimizer
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.schedule = schedule
    self.decay = decay
    self.decayAfter = decayAfter
    self.clip = clip
    self.averaging = averaging
    self.patience = patience
    self.seed = seed
    self.checkpointInterval = checkpointInterval
    self.keepsCheckpoint = keepsCheckpoint
    self.originName = originName
    self.extendsOrigin = extendsOrigin
  }

  /// The settings of a run, with what the task chooses where nothing is said.
  ///
  /// - Parameter weightDecay: for the rule that was made for it (AdamW); others have none of their own.
  func settings(learningRate: Double, weightDecay: Float, epochs: Int, averaging: Double) -> TrainingSettings {
    var ownDecay: Float = 0
    if case .adamW = optimizer { ownDecay = weightDecay }
    return TrainingSettings(
      optimizer: optimizer, learningRate: self.learningRate ?? learningRate, weightDecay: self.weightDecay ?? ownDecay,
      schedule: schedule, decay: decay, decayAfter: decayAfter, clip: clip, budget: budget ?? .epochs(epochs), seed: seed,
      averaging: self.averaging ?? averaging, patience: patience)
  }

  /// Throws `.usage` where something waits for better measurements and there is nothing to measure on.
  ///
  /// - Parameter remedy: what to measure on, and how to have it.
  func check(isMeasured: Bool, _ remedy: String) throws(RNNError) {
    if !isMeasured, patience != nil || schedule == .plateau {
      throw RNNError(.usage, "patience and the schedule plateau need \(remedy)")
    }
  }
}

/// How a task's model is trained: what the task has of its own, and what is the same for all.
public protocol TaskTrainingOptions: Sendable {
  var initialization: RecurrentStack.Initialization { get }
  var training: TrainingOptions { get }
}

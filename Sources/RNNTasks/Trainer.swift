import Foundation
import RNNTensor
public import RNNTraining

/// How a run begins.
public enum TrainingStart: Sendable, Hashable {
  /// As a new one; refused where the checkpoint of an unfinished one lies.
  case new
  /// Where the checkpoint leaves off; as a new one if there is none.
  case resume
  /// As a new one, whatever lies there.
  case fresh
}

/// What a caller hears of.
public enum TrainingEvent: Sendable {
  /// The run begins: at step 0, or where the checkpoint left off. `wasAsked` is whether it was to be resumed.
  case began(step: Int, wasAsked: Bool)
  case step(loss: Double)
  case measured(TrainingState.Measurement, isBest: Bool)
}

/// How a run ended.
public enum TrainingOutcome: Sendable {
  /// The budget is used and the model is written.
  case finished
  /// The file holds the finished model of this very run already.
  case wasFinished
  /// Stopped on the way; the path is that of the checkpoint, if one was written.
  case stopped(checkpoint: String?)
}

/// Trains a task's model from beginning to end: keeps the best weights, writes checkpoints and goes on from them, and writes the
/// finished model. A task says what its model, its data and its notes are; all else is here.
public protocol Trainer {
  associatedtype Model: TaskModel
  associatedtype Options: TaskTrainingOptions
  associatedtype Task: TrainingTask

  var options: Options { get }
  /// The model before training.
  var initial: Model { get }
  var loop: TrainingLoop<Task> { get set }
  /// What is left to do when the best weights are known.
  mutating func finish() throws(RNNError)
  /// What the finished model says of itself, beyond what all say.
  var finishedNotes: [String: String] { get }
  /// Whether standard input is among the data: then nobody can read it again to resume.
  var readsStandardInput: Bool { get }
  /// What is doubtful in the data, for people.
  var warnings: [String] { get }
}

extension Trainer {
  /// The model with the best weights so far.
  public var model: Model {
    var model = initial
    model.weights = loop.best
    return model
  }

  /// What a run that exists already is told apart by.
  public var identity: String {
    let settings = (try? ModelFile.encoded(loop.settings)) ?? ""
    return "\(loop.task.settings) \(options.initialization.settings) settings:\(settings)"
  }

  public mutating func finish() throws(RNNError) {}

  public var warnings: [String] { [] }

  /// Where a model's checkpoint lies: beside the model, whatever links lead there.
  public static func checkpointPath(_ output: String) -> String { ((try? Files.resolved(output)) ?? output) + ".checkpoint" }

  /// Updates from one measurement to the next: an epoch, or an equal part of one of about so many where that is long, as the best
  /// weights may lie within it.
  static func stepsBetweenMeasurements(perEpoch: Int, about steps: Int) -> Int {
    let parts = max(perEpoch / steps, 1)
    return perEpoch <= 2 * steps ? perEpoch : (perEpoch + parts - 1) / parts
  }

  /// Trains until the budget is used.
  ///
  /// ```swift
  /// try trainer.train(to: output) { trainer, event in print(event) }
  /// ```
  ///
  /// The parameters are those of ``train(to:start:shouldStop:report:)``.
  @discardableResult
  public mutating func train(
    to output: String? = nil, start: TrainingStart = .new, report: (_ trainer: Self, _ event: TrainingEvent) throws -> Void = { _, _ in }
  ) throws -> TrainingOutcome {
    try train(to: output, start: start, shouldStop: { false }, report: report)
  }

  /// The steps of all rows of a batch of sequences of these lengths: at least so many in one of an epoch's batches.
  static func meanSteps(_ lengths: [Int], rows: Int) -> Double {
    lengths.isEmpty ? 0 : Double(lengths.reduce(0, +)) / Double(lengths.count) * Double(min(rows, lengths.count))
  }

  /// Trains until the budget is used or `shouldStop` says so.
  ///
  /// - Parameters:
  ///   - output: where the model goes when it is complete, its checkpoint beside it; nil keeps it in memory.
  ///   - report: called after every event.
  /// Throws `.usage` where an unfinished run lies and `start` is `.new`, `.cannotCreate` where the output can't be written or
  /// another run is writing it, `.badData` where training fails or a checkpoint is damaged.
  @discardableResult
  public mutating func train(
    to output: String? = nil, start: TrainingStart = .new, shouldStop: () -> Bool,
    report: (_ trainer: Self, _ event: TrainingEvent) throws -> Void = { _, _ in }
  ) throws -> TrainingOutcome {
    guard let output else {
      try report(self, .began(step: 0, wasAsked: false))
      return try run(checkpoint: nil, shouldStop: shouldStop, report: report) ? .finished : .stopped(checkpoint: nil)
    }
    if readsStandardInput, start == .resume {
      throw RNNError(.usage, "a run that reads standard input can't be resumed: nobody can read it again; write the text to a file first")
    }
    try Files.checkWritable(output)
    // A device or a pipe keeps nothing and has nothing beside it.
    guard Files.isOrdinary(output) else {
      try report(self, .began(step: 0, wasAsked: false))
      guard try run(checkpoint: nil, shouldStop: shouldStop, report: report) else { return .stopped(checkpoint: nil) }
      try finishedModel().save(to: output)
      return .finished
    }
    let lock = try FileLock(output)
    defer { withExtendedLifetime(lock) {} }
    // Removed in the end is the file, not a link to it.
    let checkpoint = try Files.resolved(Self.checkpointPath(output))
    try Files.checkWritable(checkpoint)
    if Files.exists(checkpoint) {
      switch start {
      case .resume: try restore(checkpoint)
      case .new, .fresh:
        guard TrainingLoop<Task>.isCheckpoint(checkpoint) else {
          throw RNNError(.usage, "\(checkpoint) is not a checkpoint of training, whose place it has: move it away, or choose another -o")
        }
        if start == .new {
          throw RNNError(.usage, "\(checkpoint) is of a run that isn't finished: go on with --resume, or begin anew with --fresh")
        }
        try Files.remove(checkpoint)
      }
    } else if start == .resume, let model = try? Model(Safetensors(own: output), source: output), model.notes["run"] == identity {
      return .wasFinished
    }
    try report(self, .began(step: loop.state.step, wasAsked: start == .resume))
    let place = readsStandardInput ? nil : checkpoint
    guard try run(checkpoint: place, shouldStop: shouldStop, report: report) else {
      if let place { try save(loop, to: place) }
      return .stopped(checkpoint: place)
    }
    let model = try finishedModel()
    try sayingWhatIsSaved(in: place) { () throws(RNNError) in try model.save(to: output) }
    if let place, Files.exists(place) { try Files.remove(place) }
    return .finished
  }

  private func save(_ loop: TrainingLoop<Task>, to checkpoint: String) throws {
    let file = try loop.checkpoint()
    try sayingWhatIsSaved(in: checkpoint) { () throws(RNNError) in try file.write(to: checkpoint) }
  }

  /// Adds to the message of a write that failed where the work up to then is.
  private func sayingWhatIsSaved(in checkpoint: String?, _ write: () throws(RNNError) -> Void) throws(RNNError) {
    do throws(RNNError) {
      try write()
    } catch {
      guard let checkpoint, Files.exists(checkpoint) else { throw error }
      throw RNNError(error.kind, "\(error.message); the last checkpoint stays in \(checkpoint): the same call with --resume goes on from it")
    }
  }

  private mutating func restore(_ checkpoint: String) throws {
    do {
      try loop.restore(try Safetensors(own: checkpoint))
    } catch let error as RNNError {
      guard !error.message.hasPrefix(checkpoint) else { throw error }
      throw RNNError(error.kind, "\(checkpoint): \(error.message)")
    }
  }

  private mutating func run(
    checkpoint: String?, shouldStop: () -> Bool, report: (Self, TrainingEvent) throws -> Void
  ) throws -> Bool {
    var last = ContinuousClock.now
    var interval = CheckpointInterval(options.training.checkpointInterval)
    // The loop can't be lent out while it runs: what is shown is a copy of this value with the loop as it stands.
    let frame = self
    let isFinished = try loop.run(shouldStop: shouldStop) { loop, event in
      var shown = frame
      shown.loop = loop
      switch event {
      case .step(let loss, _): try report(shown, .step(loss: loss))
      case .measured(let measurement, let isBest): try report(shown, .measured(measurement, isBest: isBest))
      }
      if let checkpoint, !loop.state.isFinished, ContinuousClock.now - last >= .seconds(interval.seconds) {
        let began = ContinuousClock.now
        try frame.save(loop, to: checkpoint)
        last = .now
        interval.wrote(in: (last - began) / .seconds(1))
      }
    }
    if isFinished { try finish() }
    return isFinished
  }

  /// The model as it is written: with notes on what it was trained on and how it was measured.
  private func finishedModel() throws(RNNError) -> Model {
    var model = model
    guard model.weights.tensors.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
      throw RNNError(.badData, "training ended with weights that are not finite; try a lower --learning-rate or --clip")
    }
    model.notes["run"] = identity
    model.notes["training"] = "\(loop.state.step) steps, \(HumanFormat.fixed(loop.epochs, 2)) epochs, seed \(loop.settings.seed)"
    model.notes.merge(finishedNotes) { $1 }
    return model
  }
}

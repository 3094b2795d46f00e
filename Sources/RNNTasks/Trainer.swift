import Foundation
import RNNTensor
public import RNNTraining

/// How a run begins.
public enum TrainingStart: Sendable, Hashable {
  /// As a new one; refused where a checkpoint lies.
  case new
  /// Where the checkpoint, or else the finished model, leaves off; as a new one if there is neither. The budget may be another than
  /// before, all other options and the data must be the same.
  case resume
  /// As a new one, whatever lies there.
  case fresh
}

/// What a caller hears of.
public enum TrainingEvent: Sendable {
  case began(TrainingBeginning)
  case step(loss: Double)
  case measured(TrainingState.Measurement, isBest: Bool)
}

/// Where a run begins.
public enum TrainingBeginning: Sendable, Hashable {
  /// At step 0.
  case new
  /// At step 0: it was to be resumed, and there was nothing to resume.
  case nothingToResume
  /// Where its checkpoint left off.
  case resumed(step: Int)
  /// The same with another budget than before. Of a finished model only the best weights are there: the optimiser begins anew.
  case continued(step: Int, before: Budget, hasMoments: Bool)
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
  /// The trained model that training starts from; nil for random weights.
  var origin: TrainingOrigin? { get }
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

  public mutating func finish() throws(RNNError) {}

  public var warnings: [String] { [] }

  /// The note of a finished model that has its run (``TrainingRun/json``).
  static var runNote: String { "run" }

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
  /// Throws `.usage` where a checkpoint lies and `start` is `.new`, and where what is to be resumed was made with other options or
  /// data, saying which; `.cannotCreate` where the output can't be written or
  /// another run is writing it, `.badData` where training fails or a checkpoint is damaged.
  @discardableResult
  public mutating func train(
    to output: String? = nil, start: TrainingStart = .new, shouldStop: () -> Bool,
    report: (_ trainer: Self, _ event: TrainingEvent) throws -> Void = { _, _ in }
  ) throws -> TrainingOutcome {
    guard let output else {
      try report(self, .began(.new))
      return try run(checkpoint: nil, shouldStop: shouldStop, report: report) ? .finished : .stopped(checkpoint: nil)
    }
    if readsStandardInput, start == .resume {
      throw RNNError(.usage, "a run that reads standard input can't be resumed: nobody can read it again; write the text to a file first")
    }
    if readsStandardInput, options.training.keepsCheckpoint {
      throw RNNError(.usage, "a run that reads standard input has no checkpoint to keep: nobody can read it again; write the text to a file first")
    }
    try Files.checkWritable(output)
    // A device or a pipe keeps nothing and has nothing beside it.
    guard Files.isOrdinary(output) else {
      try report(self, .began(.new))
      guard try run(checkpoint: nil, shouldStop: shouldStop, report: report) else { return .stopped(checkpoint: nil) }
      try finishedModel().save(to: output)
      return .finished
    }
    let lock = try FileLock(output)
    defer { withExtendedLifetime(lock) {} }
    // Removed in the end is the file, not a link to it.
    let checkpoint = try Files.resolved(Self.checkpointPath(output))
    try Files.checkWritable(checkpoint)
    if start != .resume, Files.exists(checkpoint) {
      guard TrainingCheckpoint.isOne(beginning: checkpoint) else {
        throw RNNError(.usage, "\(checkpoint) is not a checkpoint of training, whose place it has: move it away, or choose another -o")
      }
      if start == .new {
        throw RNNError(.usage, "\(checkpoint) is there, of a run that can go on: go on with --resume, or begin anew with --fresh")
      }
      try Files.remove(checkpoint)
    }
    var beginning = TrainingBeginning.new
    if start == .resume {
      guard let found = try resume(output, checkpoint) else { return .wasFinished }
      beginning = found
    }
    try report(self, .began(beginning))
    let place = readsStandardInput ? nil : checkpoint
    guard try run(checkpoint: place, shouldStop: shouldStop, report: report) else {
      if let place { try Self.writeCheckpoint(loop, initial.frame(), to: place) }
      return .stopped(checkpoint: place)
    }
    let model = try finishedModel()
    try Self.sayingWhatIsSaved(in: place) { () throws(RNNError) in try model.save(to: output) }
    if options.training.keepsCheckpoint, let place {
      try Self.writeCheckpoint(loop, initial.frame(), to: place)
    } else if let place, Files.exists(place) {
      try Files.remove(place)
    }
    return .finished
  }

  /// Takes up where the checkpoint left off, or the finished model.
  ///
  /// - Returns: nil if the model of this very run is there.
  private mutating func resume(_ output: String, _ checkpoint: String) throws -> TrainingBeginning? {
    let opened = Result { try Model(Safetensors(own: output), source: output) }
    let model = try? opened.get(), run = model.flatMap { TrainingRun(json: $0.notes[Self.runNote] ?? "") }
    if Files.exists(checkpoint) {
      let before = try Self.naming(checkpoint) { () throws in
        let found = try TrainingCheckpoint(try Safetensors(own: checkpoint))
        try loop.restore(found)
        return found.run.budget
      }
      if loop.state.isFinished, run?.settings == loop.run.settings, run?.budget == before { return nil }
      return before == loop.settings.budget
        ? .resumed(step: loop.state.step) : .continued(step: loop.state.step, before: before, hasMoments: true)
    }
    guard let model else {
      guard Files.exists(output), case .failure(let error as RNNError) = opened else { return .nothingToResume }
      throw RNNError(.usage, "\(error.message); --resume can't go on with it: choose another -o, or --fresh to replace it")
    }
    guard let run else {
      throw RNNError(.usage, "\(output) doesn't say how it was trained, so --resume can't go on; --fresh begins anew, --from and another -o train it further")
    }
    if run.settings == loop.run.settings, run.budget == loop.settings.budget { return nil }
    try Self.naming(output) { try loop.restore(model.weights, of: run) }
    return .continued(step: loop.state.step, before: run.budget, hasMoments: false)
  }

  /// Does `body`; its errors name the file.
  private static func naming<R>(_ path: String, _ body: () throws -> R) throws -> R {
    do {
      return try body()
    } catch let error as RNNError {
      guard !error.message.hasPrefix(path) else { throw error }
      throw RNNError(error.kind, "\(path): \(error.message)")
    }
  }

  /// Writes a checkpoint from which the run goes on, and which can be used like a model.
  private static func writeCheckpoint(_ loop: TrainingLoop<Task>, _ frame: Safetensors, to path: String) throws {
    var checkpoint = try loop.checkpoint()
    checkpoint.add(model: frame)
    try sayingWhatIsSaved(in: path) { () throws(RNNError) in try checkpoint.write(to: path) }
  }

  /// Adds to the message of a write that failed where the work up to then is.
  private static func sayingWhatIsSaved(in checkpoint: String?, _ write: () throws(RNNError) -> Void) throws(RNNError) {
    do throws(RNNError) {
      try write()
    } catch {
      guard let checkpoint, Files.exists(checkpoint) else { throw error }
      throw RNNError(error.kind, "\(error.message); the last checkpoint stays in \(checkpoint): the same call with --resume goes on from it")
    }
  }

  private mutating func run(
    checkpoint: String?, shouldStop: () -> Bool, report: (Self, TrainingEvent) throws -> Void
  ) throws -> Bool {
    var last = ContinuousClock.now
    var interval = CheckpointInterval(options.training.checkpointInterval)
    // The loop can't be lent out while it runs: what is shown is a copy of this value with the loop as it stands.
    let shownBefore = self
    let frame = checkpoint == nil ? nil : try initial.frame()
    let isFinished = try loop.run(shouldStop: shouldStop) { loop, event in
      var shown = shownBefore
      shown.loop = loop
      switch event {
      case .step(let loss, _): try report(shown, .step(loss: loss))
      case .measured(let measurement, let isBest): try report(shown, .measured(measurement, isBest: isBest))
      }
      if let checkpoint, let frame, !loop.state.isFinished, ContinuousClock.now - last >= .seconds(interval.seconds) {
        let began = ContinuousClock.now
        try Self.writeCheckpoint(loop, frame, to: checkpoint)
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
    model.notes[Self.runNote] = loop.run.withoutTimes.json
    model.notes["training"] = "\(loop.state.step) steps, \(HumanFormat.fixed(loop.epochs, 2)) epochs, seed \(loop.settings.seed)"
    if let origin { model.notes["started from"] = "\(origin)" }
    model.notes.merge(finishedNotes) { $1 }
    return model
  }
}

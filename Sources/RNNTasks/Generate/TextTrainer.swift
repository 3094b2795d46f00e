import Foundation
public import RNNData
import RNNTensor
public import RNNTraining

/// Trains a model of text from beginning to end: cuts off a part for validation, chooses sizes, trains, keeps the best
/// weights, writes checkpoints and goes on from them, and writes the finished model.
///
/// ```swift
/// var trainer = try TextTrainer(TextCorpus(reading: ["corpus.txt"]), options: TextTrainingOptions())
/// let outcome = try trainer.train(to: "model.safetensors")
/// ```
public struct TextTrainer {
  public let options: TextTrainingOptions
  /// The model as it is at the beginning; ``model`` has the trained weights.
  private let initial: LanguageModel
  public private(set) var loop: TrainingLoop<TextTraining>
  /// How the text was divided, in words.
  public let division: String
  /// What one token of the validation part is on average, in characters and bytes.
  public let validationUnits: TextUnits
  /// Whether tokens are words, which are measured by their perplexity.
  public var isOfWords: Bool { options.tokens == .words }
  /// Whether standard input is among the texts: then nobody can read it again to resume.
  public let readsStandardInput: Bool
  private let trainedOn: String

  /// Reads the texts once, from end to end. Only what is small of them is in memory then (``TextCorpus``).
  ///
  /// - Parameters:
  ///   - validation: a text to measure on; by default stretches of `corpus`, which then aren't trained on.
  ///   - reading: called now and then with the number of bytes read and of all.
  /// Throws `.usage` for options that can't be, too little memory among them, `.badData` for a text that is too short or not
  /// what `tokens` expects; as for reading a file, where there is one.
  public init(
    _ corpus: TextCorpus, validation: TextCorpus? = nil, options: TextTrainingOptions = .init(),
    reading: (_ bytes: Int, _ all: Int) -> Void = { _, _ in }
  ) throws {
    self.options = options
    if options.vocabulary != nil, options.tokens != .words {
      throw RNNError(.usage, "a size of the vocabulary is for words; of \(options.tokens.rawValue) all have a token")
    }
    let split = try corpus.split(validation: validation == nil ? TextDefaults.validationFraction : 0)
    if options.tokens == .words { try Tokenizer.checkVocabulary(options.vocabulary ?? Tokenizer.defaultVocabulary) }
    let all = corpus.count + (validation?.count ?? 0)
    let training = try TextSurvey(corpus, in: split.training, tokens: options.tokens, countingFrequencies: true) { reading($0, all) }
    let held = try TextSurvey(validation ?? corpus, in: validation == nil ? split.validation : nil, tokens: options.tokens) {
      reading(training.bytes + $0, all)
    }
    if options.tokens != .bytes, !(training.areSourcesUTF8 && held.areSourcesUTF8) {
      try validation?.requireUTF8()
      try corpus.requireUTF8()
    }
    division = validation.map { "all \(training.bytes) bytes for training, \($0.name) (\($0.count) bytes) for validation" } ?? split.description
    let tokenizer = training.tokenizer(vocabulary: options.vocabulary ?? Tokenizer.defaultVocabulary)
    guard held.tokens > 1 else {
      let part = validation?.name ?? "the part of \(corpus.name) for validation"
      throw RNNError(.badData, "\(part) is too short to measure on: expected at least 2 \(options.tokens.rawValue)")
    }
    let defaults = TextDefaults(bytes: training.bytes, tokens: options.tokens)
    let settings = options.settings(defaults)
    var model = try LanguageModel(
      try options.architecture(defaults), tokenizer: tokenizer, isUTF8: training.isUTF8, seed: options.seed,
      initialization: options.initialization)
    // Who says how weights begin means all of them.
    if options.initialization.range == nil { model.begin(withFrequencies: training.frequencies(of: tokenizer)) }
    initial = model
    let task = try TextTraining(initial, training: training, validation: held, shape: options.shape(defaults), seed: options.seed, memory: options.memory)
    loop = try TrainingLoop(
      task: task, weights: initial.weights, settings: settings, stepsBetweenMeasurements: TextDefaults.stepsBetweenMeasurements)
    validationUnits = held.predictedUnits
    let sources = corpus.sources + (validation?.sources ?? [])
    readsStandardInput = sources.contains { $0.name == "standard input" }
    // Files by their own names: where they lay says nothing about the model.
    let names = corpus.sources.map { ($0.name.split(separator: "/").last.map(String.init) ?? $0.name) + " (\($0.range.count) bytes)" }
    trainedOn = names.joined(separator: ", ")
  }

  /// The model with the best weights so far.
  public var model: LanguageModel {
    var model = initial
    model.weights = loop.best
    return model
  }

  /// What a run that exists already is told apart by.
  private var run: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let settings = (try? encoder.encode(loop.settings)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    let start = options.initialization
    return "\(loop.task.settings) forget-bias:\(start.forgetBias) orthogonal:\(start.orthogonal)\(start.range.map { " initial:\($0)" } ?? "") settings:\(settings)"
  }

  // MARK: Training

  /// How a run begins.
  public enum Start: Sendable, Hashable {
    /// As a new one; refused where the checkpoint of an unfinished one lies.
    case new
    /// Where the checkpoint leaves off; as a new one if there is none.
    case resume
    /// As a new one, whatever lies there.
    case fresh
  }

  /// What a caller hears of.
  public enum Event: Sendable {
    /// The run begins: at step 0, or where the checkpoint left off. `wasAsked` is whether it was to be resumed.
    case began(step: Int, wasAsked: Bool)
    case step(loss: Double)
    case measured(TrainingState.Measurement, isBest: Bool)
  }

  /// How a run ended.
  public enum Outcome: Sendable {
    /// The budget is used and the model is written.
    case finished
    /// The file holds the finished model of this very run already.
    case wasFinished
    /// Stopped on the way; the path is that of the checkpoint, if one was written.
    case stopped(checkpoint: String?)
  }

  /// Where a model's checkpoint lies.
  public static func checkpointPath(_ output: String) -> String { output + ".checkpoint" }

  /// Trains until the budget is used or `shouldStop` says so.
  ///
  /// - Parameters:
  ///   - output: where the model goes when it is complete, its checkpoint beside it; nil keeps it in memory.
  ///   - report: called after every event.
  /// Throws `.usage` where an unfinished run lies and `start` is `.new`, `.cannotCreate` where the output can't be written or
  /// another run is writing it, `.badData` where training fails or a checkpoint is damaged.
  @discardableResult
  public mutating func train(
    to output: String? = nil, start: Start = .new, shouldStop: () -> Bool = { false },
    report: (_ trainer: TextTrainer, _ event: Event) throws -> Void = { _, _ in }
  ) throws -> Outcome {
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
    let checkpoint = Self.checkpointPath(output)
    for path in [output, checkpoint] { try Files.removeLeftovers(of: path) }
    if Files.exists(checkpoint) {
      switch start {
      case .new:
        throw RNNError(
          .usage, "\(checkpoint) is of a run that isn't finished: go on with --resume, or begin anew with --fresh")
      case .resume: try restore(checkpoint)
      case .fresh: try Files.remove(checkpoint)
      }
    } else if start == .resume, let model = try? LanguageModel(contentsOf: output), model.notes["run"] == run {
      return .wasFinished
    }
    try report(self, .began(step: loop.state.step, wasAsked: start == .resume))
    let place = readsStandardInput ? nil : checkpoint
    guard try run(checkpoint: place, shouldStop: shouldStop, report: report) else {
      if let place { try loop.checkpoint().write(to: place) }
      return .stopped(checkpoint: place)
    }
    try finishedModel().save(to: output)
    if Files.exists(checkpoint) { try Files.remove(checkpoint) }
    return .finished
  }

  private mutating func restore(_ checkpoint: String) throws {
    do {
      try loop.restore(try Safetensors(contentsOf: checkpoint))
    } catch let error as RNNError {
      guard !error.message.hasPrefix(checkpoint) else { throw error }
      throw RNNError(error.kind, "\(checkpoint): \(error.message)")
    }
  }

  private mutating func run(
    checkpoint: String?, shouldStop: () -> Bool, report: (TextTrainer, Event) throws -> Void
  ) throws -> Bool {
    var last = ContinuousClock.now
    let interval = Duration.seconds(options.checkpointInterval)
    // The loop can't be lent out while it runs: what is shown is a copy of this value with the loop as it stands.
    let frame = self
    return try loop.run(shouldStop: shouldStop) { loop, event in
      var shown = frame
      shown.loop = loop
      switch event {
      case .step(let loss, _): try report(shown, .step(loss: loss))
      case .measured(let measurement, let isBest): try report(shown, .measured(measurement, isBest: isBest))
      }
      if let checkpoint, !loop.state.isFinished, ContinuousClock.now - last >= interval {
        try loop.checkpoint().write(to: checkpoint)
        last = .now
      }
    }
  }

  /// The model as it is written: with notes on what it was trained on and how it was measured.
  private func finishedModel() throws(RNNError) -> LanguageModel {
    var model = model
    guard model.weights.tensors.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
      throw RNNError(.badData, "training ended with weights that are not finite; try a lower --learning-rate or --clip")
    }
    model.notes["run"] = run
    model.notes["trained on"] = trainedOn
    model.notes["division"] = division
    model.notes["training"] = "\(loop.state.step) steps, \(HumanFormat.fixed(Double(loop.state.step) / Double(max(loop.task.stepsPerEpoch, 1)), 2)) epochs, seed \(options.seed)"
    if let best = loop.state.best {
      let result = evaluation(nats: best.validation)
      model.notes["validation"] = (isOfWords ? "perplexity \(HumanFormat.fixed(result.perplexity, 2)), " : "")
        + "\(HumanFormat.fixed(result.natsPerByte, 4)) nats per byte, \(HumanFormat.fixed(result.bitsPerByte, 4)) bits per byte, after step \(best.step), read in 16 rows"
    }
    return model
  }

  /// A validation loss, given in nats per token, in all units.
  public func evaluation(nats: Double) -> LanguageModel.Evaluation {
    LanguageModel.Evaluation(nats: nats * Double(validationUnits.tokens), units: validationUnits)
  }
}

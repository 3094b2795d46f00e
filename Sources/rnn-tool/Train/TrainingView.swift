import Foundation
import RNN

/// What a task says of itself while it is trained.
protocol ShownTrainer: Trainer {
  /// Lines about the data and the model, before training.
  var introduction: [String] { get }
  /// Further lines, after that on the training itself.
  var remarks: [String] { get }
  /// What is counted a second.
  var unit: String { get }
  /// What the losses are, for the curve.
  var lossTitle: String { get }
  /// The loss in bits per byte, where that says something.
  func bitsPerByte(_ loss: Double) -> Double?
  /// What was measured, beyond the training loss.
  func words(_ measurement: TrainingState.Measurement) -> String
  /// A line of what the model does, if it can show something.
  func sample(_ number: Int) throws -> String?
}

extension ShownTrainer {
  var remarks: [String] { [] }
  func bitsPerByte(_ loss: Double) -> Double? { nil }
  func sample(_ number: Int) throws -> String? { nil }
}

extension TextTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture
    return [
      "text      \(division)",
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units, \(model.tokenizer), \(HumanFormat.count(model.parameterCount)) parameters",
    ]
  }

  var remarks: [String] {
    guard let memory = options.memory else { return [] }
    let lengths = loop.task.segments.lengths.map { "\($0)" }.joined(separator: ", in these of ")
    return ["memory    \(HumanFormat.bytes(memory)): sequences \(lengths.isEmpty ? "as a whole" : "in segments of at most \(lengths) steps")"]
  }

  var unit: String { "tokens" }
  var lossTitle: String { "loss in nats per token" }

  func bitsPerByte(_ loss: Double) -> Double? {
    loss / 0.6931471805599453 * Double(validationUnits.tokens) / Double(validationUnits.bytes)
  }

  func words(_ measurement: TrainingState.Measurement) -> String {
    let result = evaluation(nats: measurement.validation)
    return "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/token  "
      + (isOfWords ? "perplexity \(HumanFormat.fixed(result.perplexity, 2))" : "\(HumanFormat.fixed(result.bitsPerByte, 4)) bits/byte")
  }

  func sample(_ number: Int) throws -> String? {
    let options = GenerationOptions(sampling: try SamplingOptions(temperature: 0.8), length: isOfWords ? 20 : 90, seed: UInt64(number))
    return try TextGenerator(model).generate("", options)
  }
}

extension ClassifierTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture
    let directions = a.bidirectional == nil ? "" : ", both directions"
    return [
      "texts     \(division)",
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units\(directions), \(a.pooling.map(\.rawValue).joined(separator: " and ")) over time, \(model.tokenizer), \(HumanFormat.count(model.parameterCount)) parameters",
    ]
  }

  var unit: String { "texts" }
  var lossTitle: String { "loss in nats per text" }

  func words(_ measurement: TrainingState.Measurement) -> String {
    guard loop.task.isMeasured else { return "no validation" }
    return "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/text"
      + (measurement.score.map { "  \(options.criterion.rawValue) \(HumanFormat.fixed($0, 4))" } ?? "")
  }
}

extension TranslatorTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture
    return [
      "pairs     \(division)",
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units, attention \(a.attention.rawValue), \(model.source) into \(model.target), \(HumanFormat.count(model.parameterCount)) parameters",
    ]
  }

  var unit: String { "tokens" }
  var lossTitle: String { "loss in nats per token" }

  func words(_ measurement: TrainingState.Measurement) -> String {
    guard loop.task.isMeasured else { return "no validation" }
    return "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/token"
      + (measurement.score.map { "  BLEU \(HumanFormat.fixed($0, 1))" } ?? "")
  }

  func sample(_ number: Int) throws -> String? { try sample().map { "\($0.source) → \($0.translation)" } }
}

extension ForecastTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture, v = model.variables
    let others = [("known now", v.past), ("known ahead", v.known)].filter { !$0.1.isEmpty }.map { "; \($0.0): \($0.1.joined(separator: ", "))" }
    return [
      "series    \(v.targets.joined(separator: ", "))\(others.joined()); a step every \(v.frequency), a season every \(v.seasonality)",
      "windows   \(division)",
      "model     \(a.kind), \(a.cell.name), \(a.layers) × \(a.hidden) units\(a.autoregression ? " and a linear function" : ""), \(a.head.name), \(HumanFormat.count(model.parameterCount)) parameters",
    ]
  }

  var unit: String { "windows" }
  var lossTitle: String { "loss of \(options.head.name) on scaled values" }

  func words(_ measurement: TrainingState.Measurement) -> String {
    loop.task.isMeasured ? "validation \(HumanFormat.fixed(measurement.validation, 5))" : "no validation"
  }
}

/// What a person sees while a model is trained, on standard error.
struct TrainingView {
  private let isQuiet: Bool
  private let output: String?
  private var reporter = ProgressReporter()
  private let clock = ContinuousClock()
  private var meanLoss: Double?
  private var validationLoss: Double?
  private let began: ContinuousClock.Instant
  private var lastSample: ContinuousClock.Instant
  private var samples = 0

  init(output: String?, isQuiet: Bool) {
    self.isQuiet = isQuiet
    self.output = output
    began = clock.now
    lastSample = began
  }

  private mutating func describe(_ trainer: some ShownTrainer) {
    for line in trainer.introduction { reporter.message(line) }
    reporter.message("training  \(Self.text(trainer.loop.settings)), \(trainer.loop.task.stepsPerEpoch) steps in an epoch")
    for line in trainer.remarks { reporter.message(line) }
    if trainer.readsStandardInput { reporter.message("standard input can't be read again: this run can't be resumed if it is interrupted") }
  }

  private static func text(_ settings: TrainingSettings) -> String {
    let length =
      switch settings.budget {
      case .epochs(let n): n == 1 ? "1 epoch" : "\(n) epochs"
      case .steps(let n): n == 1 ? "1 step" : "\(n) steps"
      case .time(let seconds): HumanFormat.duration(seconds: seconds)
      }
    return "\(length), learning rate \(settings.learningRate) (\(settings.schedule.rawValue))"
  }

  /// Long texts take a while to read.
  mutating func showReading(_ bytes: Int, of all: Int) {
    guard !isQuiet, clock.now - began > .seconds(1) else { return }
    let seconds = (clock.now - began) / .seconds(1)
    var progress = TrainingProgress(reading: bytes, of: all)
    progress.secondsLeft = seconds * Double(all - bytes) / Double(max(bytes, 1))
    reporter.update(progress)
  }

  /// The same for texts of which nobody knows how many there are.
  mutating func showReading(texts: Int) {
    guard !isQuiet, clock.now - began > .seconds(1) else { return }
    reporter.update(TrainingProgress(readingTexts: texts))
  }

  mutating func show<T: ShownTrainer>(_ trainer: T, _ event: TrainingEvent) throws {
    guard !isQuiet else { return }
    switch event {
    case .began(let step, let wasAsked):
      describe(trainer)
      if step > 0 {
        reporter.message("resumed at step \(step)")
      } else if wasAsked, let output {
        reporter.message("there is no checkpoint \(T.checkpointPath(output)) to resume from: beginning anew")
      }
    case .step(let loss):
      meanLoss = meanLoss.map { $0 + 0.05 * (loss - $0) } ?? loss
      reporter.update(progress(trainer))
    case .measured(let measurement, let isBest):
      validationLoss = measurement.validation.isNaN ? nil : measurement.validation
      reporter.note(progress(trainer))
      reporter.message(
        "step \(measurement.step)  epoch \(HumanFormat.fixed(measurement.epoch, 2))  training \(HumanFormat.fixed(measurement.training, 4))  "
          + trainer.words(measurement) + (isBest && validationLoss != nil ? "  best" : ""))
      try showSample(trainer)
    }
  }

  /// Now and then, when there is something new, a line of what the model writes.
  private mutating func showSample(_ trainer: some ShownTrainer) throws {
    guard !trainer.loop.state.isFinished, clock.now - lastSample > .seconds(samples == 0 ? 5 : 20) else { return }
    lastSample = clock.now
    samples += 1
    guard let text = try trainer.sample(samples) else { return }
    let line = text.map { $0.isNewline ? "⏎" : String($0) }.joined()
    reporter.message("  sample: \(line)")
  }

  private func progress(_ trainer: some ShownTrainer) -> TrainingProgress {
    let loop = trainer.loop, state = loop.state
    let steps: Int? =
      switch loop.settings.budget {
      case .steps(let n): n
      case .epochs(let n): n * loop.task.stepsPerEpoch
      case .time: nil
      }
    var progress = TrainingProgress(step: state.step, steps: steps)
    let fraction = loop.progress
    progress.fraction = fraction
    progress.loss = meanLoss
    progress.bitsPerByte = meanLoss.flatMap { trainer.bitsPerByte($0) }
    progress.unit = trainer.unit
    progress.validationLoss = validationLoss
    progress.rate = state.seconds > 0 ? Double(state.units) / state.seconds : nil
    progress.secondsLeft = fraction > 0 ? state.seconds * (1 - fraction) / fraction : nil
    return progress
  }

  mutating func message(_ text: String) {
    if !isQuiet { reporter.message(text) }
  }

  mutating func end() { reporter.finish() }

  /// The curve of the losses over the steps.
  mutating func plot(_ trainer: some ShownTrainer) {
    let history = trainer.loop.state.history
    guard !isQuiet, history.count > 1 else { return }
    reporter.message("\n\(trainer.lossTitle) over the steps")
    reporter.message(
      Plot([
        .init("training", points: history.map { (x: Double($0.step), y: $0.training) }),
        .init("validation", points: history.filter { !$0.validation.isNaN }.map { (x: Double($0.step), y: $0.validation) }),
      ]).text)
  }
}

extension ShownTrainer {
  /// Trains to a file, shows how it goes on, and ends the program's way when it is interrupted.
  ///
  /// - Returns: whether there was anything to do; false where the file holds the model of this very run already.
  mutating func train(to output: String, start: TrainingStart, view: inout TrainingView) throws -> Bool {
    Signals.catchInterruptions()
    let outcome: TrainingOutcome
    do {
      outcome = try train(to: output, start: start, shouldStop: { Signals.received != nil }) { try view.show($0, $1) }
    } catch {
      view.end()
      throw error
    }
    view.end()
    switch outcome {
    case .stopped(let checkpoint):
      let kind: RNNError.Kind = Signals.received == SIGTERM ? .terminated : .interrupted
      throw RNNError(kind, "stopped after step \(loop.state.step); " + (checkpoint.map {
        "the work so far is in \($0): the same call with --resume goes on"
      } ?? "a run that can't read its text again can't be resumed, so nothing was saved"))
    case .wasFinished:
      view.message("\(output) is finished: this very run wrote it; --fresh trains it again")
      return false
    case .finished:
      view.plot(self)
      return true
    }
  }
}

import Foundation
import RNN

/// What a person sees while a model is trained, on standard error.
struct TrainingView {
  private let isQuiet: Bool
  private let output: String?
  private var reporter: ProgressReporter
  private let clock = ContinuousClock()
  private var meanLoss: Double?
  private var validationLoss: Double?
  private let began: ContinuousClock.Instant
  private var lastSample: ContinuousClock.Instant
  private var samples = 0

  init(output: String?, isQuiet: Bool) {
    self.isQuiet = isQuiet
    self.output = output
    reporter = isQuiet ? ProgressReporter() : ProgressReporter(terminal: Heartbeat().watching(.standardError()))
    began = clock.now
    lastSample = began
  }

  private mutating func describe(_ trainer: some ShownTrainer) {
    for line in trainer.introduction { reporter.message(line) }
    if let origin = trainer.origin { reporter.message("start     \(origin)") }
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
    if case .began(let beginning) = event {
      if !isQuiet { describe(trainer) }
      for warning in trainer.warnings { self.warning(warning) }
      return show(beginning, of: trainer)
    }
    guard !isQuiet else { return }
    switch event {
    case .began: break
    case .step(let loss):
      meanLoss = meanLoss.map { $0 + 0.05 * (loss - $0) } ?? loss
      reporter.update(progress(trainer))
    case .measured(let measurement, let isBest):
      validationLoss = measurement.validation.isNaN ? nil : measurement.validation
      reporter.note(progress(trainer))
      reporter.message(
        "step \(measurement.step)  epoch \(HumanFormat.fixed(measurement.epoch, 2))  training \(HumanFormat.fixed(measurement.training, 4))  "
          + (trainer.loop.task.isMeasured ? trainer.words(measurement) : "no validation") + (isBest && validationLoss != nil ? "  best" : ""))
      try showSample(trainer)
    }
  }

  private mutating func show<T: ShownTrainer>(_ beginning: TrainingBeginning, of trainer: T) {
    switch beginning {
    case .new: break
    case .nothingToResume:
      if let output { notice("there is no checkpoint \(T.checkpointPath(output)) to resume from: beginning anew") }
    case .resumed(let step): message("resumed at step \(step)")
    case .continued(let step, let before, let hasMoments):
      let budget = trainer.loop.settings.budget
      message(
        hasMoments
          ? "resumed at step \(step), with \(budget) instead of \(before)"
          : "going on from the finished model, made in \(step) steps, with \(budget) instead of \(before); the optimiser begins anew (--keep-checkpoint keeps its state)")
      message("schedule  \(Self.schedule(trainer.loop))")
    }
  }

  /// How the learning rate moves from here on, under another budget than before.
  private static func schedule<Task>(_ loop: TrainingLoop<Task>) -> String {
    let now = HumanFormat.fixed(loop.scheduledRate, 6), rise = loop.stepsOfRise
    switch loop.settings.schedule {
    case .constant: return "learning rate \(now), as before"
    case .plateau: return "learning rate \(now), lowered as before when the validation loss stops falling"
    case .decay: return "learning rate \(now), lowered with the epochs as before"
    case .cosine:
      return "learning rate \(now) now, from here on as if \(loop.settings.budget) had been given at first" + (rise > 1 ? ", after a rise over \(rise) steps" : "")
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

  /// Lines on what files were found to be; of many, the first.
  mutating func messages(onSources descriptions: [String]) {
    for description in descriptions.prefix(20) { message("read      \(description)") }
    if descriptions.count > 20 { message("read      \(descriptions.count - 20) more") }
  }

  mutating func message(_ text: String) {
    if !isQuiet { reporter.message(text) }
  }

  /// Shows a remark on the data or on the call, which ``isQuiet`` doesn't hide.
  mutating func notice(_ text: String) { reporter.message(text) }

  mutating func warning(_ text: String) { notice("warning   \(text)") }

  mutating func end() { reporter.finish() }

  /// Does `body`, and ends what is shown even where that fails: the message comes after it.
  mutating func whileShown<R>(_ body: (inout Self) throws -> R) rethrows -> R {
    defer { end() }
    return try body(&self)
  }

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

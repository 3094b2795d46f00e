import RNN

/// What a person sees while a model of text is trained, on standard error.
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

  private mutating func describe(_ trainer: TextTrainer) {
    let model = trainer.model
    let a = model.architecture
    reporter.message("text      \(trainer.division)")
    reporter.message(
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units, \(model.tokenizer), \(HumanFormat.count(model.parameterCount)) parameters")
    reporter.message("training  \(Self.text(trainer.loop.settings)), \(trainer.loop.task.stepsPerEpoch) steps in an epoch")
    if let memory = trainer.options.memory {
      let lengths = trainer.loop.task.segments.lengths.map { "\($0)" }.joined(separator: ", in these of ")
      reporter.message("memory    \(HumanFormat.bytes(memory)): sequences \(lengths.isEmpty ? "as a whole" : "in segments of at most \(lengths) steps")")
    }
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

  mutating func show(_ trainer: TextTrainer, _ event: TextTrainer.Event) throws {
    guard !isQuiet else { return }
    switch event {
    case .began(let step, let wasAsked):
      describe(trainer)
      if step > 0 {
        reporter.message("resumed at step \(step)")
      } else if wasAsked, let output {
        reporter.message("there is no checkpoint \(TextTrainer.checkpointPath(output)) to resume from: beginning anew")
      }
    case .step(let loss):
      meanLoss = meanLoss.map { $0 + 0.05 * (loss - $0) } ?? loss
      reporter.update(progress(trainer))
    case .measured(let measurement, let isBest):
      validationLoss = measurement.validation
      reporter.note(progress(trainer))
      let result = trainer.evaluation(nats: measurement.validation)
      reporter.message(
        "step \(measurement.step)  epoch \(HumanFormat.fixed(measurement.epoch, 2))  training \(HumanFormat.fixed(measurement.training, 4))  "
          + "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/token  "
          + (trainer.isOfWords ? "perplexity \(HumanFormat.fixed(result.perplexity, 2))" : "\(HumanFormat.fixed(result.bitsPerByte, 4)) bits/byte")
          + (isBest ? "  best" : ""))
      try showSample(trainer)
    }
  }

  /// Now and then, when there is something new, a line of what the model writes.
  private mutating func showSample(_ trainer: TextTrainer) throws {
    guard !trainer.loop.state.isFinished, clock.now - lastSample > .seconds(samples == 0 ? 5 : 20) else { return }
    lastSample = clock.now
    samples += 1
    let options = GenerationOptions(sampling: try SamplingOptions(temperature: 0.8), length: trainer.isOfWords ? 20 : 90, seed: UInt64(samples))
    let text = try TextGenerator(trainer.model).generate("", options)
    let line = text.map { $0.isNewline ? "⏎" : String($0) }.joined()
    reporter.message("  sample: \(line)")
  }

  private func progress(_ trainer: TextTrainer) -> TrainingProgress {
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
    let units = trainer.validationUnits
    progress.bitsPerByte = meanLoss.map { $0 / 0.6931471805599453 * Double(units.tokens) / Double(units.bytes) }
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
  mutating func plot(_ history: [TrainingState.Measurement]) {
    guard !isQuiet, history.count > 1 else { return }
    reporter.message("\nloss in nats per token over the steps")
    reporter.message(
      Plot([
        .init("training", points: history.map { (x: Double($0.step), y: $0.training) }),
        .init("validation", points: history.map { (x: Double($0.step), y: $0.validation) }),
      ]).text)
  }
}

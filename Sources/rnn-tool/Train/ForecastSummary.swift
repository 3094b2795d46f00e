import RNN

/// The result of training a model of series, on standard output.
struct ForecastSummary: Encodable {
  private let model: String
  private let parameters: Int
  private let kind: String
  private let context: Int
  private let horizon: Int
  private let head: String
  private var steps: Int?
  private var epochs: Double?
  private var seconds: Double?
  private var windows: Int?
  private var bestStep: Int?
  private var validationLoss: Double?
  /// Whether the model was there already.
  private let wasFinished: Bool

  init(_ trainer: ForecastTrainer, output: String) {
    self.init(trainer.model, output, wasFinished: false)
    let state = trainer.loop.state
    steps = state.step
    epochs = Double(state.step) / Double(max(trainer.loop.task.stepsPerEpoch, 1))
    seconds = state.seconds
    windows = state.units
    guard trainer.loop.task.isMeasured else { return }
    bestStep = state.best?.step
    validationLoss = state.best?.validation
  }

  init(finished model: ForecastModel, output: String) { self.init(model, output, wasFinished: true) }

  private init(_ model: ForecastModel, _ output: String, wasFinished: Bool) {
    self.model = output
    parameters = model.parameterCount
    kind = model.architecture.kind.name
    context = model.architecture.context
    horizon = model.architecture.horizon
    head = model.architecture.head.name
    self.wasFinished = wasFinished
  }

  func print(asJSON: Bool) throws {
    if asJSON { return try Output.json(self) }
    var rows = [("model", "\(model), \(kind), \(HumanFormat.count(parameters)) parameters, \(context) steps to \(horizon)")]
    if let steps, let epochs, let seconds {
      rows.append(("trained", "\(steps) steps, \(HumanFormat.fixed(epochs, 2)) epochs, \(HumanFormat.duration(seconds: seconds))"))
    }
    if let validationLoss, let bestStep {
      rows.append(("validation", "loss \(HumanFormat.fixed(validationLoss, 5)), of \(head) on scaled values (best, after step \(bestStep))"))
    }
    rows.append(("next", "rnn forecast \(model), rnn evaluate \(model)"))
    try Output.write(Output.table(rows))
  }
}

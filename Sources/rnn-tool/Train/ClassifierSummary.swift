import RNN

/// The result of training a classifier, on standard output.
struct ClassifierSummary: Encodable {
  private let model: String
  private let parameters: Int
  private let classes: Int
  private var steps: Int?
  private var epochs: Double?
  private var seconds: Double?
  private var texts: Int?
  private var bestStep: Int?
  private var accuracy: Double?
  private var macroF1: Double?
  private var macroRecall: Double?
  private var logLoss: Double?
  private var majorityAccuracy: Double?
  /// Whether the model was there already.
  private let wasFinished: Bool

  init(_ trainer: ClassifierTrainer, output: String) throws {
    let state = trainer.loop.state
    model = output
    parameters = trainer.model.parameterCount
    classes = trainer.model.labels.count
    steps = state.step
    epochs = Double(state.step) / Double(max(trainer.loop.task.stepsPerEpoch, 1))
    seconds = state.seconds
    texts = state.units
    wasFinished = false
    guard let metrics = try trainer.metrics() else { return }
    bestStep = state.best?.step
    accuracy = metrics.accuracy
    macroF1 = metrics.macroF1
    macroRecall = metrics.macroRecall
    logLoss = metrics.logLoss
    majorityAccuracy = metrics.majority.accuracy
  }

  init(finished model: TextClassifier, output: String) {
    self.model = output
    parameters = model.parameterCount
    classes = model.labels.count
    wasFinished = true
  }

  func print(asJSON: Bool) throws {
    if asJSON { return try Output.json(self) }
    var rows = [("model", "\(model), \(HumanFormat.count(parameters)) parameters, \(classes) classes")]
    if let steps, let epochs, let seconds {
      rows.append(("trained", "\(steps) steps, \(HumanFormat.fixed(epochs, 2)) epochs, \(HumanFormat.duration(seconds: seconds))"))
    }
    if let accuracy, let macroF1, let macroRecall, let bestStep, let majorityAccuracy {
      func number(_ value: Double) -> String { HumanFormat.fixed(value, 4) }
      rows.append((
        "validation",
        "accuracy \(number(accuracy)), macro-F1 \(number(macroF1)), macro recall \(number(macroRecall)) (best, after step \(bestStep)); the commonest class alone \(number(majorityAccuracy))"
      ))
    }
    rows.append(("next", "rnn classify \(model)"))
    try Output.write(Output.table(rows))
  }
}

import RNN

/// The result of training a translator, on standard output.
struct TranslatorSummary: Encodable {
  private let model: String
  private let parameters: Int
  private var steps: Int?
  private var epochs: Double?
  private var seconds: Double?
  private var tokens: Int?
  private var bestStep: Int?
  private var natsPerToken: Double?
  private var bleu: Double?
  /// Whether the model was there already.
  private let wasFinished: Bool

  init(_ trainer: TranslatorTrainer, output: String) throws {
    let state = trainer.loop.state
    model = output
    parameters = trainer.model.parameterCount
    steps = state.step
    epochs = Double(state.step) / Double(max(trainer.loop.task.stepsPerEpoch, 1))
    seconds = state.seconds
    tokens = state.units
    wasFinished = false
    guard let metrics = try trainer.metrics() else { return }
    bestStep = state.best?.step
    natsPerToken = metrics.loss
    bleu = metrics.bleu.score
  }

  init(finished model: Translator, output: String) {
    self.model = output
    parameters = model.parameterCount
    wasFinished = true
  }

  func print(asJSON: Bool) throws {
    if asJSON { return try Output.json(self) }
    var rows = [("model", "\(model), \(HumanFormat.count(parameters)) parameters")]
    if let steps, let epochs, let seconds {
      rows.append(("trained", "\(steps) steps, \(HumanFormat.fixed(epochs, 2)) epochs, \(HumanFormat.duration(seconds: seconds))"))
    }
    if let bleu, let natsPerToken, let bestStep {
      rows.append((
        "validation",
        "BLEU \(HumanFormat.fixed(bleu, 1)) (greedy), \(HumanFormat.fixed(natsPerToken, 4)) nats per token (best, after step \(bestStep))"
      ))
    }
    rows.append(("next", "rnn translate \(model)"))
    try Output.write(Output.table(rows))
  }
}

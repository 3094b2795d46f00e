import RNN

/// What the best weights are worth on the validation part, in words and as figures for `--json`.
struct ValidationResult {
  var words: String
  /// What to compare it with.
  var comparison: String?
  var figures: [String: any Encodable]
}

/// The result of training, on standard output: what is the same for all tasks, and what a task says of its model and its validation.
struct TrainingSummary: Encodable {
  private var figures: [String: any Encodable]
  private var rows: [(String, String)]

  /// - Parameter isNew: whether the model was trained by this call, or was there already.
  init(_ trainer: some ShownTrainer, output: String, isNew: Bool) throws {
    figures = trainer.modelFigures
    figures["model"] = output
    figures["parameters"] = trainer.model.parameterCount
    figures["was_finished"] = !isNew
    rows = [("model", "\(output), \(trainer.modelWords)")]
    if isNew { try addRun(of: trainer) }
    rows.append(("next", trainer.nextCommands.map { "rnn \($0) \(output)" }.joined(separator: ", ")))
  }

  private mutating func addRun(of trainer: some ShownTrainer) throws {
    let loop = trainer.loop, state = loop.state
    let own: [String: any Encodable] = ["steps": state.step, "epochs": loop.epochs, "seconds": state.seconds, trainer.unit: state.units]
    figures.merge(own) { $1 }
    rows.append((
      "trained", "\(state.step) steps, \(HumanFormat.fixed(loop.epochs, 2)) epochs, \(HumanFormat.duration(seconds: state.seconds))"))
    if let best = state.best, let result = try trainer.result(best) {
      figures["best_step"] = best.step
      figures.merge(result.figures) { $1 }
      rows.append(("validation", "\(result.words) (best, after step \(best.step))\(result.comparison.map { "; \($0)" } ?? "")"))
    }
    figures.merge(trainer.runFigures) { $1 }
    rows += trainer.runRows
  }

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    for (name, value) in figures { try container.encode(value, forKey: Key(stringValue: name)) }
  }

  func print(asJSON: Bool) throws {
    if asJSON { return try Output.json(self) }
    try Output.write(Output.table(rows))
  }
}

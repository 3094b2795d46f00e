import RNN

extension ForecastTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture, v = model.variables
    let others = [("known now", v.past), ("known ahead", v.known)].filter { !$0.1.isEmpty }.map { "; \($0.0): \($0.1.joined(separator: ", "))" }
    return [
      "series    \(v.targets.joined(separator: ", "))\(others.joined()); a step every \(v.frequency), a season every \(v.seasonality)",
      "windows   \(division)",
    ] + (choices.isEmpty ? [] : ["chosen    \(choices.joined(separator: "; "))"]) + [
      "model     \(a.kind), \(a.cell.name), \(a.layers) × \(a.hidden) units\(a.autoregression ? " and a linear function" : ""), \(a.head.name), \(parameters)",
    ]
  }

  var unit: String { "windows" }
  var lossTitle: String { "loss of \(initial.architecture.head.name) on scaled values" }

  func words(_ measurement: TrainingState.Measurement) -> String {
    "validation \(HumanFormat.fixed(measurement.validation, 5))"
  }

  var modelWords: String {
    let a = model.architecture
    return "\(a.kind.name), \(parameters), \(a.context) steps to \(a.horizon)"
  }

  var modelFigures: [String: any Encodable] {
    let a = model.architecture
    return ["kind": a.kind.name, "context": a.context, "horizon": a.horizon, "head": a.head.name]
  }

  func result(_ best: TrainingState.Measurement) -> ValidationResult? {
    guard loop.task.isMeasured else { return nil }
    return ValidationResult(
      words: "loss \(HumanFormat.fixed(best.validation, 5)), of \(model.architecture.head.name) on scaled values",
      figures: ["validation_loss": best.validation])
  }

  /// `rnn evaluate` measures the test part.
  var nextCommands: [String] { [Model.task] + (hasTestPart ? ["evaluate"] : []) }
}

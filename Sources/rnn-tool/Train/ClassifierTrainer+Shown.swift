import RNN

extension ClassifierTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture
    let directions = a.bidirectional == nil ? "" : ", both directions"
    return [
      "texts     \(division)",
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units\(directions), \(a.pooling.map(\.rawValue).joined(separator: " and ")) over time, \(model.tokenizer), \(parameters)",
    ]
  }

  var unit: String { "texts" }
  var lossTitle: String { "loss in nats per text" }

  func words(_ measurement: TrainingState.Measurement) -> String {
    "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/text"
      + (measurement.score.map { "  \(options.criterion.rawValue) \(HumanFormat.fixed($0, 4))" } ?? "")
  }

  var modelWords: String { "\(parameters), \(model.labels.count) classes" }
  var modelFigures: [String: any Encodable] { ["classes": model.labels.count] }

  func result(_ best: TrainingState.Measurement) throws -> ValidationResult? {
    guard let metrics = try metrics() else { return nil }
    func number(_ value: Double) -> String { HumanFormat.fixed(value, 4) }
    return ValidationResult(
      words: "accuracy \(number(metrics.accuracy)), macro-F1 \(number(metrics.macroF1)), macro recall \(number(metrics.macroRecall))",
      comparison: "the commonest class alone \(number(metrics.majority.accuracy))",
      figures: [
        "accuracy": metrics.accuracy, "macro_f1": metrics.macroF1, "macro_recall": metrics.macroRecall, "log_loss": metrics.logLoss,
        "majority_accuracy": metrics.majority.accuracy,
      ])
  }
}

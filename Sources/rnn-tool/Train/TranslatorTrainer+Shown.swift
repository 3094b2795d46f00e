import RNN

extension TranslatorTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture
    return [
      "pairs     \(division)",
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units, attention \(a.attention.rawValue), \(model.source) into \(model.target), \(parameters)",
    ]
  }

  var unit: String { "tokens" }
  var lossTitle: String { "loss in nats per token" }

  func words(_ measurement: TrainingState.Measurement) -> String {
    "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/token"
      + (measurement.score.map { "  BLEU \(HumanFormat.fixed($0, 1))" } ?? "")
  }

  func sample(_ number: Int) throws -> String? { try sample().map { "\($0.source) → \($0.translation)" } }

  func result(_ best: TrainingState.Measurement) throws -> ValidationResult? {
    guard let metrics = try metrics() else { return nil }
    return ValidationResult(
      words: "BLEU \(HumanFormat.fixed(metrics.bleu.score, 1)) (greedy), \(HumanFormat.fixed(metrics.loss, 4)) nats per token",
      figures: ["bleu": metrics.bleu.score, "nats_per_token": metrics.loss])
  }
}

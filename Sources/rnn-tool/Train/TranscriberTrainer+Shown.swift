import RNN

extension TranscriberTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture
    let directions = a.bidirectional == nil ? "" : ", both directions"
    return [
      "clips     \(division)",
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units\(directions), \(model.input), \(a.stacking) to a step, \(model.tokenizer), \(parameters)",
    ]
  }

  var unit: String { "rows" }
  var lossTitle: String { "loss in nats per token" }

  func words(_ measurement: TrainingState.Measurement) -> String {
    "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/token"
      + (measurement.score.map { "  WER \(HumanFormat.fixed(-100 * $0, 2))%" } ?? "")
  }

  func sample(_ number: Int) throws -> String? { try sample().map { "‘\($0.text)’ → ‘\($0.transcript)’" } }

  func result(_ best: TrainingState.Measurement) throws -> ValidationResult? {
    guard let metrics = try metrics() else { return nil }
    func rates(_ words: WordErrors, _ characters: WordErrors) -> String {
      "WER \(HumanFormat.fixed(100 * words.rate, 2))%, CER \(HumanFormat.fixed(100 * characters.rate, 2))%"
    }
    var result = ValidationResult(
      words: "\(rates(metrics.words, metrics.characters)) (greedy), \(HumanFormat.fixed(metrics.loss, 4)) nats per token",
      figures: ["wer": metrics.words.rate, "cer": metrics.characters.rate, "nats_per_token": metrics.loss])
    if let (words, characters) = searchedMetrics {
      result.comparison = "\(rates(words, characters)) with what the texts say of sequences of tokens"
      result.figures["searched_wer"] = words.rate
      result.figures["searched_cer"] = characters.rate
    }
    return result
  }
}

import RNN

extension TextTrainer: ShownTrainer {
  var introduction: [String] {
    let model = model, a = model.architecture
    return [
      "text      \(division)",
      "model     \(a.cell.name), \(a.layers) × \(a.hidden) units, \(model.tokenizer), \(parameters)",
    ]
  }

  var remarks: [String] {
    guard let memory = options.memory else { return [] }
    let lengths = loop.task.segments.lengths.map { "\($0)" }.joined(separator: ", in these of ")
    return ["memory    \(HumanFormat.bytes(memory)): sequences \(lengths.isEmpty ? "as a whole" : "in segments of at most \(lengths) steps")"]
  }

  var unit: String { "tokens" }
  var lossTitle: String { "loss in nats per token" }

  func bitsPerByte(_ loss: Double) -> Double? {
    loss / 0.6931471805599453 * Double(validationUnits.tokens) / Double(validationUnits.bytes)
  }

  func words(_ measurement: TrainingState.Measurement) -> String {
    let result = evaluation(nats: measurement.validation)
    return "validation \(HumanFormat.fixed(measurement.validation, 4)) nats/token  "
      + (isOfWords ? "perplexity \(HumanFormat.fixed(result.perplexity, 2))" : "\(HumanFormat.fixed(result.bitsPerByte, 4)) bits/byte")
  }

  func sample(_ number: Int) throws -> String? {
    let options = GenerationOptions(sampling: try SamplingOptions(temperature: 0.8), length: isOfWords ? 20 : 90, seed: UInt64(number))
    return try TextGenerator(model).generate("", options)
  }

  func result(_ best: TrainingState.Measurement) -> ValidationResult? {
    let result = evaluation(nats: best.validation)
    let bits = "\(HumanFormat.fixed(result.bitsPerByte, 4)) bits/byte"
    var figures: [String: any Encodable] = [
      "nats_per_token": result.natsPerToken, "nats_per_byte": result.natsPerByte, "bits_per_byte": result.bitsPerByte,
      "nats_per_character": result.natsPerCharacter,
    ]
    if isOfWords {
      figures["perplexity"] = result.perplexity
      return ValidationResult(words: "perplexity \(HumanFormat.fixed(result.perplexity, 2)), \(bits)", figures: figures)
    }
    let nats = (HumanFormat.fixed(result.natsPerByte, 4), HumanFormat.fixed(result.natsPerCharacter, 4))
    return ValidationResult(words: "\(nats.0) nats/byte, \(bits), \(nats.1) nats/character", figures: figures)
  }

  var runRows: [(String, String)] {
    guard let limit = options.memory, let most = ProcessMemory.most else { return [] }
    return [("memory", "\(HumanFormat.bytes(most)) at most, of \(HumanFormat.bytes(limit))")]
  }

  /// The most bytes of memory that the program took, and may take.
  var runFigures: [String: any Encodable] {
    var figures: [String: any Encodable] = [:]
    figures["peak_memory"] = ProcessMemory.most
    figures["memory_limit"] = options.memory
    return figures
  }
}

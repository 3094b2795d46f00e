import RNN

/// The result of training, on standard output.
struct TrainingSummary: Encodable {
  private let model: String
  private let parameters: Int
  private var steps: Int?
  private var epochs: Double?
  private var seconds: Double?
  private var tokens: Int?
  private var bestStep: Int?
  private var natsPerToken: Double?
  private var natsPerByte: Double?
  private var bitsPerByte: Double?
  private var natsPerCharacter: Double?
  private var perplexity: Double?
  /// The most bytes of memory that the program took, and may take.
  private var peakMemory: Int?
  private var memoryLimit: Int?
  /// Whether the model was there already.
  private let wasFinished: Bool

  init(_ trainer: TextTrainer, output: String) {
    let state = trainer.loop.state
    model = output
    parameters = trainer.model.parameterCount
    steps = state.step
    epochs = Double(state.step) / Double(max(trainer.loop.task.stepsPerEpoch, 1))
    seconds = state.seconds
    tokens = state.units
    peakMemory = ProcessMemory.most
    memoryLimit = trainer.options.memory
    wasFinished = false
    guard let best = state.best else { return }
    let result = trainer.evaluation(nats: best.validation)
    bestStep = best.step
    natsPerToken = result.natsPerToken
    natsPerByte = result.natsPerByte
    bitsPerByte = result.bitsPerByte
    natsPerCharacter = result.natsPerCharacter
    if trainer.isOfWords { perplexity = result.perplexity }
  }

  init(finished model: LanguageModel, output: String) {
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
    if let perplexity, let bitsPerByte, let bestStep {
      rows.append((
        "validation", "perplexity \(HumanFormat.fixed(perplexity, 2)), \(HumanFormat.fixed(bitsPerByte, 4)) bits/byte (best, after step \(bestStep))"))
    } else if let natsPerByte, let bitsPerByte, let natsPerCharacter, let bestStep {
      rows.append((
        "validation",
        "\(HumanFormat.fixed(natsPerByte, 4)) nats/byte, \(HumanFormat.fixed(bitsPerByte, 4)) bits/byte, "
          + "\(HumanFormat.fixed(natsPerCharacter, 4)) nats/character (best, after step \(bestStep))"
      ))
    }
    if let peakMemory, let memoryLimit {
      rows.append(("memory", "\(HumanFormat.bytes(peakMemory)) at most, of \(HumanFormat.bytes(memoryLimit))"))
    }
    rows.append(("next", "rnn generate \(model)"))
    try Output.write(Output.table(rows))
  }
}

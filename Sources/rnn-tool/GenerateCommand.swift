import ArgumentParser
import RNN

struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Generate text with a model.",
    discussion: """
      The prompt and what follows it go to standard output as they are made. A saved state continues later to the same bytes \
      as one longer run.

      Example:
        rnn generate model.safetensors --prompt "ROMEO:" --temperature 0.8
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  // A text may begin with a minus.
  @Option(parsing: .unconditional, help: ArgumentHelp("The text to continue. (default: none)", valueName: "text"))
  var prompt: String?

  @Option(help: ArgumentHelp("Tokens (bytes, characters or words, as the model has them) to generate at most.", valueName: "n"), limit: Limits.count)
  var length = 500

  @Option(help: ArgumentHelp("1 draws as the model says, less is safer, 0 takes the most probable token.", valueName: "value"), limit: Limits.temperature)
  var temperature = 1.0

  @Option(help: ArgumentHelp("Draw among the n most probable tokens only.", valueName: "n"), limit: Limits.positiveCount)
  var topK: Int?

  @Option(help: ArgumentHelp("Draw among the fewest tokens that have this probability together.", valueName: "value"), limit: Limits.probability)
  var topP: Double?

  @Option(help: ArgumentHelp("Another number, another text. (default: 1, or the state's)", valueName: "n"), limit: Limits.seed)
  var seed: UInt64?

  @Option(parsing: .unconditionalSingleValue, help: ArgumentHelp("End before this text appears; may be given several times.", valueName: "text"))
  var stop: [String] = []

  @Option(help: ArgumentHelp("Go on from a saved state.", valueName: "file"))
  var state: String?

  @Option(help: ArgumentHelp("Save the state at the end.", valueName: "file"))
  var saveState: String?

  @OptionGroup var threads: ThreadArguments

  func validate() throws {
    if seed != nil, state != nil { throw ValidationError("--seed can't be given with --state: a state has its own") }
  }

  func run() throws {
    threads.apply()
    let sampling = try SamplingOptions(temperature: temperature, topK: topK, topP: topP)
    try Outputs.announce(state: saveState, reading: [model, state])
    let generator = try TextGenerator(LanguageModel(contentsOf: model))
    let session = try TextSession(
      generator, GenerationOptions(sampling: sampling, length: length, seed: seed ?? 1, stops: stop))
    if let state { try session.restore(Safetensors(contentsOf: state), source: state) }
    if let prompt {
      if let remark = generator.model.remark(onPrompt: prompt) { Warnings.show([remark]) }
      session.read(Array(prompt.utf8))
      try Output.write(prompt)
    }
    while let piece = try session.next() {
      if !piece.isEmpty { try Output.write(piece) }
    }
    // Before the session ends: what it holds back of a character belongs to the state.
    let saved = saveState == nil ? nil : try session.state()
    try Output.write(session.finish())
    if Output.isTerminal { try Output.line() }
    if let saveState { try saved?.write(to: saveState) }
  }
}

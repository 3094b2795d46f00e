import ArgumentParser
import RNN

struct TrainGenerate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Train a model of text, to generate more of its kind.",
    discussion: """
      Sizes and the length of training follow from the size of the text unless they are given. A twentieth of it, in \
      stretches, is for validation; the weights that are best there are kept. Texts may be larger than memory; they must not \
      change meanwhile.

      A checkpoint lies beside the model until training is finished: after Ctrl-C, or whatever else, the same call with \
      --resume goes on from it, to the same bits as without an interruption.

      Example:
        rnn train generate corpus.txt -o model.safetensors --time 5m
      """)

  @Argument(help: ArgumentHelp("Texts to train on, one after the other; - is standard input.", valueName: "file"))
  var files: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("Where the model goes.", valueName: "model"))
  var output: String

  @OptionGroup(title: "Text") var text: TextOptions
  @OptionGroup(title: "Model") var model: ModelOptions
  @OptionGroup(title: "Training") var training: TrainingOptions
  @OptionGroup(title: "Training") var sequences: SequenceOptions
  @OptionGroup(title: "Length") var budget: BudgetOptions
  @OptionGroup(title: "Run") var run_: RunOptions
  @OptionGroup var threads: ThreadOption
  @OptionGroup var json: JSONOption

  func run() throws {
    threads.apply()
    for file in files + [text.valid].compactMap(\.self) where file != "-" && Files.areSame(file, output) {
      throw RNNError(.usage, "\(output) is a text to read: the model must go to another file")
    }
    let options = try self.options()
    let corpus = try TextCorpus(reading: files)
    let validation = try text.valid.map { try TextCorpus(reading: [$0]) }
    var view = TrainingView(output: output, isQuiet: run_.quiet)
    var trainer: TextTrainer
    do {
      trainer = try TextTrainer(corpus, validation: validation, options: options) { view.showReading($0, of: $1) }
    } catch {
      view.end()
      throw error
    }
    view.end()
    if try trainer.train(to: output, start: run_.start, view: &view) {
      try TrainingSummary(trainer, output: output).print(asJSON: json.json)
    } else {
      try TrainingSummary(finished: try LanguageModel(contentsOf: output), output: output).print(asJSON: json.json)
    }
  }

  private func options() throws -> TextTrainingOptions {
    TextTrainingOptions(
      cell: try model.cell.map { try CellArgument.cell($0) } ?? .lstm, tokens: text.tokens, vocabulary: text.vocabulary, hidden: model.hidden,
      layers: model.layers, embedding: model.embedding, projection: model.projection, dropout: model.dropout, batch: training.batch,
      sequenceLength: sequences.sequenceLength, memory: sequences.memory?.bytes, optimizer: try training.kind(),
      learningRate: training.learningRate, weightDecay: training.weightDecay, schedule: training.schedule,
      decay: training.decay, decayAfter: training.decayAfter, clip: training.clip, averaging: training.averaging, patience: training.patience,
      initialization: .init(forgetBias: model.forgetBias, orthogonal: model.orthogonal, range: model.initial), budget: budget.budget,
      seed: run_.seed, checkpointInterval: run_.checkpointEvery?.seconds ?? TextDefaults.checkpointInterval)
  }
}

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

  @OptionGroup(title: "Text") var text: TextArguments
  @OptionGroup(title: "Model") var model: ModelArguments
  @OptionGroup(title: "Training") var training: TrainingArguments
  @OptionGroup(title: "Training") var sequences: SequenceArguments
  @OptionGroup(title: "Length") var budget: BudgetArguments
  @OptionGroup(title: "Run") var run_: RunArguments
  @OptionGroup var threads: ThreadArguments
  @OptionGroup var json: JSONArguments

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
      cell: try model.cell.map { try CellArgument.cell($0) } ?? .lstm, tokens: text.tokens.kind, vocabulary: try text.tokens.vocabulary(or: text.vocabulary),
      hidden: model.hidden, layers: model.layers, embedding: model.embedding, projection: model.projection, dropout: model.dropout,
      sequenceLength: sequences.sequenceLength, memory: sequences.memory?.bytes, initialization: model.initialization,
      training: try training.options(budget, run_))
  }
}

struct TextArguments: ParsableArguments {
  @Option(help: ArgumentHelp("What a token is: bytes; characters or words of a UTF-8 text; or what frequent pairs of bytes are merged to, a vocabulary of so many: bpe:4000.", valueName: "kind"))
  var tokens = TokensArgument(.bytes)

  @Option(
    help: ArgumentHelp(
      "With words: the number of tokens, the line end and <unk>, which stands for all rarer words, included; with bpe: the number of tokens, the 256 bytes included. (default: \(Tokenizer.Kind.words.defaultVocabulary), \(Tokenizer.Kind.bpe.defaultVocabulary))", valueName: "n"))
  var vocabulary: Int?

  @Option(help: ArgumentHelp("A text to measure on, instead of stretches of the texts.", valueName: "file"))
  var valid: String?
}

struct SequenceArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Tokens through which the gradient flows back.", valueName: "n"))
  var sequenceLength: Int?

  @Option(help: ArgumentHelp(
    "Train sequences in segments, so that the program takes at most so much: 500MB, 1.5GiB. No result depends on it.",
    valueName: "size"))
  var memory: MemoryArgument?
}

import ArgumentParser
import RNN

struct TrainGenerate: TrainCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Train a model of text, to generate more of its kind.",
    discussion: """
      Sizes and the length of training follow from the size of the text unless they are given. A twentieth of it, in \
      stretches, is for validation; the weights that are best there are kept. Texts may be larger than memory; they must not \
      change meanwhile.

      \(TrainArguments.checkpoints)

      Example:
        rnn train generate corpus.txt -o model.safetensors --time 5m
      """)

  @Argument(help: ArgumentHelp("Texts to train on, one after the other; - is standard input.", valueName: "file"))
  var files: [String]

  @OptionGroup(title: "Text") var text: TextArguments
  @OptionGroup var common: TrainArguments
  @OptionGroup(title: "Model") var extensions: ExtensionArguments
  @OptionGroup(title: "Training") var sequences: SequenceArguments

  var inputs: [String] { files + [text.valid, text.tokens?.file].compactMap(\.self) }

  func trainer(_ view: inout TrainingView) throws -> TextTrainer {
    let options = try self.options()
    let start = try common.model.from.map { try LanguageModel(contentsOf: $0) }
    let corpus = try TextCorpus(reading: files)
    let validation = try text.valid.map { try TextCorpus(reading: [$0]) }
    // Whoever asks for bytes, or has a model of them, may mean those of anything.
    if text.tokens == nil, start?.isUTF8 ?? true { for text in [corpus, validation].compactMap(\.self) { try text.requireText() } }
    return try TextTrainer(corpus, validation: validation, from: start, options: options) { view.showReading($0, of: $1) }
  }

  private func options() throws -> TextTrainingOptions {
    let model = common.model
    return TextTrainingOptions(
      cell: try model.givenCell, tokens: text.tokens?.kind, vocabulary: try text.tokens.map { try $0.vocabulary(or: text.vocabulary) } ?? text.vocabulary,
      tokenizer: try text.tokens?.tokenizer(), hidden: model.hidden, layers: model.layers, embedding: model.embedding, projection: model.projection, dropout: model.dropout,
      sequenceLength: sequences.sequenceLength, memory: sequences.memory?.bytes, initialization: model.initialization,
      training: try common.options(extends: extensions.extend))
  }
}

struct TextArguments: ParsableArguments {
  @Option(help: ArgumentHelp("What a token is: bytes; characters or words of a UTF-8 text; or what frequent pairs of bytes are merged to, a vocabulary of so many: bpe:4000, or that of a file: bpe:tokenizer.json. (default: bytes, of text only)", valueName: "kind"))
  var tokens: TokensArgument?

  @Option(
    help: ArgumentHelp(
      "With words: the number of tokens, the line end and <unk>, which stands for all rarer words, included; with bpe: the number of tokens, the 256 bytes included. (default: \(Tokenizer.Kind.words.defaultVocabulary), \(Tokenizer.Kind.bpe.defaultVocabulary))", valueName: "n"), limit: Limits.vocabulary)
  var vocabulary: Int?

  @Option(help: ArgumentHelp("A text to measure on, instead of stretches of the texts.", valueName: "file"))
  var valid: String?
}

struct SequenceArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Tokens through which the gradient flows back.", valueName: "n"), limit: Limits.textLength)
  var sequenceLength: Int?

  @Option(help: ArgumentHelp(
    "Train sequences in segments, so that the program takes at most so much: 500MB, 1.5GiB. No result depends on it.",
    valueName: "size"))
  var memory: MemoryArgument?
}

import ArgumentParser
import RNN

extension Attention.Score: ExpressibleByArgument {}
extension TranslatorTrainingOptions.Criterion: ExpressibleByArgument {}

struct TrainTranslate: TrainCommand {
  static let configuration = CommandConfiguration(
    commandName: "translate", abstract: "Train a model that translates sentences.",
    discussion: """
      Sentences and their translations come from tables, a pair a row, or from two files, line by line. A twentieth of the \
      different sentences, at most \(TranslatorDefaults.mostValidated), is for validation unless other pairs are given; the weights \
      that are best there are kept. Sizes and the length of training follow from the pairs unless they are given.

      \(TrainArguments.checkpoints)

      Examples:
        rnn train translate pairs.tsv -o model.safetensors
        rnn train translate --source train.en --target train.de --valid-source val.en --valid-target val.de -o m.safetensors
      """)

  @Argument(help: ArgumentHelp("Tables of sentences and their translations; - is standard input.", valueName: "file"))
  var files: [String] = []

  @OptionGroup(title: "Pairs") var pairs: PairArguments
  @OptionGroup(title: "Pairs") var table: PairTableArguments
  @OptionGroup(title: "Pairs") var validation: PairValidationArguments
  @OptionGroup(title: "Pairs") var texts: TranslatorTextArguments
  @OptionGroup var common: TrainArguments
  @OptionGroup(title: "Model") var extensions: ExtensionArguments
  @OptionGroup(title: "Model") var translator: TranslatorModelArguments
  @OptionGroup(title: "Training") var goal: TranslatorGoalArguments

  var inputs: [String] { get throws { try pairs.files(files).paths + (try validation.files()?.paths ?? []) + [texts.tokens?.file].compactMap(\.self) } }

  func trainer(_ view: inout TrainingView) throws -> TranslatorTrainer {
    let options = try self.options()
    let start = try common.model.from.map { try Translator(contentsOf: $0) }
    let requiresUTF8 = !(start?.source.kind ?? options.tokens ?? .bpe).readsAnything, own = pairs.options(table)
    let read = try SentencePairs(reading: try pairs.files(files), options: own, requiresUTF8: requiresUTF8) { view.showReading(texts: $0) }
    view.messages(onSources: read.descriptions)
    let measured = try validation.files().map { try SentencePairs(reading: $0, options: own, requiresUTF8: requiresUTF8) }
    return try TranslatorTrainer(read, validation: measured, from: start, options: options)
  }

  private func options() throws -> TranslatorTrainingOptions {
    let model = common.model
    return TranslatorTrainingOptions(
      cell: try model.givenCell, tokens: texts.tokens?.kind,
      vocabulary: try texts.tokens.map { try $0.vocabulary(or: texts.vocabulary) } ?? texts.vocabulary,
      tokenizer: try texts.tokens?.tokenizer(), sharesTokens: texts.sharedTokens, hidden: model.hidden, layers: model.layers, embedding: model.embedding, projection: model.projection, attention: translator.attention,
      tiedEmbeddings: translator.tiedEmbeddings, dropout: model.dropout, weightDrop: translator.weightDrop,
      labelSmoothing: goal.labelSmoothing, longest: texts.longest, criterion: goal.best, validationFraction: validation.validationPart ?? TranslatorDefaults.validationFraction,
      initialization: model.initialization, training: try common.options(extends: extensions.extend))
  }
}

struct PairValidationArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Tables of pairs to measure on, instead of some of the pairs; may be given several times.", valueName: "file"))
  var valid: [String] = []

  @Option(help: ArgumentHelp("Sentences to measure on, a line each, instead of some of the pairs.", valueName: "file"))
  var validSource: String?

  @Option(help: ArgumentHelp("Their translations, line by line.", valueName: "file"))
  var validTarget: String?

  @Option(help: ArgumentHelp("The part of the sentences to measure on; with 0 all are trained on, and the last weights are kept. (default: \(TranslatorDefaults.validationFraction))", valueName: "part"), limit: Limits.heldPart)
  var validationPart: Double?

  func validate() throws {
    try ValidationPart.check(validationPart, hasOwn: !valid.isEmpty, "--valid")
    try ValidationPart.check(validationPart, hasOwn: validSource != nil, "--valid-source")
  }

  func files() throws -> PairFiles? {
    switch (validSource, validTarget) {
    case (nil, nil): return valid.isEmpty ? nil : .tables(valid)
    case (let source?, let target?):
      if !valid.isEmpty { throw RNNError(.usage, "pairs to measure on stand in tables or in --valid-source and --valid-target, not in both") }
      return .lines(source: source, target: target)
    default: throw RNNError(.usage, "--valid-source and --valid-target go together: sentences and their translations, line by line")
    }
  }
}

struct TranslatorTextArguments: ParsableArguments {
  @Option(help: ArgumentHelp("What a token is: words, characters, bytes, or what frequent pairs of bytes are merged to, a vocabulary of so many: bpe:4000, or, on both sides, that of a file: bpe:tokenizer.json. (default: bpe)", valueName: "kind"))
  var tokens: TokensArgument?

  @Option(help: ArgumentHelp("With words or bpe: the number of tokens of each side at most.", valueName: "n"), limit: Limits.vocabulary)
  var vocabulary: Int?

  @Flag(help: "Both sides have the same tokens.")
  var sharedTokens = false

  @Option(help: ArgumentHelp("Pairs with more tokens on one side are left out.", valueName: "n"), limit: Limits.textLength)
  var longest: Int?
}

struct TranslatorModelArguments: ParsableArguments {
  @Option(help: ArgumentHelp("How the decoder's states and the encoder's are compared. (default: \(Attention.Score.general.rawValue))", valueName: "score"))
  var attention: Attention.Score?

  @Flag(inversion: .prefixedNo, help: "The output layer's weights are the vectors of the target's tokens. (default: --tied-embeddings)")
  var tiedEmbeddings: Bool?

  @Option(help: ArgumentHelp("The rate at which weights between the states of two steps are dropped while training. (default: 0)", valueName: "rate"), limit: Limits.rate)
  var weightDrop: Double?
}

struct TranslatorGoalArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The part of the probability that every token to predict shares with all others.", valueName: "part"), limit: Limits.rate)
  var labelSmoothing = TranslatorDefaults.labelSmoothing

  @Option(help: ArgumentHelp("What the weights that are kept are best in.", valueName: "figure"))
  var best = TranslatorTrainingOptions.Criterion.bleu
}

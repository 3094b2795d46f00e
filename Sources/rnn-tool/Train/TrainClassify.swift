import ArgumentParser
import RNN

extension ClassifierTrainingOptions.Criterion: ExpressibleByArgument {}
extension Pooling: ExpressibleByArgument {}

struct TrainClassify: TrainCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify", abstract: "Train a model that says what class a text belongs to.",
    discussion: """
      Texts and their labels come from a table (CSV, TSV), from lines of a label and a text, from trees with a label on every \
      phrase, or from a file for each label; what files are is found out and said. A tenth of each class is for validation \
      unless --valid names other texts; the weights that are best there are kept. Once settings are found, --validation-part 0 \
      trains on all. Sizes and the length of training follow from \
      the texts unless they are given.

      With --from training starts from a classifier, or from the embedding and the recurrent layers of a language model. Labels that \
      a classifier doesn't know take the place of its own, with a new output layer, or are added to them with --extend.

      \(TrainArguments.checkpoints)

      Examples:
        rnn train classify reviews.tsv -o model.safetensors
        rnn train classify mails.csv --text-column 3 --label-column 1 -o m.safetensors
        rnn train classify good.txt bad.txt -o m.safetensors --from language.safetensors
        rnn train classify more.tsv -o new.safetensors --from model.safetensors --extend
      """)

  @Argument(help: ArgumentHelp("Labelled texts; - is standard input.", valueName: "file"))
  var files: [String]

  @OptionGroup(title: "Texts") var labelled: LabelledArguments
  @OptionGroup(title: "Texts") var texts: ClassifierTextArguments
  @OptionGroup var common: TrainArguments
  @OptionGroup(title: "Model") var extensions: ExtensionArguments
  @OptionGroup(title: "Model") var classifier: ClassifierModelArguments
  @OptionGroup(title: "Training") var goal: ClassifierGoalArguments

  var inputs: [String] { files + texts.valid + [texts.tokens?.file].compactMap(\.self) }

  func trainer(_ view: inout TrainingView) throws -> ClassifierTrainer {
    let options = try self.options()
    let start = try common.model.from.map(Self.origin)
    let requiresUTF8 = !((options.tokens ?? start?.tokenizer.kind)?.readsAnything ?? false)
    let read = try LabelledTexts(reading: files, options: try labelled.options(phrases: texts.phrases), requiresUTF8: requiresUTF8) {
      view.showReading(texts: $0)
    }
    view.messages(onSources: read.descriptions)
    var validation: LabelledTexts?
    if !texts.valid.isEmpty {
      validation = try LabelledTexts(
        reading: texts.valid, options: try labelled.options(phrases: false), requiresUTF8: requiresUTF8, labels: read.labels)
    }
    return try ClassifierTrainer(read, validation: validation, from: start, options: options)
  }

  /// The model in a file, if a classifier can start from it.
  private static func origin(_ path: String) throws -> any ClassifierOrigin {
    let file = try TrainedModel.file(path)
    switch file.metadata["task"] {
    case TextClassifier.task: return try TextClassifier(file, source: path)
    case LanguageModel.task: return try LanguageModel(file, source: path)
    case let other: throw RNNError(.badData, "\(path): it is a model for the task “\(other ?? "")”, expected “\(TextClassifier.task)” or “\(LanguageModel.task)”")
    }
  }

  private func options() throws -> ClassifierTrainingOptions {
    let model = common.model
    return ClassifierTrainingOptions(
      cell: try model.givenCell, tokens: texts.tokens?.kind,
      vocabulary: try texts.tokens.map { try $0.vocabulary(or: texts.vocabulary) } ?? texts.vocabulary, tokenizer: try texts.tokens?.tokenizer(),
      lowercase: texts.lowercase, splitsSigns: texts.splitSigns, hidden: model.hidden, layers: model.layers,
      embedding: model.embedding, projection: model.projection, bidirectional: classifier.bidirectional,
      pooling: try classifier.poolings(), dropout: model.dropout, wordDropout: classifier.wordDropout,
      weightDrop: classifier.weightDrop, longest: texts.longest, classWeights: try goal.weights(), criterion: goal.best,
      validationFraction: texts.validationPart ?? ClassifierDefaults.validationFraction, initialization: model.initialization, training: try common.options(extends: extensions.extend))
  }
}

struct ClassifierTextArguments: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Of trees, every phrase is a text to train on; measured are sentences.")
  var phrases = true

  @Option(help: ArgumentHelp("Texts to measure on, instead of some of the texts; may be given several times.", valueName: "file"))
  var valid: [String] = []

  @Option(help: ArgumentHelp("The part of the texts to measure on, of each class; with 0 all are trained on, and the last weights are kept. (default: \(ClassifierDefaults.validationFraction))", valueName: "part"), limit: Limits.heldPart)
  var validationPart: Double?

  @Option(help: ArgumentHelp("What a token is: words, characters, bytes, or what frequent pairs of bytes are merged to, a vocabulary of so many: bpe:4000, or that of a file: bpe:tokenizer.json. (default: words, or characters where texts have hardly two)", valueName: "kind"))
  var tokens: TokensArgument?

  @Option(help: ArgumentHelp("With words and bpe: the number of tokens at most. (default: \(ClassifierDefaults.vocabulary), \(Tokenizer.Kind.bpe.defaultVocabulary))", valueName: "n"), limit: Limits.vocabulary)
  var vocabulary: Int?

  @Flag(inversion: .prefixedNo, help: "Letters become small ones. (default: with words)")
  var lowercase: Bool?

  @Flag(inversion: .prefixedNo, help: "Signs become words of their own. (default: with words)")
  var splitSigns: Bool?

  @Option(help: ArgumentHelp("The most tokens of a text that are read.", valueName: "n"), limit: Limits.textLength)
  var longest: Int?

  func validate() throws { try ValidationPart.check(validationPart, hasOwn: !valid.isEmpty, "--valid") }
}

struct ClassifierModelArguments: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Read texts in both directions. (default: unless --from is a language model)")
  var bidirectional: Bool?

  @Option(help: ArgumentHelp("What becomes of the outputs over time: last, mean, max, or several: last,max.", valueName: "pooling"))
  var pooling: String?

  @Option(help: ArgumentHelp("The rate at which tokens are taken for unknown ones while training.", valueName: "rate"), limit: Limits.rate)
  var wordDropout: Double?

  @Option(help: ArgumentHelp("The rate at which weights between the states of two steps are dropped while training. (default: 0)", valueName: "rate"), limit: Limits.rate)
  var weightDrop: Double?

  func poolings() throws -> [Pooling]? {
    try pooling?.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let pooling = Pooling(rawValue: String(name)) else {
        throw RNNError(.usage, "found --pooling \(name); expected \(Pooling.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      return pooling
    }
  }
}

struct ClassifierGoalArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How much classes count in the loss: none (every text the same), balanced (every class the same), root (between them), or spam=5,ham=1.",
      valueName: "weights"))
  var classWeights = "none"

  @Option(help: ArgumentHelp("What the weights that are kept are best in.", valueName: "figure"))
  var best = ClassifierTrainingOptions.Criterion.accuracy

  func weights() throws -> ClassWeights {
    switch classWeights {
    case "none": return .none
    case "balanced": return .balanced
    case "root": return .root
    default:
      let pairs = try LabelledArguments.pairs(classWeights, "--class-weights").map { label, text in
        guard let weight = Double(text) else { throw RNNError(.usage, "found --class-weights \(label)=\(text); expected a number") }
        return (label, weight)
      }
      return .given(try Dictionary(pairs) { _, _ in throw RNNError(.usage, "--class-weights names a class twice: \(classWeights)") })
    }
  }
}

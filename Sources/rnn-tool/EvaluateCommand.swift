import ArgumentParser
import RNN

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a model on texts that it was not trained on.",
    discussion: """
      A model of text predicts every token but the first from all before it. With one row (the default) the text is read from \
      end to end and the result is exact; more rows are faster and each but the first begins with a stretch that doesn't count.

      A classifier says what class each text belongs to, and that is compared with the texts' labels. Of trees, whole sentences \
      are measured.

      Examples:
        rnn evaluate model.safetensors held-out.txt --json
        rnn evaluate classifier.safetensors test.tsv
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("The texts; - is standard input.", valueName: "file"))
  var texts: [String]

  @Option(help: ArgumentHelp("With a model of text: read it in so many rows at once. (default: 1)", valueName: "n"))
  var rows: Int?

  @OptionGroup(title: "Labelled texts, for a classifier") var others: OtherModelsArguments
  @OptionGroup(title: "Labelled texts, for a classifier") var labelled: LabelledArguments

  @Flag(help: "No progress on standard error; with --json there is none either.")
  var quiet = false

  @OptionGroup var threads: ThreadArguments
  @OptionGroup var json: JSONArguments

  private struct Result: Encodable {
    let model: String
    let text: String
    let rows: Int
    let tokens: Int
    let unknown: Int
    let characters: Int
    let bytes: Int
    let natsPerToken: Double
    let natsPerCharacter: Double
    let natsPerByte: Double
    let bitsPerCharacter: Double
    let bitsPerByte: Double
    let perplexity: Double
  }

  func run() throws {
    threads.apply()
    switch try TrainedModel(contentsOf: model) {
    case .generate(let model):
      if labelled.isGiven || !others.models.isEmpty { throw RNNError(.usage, "\(self.model) is a model of text: columns, labels, formats and further models are for classifiers") }
      try evaluate(model)
    case .classify(let model):
      if rows != nil { throw RNNError(.usage, "\(self.model) is a classifier: --rows is for models of text") }
      let metrics = try others.session(with: model).evaluate(reading: texts, options: labelled.options(phrases: false))
      try ClassificationReport(metrics, labels: model.labels, model: self.model, texts: texts).print(asJSON: json.json)
    case .forecast:
      throw RNNError(.usage, "\(self.model) is a model of series")
    }
  }

  private func evaluate(_ model: LanguageModel) throws {
    let rows = rows ?? 1
    let corpus = try TextCorpus(reading: texts)
    let result = try measure(model, corpus, rows: rows)
    guard result.nats.isFinite else { throw RNNError(.badData, "\(self.model): the loss on \(corpus.name) is not a number") }
    if json.json {
      return try Output.json(
        Result(
          model: self.model, text: corpus.name, rows: rows, tokens: result.units.tokens, unknown: result.unknown,
          characters: result.units.characters, bytes: result.units.bytes, natsPerToken: result.natsPerToken, natsPerCharacter: result.natsPerCharacter,
          natsPerByte: result.natsPerByte, bitsPerCharacter: result.bitsPerCharacter, bitsPerByte: result.bitsPerByte,
          perplexity: result.perplexity))
    }
    func number(_ value: Double) -> String { HumanFormat.fixed(value, 5) }
    let units = result.units
    let unknown = model.tokenizer.unknown == nil ? "" : ", \(result.unknown) of them unknown"
    try Output.write(
      Output.table([
        ("predicted", "\(units.tokens) tokens\(unknown) = \(units.characters) characters = \(units.bytes) bytes: all of \(corpus.name) but the first token"),
        ("nats per token", "\(number(result.natsPerToken))   N / tokens, N = the sum of −ln p(token | all before it)"),
        ("nats per character", "\(number(result.natsPerCharacter))   N / characters (Unicode scalars)"),
        ("nats per byte", "\(number(result.natsPerByte))   N / bytes"),
        ("bits per character", "\(number(result.bitsPerCharacter))   nats per character / ln 2"),
        ("bits per byte", "\(number(result.bitsPerByte))   nats per byte / ln 2"),
        ("perplexity", "\(number(result.perplexity))   exp(nats per token)\(model.tokenizer.kind == .words ? ": per word, a line end being one too" : "")"),
        (
          "read",
          rows == 1
            ? "from end to end, the state carried: exact" : "in \(rows) rows, each but the first after a warm-up of 100 tokens: nearly exact"
        ),
      ]))
  }

  /// Reads the text to count, then to measure: each may take its time.
  private func measure(_ model: LanguageModel, _ corpus: TextCorpus, rows: Int) throws -> LanguageModel.Evaluation {
    var reading = StageView(TrainingProgress.init(reading:of:), isQuiet: quiet || json.json)
    defer { reading.end() }
    let survey = try TextSurvey(corpus, tokens: model.tokenizer.kind) { reading.show($0, of: corpus.count) }
    reading.end()
    var predicting = StageView(TrainingProgress.init(predicting:of:), isQuiet: quiet || json.json)
    defer { predicting.end() }
    return try model.evaluate(survey, rows: rows) { predicting.show($0, of: $1) }
  }
}

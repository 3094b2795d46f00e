import ArgumentParser
import RNN

struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a model on texts or series that it was not trained on.",
    discussion: """
      A model of text predicts every token but the first from all before it. With one row (the default) the text is read from \
      end to end and the result is exact; more rows are faster and each but the first begins with a stretch that doesn't count.

      A classifier says what class each text belongs to, and that is compared with the texts' labels. Of trees, whole sentences \
      are measured.

      A translator translates sentences, and BLEU and chrF2 compare that with their translations in a table, or in the file \
      --target beside --source. Both are those of sacreBLEU with its defaults.

      A transcriber writes down what is said in the clips of lists, and that is compared with the lists' texts: the rates of wrong \
      words and characters are those of jiwer.

      A model of series forecasts again and again as time goes on, and so do rules that need no training: the last value again, the \
      last season again, and a linear function of the last values. What the model has not seen is measured unless --split or \
      --test-file says otherwise.

      Examples:
        rnn evaluate model.safetensors held-out.txt --json
        rnn evaluate classifier.safetensors test.tsv
        rnn evaluate translator.safetensors --source test.en --target test.de
        rnn evaluate transcriber.safetensors test.tsv
        rnn evaluate weather.safetensors weather.csv --split rest/0/365
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("The texts, or tables of series or of pairs, or lists of clips; - is standard input.", valueName: "file"))
  var texts: [String] = []

  @Option(help: ArgumentHelp("With a model of text: read it in so many rows at once. (default: 1)", valueName: "n"), limit: Limits.rows)
  var rows: Int?

  @OptionGroup(title: "Labelled texts, for a classifier") var others: OtherModelsArguments
  @OptionGroup(title: "Labelled texts, for a classifier") var labelled: LabelledArguments

  @OptionGroup(title: "Pairs, for a translator") var pairs: PairArguments
  @OptionGroup(title: "Pairs, for a translator") var beam: BeamArguments

  @OptionGroup(title: "Clips, for a transcriber") var clips: ClipArguments
  @OptionGroup(title: "Clips, for a transcriber") var search: TranscriptSearchArguments

  @Flag(help: "With a transcriber: hear clips as streams, 10 ms at a time, and measure how soon each step is heard.")
  var stream = false

  @Flag(help: "With a transcriber: choose --lm-weight and --length-bonus that do best on these clips, which should be held out from training and test.")
  var tune = false

  @OptionGroup(title: "Series") var backtest: BacktestArguments

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
    let trained = try TrainedModel(contentsOf: model)
    if clips.isGiven || search.isGiven || stream || tune, !trained.isTranscriber {
      throw RNNError(.usage, "--folder, columns of clips, --lm, --stream and --tune are for transcribers, which \(model) is not")
    }
    switch trained {
    case .transcribe(let model):
      try requireTexts()
      if rows != nil || !others.models.isEmpty {
        throw RNNError(.usage, "\(self.model) is a transcriber: --rows is for models of text, further models are for classifiers")
      }
      if backtest.isGiven { throw notOfSeries() }
      let list = try ClipList(contentsOf: texts, options: clips.options(try labelled.tableOnly()))
      let packed: Transcriber.Packed
      var options: TranscriptionOptions
      (packed, options) = try search.prepared(model, beam: beam.beam)
      if tune {
        if search.lmWeight != nil || search.lengthBonus != nil { throw RNNError(.usage, "--tune finds --lm-weight and --length-bonus") }
        options = try packed.tuned(options, on: list.clips)
      }
      try TranscriptionReport(packed, list, options, asStreams: stream, isQuiet: quiet || json.json).print(model: self.model, asJSON: json.json)
    case .translate(let model):
      if rows != nil || !others.models.isEmpty {
        throw RNNError(.usage, "\(self.model) is a translator: --rows is for models of text, further models are for classifiers")
      }
      if backtest.isGiven { throw notOfSeries() }
      try TranslationReport(model, pairs.files(texts), options: labelled.pairOptions(pairs), beam.options, isQuiet: quiet || json.json)
        .print(model: self.model, asJSON: json.json)
    case .generate(let model):
      try requireTexts()
      if labelled.isGiven || !others.models.isEmpty { throw RNNError(.usage, "\(self.model) is a model of text: columns, labels, formats and further models are for classifiers") }
      if backtest.isGiven { throw notOfSeries() }
      try evaluate(model)
    case .classify(let model):
      try requireTexts()
      if rows != nil { throw RNNError(.usage, "\(self.model) is a classifier: --rows is for models of text") }
      if backtest.isGiven { throw notOfSeries() }
      let metrics = try others.session(with: model).evaluate(
        reading: texts, options: labelled.options(phrases: false), remark: { Warnings.show([$0]) })
      try ClassificationReport(metrics, labels: model.labels, model: self.model, texts: texts).print(asJSON: json.json)
    case .forecast(let model):
      try requireTexts()
      if rows != nil || labelled.isGiven || !others.models.isEmpty { throw RNNError(.usage, "\(self.model) is a model of series: rows, labels, formats and further models are for models of text") }
      try evaluate(model)
    }
  }

  func validate() throws {
    if texts.isEmpty, !pairs.isGiven { throw ValidationError("Name the texts, or the tables of series, to measure on.") }
  }

  private func requireTexts() throws {
    if pairs.isGiven { throw RNNError(.usage, "--source, --target and their columns are for translators, which \(model) is not") }
  }

  private func notOfSeries() -> RNNError {
    RNNError(.usage, "\(model) is a model of text: horizons, splits and dates are for models of series")
  }

  private func evaluate(_ model: ForecastModel) throws {
    var model = model
    if let paths = backtest.paths { model.paths = paths }
    let (set, parts, warnings) = try backtest.data(texts, model, named: self.model)
    Warnings.show(warnings)
    let test = try Backtest(of: set, parts: parts, horizon: backtest.horizon ?? model.architecture.horizon, stride: backtest.stride ?? 1)
    var fitting = StageView(unit: "values", isQuiet: quiet || json.json)
    let baselines = test.baselines(lags: backtest.linearLags ?? model.architecture.context, log: model.scaler.isLog) { fitting.show($0, of: $1) }
    fitting.end()
    var view = StageView(unit: "forecasts", isQuiet: quiet || json.json)
    defer { view.end() }
    let results = try test.run([model] + baselines) { view.show($0, of: $1) }
    view.end()
    try BacktestReport(
      test, results, descriptions: ["the model, \(self.model)"] + baselines.map(\.description), model: self.model, files: texts + backtest.testFile,
      warnings: warnings
    ).print(asJSON: json.json)
  }

  private func evaluate(_ model: LanguageModel) throws {
    let rows = rows ?? 1
    let corpus = try TextCorpus(reading: texts)
    if model.isUTF8 { try corpus.requireText() }
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
    let survey = try TextSurvey(corpus, by: model.tokenizer) { reading.show($0, of: corpus.count) }
    reading.end()
    if let found = try survey.notUTF8() {
      Warnings.show(["\(found); what is no character counts as one in figures per character"])
    }
    var predicting = StageView(TrainingProgress.init(predicting:of:), isQuiet: quiet || json.json)
    defer { predicting.end() }
    return try model.evaluate(survey, rows: rows) { predicting.show($0, of: $1) }
  }
}

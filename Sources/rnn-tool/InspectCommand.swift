import ArgumentParser
import RNN

struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a model is: its equations, sizes, tensors and notes.",
    discussion: """
      Of a checkpoint also where its run stands, and the best measurement so far.

      Examples:
        rnn inspect model.safetensors
        rnn inspect model.safetensors.checkpoint
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @OptionGroup var json: JSONArguments

  /// Where the run of a checkpoint stands.
  private struct Checkpoint: Encodable {
    struct Best: Encodable {
      let step: Int
      let validationLoss: Double?
      let score: Double?
    }

    let step: Int
    let epoch: Double
    let budget: String
    let isFinished: Bool
    let best: Best?

    init(_ run: TrainingRun) {
      let state = run.state
      (step, epoch, budget, isFinished) = (state.step, Double(state.epoch), "\(run.budget)", state.isFinished)
      best = state.best.map { Best(step: $0.step, validationLoss: $0.validation.isNaN ? nil : $0.validation, score: $0.score.map(abs)) }
    }

    /// In words; the score is what `--best` names.
    func words(_ settings: RunSettings) -> String {
      let place = "after step \(step) of \(budget), in epoch \(Int(epoch) + 1)\(isFinished ? ", finished" : "")"
      guard let best else { return "\(place); nothing measured yet" }
      let figures = [best.validationLoss.map { "validation loss \(HumanFormat.fixed($0, 4))" }, best.score.map { "\(settings["--best"] ?? "score") \(HumanFormat.fixed($0, 4))" }]
      return "\(place); best after step \(best.step)\(figures.compactMap(\.self).map { ", " + $0 }.joined())"
    }
  }

  private struct Description: Encodable {
    struct Entry: Encodable {
      let name: String
      let shape: [Int]
    }

    let model: String
    let task: String
    let cell: String
    let equations: String
    let hidden: Int
    let layers: Int
    var embedding: Int?
    let dropout: Double
    let sizes: [String: Int]
    var tokenizer: String?
    var targetTokenizer: String?
    var attention: String?
    var tiedEmbeddings: Bool?
    var isUtf8: Bool?
    var labels: [String]?
    var bidirectional: String?
    var pooling: [String]?
    var weightDrop: Double?
    var longest: Int?
    var lowercase: Bool?
    var splitsSigns: Bool?
    var kind: String?
    var targets: [String]?
    var past: [String]?
    var known: [String]?
    var frequency: String?
    var seasonality: Int?
    var context: Int?
    var horizon: Int?
    var head: String?
    var scaling: String?
    var log: Bool?
    var autoregression: Bool?
    var calendar: Bool?
    var input: String?
    var stacking: Int?
    var beam: Int?
    var languageModelWeight: Double?
    var checkpoint: Checkpoint?
    let parameters: Int
    let fingerprint: String
    let tensors: [Entry]
    let notes: [String: String]
  }

  func run() throws {
    let content = try TrainedModel.file(model), model = try TrainedModel(content, source: model)
    let run = TrainingCheckpoint.isOne(content) ? try TrainingCheckpoint(content).run : nil
    let file = try model.any.file(), fingerprint = Fingerprint(of: try file.bytes()).description
    let tensors = file.entries.sorted { $0.key < $1.key }.map { Description.Entry(name: $0.key, shape: $0.value.shape) }
    var description: Description
    var rows: [(String, String)]
    switch model {
    case .generate(let model):
      let a = model.architecture
      description = Description(
        model: self.model, task: LanguageModel.task, cell: a.cell.name, equations: a.cell.equations, hidden: a.hidden, layers: a.layers,
        embedding: a.embedding, dropout: a.dropout, sizes: a.sizes, tokenizer: model.tokenizer.description, isUtf8: model.isUTF8,
        parameters: model.parameterCount, fingerprint: fingerprint, tensors: tensors, notes: model.notes)
      rows = [("task", "generate: text, \(model.isUTF8 ? "UTF-8" : "any bytes")")]
    case .classify(let model):
      let a = model.architecture
      description = Description(
        model: self.model, task: TextClassifier.task, cell: a.cell.name, equations: a.cell.equations, hidden: a.hidden, layers: a.layers,
        embedding: a.embedding, dropout: a.dropout, sizes: a.sizes, tokenizer: model.tokenizer.description, labels: model.labels,
        bidirectional: a.bidirectional?.rawValue, pooling: a.pooling.map(\.rawValue), weightDrop: a.weightDrop, longest: a.longest,
        lowercase: model.normalizer.lowercase, splitsSigns: model.normalizer.splitsSigns, parameters: model.parameterCount,
        fingerprint: fingerprint, tensors: tensors, notes: model.notes)
      let changes = [model.normalizer.lowercase ? "small letters" : nil, model.normalizer.splitsSigns ? "signs apart" : nil, model.normalizer.composes ? "composed characters (NFC)" : nil].compactMap(\.self)
      rows = [
        ("task", "classify: \(model.labels.joined(separator: ", "))"),
        ("texts", "\(changes.isEmpty ? "as they are" : changes.joined(separator: ", ")); at most \(a.longest) tokens of each"),
        ("reading", "\(a.bidirectional.map { "both directions (\($0.rawValue))" } ?? "forward"), \(a.pooling.map(\.rawValue).joined(separator: " and ")) over time"),
      ]
    case .translate(let model):
      let a = model.architecture
      description = Description(
        model: self.model, task: Translator.task, cell: a.cell.name, equations: a.cell.equations, hidden: a.hidden, layers: a.layers,
        embedding: a.embedding, dropout: a.dropout, sizes: a.sizes, tokenizer: model.source.description,
        targetTokenizer: model.target.description, attention: a.attention.rawValue, tiedEmbeddings: a.tiedEmbeddings,
        weightDrop: a.weightDrop, parameters: model.parameterCount, fingerprint: fingerprint, tensors: tensors, notes: model.notes)
      rows = [
        ("task", "translate"), ("target tokens", model.target.description),
        ("decoder", "attention \(a.attention.rawValue), input feeding, \(a.tiedEmbeddings ? "output weights are the target's embedding" : "output weights of its own")"),
      ]
    case .transcribe(let model):
      let a = model.architecture
      description = Description(
        model: self.model, task: Transcriber.task, cell: a.cell.name, equations: a.cell.equations, hidden: a.hidden, layers: a.layers,
        dropout: a.dropout, sizes: a.sizes, tokenizer: model.tokenizer.description, bidirectional: a.bidirectional?.rawValue,
        weightDrop: a.weightDrop, input: "\(model.input)", stacking: a.stacking, beam: model.search.beam,
        languageModelWeight: model.languageModel.map { _ in model.search.languageModelWeight }, parameters: model.parameterCount,
        fingerprint: fingerprint, tensors: tensors, notes: model.notes)
      rows = [
        ("task", "transcribe"), ("input", "\(model.input); \(a.stacking) to a step"),
        ("hearing", a.bidirectional.map { "both directions (\($0.rawValue))" } ?? "forward, streams too"),
        ("search", TranscriptionReport.words(model.search, hasLanguageModel: model.languageModel != nil)),
      ]
    case .forecast(let model):
      let a = model.architecture, v = model.variables
      description = Description(
        model: self.model, task: ForecastModel.task, cell: a.cell.name, equations: a.cell.equations, hidden: a.hidden, layers: a.layers,
        embedding: a.vector, dropout: a.dropout, sizes: a.sizes, kind: a.kind.description, targets: v.targets, past: v.past, known: v.known,
        frequency: "\(v.frequency)", seasonality: v.seasonality, context: a.context, horizon: a.horizon, head: a.head.name,
        scaling: model.scaler.kind.rawValue, log: model.scaler.isLog, autoregression: a.autoregression, calendar: a.calendar,
        parameters: model.parameterCount, fingerprint: fingerprint, tensors: tensors, notes: model.notes)
      rows = [
        ("task", "forecast: \(v.targets.joined(separator: ", "))"),
        ("known now", v.past.joined(separator: ", ")), ("known ahead", (v.known + (a.calendar ? ["the clock"] : [])).joined(separator: ", ")),
        ("steps", "every \(v.frequency), a season every \(v.seasonality); \(a.context) are looked at to predict \(a.horizon)"),
        ("kind", "\(a.kind)\(a.autoregression ? "; a linear function is added" : "")"),
        ("predicted", "\(a.head.name)\(model.scaler.isLog ? " of logarithms" : ""); scaling: \(model.scaler.kind.rawValue)"),
      ].filter { !$0.1.isEmpty }
    }
    description.checkpoint = run.map(Checkpoint.init)
    if json.json { return try Output.json(description) }
    let d = description
    let others = d.sizes.sorted { $0.key < $1.key }.map { ", \($0.key) \($0.value)" }.joined()
    if let run, let checkpoint = d.checkpoint { rows.insert(("checkpoint", checkpoint.words(run.settings)), at: 0) }
    rows = [("model", self.model)] + rows + (d.tokenizer.map { [("tokens", $0)] } ?? []) + [
      ("layers", "\(d.layers) × \(d.cell) with \(d.hidden) units\(others)\(d.embedding.map { ", embedding \($0)" } ?? ""), dropout \(d.dropout)"),
      ("parameters", "\(d.parameters)"),
      ("fingerprint", d.fingerprint),
    ]
    try Output.write(Output.table(rows))
    try Output.write("\nequations\n" + d.equations.split(separator: "\n").map { "  \($0)\n" }.joined())
    try Output.write("\ntensors\n" + Output.table(tensors.map { ("  " + $0.name, $0.shape.map(String.init).joined(separator: " × ")) }))
    if !d.notes.isEmpty {
      // A run is kept as JSON.
      let notes = d.notes.mapValues { text in TrainingRun(json: text).map { "\($0.budget) \($0.settings)" } ?? text }
      try Output.write("\nnotes\n" + Output.table(notes.sorted { $0.key < $1.key }.map { ("  " + $0.key, $0.value) }))
    }
  }
}

public import RNNData
import RNNTensor
public import RNNTraining

/// Trains a model of text from beginning to end: cuts off a part for validation, chooses sizes, trains, keeps the best
/// weights, writes checkpoints and goes on from them, and writes the finished model.
///
/// ```swift
/// var trainer = try TextTrainer(TextCorpus(reading: ["corpus.txt"]), options: TextTrainingOptions())
/// let outcome = try trainer.train(to: "model.safetensors")
/// ```
public struct TextTrainer: Trainer {
  public let options: TextTrainingOptions
  public let initial: LanguageModel
  public var loop: TrainingLoop<TextTraining>
  /// How the text was divided, in words.
  public let division: String
  /// What one token of the validation part is on average, in characters and bytes.
  public let validationUnits: TextUnits
  /// Whether tokens are words, which are measured by their perplexity.
  public var isOfWords: Bool { initial.tokenizer.kind == .words }
  public let origin: TrainingOrigin?
  /// Whether standard input is among the texts: then nobody can read it again to resume.
  public let readsStandardInput: Bool
  /// What is doubtful in the texts.
  public let warnings: [String]
  private let trainedOn: String

  /// Reads the texts once, from end to end; for byte-pair encoding twice. Only what is small of them is in memory then (``TextCorpus``).
  ///
  /// - Parameters:
  ///   - validation: a text to measure on; by default stretches of `corpus`, which then aren't trained on.
  ///   - start: a model whose weights training starts with.
  ///   - reading: called now and then with the number of bytes read and of all.
  /// Throws `.usage` for options that can't be, too little memory among them, `.badData` for a text that is too short or not
  /// what `tokens` expects; as for reading a file, where there is one.
  public init(
    _ corpus: TextCorpus, validation: TextCorpus? = nil, from start: LanguageModel? = nil, options: TextTrainingOptions = .init(),
    reading: (_ bytes: Int, _ all: Int) -> Void = { _, _ in }
  ) throws {
    self.options = options
    let kind = start?.tokenizer.kind ?? options.tokens ?? .bytes
    try kind.checkVocabulary(options.vocabulary)
    var origin = try start.map { (start) throws(RNNError) in try TrainingOrigin(start, options.training) }
    // A tokenizer that is known before the text is read, and isn't added to.
    var given = options.tokenizer
    if let own = start?.tokenizer {
      try origin?.check(tokens: options.tokens, options.tokenizer, vocabulary: options.vocabulary, against: own)
      given = kind.readsAnything ? own : nil
    }
    for text in [corpus, validation].compactMap(\.self) where kind != .bytes { try text.requireText() }
    let split = try corpus.split(validation: validation == nil ? TextDefaults.validationFraction : 0)
    // Pairs are learnt before it is known what tokens the text has.
    let readings = kind == .bpe && given == nil ? 2 : 1
    let all = readings * split.trainingBytes + (validation?.count ?? split.validationBytes)
    func survey(by tokenizer: Tokenizer, after bytes: Int) throws -> TextSurvey {
      try TextSurvey(corpus, in: split.training, by: tokenizer, countingFrequencies: true) { reading(bytes + $0, all) }
    }
    var training: TextSurvey
    let tokenizer: Tokenizer
    if let given {
      tokenizer = given
      training = try survey(by: given, after: 0)
    } else {
      training = try TextSurvey(corpus, in: split.training, tokens: kind, countingFrequencies: true) { reading($0, all) }
      if let own = start?.tokenizer {
        tokenizer = try origin?.tokenizer(own, vocabulary: options.vocabulary, new: kind.defaultVocabulary) { training.tokenizer(vocabulary: $0) } ?? own
      } else {
        tokenizer = training.tokenizer(vocabulary: options.vocabulary)
      }
      if readings > 1 { training = try survey(by: tokenizer, after: split.trainingBytes) }
    }
    self.origin = origin
    let held = try TextSurvey(validation ?? corpus, in: validation == nil ? split.validation : nil, by: tokenizer) {
      reading(readings * split.trainingBytes + $0, all)
    }
    if !kind.readsAnything, !(training.areSourcesUTF8 && held.areSourcesUTF8) {
      try validation?.requireUTF8()
      try corpus.requireUTF8()
    }
    var warnings: [String] = []
    if !(training.areSourcesUTF8 && held.areSourcesUTF8) {
      for text in [corpus, validation].compactMap(\.self) { warnings += try Self.warnings(text) }
    }
    if let validation, training.fingerprint == held.fingerprint { warnings.append(ValidationWarning.same(validation.name)) }
    self.warnings = warnings
    division = validation.map { "all \(training.bytes) bytes for training, \($0.name) (\($0.count) bytes) for validation" } ?? split.description
    guard held.tokens > 1 else {
      let part = validation?.name ?? "the part of \(corpus.name) for validation"
      throw RNNError(.badData, "\(part) is too short to measure on: expected at least 2 \(kind == .bpe ? "tokens" : kind.rawValue)")
    }
    let defaults = TextDefaults(bytes: training.bytes, tokens: kind)
    let settings = options.settings(defaults)
    var model = try LanguageModel(layersOf: try options.architecture(defaults, from: start), tokenizer: tokenizer, isUTF8: training.isUTF8)
    let shape = options.shape(defaults)
    var memory = TrainingMemory(model.parts, settings, advice: "--hidden, --layers, --embedding, --vocabulary, --batch or --sequence-length")
    // Where memory is given, sequences are cut so that they fit.
    if options.memory == nil { memory.add(model.stack, steps: min(Double(shape.rows) * Double(shape.length), Double(training.tokens))) }
    try memory.check()
    try model.draw(seed: options.training.seed, options.initialization)
    // Who says how weights begin means all of them.
    if options.initialization.range == nil { model.begin(withFrequencies: training.frequencies(of: tokenizer)) }
    if let start { try TrainingOrigin.check(options.initialization, hasAllWeights: model.start(from: start)) }
    initial = model
    let task = try TextTraining(initial, training: training, validation: held, shape: shape, seed: options.training.seed, memory: options.memory)
    loop = try TrainingLoop(
      task: task, weights: initial.weights, settings: settings, begunWith: options.initialization.settings + (origin?.settings ?? [:]),
      stepsBetweenMeasurements: TextDefaults.stepsBetweenMeasurements)
    validationUnits = held.predictedUnits
    let sources = corpus.sources + (validation?.sources ?? [])
    readsStandardInput = sources.contains { $0.name == "standard input" }
    // Files by their own names: where they lay says nothing about the model.
    let names = corpus.sources.map { ($0.name.split(separator: "/").last.map(String.init) ?? $0.name) + " (\($0.range.count) bytes)" }
    trainedOn = names.joined(separator: ", ")
  }

  /// What a text has beside characters, which are learnt as bytes all the same.
  private static func warnings(_ text: TextCorpus) throws(RNNError) -> [String] {
    let foreign = try text.foreignSources()
    if !foreign.isEmpty { return foreign.map { "\($0.source.name) is \($0.format.name): its bytes are learnt as they are" } }
    return try text.notUTF8().map { ["\($0); its bytes are learnt as they are"] } ?? []
  }

  public var finishedNotes: [String: String] {
    var notes = ["trained on": trainedOn, "division": division]
    if let best = loop.state.best {
      let result = evaluation(nats: best.validation)
      notes["validation"] = (isOfWords ? "perplexity \(HumanFormat.fixed(result.perplexity, 2)), " : "")
        + "\(HumanFormat.fixed(result.natsPerByte, 4)) nats per byte, \(HumanFormat.fixed(result.bitsPerByte, 4)) bits per byte, after step \(best.step), read in 16 rows"
    }
    return notes
  }

  /// A validation loss, given in nats per token, in all units.
  public func evaluation(nats: Double) -> LanguageModel.Evaluation {
    LanguageModel.Evaluation(nats: nats * Double(validationUnits.tokens), units: validationUnits)
  }
}

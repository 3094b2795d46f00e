public import RNNData
public import RNNTensor
public import RNNTraining

/// Trains a classifier from beginning to end: takes a part of each class for validation, chooses sizes, trains, keeps the best
/// weights, writes checkpoints and goes on from them, and writes the finished model.
///
/// ```swift
/// var trainer = try ClassifierTrainer(LabelledTexts(reading: ["reviews.tsv"]))
/// try trainer.train(to: "model.safetensors")
/// print(try trainer.model.classify("a gripping film").label)
/// ```
public struct ClassifierTrainer: Trainer {
  public let options: ClassifierTrainingOptions
  public let initial: TextClassifier
  public var loop: TrainingLoop<ClassifierTraining>
  /// How the texts were divided, in words.
  public let division: String
  public let readsStandardInput: Bool
  /// What is doubtful in the texts.
  public let warnings: [String]
  private let trainedOn: String
  private let startNote: String?

  /// - Parameters:
  ///   - validation: texts to measure on, of labels that `texts` have; by default some of `texts`, which then aren't trained on.
  ///   - start: a language model whose embedding and recurrent layers training begins with.
  /// Throws `.usage` for options that can't be, `.badData` for texts of only one label and validation texts of an unknown one.
  public init(
    _ texts: LabelledTexts, validation: LabelledTexts? = nil, from start: LanguageModel? = nil,
    options: ClassifierTrainingOptions = .init()
  ) throws(RNNError) {
    self.options = options
    let names = texts.sources.joined(separator: ", ")
    guard texts.labels.count > 1 else {
      throw RNNError(.badData, "\(names.isEmpty ? "" : names + ": ")all \(texts.count) texts have the label ‘\(texts.labels.first ?? "")’; expected at least two labels")
    }
    guard texts.count >= Self.fewestTexts else {
      throw RNNError(.badData, "\(names.isEmpty ? "" : names + ": ")found \(texts.count) texts, expected at least \(Self.fewestTexts)")
    }
    let parts = try texts.split(validation: validation == nil ? options.validationFraction : 0, seed: options.training.seed)
    try options.training.check(
      isMeasured: validation != nil || !parts.validation.isEmpty,
      "texts to measure on; give a part of the texts, or others for validation")
    let wholes = texts.wholes
    let defaults = ClassifierDefaults(
      texts: parts.training.count, words: texts.meanWords(wholes), tokens: options.tokens ?? start?.tokenizer.kind)
    let normalizer = options.normalizer(defaults.tokens, from: start)
    try defaults.tokens.checkVocabulary(options.vocabulary)
    // Words are counted in whole texts: their phrases repeat them.
    let isTraining = Set(parts.training)
    let counted = wholes.filter(isTraining.contains)
    let tokenizer: Tokenizer
    if let start {
      if let given = options.tokenizer, given != start.tokenizer {
        throw RNNError(.usage, "a tokenizer can't be given with a language model to start from, which has another one")
      }
      tokenizer = start.tokenizer
    } else if let given = options.tokenizer {
      tokenizer = given
    } else {
      tokenizer = try texts.tokenizer(
        of: counted.isEmpty ? parts.training : counted, defaults.tokens, normalizer, vocabulary: options.vocabulary ?? (defaults.tokens == .words ? ClassifierDefaults.vocabulary : nil))
    }
    let settings = options.settings(defaults, isStarted: start != nil)
    var model = try TextClassifier(
      layersOf: try options.architecture(defaults, from: start), labels: texts.labels, tokenizer: tokenizer, normalizer: normalizer)
    try TrainingMemory(model.parts, settings, advice: "--hidden, --layers, --embedding or --vocabulary").check()
    try model.draw(seed: options.training.seed, options.initialization)
    if let start {
      for name in start.weights.names where model.weights[name]?.shape == start.weights[name]?.shape { model.weights[name] = start.weights[name] }
    }
    initial = model
    let longest = model.architecture.longest
    let training = texts.encoded(parts.training, by: tokenizer, normalizer, longest: longest)
    let held: EncodedTexts
    if let validation {
      held = try validation.encoded(validation.wholes, by: tokenizer, normalizer, longest: longest, labels: texts.labels)
    } else {
      held = texts.encoded(parts.validation, by: tokenizer, normalizer, longest: longest)
    }
    let counts = texts.counts(of: parts.training)
    let rows = options.training.batch ?? defaults.batch
    var memory = TrainingMemory(model.parts, settings, advice: "--hidden, --layers, --embedding, --longest or --batch")
    memory.add(model.stack, steps: Self.meanSteps((0..<training.count).map(training.length), rows: rows))
    try memory.check()
    let task = try ClassifierTraining(
      model, training: training, validation: held, classWeights: try options.classWeights.weights(counts, texts.labels),
      wordDropout: options.wordDropout ?? defaults.wordDropout, criterion: options.criterion, rows: rows,
      seed: options.training.seed,
      data: [
        "set of texts": texts.fingerprint, "set of texts to measure on": validation?.fingerprint,
        "--validation-part": validation == nil ? options.validationFraction : nil,
      ])
    loop = try TrainingLoop(
      task: task, weights: model.weights, settings: settings,
      begunWith: options.initialization.settings + ["model to start from": try start?.fingerprint()],
      stepsBetweenMeasurements: Self.stepsBetweenMeasurements(perEpoch: task.stepsPerEpoch, about: 500))
    let cut = training.cut > 0 ? ", \(training.cut) of them longer than \(longest) tokens and read up to there" : ""
    division = "\(training.count) texts for training\(cut), \(held.count > 0 ? "\(held.count)" : "none") for validation, \(texts.labels.count) classes"
    readsStandardInput = (texts.sources + (validation?.sources ?? [])).contains("standard input")
    trainedOn = (texts.sources + (validation?.sources ?? [])).joined(separator: ", ")
    warnings = texts.warnings + (validation.flatMap { Self.warning(texts, $0) }.map { [$0] } ?? [])
    startNote = try start.map { start throws(RNNError) in "a language model, \(try start.fingerprint())" }
  }

  private static let fewestTexts = 4

  /// Where texts to measure on are among those to train on.
  private static func warning(_ texts: LabelledTexts, _ validation: LabelledTexts) -> String? {
    let known = Set(texts.wholes.map(texts.text)), held = validation.wholes
    let shared = held.count { known.contains(validation.text($0)) }
    return ValidationWarning.overlap(shared, of: held.count, "texts", in: validation.sources, isSame: held.count == texts.wholes.count)
  }

  /// How well the best weights so far classify the validation part; nil if there is none.
  public func metrics() throws(RNNError) -> ClassificationMetrics? { try loop.task.metrics(loop.best) }

  public var finishedNotes: [String: String] {
    var notes = ["trained on": trainedOn, "division": division]
    if let startNote { notes["started from"] = startNote }
    if let best = loop.state.best, let metrics = try? metrics() {
      notes["validation"] =
        "accuracy \(HumanFormat.fixed(metrics.accuracy, 4)), macro-F1 \(HumanFormat.fixed(metrics.macroF1, 4)), log loss \(HumanFormat.fixed(metrics.logLoss, 4)), after step \(best.step)"
    }
    return notes
  }
}

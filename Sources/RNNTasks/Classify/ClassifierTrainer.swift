public import RNNData
public import RNNTensor
public import RNNTraining

/// A model that a classifier can start from. Of a language model it takes the embedding and the recurrent layers.
public protocol ClassifierOrigin: TaskModel {
  var tokenizer: Tokenizer { get }
}

extension LanguageModel: ClassifierOrigin {}
extension TextClassifier: ClassifierOrigin {}

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
  public let origin: TrainingOrigin?
  private let trainedOn: String

  /// - Parameters:
  ///   - validation: texts to measure on, of labels that `texts` have; by default some of `texts`, which then aren't trained on.
  ///   - start: a language model, or a classifier, whose weights training begins with.
  /// Throws `.usage` for options that can't be, `.badData` for texts of only one label and validation texts of an unknown one.
  public init(
    _ texts: LabelledTexts, validation: LabelledTexts? = nil, from start: (any ClassifierOrigin)? = nil,
    options: ClassifierTrainingOptions = .init()
  ) throws(RNNError) {
    self.options = options
    let names = texts.sources.joined(separator: ", ")
    var origin = try start.map { (start) throws(RNNError) in try TrainingOrigin(start, options.training) }
    let labels = (start as? TextClassifier).flatMap { origin?.labels($0.labels, for: texts.labels) } ?? texts.labels
    guard labels.count > 1 else {
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
    func found(_ vocabulary: Int?) throws(RNNError) -> Tokenizer {
      try texts.tokenizer(of: counted.isEmpty ? parts.training : counted, defaults.tokens, normalizer, vocabulary: vocabulary)
    }
    if let own = start?.tokenizer {
      try origin?.check(tokens: options.tokens, options.tokenizer, vocabulary: options.vocabulary, against: own, extendsLabels: start is TextClassifier)
      tokenizer = try origin?.tokenizer(own, vocabulary: options.vocabulary, new: ClassifierDefaults.vocabulary, found: found) ?? own
    } else if let given = options.tokenizer {
      tokenizer = given
    } else {
      tokenizer = try found(options.vocabulary ?? (defaults.tokens == .words ? ClassifierDefaults.vocabulary : nil))
    }
    self.origin = origin
    if let rate = options.wordDropout, rate > 0, tokenizer.unknown == nil {
      throw RNNError(.usage, "word dropout takes tokens for unknown ones, and there are none of \(tokenizer.kind.rawValue)")
    }
    // A language model's weights are larger than first ones, and would hardly be moved.
    let settings = options.settings(defaults, isStarted: start is LanguageModel)
    var model = try TextClassifier(
      layersOf: try options.architecture(defaults, from: start), labels: labels, tokenizer: tokenizer, normalizer: normalizer)
    try TrainingMemory(model.parts, settings, advice: "--hidden, --layers, --embedding or --vocabulary").check()
    try model.draw(seed: options.training.seed, options.initialization)
    if let start { try TrainingOrigin.check(options.initialization, hasAllWeights: model.start(from: start)) }
    initial = model
    let longest = model.architecture.longest
    let training = try texts.encoded(parts.training, by: tokenizer, normalizer, longest: longest, labels: labels)
    let held = try (validation ?? texts).encoded(
      validation?.wholes ?? parts.validation, by: tokenizer, normalizer, longest: longest, labels: labels)
    let counts = texts.counts(of: parts.training)
    let rows = options.training.batch ?? defaults.batch
    var memory = TrainingMemory(model.parts, settings, advice: "--hidden, --layers, --embedding, --longest or --batch")
    memory.add(model.stack, steps: Self.meanSteps((0..<training.count).map(training.length), rows: rows))
    try memory.check()
    // Labels of the origin may not occur here.
    let classWeights = try options.classWeights.weights(counts, texts.labels).map { weights in
      labels.map { label in texts.labels.firstIndex(of: label).map { weights[$0] } ?? 1 }
    }
    let task = try ClassifierTraining(
      model, training: training, validation: held, classWeights: classWeights,
      wordDropout: options.wordDropout ?? defaults.wordDropout, criterion: options.criterion, rows: rows,
      seed: options.training.seed,
      data: [
        "set of texts": texts.fingerprint, "set of texts to measure on": validation?.fingerprint,
        "--validation-part": validation == nil ? options.validationFraction : nil,
      ])
    loop = try TrainingLoop(
      task: task, weights: model.weights, settings: settings,
      begunWith: options.initialization.settings + (origin?.settings ?? [:]),
      stepsBetweenMeasurements: Self.stepsBetweenMeasurements(perEpoch: task.stepsPerEpoch, about: 500))
    let cut = training.cut > 0 ? ", \(training.cut) of them longer than \(longest) tokens and read up to there" : ""
    division = "\(training.count) texts for training\(cut), \(held.count > 0 ? "\(held.count)" : "none") for validation, \(labels.count) classes"
    readsStandardInput = (texts.sources + (validation?.sources ?? [])).contains("standard input")
    trainedOn = (texts.sources + (validation?.sources ?? [])).joined(separator: ", ")
    warnings = texts.warnings + (validation.flatMap { Self.warning(texts, $0) }.map { [$0] } ?? [])
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
    if let best = loop.state.best, let metrics = try? metrics() {
      notes["validation"] =
        "accuracy \(HumanFormat.fixed(metrics.accuracy, 4)), macro-F1 \(HumanFormat.fixed(metrics.macroF1, 4)), log loss \(HumanFormat.fixed(metrics.logLoss, 4)), after step \(best.step)"
    }
    return notes
  }
}

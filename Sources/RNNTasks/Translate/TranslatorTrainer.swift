public import RNNData
public import RNNTensor
public import RNNTraining

/// Trains a translator from beginning to end: takes some sentences for validation, chooses sizes, trains, keeps the best weights,
/// writes checkpoints and goes on from them, and writes the finished model.
///
/// ```swift
/// var trainer = try TranslatorTrainer(SentencePairs(reading: .tables(["pairs.tsv"])))
/// try trainer.train(to: "model.safetensors")
/// print(try Translator.Packed(trainer.model).translate("a dog runs"))
/// ```
public struct TranslatorTrainer: Trainer {
  public let options: TranslatorTrainingOptions
  public let initial: Translator
  public var loop: TrainingLoop<TranslatorTraining>
  /// How the pairs were divided, in words.
  public let division: String
  public let origin: TrainingOrigin?
  public let readsStandardInput: Bool
  /// What is doubtful in the pairs.
  public let warnings: [String]
  private let trainedOn: String
  private let example: [UInt8]?

  /// - Parameters:
  ///   - validation: pairs to measure on; by default some of `pairs`, whose sentences then aren't trained on.
  ///   - start: a translator whose weights training begins with.
  /// Throws `.usage` for options that can't be, `.badData` for too few pairs.
  public init(
    _ pairs: SentencePairs, validation: SentencePairs? = nil, from start: Translator? = nil, options: TranslatorTrainingOptions = .init()
  ) throws(RNNError) {
    self.options = options
    let names = pairs.sources.joined(separator: ", "), seed = options.training.seed
    let parts = try pairs.split(
      validation: validation == nil ? options.validationFraction : 0, most: TranslatorDefaults.mostValidated, seed: seed)
    guard parts.training.count >= Self.fewestPairs else {
      throw RNNError(
        .badData,
        "\(names.isEmpty ? "" : names + ": ")found \(parts.training.count) pairs to train on with a word on both sides, expected at least \(Self.fewestPairs)")
    }
    try options.training.check(
      isMeasured: validation != nil || !parts.validation.isEmpty,
      "pairs to measure on; give a part of the pairs, or others for validation")
    let defaults = TranslatorDefaults(pairs: parts.training.count, tokens: start?.source.kind ?? options.tokens)
    let normalizer = start?.normalizer ?? .composed
    var origin = try start.map { (start) throws(RNNError) in try TrainingOrigin(start, options.training) }
    func found(_ side: SentencePairs.Side?, _ vocabulary: Int?) throws(RNNError) -> Tokenizer {
      try pairs.tokenizer(of: parts.training, side, defaults.tokens, normalizer, vocabulary: vocabulary)
    }
    func tokenizer(_ side: SentencePairs.Side?, extending own: Tokenizer?) throws(RNNError) -> Tokenizer {
      guard let own else {
        if let given = options.tokenizer { return given }
        return try found(side, options.vocabulary ?? defaults.vocabulary)
      }
      try origin?.check(tokens: options.tokens, options.tokenizer, vocabulary: options.vocabulary, against: own)
      let name = side.map { $0 == .source ? "the sentences" : "the translations" } ?? "both sides"
      return try origin?.tokenizer(own, vocabulary: options.vocabulary, new: defaults.vocabulary ?? 0, of: name) { (most) throws(RNNError) in
        try found(side, most)
      } ?? own
    }
    let sharesTokens = start?.sharesTokens ?? options.sharesTokens
    let source = try tokenizer(sharesTokens ? nil : .source, extending: start?.source)
    let target = sharesTokens ? source : try tokenizer(.target, extending: start?.target)
    self.origin = origin
    let settings = options.settings(defaults)
    var model = try Translator(layersOf: try options.architecture(defaults, from: start), source: source, target: target)
    try TrainingMemory(model.parts, settings, advice: "--hidden, --layers, --embedding or --vocabulary").check()
    try model.draw(seed: seed, options.initialization)
    model.normalizer = normalizer
    if let start { try TrainingOrigin.check(options.initialization, hasAllWeights: model.start(from: start)) }
    initial = model
    let longest = options.longest ?? defaults.longest
    let training = pairs.encoded(parts.training, source: source, target: target, normalizer, longest: longest)
    guard training.count > 0 else {
      throw RNNError(.badData, "\(names.isEmpty ? "" : names + ": ")all pairs have more than \(longest) tokens on one side")
    }
    let measured = validation ?? pairs
    let held = measured.encoded(
      validation.map { own in (0..<own.count).filter { !own.isEmpty($0) } } ?? parts.validation, source: source, target: target, normalizer, longest: longest)
    if let validation, held.count == 0 {
      throw RNNError(
        .badData,
        "\(validation.sources.isEmpty ? "" : validation.sources.joined(separator: ", ") + ": ")found no pair to measure on with a word on both sides and at most \(longest) tokens there")
    }
    let rows = options.training.batch ?? defaults.batch
    var memory = TrainingMemory(model.parts, settings, advice: "--hidden, --layers, --embedding, --longest or --batch")
    memory.add(model.encoder, steps: Self.meanSteps((0..<training.count).map { training.source($0).count }, rows: rows))
    memory.add(model.decoder.stack, steps: Self.meanSteps((0..<training.count).map { training.target($0).count }, rows: rows))
    try memory.check()
    let task = try TranslatorTraining(
      model, training: training, validation: held,
      references: held.numbers.map { String(decoding: measured.target($0), as: UTF8.self) }, smoothing: options.labelSmoothing,
      criterion: options.criterion, rows: rows, seed: seed,
      data: [
        "set of pairs": pairs.fingerprint, "set of pairs to measure on": validation?.fingerprint,
        "--validation-part": validation == nil ? options.validationFraction : nil, "--longest": longest,
      ])
    loop = try TrainingLoop(
      task: task, weights: model.weights, settings: settings, begunWith: options.initialization.settings + (origin?.settings ?? [:]),
      stepsBetweenMeasurements: Self.stepsBetweenMeasurements(perEpoch: task.stepsPerEpoch, about: 1000))
    func without(_ long: Int) -> String { long > 0 ? " (\(long) longer than \(longest) tokens left out)" : "" }
    let empty = pairs.count - parts.training.count - parts.validation.count
    division =
      "\(training.count) pairs for training\(without(training.long)), \(held.count == 0 ? "none" : "\(held.count)") for validation\(without(held.long))\(empty > 0 ? ", \(empty) without a word on one side left out" : "")"
    let all = pairs.sources + (validation?.sources ?? [])
    readsStandardInput = all.contains("standard input")
    trainedOn = all.joined(separator: ", ")
    var warnings = [TextDoubts.contents(parts.training.prefix(TextDoubts.most).map(pairs.source), "sentences", remedies: Self.remedies)].compactMap(\.self)
    if let validation {
      let known = Set(parts.training.map { [pairs.source($0), pairs.target($0)] })
      let shared = (0..<validation.count).count { known.contains([validation.source($0), validation.target($0)]) }
      if let warning = ValidationWarning.overlap(shared, of: validation.count, "pairs", in: validation.sources, isSame: pairs.count == validation.count) { warnings.append(warning) }
    }
    self.warnings = warnings
    example = held.numbers.first.map { Array(measured.source($0)) }
  }

  private static let fewestPairs = 4

  private static let remedies: [TextDoubts.Kind: String] = [
    .sound: "what is in the files isn't read; rnn train transcribe learns from such lists what is said in clips",
    .numbers: "name the columns that have the sentences (--source-column, --target-column)",
  ]

  /// What the best weights so far are worth on the validation part; nil if there is none.
  public func metrics() throws(RNNError) -> TranslatorTraining.Metrics? { try loop.task.metrics(loop.best) }

  /// A sentence of the validation part and how the model translates it; nil if there is none.
  public func sample() throws(RNNError) -> (source: String, translation: String)? {
    guard let example else { return nil }
    return (String(decoding: example, as: UTF8.self), try Translator.Packed(model).translate([example], .greedy)[0][0].text)
  }

  public var finishedNotes: [String: String] {
    var notes = ["trained on": trainedOn, "division": division]
    if let best = loop.state.best, let metrics = try? metrics() {
      notes["validation"] =
        "\(HumanFormat.fixed(metrics.loss, 4)) nats per token, BLEU \(HumanFormat.fixed(metrics.bleu.score, 1)) (greedy), after step \(best.step)"
    }
    return notes
  }
}

import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

/// Trains a transcriber from beginning to end: takes some clips for validation, chooses sizes, trains, keeps the best weights, writes
/// checkpoints and goes on from them, and writes the finished model.
///
/// ```swift
/// let clips = try TranscribedClips(reading: ClipList(contentsOf: "clips.tsv"), input: .sound(SoundFeatures()))
/// var trainer = try TranscriberTrainer(clips)
/// try trainer.train(to: "model.safetensors")
/// ```
public struct TranscriberTrainer: Trainer {
  public let options: TranscriberTrainingOptions
  public private(set) var initial: Transcriber
  public var loop: TrainingLoop<TranscriberTraining>
  /// How the clips were divided, in words.
  public let division: String
  /// What was found in the clips that whoever trains should know: those left out, characters that are new in the validation part.
  public let remarks: [String]
  public let origin: TrainingOrigin?
  public let readsStandardInput: Bool
  /// What is doubtful in the clips.
  public let warnings: [String]
  private let trainedOn: String
  private var searched: TranscriptTuning.Outcome?
  private let example: (rows: Tensor, text: String)?

  /// - Parameters:
  ///   - validation: clips to measure on; by default some of `clips`, which then aren't trained on.
  ///   - start: a transcriber whose weights training begins with. It hears the rows that it heard before, scaled as before.
  /// Throws `.usage` for options that can't be, `.badData` for too few clips, and for clips too short for their texts where they are
  /// to be an error.
  public init(
    _ clips: TranscribedClips, validation: TranscribedClips? = nil, from start: Transcriber? = nil, options: TranscriberTrainingOptions = .init()
  ) throws(RNNError) {
    self.options = options
    let seed = options.training.seed
    let parts = try clips.list.split(
      validation: validation == nil ? options.validationFraction : 0, most: TranscriberDefaults.mostValidated, seed: seed)
    try options.training.check(
      isMeasured: validation != nil || !parts.validation.isEmpty,
      "clips to measure on; give a part of the clips, or others for validation")
    let tokenizer: Tokenizer, texts = parts.training.map { clips.texts[$0] }
    if let start {
      let own = start.tokenizer
      var origin = try TrainingOrigin(start, options.training)
      try TrainingOrigin.check(clips.input.settings, against: start.input.settings)
      try origin.check(tokens: options.tokens, options.tokenizer, vocabulary: options.vocabulary, against: own)
      tokenizer = try origin.tokenizer(own, vocabulary: options.vocabulary, new: own.kind.defaultVocabulary) { (most) throws(RNNError) in
        try Tokenizer(of: texts, own.kind, vocabulary: most)
      }
      self.origin = origin
    } else {
      if let given = options.tokenizer {
        tokenizer = given
      } else {
        tokenizer = try Tokenizer(of: texts, options.tokens ?? .characters, vocabulary: options.vocabulary)
      }
      origin = nil
    }
    let targets = clips.texts.map { tokenizer.encode($0).map(Int.init) }
    try Limits.stacking.check(options.stacking, "stacking")
    let stacking = start?.architecture.stacking ?? options.stacking ?? Self.stacking(parts.training.map { (clips.rows[$0].shape[0], CTC.stepsNeeded(targets[$0])) })
    // Those that can't be aligned are found now: nothing later could say where they stand.
    let short = parts.training.filter { (clips.rows[$0].shape[0] + stacking - 1) / stacking < CTC.stepsNeeded(targets[$0]) }
    let trained = parts.training.filter(Set(parts.training).subtracting(short).contains)
    var remarks: [String] = []
    if !short.isEmpty {
      let list = short.prefix(Self.mostListed).map { clip in
        "\(clips.list.clips[clip].place): \(clips.rows[clip].shape[0]) rows, \(stacking) to a step, for a text that needs \(CTC.stepsNeeded(targets[clip])) steps, ‘\(clips.texts[clip].prefix(40))’"
      }
      let what = "\(short.count) clip\(short.count == 1 ? " is" : "s are") too short for \(short.count == 1 ? "its text" : "their texts")"
      if trained.isEmpty || options.unalignable == .error {
        throw RNNError(.badData, "\(what): \(list.joined(separator: "; "))\(short.count > list.count ? "; …" : "")")
      }
      remarks.append("\(what) and left out:")
      remarks += list.map { "  " + $0 } + (short.count > list.count ? ["  …"] : [])
    }
    let defaults = TranscriberDefaults(clips: trained.count, seconds: clips.seconds(trained))
    let settings = options.settings(defaults)
    var model = try Transcriber(
      layersOf: try options.architecture(defaults, stacking: stacking, from: start), input: clips.input,
      scaling: start?.scaling ?? RowScaling(of: trained.map { clips.rows[$0] }, size: clips.input.size), tokenizer: tokenizer)
    var memory = TrainingMemory(model.parts, settings, advice: "--hidden, --layers or --stacking")
    // Long batches are computed in parts.
    let rows = options.training.batch ?? defaults.batch, mean = Self.meanSteps(trained.map { model.stepCount(clips.rows[$0].shape[0]) }, rows: rows)
    memory.add(model.stack, steps: min(mean, Double(TranscriberDefaults.stepsAtOnce)))
    try memory.check()
    try model.draw(seed: seed, options.initialization)
    if let start { try TrainingOrigin.check(options.initialization, hasAllWeights: model.start(from: start)) }
    initial = model
    let scaled = model
    func encoded(_ clips: TranscribedClips, _ some: [Int]) -> EncodedClips {
      EncodedClips(
        clips: some.map { clips.list.clips[$0] }, rows: some.map { scaled.scaling(clips.rows[$0]) }, targets: some.map { tokenizer.encode(clips.texts[$0]).map(Int.init) },
        texts: some.map { clips.texts[$0] })
    }
    let held = encoded(validation ?? clips, validation.map { Array(0..<$0.count) } ?? parts.validation)
    let unknown = Self.unknownCharacters(held.texts, tokenizer)
    if !unknown.isEmpty {
      remarks.append("never said in the clips to train on, so each is an error in those to measure on: \(unknown.prefix(20).map { "‘\($0)’" }.joined(separator: " "))")
    }
    let task = try TranscriberTraining(
      model, training: encoded(clips, trained), validation: held, augmentation: options.augmentation ?? TranscriberDefaults.augmentation(clips.input),
      criterion: options.criterion, rows: rows, seed: seed,
      data: [
        "set of clips": clips.fingerprint, "set of clips to measure on": validation?.fingerprint,
        "--validation-part": validation == nil ? options.validationFraction : nil,
      ])
    loop = try TrainingLoop(
      task: task, weights: model.weights, settings: settings, begunWith: options.initialization.settings + (origin?.settings ?? [:]),
      stepsBetweenMeasurements: Self.stepsBetweenMeasurements(perEpoch: task.stepsPerEpoch, about: 500))
    division =
      "\(trained.count) clips, \(HumanFormat.duration(seconds: clips.seconds(trained))), for training, \(held.count == 0 ? "none" : "\(held.count)") for validation"
    self.remarks = remarks
    warnings = validation.flatMap { validation in
      let known = Set(clips.list.clips.flatMap(\.paths))
      let shared = validation.list.clips.count { clip in clip.paths.allSatisfy(known.contains) }
      return ValidationWarning.overlap(shared, of: validation.count, "clips", in: validation.sources, isSame: clips.count == validation.count)
    }.map { [$0] } ?? []
    let all = clips.sources + (validation?.sources ?? [])
    readsStandardInput = all.contains("standard input")
    trainedOn = all.joined(separator: ", ")
    example = held.rows.first.map { ($0, held.texts[0]) }
  }

  private static let mostListed = 5

  /// How many rows become one step: as many as leave nearly all clips long enough for their texts.
  private static func stacking(_ clips: [(rows: Int, needed: Int)]) -> Int {
    let allowed = Int(Double(clips.count) * TranscriberDefaults.mostLost)
    let possible = (1...TranscriberDefaults.mostStacked).filter { stacking in
      clips.count { ($0.rows + stacking - 1) / stacking < $0.needed } <= max(allowed, clips.count { $0.rows < $0.needed })
    }
    return possible.max() ?? 1
  }

  /// Characters that have no token.
  private static func unknownCharacters(_ texts: [String], _ tokenizer: Tokenizer) -> [Character] {
    guard tokenizer.kind == .characters else { return [] }
    let known = Set(tokenizer.scalars)
    return Set(texts.joined()).filter { !$0.unicodeScalars.allSatisfy(known.contains) }.sorted()
  }

  /// What the best weights so far are worth on the validation part; nil if there is none.
  public func metrics() throws(RNNError) -> TranscriberTraining.Metrics? { try loop.task.metrics(loop.best) }

  /// What is said in a clip of the validation part, and what the model writes; nil if there is none.
  public func sample() throws(RNNError) -> (text: String, transcript: String)? {
    guard let example else { return nil }
    let packed = try Transcriber.Packed(model)
    let (steps, lengths) = model.steps(of: [example.rows])
    let found = packed.transcripts(packed.logProbabilities(steps, lengths: lengths).logProbabilities, lengths: lengths, .greedy)
    return (example.text, found[0].first?.text ?? "")
  }

  /// Chooses how transcripts are searched for.
  public mutating func finish() throws(RNNError) {
    guard let (languageModel, outcome) = try loop.task.search(loop.best) else { return }
    initial.languageModel = languageModel
    initial.search = outcome.options
    searched = outcome
  }

  /// What the validation part says of the model's own search, where it isn't greedy.
  public var searchedMetrics: (words: WordErrors, characters: WordErrors)? { searched.map { ($0.words, $0.characters) } }

  public var finishedNotes: [String: String] {
    var notes = ["trained on": trainedOn, "division": division]
    if let best = loop.state.best, let metrics = try? metrics() {
      notes["validation"] =
        "WER \(HumanFormat.fixed(100 * metrics.words.rate, 2))%, CER \(HumanFormat.fixed(100 * metrics.characters.rate, 2))% (greedy), \(HumanFormat.fixed(metrics.loss, 4)) nats per token, after step \(best.step)"
    }
    if let searched {
      notes["search"] =
        "WER \(HumanFormat.fixed(100 * searched.words.rate, 2))%, CER \(HumanFormat.fixed(100 * searched.characters.rate, 2))% there, with sequences of tokens counted in the texts"
    }
    return notes
  }
}

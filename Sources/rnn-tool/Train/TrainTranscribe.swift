import ArgumentParser
import RNN

extension SoundFeatures.Kind: ExpressibleByArgument {}
extension TranscriberTrainingOptions.Criterion: ExpressibleByArgument {}
extension TranscriberTrainingOptions.Unalignable: ExpressibleByArgument {}

struct TrainTranscribe: TrainCommand {
  static let configuration = CommandConfiguration(
    commandName: "transcribe", abstract: "Train a model that writes down what is said.",
    discussion: """
      Clips and their texts come from lists: tables of a path and a text, the path from the list's folder. Several paths, separated by \
      spaces, are one clip, with the pauses of a column pauses_ms between them. The lists of DeepSpeech and Common Voice, NeMo (JSON lines) and \
      LJSpeech are read as they are. Clips are WAV files, or rows that another program \
      made: .mfc of Sphinx, .npy of NumPy. A tenth of the clips is for validation unless other lists are given; the weights that are \
      best there are kept. Sizes and the length of training follow from the clips unless they are given.

      \(TrainArguments.checkpoints)

      Examples:
        rnn train transcribe clips.tsv -o model.safetensors
        rnn train transcribe train.tsv --valid valid.tsv --no-bidirectional -o stream.safetensors
      """)

  @Argument(help: ArgumentHelp("Lists of clips and their texts; - is standard input.", valueName: "list"))
  var files: [String]

  @OptionGroup(title: "Clips") var clips: ClipArguments
  @OptionGroup(title: "Clips") var table: TableArguments
  @OptionGroup(title: "Clips") var texts: TranscriberTextArguments
  @OptionGroup(title: "Sound") var sound: SoundArguments
  @OptionGroup(title: "Changes to the clips while training") var changes: AugmentationArguments
  @OptionGroup var common: TrainArguments
  @OptionGroup(title: "Model") var extensions: ExtensionArguments
  @OptionGroup(title: "Model") var transcriber: TranscriberModelArguments
  @OptionGroup(title: "Training") var goal: TranscriberGoalArguments

  var inputs: [String] { files + texts.valid + [texts.tokens?.file].compactMap(\.self) }

  func trainer(_ view: inout TrainingView) throws -> TranscriberTrainer {
    if common.model.embedding != nil { throw RNNError(.usage, "--embedding is for tokens that are read; a transcriber reads sound") }
    let start = try common.model.from.map { try Transcriber(contentsOf: $0) }
    let list = try ClipList(contentsOf: files, options: clips.options(table))
    view.messages(onSources: list.descriptions)
    let input = try start.map { try sound.input($0) } ?? sound.input(list, isStream: transcriber.bidirectional == false)
    var remarks: [String] = []
    let read = try TranscribedClips(reading: list, input: input, reading: { view.showReading(texts: $0) }, remark: { remarks.append($0) })
    for remark in remarks.prefix(5) { view.notice(remark) }
    if remarks.count > 5 { view.notice("… and \(remarks.count - 5) more remarks on clips") }
    var validation: TranscribedClips?
    if !texts.valid.isEmpty {
      validation = try TranscribedClips(reading: try ClipList(contentsOf: texts.valid, options: clips.options(table)), input: input)
    }
    return try TranscriberTrainer(read, validation: validation, from: start, options: try options(changes.augmentation(for: input)))
  }

  private func options(_ augmentation: SoundAugmentation) throws -> TranscriberTrainingOptions {
    let model = common.model
    return TranscriberTrainingOptions(
      cell: try model.givenCell, tokens: texts.tokens?.kind,
      vocabulary: try texts.tokens.map { try $0.vocabulary(or: texts.vocabulary) } ?? texts.vocabulary, tokenizer: try texts.tokens?.tokenizer(),
      hidden: model.hidden, layers: model.layers, projection: model.projection, bidirectional: transcriber.bidirectional, stacking: transcriber.stacking,
      dropout: model.dropout, weightDrop: transcriber.weightDrop, augmentation: augmentation, unalignable: texts.unalignable,
      criterion: goal.best, validationFraction: texts.validationPart ?? TranscriberDefaults.validationFraction, initialization: model.initialization, training: try common.options(extends: extensions.extend))
  }
}

struct TranscriberTextArguments: ParsableArguments {
  @Option(help: ArgumentHelp("A list of clips to measure on, instead of some of the clips; may be given several times.", valueName: "list"))
  var valid: [String] = []

  @Option(help: ArgumentHelp("The part of the clips to measure on; with 0 all are trained on, and the last weights are kept. (default: \(TranscriberDefaults.validationFraction))", valueName: "part"), limit: Limits.heldPart)
  var validationPart: Double?

  @Option(help: ArgumentHelp("What a token is: characters, words, bytes, or what frequent pairs of bytes are merged to, a vocabulary of so many: bpe:500, or that of a file: bpe:tokenizer.json. (default: characters)", valueName: "kind"))
  var tokens: TokensArgument?

  @Option(help: ArgumentHelp("With words or bpe: the number of tokens at most.", valueName: "n"), limit: Limits.vocabulary)
  var vocabulary: Int?

  @Option(help: ArgumentHelp("What is done with clips that are too short for their texts: they are left out, or an error.", valueName: "what"))
  var unalignable = TranscriberTrainingOptions.Unalignable.skip

  func validate() throws { try ValidationPart.check(validationPart, hasOwn: !valid.isEmpty, "--valid") }
}

/// How sound becomes rows.
struct SoundArguments: ParsableArguments {
  @Option(help: ArgumentHelp("What a row of sound is. (default: \(TranscriberDefaults.features.rawValue))", valueName: "kind"))
  var features: SoundFeatures.Kind?

  @Flag(inversion: .prefixedNo, help: "Bring each clip to one loudness first, which a stream can't be. (default: --level, unless --no-bidirectional)")
  var level: Bool?

  @Option(help: ArgumentHelp("Bands of the mel scale.", valueName: "n"), limit: Limits.bands)
  var bands: Int?

  @Option(help: ArgumentHelp("With mfcc: coefficients of a row.", valueName: "n"), limit: Limits.bands)
  var coefficients: Int?

  @Option(help: ArgumentHelp("Samples a second; sound of other rates is brought to it. (default: the first clip's, at most \(TranscriberDefaults.highestRate))", valueName: "n"), limit: Limits.sampleRate)
  var rate: Int?

  @Option(help: ArgumentHelp("Of files of rows that don't say it: the numbers of a row. (default: \(SoundInput.usualRowSize))", valueName: "n"), limit: Limits.rowSize)
  var rowSize: Int?

  /// The rows that the model to start from hears.
  func input(_ start: Transcriber) throws -> SoundInput {
    let asked: RunSettings = [
      "--features": features?.rawValue, "--rate": rate, "--bands": bands, "--coefficients": coefficients, "--level": level, "--row-size": rowSize,
    ]
    try TrainingOrigin.check(asked, against: start.input.settings)
    return start.input
  }

  /// The rows that the clips become.
  func input(_ list: ClipList, isStream: Bool) throws -> SoundInput {
    let kind = self.features ?? TranscriberDefaults.features
    if coefficients != nil, kind != .mfcc { throw RNNError(.usage, "--coefficients are for --features mfcc") }
    var features = SoundFeatures(kind, rate: rate ?? TranscriberDefaults.highestRate)
    // What clips are is said by the first one.
    guard case .sound = try SoundInput(of: list, features: features, rowSize: rowSize) else {
      if rate != nil || bands != nil || level != nil { throw RNNError(.usage, "--rate, --bands and --level are for sound; \(list.clips[0].name) has rows that were made already") }
      return try SoundInput(of: list, features: features, rowSize: rowSize)
    }
    if rowSize != nil { throw RNNError(.usage, "--row-size is for files of rows, .mfc or .npy; \(list.clips[0].name) is sound") }
    let rate = try self.rate ?? min(Sound(contentsOf: list.clips[0].paths[0], channel: list.clips[0].channel).rate, TranscriberDefaults.highestRate)
    features = SoundFeatures(kind, rate: rate)
    features.isLevelled = level ?? !isStream
    if let bands { features.bands = bands }
    if let coefficients { features.coefficients = coefficients }
    try features.validate()
    return .sound(features)
  }
}

/// What is done to clips while a model is trained on them.
struct AugmentationArguments: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Change the clips in every epoch.")
  var augmentation = true

  @Option(help: ArgumentHelp("The largest change of speed: 0.1 for 90 to 110%. (default: 0.1)", valueName: "part"), limit: Limits.speedChange)
  var speed: Double?

  @Option(help: ArgumentHelp("The largest change of loudness in decibels; --level undoes it. (default: 6)", valueName: "decibels"), limit: Limits.decibels)
  var gain: Double?

  @Option(help: ArgumentHelp("The part of the clips that get noise, 10 to 40 decibels below the sound. (default: 0)", valueName: "part"), limit: Limits.part)
  var noise: Double?

  @Option(help: ArgumentHelp("Masks over neighbouring bands. (default: 2 with log-mel)", valueName: "n"), limit: Limits.masks)
  var columnMasks: Int?

  @Option(help: ArgumentHelp("The most bands of a mask. (default: a sixth of them)", valueName: "n"), limit: Limits.count)
  var widestColumns: Int?

  @Option(help: ArgumentHelp("Masks over neighbouring rows. (default: 2)", valueName: "n"), limit: Limits.masks)
  var rowMasks: Int?

  @Option(help: ArgumentHelp("The most rows of a mask, but no more than a fifth of the clip's. (default: 15)", valueName: "n"), limit: Limits.count)
  var longestRows: Int?

  func augmentation(for input: SoundInput) -> SoundAugmentation {
    var result = augmentation ? TranscriberDefaults.augmentation(input) : .none
    if let speed { result.speed = speed }
    if let gain { result.gain = gain }
    if let noise { result.noise = noise }
    if let columnMasks { result.columnMasks = columnMasks }
    if let widestColumns { result.widestColumns = widestColumns }
    if let rowMasks { result.rowMasks = rowMasks }
    if let longestRows { result.longestRows = longestRows }
    return result
  }
}

struct TranscriberModelArguments: ParsableArguments {
  @Flag(inversion: .prefixedNo, help: "Hear clips in both directions; a stream can only be heard in one. (default: --bidirectional)")
  var bidirectional: Bool?

  @Option(help: ArgumentHelp("Rows that become one step. (default: 3, or less where clips would be too short for their texts)", valueName: "n"), limit: Limits.stacking)
  var stacking: Int?

  @Option(help: ArgumentHelp("The rate at which weights between the states of two steps are dropped while training. (default: 0)", valueName: "rate"), limit: Limits.rate)
  var weightDrop: Double?
}

struct TranscriberGoalArguments: ParsableArguments {
  @Option(help: ArgumentHelp("What the weights that are kept are best in.", valueName: "figure"))
  var best = TranscriberTrainingOptions.Criterion.wer
}

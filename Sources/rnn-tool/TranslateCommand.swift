import ArgumentParser
import RNN

struct Translate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Translate sentences.",
    discussion: """
      Each line is a sentence; with --source-column each row of a table is one, in a .jsonl file each object. For each, in order, its translation goes to standard output, a line; with --best several, the best \
      first, each after its sentence's number and its score, separated by tabs. What was read is answered before more is waited \
      for, and takes no more memory however long the input is.

      With --score sentences and translations are read, as rnn train translate reads them, and for each pair the logarithm of the \
      translation's probability and its number of tokens are written.

      With --save-state or --state one sentence is translated token by token, and what there is of its translation is written. A \
      saved state has the sentence in it and continues later to the same translation as one longer run.

      Examples:
        rnn translate model.safetensors < lines.txt
        rnn translate model.safetensors lines.txt --beam 8 --best 3
        rnn translate model.safetensors one-line.txt --attention alignment.svg
        rnn translate m.safetensors line.txt --beam 1 --length 5 --save-state state
        rnn translate m.safetensors --beam 1 --state state
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("The sentences; - is standard input. (default: -)", valueName: "file"))
  var files: [String] = []

  @OptionGroup(title: "Search") var search: SearchArguments
  @OptionGroup(title: "Scores") var scores: ScoreArguments
  @OptionGroup(title: "Token by token") var steps: TranslationStepArguments
  @OptionGroup var threads: ThreadArguments

  @Option(help: ArgumentHelp("Draw how much each token of the first sentence's translation looked at each of the sentence.", valueName: "file"))
  var attention: String?

  @Flag(help: "A line of JSON for each sentence, with scores and tokens.")
  var json = false

  func run() throws {
    threads.apply()
    let options = try search.options()
    try options.validate()
    if steps.areGiven {
      guard search.beam == 1 || search.sample, search.best == 1 else {
        throw RNNError(.usage, "--state, --save-state and --length are for one translation, token by token: with --beam 1, or with --sample")
      }
      if attention != nil || json || scores.score { throw RNNError(.usage, "--attention, --json and --score are for whole translations") }
      if steps.state != nil, !files.isEmpty { throw RNNError(.usage, "a state has its sentence: --state reads no other") }
    }
    try Outputs.announce(state: steps.saveState, picture: (attention, "--attention"), reading: [model, steps.state] + files)
    let translator = try Translator.Packed(Translator(contentsOf: model))
    if scores.score { return try score(translator) }
    if steps.areGiven { return try translateSteps(translator, options) }
    if scores.pairs.source != nil || scores.pairs.target != nil || scores.pairs.targetColumn != nil {
      throw RNNError(.usage, "--source, --target and --target-column are for --score")
    }
    let heart = Heartbeat(isResting: true)
    var drawing = attention, number = 0
    for file in files.isEmpty ? ["-"] : files {
      var reader = try sentences(file)
      var texts: [[UInt8]] = [], bytes = 0
      func answer() throws {
        var options = options
        options.first = number
        options.keepsAttention = drawing != nil
        let found = try heart.during { try translator.translate(texts, options) }
        if let path = drawing, let first = found.first?.first {
          try AlignmentDrawing(first, of: texts[0], translator.model).write(to: path)
          drawing = nil
        }
        try Output.write(zip(texts, found).enumerated().map { line(number + $0, $1.0, $1.1) }.joined())
        number += texts.count
        (texts, bytes) = ([], 0)
      }
      while let text = try reader.next() {
        texts.append(text)
        bytes += text.count
        if texts.count == 1024 || bytes > 1 << 18 || !reader.hasMoreAtHand { try answer() }
      }
      if !texts.isEmpty { try answer() }
    }
  }

  /// The sentences of a file: its lines, or a column of a table or a member of JSON lines.
  private func sentences(_ file: String) throws -> TextReader {
    try TextReader(file, options: scores.sentences, names: PairOptions.sourceNames + LabelledOptions.textNames)
  }

  /// A text without line ends.
  private func flat(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }

  /// Translates one sentence token by token, from its beginning or from where a state left off.
  private func translateSteps(_ translator: Translator.Packed, _ options: TranslationOptions) throws {
    let session: TranslationSession
    if let state = steps.state {
      session = try TranslationSession(translator, continuing: Safetensors(contentsOf: state), options, source: state)
    } else {
      session = try TranslationSession(translator, try sentence(), options)
    }
    var left = steps.length ?? .max
    try Heartbeat().during { while left > 0, try session.next() != nil { left -= 1 } }
    try Output.line(flat(session.text))
    if let path = steps.saveState { try session.state().write(to: path) }
  }

  /// The only sentence.
  private func sentence() throws -> [UInt8] {
    var found: [UInt8]?
    for file in files.isEmpty ? ["-"] : files {
      var reader = try sentences(file)
      while let text = try reader.next() {
        if found != nil { throw RNNError(.usage, "found a second line to translate: a state is that of one sentence") }
        found = text
      }
    }
    guard let found else { throw RNNError(.badData, "found no line to translate, expected one sentence") }
    return found
  }

  /// What is written of a sentence's translations.
  private func line(_ number: Int, _ source: [UInt8], _ translations: [Translation]) -> String {
    guard json else {
      if search.best == 1 { return flat(translations.first?.text ?? "") + "\n" }
      return translations.map { "\(number + 1)\t\(HumanFormat.fixed($0.score, 4))\t\(flat($0.text))\n" }.joined()
    }
    let all = translations.map { translation in
      "{\"text\":\(StrictJSON.quoted(translation.text)),\"score\":\(HumanFormat.fixed(translation.score, 6)),\"log_probability\":\(HumanFormat.fixed(translation.logProbability, 6)),\"tokens\":\(translation.tokens.count)}"
    }
    return "{\"source\":\(StrictJSON.quoted(String(decoding: source, as: UTF8.self))),\"translations\":[\(all.joined(separator: ","))]}\n"
  }

  private func score(_ translator: Translator.Packed) throws {
    let readsAnything = translator.model.source.kind.readsAnything && translator.model.target.kind.readsAnything
    var reader = try PairReader(try scores.pairs.files(files), options: scores.pairs.options(scores.table), requiresUTF8: !readsAnything)
    var pairs: [(source: [UInt8], target: [UInt8])] = []
    func answer() throws {
      let lines = translator.score(pairs).map { tokens in
        let sum = tokens.reduce(0, +)
        return json
          ? "{\"log_probability\":\(HumanFormat.fixed(sum, 6)),\"tokens\":\(tokens.count - 1),\"of_tokens\":[\(tokens.map { HumanFormat.fixed($0, 6) }.joined(separator: ","))]}\n"
          : "\(HumanFormat.fixed(sum, 4))\t\(tokens.count - 1)\n"
      }
      try Output.write(lines.joined())
      pairs = []
    }
    while let pair = try reader.next() {
      pairs.append((pair.source, pair.target))
      if pairs.count == 256 { try answer() }
    }
    if !pairs.isEmpty { try answer() }
  }
}

struct SearchArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Beginnings of a translation that are followed at once; 1 always takes the most probable token.", valueName: "n"), limit: Limits.beam)
  var beam = TranslationOptions().beam

  @Option(help: ArgumentHelp("Translations of each sentence.", valueName: "n"), limit: Limits.beam)
  var best = 1

  @Option(help: ArgumentHelp("How much longer translations are favoured: the α of ln p / ((5 + tokens) / 6)^α.", valueName: "value"), limit: Limits.exponent)
  var lengthPenalty = TranslationOptions().lengthPenalty

  @Option(help: ArgumentHelp("No sequence of so many tokens occurs twice in a translation; 0 for no such rule.", valueName: "n"), limit: Limits.translationLength)
  var noRepeat = 0

  @Option(help: ArgumentHelp("The fewest tokens of a translation.", valueName: "n"), limit: Limits.translationLength)
  var minLength = 0

  @Option(help: ArgumentHelp("The most tokens of a translation. (default: twice the sentence's and ten)", valueName: "n"), limit: Limits.translationLength)
  var maxLength: Int?

  @Flag(help: "Draw tokens by their probability instead of searching.")
  var sample = false

  @Option(help: ArgumentHelp("With --sample: 1 draws as the model says, less is safer.", valueName: "value"), limit: Limits.temperature)
  var temperature = 1.0

  @Option(help: ArgumentHelp("With --sample: draw among the n most probable tokens only.", valueName: "n"), limit: Limits.positiveCount)
  var topK: Int?

  @Option(help: ArgumentHelp("With --sample: draw among the fewest tokens that have this probability together.", valueName: "value"), limit: Limits.probability)
  var topP: Double?

  @Option(help: ArgumentHelp("With --sample: another number, other translations.", valueName: "n"), limit: Limits.seed)
  var seed: UInt64 = 1

  func validate() throws {
    if !sample, temperature != 1 || topK != nil || topP != nil || seed != 1 {
      throw ValidationError("--temperature, --top-k, --top-p and --seed are for --sample")
    }
  }

  func options() throws -> TranslationOptions {
    TranslationOptions(
      beam: beam, sampling: sample ? try SamplingOptions(temperature: temperature, topK: topK, topP: topP) : nil, best: best,
      lengthPenalty: lengthPenalty, noRepeat: noRepeat, least: minLength, most: maxLength, seed: seed)
  }
}

/// One translation that can be saved in the middle.
struct TranslationStepArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Go on from a saved state.", valueName: "file"))
  var state: String?

  @Option(help: ArgumentHelp("Save the state at the end.", valueName: "file"))
  var saveState: String?

  @Option(help: ArgumentHelp("Tokens to translate at most now. (default: up to the end)", valueName: "n"), limit: Limits.count)
  var length: Int?

  var areGiven: Bool { state != nil || saveState != nil || length != nil }
}

struct ScoreArguments: ParsableArguments {
  @Flag(help: "How probable given translations are.")
  var score = false

  @OptionGroup var pairs: PairArguments
  @OptionGroup var table: PairTableArguments

  /// How sentences are read that are to be translated.
  var sentences: LabelledOptions {
    LabelledOptions(textColumn: pairs.sourceColumn, separator: table.separator, quotes: table.quotes, header: table.header, encoding: table.encoding)
  }
}

/// How wide a search is, where nothing else of it is said.
struct BeamArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Beginnings of a translation, or of a transcript, that are followed at once. (default: \(TranslationOptions().beam), or as the transcriber was measured)", valueName: "n"), limit: Limits.transcriptBeam)
  var beam: Int?

  @Option(help: ArgumentHelp("How much longer translations are favoured.", valueName: "value"), limit: Limits.exponent)
  var lengthPenalty = TranslationOptions().lengthPenalty

  var options: TranslationOptions { TranslationOptions(beam: beam ?? TranslationOptions().beam, lengthPenalty: lengthPenalty) }
}

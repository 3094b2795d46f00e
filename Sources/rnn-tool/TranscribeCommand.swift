import ArgumentParser
import RNN

extension SampleFormat: ExpressibleByArgument {}

struct Transcribe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write down what is said.",
    discussion: """
      For each clip, in order, what is said in it goes to standard output, a line; of a clip without a sample an empty one. A clip \
      that can't be read gets an empty line too, and a message (with --json, an object with the member error). With --best several, the best \
      first, each after its clip's number and its score, separated by tabs; a clip that can't be read then has no line.

      With --stream bare samples come from standard input, and what was heard so far is written as they come: on a terminal in one \
      line, else a line whenever it changes. The last line is the transcript. A saved state goes on later to the same transcript.

      Examples:
        rnn transcribe model.safetensors a.wav b.wav
        rnn transcribe model.safetensors --list clips.tsv --json
        arecord -t raw -f S16_LE -r 16000 | rnn transcribe model.safetensors --stream --rate 16000
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("The clips: files of sound, or of rows as the model was trained on; - is a WAV file from standard input.", valueName: "file"))
  var files: [String] = []

  @Option(help: ArgumentHelp("A list of clips, as rnn train transcribe reads it; texts in it aren't looked at. May be given several times.", valueName: "list"))
  var list: [String] = []

  @OptionGroup(title: "Lists") var clips: ClipArguments
  @OptionGroup(title: "Lists") var table: TableArguments
  @OptionGroup(title: "Search") var search: TranscriptSearchArguments
  @OptionGroup(title: "Streams") var stream: StreamArguments

  @Option(help: ArgumentHelp("Beginnings of a transcript that are followed at once. (default: as the model was measured)", valueName: "n"), limit: Limits.transcriptBeam)
  var beam: Int?

  @Option(help: ArgumentHelp("Transcripts of each clip.", valueName: "n"), limit: Limits.transcriptBeam)
  var best = 1

  @OptionGroup var threads: ThreadArguments

  @Flag(help: "A line of JSON for each clip, or each partial result, with times and confidence of words.")
  var json = false

  func run() throws {
    threads.apply()
    try Outputs.announce(state: stream.saveState, reading: [model, search.lm, stream.state])
    let model = try Transcriber(contentsOf: model)
    let (packed, options) = try search.prepared(model, beam: beam, best: best)
    if stream.stream {
      if !files.isEmpty || !list.isEmpty { throw RNNError(.usage, "--stream reads standard input: files and lists are heard without it") }
      return try hearStream(packed, options)
    }
    let all = try allClips()
    var failures: [RNNError] = []
    for begin in stride(from: 0, to: all.count, by: Self.clipsAtOnce) {
      let some = Array(all[begin..<min(begin + Self.clipsAtOnce, all.count)])
      let found = try packed.transcribeEach(some, options) { Terminal.standardError().write("rnn: \($0)\n") }
      var lines = ""
      for (index, (clip, result)) in zip(some, found).enumerated() {
        switch result {
        case .success(let transcripts): lines += line(begin + index, clip.name, transcripts, model)
        case .failure(let error):
          failures.append(error)
          // One clip alone has one message, at the end.
          if all.count > 1 { Terminal.standardError().write("rnn: \(error.message)\n") }
          lines += json ? "{\"clip\":\(StrictJSON.quoted(clip.name)),\"error\":\(StrictJSON.quoted(error.message))}\n" : best == 1 ? "\n" : ""
        }
      }
      if all.count > 1 || failures.isEmpty { try Output.write(lines) }
    }
    if all.count == 1, let error = failures.first { throw error }
    if let first = failures.first { throw RNNError(first.kind, "\(failures.count) of \(all.count) clips can't be read; the others are transcribed") }
  }

  private static let clipsAtOnce = 64

  private func allClips() throws -> [Clip] {
    if list.isEmpty, clips.isGiven { throw RNNError(.usage, "--folder and columns are for --list") }
    if list.isEmpty { return try ClipList(files: files, channel: clips.channel).clips }
    return try (files.isEmpty ? [] : ClipList(files: files, channel: clips.channel).clips) + ClipList(contentsOf: list, options: clips.options(table, requiresText: false)).clips
  }

  // MARK: Lines

  private static func flat(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }

  /// What is written of a clip's transcripts.
  private func line(_ number: Int, _ name: String, _ transcripts: [Transcript], _ model: Transcriber) -> String {
    guard json else {
      if best == 1 { return Self.flat(transcripts.first?.text ?? "") + "\n" }
      return transcripts.map { "\(number + 1)\t\(HumanFormat.fixed($0.score, 4))\t\(Self.flat($0.text))\n" }.joined()
    }
    return "{\"clip\":\(StrictJSON.quoted(name)),\"transcripts\":[\(transcripts.map { Self.json($0, model) }.joined(separator: ","))]}\n"
  }

  private static func json(_ transcript: Transcript, _ model: Transcriber) -> String {
    let words = transcript.words.map { word in
      var times = "\"begin_row\":\(word.begin * model.architecture.stacking),\"end_row\":\(word.end * model.architecture.stacking)"
      if let step = model.secondsPerStep {
        times = "\"begin\":\(HumanFormat.fixed(Double(word.begin) * step, 3)),\"end\":\(HumanFormat.fixed(Double(word.end) * step, 3))"
      }
      return "{\"text\":\(StrictJSON.quoted(word.text)),\(times),\"confidence\":\(HumanFormat.fixed(word.confidence, 4))}"
    }
    return "{\"text\":\(StrictJSON.quoted(transcript.text)),\"score\":\(HumanFormat.fixed(transcript.score, 6)),\"log_probability\":\(HumanFormat.fixed(transcript.logProbability, 6)),\"confidence\":\(HumanFormat.fixed(transcript.confidence, 4)),\"words\":[\(words.joined(separator: ","))]}"
  }

  // MARK: Streams

  private func hearStream(_ packed: Transcriber.Packed, _ options: TranscriptionOptions) throws {
    var session: TranscriptionSession
    if let state = stream.state {
      session = try TranscriptionSession(packed, continuing: Safetensors(contentsOf: state), options, source: state)
    } else {
      session = try TranscriptionSession(packed, rate: stream.rate ?? 0, options)
    }
    var reader = try PCMReader("-", format: stream.format, channels: stream.channels, channel: clips.channel, rate: session.rate)
    var shown: String?
    func show(_ transcripts: [Transcript], isFinal: Bool) throws {
      let text = json ? transcripts.map { Self.json($0, packed.model) }.joined(separator: ",") : transcripts.map { Self.flat($0.text) }.joined(separator: "\t")
      if json {
        if text != shown || isFinal { try Output.write("{\"is_final\":\(isFinal),\"transcripts\":[\(text)]}\n") }
      } else if Output.isTerminal {
        // From the line's beginning, to where what stood there before has ended.
        if text != shown || isFinal { try Output.write("\r\u{1B}[K\(text)\(isFinal ? "\n" : "")") }
      } else if text != shown, isFinal || !text.isEmpty {
        try Output.write(text + "\n")
      }
      shown = text
    }
    while let samples = try reader.next() {
      session.push(samples)
      try show(session.partial, isFinal: false)
    }
    for remark in reader.remarks { Terminal.standardError().write("rnn: \(remark)\n") }
    if let saveState = stream.saveState {
      try show(session.partial, isFinal: false)
      if Output.isTerminal { try Output.line() }
      return try session.state().write(to: saveState)
    }
    try show(session.finish(), isFinal: true)
  }
}

/// How transcripts are searched for, but for how many are followed at once.
struct TranscriptSearchArguments: ParsableArguments {
  @Flag(help: "Always the most probable sound, without a language model.")
  var greedy = false

  @Option(help: ArgumentHelp("A language model that rnn train generate wrote, instead of the transcriber's own.", valueName: "model"))
  var lm: String?

  @Option(help: ArgumentHelp("How much a language model counts. (default: as the model was measured, or \(TranscriptionOptions().languageModelWeight))", valueName: "weight"), limit: Limits.weight)
  var lmWeight: Double?

  @Option(help: ArgumentHelp("Added to the score for each token: above 0 favours longer transcripts. (default: as the model was measured, or 0)", valueName: "value"), limit: Limits.offset)
  var lengthBonus: Double?

  var isGiven: Bool { greedy || lm != nil || lmWeight != nil || lengthBonus != nil }

  /// A model that is ready to search, and how it does.
  func prepared(_ model: Transcriber, beam: Int?, best: Int = 1) throws -> (Transcriber.Packed, TranscriptionOptions) {
    if greedy {
      if lm != nil || lmWeight != nil || lengthBonus != nil || beam ?? 1 != 1 || best != 1 {
        throw RNNError(.usage, "--greedy follows one transcript by itself: it goes with no beam, no language model and one transcript")
      }
      return (try Transcriber.Packed(model), .greedy)
    }
    var options = model.search
    // Whoever asks for more than the model's own greedy search gets a beam.
    if options.beam == 1, lm != nil || lmWeight != nil || lengthBonus != nil || best > 1 { options = TranscriptionOptions() }
    if let beam { options.beam = beam }
    if let lmWeight { options.languageModelWeight = lmWeight }
    if let lengthBonus { options.lengthBonus = lengthBonus }
    options.count = best
    try options.validate()
    let languageModel = try lm.map { try TranscriptNetwork(LanguageModel(contentsOf: $0), tokens: model.tokenizer) }
    return (try Transcriber.Packed(model, languageModel: languageModel), options)
  }
}

struct StreamArguments: ParsableArguments {
  @Flag(help: "Hear bare samples from standard input, as they come.")
  var stream = false

  @Option(help: ArgumentHelp("Of a stream: samples a second.", valueName: "n"), limit: Limits.sampleRate)
  var rate: Int?

  @Option(help: ArgumentHelp("Of a stream: what a sample is.", valueName: "format"))
  var format = SampleFormat.s16

  @Option(help: ArgumentHelp("Of a stream: channels, which are heard as their mean, or one of them (--channel).", valueName: "n"), limit: Limits.channels)
  var channels = 1

  @Option(help: ArgumentHelp("Of a stream: go on from a saved state.", valueName: "file"))
  var state: String?

  @Option(help: ArgumentHelp("Of a stream: save the state at the end instead of ending what is said.", valueName: "file"))
  var saveState: String?

  func validate() throws {
    if !stream, rate != nil || format != .s16 || channels != 1 || state != nil || saveState != nil {
      throw ValidationError("--rate, --format, --channels, --state and --save-state are for --stream; a file says what it has")
    }
    if stream, (rate == nil) == (state == nil) {
      throw ValidationError("--stream needs --rate, the samples a second, or --state, which has it: give one of the two")
    }
  }
}

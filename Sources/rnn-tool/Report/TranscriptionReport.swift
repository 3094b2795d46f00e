import RNN

/// How well a transcriber writes down what is said in clips whose texts are known.
struct TranscriptionReport {
  private var words = WordErrors()
  private var characters = WordErrors(of: .characters)
  private var worst: [Utterance] = []
  private let names: [String]
  private let options: TranscriptionOptions
  private let hasLanguageModel: Bool
  private let clips: Int
  /// How long the clips are, and how long they took, in seconds.
  private var heard = 0.0
  private var taken = 0.0
  /// How long each portion of a stream took that completed a step, in seconds.
  private var steps: [Double] = []

  private struct Utterance {
    let place: String
    let errors: Int
    let edits: [WordErrors.Edit]
  }

  private struct Result: Encodable {
    let model: String
    let texts: [String]
    let clips: Int
    let words: Int
    let wer: Double
    let substitutions: Int
    let deletions: Int
    let insertions: Int
    let characters: Int
    let cer: Double
    let beam: Int
    let languageModelWeight: Double?
    let lengthBonus: Double
    let seconds: Double?
    let realTimeFactor: Double?
    let latencyP50: Double?
    let latencyP99: Double?
  }

  /// Transcribes and compares.
  ///
  /// - Parameter asStreams: whether clips are heard in portions, one after another, as if they were being recorded.
  init(_ packed: Transcriber.Packed, _ list: ClipList, _ options: TranscriptionOptions, asStreams: Bool, isQuiet: Bool) throws {
    names = list.sources
    self.options = options
    hasLanguageModel = packed.hasLanguageModel && options.beam > 1 && options.languageModelWeight > 0
    clips = list.clips.count
    let input = packed.model.input, clock = ContinuousClock()
    var view = StageView(
      { done, all in
        var progress = TrainingProgress(predicting: done, of: all)
        progress.unit = "clips"
        return progress
      }, isQuiet: isQuiet)
    defer { view.end() }
    for begin in stride(from: 0, to: clips, by: Self.clipsAtOnce) {
      let some = Array(list.clips[begin..<min(begin + Self.clipsAtOnce, clips)])
      if asStreams {
        for clip in some { add(clip, try hear(clip, packed, clock)) }
      } else {
        let start = clock.now
        let rows = try input.rows(of: some, allowsEmpty: true)
        let found = try packed.transcribe(rows: rows, options)
        taken += (clock.now - start) / .seconds(1)
        heard += rows.reduce(0) { $0 + Double($1.shape[0]) * (input.secondsPerRow ?? 0) }
        for (clip, transcripts) in zip(some, found) { add(clip, transcripts.first?.text ?? "") }
      }
      view.show(begin + some.count, of: clips)
    }
    worst.sort { $0.errors > $1.errors }
  }

  private static let clipsAtOnce = 256, mostShown = 5

  /// A clip as a stream, in portions of 10 ms: its transcript.
  private mutating func hear(_ clip: Clip, _ packed: Transcriber.Packed, _ clock: ContinuousClock) throws -> String {
    var session = try TranscriptionSession(packed, options)
    let sound = try clip.sound(rate: session.rate), size = max(session.rate / 100, 1)
    func timed<R>(_ body: () throws -> R) rethrows -> (R, seconds: Double) {
      let start = clock.now
      return (try body(), (clock.now - start) / .seconds(1))
    }
    for begin in stride(from: 0, to: sound.samples.count, by: size) {
      let portion = Array(sound.samples[begin..<min(begin + size, sound.samples.count)])
      let before = session.position
      let (_, seconds) = timed {
        session.push(portion)
        return session.partial
      }
      // Most only wait for a step to be complete.
      if session.position > before { steps.append(seconds) }
      taken += seconds
    }
    let (found, seconds) = timed { session.finish() }
    taken += seconds
    heard += sound.seconds
    return found.first?.text ?? ""
  }

  /// A part of the steps took no longer than this, in seconds.
  private func latency(_ part: Double) -> Double? {
    let sorted = steps.sorted()
    return sorted.isEmpty ? nil : sorted[min(Int(part * Double(sorted.count)), sorted.count - 1)]
  }

  private mutating func add(_ clip: Clip, _ transcript: String) {
    let reference = clip.text ?? ""
    words.add(transcript, reference: reference)
    characters.add(transcript, reference: reference)
    var own = WordErrors()
    own.add(transcript, reference: reference)
    guard own.errors > 0 else { return }
    worst.append(Utterance(place: clip.place, errors: own.errors, edits: WordErrors.alignment(transcript, reference: reference)))
  }

  func print(model: String, asJSON: Bool) throws {
    let factor = heard > 0 ? taken / heard : nil
    if asJSON {
      return try Output.json(
        Result(
          model: model, texts: names, clips: clips, words: words.count, wer: words.rate, substitutions: words.substitutions,
          deletions: words.deletions, insertions: words.insertions, characters: characters.count, cer: characters.rate, beam: options.beam,
          languageModelWeight: hasLanguageModel ? options.languageModelWeight : nil, lengthBonus: options.lengthBonus,
          seconds: heard > 0 ? heard : nil, realTimeFactor: factor, latencyP50: latency(0.5), latencyP99: latency(0.99)))
    }
    var rows = [
      ("clips", "\(clips) of \(names.joined(separator: ", "))"),
      (
        "WER",
        "\(Self.percent(words.rate))   of \(words.count) words \(words.substitutions) wrong, \(words.deletions) missing, \(words.insertions) too many"
      ),
      ("CER", "\(Self.percent(characters.rate))   the same of \(characters.count) characters"),
    ]
    rows.append(("search", Self.words(options, hasLanguageModel: hasLanguageModel)))
    if let factor {
      rows.append(("real time", "\(HumanFormat.fixed(factor, 5))   \(HumanFormat.fixed(taken, 2)) s for \(HumanFormat.fixed(heard, 1)) s of sound, files read"))
    }
    if let median = latency(0.5), let most = latency(0.99) {
      rows.append((
        "latency", "\(Self.milliseconds(median)) median, \(Self.milliseconds(most)) for 99 of 100   from the arrival of the sound that completes a step to what is heard with it"))
    }
    try Output.write(Output.table(rows))
    for utterance in worst.prefix(Self.mostShown) { try Output.write("\n\(utterance.place)\n\(Self.aligned(utterance.edits))") }
  }

  /// How transcripts are searched for, in words.
  static func words(_ options: TranscriptionOptions, hasLanguageModel: Bool) -> String {
    if options.beam == 1 { return "greedy" }
    let model = hasLanguageModel ? ", a language model of weight \(HumanFormat.fixed(options.languageModelWeight, 2))" : ""
    return "a beam of \(options.beam)\(model), \(HumanFormat.fixed(options.lengthBonus, 2)) for each token"
  }

  private static func milliseconds(_ seconds: Double) -> String { "\(HumanFormat.fixed(1000 * seconds, 3)) ms" }

  private static func percent(_ rate: Double) -> String { "\(HumanFormat.fixed(100 * rate, 2))%" }

  /// What was said above what was written, word for word.
  private static func aligned(_ edits: [WordErrors.Edit]) -> String {
    let pairs = edits.map { edit in
      switch edit {
      case .hit(let word): (word, word)
      case .substitution(let word, let other): (word, other)
      case .deletion(let word): (word, "*")
      case .insertion(let word): ("*", word)
      }
    }
    func line(_ name: String, _ words: [(String, Int)]) -> String {
      "  \(name)  " + words.map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: " ") + "\n"
    }
    let widths = pairs.map { max($0.count, $1.count) }
    return line("said   ", zip(pairs.map(\.0), widths).map { ($0, $1) }) + line("written", zip(pairs.map(\.1), widths).map { ($0, $1) })
  }
}

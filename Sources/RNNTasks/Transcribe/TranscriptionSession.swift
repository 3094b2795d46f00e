import RNNCells
import RNNData
import RNNLayers
public import RNNTensor
public import RNNTraining

/// Sound that is transcribed as it comes: what is written at the end is the whole sound's transcript, to the bit, however the sound was
/// cut. It can be saved in the middle and continued later to the same transcript.
///
/// A value: a copy goes on by itself, and to ask for what was said so far disturbs nothing.
public struct TranscriptionSession: Sendable {
  private let transcriber: Transcriber.Packed
  private let options: TranscriptionOptions
  /// The samples a second of what comes.
  public let rate: Int
  private var stream: SoundStream
  /// Scaled rows that are no whole step yet.
  private var rows: [Float] = []
  private var states: RecurrentStack.States
  private var decoder: TranscriptDecoder
  /// Steps so far.
  public private(set) var position = 0

  /// A session before the first sample.
  ///
  /// - Parameters:
  ///   - rate: the samples a second of what comes; nil for what the model hears.
  ///   - options: nil for the model's own search.
  /// Throws `.usage` for a model that hears in both directions or reads rows that were made before, and for options that can't be.
  public init(_ transcriber: Transcriber.Packed, rate: Int? = nil, _ options: TranscriptionOptions? = nil) throws(RNNError) {
    let features = try Self.features(of: transcriber.model), rate = rate ?? features.rate
    let options = options ?? transcriber.model.search
    try options.validate()
    stream = try SoundStream(features, rate: rate)
    self.transcriber = transcriber
    self.options = options
    self.rate = rate
    states = transcriber.model.stack.initialStates(batch: 1)
    decoder = transcriber.decoder(options)
  }

  private static func features(of model: Transcriber) throws(RNNError) -> SoundFeatures {
    guard model.architecture.bidirectional == nil else {
      throw RNNError(
        .usage, "the model hears in both directions, so it needs the whole sound: a stream takes one that was trained with --no-bidirectional")
    }
    guard case .sound(let features) = model.input else {
      throw RNNError(.usage, "the model reads rows that another program made: it can't hear a stream of sound")
    }
    return features
  }

  /// Hears some samples, which are in −1 … 1.
  public mutating func push(_ samples: [Float]) { hear(stream.push(samples)) }

  /// What was said so far, the best first. What comes later may change it.
  public var partial: [Transcript] { decoder.best(options.count, isEnd: false) }

  /// Ends the sound; what was said in it, the best first. Nothing may be pushed after it.
  public mutating func finish() -> [Transcript] {
    hear(stream.finish())
    let size = transcriber.model.input.size
    if !rows.isEmpty {
      // The last step is filled up with its last row.
      let last = rows.suffix(size)
      while rows.count < transcriber.model.architecture.stacking * size { rows += last }
      hear()
    }
    return decoder.best(options.count)
  }

  private mutating func hear(_ new: Tensor) {
    rows += transcriber.model.scaling(new).values
    hear()
  }

  /// Takes the steps that are complete.
  private mutating func hear() {
    let model = transcriber.model, width = model.architecture.stacking * model.input.size, steps = rows.count / width
    guard steps > 0 else { return }
    let (logProbabilities, after) = transcriber.logProbabilities(
      Tensor(rows[..<(steps * width)], shape: [steps, 1, width]), lengths: [steps], from: (position, states))
    rows.removeFirst(steps * width)
    states = after
    position += steps
    decoder.push(logProbabilities.reshaped([steps, model.tokenizer.count + 1]))
  }

  // MARK: Saving

  private static let format = "swift-rnn transcription state 1"

  /// Everything that the transcript's continuation depends on.
  public func state() throws(RNNError) -> Safetensors {
    var file = Safetensors(metadata: [
      "format": Self.format, "model": try transcriber.model.fingerprint().description, "rate": String(rate), "position": String(position),
      "sound": try ModelFile.encoded(stream.state), "search": try ModelFile.encoded(decoder.state), "beam": String(options.beam),
    ])
    let names = transcriber.model.architecture.cell.graph.states.map(\.name)
    for (layer, own) in states.enumerated() {
      for (name, values) in zip(names, own) { file.entries["\(layer).\(name)"] = .float(values) }
    }
    file.entries["rows"] = .float(Tensor(rows, shape: [rows.count]))
    return file
  }

  /// A session that goes on from a saved state, with the options that it had.
  ///
  /// Throws `.badData` if it isn't a state, is damaged, or belongs to another model.
  public init(
    _ transcriber: Transcriber.Packed, continuing file: Safetensors, _ options: TranscriptionOptions? = nil, source name: String = "the state"
  ) throws(RNNError) {
    let model = transcriber.model
    let saved = SavedNumbers(file, name)
    guard file.metadata["format"] == Self.format else {
      throw RNNError(.badData, "\(name) is not a saved state of a transcription: its format is “\(file.metadata["format"] ?? "none")”, expected “\(Self.format)”")
    }
    let fingerprint = try model.fingerprint().description
    guard try saved.text("model") == fingerprint else {
      throw RNNError(.badData, "\(name) belongs to another model: it has \(try saved.text("model")), this model is \(fingerprint)")
    }
    func tensor(_ key: String, _ isRight: ([Int]) -> Bool, _ expected: String) throws(RNNError) -> Tensor {
      let tensor = try file.tensor(named: key)
      guard isRight(tensor.shape), tensor.isFinite else {
        throw RNNError(.badData, "\(name): \(key) has the shape \(tensor.shape), or numbers that are not finite; expected was \(expected)")
      }
      return tensor
    }
    let rate = try saved.count("rate", Limits.sampleRate), beam = try saved.count("beam", Limits.transcriptBeam)
    try self.init(transcriber, rate: rate, options)
    guard beam == self.options.beam else {
      throw RNNError(.usage, "\(name) was saved by a search with a beam of \(beam), and can go on only with that, not with \(self.options.beam)")
    }
    position = try saved.count("position", Limits.soundRows)
    do {
      stream = try SoundStream(
        try Self.features(of: model), rate: rate, continuing: try ModelFile.decoded(SoundStream.State.self, try saved.text("sound"), "\(name): “sound”"))
      decoder = try transcriber.decoder(
        self.options, continuing: try ModelFile.decoded(TranscriptDecoder.State.self, try saved.text("search"), "\(name): “search”"))
    } catch {
      throw RNNError(.badData, error.message.hasPrefix("\(name): ") ? error.message : "\(name): \(error.message)")
    }
    let size = model.input.size
    rows = try tensor("rows", { $0.count == 1 && $0[0] % size == 0 && $0[0] < size * model.architecture.stacking }, "less than a step's rows").values
    for (layer, engine) in model.stack.engines.enumerated() {
      for (s, (state, size)) in zip(engine.cell.graph.states, engine.stateSizes).enumerated() {
        states[layer][s] = try tensor("\(layer).\(state.name)", { $0 == [1, size] }, "[1, \(size)]")
      }
    }
  }
}

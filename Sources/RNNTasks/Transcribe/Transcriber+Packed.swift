import RNNCells
public import RNNData
import RNNLayers
public import RNNTensor

extension Transcriber {
  /// The model made ready to transcribe: its parameters packed once, shared by any number of sessions at once.
  public struct Packed: Sendable {
    public let model: Transcriber
    private let languageModel: (any TranscriptLanguageModel)?
    private let layers: [CellEngine.Packed]

    /// - Parameter languageModel: instead of the model's own; see ``TranscriptNetwork``.
    public init(_ model: Transcriber, languageModel: (any TranscriptLanguageModel)? = nil) throws(RNNError) {
      self.model = model
      self.languageModel = languageModel ?? model.languageModel
      layers = try model.stack.pack(model.weights)
    }

    /// Whether a search of more than one beginning asks a language model.
    public var hasLanguageModel: Bool { languageModel != nil }

    /// Transcripts of clips, the best first; of one without a sample nothing is said. No result depends on the other clips.
    ///
    /// - Parameters:
    ///   - options: nil for the model's own search.
    ///   - remark: called with what was strange in the clips' files and taken as it was probably meant.
    /// Throws `.usage` for options that can't be, and as for reading a clip.
    public func transcribe(
      _ clips: [Clip], _ options: TranscriptionOptions? = nil, remark: (_ text: String) -> Void = { _ in }
    ) throws(RNNError) -> [[Transcript]] {
      try transcribe(rows: try model.input.rows(of: clips, allowsEmpty: true, remark: remark), options)
    }

    /// Transcripts of each clip as ``transcribe(_:_:remark:)`` has them, or why it can't be read: no clip costs another one its transcript.
    public func transcribeEach(
      _ clips: [Clip], _ options: TranscriptionOptions? = nil, remark: (_ text: String) -> Void = { _ in }
    ) throws(RNNError) -> [Result<[Transcript], RNNError>] {
      let rows = try model.input.eachRows(of: clips, remark: remark)
      var found = try transcribe(rows: rows.compactMap { try? $0.get() }, options)[...]
      return rows.map { row in row.map { _ in found.popFirst() ?? [] } }
    }

    /// Transcripts of clips by their rows as they are read, `[rows, size]` each.
    public func transcribe(rows: [Tensor], _ options: TranscriptionOptions? = nil) throws(RNNError) -> [[Transcript]] {
      let options = options ?? model.search
      try options.validate()
      let scaled = rows.map { model.scaling($0) }
      var results = [[Transcript]](repeating: [], count: rows.count)
      for batch in batches(scaled) {
        let (steps, lengths) = model.steps(of: batch.map { scaled[$0] })
        let found = transcripts(logProbabilities(steps, lengths: lengths).logProbabilities, lengths: lengths, options)
        for (clip, transcripts) in zip(batch, found) { results[clip] = transcripts }
      }
      return results
    }

    /// The options with the language model's weight and the bonus for each token that leave fewest words of these clips wrong: of clips
    /// that were held out from training, and that nothing else is measured on.
    ///
    /// Throws `.usage` without a language model, or where one transcript alone is followed; as for reading a clip.
    public func tuned(_ options: TranscriptionOptions, on clips: [Clip]) throws(RNNError) -> TranscriptionOptions {
      guard let languageModel, options.beam > 1 else {
        throw RNNError(.usage, "there is no weight to tune: the search is greedy, or the model has no language model and none is given")
      }
      try options.validate()
      let rows = try model.input.rows(of: clips, allowsEmpty: true).map { model.scaling($0) }
      let examples = examples(rows, texts: clips.map { $0.text ?? "" })
      return TranscriptTuning(examples, tokens: model.tokenizer, languageModel: languageModel, options: options).best().options
    }

    /// What the network says of clips, by their scaled rows, beside what is said in them.
    func examples(_ rows: [Tensor], texts: [String]) -> [TranscriptTuning.Example] {
      batches(rows).flatMap { batch in
        let (steps, lengths) = model.steps(of: batch.map { rows[$0] })
        let logs = Transcriber.perClip(logProbabilities(steps, lengths: lengths).logProbabilities, lengths: lengths)
        return zip(logs, batch).map { ($0, texts[$1]) }
      }
    }

    /// What the network says of steps side by side: ln p of each class, `[T, B, tokens + 1]`, and the states after them.
    ///
    /// - Parameter first: the number of the first step, and the states before it, where a clip goes on.
    func logProbabilities(
      _ steps: Tensor, lengths: [Int], from first: (step: Int, states: RecurrentStack.States)? = nil
    ) -> (logProbabilities: Tensor, states: RecurrentStack.States) {
      let (y, states) = model.stack.run(steps, layers, initial: first?.states, lengths: lengths, firstStep: first?.step ?? 0)
      let logits = model.output(Variable(y), TapedWeights(constant: model.weights)).value
      return (CTC.logProbabilities(logits), states)
    }

    /// Searches in what the network says of clips side by side, each by itself.
    func transcripts(_ logProbabilities: Tensor, lengths: [Int], _ options: TranscriptionOptions) -> [[Transcript]] {
      let clips = Transcriber.perClip(logProbabilities, lengths: lengths)
      let decoder = decoder(options)
      var results = [[Transcript]](repeating: [], count: clips.count)
      results.withUnsafeMutableBufferPointer { results in
        nonisolated(unsafe) let results = results
        Threads.parallel(clips.count) { clip in
          var decoder = decoder
          decoder.push(clips[clip])
          results[clip] = decoder.best(options.count)
        }
      }
      return results
    }

    /// A search before its first row.
    func decoder(_ options: TranscriptionOptions) -> TranscriptDecoder {
      TranscriptDecoder(options, tokens: model.tokenizer, languageModel: languageModel)
    }

    /// The same search, going on from a saved one.
    func decoder(_ options: TranscriptionOptions, continuing state: TranscriptDecoder.State) throws(RNNError) -> TranscriptDecoder {
      try TranscriptDecoder(options, tokens: model.tokenizer, languageModel: languageModel, continuing: state)
    }

    /// Clips of nearly one length together, as many as a few megabytes hold.
    func batches(_ clips: [Tensor]) -> [[Int]] {
      let order = clips.indices.sorted { (clips[$0].shape[0], $0) < (clips[$1].shape[0], $1) }
      var batches: [[Int]] = []
      for clip in order {
        if let last = batches.last, last.count < Self.mostClips, clips[clip].shape[0] * (last.count + 1) <= Self.mostRows {
          batches[batches.count - 1].append(clip)
        } else {
          batches.append([clip])
        }
      }
      return batches
    }

    private static let mostClips = 64, mostRows = 1 << 14
  }

  /// Each clip's own steps `[steps, C]` of those side by side, `[T, B, C]`.
  static func perClip(_ all: Tensor, lengths: [Int]) -> [Tensor] {
    let (batch, width) = (all.shape[1], all.shape[2])
    return lengths.enumerated().map { row, length in
      Tensor(shape: [length, width], writing: { to in
        all.withPointer { from in
          for time in 0..<length { (to + time * width).update(from: from + (time * batch + row) * width, count: width) }
        }
      })
    }
  }
}

import Foundation
import RNNCells
import RNNData
import RNNLayers
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite struct TranscriberTests {
  private static let features = SoundFeatures(.logMel, rate: 8000, bands: 12)

  /// Clips of tones in a folder that lives as long as they.
  private struct Clips {
    let folder: TemporaryFolder
    let list: ClipList
    let read: TranscribedClips

    init(_ texts: [String] = ToneClips.texts(40), input: SoundInput = .sound(TranscriberTests.features)) throws {
      folder = try TemporaryFolder()
      try ToneClips.write(texts, folder.write)
      list = try ClipList(contentsOf: folder["clips.tsv"])
      read = try TranscribedClips(reading: list, input: input)
    }
  }

  private static func options(
    _ cell: Cell? = nil, steps: Int = 4, bidirectional: Bool = true, augmentation: SoundAugmentation? = nil
  ) -> TranscriberTrainingOptions {
    TranscriberTrainingOptions(
      cell: cell, hidden: 8, layers: 2, bidirectional: bidirectional, dropout: 0.2, weightDrop: 0.1, augmentation: augmentation,
      training: .init(budget: .steps(steps), batch: 8, learningRate: 0.02))
  }

  /// A model of random weights that hears rows of three numbers.
  private static func small(_ cell: Cell = .gru, bidirectional: RecurrentStack.Merge? = .concatenate, dropout: Double = 0) throws -> Transcriber {
    try Transcriber(
      .init(cell: cell, hidden: 4, layers: 2, bidirectional: bidirectional, stacking: 2, dropout: dropout, weightDrop: dropout),
      input: .rows(size: 3), scaling: RowScaling(means: [1, 0, -1], deviations: [2, 1, 0.5]), tokenizer: Tokenizer(characters: "ab ".unicodeScalars),
      seed: 3)
  }

  private static func rows(_ counts: [Int], size: Int = 3, seed: UInt64 = 9) -> [Tensor] {
    var random = Philox(seed: seed)
    return counts.map { Tensor(normalMean: 0, deviation: 1, shape: [$0, size], using: &random) }
  }

  // MARK: The network

  @Test("Every parameter against finite differences, with masks of all kinds and clips of unequal length")
  func gradients() throws {
    let model = try Self.small(dropout: 0.3), names = model.weights.names
    let (steps, lengths) = model.steps(of: Self.rows([7, 2, 10]))
    #expect(lengths == [4, 1, 5] && steps.shape == [5, 3, 6])
    let check = GradientCheck(model.weights.tensors) { variables in
      var weights = TapedWeights(constant: model.weights)
      for (name, variable) in zip(names, variables) { weights = weights.replacing(name, with: variable) }
      let logits = model.logits(steps, lengths: lengths, weights, key: DropoutKey(seed: 5, step: 2))
      return [CTC.loss(logits, lengths: lengths, targets: [[0, 1], [2], [1, 1]], blank: model.blank).sum()]
    }
    #expect(check.worst < 2e-3, "\(check)")
  }

  @Test("A last step that isn't full is filled up with its last row")
  func stacking() throws {
    let model = try Self.small(), rows = Tensor((0..<9).map { Float($0) }, shape: [3, 3])
    let (steps, lengths) = model.steps(of: [rows, Tensor(zeros: [0, 3])])
    #expect(lengths == [2, 0])
    let expected: [Float] = [0, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0, 0, 6, 7, 8, 6, 7, 8, 0, 0, 0, 0, 0, 0]
    #expect(steps.values == expected)
  }

  @Test func scaling() throws {
    let rows = [Tensor([1, 5, 3, 5], shape: [2, 2]), Tensor(zeros: [0, 2]), Tensor([5, 5], shape: [1, 2])]
    let scaling = RowScaling(of: rows, size: 2)
    #expect(scaling.means == [3, 5] && abs(scaling.deviations[0] - Float((8.0 / 3).squareRoot())) < 1e-6 && scaling.deviations[1] == 1)
    let scaled = rows.map { scaling($0) }
    #expect(scaled[0].values[1] == 0 && scaled[1].shape == [0, 2])
    #expect(abs(scaled[0].values[0] + scaled[2].values[0]) < 1e-6)
  }

  @Test(arguments: Cell.builtIn)
  func everyCellTrainsAndComesBackFromItsFile(_ cell: Cell) throws {
    let clips = try Clips()
    for bidirectional in [true, false] {
      var trainer = try TranscriberTrainer(clips.read, options: Self.options(cell, bidirectional: bidirectional))
      guard case .finished = try trainer.train() else {
        Issue.record("not finished")
        return
      }
      let parts = try trainer.model.verify(seed: 1)
      #expect(parts.map(\.part).contains("layer 1 reverse") == bidirectional)
      #expect(parts.last?.checks.map(\.name).contains("whole = steps") == !bidirectional)
      for (part, checks) in parts { for check in checks { #expect(check.passed, "\(part): \(check.name), \(check.error)") } }
    }
  }

  // MARK: Files

  @Test func aFileHasEverything() throws {
    var model = try Self.small(.lstm, bidirectional: nil, dropout: 0.25)
    model.languageModel = TranscriptNGrams([[0, 1, 0], [1, 1]], tokenCount: model.tokenizer.count)
    model.search = TranscriptionOptions(beam: 7, languageModelWeight: 0.75, lengthBonus: -0.5, leastProbability: 1e-3)
    model.notes["trained on"] = "nothing"
    let loaded = try Transcriber(Safetensors(bytes: model.file().bytes()), source: "m")
    #expect(loaded.architecture == model.architecture && loaded.input == model.input && loaded.scaling == model.scaling)
    #expect(loaded.tokenizer == model.tokenizer && loaded.notes == model.notes && loaded.search == model.search)
    #expect(loaded.languageModel == model.languageModel && loaded.weights == model.weights)
    #expect(try loaded.fingerprint() == model.fingerprint())
    let rows = Self.rows([9, 30, 1])
    #expect(try Transcriber.Packed(loaded).transcribe(rows: rows) == Transcriber.Packed(model).transcribe(rows: rows))
    #expect(try Transcriber(Safetensors(bytes: Self.small().file().bytes()), source: "m").languageModel == nil)
  }

  @Test func damagedFiles() throws {
    var model = try Self.small()
    model.languageModel = TranscriptNGrams([[0, 1, 0]], tokenCount: model.tokenizer.count)
    model.search = TranscriptionOptions(beam: 4)
    func message(_ damage: (inout Safetensors) -> Void) throws -> String { try model.message(damage) }
    #expect(try message { _ in } == "accepted")
    #expect(try message { $0.metadata["task"] = "classify" }.contains("for the task “classify”, expected “transcribe”"))
    #expect(try message { $0.metadata["input"] = nil }.contains("“input”"))
    #expect(try message { $0.metadata["input"] = #"{"rows":{"size":0}}"# }.contains("the number of numbers of a row is 0, expected a whole number from 1"))
    #expect(try message { $0.metadata["input"] = #"{"rows":{"size":4}}"# }.contains("input.mean has the shape [3], expected was [4]"))
    #expect(try message { $0.metadata["architecture"]?.replace("\"stacking\":2", with: "\"stacking\":0") }.contains("“stacking” is 0, expected a whole number from 1 to 64"))
    #expect(try message { $0.metadata["architecture"]?.replace("\"stacking\":2", with: "\"stacking\":1000") }.contains("from 1 to 64"))
    #expect(try message { $0.metadata["search"] = "{}" }.contains("“search”"))
    #expect(try message { $0.metadata["search"]?.replace("\"beam\":4", with: "\"beam\":0") }.contains("the width of the beam is 0, expected a whole number from 1 to 10000"))
    #expect(try message { $0.metadata["search"]?.replace("\"order\":8", with: "\"order\":99") }.contains("language model"))
    #expect(try message { $0.entries["language_model.texts"] = .float(Tensor([99], shape: [1])) }.contains("language_model.texts"))
    #expect(try message { $0.entries["input.deviation"] = .float(Tensor([1, 0, 1], shape: [3])) }.contains("not positive"))
    #expect(try message { $0.entries["input.mean"] = .float(Tensor([1, .nan, 1], shape: [3])) }.contains("not finite"))
    #expect(try message { $0.entries["output.bias"] = nil }.contains("output.bias is missing"))
  }

  // MARK: Transcripts

  @Test("Alone = among others, with any number of threads")
  func batches() throws {
    let packed = try Transcriber.Packed(Self.small(.lstm)), rows = Self.rows([40, 0, 3, 1, 77, 40, 12])
    for options in [TranscriptionOptions.greedy, TranscriptionOptions(beam: 6, count: 3)] {
      let all = try packed.transcribe(rows: rows, options)
      #expect(try withThreads(3) { try packed.transcribe(rows: rows, options) } == all)
      for (i, rows) in rows.enumerated() { #expect(try packed.transcribe(rows: [rows], options) == [all[i]]) }
      #expect(all[1][0].text == "" && all[1][0].tokens.isEmpty)
    }
    #expect(throws: RNNError.self) { try packed.transcribe(rows: rows, TranscriptionOptions(beam: 0)) }
  }

  private func hear(_ session: TranscriptionSession, _ samples: [Float], by sizes: [Int]) -> [Transcript] {
    var session = session, rest = samples[...], i = 0
    while !rest.isEmpty {
      let size = sizes[i % sizes.count]
      session.push(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
      // Whoever asks disturbs nothing.
      _ = session.partial
      i += 1
    }
    return session.finish()
  }

  @Test("A stream in portions of any size = the whole sound", arguments: [8000, 11025])
  func streams(_ rate: Int) throws {
    let clips = try Clips()
    var trainer = try TranscriberTrainer(clips.read, options: Self.options(steps: 60, bidirectional: false))
    try trainer.train()
    let packed = try Transcriber.Packed(trainer.model)
    for options in [TranscriptionOptions.greedy, TranscriptionOptions(beam: 5, count: 2)] {
      for text in ["ab dc", "a", ""] {
        let sound = Sound(samples: ToneClips.samples(text, rate: rate).map { Float($0) / 32768 }, rate: rate)
        let whole = try packed.transcribe(rows: [Self.features.rows(of: sound.resampled(to: 8000))], options)[0]
        let session = try TranscriptionSession(packed, rate: rate, options)
        for sizes in [[100_000], [1], [80, 1, 333], [400], [240, 0, 17]] { #expect(hear(session, sound.samples, by: sizes) == whole, "\(sizes)") }
      }
    }
  }

  @Test("A stream is saved in the middle and continued")
  func states() throws {
    let clips = try Clips()
    var trainer = try TranscriberTrainer(clips.read, options: Self.options(steps: 60, bidirectional: false))
    try trainer.train()
    var model = trainer.model
    model.languageModel = TranscriptNGrams([[0, 1, 2], [1, 1]], tokenCount: model.tokenizer.count)
    let packed = try Transcriber.Packed(model)
    let samples = ToneClips.samples("abcd dcba", rate: 11025).map { Float($0) / 32768 }
    for options in [TranscriptionOptions.greedy, TranscriptionOptions(beam: 5)] {
      let session = try TranscriptionSession(packed, rate: 11025, options), whole = hear(session, samples, by: [500])
      for cut in [0, 1, 777, 5000, samples.count] {
        var first = session
        first.push(Array(samples[..<cut]))
        let second = try TranscriptionSession(packed, continuing: Safetensors(bytes: first.state().bytes()), options)
        #expect(second.rate == 11025 && second.position == first.position && second.partial == first.partial)
        #expect(hear(second, Array(samples[cut...]), by: [333]) == whole)
      }
    }
    var session = try TranscriptionSession(packed, rate: 8000, .greedy)
    session.push(Array(samples[..<3000]))
    let saved = try session.state()
    func message(
      _ packed: Transcriber.Packed, _ options: TranscriptionOptions = .greedy, _ damage: (inout Safetensors) -> Void = { _ in }
    ) -> String {
      var file = saved
      damage(&file)
      do {
        _ = try TranscriptionSession(packed, continuing: file, options, source: "s")
        return "accepted"
      } catch {
        return error.message
      }
    }
    #expect(message(packed) == "accepted")
    #expect(message(packed, TranscriptionOptions(beam: 3)).contains("s was saved by a search with a beam of 1"))
    #expect(message(try Transcriber.Packed(trainer.model)).contains("s belongs to another model"))
    for key in ["format", "rate", "position", "sound", "search", "beam"] {
      #expect(message(packed) { $0.metadata[key] = "-7 x" }.hasPrefix("s"), "\(key)")
      #expect(message(packed) { $0.metadata[key] = nil }.hasPrefix("s"), "\(key)")
    }
    #expect(message(packed) { $0.metadata["rate"] = "16000" }.hasPrefix("s: "))
    #expect(message(packed) { $0.entries["rows"] = .float(Tensor(zeros: [7])) }.contains("s: rows has the shape [7]"))
    #expect(message(packed) { $0.entries["0.h"] = .float(Tensor(zeros: [1, 3])) }.contains("s: 0.h has the shape [1, 3]"))
  }

  @Test func streamsThatCannotBe() throws {
    let clips = try Clips()
    let both = try TranscriberTrainer(clips.read, options: Self.options()).model
    let error = #expect(throws: RNNError.self) { try TranscriptionSession(Transcriber.Packed(both), rate: 8000) }
    #expect(error?.kind == .usage && error?.message.contains("--no-bidirectional") == true)
    let rows = #expect(throws: RNNError.self) { try TranscriptionSession(Transcriber.Packed(Self.small(bidirectional: nil)), rate: 8000) }
    #expect(rows?.message.contains("another program") == true)
    let one = try TranscriberTrainer(clips.read, options: Self.options(bidirectional: false)).model
    #expect(throws: RNNError.self) { try TranscriptionSession(Transcriber.Packed(one), rate: 0) }
    var features = Self.features
    features.isLevelled = true
    let levelled = try TranscriberTrainer(Clips(input: .sound(features)).read, options: Self.options(bidirectional: false)).model
    let whole = #expect(throws: RNNError.self) { try TranscriptionSession(Transcriber.Packed(levelled), rate: 8000) }
    #expect(whole?.kind == .usage && whole?.message.contains("--no-level") == true)
  }

  // MARK: Training

  @Test(arguments: [true, false])
  func learnsToTranscribe(_ bidirectional: Bool) throws {
    let clips = try Clips(ToneClips.texts(120))
    var options = Self.options(steps: 400, bidirectional: bidirectional, augmentation: SoundAugmentation.none)
    (options.dropout, options.weightDrop, options.hidden) = (0, 0, 24)
    var trainer = try TranscriberTrainer(clips.read, options: options)
    try trainer.train()
    let metrics = try #require(try trainer.metrics())
    #expect(metrics.words.rate < 0.1, "\(metrics.words.rate)")
    #expect(trainer.finishedNotes["validation"]?.contains("WER") == true)
    let others = try Clips(ToneClips.texts(20, seed: 77)), packed = try Transcriber.Packed(trainer.model)
    var words = WordErrors()
    for (found, text) in zip(try packed.transcribe(others.list.clips), others.read.texts) { words.add(found[0].text, reference: text) }
    #expect(words.rate < 0.2, "\(words.rate)")
    // What the texts say of sequences is kept only where it helps.
    if let (searched, _) = trainer.searchedMetrics { #expect(searched.errors <= metrics.words.errors) } else { #expect(trainer.model.languageModel == nil) }
  }

  @Test func goesOnToTheSameBits() throws {
    let clips = try Clips(), path = clips.folder["m"]
    let augmentation = SoundAugmentation(speed: 0.1, gain: 3, noise: 0.5, columnMasks: 1, widestColumns: 3, rowMasks: 1, longestRows: 4)
    func trainer() throws -> TranscriberTrainer { try TranscriberTrainer(clips.read, options: Self.options(steps: 14, augmentation: augmentation)) }
    var whole = try trainer()
    try whole.train()
    var part = try trainer()
    var polls = 0
    guard case .stopped(.some) = try part.train(to: path, shouldStop: { polls += 1; return polls > 7 }) else {
      Issue.record("not stopped")
      return
    }
    var rest = try trainer()
    try rest.train(to: path, start: .resume)
    #expect(rest.model.weights == whole.model.weights)
    #expect(try Transcriber(contentsOf: path).notes["validation"] == whole.finishedNotes["validation"])
    #expect(try Transcriber(contentsOf: path).search == whole.model.search)
    var other = try TranscriberTrainer(clips.read, options: Self.options(steps: 14))
    let error = #expect(throws: RNNError.self) { try other.train(to: path, start: .resume) }
    #expect(error?.message.contains("with --gain 3.0, now --gain is 6.0") == true, "\(error?.message ?? "")")
  }

  @Test("A batch in parts has the loss and the gradient of the whole batch")
  func partsOfABatch() throws {
    // With one clip longer than a part may be, each clip is a part.
    let clips = try Clips(Array(repeating: "ab", count: 3) + ["c"])
    var options = Self.options()
    (options.validationFraction, options.training.batch, options.dropout, options.weightDrop) = (0, 4, 0, 0)
    options.augmentation = SoundAugmentation.none
    let task = try TranscriberTrainer(clips.read, options: options).loop.task, weights = try TranscriberTrainer(clips.read, options: options).model.weights
    var whole = task, parts = task
    parts.stepsAtOnce = 1
    let a = try whole.loss(weights, epoch: 0, index: 0, step: 0), b = try parts.loss(weights, epoch: 0, index: 0, step: 0)
    #expect(abs(a.loss - b.loss) < 1e-5 && a.units == b.units)
    for (x, y) in zip(a.gradient.tensors, b.gradient.tensors) {
      for (u, v) in zip(x.values, y.values) { #expect(abs(u - v) < 1e-4) }
    }
  }

  @Test("Clips too short for their texts are left out and named, or an error")
  func shortClips() throws {
    let folder = try TemporaryFolder()
    var texts = ToneClips.texts(12)
    try ToneClips.write(texts, folder.write)
    try folder.write("short.wav", ToneClips.wav(ToneClips.samples("a")))
    texts.append(String(repeating: "ab", count: 40))
    let lines = texts.enumerated().map { "\($0 < 12 ? "clips.tsv-\($0).wav" : "short.wav")\t\($1)\n" }
    try folder.write("all.tsv", Array(lines.joined().utf8))
    let read = try TranscribedClips(reading: ClipList(contentsOf: folder["all.tsv"]), input: .sound(Self.features))
    var options = Self.options()
    options.validationFraction = 0
    var trainer = try TranscriberTrainer(read, options: options)
    try trainer.train()
    #expect(trainer.division.hasPrefix("12 clips"))
    #expect(trainer.remarks.first == "1 clip is too short for its text and left out:")
    #expect(trainer.remarks.dropFirst().first?.contains("all.tsv, line 13: 7 rows") == true, "\(trainer.remarks)")
    options.unalignable = .error
    let error = #expect(throws: RNNError.self) { try TranscriberTrainer(read, options: options) }
    #expect(error?.kind == .badData && error?.message.contains("all.tsv, line 13") == true)
    // All of them: nothing is left to train on, whatever was asked for.
    try folder.write("bad.tsv", Array(lines[12].utf8))
    options.unalignable = .skip
    let bad = try TranscribedClips(reading: ClipList(contentsOf: folder["bad.tsv"]), input: .sound(Self.features))
    #expect(throws: RNNError.self) { try TranscriberTrainer(bad, options: options) }
    // In the validation part they are measured all the same.
    options.validationFraction = 0.1
    var measured = try TranscriberTrainer(read, validation: bad, options: options)
    try measured.train()
    #expect(try measured.metrics()?.words.count == 1)
  }

  @Test("Characters that nobody said in training are errors, and said to be")
  func unknownCharacters() throws {
    let clips = try Clips(["ab", "ba", "aab", "bba", "b"]), others = try Clips(["a", "c d"])
    var trainer = try TranscriberTrainer(clips.read, validation: others.read, options: Self.options())
    #expect(trainer.remarks.contains { $0.contains("‘c’ ‘d’") }, "\(trainer.remarks)")
    try trainer.train()
    let metrics = try #require(try trainer.metrics())
    #expect(metrics.loss.isFinite && metrics.words.errors >= 2)
  }

  @Test func rowsOfOthers() throws {
    let folder = try TemporaryFolder()
    var random = Philox(seed: 4)
    for i in 0..<8 {
      let values = (0..<60).map { _ in Float(random.normal()) }
      let bytes = [UInt32(60)] + values.map(\.bitPattern)
      try folder.write("\(i).mfc", bytes.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } })
    }
    try folder.write("clips.tsv", Array((0..<8).map { "\($0).mfc\ta\n" }.joined().utf8))
    let list = try ClipList(contentsOf: folder["clips.tsv"]), input = try SoundInput(of: list, features: Self.features, rowSize: 5)
    #expect(input == .rows(size: 5) && "\(input)" == "rows of 5 numbers" && input.secondsPerRow == nil)
    var trainer = try TranscriberTrainer(TranscribedClips(reading: list, input: input), options: Self.options())
    try trainer.train()
    #expect(try Transcriber.Packed(trainer.model).transcribe(list.clips).count == 8)
    #expect(trainer.model.secondsPerStep == nil)
  }

  @Test func optionsThatCannotBe() throws {
    let clips = try Clips(ToneClips.texts(8))
    func rejects(_ change: (inout TranscriberTrainingOptions) -> Void) {
      var options = Self.options()
      change(&options)
      let error = #expect(throws: RNNError.self) { try TranscriberTrainer(clips.read, options: options) }
      #expect(error?.kind == .usage, "\(error?.message ?? "")")
    }
    rejects { $0.stacking = 0 }
    rejects { $0.stacking = 65 }
    rejects { $0.hidden = 0 }
    rejects { $0.dropout = 1 }
    rejects { $0.validationFraction = 0.9 }
    rejects { $0.vocabulary = 20 }
    rejects { $0.training.batch = 0 }
    rejects { $0.augmentation = SoundAugmentation(speed: 2) }
    rejects { ($0.validationFraction, $0.training.patience) = (0, 2) }
  }

  @Test("Stacking is less where clips would be too short")
  func stackingFollowsFromTheClips() throws {
    let dense = try Clips(Array(repeating: "aabbccdd", count: 6)), clips = try Clips(Array(repeating: "ab", count: 6))
    #expect(try TranscriberTrainer(clips.read, options: Self.options()).model.architecture.stacking == 3)
    let stacking = try TranscriberTrainer(dense.read, options: Self.options()).model.architecture.stacking
    #expect((1...3).contains(stacking))
    let rows = dense.read.rows[0].shape[0]
    #expect((rows + stacking - 1) / stacking >= CTC.stepsNeeded([0, 0, 1, 1, 2, 2, 3, 3]))
  }
}

import Foundation
import RNN
import RNNTestSupport
import Testing

/// Small files of every kind that the program reads, each with what is done with it.
final class FuzzFiles: Sendable {
  /// A kind of file.
  struct Kind: Sendable {
    let name: String
    /// A whole one.
    let file: String
    /// Reads one and uses what it says, in this process.
    let read: @Sendable (_ path: String) throws -> Void
    /// Calls of the program with one.
    let calls: @Sendable (_ path: String) -> [[String]]
  }

  let folder: URL

  subscript(name: String) -> String { folder.appending(path: name).path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "rnn-fuzz-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws { try Data(bytes).write(to: folder.appending(path: name)) }
    try write("text", Workplace.text.utf8)
    try write("lines", "the naïve fox\njumps over\n\nthe lazy dog\n".utf8)
    try write("labels", (0..<24).map { "\($0 % 2 == 0 ? "good" : "bad")\tthe \(["fine", "poor"][$0 % 2]) film number \($0)\n" }.joined().utf8)
    try write("pairs", (0..<24).map { "\($0) the dog\t\($0) der Hund\n" }.joined().utf8)
    try ToneClips.write(ToneClips.texts(12)) { name, bytes in try write(name, bytes) }
    try write("series", "day,load,price\n\((0..<120).map { "2024-\(1 + $0 / 28 < 10 ? "0" : "")\(1 + $0 / 28)-\($0 % 28 < 9 ? "0" : "")\(1 + $0 % 28),\(50 + $0 % 7 * 3),\($0 % 5).5\n" }.joined())".utf8)
    try write("numbers", "y\n\((0..<80).map { "\($0 % 6)\n" }.joined())".utf8)
    try write(
      "formulas",
      #"\begin{aligned} z_t &= \sigma\left(W_z \cdot [h_{t-1}, x_t]\right), \\ \tilde{h}_t &= \tanh(\mathbf{W}_{xh} x_t + U(z_t \odot h_{t-1})) \\ h_t &= (1 - z_t) h_{t-1} + \frac{z_t}{2} \tilde{h}_t \\ y_t &= \text{softmax}(V h_t) \end{aligned}"#.utf8)
    try write("cell", "f = sigmoid(Wxf x + Whf h + bf)\nh = f * h + (1 - f) * tanh(Wxh x + bh)\n".utf8)
    let tokenizer = try Tokenizer(of: [Workplace.text], .bpe, vocabulary: 290)
    try write("tokenizer.json", (tokenizer.json ?? "").utf8)
    try write("rows.npy", Self.numpy(rows: 9, size: 13))
    try write("rows.mfc", Self.sphinx(rows: 9, size: 13))
    try write("rows.tsv", "rows.npy\tab\nrows.mfc\tba\nrows.npy\tb\nrows.mfc\ta\nrows.npy\tbb\n".utf8)
    try train()
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  // MARK: Models and states

  static let training: [String: [String]] = [
    "generate": ["text", "--hidden", "6", "--embedding", "4", "--batch", "4", "--sequence-length", "16"],
    "classify": ["labels", "--hidden", "4", "--embedding", "3"],
    "translate": ["pairs", "--hidden", "4", "--embedding", "3", "--tokens", "words"],
    "transcribe": ["clips.tsv", "--hidden", "4", "--bands", "6", "--no-bidirectional", "--no-augmentation", "--batch", "4"],
    "forecast": ["series", "--hidden", "4", "--horizon", "3", "--context", "12", "--target-column", "load", "--kind", "direct"],
  ]

  /// The arguments of a training that ends soon.
  func arguments(_ task: String, to output: String = "/dev/null", steps: Int = 2) -> [String] {
    let own = Self.training[task] ?? []
    return ["train", task, self[own[0]], "-o", output, "--steps", "\(steps)", "--fresh"] + own.dropFirst()
  }

  private func train() throws {
    func run(_ arguments: [String], input: String? = nil) throws {
      let result = try Program.run(arguments, input: input)
      try #require(result.code == 0, "\(arguments): \(result.errors)")
    }
    for task in Self.training.keys { try run(arguments(task, to: self["\(task).model"]) + ["--quiet"]) }
    try run(["train", "forecast", self["numbers"], "-o", self["steps.model"], "--steps", "2", "--hidden", "3", "--context", "8", "--kind", "recurrent", "--head", "student-t", "--quiet"])
    try run(["train", "transcribe", self["rows.tsv"], "-o", self["rows.model"], "--steps", "2", "--hidden", "3", "--stacking", "1", "--validation-part", "0", "--row-size", "13", "--quiet"])
    try run(["generate", self["generate.model"], "--length", "7", "--save-state", self["text.state"]])
    try run(["translate", self["translate.model"], "--beam", "1", "--length", "1", "--save-state", self["translation.state"]], input: "1 the dog\n")
    try run(["transcribe", self["transcribe.model"], "--stream", "--rate", "16000", "--save-state", self["transcription.state"]], input: String(repeating: "aB", count: 3000))
    var trainer = try Self.textTrainer(self["text"]), steps = 0
    try trainer.train(to: self["run"], shouldStop: { steps += 1; return steps > 2 })
    // A run that goes on removes its checkpoint.
    try FileManager.default.copyItem(atPath: self["run.checkpoint"], toPath: self["checkpoint.kept"])
  }

  /// The trainer whose checkpoint is read: that of the program with the same options.
  private static func textTrainer(_ path: String) throws -> TextTrainer {
    try TextTrainer(
      TextCorpus(reading: [path]),
      options: TextTrainingOptions(hidden: 6, embedding: 4, sequenceLength: 16, training: .init(budget: .steps(4), batch: 4)))
  }

  private static func numpy(rows: Int, size: Int) -> [UInt8] {
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(size)), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8) + (0..<rows * size).flatMap { bytes(Float($0 % 11) / 7) }
  }

  private static func sphinx(rows: Int, size: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(rows * size).littleEndian) { Array($0) } + (0..<rows * size).flatMap { bytes(Float($0 % 5) / 3) }
  }

  private static func bytes(_ value: Float) -> [UInt8] { withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }

  // MARK: Kinds

  /// All kinds, in a fixed order.
  var kinds: [Kind] { models + states + data }

  private var models: [Kind] {
    let place = self
    return [
      Kind(name: "model generate", file: self["generate.model"]) { path in
        _ = try TextGenerator(LanguageModel(contentsOf: path)).generate("a", GenerationOptions(length: 4))
      } calls: { path in
        [["generate", path, "--length", "4"], ["inspect", path], ["verify", path], ["evaluate", path, place["lines"], "--quiet"]]
      },
      Kind(name: "model classify", file: self["classify.model"]) { path in
        _ = try TextClassifier(contentsOf: path).classify("the fine film")
      } calls: { path in
        [["classify", path, place["lines"]], ["inspect", path], ["verify", path], ["evaluate", path, place["labels"], "--quiet"]]
      },
      Kind(name: "model translate", file: self["translate.model"]) { path in
        _ = try Translator.Packed(Translator(contentsOf: path)).translate("the dog")
      } calls: { path in
        [["translate", path, place["lines"]], ["inspect", path], ["verify", path], ["evaluate", path, place["pairs"], "--quiet"]]
      },
      Kind(name: "model transcribe", file: self["transcribe.model"]) { path in
        let model = try Transcriber(contentsOf: path)
        _ = try Transcriber.Packed(model).transcribe(ClipList(files: [place["clips.tsv-0.wav"]]).clips, model.search)
      } calls: { path in
        [["transcribe", path, place["clips.tsv-0.wav"]], ["inspect", path], ["verify", path], ["evaluate", path, place["clips.tsv"], "--quiet"]]
      },
      Kind(name: "model forecast", file: self["forecast.model"]) { path in
        let model = try ForecastModel(contentsOf: path)
        let set = try SeriesSet(reading: [place["series"]], options: model.variables.reading ?? .init())
        _ = try model.forecasts(of: set, ForecastWindow.atEnd(of: set), horizon: model.architecture.horizon)
      } calls: { path in
        [["forecast", path, place["series"]], ["inspect", path], ["verify", path], ["evaluate", path, place["series"], "--split", "rest/0/9", "--quiet"]]
      },
      Kind(name: "model forecast by steps", file: self["steps.model"]) { path in
        let model = try ForecastModel(contentsOf: path)
        let set = try SeriesSet(reading: [place["numbers"]], options: model.variables.reading ?? .init())
        _ = try model.forecasts(of: set, ForecastWindow.atEnd(of: set), horizon: 2)
      } calls: { path in
        [["forecast", path, place["numbers"], "--horizon", "3"], ["verify", path], ["evaluate", path, place["numbers"], "--split", "rest/0/9", "--quiet"]]
      },
      Kind(name: "model of rows", file: self["rows.model"]) { path in
        _ = try Transcriber.Packed(Transcriber(contentsOf: path)).transcribe(ClipList(files: [place["rows.npy"]]).clips, .greedy)
      } calls: { path in [["transcribe", path, place["rows.npy"]], ["inspect", path]] },
    ]
  }

  private var states: [Kind] {
    let place = self
    return [
      Kind(name: "state of a text", file: self["text.state"]) { path in
        let session = try TextSession(TextGenerator(LanguageModel(contentsOf: place["generate.model"])), GenerationOptions(length: 3))
        try session.restore(Safetensors(contentsOf: path))
        for _ in 0..<3 { _ = try session.next() }
        _ = try session.state()
      } calls: { path in [["generate", place["generate.model"], "--state", path, "--length", "4", "--save-state", "/dev/null"]] },
      Kind(name: "state of a translation", file: self["translation.state"]) { path in
        let session = try TranslationSession(Translator.Packed(Translator(contentsOf: place["translate.model"])), continuing: Safetensors(contentsOf: path))
        for _ in 0..<3 { _ = try session.next() }
        _ = try session.state()
      } calls: { path in [["translate", place["translate.model"], "--beam", "1", "--state", path, "--save-state", "/dev/null"]] },
      Kind(name: "state of a transcription", file: self["transcription.state"]) { path in
        var session = try TranscriptionSession(Transcriber.Packed(Transcriber(contentsOf: place["transcribe.model"])), continuing: Safetensors(contentsOf: path))
        session.push((0..<4000).map { Float($0 % 30) / 30 })
        _ = try session.state()
        _ = session.finish()
      } calls: { path in [["transcribe", place["transcribe.model"], "--stream", "--state", path, "--save-state", "/dev/null"], ["transcribe", place["transcribe.model"], "--stream", "--state", path]] },
      Kind(name: "checkpoint", file: self["run.checkpoint"]) { path in
        var trainer = try Self.textTrainer(place["text"])
        try trainer.loop.restore(TrainingCheckpoint(Safetensors(contentsOf: path)))
        _ = try trainer.loop.run { _, _ in }
      } calls: { path in
        // The checkpoint lies beside the model that it is of.
        let output = path.hasSuffix(".checkpoint") ? String(path.dropLast(11)) : path
        return [["train", "generate", place["text"], "-o", output, "--steps", "4", "--resume"] + (Self.training["generate"] ?? []).dropFirst()]
      },
    ]
  }

  private var data: [Kind] {
    let place = self
    return [
      Kind(name: "tokenizer", file: self["tokenizer.json"]) { path in
        let tokenizer = try Tokenizer(contentsOf: path)
        _ = tokenizer.decode(tokenizer.encode(Array("the naïve fox 狐".utf8)))
      } calls: { path in [["train", "generate", place["text"], "-o", "/dev/null", "--tokens", "bpe:\(path)", "--steps", "1", "--hidden", "4", "--embedding", "2"]] },
      Kind(name: "table of series", file: self["series"]) { path in
        _ = try SeriesSet(reading: [path], options: SeriesReadingOptions(targets: ["load"]))
      } calls: { path in
        [
          ["forecast", place["forecast.model"], path], ["evaluate", place["forecast.model"], path, "--split", "rest/0/9", "--quiet"],
          ["train", "forecast", path, "-o", "/dev/null", "--target-column", "load", "--steps", "1", "--hidden", "3"],
        ]
      },
      Kind(name: "labelled texts", file: self["labels"]) { path in
        _ = try LabelledTexts(reading: [path])
      } calls: { path in
        [["evaluate", place["classify.model"], path, "--quiet"], ["train", "classify", path, "-o", "/dev/null", "--steps", "1", "--hidden", "3", "--embedding", "2"]]
      },
      Kind(name: "pairs", file: self["pairs"]) { path in
        _ = try SentencePairs(reading: .tables([path]))
      } calls: { path in
        [["evaluate", place["translate.model"], path, "--quiet"], ["translate", place["translate.model"], path], ["train", "translate", path, "-o", "/dev/null", "--steps", "1", "--hidden", "4", "--embedding", "2"]]
      },
      Kind(name: "list of clips", file: self["clips.tsv"]) { path in
        _ = try ClipList(contentsOf: path, options: ClipListOptions(folder: place.folder.path))
      } calls: { path in
        [
          ["evaluate", place["transcribe.model"], path, "--folder", place.folder.path, "--quiet"],
          ["transcribe", place["transcribe.model"], "--list", path, "--folder", place.folder.path],
          ["train", "transcribe", path, "--folder", place.folder.path, "-o", "/dev/null", "--steps", "1", "--hidden", "3"],
        ]
      },
      Kind(name: "WAV", file: self["clips.tsv-0.wav"]) { path in
        _ = try Sound(contentsOf: path).resampled(to: 8000)
      } calls: { path in [["transcribe", place["transcribe.model"], path]] },
      Kind(name: "rows of NumPy", file: self["rows.npy"]) { path in
        _ = try FeatureFile.rows(contentsOf: path, size: 13)
      } calls: { path in [["transcribe", place["rows.model"], path]] },
      Kind(name: "rows of Sphinx", file: self["rows.mfc"]) { path in
        _ = try FeatureFile.rows(contentsOf: path, size: 13)
      } calls: { path in [["transcribe", place["rows.model"], path]] },
      Kind(name: "formulas", file: self["formulas"]) { path in
        _ = try Cell(equations: String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self))
      } calls: { path in [["explain", "--cell", path], ["verify", "--cell", path, "--hidden", "2", "--inputs", "2"]] },
      Kind(name: "cell", file: self["cell"]) { path in
        _ = try Cell(equations: String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self))
      } calls: { path in [["explain", "--cell", path], ["verify", "--cell", path, "--hidden", "2", "--inputs", "2"], ["train", "generate", place["text"], "-o", "/dev/null", "--cell", path, "--steps", "1", "--hidden", "3"]] },
      Kind(name: "text", file: self["text"]) { path in
        _ = try TextCorpus(reading: [path]).split()
      } calls: { path in [["evaluate", place["generate.model"], path, "--quiet"], ["train", "generate", path, "-o", "/dev/null", "--steps", "1", "--hidden", "3"]] },
      Kind(name: "any tensors", file: self["generate.model"]) { path in
        _ = try Safetensors(contentsOf: path)
      } calls: { path in [["inspect", path]] },
    ]
  }

  /// A call of every command that does a little, for options to be added to.
  var calls: [String: [String]] {
    var calls: [String: [String]] = [
      "generate": ["generate", self["generate.model"]], "classify": ["classify", self["classify.model"], self["lines"]],
      "translate": ["translate", self["translate.model"], self["lines"]], "transcribe": ["transcribe", self["transcribe.model"], self["clips.tsv-0.wav"]],
      "forecast": ["forecast", self["steps.model"], self["numbers"]], "evaluate": ["evaluate", self["generate.model"], self["lines"]],
      "verify": ["verify", self["generate.model"]], "inspect": ["inspect", self["forecast.model"]], "explain": ["explain"],
      "bench": ["bench", "--cell", "rnn", "--batch", "1", "--sequence-length", "2", "--hidden", "3", "--input", "2", "--seconds", "0.01"], "demo": ["demo"],
    ]
    for task in Self.training.keys { calls["train \(task)"] = arguments(task) }
    return calls
  }
}

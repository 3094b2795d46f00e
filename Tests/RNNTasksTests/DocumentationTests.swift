import Foundation
import RNN
import RNNTestSupport
import Testing

/// The code in the documentation, compiled and run. A fragment shown there must stand here, in the examples or in the
/// library itself; the last test looks.
@Suite struct DocumentationTests {
  private func withDirectory(_ body: (String) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try await body(directory.path)
  }

  private func verify(_ cell: Cell, _ others: [String: Int] = [:]) throws {
    for check in try Verification(cell, sizes: CellSizes(input: 3, hidden: 6, others)).run() {
      #expect(check.passed, "\(cell.name): \(check.name): \(check.error)")
    }
  }

  @Test func cells() throws {
    let elman = Cell("elman", state: "h") { x, s, W, b in
      ["h": tanh(W.xh * x + W.hh * s.h + b.h)]
    }
    #expect(elman.graph == Cell.rnn.graph)

    let leaky = Cell(
      "leaky", state: Cell.State("h", size: .projection), Cell.State("n", initial: .constant(1)), output: "y"
    ) { x, s, W, b in
      let n = sigmoid(b.decay) * s.n + tanh(W.xn * x + W.hn * s.h + b.n)
      return ["h": W.nh * n, "n": n, "y": relu(n)]
    }
    try verify(leaky, ["projection": 4])

    let keep = try Cell(
      equations: """
        cell keep
        f_t = sigmoid(W_xf x_t + W_hf h_{t-1} + b_f)
        h_t = f_t ⊙ h_{t-1} + (1 - f_t) ⊙ tanh(W_xh x_t + b_h)
        """)
    print(keep.equations)
    print(keep.latex)
    try verify(keep)
    let brief = "f = sigmoid(Wxf x + Whf h + bf); h = f * h + (1 - f) * tanh(Wxh x + bh)"
    #expect(try Cell(equations: brief, name: "keep") == keep)

    let pasted = try Cell(
      equations: #"""
        \begin{aligned}
        h_t &= \tanh(W_{xh}x_t + W_{hh}h_{t-1} + b_h) \\
        y_t &= \text{softmax}(W_{hy}h_t + b_y)
        \end{aligned}
        """#,
      remark: { print($0) })
    print(pasted.equations)
    #expect(pasted == .rnn)
  }

  @Test func trainingAndGenerating() async throws {
    try await withDirectory { directory in
      let path = directory + "/text", output = directory + "/model.safetensors", statePath = directory + "/state"
      let heldOut = Array("one two three four\n".utf8)
      try Files.writeAtomically((0..<200).flatMap { _ in heldOut }, to: path)

      let corpus = try TextCorpus(reading: [path])
      var trainer = try TextTrainer(corpus, options: TextTrainingOptions(tokens: .characters, training: .init(budget: .time(300))))
      trainer = try TextTrainer(corpus, options: TextTrainingOptions(tokens: .characters, hidden: 16, training: .init(budget: .steps(10))))
      let outcome = try trainer.train(to: output, start: .resume, shouldStop: { Task.isCancelled }) { trainer, event in
        if case .measured(let measurement, let isBest) = event {
          print(measurement.step, trainer.evaluation(nats: measurement.validation).bitsPerByte, isBest ? "best" : "")
        }
      }
      if case .finished = outcome {} else { Issue.record("the run ended with \(outcome)") }

      let model = try LanguageModel(contentsOf: output)
      let loss = try model.evaluate(heldOut)
      print(loss.bitsPerByte, loss.natsPerCharacter, loss.perplexity)
      #expect(loss.perplexity < 30)

      try self.startsFromAModel(output, more: TextCorpus(String(repeating: "five two one\n", count: 50)))
      try self.words(path, heldOut)
      let generator = try TextGenerator(model)
      let options = GenerationOptions(sampling: try SamplingOptions(temperature: 0.8, topP: 0.95), length: 200, seed: 7)
      for try await piece in generator.stream("Once", options) { print(piece, terminator: "") }

      try self.session(generator, options)
      let session = try TextSession(generator, options)
      session.read(Array("Once".utf8))
      var text = ""
      for _ in 0..<100 { text += try session.next() ?? "" }
      try session.state().write(to: statePath)

      let later = try TextSession(generator, options)
      try later.restore(Safetensors(contentsOf: statePath), source: statePath)
      #expect(try later.next() == session.next())
      #expect(try generator.generate("Once", options).hasPrefix(text))
    }
  }

  private func session(_ generator: TextGenerator, _ options: GenerationOptions) throws {
    let session = try TextSession(generator, options)
    session.read(Array("Once".utf8))
    while let piece = try session.next() { print(piece, terminator: "") }
    print(session.finish())
    #expect(session.generated == options.length)
  }

  private func startsFromAModel(_ output: String, more: TextCorpus) throws {
    let base = try LanguageModel(contentsOf: output)
    var tuned = try TextTrainer(
      more, from: base, options: TextTrainingOptions(training: .init(budget: .epochs(2), learningRate: 1e-3, extendsOrigin: true)))
    try tuned.train()
    #expect(tuned.origin?.remarks == ["2 new characters of the data"])
  }

  private func words(_ path: String, _ heldOut: [UInt8]) throws {
    let words = TextTrainingOptions(tokens: .words, vocabulary: 5000, training: .init(budget: .steps(10)))
    var trainer = try TextTrainer(TextCorpus(reading: [path]), options: words)
    try trainer.train()
    print(trainer.model.tokenizer.words.prefix(10), try trainer.model.evaluate(heldOut).perplexity)

    let json = path + ".json"
    let pairs = try Tokenizer(bytePairsOf: TextCorpus(reading: [path]), vocabulary: 300)
    try Files.writeAtomically(Array((pairs.json ?? "").utf8), to: json)
    print(try Tokenizer(contentsOf: json) == pairs, pairs.encode("one two"))
  }

  @Test func classifying() async throws {
    try await withDirectory { directory in
      let (path, test, output) = (directory + "/train.csv", directory + "/test.csv", directory + "/model.safetensors")
      let rows = (0..<60).map { "\"\($0 % 2 == 0 ? "good" : "bad"), \($0 % 7)\",\($0 % 2 == 0 ? "pos" : "neg")\n" }.joined()
      for file in [path, test] { try Files.writeAtomically(Array("text,label\n".utf8) + Array(rows.utf8), to: file) }

      let texts = try LabelledTexts(reading: [path], options: LabelledOptions(textColumn: "text", labelColumn: "label"))
      var trainer = try ClassifierTrainer(texts, options: ClassifierTrainingOptions(classWeights: .balanced, training: .init(budget: .epochs(4))))
      try trainer.train(to: output, start: .resume, shouldStop: { Task.isCancelled }) { trainer, event in
        if case .measured(let measurement, let isBest) = event { print(measurement.step, measurement.score ?? 0, isBest ? "best" : "") }
      }

      let model = try TextClassifier(contentsOf: output)
      let metrics = try model.evaluate(reading: [test])
      print(metrics.accuracy, metrics.macroF1, metrics.macroRecall, metrics.majority.accuracy, metrics.confusion)
      #expect(metrics.count == 60)

      let session = try TextClassifier.Session(model)
      for prediction in session.classify([Array("good".utf8), Array("bad".utf8)]) {
        print(prediction.label, prediction.probability, zip(model.labels, prediction.probabilities).map { "\($0): \($1)" })
      }

      var table = try TableReader(path, format: .commas)
      while try table.next() {
        try table.requireCount(2)
        print(table.line, try table.string(0), table.withField(1) { $0.count })
      }
    }
  }

  @Test func forecasting() async throws {
    try await withDirectory { directory in
      let (path, plot, output) = (directory + "/load.csv", directory + "/plot.svg", directory + "/model.safetensors")
      let rows = (0..<400).map { "2024-01-\($0 / 24 + 10) \($0 % 24):00,\($0 % 24 * 3 + $0 * 7919 % 5),\($0 / 24 % 7 > 4 ? 1 : 0)\n" }.joined()
      try Files.writeAtomically(Array("time,load,weekend\n".utf8) + Array(rows.utf8), to: path)

      let set = try SeriesSet(reading: [path], options: SeriesReadingOptions(targets: ["load"], known: ["weekend"]))
      print(set.frequency, set.seasonality, set.series.map(\.length), set.warnings)
      let split = try SeriesSplit(text: "rest/10%/20%")
      var trainer = try ForecastTrainer(set, sources: [path], options: ForecastTrainingOptions(horizon: 6, split: split, training: .init(budget: .epochs(2))))
      try trainer.train(to: output, start: .resume, shouldStop: { Task.isCancelled }) { trainer, event in
        if case .measured(let measurement, let isBest) = event { print(measurement.step, measurement.validation, isBest ? "best" : "") }
      }

      let model = try ForecastModel(contentsOf: output)
      let test = try Backtest(of: set, parts: split.parts(of: set), horizon: 6)
      let results = try test.run([model] + test.baselines(lags: 48))
      for figure in results[0].total.figures { print(figure.name, figure.value ?? .nan, figure.definition) }
      for comparison in results[0].comparisons(with: Array(results.dropFirst())) { print("the model \(comparison)") }
      #expect(results.count == 4)

      let windows = try ForecastWindow.atEnd(of: set, back: 6)
      let forecasts = try model.forecasts(of: set, windows, horizon: 6)
      print(forecasts[0].points, forecasts[0].quantile(0, 0.9))
      try Files.writeAtomically(Array(ForecastPlot(forecasts, windows, of: set).svg.utf8), to: plot)

      struct Yesterday: Forecaster {
        let name = "yesterday"
        func forecasts(of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int) -> [Forecast] {
          windows.map { window in
            let values = set.series[window.series].targets[window.target]
            return Forecast(points: (0..<horizon).map { values[window.origin - 24 + $0 % 24] })
          }
        }
      }
      print(try test.run([Yesterday()])[0].total.mae)
    }
  }

  @Test func translating() async throws {
    try await withDirectory { directory in
      let (path, output) = (directory + "/pairs.tsv", directory + "/model.safetensors")
      let rows = (0..<40).map { "a \($0 % 2 == 0 ? "dog" : "cat") \($0)\tein \($0 % 2 == 0 ? "Hund" : "Kater") \($0)\n" }.joined()
      try Files.writeAtomically(Array(rows.utf8), to: path)

      let pairs = try SentencePairs(reading: .tables([path]))
      var trainer = try TranslatorTrainer(pairs, options: TranslatorTrainingOptions(tokens: .bpe, training: .init(budget: .steps(20))))
      try trainer.train(to: output)

      let translator = try Translator.Packed(Translator(contentsOf: output))
      for translations in try translator.translate([Array("a dog".utf8), Array("a cat".utf8)], TranslationOptions(beam: 4, best: 2)) {
        for translation in translations { print(translation.text, translation.score, translation.attention.count) }
      }

      let first = try TranslationSession(translator, Array("a dog".utf8))
      let token = try first.next()
      let saved = try first.state()
      let rest = try TranslationSession(translator, continuing: saved)
      while let token = try rest.next() { print(token, rest.text) }
      #expect(token != nil || rest.isFinished)
    }
  }

  @Test func runningACell() throws {
    let steps = 4
    var random = Philox(seed: 1)
    let x = Tensor(normalMean: 0, deviation: 1, shape: [steps, 1, 3], using: &random)
    let outputGradient = Tensor(normalMean: 0, deviation: 1, shape: [steps, 1, 5], using: &random)
    func row(_ t: Int) -> [Float] { (0..<3).map { x[t, 0, $0] } }

    let engine = try CellEngine(.gru, sizes: CellSizes(input: 3, hidden: 5))
    let parameters = engine.parameters.map { Tensor(normalMean: 0, deviation: 0.3, shape: engine.shape(of: $0), using: &random) }
    let packed = engine.pack(parameters, forTraining: true)
    let result = engine.run(packed, inputs: [x])
    if let trace = result.trace {
      let gradients = engine.backward(trace, output: outputGradient)
      print(gradients.parameters.count, gradients.initialStates.count)
      #expect(gradients.parameters.map(\.shape) == parameters.map(\.shape))
    }

    var outputs: [[Float]] = []
    let stepper = CellStepper(engine, engine.pack(parameters))
    for t in 0..<steps { outputs.append(stepper.step([row(t)])) }
    let states = stepper.states
    #expect(outputs.flatMap(\.self) == result.output.values)
    #expect(states.flatMap(\.self) == result.states.flatMap(\.values))
  }

  @Test func rowsOfDifferentLengths() throws {
    var random = Philox(seed: 1)
    var weights = Weights()
    let x = Variable(Tensor(normalMean: 0, deviation: 1, shape: [7, 4, 3], using: &random))
    let lengths = [7, 2, 0, 5]
    let encoder = try RecurrentStack("encoder", cell: .gru, inputs: 3, hidden: 5, layers: 2, bidirectional: .concatenate)
    try encoder.initial(into: &weights, using: &random)
    let (y, states) = encoder(x, TapedWeights(constant: weights), lengths: lengths)
    let pooled = encoder.pool(y, .max, lengths: lengths)
    #expect(y.shape == [7, 4, 10] && pooled.shape == [4, 10] && states.count == 4)
  }

  @Test func longSequences() throws {
    let steps = 250
    var random = Philox(seed: 1)
    var weights = Weights()
    let stack = try RecurrentStack("rnn", cell: .lstm, inputs: 3, hidden: 5, layers: 2)
    try stack.initial(into: &weights, using: &random)
    let x = Variable(Tensor(normalMean: 0, deviation: 1, shape: [steps, 1, 3], using: &random))

    let (loss, gradient) = valueAndGradient(of: weights) { weights in
      let start = stack.initialStates(batch: 1).map { $0.map { Variable($0) } }
      let (parts, _) = scan(0..<steps, Segments([100]), start, weights) { steps, states, weights in
        let (y, after) = stack(x.slice(axis: 0, steps), weights, initial: states)
        return ([(y * y).sum()], after)
      }
      return parts.dropFirst().reduce(parts[0][0]) { $0 + $1[0] }
    }

    let whole = valueAndGradient(of: weights) { weights in
      let y = stack(x, weights).output
      return (y * y).sum()
    }
    #expect(gradient == whole.gradient)
    #expect(abs(loss.item - whole.value.item) <= 1e-5 * whole.value.item)
  }

  @Test func speech() throws {
    let folder = try TemporaryFolder()
    try ToneClips.write(ToneClips.texts(12), folder.write)
    let (path, output) = (folder["clips.tsv"], folder["m"])

    let input = SoundInput.sound(SoundFeatures(.logMel, rate: 8000, bands: 40))
    let clips = try TranscribedClips(reading: ClipList(contentsOf: path), input: input)
    var trainer = try TranscriberTrainer(clips, options: TranscriberTrainingOptions(bidirectional: false, training: .init(budget: .steps(20))))
    try trainer.train(to: output)

    let transcriber = try Transcriber.Packed(Transcriber(contentsOf: output))
    for transcripts in try transcriber.transcribe(ClipList(contentsOf: path).clips, TranscriptionOptions(beam: 8, count: 2)) {
      for transcript in transcripts { print(transcript.text, transcript.score, transcript.words.map(\.confidence)) }
    }

    let sound = try Sound(contentsOf: folder["clips.tsv-0.wav"])
    let portions = [sound.samples]
    var session = try TranscriptionSession(transcriber, rate: sound.rate)
    for samples in portions {
      session.push(samples)
      print(session.partial[0].text)
    }
    let saved = try session.state()
    var rest = try TranscriptionSession(transcriber, continuing: saved)
    print(rest.finish()[0].text)
    var whole = try TranscriptionSession(transcriber, rate: sound.rate)
    whole.push(sound.samples)
    #expect(try whole.finish() == transcriber.transcribe([Clip(paths: [folder["clips.tsv-0.wav"]])])[0])
  }

  /// Every fragment of Swift in the documentation stands, line after line, in a file that is compiled.
  @Test func everyFragmentIsCompiled() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    func lines(_ path: URL) throws -> [String] {
      try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    let files = FileManager.default
    var compiled = [try lines(URL(fileURLWithPath: #filePath))]
    for folder in ["Sources/RNNCells/Cells", "Examples/Sources/ClassifyText", "Examples/Sources/ForecastSeries", "Examples/Sources/GenerateText", "Examples/Sources/OwnCell"] {
      let folder = root.appendingPathComponent(folder)
      for name in try files.contentsOfDirectory(atPath: folder.path) { compiled.append(try lines(folder.appendingPathComponent(name))) }
    }
    let catalog = root.appendingPathComponent("Sources/RNN/RNN.docc")
    var pages = [root.appendingPathComponent("README.md")]
    pages += try files.contentsOfDirectory(atPath: catalog.path).filter { $0.hasSuffix(".md") }.map { catalog.appendingPathComponent($0) }
    var count = 0
    for page in pages {
      var fragment: [String]?
      for line in try lines(page) {
        if line == "```swift" {
          fragment = []
        } else if line == "```", let wanted = fragment {
          fragment = nil
          count += 1
          let stands = compiled.contains { source in
            var rest = wanted[...]
            for line in source where line == rest.first { rest = rest.dropFirst() }
            return rest.isEmpty
          }
          #expect(stands, "\(page.lastPathComponent): not compiled anywhere: \(wanted.first ?? "")")
        } else {
          fragment?.append(line)
        }
      }
    }
    #expect(count >= 12, "found \(count) fragments")
  }
}

import RNNCells
import RNNData
import RNNLayers
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

/// Training that starts from a model.
@Suite struct OriginTests {
  private static func options(_ steps: Int, from name: String? = nil, extends: Bool = false) -> TrainingOptions {
    TrainingOptions(budget: .steps(steps), batch: 8, learningRate: 0.01, originName: name, extendsOrigin: extends)
  }

  private struct GoesOn: SmallTask.OriginProperty {
    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions, T.Model?) throws -> T) throws {
      var first = try trainer(OriginTests.options(40), nil)
      try first.train(to: path + ".base")
      let start = try T.Model(contentsOf: path + ".base")
      let untrained = try trainer(OriginTests.options(3), nil)
      #expect(untrained.origin == nil && untrained.loop.run.settings["--from"] == nil)

      // At first, the weights are the origin's; then they are trained.
      var whole = try trainer(OriginTests.options(9, from: "base"), start)
      #expect(whole.initial.weights == start.weights && whole.loop.weights == start.weights)
      #expect(whole.loop.run.settings["--from"] == "base (\(try start.fingerprint()))")
      try whole.train(to: path)
      #expect(whole.loop.weights != start.weights)
      let written = try Files.read(path), model = try T.Model(contentsOf: path)
      #expect(model.notes["started from"]?.hasPrefix("\(T.Model.noun), base (\(try start.fingerprint()))") == true)
      var anew = try trainer(OriginTests.options(9), nil)
      try anew.train()
      let (here, there) = (try #require(whole.loop.state.history.first), try #require(anew.loop.state.history.first))
      #expect(here.training < there.training, "it doesn't begin where the origin ended")

      // Interrupted, the run ends with the same bits; of another origin, it is another run.
      var part = try trainer(OriginTests.options(9, from: "base"), start)
      try part.train(to: path, start: .fresh, steps: 4)
      let expected = "the checkpoint was made with --from base ("
      for (options, other) in [(OriginTests.options(9, from: "other"), untrained.model), (OriginTests.options(9), nil)] {
        var another = try trainer(options, other)
        let error = #expect(throws: RNNError.self) { try another.train(to: path, start: .resume) }
        #expect(error?.kind == .usage && error?.message.contains(expected) == true, "\(error?.message ?? "")")
      }
      var rest = try trainer(OriginTests.options(9, from: "base"), start)
      try rest.train(to: path, start: .resume)
      #expect(try Files.read(path) == written)

      // A checkpoint has the best weights so far.
      part = try trainer(TrainingOptions(budget: .epochs(3), batch: 8, learningRate: 0.01), nil)
      try part.train(to: path, start: .fresh, steps: part.loop.task.stepsPerEpoch + 1)
      let checkpoint = try T.Model(contentsOf: T.checkpointPath(path))
      #expect(part.loop.state.best != nil)
      #expect(try trainer(OriginTests.options(9), checkpoint).initial.weights == part.model.weights)
    }
  }

  @Test(arguments: SmallTask.allCases) func aRunStartsFromAModel(_ task: SmallTask) throws { try task.check(GoesOn()) }

  // MARK: Options that contradict

  private func expect(_ words: String, _ make: () throws -> some Trainer) {
    let error = #expect(throws: RNNError.self) { _ = try make() }
    #expect(error?.kind == .usage && error?.message.contains(words) == true, "\(error?.message ?? ""), expected \(words)")
  }

  @Test func optionsThatContradict() throws {
    func pairs(_ own: Int) -> SentencePairs { SentencePairs(Array(TranslatorTests.pairs.prefix(own))) }
    let corpus = try TextCorpus(String(repeating: "a sheep and a goat\n", count: 90))
    let reader = try LanguageModel(.init(cell: .lstmProjection, hidden: 8, layers: 2, embedding: 4, sizes: ["projection": 3]), tokenizer: Tokenizer(words: ["a", "sheep"]))
    func text(_ options: TextTrainingOptions) throws -> TextTrainer { try TextTrainer(corpus, from: reader, options: options) }
    expect("--cell gru contradicts --from: that model has --cell \(Cell.lstmProjection.name)") { try text(.init(cell: .gru)) }
    expect("--hidden 9 contradicts --from: that model has --hidden 8") { try text(.init(hidden: 9)) }
    expect("--layers 1 contradicts --from: that model has --layers 2") { try text(.init(layers: 1)) }
    expect("--embedding 5 contradicts --from: that model has --embedding 4") { try text(.init(embedding: 5)) }
    expect("--projection 4 contradicts --from: that model has --projection 3") { try text(.init(projection: 4)) }
    expect("--tokens bytes contradicts --from: that model has --tokens words") { try text(.init(tokens: .bytes)) }
    expect("--vocabulary 3 contradicts --from: that model has --vocabulary 4") { try text(.init(vocabulary: 3)) }
    expect("--vocabulary 5 contradicts --from: that model has --vocabulary 4, to which --extend adds") { try text(.init(vocabulary: 5)) }
    expect("the tokens of a file contradict --from") { try text(.init(tokenizer: Tokenizer(words: ["a", "goat"]))) }
    expect("--tokens words:3 contradicts --from: that model has --tokens words:4") { try text(.init(tokens: .words, vocabulary: 3)) }
    expect("a vocabulary of 4 leaves --extend nothing to add") { try text(.init(vocabulary: 4, training: .init(extendsOrigin: true))) }
    expect("--orthogonal contradicts --from") { try text(.init(initialization: .init(orthogonal: true))) }
    expect("--forget-bias and --orthogonal contradict --from") { try text(.init(initialization: .init(forgetBias: 1, orthogonal: true))) }
    expect("--initial contradicts --from: nothing is new") { try text(.init(initialization: .init(range: 0.1))) }
    // New tokens begin as it says.
    #expect(try text(.init(initialization: .init(range: 0.1), training: .init(extendsOrigin: true))).model.tokenizer.count == 6)
    // What is the same contradicts nothing, and what only shapes training is free.
    let same = try text(.init(
      cell: .lstmProjection, tokens: .words, vocabulary: 4, hidden: 8, layers: 2, embedding: 4, projection: 3, dropout: 0.3, sequenceLength: 9,
      training: .init(budget: .epochs(2), batch: 2, optimizer: .sgd(momentum: 0.5), learningRate: 0.1, seed: 7)))
    #expect(same.model.weights == reader.weights && same.model.architecture.dropout == 0.3)
    #expect(same.origin?.remarks == ["2 words of the data unknown to it, which --extend adds"])

    let translator = try Translator(.init(hidden: 8, embedding: 4, dropout: 0.2), source: .bytes, target: .bytes)
    func translation(_ options: TranslatorTrainingOptions) throws -> TranslatorTrainer { try TranslatorTrainer(pairs(60), from: translator, options: options) }
    expect("--attention dot contradicts --from: that model has --attention general") { try translation(.init(attention: .dot)) }
    expect("--no-tied-embeddings contradicts --from: that model has --tied-embeddings") { try translation(.init(tiedEmbeddings: false)) }
    expect("--extend has nothing to add to the model of --from: its tokens, bytes, make up any text") { try translation(.init(training: .init(extendsOrigin: true))) }
    #expect(try translation(.init(sharesTokens: true)).model.architecture.dropout == 0.2)
    let apart = try Translator(.init(hidden: 8, embedding: 4), source: .bytes, target: Tokenizer(of: ["one two"], .bpe, vocabulary: 258))
    expect("--shared-tokens contradicts --from: that model is without --shared-tokens") {
      try TranslatorTrainer(pairs(60), from: apart, options: .init(sharesTokens: true))
    }

    let texts = LabelledTexts(TextClassifierTests.texts)
    let classifier = try TextClassifier(
      .init(hidden: 8, embedding: 4, bidirectional: nil, pooling: [.max, .last]), labels: ["pos", "neg"], tokenizer: .bytes, normalizer: TextNormalizer(lowercase: true, splitsSigns: false))
    func classification(_ options: ClassifierTrainingOptions) throws -> ClassifierTrainer { try ClassifierTrainer(texts, from: classifier, options: options) }
    expect("--bidirectional contradicts --from: that model has --no-bidirectional") { try classification(.init(bidirectional: true)) }
    expect("--pooling mean contradicts --from: that model has --pooling max,last") { try classification(.init(pooling: [.mean])) }
    expect("--no-lowercase contradicts --from: that model has --lowercase") { try classification(.init(lowercase: false)) }
    // There are labels to extend.
    #expect(try classification(.init(training: .init(extendsOrigin: true))).model.tokenizer == .bytes)
    let language = try LanguageModel(.init(hidden: 8, embedding: 4), tokenizer: .bytes)
    func continued(_ options: ClassifierTrainingOptions) throws -> ClassifierTrainer { try ClassifierTrainer(texts, from: language, options: options) }
    expect("--extend has nothing to add") { try continued(.init(training: .init(extendsOrigin: true))) }
    expect("--forget-bias contradicts --from") { try continued(.init(initialization: .init(forgetBias: 1))) }
    _ = try continued(.init(bidirectional: true, initialization: .init(forgetBias: 1, range: 0.1)))
    #expect(try classification(.init(lowercase: true, pooling: [.max, .last], longest: 7)).model.architecture.longest == 7)
  }

  // MARK: Series

  @Test(arguments: SampleSeries.kinds) func seriesOfKnownNamesKeepTheirVectors(_ kind: ForecastModel.Kind) throws {
    let set = try SampleSeries.set(series: 3, targets: 2, past: 1, length: 120)
    var options = ForecastTrainingOptions(horizon: 6, context: 12, hidden: 8, vector: 3, training: Self.options(4))
    switch kind {
    case .direct(let segment): (options.kind, options.segment) = (.direct, segment)
    case .recurrent(let lags): (options.kind, options.lags) = (.recurrent, lags)
    }
    var first = try ForecastTrainer(set, options: options)
    try first.train()
    let start = first.model
    var other = try SampleSeries.set(series: 4, targets: 2, past: 1, length: 150, seed: 9)
    other = try SeriesSet(
      targets: other.targets, past: other.past, known: [], frequency: other.frequency, seasonality: other.seasonality,
      series: [3, 2, 0].map { other.series[$0] })
    var trainer = try ForecastTrainer(other, from: start, options: ForecastTrainingOptions(windows: 20, training: Self.options(3)))
    let model = trainer.model
    #expect(model.architecture == start.architecture && model.variables.series == ["s3", "s2", "s0"])
    #expect(trainer.origin?.remarks == ["values are scaled as the new series need it", "1 new series"])
    #expect(Set(model.scaler.channels.keys) == ["s0", "s2", "s3"] && model.scaler.channels["s0"] != start.scaler.channels["s0"])
    let vectors = try #require(model.weights["channel.weight"]), before = try #require(start.weights["channel.weight"])
    #expect(vectors.shape == [6, 3] && before.shape == [6, 3])
    func row(_ tensor: Tensor, _ row: Int) -> ArraySlice<Float> { tensor.values[row * 3..<row * 3 + 3] }
    for (now, then) in [(2, 4), (3, 5), (4, 0), (5, 1)] { #expect(row(vectors, now) == row(before, then)) }
    #expect(!(0..<6).contains { row(before, $0) == row(vectors, 0) })
    expectOthers(model.weights, start.weights, but: ["channel.weight"])
    try trainer.train()
    #expect(trainer.model.weights != model.weights)

    func train(_ options: ForecastTrainingOptions) throws -> ForecastTrainer { try ForecastTrainer(other, from: start, options: options) }
    expect("--horizon 7 contradicts --from: that model has --horizon 6") { try train(.init(horizon: 7)) }
    expect("--context 13 contradicts --from: that model has --context 12") { try train(.init(context: 13)) }
    expect("--cell lstm contradicts --from: that model has --cell gru") { try train(.init(cell: .lstm)) }
    expect("--head gaussian contradicts --from: that model has --head quantiles") { try train(.init(head: .gaussian)) }
    expect("--levels 0.5 contradicts --from: that model has --levels 0.025,") { try train(.init(head: .quantiles([0.5]))) }
    expect("--scaling mean contradicts --from: that model has --scaling standard") { try train(.init(scaling: .mean)) }
    expect("--initial contradicts --from: nothing is new") { try ForecastTrainer(set, from: start, options: .init(initialization: .init(range: 0.1))) }
    expect("--log contradicts --from: that model is without --log") { try train(.init(log: true)) }
    expect("--no-series-vectors contradicts --from: that model has --series-vectors") { try train(.init(tellsSeriesApart: false)) }
    if case .recurrent = kind {
      expect("--lags 1,2 contradicts --from: that model has --lags 1,2,12") { try train(.init(lags: [1, 2])) }
      expect("--kind direct contradicts --from: that model has --kind recurrent") { try train(.init(kind: .direct)) }
    } else {
      expect("--segment 3 contradicts --from: that model has --segment 4") { try train(.init(segment: 3)) }
      expect("--lags 1,2 contradicts --from: that model is without --lags") { try train(.init(lags: [1, 2])) }
    }
    for set in [
      try SampleSeries.set(series: 2, targets: 1, past: 1), try SampleSeries.set(series: 2, targets: 2),
      try SampleSeries.set(series: 2, targets: 2, past: 1, frequency: .day),
    ] {
      let error = #expect(throws: RNNError.self) { try ForecastTrainer(set, from: start) }
      #expect(error?.kind == .badData && error?.message.contains("the model expects") == true, "\(error?.message ?? "")")
    }
  }

  // MARK: Tokens

  /// Rows with a name in the origin are the origin's, all others are drawn.
  private func expectRows(_ name: String, _ model: Weights, _ places: [Int], _ origin: Weights) throws {
    let (new, old) = (try #require(model[name]), try #require(origin[name]))
    let width = old.shape.dropFirst().reduce(1, *)
    func row(_ tensor: Tensor, _ row: Int) -> ArraySlice<Float> { tensor.values[row * width..<(row + 1) * width] }
    #expect(places.count == old.shape[0] && Set(places).count == places.count)
    for (before, now) in places.enumerated() { #expect(row(new, now) == row(old, before), "\(name), row \(before)") }
    for other in 0..<new.shape[0] where !places.contains(other) && new.shape.count > 1 {
      #expect(row(new, other).contains { $0 != 0 }, "\(name), row \(other) is not drawn")
    }
  }

  private func expectOthers(_ model: Weights, _ origin: Weights, but names: [String]) {
    for name in origin.names where !names.contains(name) { #expect(model[name] == origin[name], "\(name)") }
  }

  /// The token of each of the origin's tokens in an extended tokenizer, by what they stand for.
  private func places(_ old: Tokenizer, in new: Tokenizer) -> [Int] {
    (0..<old.count).map { token in
      if token == old.count - 1 { return new.count - 1 }
      return Int(new.encode(String(decoding: old.decode(Int32(token)), as: UTF8.self))[0])
    }
  }

  @Test(arguments: [Tokenizer.Kind.words, .characters]) func aTextHasNewTokens(_ kind: Tokenizer.Kind) throws {
    var first = try TextTrainer(
      TextCorpus(String(repeating: "the sheep sleeps\nthe goat eats\n", count: 60)), options: .init(tokens: kind, hidden: 8, embedding: 4, training: Self.options(4)))
    try first.train()
    let start = first.model, more = try TextCorpus(String(repeating: "a goat and the big horse, zzz\n", count: 60))
    let kept = try TextTrainer(more, from: start, options: .init(training: Self.options(2)))
    #expect(kept.model.tokenizer == start.tokenizer && kept.model.weights == start.weights)
    #expect(kept.origin?.remarks[0].contains(kind == .words ? "5 words of the data unknown to it" : "unknown to it, which --extend adds") == true)
    var extended = try TextTrainer(more, from: start, options: .init(training: Self.options(2, extends: true)))
    let model = extended.model
    #expect(extended.origin?.remarks == [kind == .words ? "5 new words of the data" : "7 new characters of the data"])
    #expect(model.tokenizer.count == start.tokenizer.count + (kind == .words ? 5 : 7))
    let places = places(start.tokenizer, in: model.tokenizer)
    for name in ["embedding.weight", "decoder.weight", "decoder.bias"] { try expectRows(name, model.weights, places, start.weights) }
    expectOthers(model.weights, start.weights, but: ["embedding.weight", "decoder.weight", "decoder.bias"])
    if kind == .words {
      #expect(places.dropLast() == Array(0..<start.tokenizer.count - 1)[...], "words keep their numbers")
      let bounded = try TextTrainer(more, from: start, options: .init(vocabulary: start.tokenizer.count + 2, training: Self.options(2, extends: true)))
      #expect(bounded.model.tokenizer.count == start.tokenizer.count + 2)
    }
    try extended.train()
    #expect(extended.model.weights != model.weights)
    // With the same texts nothing is new.
    #expect(try TextTrainer(more, from: extended.model, options: .init(training: Self.options(2, extends: true))).origin?.remarks == ["no new \(kind.rawValue) of the data"])
  }

  @Test func translationsHaveNewTokens() throws {
    let pairs = Array(TranslatorTests.pairs.prefix(60))
    for (kind, tied) in [(Tokenizer.Kind.words, true), (.characters, false)] {
      var first = try TranslatorTrainer(
        SentencePairs(pairs), options: .init(tokens: kind, hidden: 8, embedding: 6, tiedEmbeddings: tied, training: Self.options(3)))
      try first.train()
      let start = first.model, more = SentencePairs(pairs.map { ($0.source + " ÄÖ", $0.target + " Ü") })
      let kept = try TranslatorTrainer(more, from: start, options: .init(training: Self.options(2)))
      #expect(kept.model.source == start.source && kept.model.target == start.target && kept.model.weights == start.weights)
      let model = try TranslatorTrainer(more, from: start, options: .init(training: Self.options(2, extends: true))).model
      #expect(model.source.count == start.source.count + (kind == .words ? 1 : 2) && model.target.count == start.target.count + 1)
      let (sources, targets) = (places(start.source, in: model.source), places(start.target, in: model.target) + [Int(model.end)])
      try expectRows("source.weight", model.weights, sources, start.weights)
      let names = ["target.weight", "output.bias"] + (tied ? [] : ["output.weight"])
      for name in names { try expectRows(name, model.weights, targets, start.weights) }
      expectOthers(model.weights, start.weights, but: names + ["source.weight"])
    }
  }

  @Test func clipsHaveNewCharacters() throws {
    let folder = try TemporaryFolder()
    try ToneClips.write(ToneClips.texts(24).map { $0.replacing("d", with: "a") }, list: "old.tsv", folder.write)
    try ToneClips.write(ToneClips.texts(24, seed: 8), list: "new.tsv", folder.write)
    let input = SoundInput.sound(SoundFeatures(.logMel, rate: 8000, bands: 12))
    var first = try TranscriberTrainer(
      TranscribedClips(reading: ClipList(contentsOf: folder["old.tsv"]), input: input),
      options: .init(hidden: 8, layers: 1, bidirectional: false, stacking: 2, training: Self.options(3)))
    try first.train()
    let start = first.model, clips = try TranscribedClips(reading: ClipList(contentsOf: folder["new.tsv"]), input: input)
    let kept = try TranscriberTrainer(clips, from: start, options: .init(training: Self.options(2)))
    #expect(kept.model.weights == start.weights && kept.model.scaling == start.scaling && kept.model.architecture == start.architecture)
    #expect(kept.origin?.remarks == ["1 character of the data unknown to it, which --extend adds"])
    var extended = try TranscriberTrainer(clips, from: start, options: .init(training: Self.options(2, extends: true)))
    let model = extended.model
    #expect(model.tokenizer.scalars == start.tokenizer.scalars + ["d"])
    let places = places(start.tokenizer, in: model.tokenizer) + [model.blank]
    for name in ["output.weight", "output.bias"] { try expectRows(name, model.weights, places, start.weights) }
    expectOthers(model.weights, start.weights, but: ["output.weight", "output.bias"])
    try extended.train()
    #expect(extended.model.weights != model.weights)

    expect("--stacking 3 contradicts --from: that model has --stacking 2") { try TranscriberTrainer(clips, from: start, options: .init(stacking: 3)) }
    expect("--bidirectional contradicts --from: that model has --no-bidirectional") {
      try TranscriberTrainer(clips, from: start, options: .init(bidirectional: true))
    }
    let other = try TranscribedClips(reading: ClipList(contentsOf: folder["new.tsv"]), input: .sound(SoundFeatures(.logMel, rate: 8000, bands: 10)))
    expect("--bands 10 contradicts --from: that model has --bands 12") { try TranscriberTrainer(other, from: start) }
  }

  // MARK: Labels

  @Test func classifiersHaveOtherLabels() throws {
    func texts(_ labels: [String: String]) -> LabelledTexts { LabelledTexts(TextClassifierTests.texts.enumerated().map { i, own in
      (own.text + (labels.isEmpty ? "" : " new"), labels[own.label + "\(i % 2)"] ?? own.label)
    }) }
    var first = try ClassifierTrainer(
      texts([:]), options: .init(tokens: .words, hidden: 8, embedding: 6, pooling: [.mean], longest: 9, training: Self.options(4)))
    try first.train()
    let start = first.model
    let outputs = ["classifier.weight", "classifier.bias"]

    // Labels that it knows stay, even if only one occurs.
    for known in [[:], ["neg0": "pos", "neg1": "pos"]] {
      let same = try ClassifierTrainer(texts(known), from: start, options: .init(training: Self.options(2)))
      #expect(same.model.labels == start.labels && same.model.weights == start.weights && same.model.architecture == start.architecture)
    }
    // Others get an output layer of their own, or stand behind the known ones.
    var other = try ClassifierTrainer(texts(["neg0": "bad"]), from: start, options: .init(training: Self.options(2)))
    #expect(other.model.labels.sorted() == ["bad", "neg", "pos"])
    #expect(other.origin?.remarks.first?.hasPrefix("other labels than ") == true && other.origin?.remarks.first?.hasSuffix("the output layer begins anew") == true)
    expectOthers(other.model.weights, start.weights, but: outputs)
    try other.train()
    let renamed = try ClassifierTrainer(texts(["neg0": "b", "neg1": "b", "pos0": "a", "pos1": "a"]), from: start, options: .init(training: Self.options(2)))
    #expect(renamed.model.weights["classifier.weight"] != start.weights["classifier.weight"], "labels are told apart by their names")
    var extended = try ClassifierTrainer(texts(["neg0": "bad"]), from: start, options: .init(classWeights: .balanced, training: Self.options(2, extends: true)))
    #expect(extended.model.labels == start.labels + ["bad"] && extended.origin?.remarks.sorted() == ["1 new label of the data", "1 new word of the data"])
    for name in outputs { try expectRows(name, extended.model.weights, [0, 1], start.weights) }
    try expectRows("embedding.weight", extended.model.weights, places(start.tokenizer, in: extended.model.tokenizer), start.weights)
    expectOthers(extended.model.weights, start.weights, but: outputs + ["embedding.weight"])
    try extended.train()

    // A language model's words are extended too.
    let reader = try LanguageModel(.init(cell: .gru, hidden: 8, embedding: 6), tokenizer: start.tokenizer)
    let more = try ClassifierTrainer(texts(["neg0": "bad"]), from: reader, options: .init(training: Self.options(2, extends: true)))
    #expect(more.model.tokenizer == extended.model.tokenizer && more.origin?.remarks == ["1 new word of the data"])
    try expectRows("embedding.weight", more.model.weights, places(start.tokenizer, in: more.model.tokenizer), reader.weights)
  }
}

import RNNCells
import RNNData
import RNNTasks
import RNNTestSupport
import RNNTraining

/// A small trainer of every task.
enum SmallTask: String, CaseIterable {
  case generate, classify, translate, transcribe, forecast

  /// Something that holds for the trainers of every task.
  protocol Property {
    /// - Parameters:
    ///   - path: where a model can go.
    ///   - trainer: a new trainer of the same model and data.
    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions) throws -> T) throws
  }

  /// Something that holds for them where they may start from a model.
  protocol OriginProperty {
    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions, T.Model?) throws -> T) throws
  }

  private struct WithoutOrigin<P: Property>: OriginProperty {
    let property: P

    func check<T: Trainer>(_ path: String, _ trainer: (TrainingOptions, T.Model?) throws -> T) throws {
      try property.check(path) { try trainer($0, nil) }
    }
  }

  func check(_ property: some Property) throws { try check(WithoutOrigin(property: property)) }

  func check(_ property: some OriginProperty) throws {
    let folder = try TemporaryFolder(), path = folder["m"]
    switch self {
    case .generate:
      let corpus = try TextCorpus((0..<300).map { "\($0 % 17) sheep jump over \($0 % 5) fences\n" }.joined())
      try property.check(path) { options, start in
        try TextTrainer(corpus, from: start, options: TextTrainingOptions(cell: .gru, hidden: 8, dropout: 0.1, sequenceLength: 20, training: options))
      }
    case .classify:
      let texts = LabelledTexts(TextClassifierTests.texts)
      try property.check(path) { options, start in
        try ClassifierTrainer(texts, from: start, options: ClassifierTrainingOptions(tokens: .words, hidden: 8, embedding: 6, training: options))
      }
    case .translate:
      let pairs = SentencePairs(Array(TranslatorTests.pairs.prefix(200)))
      try property.check(path) { options, start in
        try TranslatorTrainer(pairs, from: start, options: TranslatorTrainingOptions(tokens: .words, hidden: 8, embedding: 6, training: options))
      }
    case .transcribe:
      try ToneClips.write(ToneClips.texts(40), folder.write)
      let clips = try TranscribedClips(
        reading: ClipList(contentsOf: folder["clips.tsv"]), input: .sound(SoundFeatures(.logMel, rate: 8000, bands: 12)))
      try property.check(path) { options, start in
        try TranscriberTrainer(
          clips, from: start, options: TranscriberTrainingOptions(hidden: 8, layers: 1, augmentation: SoundAugmentation.none, training: options))
      }
    case .forecast:
      let set = try SampleSeries.set(series: 2)
      try property.check(path) { options, start in
        try ForecastTrainer(set, from: start, options: ForecastTrainingOptions(horizon: 6, context: 12, hidden: 8, training: options))
      }
    }
  }
}

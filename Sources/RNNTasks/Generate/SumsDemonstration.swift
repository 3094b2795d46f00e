public import RNNTensor

/// The first thing to see: a network that learns to add from sums in English words, and is then asked sums that it never
/// saw.
public struct SumsDemonstration: Sendable {
  public let sums: SumsInWords
  public let seed: UInt64
  /// New sums to ask for.
  public let count: Int

  public init(sums: SumsInWords = SumsInWords(largest: 49, largestAdded: 49), seed: UInt64 = 1, count: Int = 200) {
    self.sums = sums
    self.seed = seed
    self.count = count
  }

  /// The text to train on.
  public var trainingText: String {
    var random = Philox(seed: seed, stream: 0x7375_6D73)
    return sums.trainingText(lines: 12_000, using: &random)
  }

  /// How the model is trained.
  public var options: TextTrainingOptions {
    TextTrainingOptions(
      tokens: .characters, hidden: 128, layers: 1, embedding: 32, dropout: 0, batch: 32, sequenceLength: 64,
      learningRate: 0.01, averaging: 0.02, initialization: .init(forgetBias: 1), budget: .steps(7000), seed: seed)
  }

  /// What came of it.
  public struct Result: Sendable, Hashable {
    /// A sum that was asked for and what the network made of it.
    public struct Answer: Sendable, Hashable {
      public var line: String
      public var isRight: Bool
      /// Whether the very line stands in the training text.
      public var isCopy: Bool
    }

    /// One answer for each new sum.
    public var answers: [Answer] = []
    /// What is true of the lines that the network wrote of its own accord.
    public var free = SumsInWords.Report()

    public var right: Int { answers.count(where: \.isRight) }
    public var copies: Int { answers.count(where: \.isCopy) }
    public var accuracy: Double { Double(right) / Double(max(answers.count, 1)) }
    /// The part of the lines written of its own accord whose numbers were added in the training text.
    public var shareOfCopies: Double { Double(free.copies) / Double(max(free.lines, 1)) }
  }

  /// Begins ``count`` different sums whose numbers were never added in the training text, and lets the model go on with what
  /// it holds most probable; then lets it write freely.
  public func ask(_ model: LanguageModel) throws(RNNError) -> Result {
    let generator = try TextGenerator(model)
    var random = Philox(seed: seed, stream: 0x6173_6B)
    let known = Set(trainingText.split(separator: "\n"))
    var result = Result()
    for (a, b) in sums.pairs(heldOut: true).shuffled(using: &random).prefix(count) {
      let question = "\(NumberWords.spelled(a)) plus \(NumberWords.spelled(b)) equals"
      // Longer than any number in words: a network that finds no end has no answer.
      let options = GenerationOptions(sampling: try SamplingOptions(temperature: 0), length: 40, stops: ["\n"])
      let line = question + (try generator.generate("\n" + question, options))
      result.answers.append(.init(line: line, isRight: line == SumsInWords.line(a, b), isCopy: known.contains(line[...])))
    }
    let options = GenerationOptions(sampling: try SamplingOptions(), length: 20_000, seed: seed)
    result.free = sums.check(try generator.generate("", options))
    return result
  }
}

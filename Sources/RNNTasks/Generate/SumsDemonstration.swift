import RNNCells
public import RNNTensor

/// The first thing to see: a network that learns to add from sums in English words, and is then asked sums that it never
/// saw.
public struct SumsDemonstration: Sendable {
  public let sums: SumsInWords
  public let seed: UInt64
  /// New sums to ask for.
  public let count: Int

  public init(sums: SumsInWords = SumsInWords(largest: 99, largestAdded: 99), seed: UInt64 = 1, count: Int = 200) {
    self.sums = sums
    self.seed = seed
    self.count = count
  }

  /// The text to train on.
  public var trainingText: String {
    var random = Philox(seed: seed, stream: 0x7375_6D73)
    return sums.trainingText(lines: 24_000, using: &random)
  }

  /// How the model is trained. Layer normalisation lets 64 units learn in 14,000 steps what an LSTM without it needs 128 units and
  /// 42,000 steps for.
  public var options: TextTrainingOptions {
    TextTrainingOptions(
      cell: .lstmLayerNorm, tokens: .characters, hidden: 64, layers: 1, embedding: 32, dropout: 0, sequenceLength: 80,
      initialization: .init(forgetBias: 1),
      training: .init(budget: .steps(14_000), batch: 8, learningRate: 0.01, averaging: 0.02, seed: seed))
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
    let text = trainingText
    let known = Set(text.split(separator: "\n"))
    var result = Result()
    // Longer than any number in words: a network that finds no end has no answer.
    let longest = 40
    // One text all along, as in training: a few of its lines, then question after question. A network that starts from
    // nothing at every question would be asked in a situation that it hardly ever met.
    let session = try TextSession(generator, GenerationOptions(sampling: try SamplingOptions(temperature: 0), length: longest * count))
    session.read(Array((text.split(separator: "\n").prefix(5).joined(separator: "\n") + "\n").utf8))
    for (a, b) in sums.pairs(heldOut: true).shuffled(using: &random).prefix(count) {
      var line = "\(NumberWords.spelled(a)) plus \(NumberWords.spelled(b)) equals"
      session.read(Array(line.utf8))
      for _ in 0..<longest where !line.hasSuffix("\n") { line += try session.next() ?? "" }
      if line.hasSuffix("\n") { line.removeLast() } else { session.read([UInt8(ascii: "\n")]) }
      result.answers.append(.init(line: line, isRight: line == SumsInWords.line(a, b), isCopy: known.contains(line[...])))
    }
    let options = GenerationOptions(sampling: try SamplingOptions(), length: 20_000, seed: seed)
    result.free = sums.check(try generator.generate("", options))
    return result
  }
}

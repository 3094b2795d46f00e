public import RNNTensor

/// The first thing to see: a network that learns to add from sums in English words, and is then asked sums that it never
/// saw.
public struct SumsDemonstration: Sendable {
  public let sums: SumsInWords
  public let seed: UInt64
  /// New sums to ask for.
  public let count: Int

  public init(largest: Int = 49, seed: UInt64 = 1, count: Int = 200) {
    sums = SumsInWords(largest: largest)
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
      tokens: .characters, hidden: 128, layers: 1, embedding: 32, dropout: 0, batch: 32, sequenceLength: 48,
      learningRate: 0.01, averaging: 0.02, budget: .steps(7500), seed: seed)
  }

  /// What came of it.
  public struct Result: Sendable, Hashable {
    /// All lines that the model wrote.
    public var lines = 0
    /// Lines that are no sum in words.
    public var malformed = 0
    /// Sums that are in the training text.
    public var copies = 0
    /// Sums that are not, each pair of numbers counted once.
    public var new = 0
    /// Of these, the right ones.
    public var right = 0
    /// New sums as the model wrote them, each with whether it is right.
    public var examples: [String] = []
    public var wrong: [String] = []

    /// The share of right ones; a line that is no sum counts as a wrong one.
    public var accuracy: Double { Double(right) / Double(max(new + malformed, 1)) }
    public var shareOfCopies: Double { Double(copies) / Double(max(lines, 1)) }
  }

  /// Lets the model write line after line until it has written ``count`` different sums that were not in the training text.
  ///
  /// Ends early, with fewer, if it writes a hundred times as many lines without getting there.
  public func ask(_ model: LanguageModel, temperature: Double = 0.3) throws(RNNError) -> Result {
    let session = try TextSession(TextGenerator(model), GenerationOptions(sampling: try SamplingOptions(temperature: temperature), seed: seed))
    var result = Result(), line = "", seen: Set<[Int]> = []
    while result.new < count, result.lines < 100 * count, let piece = try session.next() {
      for character in piece {
        guard character == "\n" || line.count > 200 else {
          line.append(character)
          continue
        }
        defer { line = "" }
        result.lines += 1
        guard let sum = SumsInWords.parse(line) else {
          result.malformed += 1
          continue
        }
        if sum.a <= sums.largest, sum.b <= sums.largest, !sums.isHeldOut(sum.a, sum.b) {
          result.copies += 1
        } else if seen.insert([sum.a, sum.b]).inserted, result.new < count {
          result.new += 1
          if sum.a + sum.b == sum.result {
            result.right += 1
            result.examples.append(line)
          } else {
            result.wrong.append(line)
          }
        }
      }
    }
    return result
  }
}

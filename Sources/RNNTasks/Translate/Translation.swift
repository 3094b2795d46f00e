#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

public import RNNTensor

/// How translations are searched for.
public struct TranslationOptions: Sendable, Hashable {
  /// How many beginnings of a translation are followed at once; 1 always takes the most probable token (greedy).
  public var beam: Int
  /// Draw tokens by their probability rather than to search for the most probable translation; nil to search.
  public var sampling: SamplingOptions?
  /// How many translations of a sentence are given, the best first (of drawn ones, in the order in which they were drawn).
  public var best: Int
  /// How much longer translations are favoured: a translation of n tokens, its end included, with the probability p has the score
  /// ln p / ((5 + n) / 6)^α (Wu et al. 2016); 0 compares probabilities.
  public var lengthPenalty: Double
  /// No sequence of so many tokens occurs twice in a translation; 0 for no such rule.
  public var noRepeat: Int
  /// The fewest and the most tokens of a translation; at most twice as many as the sentence has and ten more, if nil.
  public var least: Int
  public var most: Int?
  /// Whether translations say what each of their tokens looked at: with each step of long sentences that is much.
  public var keepsAttention: Bool
  /// What is drawn at random follows from it.
  public var seed: UInt64
  /// The number of the first sentence: a sentence's draws depend on the seed and on its number only.
  public var first: Int

  public init(
    beam: Int = 5, sampling: SamplingOptions? = nil, best: Int = 1, lengthPenalty: Double = 1, noRepeat: Int = 0, least: Int = 0,
    most: Int? = nil, keepsAttention: Bool = true, seed: UInt64 = 1, first: Int = 0
  ) {
    self.beam = beam
    self.sampling = sampling
    self.best = best
    self.lengthPenalty = lengthPenalty
    self.noRepeat = noRepeat
    self.least = least
    self.most = most
    self.keepsAttention = keepsAttention
    self.seed = seed
    self.first = first
  }

  public static let greedy = TranslationOptions(beam: 1)

  /// Throws `.usage` saying what is out of range.
  public func validate() throws(RNNError) {
    try Limits.beam.check(beam, "the width of the beam")
    try Limits.beam.check(best, "the number of translations of a sentence")
    guard sampling != nil || best <= beam else { throw RNNError(.usage, "a beam of \(beam) gives at most as many translations of a sentence, not \(best)") }
    try Limits.exponent.check(lengthPenalty, "the length penalty")
    try Limits.translationLength.check(noRepeat, "the number of tokens that must not repeat")
    try Limits.translationLength.check(least, "the fewest tokens of a translation")
    try Limits.translationLength.check(most, "the most tokens of a translation")
    if let most, most < max(least, 1) { throw RNNError(.usage, "a translation can't have from \(least) to \(most) tokens") }
  }

  /// The most tokens of the translation of a sentence of so many.
  func most(of tokens: Int) -> Int { most ?? max(least, min(2 * tokens + 10, tokens + 500)) }

  /// What the logarithm of a translation's probability is divided by.
  func penalty(_ tokens: Int) -> Double { lengthPenalty == 0 ? 1 : pow((5 + Double(tokens)) / 6, lengthPenalty) }
}

/// A translation of a sentence.
public struct Translation: Sendable, Hashable {
  /// What is not UTF-8 is replaced by U+FFFD.
  public var text: String
  /// Without the end.
  public var tokens: [Int32]
  /// The natural logarithm of its probability, its end included.
  public var logProbability: Double
  /// What translations are compared by; see ``TranslationOptions/lengthPenalty``.
  public var score: Double
  /// How much each of its tokens, and its end, looked at each token of the sentence; empty unless that was to be kept.
  public var attention: [[Float]]
}

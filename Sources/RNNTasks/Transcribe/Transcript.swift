import RNNData
public import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How transcripts are searched for.
public struct TranscriptionOptions: Sendable, Hashable {
  /// How many beginnings of a transcript are followed at once; 1 always takes the most probable class (greedy), without a language model.
  public var beam: Int
  /// How many transcripts are given, the best first.
  public var count: Int
  /// How much a language model counts: what ln p of its tokens is multiplied by.
  public var languageModelWeight: Double
  /// Added for each token: above 0 favours longer transcripts.
  public var lengthBonus: Double
  /// A token that is less probable than this in a row doesn't begin there.
  public var leastProbability: Double

  public init(
    beam: Int = 32, count: Int = 1, languageModelWeight: Double = 0.5, lengthBonus: Double = 0, leastProbability: Double = 1e-4
  ) {
    self.beam = beam
    self.count = count
    self.languageModelWeight = languageModelWeight
    self.lengthBonus = lengthBonus
    self.leastProbability = leastProbability
  }

  public static let greedy = TranscriptionOptions(beam: 1)

  /// Throws `.usage` saying what is out of range.
  public func validate() throws(RNNError) {
    try Limits.transcriptBeam.check(beam, "the width of the beam")
    try Limits.transcriptBeam.check(count, "the number of transcripts")
    guard count <= beam else { throw RNNError(.usage, "a beam of \(beam) gives at most as many transcripts, not \(count)") }
    try Limits.weight.check(languageModelWeight, "the weight of the language model")
    try Limits.offset.check(lengthBonus, "the bonus for each token")
    try Limits.rate.check(leastProbability, "the least probability of a token")
  }
}

/// What was heard.
public struct Transcript: Sendable, Hashable {
  /// What stands between white space.
  public struct Word: Sendable, Hashable {
    public var text: String
    /// The row at which its first token begins, and the one after that at which its last one ends, on the most probable path that
    /// reads as the transcript.
    public var begin, end: Int
    /// How sure the network was of its tokens: the geometric mean of each one's highest probability on that path.
    public var confidence: Double
  }

  /// What is not UTF-8 is replaced by U+FFFD.
  public var text: String
  public var tokens: [Int32]
  /// ln of the probability that the network gives the text: of all paths to it that were followed; of a greedy one's, its only path.
  public var logProbability: Double
  /// What transcripts are compared by: ``logProbability``, what the language model says, and the bonus for its length.
  public var score: Double
  /// The transcript's part of all that were followed, by their scores: eˢ / Σ eˢ. Of a greedy one, the probability of its path.
  public var confidence: Double
  public var words: [Word]
}

/// A token of a transcript and where it was said.
struct SpokenToken: Hashable {
  var token: Int32
  /// The first and the last of its rows, and its highest probability in them.
  var first, last: Int32
  var probability: Float
}

extension Transcript {
  init(_ spoken: [SpokenToken], tokenizer: Tokenizer, logProbability: Double, score: Double, confidence: Double) {
    self.logProbability = logProbability
    self.score = score
    self.confidence = confidence
    tokens = spoken.map(\.token)
    words = []
    var text: [UInt8] = [], word: [UInt8] = [], of: [SpokenToken] = []
    func finish(_ words: inout [Word]) {
      defer { (word, of) = ([], []) }
      guard let first = of.first, let last = of.last else { return }
      let mean = of.reduce(0) { $0 + log(Double($1.probability)) } / Double(of.count)
      words.append(
        Word(text: String(decoding: word, as: UTF8.self), begin: Int(first.first), end: Int(last.last) + 1, confidence: min(exp(mean), 1)))
    }
    for token in spoken {
      let bytes = tokenizer.decode(token.token, afterWord: tokenizer.endsInWord(text))
      text += bytes
      for byte in bytes {
        if byte == UInt8(ascii: " ") || (9...13).contains(byte) {
          finish(&words)
        } else {
          word.append(byte)
          if of.last != token { of.append(token) }
        }
      }
    }
    finish(&words)
    self.text = String(decoding: text, as: UTF8.self)
  }
}

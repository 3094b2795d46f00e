public import RNNTensor

/// What one reading of a text, from end to end, finds out: how much of it there is in every unit, its fingerprint, its
/// vocabulary, and where in it a reader of tokens can begin.
public struct TextSurvey: Sendable {
  private let corpus: TextCorpus
  private let parts: [Range<Int>]
  private let counter: TokenCounter
  /// The fingerprint of the parts, joined.
  public let fingerprint: Fingerprint
  /// Whether the parts, joined, are UTF-8.
  public var isUTF8: Bool { counter.isUTF8 }
  /// Whether each source is by itself, as far as the parts show it.
  package let areSourcesUTF8: Bool

  /// The first source of the text that is not UTF-8, and where; nil where all are.
  package func notUTF8() throws(RNNError) -> String? { areSourcesUTF8 ? nil : try corpus.notUTF8() }

  /// Reads `parts` of a text, by default all of it, one after the other as if they were joined.
  ///
  /// - Parameters:
  ///   - kind: what its tokens are. Those of byte-pair encoding aren't known before; what counts as one is a piece, in which
  ///     pairs are then merged.
  ///   - countingFrequencies: whether to count how often each token occurs, for a ``tokenizer(vocabulary:)``.
  ///   - progress: called now and then with the number of bytes read.
  /// - Throws: as for reading a file, where there is one.
  public init(
    _ corpus: TextCorpus, in parts: [Range<Int>]? = nil, tokens kind: Tokenizer.Kind, countingFrequencies: Bool = false,
    progress: (_ bytes: Int) -> Void = { _ in }
  ) throws(RNNError) {
    try self.init(corpus, parts, TokenCounter(kind, countingFrequencies: countingFrequencies), progress)
  }

  /// Reads `parts` of a text as above, as tokens of `tokenizer`.
  public init(
    _ corpus: TextCorpus, in parts: [Range<Int>]? = nil, by tokenizer: Tokenizer, countingFrequencies: Bool = false,
    progress: (_ bytes: Int) -> Void = { _ in }
  ) throws(RNNError) {
    try self.init(corpus, parts, TokenCounter(tokenizer, countingFrequencies: countingFrequencies), progress)
  }

  private init(
    _ corpus: TextCorpus, _ parts: [Range<Int>]?, _ counter: TokenCounter, _ progress: (_ bytes: Int) -> Void
  ) throws(RNNError) {
    self.corpus = corpus
    self.parts = parts ?? [0..<corpus.count]
    var counter = counter
    var fingerprint = Fingerprint()
    var areSourcesUTF8 = true
    for part in self.parts {
      try corpus.forEachPiece(of: part) { piece, beginsSource in
        if beginsSource, !counter.isBetweenCharacters { areSourcesUTF8 = false }
        // The fingerprint takes as long as all the rest.
        Threads.parallel(2) { half in
          if half == 0 { fingerprint.add(piece) } else { counter.read(piece) }
        }
        progress(counter.bytes)
      }
    }
    counter.finish()
    self.areSourcesUTF8 = areSourcesUTF8 && counter.isUTF8
    self.counter = counter
    self.fingerprint = fingerprint
  }

  /// The number of bytes in the parts.
  public var bytes: Int { counter.bytes }
  /// The number of tokens.
  public var tokens: Int { counter.tokens }
  /// What a model predicts when it reads the text.
  public var predictedUnits: TextUnits { counter.predictedUnits }

  /// One token for each byte, for each character of the text, for its most frequent words, or for what its most frequent pairs
  /// are merged to. What is not bytes must have been counted.
  ///
  /// - Parameter vocabulary: the number of tokens at most, where the kind has a choice; nil for its default.
  public func tokenizer(vocabulary: Int? = nil) -> Tokenizer { counter.tokenizer(vocabulary: vocabulary) }

  /// How often each token of the survey's own tokenizer occurs, if that was counted.
  public func frequencies(of tokenizer: Tokenizer) -> [Int] { counter.frequencies(of: tokenizer) }

  /// The text as tokens of `tokenizer`, which must be of the survey's kind; of byte-pair encoding, the survey's own.
  public func tokenized(by tokenizer: Tokenizer) -> TokenizedText {
    precondition(tokenizer.kind == counter.kind, "a survey of \(counter.kind) for a tokenizer of \(tokenizer.kind)")
    precondition(tokenizer.kind != .bpe || tokenizer == counter.tokenizer, "a survey of other tokens than the tokenizer's")
    return TokenizedText(corpus, parts, tokenizer, counter)
  }
}

public import RNNTensor

extension Tokenizer {
  /// The tokenizer of texts, each by itself: bytes, all characters, the most frequent words, or what pairs of bytes are merged to.
  ///
  /// - Parameters:
  ///   - vocabulary: tokens at most, where the kind has a choice; nil for its default.
  ///   - least: how often a word must occur to have a token.
  /// - Throws: `.usage` for a vocabulary that can't be.
  public init(of texts: some Sequence<String>, _ kind: Kind, vocabulary: Int? = nil, least: Int = 1) throws(RNNError) {
    try kind.checkVocabulary(vocabulary)
    var counter = TokenCounter(kind, countingFrequencies: true)
    for text in texts {
      Array(text.utf8).withUnsafeBufferPointer { counter.read($0) }
      counter.finish()
    }
    self = counter.tokenizer(vocabulary: vocabulary, least: least)
  }
}

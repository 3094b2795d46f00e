public import RNNTensor

extension Tokenizer {
  /// Byte-pair encoding learnt from `corpus`, or from those parts of its bytes: at most `vocabulary` tokens, of which 256 are single
  /// bytes. A pair that occurs only once becomes no token.
  ///
  /// - Parameter vocabulary: nil for the default.
  /// - Throws: `.usage` for a size that can't be; as for reading a file, where there is one.
  public init(bytePairsOf corpus: TextCorpus, in parts: [Range<Int>]? = nil, vocabulary: Int? = nil) throws(RNNError) {
    try Kind.bpe.checkVocabulary(vocabulary)
    self = try TextSurvey(corpus, in: parts, tokens: .bpe, countingFrequencies: true).tokenizer(vocabulary: vocabulary)
  }

  init(mergedFrom counts: WordCounts, vocabulary: Int) {
    let training = BytePairTraining(counts, vocabulary: vocabulary)
    self.init(BytePairs(bytes: (0..<256).map { Int32($0) }, merges: training.merges), texts: training.texts)
  }
}

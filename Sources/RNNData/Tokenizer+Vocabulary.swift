public import RNNTensor

extension Tokenizer.Kind {
  /// Sizes that a vocabulary can have: of words the line end, `<unk>` and at least one word, of byte-pair encoding at least the
  /// bytes. Nil where all bytes or characters have a token.
  public var vocabularySizes: ClosedRange<Int>? {
    switch self {
    case .bytes, .characters: nil
    case .words: 3...1_000_000
    case .bpe: 256...1_000_000
    }
  }

  /// The size that is taken where none is given.
  public var defaultVocabulary: Int { self == .bpe ? 4000 : 10_000 }

  /// - Parameter size: nil where none is given.
  /// - Throws: `.usage` where a vocabulary can't have this size, or any.
  public func checkVocabulary(_ size: Int?) throws(RNNError) {
    guard let size else { return }
    guard let sizes = vocabularySizes else {
      throw RNNError(.usage, "a size of the vocabulary is for words and bpe; of \(rawValue) all have a token")
    }
    guard sizes.contains(size) else {
      let least = self == .words ? "the line end, <unk> and a word" : "the bytes"
      throw RNNError(.usage, "a vocabulary of \(size) can't be: expected \(sizes.lowerBound) (\(least)) to \(sizes.upperBound)")
    }
  }
}

/// How much text a loss was summed over, in the three units that people divide by.
public struct TextUnits: Sendable, Hashable {
  public var tokens: Int
  /// Unicode scalars, and whatever stands between them without being UTF-8.
  public var characters: Int
  public var bytes: Int

  public init(tokens: Int, characters: Int, bytes: Int) {
    self.tokens = tokens
    self.characters = characters
    self.bytes = bytes
  }
}

extension Tokenizer {
  /// What a model predicts when it reads `text`: everything but the first token, which is given.
  ///
  /// Counted in the text itself, since a token can't say how many bytes an unknown character had. A character counts where
  /// its last byte is. Of words, the whitespace between them counts too, in characters and bytes.
  public func predictedUnits(in text: some Collection<UInt8>) -> TextUnits {
    var counter = TokenCounter(self)
    if text.withContiguousStorageIfAvailable({ counter.read($0) }) == nil {
      Array(text).withUnsafeBufferPointer { counter.read($0) }
    }
    counter.finish()
    return counter.predictedUnits
  }
}

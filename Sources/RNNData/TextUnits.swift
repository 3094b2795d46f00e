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
  /// its last byte is.
  public func predictedUnits(in text: some Collection<UInt8>) -> TextUnits {
    var characters = 0
    var bytes = 0
    var lengthOfFirst = 0
    UTF8State.forEachScalar(in: text) { _, range in
      if characters == 0 { lengthOfFirst = range.count }
      characters += 1
      bytes = range.upperBound
      return true
    }
    guard bytes > 0 else { return TextUnits(tokens: 0, characters: 0, bytes: 0) }
    switch kind {
    case .bytes:
      return TextUnits(tokens: bytes - 1, characters: lengthOfFirst == 1 ? characters - 1 : characters, bytes: bytes - 1)
    case .characters:
      return TextUnits(tokens: characters - 1, characters: characters - 1, bytes: bytes - lengthOfFirst)
    }
  }
}

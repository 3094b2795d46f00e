/// Turns a text that comes in pieces into tokens: the same ones wherever the pieces are cut.
struct TokenEncoder: Sendable {
  private let tokenizer: Tokenizer
  private var characters = CharacterCutter()
  private var words = WordCutter()
  private var pieces = PieceCutter()
  private var encoder: PieceEncoder?

  init(_ tokenizer: Tokenizer) {
    self.tokenizer = tokenizer
    encoder = tokenizer.pairs.map(PieceEncoder.init)
    if let encoder { pieces = encoder.cutter }
  }

  /// Appends the tokens that are complete with these bytes.
  mutating func read(_ bytes: UnsafeBufferPointer<UInt8>, into tokens: inout [Int32]) {
    let tokenizer = tokenizer
    switch tokenizer.kind {
    case .bytes: tokens.append(contentsOf: bytes.lazy.map { Int32($0) })
    case .characters: _ = characters.cut(bytes) { tokens.append(tokenizer.token(of: $0)) }
    case .words: _ = words.cut(bytes) { piece, _ in tokens.append(tokenizer.token(of: piece)) }
    case .bpe: pieces.cut(bytes) { encoder?.append($0, to: &tokens) }
    }
  }

  /// Ends the text: appends the token of what was not complete.
  mutating func finish(into tokens: inout [Int32]) {
    let tokenizer = tokenizer
    characters.finish { tokens.append(tokenizer.token(of: $0)) }
    words.finish { piece, _ in tokens.append(tokenizer.token(of: piece)) }
    pieces.finish { encoder?.append($0, to: &tokens) }
  }

  /// The tokens of a text by itself.
  mutating func encode(_ text: ArraySlice<UInt8>) -> [Int32] {
    var tokens: [Int32] = []
    text.withUnsafeBufferPointer { read($0, into: &tokens) }
    finish(into: &tokens)
    return tokens
  }
}

/// Counts the pieces of a text, from which pairs are learnt; or, with a tokenizer, the tokens of byte-pair encoding.
struct PieceCounter: Sendable {
  private(set) var tokens = 0
  /// Of the tokens 0, ``TokenCounter/spacing`` and so on.
  private(set) var marks = [TokenCounter.Mark(0)]
  /// Bytes and characters of the first token; a character counts where its last byte is.
  private(set) var first: (bytes: Int, characters: Int)?
  /// How often each piece occurs, if that is to be counted, and there is no tokenizer.
  private(set) var counts = WordCounts()
  /// How often each token occurs, if that is to be counted.
  private(set) var frequencies: [Int] = []

  private let tokenizer: Tokenizer?
  private let countsFrequencies: Bool
  private var cutter = PieceCutter()
  private var encoder: PieceEncoder?
  private var offset = 0

  init(_ tokenizer: Tokenizer?, countingFrequencies: Bool) {
    self.tokenizer = tokenizer
    countsFrequencies = countingFrequencies
    encoder = tokenizer?.pairs.map(PieceEncoder.init)
    guard let tokenizer, let encoder else { return }
    cutter = encoder.cutter
    if countingFrequencies { frequencies = [Int](repeating: 0, count: tokenizer.count) }
  }

  mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) { cut { $0.cut(bytes, $1) } }

  mutating func finish() { cut { $0.finish($1) } }

  private mutating func cut(_ cut: (inout PieceCutter, (PieceCutter.Piece) -> Void) -> Void) {
    // Exchanged, not copied: a closure can't change one part of the structure while another is being changed.
    var cutter = PieceCutter()
    swap(&cutter, &self.cutter)
    var found: [Int32] = []
    cut(&cutter) { piece in
      found.removeAll(keepingCapacity: true)
      encoder?.append(piece, to: &found)
      switch piece {
      case .text(let text):
        if countsFrequencies, encoder == nil { counts.add(text) }
        add(found, bytes: text.count)
      case .added: add(found, bytes: found.first.flatMap { tokenizer?.decode($0).count } ?? 0)
      }
    }
    swap(&cutter, &self.cutter)
  }

  /// Adds a piece's tokens; without a tokenizer the piece is one.
  private mutating func add(_ own: [Int32], bytes: Int) {
    let end = offset + bytes, count = encoder == nil ? 1 : own.count
    while marks.count * TokenCounter.spacing < tokens + count {
      let skipped = marks.count * TokenCounter.spacing - tokens
      marks.append(TokenCounter.Mark(offset, skipped: skipped, end: skipped > 0 ? end : offset))
    }
    if first == nil, let token = own.first, let tokenizer {
      var characters = CharacterCutter()
      first = (tokenizer.decode(token).count, tokenizer.decode(token).withUnsafeBufferPointer { characters.count($0) })
    }
    if countsFrequencies { for token in own { frequencies[Int(token)] += 1 } }
    tokens += count
    offset = end
  }
}

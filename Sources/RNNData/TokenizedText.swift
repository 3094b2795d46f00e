import RNNTensor

/// A text as the sequence of its tokens, of which only those around a few places are in memory: as long as anything that can be
/// stored.
///
/// The text is read once (``TextSurvey``) to count its tokens and to note where every so many-th begins; from there a block of
/// them is made again whenever somebody reads there (``TokenReader``).
public struct TokenizedText: Sendable {
  /// The number of tokens.
  public let count: Int
  private let storage: Storage

  fileprivate enum Storage {
    case tokens([Int32])
    case text(Text)
  }

  fileprivate struct Text {
    let corpus: TextCorpus
    let parts: [Range<Int>]
    let tokenizer: Tokenizer
    let bytes: Int
    let marks: [TokenCounter.Mark]
  }

  /// Tokens that are already there.
  public init(_ tokens: [Int32]) {
    count = tokens.count
    storage = .tokens(tokens)
  }

  init(_ corpus: TextCorpus, _ parts: [Range<Int>], _ tokenizer: Tokenizer, _ counter: TokenCounter) {
    count = counter.tokens
    storage = .text(Text(corpus: corpus, parts: parts, tokenizer: tokenizer, bytes: counter.bytes, marks: counter.marks))
  }

  /// Tokens of a block, but for the last.
  var blockSize: Int {
    switch storage {
    case .tokens: max(count, 1)
    case .text: TokenCounter.spacing
    }
  }

  /// The tokens from `index` · ``blockSize`` on.
  ///
  /// - Throws: as for reading a file, where there is one.
  func block(_ index: Int) throws(RNNError) -> [Int32] {
    switch storage {
    case .tokens(let tokens): return tokens
    case .text(let text):
      let expected = min(blockSize, count - index * blockSize)
      var encoder = TokenEncoder(text.tokenizer)
      var tokens: [Int32] = []
      tokens.reserveCapacity(expected)
      for range in text.ranges(ofBlock: index) {
        try text.corpus.forEachPiece(of: range) { piece, _ in encoder.read(piece, into: &tokens) }
      }
      encoder.finish(into: &tokens)
      // A piece may have the end of one block and the beginning of the next.
      let own = tokens.dropFirst(text.tokenizer.kind == .bytes ? 0 : text.marks[index].skipped).prefix(expected)
      // Files are watched; this would have escaped even so.
      guard own.count == expected, own.count == tokens.count || text.tokenizer.kind == .bpe else {
        throw RNNError(.badData, "\(text.corpus.name) was changed while it was in use: it must stay as it is until all is done")
      }
      return Array(own)
    }
  }
}

extension TokenizedText.Text {
  /// Where a block's bytes stand in the corpus.
  fileprivate func ranges(ofBlock index: Int) -> [Range<Int>] {
    var begin: Int, end: Int
    if tokenizer.kind == .bytes {
      begin = index * TokenCounter.spacing
      end = min(begin + TokenCounter.spacing, bytes)
    } else {
      begin = marks[index].begin
      end = index + 1 < marks.count ? marks[index + 1].end : bytes
    }
    var ranges: [Range<Int>] = []
    for part in parts where end > 0 {
      if begin < part.count { ranges.append(part.lowerBound + begin..<part.lowerBound + min(end, part.count)) }
      (begin, end) = (max(begin - part.count, 0), end - part.count)
    }
    return ranges
  }
}

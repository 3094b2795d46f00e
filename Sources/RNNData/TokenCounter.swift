/// Counts the tokens of a text that comes in pieces, and notes where every so many-th begins, so that later a reader can begin
/// there.
///
/// Where tokens begin follows from their kind alone: which of them have a number, a vocabulary, may not be known yet. Not so with
/// byte-pair encoding: without a tokenizer, what is counted is pieces.
struct TokenCounter: Sendable {
  /// Tokens from one mark to the next.
  static let spacing = 1 << 14

  /// Where every ``spacing``-th token begins.
  struct Mark: Sendable, Hashable {
    /// The offset of the byte where the token begins, or the whitespace before it, or the piece that it is in.
    var begin: Int
    /// Tokens of the piece before it.
    var skipped = 0
    /// The offset where the piece with the last token before it ends: where there is no piece, as for the beginning.
    var end: Int

    init(_ begin: Int, skipped: Int = 0, end: Int? = nil) { (self.begin, self.skipped, self.end) = (begin, skipped, end ?? begin) }
  }

  let kind: Tokenizer.Kind
  /// The tokenizer, if it is known.
  let tokenizer: Tokenizer?
  private(set) var bytes = 0
  /// Unicode scalars, and whatever stands between them without being UTF-8.
  private(set) var characters = 0
  private(set) var tokens = 0
  /// Of the tokens 0, ``spacing``, 2 · ``spacing`` and so on, unless they are bytes.
  private(set) var marks = [Mark(0)]
  private var characterCutter = CharacterCutter()
  private var wordCutter = WordCutter()
  // Bytes and characters up to the end of the first token; where tokens are bytes, of the first character.
  private var first: (bytes: Int, characters: Int)?

  // How often each token occurs, if that is to be counted: by byte (four counts each, which are added to in turn, since one
  // addition would wait for the other where a byte is repeated), by code point, by word.
  private let countsFrequencies: Bool
  private var counts: [Int] = []
  private(set) var words = WordCounts()
  private(set) var lineEnds = 0
  private var pieces: PieceCounter

  init(_ kind: Tokenizer.Kind, countingFrequencies: Bool = false) { self.init(kind, nil, countingFrequencies) }

  init(_ tokenizer: Tokenizer, countingFrequencies: Bool = false) { self.init(tokenizer.kind, tokenizer, countingFrequencies) }

  private init(_ kind: Tokenizer.Kind, _ tokenizer: Tokenizer?, _ countingFrequencies: Bool) {
    self.kind = kind
    self.tokenizer = tokenizer
    countsFrequencies = countingFrequencies
    pieces = PieceCounter(tokenizer, countingFrequencies: countingFrequencies)
    guard countingFrequencies else { return }
    switch kind {
    case .bytes: counts = [Int](repeating: 0, count: 4 * 256)
    case .characters: counts = [Int](repeating: 0, count: 0x110000)
    case .words, .bpe: break
    }
  }

  /// Whether all so far was UTF-8.
  var isUTF8: Bool { characterCutter.isUTF8 }
  /// Whether no character is half read.
  var isBetweenCharacters: Bool { characterCutter.state.isBetweenCharacters }

  mutating func read(_ piece: UnsafeBufferPointer<UInt8>) {
    var i = 0
    while i < piece.count {
      let rest = UnsafeBufferPointer(rebasing: piece[i...])
      // The first by itself, then on to the next mark.
      let wanted = first == nil ? 1 : Self.spacing - tokens % Self.spacing
      let read =
        switch kind {
        case .bytes: readBytes(rest)
        case .characters: readCharacters(rest, limit: wanted)
        case .words: readWords(rest, limit: wanted)
        case .bpe: readPieces(rest)
        }
      (i, bytes) = (i + read, bytes + read)
      endFirst()
      if kind == .characters || kind == .words, tokens == marks.count * Self.spacing { marks.append(Mark(bytes)) }
    }
  }

  /// Ends the text, and with it what was not complete.
  mutating func finish() {
    var cutter = characterCutter, found = 0
    cutter.finish { _ in found += 1 }
    characterCutter = cutter
    characters += found
    if kind == .characters { tokens += found }
    _ = cutWords { cutter, body in
      cutter.finish(body)
      return 0
    }
    if kind == .bpe { endPieces() }
    endFirst()
  }

  private mutating func endFirst() {
    guard kind != .bpe, first == nil, kind == .bytes ? characters > 0 : tokens > 0 else { return }
    // A word that isn't UTF-8 may have ended in the middle of what would be a character.
    first = (bytes, characters + (isBetweenCharacters ? 0 : 1))
  }

  private mutating func readBytes(_ rest: UnsafeBufferPointer<UInt8>) -> Int {
    // Copies, here and below: a closure can't change one part of the structure while another is being changed.
    var cutter = characterCutter, found = 0
    var read = rest.count
    if first == nil {
      read = cutter.cut(rest, limit: 1) { _ in found += 1 }
    } else {
      found = cutter.count(rest)
    }
    characterCutter = cutter
    characters += found
    tokens += read
    guard countsFrequencies else { return read }
    counts.withUnsafeMutableBufferPointer { counts in
      var i = 0
      while i + 4 <= read {
        counts[Int(rest[i])] += 1
        counts[256 + Int(rest[i + 1])] += 1
        counts[512 + Int(rest[i + 2])] += 1
        counts[768 + Int(rest[i + 3])] += 1
        i += 4
      }
      for byte in rest[i..<read] { counts[Int(byte)] += 1 }
    }
    return read
  }

  private mutating func readCharacters(_ rest: UnsafeBufferPointer<UInt8>, limit: Int) -> Int {
    var cutter = characterCutter, found = 0
    let read: Int
    if countsFrequencies {
      read = counts.withUnsafeMutableBufferPointer { counts in
        cutter.cut(rest, limit: limit) { scalar in
          found += 1
          if let scalar { counts[Int(scalar.value)] += 1 }
        }
      }
    } else {
      read = cutter.cut(rest, limit: limit) { _ in found += 1 }
    }
    characterCutter = cutter
    (tokens, characters) = (tokens + found, characters + found)
    return read
  }

  private mutating func readWords(_ rest: UnsafeBufferPointer<UInt8>, limit: Int) -> Int {
    let read = cutWords { $0.cut(rest, limit: limit, $1) }
    var cutter = characterCutter
    characters += cutter.count(UnsafeBufferPointer(rebasing: rest[..<read]))
    characterCutter = cutter
    return read
  }

  /// Counts what `cut` cuts.
  private mutating func cutWords(_ cut: (inout WordCutter, _ body: (WordCutter.Piece, Int) -> Void) -> Int) -> Int {
    var cutter = WordCutter(), counts = WordCounts()
    // Exchanged, not copied: there may be many words.
    swap(&cutter, &wordCutter)
    swap(&counts, &words)
    var found = 0, ends = 0
    let isCounted = countsFrequencies
    let read = cut(&cutter) { piece, _ in
      found += 1
      switch piece {
      case .lineEnd: ends += 1
      case .word(let word): if isCounted { counts.add(word) }
      case .longWord: break
      }
    }
    swap(&cutter, &wordCutter)
    swap(&counts, &words)
    (tokens, lineEnds) = (tokens + found, lineEnds + ends)
    return read
  }

  private mutating func readPieces(_ rest: UnsafeBufferPointer<UInt8>) -> Int {
    pieces.read(rest)
    var cutter = characterCutter
    characters += cutter.count(rest)
    characterCutter = cutter
    (tokens, first) = (pieces.tokens, pieces.first)
    return rest.count
  }

  private mutating func endPieces() {
    pieces.finish()
    (tokens, marks, first) = (pieces.tokens, pieces.marks, pieces.first)
  }

  /// What a model predicts when it reads the text: everything but the first token, which is given.
  var predictedUnits: TextUnits {
    guard let first, tokens > 0 else { return TextUnits(tokens: 0, characters: 0, bytes: 0) }
    switch kind {
    case .bytes: return TextUnits(tokens: tokens - 1, characters: first.bytes == 1 ? characters - 1 : characters, bytes: bytes - 1)
    case .characters, .words, .bpe:
      return TextUnits(tokens: tokens - 1, characters: characters - first.characters, bytes: bytes - first.bytes)
    }
  }

  /// The tokenizer of what was counted: bytes, all characters, pairs, or the most frequent words; those that occur `least` times, or
  /// by default often enough to leave some unknown.
  func tokenizer(vocabulary: Int?, least: Int? = nil) -> Tokenizer {
    if let tokenizer { return tokenizer }
    let vocabulary = vocabulary ?? kind.defaultVocabulary
    return switch kind {
    case .bytes: .bytes
    case .characters: Tokenizer(ascending: counts.indices.filter { counts[$0] > 0 }.compactMap { Unicode.Scalar(UInt32($0)) })
    case .words: Tokenizer(mostFrequentOf: words, vocabulary: vocabulary, least: least)
    case .bpe: Tokenizer(mergedFrom: pieces.counts, vocabulary: vocabulary)
    }
  }

  /// How often each token of a tokenizer occurs.
  func frequencies(of tokenizer: Tokenizer) -> [Int] {
    switch kind {
    case .bytes: return (0..<256).map { byte in (0..<4).reduce(0) { $0 + counts[$1 << 8 | byte] } }
    case .characters:
      let known = tokenizer.scalars.map { counts[Int($0.value)] }
      return known + [tokens - known.reduce(0, +)]
    case .words:
      let known = [lineEnds] + (0..<tokenizer.table.count).map { words.count(of: Array(tokenizer.table[$0])) }
      return known + [tokens - known.reduce(0, +)]
    case .bpe: return pieces.frequencies
    }
  }
}

public import RNNTensor

extension Tokenizer {
  /// What a model writes for a word that it doesn't know, as in the Penn Treebank.
  static let unknownWord = Array("<unk>".utf8)

  /// The words that have a token of their own, the first of which is 1. Empty unless tokens are words.
  public var words: [String] { (0..<table.count).map { String(decoding: table[$0], as: UTF8.self) } }

  /// One token for the line end, one for each word in this order, and one for any other.
  ///
  /// - Throws: `.badData` for a word that is empty, has whitespace in it, is longer than 256 bytes, is there twice or is `<unk>`.
  public init(words: some Sequence<String>) throws(RNNError) {
    var table = WordTable()
    for word in words { try Self.add(Array(word.utf8), to: &table) }
    self.init(words: table)
  }

  /// The most frequent words of `corpus`, or of those parts of its bytes, so many that there are at most `vocabulary` tokens.
  /// Of equally frequent words those come first that occur first.
  ///
  /// A word that occurs only once has no token unless the text itself says `<unk>`: else the unknown token would occur nowhere,
  /// and a model could not learn where words stand that it doesn't know.
  /// - Throws: `.usage` for a size that can't be; `.badData` where the corpus is not UTF-8; as for reading a file, where there is
  ///   one.
  public init(wordsOf corpus: TextCorpus, in parts: [Range<Int>]? = nil, vocabulary: Int? = nil) throws(RNNError) {
    try Kind.words.checkVocabulary(vocabulary)
    try corpus.requireUTF8()
    self = try TextSurvey(corpus, in: parts, tokens: .words, countingFrequencies: true).tokenizer(vocabulary: vocabulary)
  }

  init(mostFrequentOf counts: WordCounts, vocabulary: Int, least: Int? = nil) {
    let words = counts.mostFrequent(atLeast: least ?? (counts.count(of: Self.unknownWord) > 0 ? 1 : 2))
    var table = WordTable()
    // The line end and the unknown word have tokens too.
    for word in words.filter({ !$0.elementsEqual(Self.unknownWord) }).prefix(vocabulary - 2) {
      _ = word.withUnsafeBufferPointer { table.add($0) }
    }
    self.init(words: table)
  }

  static func add(_ word: [UInt8], to table: inout WordTable) throws(RNNError) {
    func bad(_ expected: String) -> RNNError {
      RNNError(.badData, "‘\(String(decoding: word.prefix(40), as: UTF8.self))’ in a tokenizer's words: \(expected)")
    }
    guard !word.isEmpty else { throw bad("a word can't be empty") }
    guard !word.contains(where: WordCutter.isWhitespace) else { throw bad("there is no whitespace in a word") }
    guard word.count <= WordCutter.longest else { throw bad("a word has at most \(WordCutter.longest) bytes") }
    guard word != unknownWord else { throw bad("this is the token of all other words") }
    let count = table.count
    guard word.withUnsafeBufferPointer({ table.add($0) }) == count else { throw bad("it is there twice") }
  }

  /// The token of a word or a line end, for a tokenizer of words.
  func token(of piece: WordCutter.Piece) -> Int32 {
    switch piece {
    case .lineEnd: 0
    case .longWord: Int32(count - 1)
    // `<unk>` itself is not in the table, and so unknown as it should be.
    case .word(let word): Int32(table.number(of: word).map { $0 + 1 } ?? count - 1)
    }
  }

  /// Whether a text ends with a word, which a word after it must be separated from. Never, unless tokens are words.
  public func endsInWord(_ text: some BidirectionalCollection<UInt8>) -> Bool {
    guard kind == .words, let last = text.last else { return false }
    return !WordCutter.isWhitespace(last)
  }

  /// The bytes of a token in a text: of a word, with a space before it where the text so far ends in a word.
  public func decode(_ token: Int32, afterWord: Bool) -> ArraySlice<UInt8> {
    // Token 0 is the line end.
    kind == .words && afterWord && token != 0 ? [UInt8(ascii: " ")] + decode(token) : decode(token)
  }
}

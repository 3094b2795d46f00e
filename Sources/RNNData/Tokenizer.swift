import RNNTensor

/// Turns text into the numbers that a model reads, its tokens, and back.
///
/// A tokenizer belongs to its model: it is stored in the model's file as ``encoded``. What bytes and characters are turned to
/// and back is the same text, but for characters that have no token. Words lose more: see ``Kind/words``.
public struct Tokenizer: Sendable, Hashable {
  /// What one token stands for.
  public enum Kind: String, Sendable, CaseIterable {
    /// A byte, whatever it means: 256 tokens, each byte's value its token. Reads and writes anything.
    case bytes
    /// A Unicode scalar seen in the training text, ordered by code point, and one more token for any other.
    case characters
    /// A word or a line end. A word is what stands between whitespace, which is that of ASCII; the most frequent words of the
    /// training text have a token each, ordered by how frequent they are, and one more token, `<unk>`, is for all others. Where
    /// the text itself says `<unk>`, that is the same token.
    ///
    /// Decoded words are joined by single spaces, and line ends are newlines. So what is lost is which whitespace stood between
    /// words and around line ends, and how many of it, and what word an unknown one was.
    case words
    /// Text in pieces that are frequent in the training text, from single bytes to whole words: byte-level byte-pair encoding, as
    /// GPT-2's. Reads and writes anything, and nothing is lost. See ``Tokenizer/json`` for other programs that know it.
    case bpe

    /// Whether any bytes have tokens of their own; else a text must be UTF-8, and what wasn't seen in training is unknown.
    public var readsAnything: Bool { self == .bytes || self == .bpe }
  }

  public let kind: Kind
  /// The scalars that have a token, ascending; the place is the token. Empty unless tokens are characters.
  public let scalars: [Unicode.Scalar]
  // Text mostly has low scalars: their tokens stand in a table, the others' are searched for.
  private let tokensOfLowScalars: [Int32]
  // The words that have a token; a word's token is its number and one more, for the line end comes first.
  let table: WordTable
  // What bytes are merged to.
  let pairs: BytePairs?
  // The bytes of all tokens, and where each token's begin.
  private let text: [UInt8]
  private let starts: [Int]

  /// One token for each byte.
  public static let bytes = Tokenizer()

  private init() {
    kind = .bytes
    scalars = []
    tokensOfLowScalars = []
    table = WordTable()
    pairs = nil
    text = Array(0...255)
    starts = Array(0...256)
  }

  /// One token for each scalar of `scalars`, in any order, repeated or not, and the unknown token after them.
  public init(characters scalars: some Sequence<Unicode.Scalar>) {
    self.init(ascending: Set(scalars).sorted())
  }

  /// One token for each character of `corpus`, or of those parts of its bytes.
  ///
  /// - Throws: `.badData` where the corpus is not UTF-8, in this part or another (validation reads it as well); as for reading a
  ///   file, where there is one.
  public init(charactersOf corpus: TextCorpus, in parts: [Range<Int>]? = nil) throws(RNNError) {
    try corpus.requireUTF8()
    self = try TextSurvey(corpus, in: parts, tokens: .characters, countingFrequencies: true).tokenizer()
  }

  /// One token for each scalar; they are in order and not repeated.
  init(ascending scalars: [Unicode.Scalar]) {
    kind = .characters
    self.scalars = scalars
    table = WordTable()
    pairs = nil
    let unknown = Int32(scalars.count)
    var low = [Int32](repeating: unknown, count: 0x800)
    var text: [UInt8] = []
    var starts = [0]
    for (token, scalar) in scalars.enumerated() {
      if scalar.value < 0x800 { low[Int(scalar.value)] = Int32(token) }
      text.append(contentsOf: scalar.utf8)
      starts.append(text.count)
    }
    text.append(contentsOf: ("\u{FFFD}" as Unicode.Scalar).utf8)
    starts.append(text.count)
    tokensOfLowScalars = low
    self.text = text
    self.starts = starts
  }

  /// One token for the line end, one for each word, and the unknown token after them.
  init(words table: WordTable) {
    kind = .words
    scalars = []
    tokensOfLowScalars = []
    self.table = table
    pairs = nil
    var text = [UInt8(ascii: "\n")]
    var starts = [0, 1]
    for word in 0..<table.count {
      text += table[word]
      starts.append(text.count)
    }
    text += Self.unknownWord
    starts.append(text.count)
    self.text = text
    self.starts = starts
  }

  /// One token for each of these texts: single bytes, and what they are merged to.
  init(_ pairs: BytePairs, texts: [[UInt8]]) {
    kind = .bpe
    scalars = []
    tokensOfLowScalars = []
    table = WordTable()
    self.pairs = pairs
    text = texts.flatMap(\.self)
    starts = texts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
  }

  /// The number of tokens, the unknown one included: what a model's embedding and its logits have as their size.
  public var count: Int { starts.count - 1 }

  /// The token for what has none of its own. Nothing should generate it: it never occurs in a training text of characters, and
  /// `<unk>` is no word.
  public var unknown: Int32? { kind.readsAnything ? nil : Int32(count - 1) }

  /// The token of a scalar, or of what is not UTF-8, for a tokenizer of characters.
  func token(of scalar: Unicode.Scalar?) -> Int32 {
    guard let scalar else { return Int32(scalars.count) }
    if scalar.value < 0x800 { return tokensOfLowScalars[Int(scalar.value)] }
    var low = 0
    var high = scalars.count
    while low < high {
      let middle = (low + high) / 2
      if scalars[middle] < scalar { low = middle + 1 } else { high = middle }
    }
    return low < scalars.count && scalars[low] == scalar ? Int32(low) : Int32(scalars.count)
  }

  /// The tokens of a text. Any bytes have some: what is not UTF-8 is unknown to a tokenizer of characters.
  public func encode(_ text: some Collection<UInt8>) -> [Int32] {
    var encoder = TokenEncoder(self)
    var tokens: [Int32] = []
    tokens.reserveCapacity(kind == .words || kind == .bpe ? text.count / 4 : text.count)
    if text.withContiguousStorageIfAvailable({ encoder.read($0, into: &tokens) }) == nil {
      Array(text).withUnsafeBufferPointer { encoder.read($0, into: &tokens) }
    }
    encoder.finish(into: &tokens)
    return tokens
  }

  /// The tokens of a text.
  public func encode(_ text: String) -> [Int32] { encode(Array(text.utf8)) }

  /// The bytes that a token stands for; for the unknown token U+FFFD, the replacement character, or `<unk>`.
  public func decode(_ token: Int32) -> ArraySlice<UInt8> {
    precondition(token >= 0 && token < count, "token \(token) is not one of 0..<\(count)")
    return text[starts[Int(token)]..<starts[Int(token) + 1]]
  }

  /// The bytes that tokens stand for, with single spaces between words.
  public func decode(_ tokens: some Sequence<Int32>) -> [UInt8] {
    var text: [UInt8] = []
    for token in tokens {
      text += decode(token, afterWord: endsInWord(text))
    }
    return text
  }
}

extension Tokenizer: CustomStringConvertible {
  /// For people: such as `65 characters and one token for any other`.
  public var description: String {
    switch kind {
    case .bytes: "256 bytes"
    case .characters: "\(scalars.count) character\(scalars.count == 1 ? "" : "s") and one token for any other"
    case .bpe: "\(count) tokens of byte-pair encoding"
    case .words: "\(table.count) word\(table.count == 1 ? "" : "s"), the line end, and one token for any other word"
    }
  }
}

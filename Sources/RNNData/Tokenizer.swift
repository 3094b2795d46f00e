import RNNTensor

/// Turns text into the numbers that a model reads, its tokens, and back.
///
/// A tokenizer belongs to its model: it is stored in the model's file as ``encoded``.
public struct Tokenizer: Sendable, Hashable {
  /// What one token stands for.
  public enum Kind: String, Sendable, CaseIterable {
    /// A byte, whatever it means: 256 tokens, each byte's value its token. Reads and writes anything.
    case bytes
    /// A Unicode scalar seen in the training text, ordered by code point, and one more token for any other.
    case characters
  }

  public let kind: Kind
  /// The scalars that have a token, ascending; the place is the token. Empty for bytes.
  public let scalars: [Unicode.Scalar]
  // Text mostly has low scalars: their tokens stand in a table, the others' are searched for.
  private let tokensOfLowScalars: [Int32]
  // The bytes of all tokens, and where each token's begin.
  private let text: [UInt8]
  private let starts: [Int32]

  /// One token for each byte.
  public static let bytes = Tokenizer()

  private init() {
    kind = .bytes
    scalars = []
    tokensOfLowScalars = []
    text = Array(0...255)
    starts = Array(0...256)
  }

  /// One token for each scalar of `scalars`, in any order, repeated or not, and the unknown token after them.
  public init(characters scalars: some Sequence<Unicode.Scalar>) {
    self.init(ascending: Set(scalars).sorted())
  }

  /// One token for each character of `corpus`, or of those parts of its bytes.
  ///
  /// - Throws: `.badData` where the corpus is not UTF-8, in this part or another (validation reads it as well).
  public init(charactersOf corpus: TextCorpus, in parts: [Range<Int>]? = nil) throws(RNNError) {
    try corpus.requireUTF8()
    var seen: Set<Unicode.Scalar> = []
    for part in parts ?? [0..<corpus.bytes.count] {
      UTF8State.forEachScalar(in: corpus.bytes[part]) { scalar, _ in
        if let scalar { seen.insert(scalar) }
        return true
      }
    }
    self.init(ascending: seen.sorted())
  }

  /// As above, for scalars that are in order and not repeated.
  init(ascending scalars: [Unicode.Scalar]) {
    kind = .characters
    self.scalars = scalars
    let unknown = Int32(scalars.count)
    var low = [Int32](repeating: unknown, count: 0x800)
    var text: [UInt8] = []
    var starts: [Int32] = [0]
    for (token, scalar) in scalars.enumerated() {
      if scalar.value < 0x800 { low[Int(scalar.value)] = Int32(token) }
      text.append(contentsOf: scalar.utf8)
      starts.append(Int32(text.count))
    }
    text.append(contentsOf: ("\u{FFFD}" as Unicode.Scalar).utf8)
    starts.append(Int32(text.count))
    tokensOfLowScalars = low
    self.text = text
    self.starts = starts
  }

  /// The number of tokens, the unknown one included: what a model's embedding and its logits have as their size.
  public var count: Int { starts.count - 1 }

  /// The token for what has none of its own. It never occurs in the training text, so nothing should generate it.
  public var unknown: Int32? { kind == .characters ? Int32(scalars.count) : nil }

  /// The token of a scalar, for a tokenizer of characters.
  private func token(of scalar: Unicode.Scalar) -> Int32 {
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
    guard kind == .characters else { return text.map { Int32($0) } }
    var tokens: [Int32] = []
    tokens.reserveCapacity(text.count)
    UTF8State.forEachScalar(in: text) { scalar, _ in
      tokens.append(scalar.map(token(of:)) ?? Int32(scalars.count))
      return true
    }
    return tokens
  }

  /// The tokens of a text.
  public func encode(_ text: String) -> [Int32] { encode(Array(text.utf8)) }

  /// The bytes that a token stands for; U+FFFD, the replacement character, for the unknown token.
  public func decode(_ token: Int32) -> ArraySlice<UInt8> {
    precondition(token >= 0 && token < count, "token \(token) is not one of 0..<\(count)")
    return text[Int(starts[Int(token)])..<Int(starts[Int(token) + 1])]
  }

  /// The bytes that tokens stand for.
  public func decode(_ tokens: some Sequence<Int32>) -> [UInt8] { tokens.flatMap { decode($0) } }
}

extension Tokenizer: CustomStringConvertible {
  /// For people: such as `65 characters and one token for any other`.
  public var description: String {
    switch kind {
    case .bytes: "256 bytes"
    case .characters: "\(scalars.count) character\(scalars.count == 1 ? "" : "s") and one token for any other"
    }
  }
}

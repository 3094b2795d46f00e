/// What byte-pair encoding (Gage, 1994; Sennrich et al., 2016; on bytes: Radford et al., 2019) does to a piece of text: its
/// bytes' tokens are merged, two neighbours to one, the pair first that was learnt first, until there is none left to merge.
struct BytePairs: Sendable, Hashable {
  /// Two tokens that become one.
  struct Merge: Sendable, Hashable {
    var left: Int32
    var right: Int32
    var token: Int32
  }

  /// Text that has a token whatever stands around it.
  struct Added: Sendable, Hashable {
    var token: Int32
    var text: [UInt8]
    /// Whether it is a sign for programs, not text.
    var isSpecial: Bool
  }

  /// The token of each byte.
  let bytes: [Int32]
  /// In the order in which they are made.
  let merges: [Merge]
  let added: [Added]
  let addedTexts: AddedTexts
  private let ranks: [UInt64: Int32]

  init(bytes: [Int32], merges: [Merge], added: [Added] = []) {
    self.bytes = bytes
    self.merges = merges
    self.added = added
    addedTexts = AddedTexts(added.map(\.text))
    var ranks: [UInt64: Int32] = [:]
    ranks.reserveCapacity(merges.count)
    for (rank, merge) in merges.enumerated() { ranks[Self.key(merge.left, merge.right)] = Int32(rank) }
    self.ranks = ranks
  }

  static func key(_ left: Int32, _ right: Int32) -> UInt64 { UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right)) }

  /// Where a merge stands in the order.
  func rank(_ left: Int32, _ right: Int32) -> Int32? { ranks[Self.key(left, right)] }
}

/// Turns pieces of text into tokens, and remembers those of short ones: most pieces of a text are words that were there before.
struct PieceEncoder: Sendable {
  private let pairs: BytePairs
  private var known = WordTable()
  private var tokensOfKnown: [Int32] = []
  private var starts = [0]
  private static let longestKnown = 64, mostKnown = 1 << 16

  init(_ pairs: BytePairs) { self.pairs = pairs }

  var cutter: PieceCutter { PieceCutter(added: pairs.addedTexts) }

  /// Appends the tokens of a piece.
  mutating func append(_ piece: PieceCutter.Piece, to tokens: inout [Int32]) {
    switch piece {
    case .added(let index): tokens.append(pairs.added[index].token)
    case .text(let text) where text.count == 1: tokens.append(pairs.bytes[Int(text[0])])
    case .text(let text):
      guard text.count <= Self.longestKnown else { return merge(text, into: &tokens) }
      if let word = known.number(of: text) {
        tokens.append(contentsOf: tokensOfKnown[starts[word]..<starts[word + 1]])
        return
      }
      if known.count == Self.mostKnown { (known, tokensOfKnown, starts) = (WordTable(), [], [0]) }
      let first = tokens.count
      merge(text, into: &tokens)
      _ = known.add(text)
      tokensOfKnown.append(contentsOf: tokens[first...])
      starts.append(tokensOfKnown.count)
    }
  }

  // A list of what is left, and the pairs that may be merged: by rank, then from left to right. Kept for the next piece.
  private var symbols: [Int32] = []
  private var next: [Int32] = []
  private var previous: [Int32] = []
  private var candidates = Heap<UInt64>()

  private mutating func merge(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [Int32]) {
    symbols.removeAll(keepingCapacity: true)
    next.removeAll(keepingCapacity: true)
    previous.removeAll(keepingCapacity: true)
    for (i, byte) in text.enumerated() {
      symbols.append(pairs.bytes[Int(byte)])
      next.append(i + 1 < text.count ? Int32(i + 1) : -1)
      previous.append(Int32(i - 1))
    }
    for i in symbols.indices.dropLast() { consider(i) }
    while let candidate = candidates.popFirst(<) {
      let place = Int(candidate & 0xFFFF_FFFF), rank = Int32(candidate >> 32)
      // What stood there may have been merged meanwhile.
      guard symbols[place] >= 0, next[place] >= 0 else { continue }
      let other = Int(next[place])
      guard pairs.rank(symbols[place], symbols[other]) == rank else { continue }
      symbols[place] = pairs.merges[Int(rank)].token
      symbols[other] = -1
      next[place] = next[other]
      if next[place] >= 0 {
        previous[Int(next[place])] = Int32(place)
        consider(place)
      }
      if previous[place] >= 0 { consider(Int(previous[place])) }
    }
    for symbol in symbols where symbol >= 0 { tokens.append(symbol) }
  }

  /// Notes that a place and the one after it may be merged.
  private mutating func consider(_ place: Int) {
    guard let rank = pairs.rank(symbols[place], symbols[Int(next[place])]) else { return }
    candidates.insert(UInt64(rank) << 32 | UInt64(place), <)
  }
}

/// Learns which pairs to merge: the most frequent one of all neighbours in a text's pieces becomes a token, then the most frequent
/// one with that token among them, and so on.
///
/// Counts are kept up to date piece by piece: of a pair that is merged, only the pieces that have it are looked at. Of equally
/// frequent pairs that one is merged whose texts, left then right, come first by their bytes. So the same counts always give the
/// same tokens, in whatever order the pieces came.
struct BytePairTraining {
  /// The bytes of each token: a byte each, then what was merged.
  private(set) var texts: [[UInt8]] = (0..<256).map { [UInt8($0)] }
  private(set) var merges: [BytePairs.Merge] = []
  // Two ways of merging may give one text, which is one token.
  private var tokens: [[UInt8]: Int32] = [:]
  private var merged: Set<UInt64> = []

  /// The tokens of each piece, and how often it occurs.
  private var pieces: [(symbols: [Int32], count: Int)] = []
  private var pairs: [UInt64: Occurrences] = [:]
  /// Their counts may be old, but never too small.
  private var candidates = Heap<Candidate>()

  private struct Occurrences {
    var count = 0
    /// Pieces that have the pair, or had it.
    var pieces: [Int32] = []
  }

  private struct Candidate {
    var count: Int
    var left: Int32
    var right: Int32
  }

  /// Longer pieces are no words.
  private static let longest = 256

  /// Learns from pieces and how often each occurs, until there are so many tokens, or no pair that occurs twice is left.
  init(_ counts: WordCounts, vocabulary: Int) {
    for byte in texts.indices { tokens[texts[byte]] = Int32(byte) }
    counts.forEach { piece, count in
      guard (2...Self.longest).contains(piece.count) else { return }
      pieces.append((piece.map { Int32($0) }, count))
      tally(piece: pieces.count - 1, by: count) { _, _ in true }
    }
    for key in pairs.keys { push(key) }
    while texts.count < vocabulary, let best = popBest() { merge(best.left, best.right) }
  }

  /// Adds a piece's pairs, `by` times each; and notes where they stand, of those that `isNew`.
  private mutating func tally(piece: Int, by count: Int, isNew: (Int32, Int32) -> Bool) {
    let symbols = pieces[piece].symbols
    for i in symbols.indices.dropLast() {
      let isNew = isNew(symbols[i], symbols[i + 1])
      let update = { (occurrences: inout Occurrences) in
        occurrences.count += count
        if isNew, occurrences.pieces.last != Int32(piece) { occurrences.pieces.append(Int32(piece)) }
      }
      update(&pairs[BytePairs.key(symbols[i], symbols[i + 1]), default: Occurrences()])
    }
  }

  private mutating func merge(_ left: Int32, _ right: Int32) {
    let text = texts[Int(left)] + texts[Int(right)]
    let token = tokens[text] ?? Int32(texts.count)
    if Int(token) == texts.count {
      texts.append(text)
      tokens[text] = token
    }
    // A token that was there already may come to stand where it was merged before.
    if merged.insert(BytePairs.key(left, right)).inserted { merges.append(BytePairs.Merge(left: left, right: right, token: token)) }
    let places = pairs[BytePairs.key(left, right)]?.pieces ?? []
    var fresh: Set<UInt64> = []
    for piece in places.map({ Int($0) }) {
      let old = pieces[piece].symbols
      var new: [Int32] = [], i = 0
      while i < old.count {
        let isPair = i + 1 < old.count && old[i] == left && old[i + 1] == right
        new.append(isPair ? token : old[i])
        i += isPair ? 2 : 1
      }
      guard new.count < old.count else { continue }
      tally(piece: piece, by: -pieces[piece].count) { _, _ in false }
      pieces[piece].symbols = new
      tally(piece: piece, by: pieces[piece].count) { $0 == token || $1 == token }
      for i in new.indices.dropLast() where new[i] == token || new[i + 1] == token { fresh.insert(BytePairs.key(new[i], new[i + 1])) }
    }
    pairs[BytePairs.key(left, right)] = nil
    for key in fresh { push(key) }
  }

  // MARK: Candidates

  private static func isBefore(_ a: Candidate, _ b: Candidate, _ texts: [[UInt8]]) -> Bool {
    if a.count != b.count { return a.count > b.count }
    let (left, other) = (texts[Int(a.left)], texts[Int(b.left)])
    if left != other { return left.lexicographicallyPrecedes(other) }
    return texts[Int(a.right)].lexicographicallyPrecedes(texts[Int(b.right)])
  }

  private mutating func push(_ key: UInt64) {
    guard let count = pairs[key]?.count, count > 1 else { return }
    let candidate = Candidate(count: count, left: Int32(truncatingIfNeeded: key >> 32), right: Int32(truncatingIfNeeded: key))
    candidates.insert(candidate) { [texts] in Self.isBefore($0, $1, texts) }
  }

  /// The most frequent pair there is now.
  private mutating func popBest() -> Candidate? {
    while let first = candidates.popFirst({ [texts] in Self.isBefore($0, $1, texts) }) {
      let key = BytePairs.key(first.left, first.right)
      if pairs[key]?.count == first.count { return first }
      // Others have taken some of its neighbours since: it may still be the best, or come later.
      push(key)
    }
    return nil
  }
}

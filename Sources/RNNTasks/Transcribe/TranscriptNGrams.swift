package import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How often tokens follow the last few before them, counted in transcripts: an n-gram model with interpolated Kneser–Ney smoothing,
/// of three discounts for each length of context (Chen & Goodman 1999).
///
/// Of characters and with some order it knows the words of its texts as well as what often comes after them. Probabilities of all
/// tokens and of the end sum to 1 after any text.
public struct TranscriptNGrams: TranscriptLanguageModel, Hashable {
  /// How many tokens at most are looked at together, the next one included.
  public let order: Int
  public let tokenCount: Int
  /// What was counted: the texts' tokens, the end after each.
  private let texts: [Int32]

  /// Contexts as a tree, read from their last token backwards.
  private var children: [UInt64: Int32] = [:]
  /// What followed each context: ranges of the next two, in the order of the tokens.
  private var starts: [Int] = []
  private var followers: [Int32] = []
  /// What is left of a count, as a part of all after the context, and the part that shorter contexts share out.
  private var parts: [Double] = []
  private var rest: [Double] = []

  /// As many tokens at once as help with a few hundred transcripts already.
  public static let defaultOrder = 8

  /// Counts in texts.
  ///
  /// - Parameters:
  ///   - texts: their tokens, all below `tokenCount`.
  ///   - order: from 1 to 32.
  public init(_ texts: [[Int32]], tokenCount: Int, order: Int = defaultOrder) {
    precondition((1...32).contains(order), "an order is from 1 to 32, not \(order)")
    precondition(texts.allSatisfy { $0.allSatisfy { 0..<Int32(tokenCount) ~= $0 } }, "a text has a token that is none of \(tokenCount)")
    self.init(joined: texts.flatMap { $0 + [Int32(tokenCount)] }, tokenCount: tokenCount, order: order)
  }

  private init(joined texts: [Int32], tokenCount: Int, order: Int) {
    (self.texts, self.tokenCount, self.order) = (texts, tokenCount, order)
    // Of each context how many tokens it has, whether it begins a text, and the one that is shorter by its earliest token.
    var depths = [0], beginsText = [false], shorter: [Int32] = [-1]
    var counts: [UInt64: Int32] = [:]
    let end = Int32(tokenCount), beginning = end + 1
    var start = 0
    for (i, token) in texts.enumerated() {
      var node: Int32 = 0
      counts[Self.key(0, token), default: 0] += 1
      for n in 1..<max(order, 1) where i - n >= start - 1 {
        let earlier = i - n < start ? beginning : texts[i - n]
        if let known = children[Self.key(node, earlier)] {
          node = known
        } else {
          children[Self.key(node, earlier)] = Int32(depths.count)
          shorter.append(node)
          node = Int32(depths.count)
          depths.append(n)
          beginsText.append(earlier == beginning)
        }
        counts[Self.key(node, token), default: 0] += 1
      }
      if token == end { start = i + 1 }
    }
    // A shorter context counts after how many longer ones a token comes; none is longer than one that begins a text.
    var kinds: [UInt64: Int32] = [:]
    for (key, count) in counts {
      let node = Int(key >> 32)
      if beginsText[node] || depths[node] == order - 1 { kinds[key] = count }
      if node > 0 { kinds[Self.key(shorter[node], Int32(truncatingIfNeeded: key)), default: 0] += 1 }
    }
    let discounts = Self.discounts(kinds, depths, order: order)
    // By contexts, and in each by tokens.
    let keys = kinds.keys.sorted()
    var next = 0
    for node in depths.indices {
      starts.append(followers.count)
      let first = next
      while next < keys.count, Int(keys[next] >> 32) == node { next += 1 }
      let own = keys[first..<next].map { ($0, Int(kinds[$0] ?? 0)) }, total = Double(own.reduce(0) { $0 + $1.1 })
      var taken = 0.0
      for (key, count) in own {
        let discount = discounts[depths[node]][min(count, 3) - 1]
        followers.append(Int32(truncatingIfNeeded: key))
        parts.append((Double(count) - discount) / total)
        taken += discount
      }
      rest.append(own.isEmpty ? 1 : taken / total)
    }
    starts.append(followers.count)
  }

  /// What is taken from counts of one, two, and more, by how many of them there are.
  private static func discounts(_ counts: [UInt64: Int32], _ depths: [Int], order: Int) -> [[Double]] {
    var counted = [[Double]](repeating: [0, 0, 0, 0], count: order)
    for (key, count) in counts where count <= 4 { counted[depths[Int(key >> 32)]][Int(count) - 1] += 1 }
    return counted.map { n in
      let part = n[0] > 0 ? n[0] / (n[0] + 2 * n[1]) : 0.5
      return (0..<3).map { i in
        let own = Double(i + 1)
        // Something is always left for what was never seen.
        return n[i] > 0 ? min(max(own - (own + 1) * part * n[i + 1] / n[i], 0.1), own) : part
      }
    }
  }

  private static func key(_ node: Int32, _ token: Int32) -> UInt64 { UInt64(node) << 32 | UInt64(token) }

  // MARK: Use

  public var beginning: TranscriptContext { context([Int32(tokenCount) + 1]) }

  public func contexts(after: [(context: TranscriptContext, token: Int32)]) -> [TranscriptContext] {
    after.map { context(Array(($0.context.tokens + [$0.token]).suffix(max(order - 1, 0)))) }
  }

  private func context(_ tokens: [Int32]) -> TranscriptContext {
    var p = [Double](repeating: 1 / Double(tokenCount + 1), count: tokenCount + 1)
    var node: Int32 = 0, place = tokens.count
    while true {
      let i = Int(node)
      // From shorter to longer contexts.
      for j in p.indices { p[j] *= rest[i] }
      for j in starts[i]..<starts[i + 1] { p[Int(followers[j])] += parts[j] }
      place -= 1
      guard place >= 0, let next = children[Self.key(node, tokens[place])] else { break }
      node = next
    }
    return TranscriptContext(p.map { Float(log($0)) }, tokens: tokens)
  }

  // MARK: Saving

  /// What it was counted in, as a tensor of a model's file: less than the counts, which follow from it.
  package var tensor: Tensor { Tensor(texts.map(Float.init), shape: [texts.count]) }

  /// What ``tensor`` was; nil if it can't be one of so many tokens.
  package init?(_ tensor: Tensor, tokenCount: Int, order: Int) {
    let values = tensor.values
    guard (1...32).contains(order), values.allSatisfy({ $0 >= 0 && $0 <= Float(tokenCount) && $0 == $0.rounded() }) else { return nil }
    guard values.last.map({ $0 == Float(tokenCount) }) ?? true else { return nil }
    self.init(joined: values.map { Int32($0) }, tokenCount: tokenCount, order: order)
  }
}

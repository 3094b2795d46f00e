import RNNTensor

/// The beginnings of transcripts that a search follows, as a tree in which each text is one node, and where the tokens of their
/// paths were said. Flat arrays: a copy is independent, and however long a text is, nothing recurses.
struct TranscriptPrefixes: Sendable, Hashable {
  /// The empty text.
  static let root: Int32 = 0

  private var parents: [Int32] = [-1]
  private var tokens: [Int32] = [-1]
  private var children: [UInt64: Int32] = [:]
  /// Chains of tokens that were said, each with the one before it.
  private var spoken: [SpokenToken] = []
  private var earlier: [Int32] = []
  /// How much was left when something was last forgotten.
  private var left = 0

  init() {}

  /// The last token; nil of the empty text.
  func token(_ node: Int32) -> Int32? { node == Self.root ? nil : tokens[Int(node)] }

  func parent(_ node: Int32) -> Int32 { parents[Int(node)] }

  /// The text that has one token more; nil if it is new.
  private func child(_ node: Int32, _ token: Int32) -> Int32? { children[Self.key(node, token)] }

  mutating func addChild(_ node: Int32, _ token: Int32) -> Int32 {
    if let known = child(node, token) { return known }
    let new = Int32(parents.count)
    parents.append(node)
    tokens.append(token)
    children[Self.key(node, token)] = new
    return new
  }

  private static func key(_ node: Int32, _ token: Int32) -> UInt64 { UInt64(node) << 32 | UInt64(token) }

  /// The tokens of a text.
  func text(_ node: Int32) -> [Int32] {
    var result: [Int32] = [], node = node
    while node != Self.root {
      result.append(tokens[Int(node)])
      node = parents[Int(node)]
    }
    return result.reversed()
  }

  /// Puts a token that was said behind others; −1 for none.
  mutating func say(_ token: SpokenToken, after others: Int32) -> Int32 {
    spoken.append(token)
    earlier.append(others)
    return Int32(spoken.count - 1)
  }

  /// A chain from its beginning.
  func spoken(upTo last: Int32) -> [SpokenToken] {
    var result: [SpokenToken] = [], place = last
    while place >= 0 {
      result.append(spoken[Int(place)])
      place = earlier[Int(place)]
    }
    return result.reversed()
  }

  // MARK: Room

  /// Whether much has come since something was last forgotten.
  var isCrowded: Bool { parents.count + spoken.count > 2 * left + 4096 }

  /// Forgets all that none of these needs, and gives their new numbers.
  mutating func keep(nodes: inout [Int32], places: inout [Int32]) {
    let node = Self.kept(&nodes, &parents, always: [Self.root])
    tokens = node.map { tokens[Int($0)] }
    children = [:]
    for i in 1..<max(parents.count, 1) { children[Self.key(parents[i], tokens[i])] = Int32(i) }
    let place = Self.kept(&places, &earlier, always: [])
    spoken = place.map { spoken[Int($0)] }
    left = parents.count + spoken.count
  }

  /// Keeps what `wanted` leads back to by `links`, and renumbers both.
  /// - Returns: the old numbers of what was kept.
  private static func kept(_ wanted: inout [Int32], _ links: inout [Int32], always: [Int32]) -> [Int32] {
    var isKept = [Bool](repeating: false, count: links.count)
    for i in wanted + always where i >= 0 { isKept[Int(i)] = true }
    // What stands before is older.
    for i in links.indices.reversed() where isKept[i] && links[i] >= 0 { isKept[Int(links[i])] = true }
    var numbers = [Int32](repeating: -1, count: links.count), old: [Int32] = []
    for i in links.indices where isKept[i] {
      numbers[i] = Int32(old.count)
      old.append(Int32(i))
    }
    func new(_ i: Int32) -> Int32 { i < 0 ? i : numbers[Int(i)] }
    links = old.map { new(links[Int($0)]) }
    wanted = wanted.map(new)
    return old
  }

  // MARK: Saving

  /// All of it as whole numbers.
  var state: [[Int32]] {
    [parents, tokens, earlier, spoken.map(\.token), spoken.map(\.first), spoken.map(\.last), spoken.map { Int32(bitPattern: $0.probability.bitPattern) }]
  }

  /// What ``state`` was; nil if it can't be one, of so many tokens.
  init?(state: [[Int32]], tokens count: Int) {
    guard state.count == 7, state[1].count == state[0].count, state[3...].allSatisfy({ $0.count == state[2].count }) else { return nil }
    guard state[0].first == -1, state[1].first == -1 else { return nil }
    let range = 0..<Int32(count)
    for i in 1..<state[0].count {
      guard (0..<Int32(i)).contains(state[0][i]), range.contains(state[1][i]) else { return nil }
      guard addChild(state[0][i], state[1][i]) == i else { return nil }
    }
    for i in state[2].indices {
      guard (-1..<Int32(i)).contains(state[2][i]), range.contains(state[3][i]) else { return nil }
      let probability = Float(bitPattern: UInt32(bitPattern: state[6][i]))
      _ = say(SpokenToken(token: state[3][i], first: state[4][i], last: state[5][i], probability: probability), after: state[2][i])
    }
  }

  var nodeCount: Int { parents.count }
  var spokenCount: Int { spoken.count }
}

/// Texts that have a token whatever stands around them, to be found where a text begins with one.
struct AddedTexts: Sendable, Hashable {
  private let texts: [[UInt8]]
  /// The texts' places, in the order of their bytes: those that begin alike stand side by side, the shortest first.
  private let order: [Int]
  private let isFirst: [Bool]

  init(_ texts: [[UInt8]] = []) {
    self.texts = texts
    order = texts.indices.filter { !texts[$0].isEmpty }.sorted { texts[$0].lexicographicallyPrecedes(texts[$1]) }
    var isFirst = [Bool](repeating: false, count: 256)
    for text in texts { if let first = text.first { isFirst[Int(first)] = true } }
    self.isFirst = isFirst
  }

  var isEmpty: Bool { order.isEmpty }

  subscript(_ place: Int) -> [UInt8] { texts[place] }

  /// True for each byte that begins one of the texts.
  func begin(with byte: UInt8) -> Bool { isFirst[Int(byte)] }

  /// The longest of the texts that `bytes` begin with, by its place, and whether a longer one begins with all of `bytes`.
  func longest(in bytes: [UInt8]) -> (place: Int?, mayContinue: Bool) {
    var found: Int?
    var range = order.indices
    for (depth, byte) in bytes.enumerated() {
      // Of the texts that begin with the bytes so far, those that go on with this one; a text that ends here stands first.
      while let first = range.first, texts[order[first]].count == depth { range = range.dropFirst() }
      let begin = partition(range) { texts[order[$0]][depth] >= byte }
      range = begin..<partition(begin..<range.upperBound) { texts[order[$0]][depth] > byte }
      guard let first = range.first else { return (found, false) }
      if texts[order[first]].count == depth + 1 { found = order[first] }
    }
    return (found, range.contains { texts[order[$0]].count > bytes.count })
  }

  /// The first index of an ascending range at which `isPast` holds; it holds at all later ones.
  private func partition(_ range: Range<Int>, _ isPast: (Int) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if isPast(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}

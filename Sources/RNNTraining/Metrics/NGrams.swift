/// How often each stretch of `length` items occurs.
///
/// Items are equal when their bits are: what Unicode holds equivalent must have become different items before.
func nGrams<Item: Hashable>(of items: [Item], length: Int) -> [ArraySlice<Item>: Int] {
  var counts: [ArraySlice<Item>: Int] = [:]
  guard items.count >= length else { return counts }
  for start in 0...items.count - length { counts[items[start..<start + length], default: 0] += 1 }
  return counts
}

/// How many of the stretches of one text are in another as well, each as often as in both.
func matches<Item: Hashable>(_ counts: [ArraySlice<Item>: Int], _ others: [ArraySlice<Item>: Int]) -> Int {
  counts.reduce(0) { $0 + min($1.value, others[$1.key] ?? 0) }
}

extension Unicode.Scalar {
  /// Whether Python's `str.split` splits here, as sacreBLEU does: Unicode's white space, and four separators of ASCII.
  var separatesWords: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }
}

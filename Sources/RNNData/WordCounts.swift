/// How often each word of a text occurs.
///
/// A text may have more different words than there is memory for, most of them once. Beyond `capacity` words the rarer half is
/// forgotten, as word2vec does: what is frequent is counted exactly or nearly, in bounded memory.
struct WordCounts: Sendable {
  private var table = WordTable()
  private var counts: [Int] = []
  private let capacity: Int
  // Long words may fill memory earlier than many.
  private let mostBytes: Int

  init(capacity: Int = 1 << 21, mostBytes: Int = 1 << 26) {
    (self.capacity, self.mostBytes) = (capacity, mostBytes)
  }

  /// Counts a word.
  mutating func add(_ word: UnsafeBufferPointer<UInt8>) {
    let number = table.add(word)
    if number == counts.count {
      counts.append(1)
      if counts.count > capacity || table.bytes.count > mostBytes { forgetRarest() }
    } else {
      counts[number] += 1
    }
  }

  private mutating func forgetRarest() {
    // The least count of which at most half the words have more; all words alike would all be forgotten.
    let threshold = counts.sorted()[counts.count / 2]
    var kept = WordTable(), keptCounts: [Int] = []
    for (number, count) in counts.enumerated() where count > threshold {
      _ = table[number].withUnsafeBufferPointer { kept.add($0) }
      keptCounts.append(count)
    }
    (table, counts) = (kept, keptCounts)
  }

  /// Calls `body` with each word and how often it occurs.
  func forEach(_ body: (ArraySlice<UInt8>, Int) -> Void) {
    for (number, count) in counts.enumerated() { body(table[number], count) }
  }

  /// How often a word occurs.
  func count(of word: [UInt8]) -> Int {
    word.withUnsafeBufferPointer { table.number(of: $0) }.map { counts[$0] } ?? 0
  }

  /// The words that occur at least `least` times, the most frequent first; of equally frequent ones that first which occurs
  /// first.
  func mostFrequent(atLeast least: Int) -> [ArraySlice<UInt8>] {
    let words = counts.indices.filter { counts[$0] >= least }
    return words.sorted { counts[$0] != counts[$1] ? counts[$0] > counts[$1] : $0 < $1 }.map { table[$0] }
  }
}

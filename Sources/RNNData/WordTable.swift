/// Different words, numbered in the order in which they were added and found by their bytes.
struct WordTable: Sendable, Hashable {
  /// The words' bytes, one after the other.
  private(set) var bytes: [UInt8] = []
  // Where each word's bytes begin, and where the last one's end.
  private var starts = [0]
  private var hashes: [UInt32] = []
  // By hash, the number of a word or −1: at least twice as many as words, so that a search is short.
  private var slots = [Int32](repeating: -1, count: 64)

  /// The number of words.
  var count: Int { hashes.count }

  /// The bytes of a word.
  subscript(word: Int) -> ArraySlice<UInt8> { bytes[starts[word]..<starts[word + 1]] }

  /// The number of the word of these bytes.
  func number(of word: UnsafeBufferPointer<UInt8>) -> Int? { find(word, Self.hash(word)).number }

  /// The number of the word of these bytes, which is added if it isn't there.
  mutating func add(_ word: UnsafeBufferPointer<UInt8>) -> Int {
    let hash = Self.hash(word)
    let (slot, number) = find(word, hash)
    if let number { return number }
    slots[slot] = Int32(count)
    bytes.append(contentsOf: word)
    starts.append(bytes.count)
    hashes.append(hash)
    if 2 * count > slots.count { grow() }
    return count - 1
  }

  /// The number of a word, or the free slot where it belongs.
  private func find(_ word: UnsafeBufferPointer<UInt8>, _ hash: UInt32) -> (slot: Int, number: Int?) {
    var slot = Int(hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let number = Int(slots[slot])
      if hashes[number] == hash, starts[number + 1] - starts[number] == word.count,
        bytes[starts[number]..<starts[number + 1]].elementsEqual(word)
      {
        return (slot, number)
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return (slot, nil)
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: 2 * slots.count)
    for (number, hash) in hashes.enumerated() {
      var slot = Int(hash) & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(number)
    }
  }

  /// FNV-1a, its upper half mixed into the lower.
  private static func hash(_ word: UnsafeBufferPointer<UInt8>) -> UInt32 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in word { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }
}

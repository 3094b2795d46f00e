/// Which blocks of memory are kept for later, by their addresses and sizes.
///
/// Batches of one shape ask for the same sizes again and again, those of many shapes for many sizes, each of them seldom. So there
/// is a bound: what is kept makes, with what is in use, at most one and a half times what ever was in use at once. Beyond that the
/// sizes go that nobody has asked for longest.
package struct MemoryPool {
  private struct Blocks {
    var addresses: [UInt] = []
    /// When one was asked for last.
    var asked = 0
  }
  private var blocks: [Int: Blocks] = [:]
  private var limit: Int
  private var mostUsed = 0
  private var time = 0
  /// The floats in use, and those kept.
  package private(set) var used = 0
  package private(set) var kept = 0

  private static let mostOfASize = 24
  /// So many floats in use and kept are never too many: 64 MiB.
  package static let least = 1 << 24

  /// - Parameter limit: the floats that are kept at most, whatever is in use.
  package init(limit: Int = 1 << 28) { self.limit = limit }

  /// The floats that may be in use and kept together.
  package var bound: Int { max(mostUsed + mostUsed / 2, Self.least) }

  /// A block of `size` floats goes into use: one that was kept, or a new one if there is none, and others go back to the system.
  package mutating func take(_ size: Int) -> (kept: UInt?, unneeded: [UInt]) {
    time += 1
    used += size
    mostUsed = max(mostUsed, used)
    blocks[size, default: Blocks()].asked = time
    let address = blocks[size]?.addresses.popLast()
    if address != nil { kept -= size }
    return (address, removeUnneeded())
  }

  /// A block is no longer in use. Returns what goes back to the system: perhaps itself, or others.
  package mutating func giveBack(_ address: UInt, _ size: Int) -> [UInt] {
    used -= size
    guard size <= limit, blocks[size]?.addresses.count ?? 0 < Self.mostOfASize else { return [address] }
    blocks[size, default: Blocks()].addresses.append(address)
    kept += size
    return removeUnneeded()
  }

  /// Keeps nothing of what is kept now, and at most so many floats from now on.
  package mutating func empty(limit: Int) -> [UInt] {
    self.limit = limit
    return blocks.keys.flatMap { remove($0) }
  }

  private mutating func removeUnneeded() -> [UInt] {
    var unneeded: [UInt] = []
    while kept > min(limit, bound - used), let (oldest, _) = blocks.min(by: { $0.value.asked < $1.value.asked }) {
      unneeded += remove(oldest)
    }
    return unneeded
  }

  private mutating func remove(_ size: Int) -> [UInt] {
    let addresses = blocks.removeValue(forKey: size)?.addresses ?? []
    kept -= size * addresses.count
    return addresses
  }
}

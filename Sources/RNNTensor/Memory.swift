import Synchronization

/// Memory for numbers that is used again: training asks for the same sizes at every step, and fresh pages are slow.
package enum Memory {
  private static let alignment = 64
  private static let mostOfASize = 24
  /// What is kept for later, in floats, is at most this: 1 GiB.
  private static let mostKept = 1 << 28
  /// Below this the system's allocator is as good.
  private static let leastKept = 4096

  private struct Kept {
    var addresses: [Int: [UInt]] = [:]
    var count = 0
  }
  private static let kept = Mutex(Kept())

  /// The floats that are set aside where `count` are asked for: sizes are rounded so that nearby shapes share memory.
  package static func capacity(_ count: Int) -> Int {
    var step = 16
    while step * 32 < count { step *= 2 }
    return (max(count, 1) + step - 1) / step * step
  }

  /// Memory for `count` floats, aligned to a cache line; what stands in it is left from an earlier use.
  package static func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    let size = capacity(count)
    if size >= leastKept {
      let address = kept.withLock { kept in
        let address = kept.addresses[size]?.popLast()
        if address != nil { kept.count -= size }
        return address
      }
      if let address, let pointer = UnsafeMutablePointer<Float>(bitPattern: address) { return pointer }
    }
    let raw = UnsafeMutableRawPointer.allocate(byteCount: size * MemoryLayout<Float>.stride, alignment: alignment)
    return raw.bindMemory(to: Float.self, capacity: size)
  }

  /// Gives back what `take` gave for the same count.
  package static func giveBack(_ base: UnsafeMutablePointer<Float>, _ count: Int) {
    let size = capacity(count), address = UInt(bitPattern: base)
    if size >= leastKept {
      let isKept = kept.withLock { kept in
        guard kept.count + size <= mostKept, kept.addresses[size, default: []].count < mostOfASize else { return false }
        kept.addresses[size, default: []].append(address)
        kept.count += size
        return true
      }
      if isKept { return }
    }
    UnsafeMutableRawPointer(base).deallocate()
  }
}

import Synchronization

/// Working memory that is used again: a run asks for the same sizes at every step, and fresh pages are slow.
final class Buffer: @unchecked Sendable {
  // Safe to share: whoever holds a buffer decides who writes, and nobody else has it until it is released.
  let base: UnsafeMutablePointer<Float>
  let count: Int

  private static let alignment = 64
  private static let kept = Mutex<[Int: [UInt]]>([:])
  private static let mostKeptOfASize = 16

  /// Memory for `count` floats; what stands in it is left from an earlier use unless `zeroed`.
  init(_ count: Int, zeroed: Bool = false) {
    // Sizes are rounded so that nearby shapes share memory.
    let size = Self.rounded(max(count, 16))
    self.count = size
    let address = Self.kept.withLock { $0[size]?.popLast() }
    if let address, let pointer = UnsafeMutablePointer<Float>(bitPattern: address) {
      base = pointer
    } else {
      let raw = UnsafeMutableRawPointer.allocate(byteCount: size * MemoryLayout<Float>.stride, alignment: Self.alignment)
      base = raw.bindMemory(to: Float.self, capacity: size)
      base.update(repeating: 0, count: size)
      return
    }
    if zeroed { base.update(repeating: 0, count: size) }
  }

  private static func rounded(_ count: Int) -> Int {
    var step = 256
    while step * 16 < count { step *= 2 }
    return (count + step - 1) / step * step
  }

  deinit {
    let address = UInt(bitPattern: base), size = count
    let isKept = Self.kept.withLock { kept in
      guard kept[size, default: []].count < Self.mostKeptOfASize else { return false }
      kept[size, default: []].append(address)
      return true
    }
    if !isKept { UnsafeMutableRawPointer(base).deallocate() }
  }
}

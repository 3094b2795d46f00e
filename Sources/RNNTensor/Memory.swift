import CRNNKernels
import Synchronization

/// Memory for numbers that is used again: training asks for the same sizes at every step, and fresh pages are slow.
package enum Memory {
  private static let alignment = 64
  /// The bytes of a large page.
  private static let largePage = 1 << 21
  /// Below this the system's allocator is as good.
  private static let leastKept = 4096

  private static let pool = Mutex(MemoryPool())

  // How many bytes are taken, and were at most.
  private static let taken = Atomic<Int>(0)
  private static let mostTaken = Atomic<Int>(0)

  /// The floats that are set aside where `count` are asked for: sizes are rounded so that nearby shapes share memory.
  package static func capacity(_ count: Int) -> Int {
    var step = 16
    while step * 32 < count { step *= 2 }
    return (max(count, 1) + step - 1) / step * step
  }

  /// Memory for `count` floats, aligned to a cache line; what stands in it is left from an earlier use.
  package static func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    let size = capacity(count)
    let taken = taken.add(4 * size, ordering: .relaxed).newValue
    mostTaken.max(taken, ordering: .relaxed)
    if size >= leastKept {
      let (kept, unneeded) = pool.withLock { $0.take(size) }
      free(unneeded)
      if let kept, let pointer = UnsafeMutablePointer<Float>(bitPattern: kept) { return pointer }
    }
    let bytes = size * MemoryLayout<Float>.stride, isLarge = bytes >= largePage
    guard let raw = rnn_allocate(bytes, isLarge ? largePage : alignment) else {
      let isExhausted = isExhausted.withLock(\.self)
      isExhausted?(bytes)
      fatalError("there is no memory for \(bytes) bytes more")
    }
    if isLarge { rnn_prefer_large_pages(raw, bytes) }
    return raw.bindMemory(to: Float.self, capacity: size)
  }

  /// Gives back what `take` gave for the same count.
  package static func giveBack(_ base: UnsafeMutablePointer<Float>, _ count: Int) {
    let size = capacity(count), address = UInt(bitPattern: base)
    taken.subtract(4 * size, ordering: .relaxed)
    if size >= leastKept {
      free(pool.withLock { $0.giveBack(address, size) })
    } else {
      rnn_free(base)
    }
  }

  private static func free(_ addresses: [UInt]) {
    for address in addresses { rnn_free(UnsafeMutableRawPointer(bitPattern: address)) }
  }

  private static let isExhausted = Mutex<(@Sendable (_ bytes: Int) -> Void)?>(nil)

  /// Calls `body` where there is no memory for so many bytes more: a program may end there in its own way. Else the process is
  /// ended by a trap.
  package static func whenExhausted(_ body: @escaping @Sendable (_ bytes: Int) -> Void) { isExhausted.withLock { $0 = body } }

  /// The bytes that are taken at most while `body` runs, beyond those before. What other threads take meanwhile is counted
  /// too.
  package static func most(during body: () -> Void) -> Int {
    let before = taken.load(ordering: .relaxed)
    mostTaken.store(before, ordering: .relaxed)
    body()
    return mostTaken.load(ordering: .relaxed) - before
  }

  /// From now on keeps at most so many bytes for later, and large blocks beyond that go back to the system at once: for
  /// processes whose memory is limited.
  package static func keep(atMost bytes: Int) {
    rnn_spare_memory()
    free(pool.withLock { $0.empty(limit: bytes / 4) })
    rnn_trim_memory()
  }
}

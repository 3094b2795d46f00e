import RNNTensor

/// Working memory of the engine.
package final class Buffer: @unchecked Sendable {
  // Safe to share: whoever holds a buffer decides who writes, and nobody else has it until it is released.
  package let base: UnsafeMutablePointer<Float>
  let count: Int

  /// Memory for `count` floats; what stands in it is left from an earlier use unless `zeroed`.
  package init(_ count: Int, zeroed: Bool = false) {
    self.count = max(count, 16)
    base = Memory.take(self.count)
    if zeroed { base.update(repeating: 0, count: self.count) }
  }

  deinit { Memory.giveBack(base, count) }
}

import CRNNKernels

/// From what dropout's masks are drawn: a mask is a function of these numbers and of layer, row, time and unit, so it
/// depends neither on threads nor on how a sequence is cut.
public struct DropoutKey: Sendable, Hashable, Codable {
  public var seed: UInt64
  /// The training step.
  public var step: UInt32
  /// The time of the first step of the sequence at hand.
  public var time: UInt32
  /// The number of the first row of the batch at hand.
  public var row: UInt32

  public init(seed: UInt64, step: UInt32, time: UInt32 = 0, row: UInt32 = 0) {
    self.seed = seed
    self.step = step
    self.time = time
    self.row = row
  }
}

/// Dropout (Srivastava et al. 2014): each number becomes 0 with probability `rate`, and is divided by 1 − rate otherwise.
///
/// - Parameters:
///   - x: `[T, B, U]`, `[B, U]` (one time) or `[U]` (one row).
///   - rate: 0 ≤ rate < 1.
///   - tag: which mask: another number, below 2¹⁶, for each layer and use.
///   - perSequence: the same mask at every time (Gal & Ghahramani 2016).
public func dropout(_ x: Variable, rate: Float, tag: UInt32, key: DropoutKey, perSequence: Bool = false) -> Variable {
  precondition(rate >= 0 && rate < 1, "a dropout rate is from 0 to below 1, not \(rate)")
  precondition(tag < 1 << 16, "a dropout tag is below 65536, not \(tag)")
  if rate == 0 { return x }
  let mask = Mask(shape: x.shape, rate: rate, tag: tag, key: key, perSequence: perSequence)
  // The mask is drawn again on the way back rather than kept: that costs less than its memory.
  return Tape.record(inputs: [x], output: mask.applied(to: x.value)) { gradient, _ in [mask.applied(to: gradient)] }
}

private struct Mask {
  let units: Int
  let batch: Int
  let rate: Float
  let tag: UInt32
  let key: DropoutKey
  let perSequence: Bool

  init(shape: [Int], rate: Float, tag: UInt32, key: DropoutKey, perSequence: Bool) {
    units = shape.last ?? 1
    batch = shape.dropLast().last ?? 1
    self.rate = rate
    self.tag = tag
    self.key = key
    self.perSequence = perSequence
  }

  func applied(to x: Tensor) -> Tensor {
    let rows = x.count / max(units, 1)
    return Tensor(shape: x.shape, writing: { z in
      x.withPointer { x in
        Threads.blocks(of: rows, size: Threads.blockSize / max(units, 1)) { block in
          for i in block {
            let time = perSequence ? 0 : key.time &+ UInt32(truncatingIfNeeded: i / batch)
            let row = key.row &+ UInt32(truncatingIfNeeded: i % batch)
            let (x, z) = (x + i * units, z + i * units)
            rnn_keep_mask(z, Int32(units), rate, tag, row, time, key.step, key.seed)
            for j in 0..<units { z[j] *= x[j] }
          }
        }
      }
    })
  }
}

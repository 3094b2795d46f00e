import RNNTensor

/// The order in which texts of unequal length are trained on: in every epoch another one, and in every batch texts of nearly one
/// length, so that little is padded.
///
/// Texts are shuffled, sorted by length within some fifty batches, cut into batches, and these shuffled. The order depends on
/// nothing but the lengths, the sizes, the seed and the epoch.
public struct LengthBatches: Sendable {
  private let lengths: [Int]
  /// Texts of a batch at most.
  public let rows: Int
  private let seed: UInt64
  // The batches of the epoch asked for last.
  private var epoch = -1
  private var batches: [ArraySlice<Int>] = []

  /// - Throws: `.usage` where a batch would have no row.
  public init(lengths: [Int], rows: Int, seed: UInt64) throws(RNNError) {
    try Limits.rows.check(rows, "batch")
    self.lengths = lengths
    self.rows = rows
    self.seed = seed
  }

  /// The number of batches of an epoch.
  public var batchesPerEpoch: Int { (lengths.count + rows - 1) / rows }

  private static let batchesSorted = 50
  // Any number that no other use of the seed has.
  private static let stream: UInt64 = 0x6C65_6E67_7468

  /// The texts of a batch.
  public mutating func batch(epoch: Int, index: Int) -> ArraySlice<Int> {
    if epoch != self.epoch {
      var random = Philox(seed: seed, stream: Self.stream &+ UInt64(epoch) << 32)
      var order = Array(lengths.indices)
      order.shuffle(using: &random)
      for start in stride(from: 0, to: order.count, by: rows * Self.batchesSorted) {
        let part = start..<min(start + rows * Self.batchesSorted, order.count)
        // Of one length as they stand: sorting is not stable by itself.
        let sorted = part.sorted { (lengths[order[$0]], $0) < (lengths[order[$1]], $1) }.map { order[$0] }
        order.replaceSubrange(part, with: sorted)
      }
      batches = stride(from: 0, to: order.count, by: rows).map { order[$0..<min($0 + rows, order.count)] }
      batches.shuffle(using: &random)
      self.epoch = epoch
    }
    return batches[index]
  }
}

import RNNTensor

/// The batches of truncated back-propagation through time: a text cut into B contiguous lanes, read T tokens at a time while
/// the state is carried from one batch to the next.
///
/// In every epoch the text is seen as a ring and the lanes begin somewhere else on it (from the second epoch on, drawn from
/// the seed and the epoch's number), so that the places where gradients are cut move. Lanes are equally long; the fewer than
/// B tokens that remain are others in every epoch.
///
/// The order depends on nothing but the text, the sizes, the seed and ``position``: setting the position of an equal value
/// continues with the same batches.
public struct SequenceBatches: Sendable {
  private let count: Int
  private var reader: TokenReader
  /// B.
  public let rows: Int
  /// T, of all batches but an epoch's last, which may be shorter.
  public let length: Int
  public let seed: UInt64
  /// How many batches were given; the next one's number. Set it to continue a run.
  public var position: Int {
    didSet { precondition(position >= 0, "a position can't be negative: \(position)") }
  }

  /// - Throws: `.usage` when a size is not positive; `.badData` when the text is too short for the lanes.
  public init(_ text: TokenizedText, rows: Int, length: Int, seed: UInt64, position: Int = 0) throws(RNNError) {
    try Limits.rows.check(rows, "batch")
    try Limits.textLength.check(length, "sequence length")
    guard text.count >= max(rows, 2) else {
      throw RNNError(
        .badData,
        "the text has \(text.count) token\(text.count == 1 ? "" : "s") to train on: "
          + "a batch of \(rows) needs at least \(max(rows, 2))")
    }
    precondition(position >= 0, "a position can't be negative: \(position)")
    try Limits.batchSteps.check(rows * min(length, text.count / rows), "the tokens of a batch, rows times their length,")
    count = text.count
    reader = TokenReader(text, places: rows)
    self.rows = rows
    self.length = min(length, count / rows)
    self.seed = seed
    self.position = position
  }

  /// The batches of tokens that are already there; see above.
  public init(tokens: [Int32], rows: Int, length: Int, seed: UInt64, position: Int = 0) throws(RNNError) {
    try self.init(TokenizedText(tokens), rows: rows, length: length, seed: seed, position: position)
  }

  private var laneLength: Int { count / rows }

  /// The number of batches of an epoch.
  public var batchesPerEpoch: Int { (laneLength + length - 1) / length }

  /// The number of tokens read, and predicted, in an epoch.
  public var tokensPerEpoch: Int { laneLength * rows }

  /// The epoch to which the next batch belongs, from 0.
  public var epoch: Int { position / batchesPerEpoch }

  /// Where on the ring the first lane of an epoch begins.
  public func rotation(ofEpoch epoch: Int) -> Int {
    guard epoch > 0 else { return 0 }
    var random = Philox(seed: seed, stream: Self.stream, position: UInt64(epoch))
    return Int(random.next() % UInt64(count))
  }

  // Any number that no other use of the seed has.
  private static let stream: UInt64 = 0x726F_7461_7465

  /// Fills `batch` with the next inputs and targets and moves on.
  ///
  /// - Throws: as for reading a file, where the text is in one; then the place is as it was.
  public mutating func next(into batch: inout TokenBatch) throws(RNNError) {
    let beginning = position % batchesPerEpoch * length
    let end = min(beginning + length, laneLength)
    let rotation = rotation(ofEpoch: epoch)
    batch.clear(length: end - beginning, rows: rows, isStart: beginning == 0)
    for row in 0..<rows {
      // One more than is read: the last one's target. The text's first token follows its last.
      var next = (rotation + row * laneLength + beginning) % count
      var time = 0
      while time <= end - beginning {
        let read = min(end - beginning + 1 - time, count - next)
        try reader.read(next..<next + read) { batch.set($0, row: row, from: &time) }
        next = 0
      }
    }
    position += 1
  }
}

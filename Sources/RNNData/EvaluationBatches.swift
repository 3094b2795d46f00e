import RNNTensor

/// The batches that measure a model on a whole text: every token but the first is predicted exactly once.
///
/// With one row the text is read from end to end with the state carried along: the exact loss. With more rows, for speed,
/// each row reads its own stretch; all but the first begin with `warmUp` tokens of the text before it whose predictions
/// don't count, so that the state is nearly what it would have been. Rows that end early are filled up with predictions that
/// don't count.
public struct EvaluationBatches: Sendable {
  private let count: Int
  private var reader: TokenReader
  /// B: at most what was asked for; fewer where the warm-up would take more than a quarter of the work.
  public let rows: Int
  /// T, of all batches but the last, which may be shorter.
  public let length: Int
  private let warmUp: Int
  private let laneLength: Int
  private var time = 0

  /// - Throws: `.usage` when a size can't be; `.badData` when the text has less than two tokens, so nothing to predict.
  public init(_ text: TokenizedText, rows: Int = 1, length: Int, warmUp: Int = 100) throws(RNNError) {
    try Limits.rows.check(rows, "rows")
    guard length > 0 else { throw RNNError(.usage, "sequences of \(length) tokens can't be: expected at least 1") }
    guard warmUp >= 0 else { throw RNNError(.usage, "a warm-up of \(warmUp) tokens can't be: expected at least 0") }
    guard text.count >= 2 else {
      throw RNNError(
        .badData,
        "the text has \(text.count) token\(text.count == 1 ? "" : "s"): "
          + "at least 2 are needed to predict one from another")
    }
    count = text.count
    self.warmUp = warmUp
    let predictions = count - 1
    // Three parts of predictions for one of warm-up, or fewer rows. Divided before multiplied: nothing overflows.
    self.rows = max(1, min(rows, warmUp == 0 ? predictions : predictions / 3 / warmUp))
    // The first row has no warm-up, so it predicts as much more.
    laneLength = (predictions + (self.rows - 1) * warmUp + self.rows - 1) / self.rows
    self.length = min(length, laneLength)
    reader = TokenReader(text, places: self.rows)
  }

  /// The batches of tokens that are already there; see above.
  public init(tokens: [Int32], rows: Int = 1, length: Int, warmUp: Int = 100) throws(RNNError) {
    try self.init(TokenizedText(tokens), rows: rows, length: length, warmUp: warmUp)
  }

  /// The number of predictions that count: all tokens but the first.
  public var predictions: Int { count - 1 }

  /// Fills `batch` with the next inputs and targets.
  ///
  /// - Returns: false at the end, with `batch` as it was.
  /// - Throws: as for reading a file, where the text is in one.
  public mutating func next(into batch: inout TokenBatch) throws(RNNError) -> Bool {
    guard time < laneLength else { return false }
    let end = min(time + length, laneLength)
    batch.clear(length: end - time, rows: rows, isStart: time == 0)
    for row in 0..<rows {
      // Each row begins `warmUp` before its first own prediction, which is where the row before it ends.
      let first = row * (laneLength - warmUp) + time
      if first < count {
        var read = 0
        try reader.read(first..<min(first + end - time + 1, count)) { batch.set($0, row: row, from: &read) }
      }
      if row > 0 { batch.ignore(row: row, before: warmUp - time) }
    }
    time = end
    return true
  }
}

import RNNTensor

/// The batches that measure a model on a whole text: every token but the first is predicted exactly once.
///
/// With one row the text is read from end to end with the state carried along: the exact loss. With more rows, for speed,
/// each row reads its own stretch; all but the first begin with `warmUp` tokens of the text before it whose predictions
/// don't count, so that the state is nearly what it would have been. Rows that end early are filled up with predictions that
/// don't count.
public struct EvaluationBatches: Sendable {
  private let tokens: [Int32]
  /// B: at most what was asked for; fewer where the warm-up would take more than a quarter of the work.
  public let rows: Int
  /// T, of all batches but the last, which may be shorter.
  public let length: Int
  private let warmUp: Int
  private let laneLength: Int
  private var time = 0

  /// - Throws: `.usage` when a size can't be; `.badData` when the text has less than two tokens, so nothing to predict.
  public init(tokens: [Int32], rows: Int = 1, length: Int, warmUp: Int = 100) throws(RNNError) {
    guard rows > 0 else { throw RNNError(.usage, "a batch of \(rows) rows can't be: expected at least 1") }
    guard length > 0 else { throw RNNError(.usage, "sequences of \(length) tokens can't be: expected at least 1") }
    guard warmUp >= 0 else { throw RNNError(.usage, "a warm-up of \(warmUp) tokens can't be: expected at least 0") }
    guard tokens.count >= 2 else {
      throw RNNError(
        .badData,
        "the text has \(tokens.count) token\(tokens.count == 1 ? "" : "s"): "
          + "at least 2 are needed to predict one from another")
    }
    self.tokens = tokens
    self.warmUp = warmUp
    let predictions = tokens.count - 1
    // Three parts of predictions for one of warm-up, or fewer rows. Divided before multiplied: nothing overflows.
    self.rows = max(1, min(rows, warmUp == 0 ? predictions : predictions / 3 / warmUp))
    // The first row has no warm-up, so it predicts as much more.
    laneLength = (predictions + (self.rows - 1) * warmUp + self.rows - 1) / self.rows
    self.length = min(length, laneLength)
  }

  /// The number of predictions that count: all tokens but the first.
  public var predictions: Int { tokens.count - 1 }

  /// Fills `batch` with the next inputs and targets.
  ///
  /// - Returns: false at the end, with `batch` as it was.
  public mutating func next(into batch: inout TokenBatch) -> Bool {
    guard time < laneLength else { return false }
    let end = min(time + length, laneLength)
    batch.clear(length: end - time, rows: rows, isStart: time == 0)
    for time in time..<end {
      for row in 0..<rows {
        // Each row begins `warmUp` before its first own prediction, which is where the row before it ends.
        let input = row * (laneLength - warmUp) + time
        let isOwn = (row == 0 || time >= warmUp) && input + 1 < tokens.count
        batch.inputs.append(input < tokens.count ? tokens[input] : 0)
        batch.targets.append(isOwn ? tokens[input + 1] : TokenBatch.ignored)
      }
    }
    time = end
    return true
  }
}

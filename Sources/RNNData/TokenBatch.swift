/// Tokens to read and the tokens to predict from them, time-major `[T, B]`: the number of time t and row b is at t · B + b.
///
/// Filled again and again by ``SequenceBatches`` or ``EvaluationBatches``; its buffers are reused.
public struct TokenBatch: Sendable, Hashable {
  /// What is read, `[T, B]`.
  public internal(set) var inputs: [Int32] = []
  /// What comes next in the text, `[T, B]`; ``ignored`` where nothing is to be predicted.
  public internal(set) var targets: [Int32] = []
  /// T.
  public internal(set) var length = 0
  /// B.
  public internal(set) var rows = 0
  /// Whether the rows begin anew, so that the carried state must be set to its initial value.
  public internal(set) var isStart = false

  /// The target of a prediction that doesn't count.
  public static let ignored: Int32 = -1

  /// Nothing yet.
  public init() {}

  /// The number of predictions that count.
  public var predictions: Int { targets.count(where: { $0 != Self.ignored }) }

  mutating func clear(length: Int, rows: Int, isStart: Bool) {
    inputs.removeAll(keepingCapacity: true)
    targets.removeAll(keepingCapacity: true)
    self.length = length
    self.rows = rows
    self.isStart = isStart
  }
}

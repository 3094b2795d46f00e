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

  /// Makes room for `length` times `rows` tokens; none of them is anything yet.
  mutating func clear(length: Int, rows: Int, isStart: Bool) {
    inputs.removeAll(keepingCapacity: true)
    inputs.append(contentsOf: repeatElement(0, count: length * rows))
    targets.removeAll(keepingCapacity: true)
    targets.append(contentsOf: repeatElement(Self.ignored, count: length * rows))
    self.length = length
    self.rows = rows
    self.isStart = isStart
  }

  /// Sets what a row reads from `time` on, which moves on, and what it predicts before: each token is the target of the one
  /// before it.
  mutating func set(_ tokens: ArraySlice<Int32>, row: Int, from time: inout Int) {
    for token in tokens {
      if time < length { inputs[time * rows + row] = token }
      if time > 0 { targets[(time - 1) * rows + row] = token }
      time += 1
    }
  }

  /// Lets a row's predictions before a time not count.
  mutating func ignore(row: Int, before time: Int) {
    for time in 0..<max(min(time, length), 0) { targets[time * rows + row] = Self.ignored }
  }
}

public import RNNTensor

extension RecurrentStack {
  /// The stack's output `[T, B, ·]` over each row's own steps, `[B, ·]`. See ``RNNTensor/pool(_:_:lengths:)``.
  ///
  /// The last of two concatenated directions is each direction's own last: the forward units at the row's last step, the
  /// reverse units at its first. Merged otherwise, the directions can't be told apart any more, and it is the row's last step.
  public func pool(_ y: Variable, _ pooling: Pooling, lengths: [Int]? = nil) -> Variable {
    guard pooling == .last, bidirectional == .concatenate else { return RNNTensor.pool(y, pooling, lengths: lengths) }
    let (times, batch) = (y.shape[0], y.shape[1])
    let parts = y.split(axis: 2, [outputSize / 2, outputSize / 2])
    let firsts = (lengths ?? Array(repeating: times, count: batch)).map { min($0, 1) }
    return concatenate([RNNTensor.pool(parts[0], .last, lengths: lengths), RNNTensor.pool(parts[1], .last, lengths: firsts)], axis: 1)
  }
}

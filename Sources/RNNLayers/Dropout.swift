import RNNTensor

/// Dropout between layers. Without a key (when a model is used rather than trained) it does nothing.
public struct Dropout: Sendable, Hashable {
  /// The probability that a number is dropped.
  public let rate: Float
  /// Which mask: another number for each layer.
  public let tag: UInt32
  /// The same mask at every time of a sequence.
  public let perSequence: Bool

  public init(_ rate: Float, tag: UInt32, perSequence: Bool = false) {
    precondition(rate >= 0 && rate < 1, "a dropout rate is from 0 to below 1, not \(rate)")
    self.rate = rate
    self.tag = tag
    self.perSequence = perSequence
  }

  /// It has no parameters.
  public func initial(into weights: inout Weights, using random: inout Philox) {}

  /// `[T, B, ·]` or `[B, ·]`, in the same shape.
  public func callAsFunction(_ x: Variable, _ key: DropoutKey?) -> Variable {
    guard let key else { return x }
    return dropout(x, rate: rate, tag: tag, key: key, perSequence: perSequence)
  }
}

import RNNTensor

/// A learnt vector for each of `count` symbols. PyTorch's `nn.Embedding`: the parameter `name.weight` `[count, size]`.
public struct Embedding: Sendable, Hashable {
  public let name: String
  public let count: Int
  public let size: Int

  public init(_ name: String, count: Int, size: Int) {
    self.name = name
    self.count = count
    self.size = size
  }

  public var weightName: String { name + ".weight" }

  /// Adds the layer's parameter, drawn from N(0, 1), PyTorch's default, or from U(±range).
  ///
  /// Throws `.usage` if there is a layer of that name already.
  public func initial(into weights: inout Weights, using random: inout Philox, range: Float? = nil) throws(RNNError) {
    let distribution = range.map { .uniform($0) } ?? Initializer.normal(1)
    try weights.add(distribution.tensor([count, size], using: &random), named: weightName, of: name)
  }

  /// The vectors of `ids`, which have the given shape: `shape + [size]`. An id below 0 gives zeros (padding).
  public func callAsFunction(_ ids: [Int32], shape: [Int], _ weights: TapedWeights) -> Variable {
    gather(weights[weightName], ids, shape: shape)
  }
}

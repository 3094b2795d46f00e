import RNNTensor

/// y = W x + b on the last axis. PyTorch's `nn.Linear`: parameters `name.weight` `[outputs, inputs]` and, unless it has
/// none, `name.bias` `[outputs]`.
public struct Linear: Sendable, Hashable {
  public let name: String
  public let inputs: Int
  public let outputs: Int
  public let hasBias: Bool

  public init(_ name: String, inputs: Int, outputs: Int, bias: Bool = true) {
    self.name = name
    self.inputs = inputs
    self.outputs = outputs
    hasBias = bias
  }

  public var weightName: String { name + ".weight" }
  public var biasName: String { name + ".bias" }

  public var parameterNames: [String] { hasBias ? [weightName, biasName] : [weightName] }

  /// Adds the layer's parameters, all drawn from U(±1/√inputs), PyTorch's default, or from U(±range).
  ///
  /// Throws `.usage` if there is a layer of that name already.
  public func initial(into weights: inout Weights, using random: inout Philox, range: Float? = nil) throws(RNNError) {
    let distribution = Initializer.uniform(range ?? 1 / Float(max(inputs, 1)).squareRoot())
    try weights.add(distribution.tensor([outputs, inputs], using: &random), named: weightName, of: name)
    if hasBias { try weights.add(distribution.tensor([outputs], using: &random), named: biasName, of: name) }
  }

  /// `[…, inputs]` → `[…, outputs]`.
  public func callAsFunction(_ x: Variable, _ weights: TapedWeights) -> Variable {
    linear(x, weights[weightName], hasBias ? weights[biasName] : nil)
  }

  /// The cross-entropy of softmax(W x + b) with the targets, without logits where there are many outputs; see
  /// ``linearCrossEntropy(_:_:_:_:of:smoothing:)``.
  public func crossEntropy(
    _ x: Variable, _ targets: [Int32], _ weights: TapedWeights, of total: Int? = nil, smoothing: Float = 0
  ) -> CrossEntropy {
    linearCrossEntropy(x, weights[weightName], hasBias ? weights[biasName] : nil, targets, of: total, smoothing: smoothing)
  }
}

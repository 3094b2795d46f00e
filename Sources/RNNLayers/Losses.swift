import RNNTensor

/// What a model is trained to make small.
public enum Losses {
  /// The cross-entropy of softmax(logits) with the targets, in nats: the mean over the targets that aren't below 0.
  ///
  /// - Parameters:
  ///   - logits: `[…, V]`.
  ///   - targets: one number below V for each row of logits; below 0 it is ignored (padding).
  ///   - classWeights: how much targets of each class count in the mean, which is divided by the sum of their weights; `[V]`.
  /// - Returns: the mean, each target's loss, and how many targets counted.
  public static func crossEntropy(_ logits: Variable, _ targets: [Int32], classWeights: [Float]? = nil) -> CrossEntropy {
    softmaxCrossEntropy(logits, targets, weights: classWeights.map { weights in targets.map { $0 < 0 ? 0 : weights[Int($0)] } })
  }

  /// The mean of the squared differences of two tensors of one shape.
  public static func meanSquaredError(_ prediction: Variable, _ target: Variable) -> Variable {
    precondition(
      prediction.shape == target.shape, "a prediction of shape \(prediction.shape) for a target of \(target.shape)")
    let difference = prediction - target
    return (difference * difference).mean()
  }
}

public import RNNTensor

extension RecurrentStack {
  /// DropConnect on the recurrent weights (Merity et al. 2018, “weight drop”): the same parameters, but of each matrix that is
  /// applied to a state, every number is dropped with probability `rate` and the others are divided by 1 − rate.
  ///
  /// The masks are drawn from the key's seed and training step only: applied once to an update's weights, they are the same at
  /// every step, in every row and in every segment.
  ///
  /// - Parameter key: nil outside training: then nothing is dropped.
  public func dropConnect(_ weights: TapedWeights, rate: Float, _ key: DropoutKey?) -> TapedWeights {
    guard let key, rate > 0 else { return weights }
    var result = weights
    for run in runs {
      for (i, parameter) in engines[run.layer].parameters.enumerated() where cell.graph.isRecurrent(i) {
        let name = parameterName(parameter, layer: run.layer, reverse: run.isReverse)
        // Of more matrices than there are numbers, some share one.
        let number = (run.index * engines[run.layer].parameters.count + i) % Int(Self.endOfMasks - Self.firstWeightMask)
        let tag = Self.firstWeightMask + UInt32(number)
        let mask = DropoutKey(seed: key.seed, step: key.step)
        result = result.replacing(name, with: RNNTensor.dropout(weights[name], rate: rate, tag: tag, key: mask, perSequence: true))
      }
    }
    return result
  }

  /// Layers have the numbers of masks below.
  private static let firstWeightMask: UInt32 = 1 << 14, endOfMasks: UInt32 = 1 << 16
}

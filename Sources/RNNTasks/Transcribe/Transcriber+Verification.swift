public import RNNCells
import RNNData
import RNNLayers
public import RNNTensor

extension Transcriber {
  public func verify(seed: UInt64, progress: (_ done: Int, _ all: Int) -> Void) throws(RNNError) -> [(part: String, checks: [Check])] {
    var result = try stack.verify(weights, seed: seed, progress)
    let packed = try Packed(self)
    var checks = [try savedAgainstLoaded(), paddedAgainstAlone(packed, seed: seed)]
    if architecture.bidirectional == nil { checks.append(wholeAgainstSteps(packed, seed: seed)) }
    result.append(("model", checks))
    return result
  }

  /// Random rows of clips of unequal length.
  private func sample(seed: UInt64) -> [Tensor] {
    var random = Philox(seed: seed)
    return [19, 1, 4, 37, 4, 12].map { Tensor(normalMean: 0, deviation: 1, shape: [$0, input.size], using: &random) }
  }

  /// What the network says of clips side by side, against each by itself.
  private func paddedAgainstAlone(_ packed: Packed, seed: UInt64) -> Check {
    let clips = sample(seed: seed), (steps, lengths) = steps(of: clips)
    let together = Self.perClip(packed.logProbabilities(steps, lengths: lengths).logProbabilities, lengths: lengths)
    let alone = clips.map { clip in
      let (steps, lengths) = self.steps(of: [clip])
      return packed.logProbabilities(steps, lengths: lengths).logProbabilities
    }
    return Check(
      name: "padded = alone", measure: "ln p that differ in any bit", error: bitDifferences(together.map(\.values), alone.map(\.values)), bound: 0)
  }

  /// What the network says of whole clips, against steps that come one by one.
  private func wholeAgainstSteps(_ packed: Packed, seed: UInt64) -> Check {
    var whole: [[Float]] = [], stepwise: [[Float]] = []
    for clip in sample(seed: seed) {
      let (steps, lengths) = steps(of: [clip])
      whole.append(packed.logProbabilities(steps, lengths: lengths).logProbabilities.values)
      var states = stack.initialStates(batch: 1), values: [Float] = []
      for step in 0..<lengths[0] {
        let (logs, after) = packed.logProbabilities(steps.rows(step..<step + 1), lengths: [1], from: (step, states))
        values += logs.values
        states = after
      }
      stepwise.append(values)
    }
    return Check(name: "whole = steps", measure: "ln p that differ in any bit", error: bitDifferences(whole, stepwise), bound: 0)
  }
}

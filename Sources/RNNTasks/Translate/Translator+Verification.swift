public import RNNCells
import RNNData
import RNNLayers
public import RNNTensor

extension Translator {
  public func verify(seed: UInt64, progress: (_ done: Int, _ all: Int) -> Void) throws(RNNError) -> [(part: String, checks: [Check])] {
    var result: [(part: String, checks: [Check])] = []
    for (part, checks) in try encoder.verify(weights, seed: seed, progress) { result.append((part.hasPrefix("layer") ? "encoder, " + part : part, checks)) }
    // The cell's equations are the same.
    for (part, checks) in try decoder.stack.verify(weights, seed: seed, progress).dropFirst() { result.append(("decoder, " + part, checks)) }
    result.append(("model", [try savedAgainstLoaded(), paddedAgainstAlone(seed: seed), try wholeAgainstSteps(seed: seed)]))
    return result
  }

  /// Random sentences and translations of unequal length.
  private func sample(seed: UInt64) -> [(source: ArraySlice<Int32>, target: ArraySlice<Int32>)] {
    var random = Philox(seed: seed)
    func tokens(_ length: Int, below count: Int) -> ArraySlice<Int32> {
      (0..<length).map { _ in Int32(random.next() % UInt64(count)) }[...]
    }
    return zip([9, 1, 4, 17, 4, 2], [3, 6, 12, 1, 0, 5]).map { (tokens($0, below: source.count), tokens($1, below: target.count)) }
  }

  /// Losses of translations side by side, against those of each by itself.
  private func paddedAgainstAlone(seed: UInt64) -> Check {
    let pairs = sample(seed: seed), constants = TapedWeights(constant: weights)
    let together = PairBatch(pairs, end: end), losses = loss(together, constants).losses.values
    var padded: [Float] = [], alone: [Float] = []
    for (row, pair) in pairs.enumerated() {
      padded += (0...pair.target.count).map { losses[$0 * pairs.count + row] }
      alone += loss(PairBatch([pair], end: end), constants).losses.values
    }
    return Check(name: "padded = alone", measure: "losses that differ in any bit", error: bitDifferences([padded], [alone]), bound: 0)
  }

  /// The vectors of whole translations, against those of the steps that a search takes.
  private func wholeAgainstSteps(seed: UInt64) throws(RNNError) -> Check {
    let packed = try Packed(self), constants = TapedWeights(constant: weights)
    var whole: [Float] = [], steps: [Float] = []
    for pair in sample(seed: seed) {
      let batch = PairBatch([pair], end: end)
      whole += vectors(batch, constants).vectors.value.values
      let rows = packed.rows([Array(pair.source)], each: 1)
      for token in batch.inputs {
        rows.step([token])
        steps += rows.vector(0)
        rows.keep([0])
      }
    }
    return Check(name: "whole = steps", measure: "numbers that differ in any bit", error: bitDifferences([whole], [steps]), bound: 0)
  }
}

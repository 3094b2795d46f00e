public import RNNCells
import RNNData
public import RNNTensor

extension LanguageModel {
  public func verify(seed: UInt64, progress: (_ done: Int, _ all: Int) -> Void) throws(RNNError) -> [(part: String, checks: [Check])] {
    var result = try stack.verify(weights, seed: seed, progress)
    result.append(("model", [try savedAgainstLoaded(), try sessionAgainstWhole(seed: seed)]))
    return result
  }

  /// A session's logits after each token of a text drawn at random, against those of the whole text at once.
  private func sessionAgainstWhole(seed: UInt64) throws(RNNError) -> Check {
    var random = Philox(seed: seed)
    let tokens = (0..<40).map { _ in Int32(random.next() % UInt64(tokenizer.count)) }
    let constants = TapedWeights(constant: weights)
    let x = embedding(tokens, shape: [tokens.count, 1], constants).value
    let whole = output(Variable(stack.run(x, try stack.pack(weights)).output), constants).value
    let session = try TextSession(TextGenerator(self), GenerationOptions(sampling: try SamplingOptions()))
    let stepwise = tokens.map { session.logits(after: $0) }
    let rows = tokens.indices.map { t in (0..<tokenizer.count).map { whole.values[t * tokenizer.count + $0] } }
    return Check(
      name: "session = whole text", measure: "logits that differ in any bit", error: bitDifferences(rows, stepwise), bound: 0)
  }
}

public import RNNCells
import RNNData
public import RNNTensor

extension TextClassifier {
  public func verify(seed: UInt64, progress: (_ done: Int, _ all: Int) -> Void) throws(RNNError) -> [(part: String, checks: [Check])] {
    var result = try stack.verify(weights, seed: seed, progress)
    result.append(("model", [try savedAgainstLoaded(), try paddedAgainstAlone(seed: seed)]))
    return result
  }

  /// Logits of texts of unequal length side by side, against those of each by itself.
  private func paddedAgainstAlone(seed: UInt64) throws(RNNError) -> Check {
    var random = Philox(seed: seed)
    let texts = [9, 1, 4, 17, 4, 2].map { length in (0..<length).map { _ in Int32(random.next() % UInt64(tokenizer.count)) } }
    func logits(_ texts: [[Int32]]) -> [Float] {
      var encoded = EncodedTexts()
      for text in texts { encoded.append(text, label: 0, longest: architecture.longest) }
      let (tokens, lengths) = encoded.batch(Array(texts.indices)[...])
      return self.logits(tokens, lengths: lengths, TapedWeights(constant: weights), key: nil).value.values
    }
    return Check(
      name: "padded = alone", measure: "logits that differ in any bit",
      error: bitDifferences([logits(texts)], [texts.flatMap { logits([$0]) }]), bound: 0)
  }
}

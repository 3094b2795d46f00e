import RNNTensor

/// A text's two parts: what a model learns from, and what it is measured on.
public struct TextSplit: Sendable, Hashable {
  /// The bytes to train on: the beginning.
  public let training: Range<Int>
  /// The bytes that are never trained on: the end. Empty if none were asked for.
  public let validation: Range<Int>
  /// Whether the cut stands after the end of a line.
  public let isAtLineEnd: Bool

  /// The fewest bytes of text that can be trained on.
  public static let minimumBytes = 64
  // Less than this says little about a model; but no small text gives more than its fifth.
  fileprivate static let minimumValidation = 1000
}

extension TextSplit: CustomStringConvertible {
  /// The statement of what was done, such as `the first 950 bytes for training, the last 50 (5.0%) for validation, cut at
  /// a line end`.
  public var description: String {
    guard !validation.isEmpty else { return "all \(training.count) bytes for training, none for validation" }
    let tenths = (validation.count * 1000 + validation.upperBound / 2) / validation.upperBound
    return "the first \(training.count) bytes for training, the last \(validation.count) (\(tenths / 10).\(tenths % 10)%) "
      + "for validation, cut \(isAtLineEnd ? "at a line end" : "between two characters")"
  }
}

extension TextCorpus {
  /// Cuts the text in two: the last `fraction` (but at least 1,000 bytes or a fifth of the text, whichever is less) is for
  /// validation. The cut moves to the nearest line end if one is within a quarter of the validation part, else off the
  /// middle of a character. A fraction of 0 leaves all for training.
  ///
  /// - Throws: `.usage` for a fraction outside 0...0.5; `.badData` when the text is too short to train on.
  public func split(validation fraction: Double = 0.05) throws(RNNError) -> TextSplit {
    guard (0...0.5).contains(fraction) else {
      throw RNNError(.usage, "the validation part can't be \(fraction) of the text: expected 0 (none) to 0.5")
    }
    guard bytes.count >= TextSplit.minimumBytes else {
      throw RNNError(
        .badData,
        "\(name) is too short to train on: found \(bytes.count) byte\(bytes.count == 1 ? "" : "s"), "
          + "needed at least \(TextSplit.minimumBytes)")
    }
    guard fraction > 0 else {
      return TextSplit(training: 0..<bytes.count, validation: bytes.count..<bytes.count, isAtLineEnd: false)
    }
    let wanted = max(Int((Double(bytes.count) * fraction).rounded()), min(TextSplit.minimumValidation, bytes.count / 5))
    let target = bytes.count - wanted
    let lineEnd = nearestLineEnd(to: target, within: wanted / 4)
    let cut = lineEnd ?? beginningOfCharacter(at: target)
    return TextSplit(training: 0..<cut, validation: cut..<bytes.count, isAtLineEnd: lineEnd != nil)
  }

  /// The offset after a newline that is nearest to `target`.
  private func nearestLineEnd(to target: Int, within reach: Int) -> Int? {
    for distance in 0...reach {
      for cut in [target - distance, target + distance] where bytes[cut - 1] == UInt8(ascii: "\n") { return cut }
    }
    return nil
  }

  /// The offset, at most three before `target`, where a character of UTF-8 begins; `target` itself in other text.
  private func beginningOfCharacter(at target: Int) -> Int {
    (0...3).map { target - $0 }.first { bytes[$0] & 0xC0 != 0x80 } ?? target
  }
}

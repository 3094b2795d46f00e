import RNNTensor

/// A text's two parts: what a model learns from, and what it is measured on.
public struct TextSplit: Sendable, Hashable {
  /// The bytes to train on, in order.
  public let training: [Range<Int>]
  /// The bytes that are never trained on: stretches evenly spread over the text. Empty if none were asked for.
  public let validation: [Range<Int>]
  /// Whether every cut stands after the end of a line.
  public let isAtLineEnds: Bool

  /// The fewest bytes of text that can be trained on.
  public static let minimumBytes = 64
  // Less than this says little about a model; but no small text gives more than its fifth.
  fileprivate static let minimumValidation = 1000
  // Stretches are long enough to settle in, and more than these say nothing new.
  fileprivate static let stretchLength = 2000
  fileprivate static let mostStretches = 10

  public var trainingBytes: Int { training.reduce(0) { $0 + $1.count } }
  public var validationBytes: Int { validation.reduce(0) { $0 + $1.count } }
}

extension TextSplit: CustomStringConvertible {
  /// The statement of what was done, such as `152000 bytes for training, 8000 (5.0%) in 4 stretches for validation, cut at
  /// line ends`.
  public var description: String {
    guard !validation.isEmpty else { return "all \(trainingBytes) bytes for training, none for validation" }
    let total = trainingBytes + validationBytes
    let tenths = (validationBytes * 1000 + total / 2) / total
    return "\(trainingBytes) bytes for training, \(validationBytes) (\(tenths / 10).\(tenths % 10)%) "
      + "in \(validation.count == 1 ? "one stretch" : "\(validation.count) stretches") for validation, "
      + "cut \(isAtLineEnds ? "at line ends" : "between characters")"
  }
}

extension TextCorpus {
  /// Takes `fraction` of the text (but at least 1,000 bytes or a fifth of it, whichever is less) for validation, in up to ten
  /// stretches from the middles of equal parts: a text changes on its way, and its end alone would stand for nothing but
  /// itself. Cuts move to the nearest line end if one is within a quarter of a stretch, else off the middle of a character.
  /// A fraction of 0 leaves all for training.
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
    guard fraction > 0 else { return TextSplit(training: [0..<bytes.count], validation: [], isAtLineEnds: false) }
    let wanted = max(Int((Double(bytes.count) * fraction).rounded()), min(TextSplit.minimumValidation, bytes.count / 5))
    let stretches = min(TextSplit.mostStretches, max(1, wanted / TextSplit.stretchLength))
    var validation: [Range<Int>] = [], training: [Range<Int>] = []
    var isAtLineEnds = true, end = 0
    func cut(_ target: Int) -> Int {
      if let lineEnd = nearestLineEnd(to: target, within: wanted / stretches / 4) { return lineEnd }
      isAtLineEnds = false
      return beginningOfCharacter(at: target)
    }
    for stretch in 0..<stretches {
      let middle = bytes.count * (2 * stretch + 1) / (2 * stretches)
      let begin = cut(middle - wanted / stretches / 2)
      training.append(end..<begin)
      end = cut(middle - wanted / stretches / 2 + wanted / stretches)
      validation.append(begin..<end)
    }
    training.append(end..<bytes.count)
    return TextSplit(training: training, validation: validation, isAtLineEnds: isAtLineEnds)
  }

  /// The bytes of several parts, joined.
  public func bytes(in parts: [Range<Int>]) -> [UInt8] { parts.flatMap { bytes[$0] } }

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

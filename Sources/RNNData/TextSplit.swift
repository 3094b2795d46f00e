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
  // Stretches are long enough to settle in, and more than these, or longer ones, say nothing new and cost time.
  fileprivate static let stretchLength = 2000
  fileprivate static let mostStretches = 10
  fileprivate static let mostValidation = 500_000

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
  /// Takes `fraction` of the text (but at least 1,000 bytes or a fifth of it, whichever is less, and at most 500,000 bytes) for
  /// validation, in up to ten stretches from the middles of equal parts: a text changes on its way, and its end alone would
  /// stand for nothing but itself. Cuts move to the nearest line end if one is within a quarter of a stretch, else off the
  /// middle of a character. A fraction of 0 leaves all for training.
  ///
  /// - Throws: `.usage` for a fraction outside 0...0.5; `.badData` when the text is too short to train on; as for reading a
  ///   file, where there is one.
  public func split(validation fraction: Double = 0.05) throws(RNNError) -> TextSplit {
    guard (0...0.5).contains(fraction) else {
      throw RNNError(.usage, "the validation part can't be \(fraction) of the text: expected 0 (none) to 0.5")
    }
    guard count >= TextSplit.minimumBytes else {
      throw RNNError(
        .badData,
        "\(name) is too short to train on: found \(count) byte\(count == 1 ? "" : "s"), "
          + "needed at least \(TextSplit.minimumBytes)")
    }
    guard fraction > 0 else { return TextSplit(training: [0..<count], validation: [], isAtLineEnds: false) }
    let wanted = min(
      max(Int((Double(count) * fraction).rounded()), min(TextSplit.minimumValidation, count / 5)), TextSplit.mostValidation)
    let stretches = min(TextSplit.mostStretches, max(1, wanted / TextSplit.stretchLength))
    var validation: [Range<Int>] = [], training: [Range<Int>] = []
    var isAtLineEnds = true, end = 0
    func cut(_ target: Int) throws(RNNError) -> Int {
      if let lineEnd = try nearestLineEnd(to: target, within: wanted / stretches / 4) { return lineEnd }
      isAtLineEnds = false
      return try beginningOfCharacter(at: target)
    }
    for stretch in 0..<stretches {
      let middle = count * (2 * stretch + 1) / (2 * stretches)
      let begin = try cut(middle - wanted / stretches / 2)
      training.append(end..<begin)
      end = try cut(middle - wanted / stretches / 2 + wanted / stretches)
      validation.append(begin..<end)
    }
    training.append(end..<count)
    return TextSplit(training: training, validation: validation, isAtLineEnds: isAtLineEnds)
  }

  /// The offset after a newline that is nearest to `target`.
  private func nearestLineEnd(to target: Int, within reach: Int) throws(RNNError) -> Int? {
    let first = target - reach - 1
    let window = try bytes(in: [first..<target + reach])
    for distance in 0...reach {
      for cut in [target - distance, target + distance] where window[cut - 1 - first] == UInt8(ascii: "\n") { return cut }
    }
    return nil
  }

  /// The offset, at most three before `target`, where a character of UTF-8 begins; `target` itself in other text.
  private func beginningOfCharacter(at target: Int) throws(RNNError) -> Int {
    let window = try bytes(in: [target - 3..<target + 1])
    return (0...3).first { window[3 - $0] & 0xC0 != 0x80 }.map { target - $0 } ?? target
  }
}

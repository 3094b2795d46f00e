import RNNTensor

/// Text that a model can't get right by heart: sums in English words, one a line, such as
/// `forty-seven plus eight equals fifty-five`.
///
/// A fifth of the pairs of numbers, chosen once and for all, never occurs in the training text, in neither order. A
/// right sum of such a pair was therefore worked out. By default the second number has one digit: a small network finds
/// the rule of such sums, carry included, from far less text than that of two long numbers.
public struct SumsInWords: Sendable, Hashable {
  /// The first number of a sum is in 0...largest.
  public let largest: Int
  /// The second number of a sum is in 0...largestAdded.
  public let largestAdded: Int

  /// - Parameters:
  ///   - largest: the largest first number, 1...499, so that every sum has words.
  ///   - largestAdded: the largest second number, 1...499.
  public init(largest: Int = 99, largestAdded: Int = 9) {
    precondition((1...499).contains(largest), "\(largest) is not in 1...499")
    precondition((1...499).contains(largestAdded), "\(largestAdded) is not in 1...499")
    self.largest = largest
    self.largestAdded = largestAdded
  }

  /// Whether a pair is kept out of the training text, as the same numbers in the other order are.
  public func isHeldOut(_ a: Int, _ b: Int) -> Bool {
    // A multiplicative hash (Knuth), whose high bits depend on all of the key's.
    let key = UInt64(min(a, b)) << 32 | UInt64(max(a, b)) + 1
    let hash = (key &* 0x9E37_79B9_7F4A_7C15) ^ (key &* 0x9E37_79B9_7F4A_7C15) >> 29
    return (hash &* 0xBF58_476D_1CE4_E5B9) >> 32 % 5 == 0
  }

  /// A sum as a line without its end.
  public static func line(_ a: Int, _ b: Int) -> String {
    "\(NumberWords.spelled(a)) plus \(NumberWords.spelled(b)) equals \(NumberWords.spelled(a + b))"
  }

  /// All pairs, held out or not, in order.
  public func pairs(heldOut: Bool) -> [(Int, Int)] {
    (0...largest).flatMap { a in (0...largestAdded).map { (a, $0) } }.filter { isHeldOut($0, $1) == heldOut }
  }

  /// A training text of `lines` lines: all pairs that are not held out, shuffled, again and again.
  public func trainingText(lines: Int, using random: inout some RandomNumberGenerator) -> String {
    var pairs = pairs(heldOut: false)
    var text = ""
    for number in 0..<lines {
      let place = number % pairs.count
      if place == 0 { pairs.shuffle(using: &random) }
      text += Self.line(pairs[place].0, pairs[place].1) + "\n"
    }
    return text
  }
}

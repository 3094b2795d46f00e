extension SumsInWords {
  /// What is true of a generated text.
  public struct Report: Sendable, Hashable {
    /// The lines that have an end.
    public var lines = 0
    /// The lines that say a sum, right or wrong, in words spelled correctly.
    public var wellFormed = 0
    /// The lines whose sum is right.
    public var right = 0
    /// The well-formed lines whose numbers were added in the training text.
    public var copies = 0
    /// The right lines whose numbers were not.
    public var rightAndNew = 0

    public init() {}

    /// The well-formed lines whose numbers were not added in the training text.
    public var new: Int { wellFormed - copies }
  }

  /// Reads a generated text. What follows the last line end is not looked at: it may be unfinished.
  public func check(_ text: String) -> Report {
    var report = Report()
    // By bytes: a character of Swift may join a line end with what stands beside it.
    for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
      report.lines += 1
      guard let sum = Self.parse(String(decoding: line, as: UTF8.self)) else { continue }
      report.wellFormed += 1
      let isRight = sum.a + sum.b == sum.result
      if isRight { report.right += 1 }
      if sum.a <= largest, sum.b <= largestAdded, !isHeldOut(sum.a, sum.b) {
        report.copies += 1
      } else if isRight {
        report.rightAndNew += 1
      }
    }
    return report
  }

  /// The numbers of a line such as ``line(_:_:)`` writes, whether the sum is right or not.
  static func parse(_ line: String) -> (a: Int, b: Int, result: Int)? {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard let plus = words.firstIndex(of: "plus"), let equals = words.firstIndex(of: "equals"), plus < equals,
      let a = NumberWords.number(words[..<plus].joined(separator: " ")),
      let b = NumberWords.number(words[(plus + 1)..<equals].joined(separator: " ")),
      let result = NumberWords.number(words[(equals + 1)...].joined(separator: " "))
    else { return nil }
    return (a, b, result)
  }
}

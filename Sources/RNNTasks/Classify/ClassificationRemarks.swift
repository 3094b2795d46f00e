/// What is to be said once of texts that were classified: those that were cut, and those of which the model knows no token.
public struct ClassificationRemarks: Sendable {
  private var count = 0
  private var cut = (count: 0, first: 0), unknown = (count: 0, first: 0)
  private let longest: Int

  /// - Parameter longest: the most tokens of a text that are read.
  public init(longest: Int) { self.longest = longest }

  public mutating func add(_ prediction: TextClassifier.Prediction) { add(isCut: prediction.isCut, isUnknown: prediction.isUnknown) }

  mutating func add(isCut: Bool, isUnknown: Bool) {
    count += 1
    if isCut { cut = (cut.count + 1, cut.count == 0 ? count : cut.first) }
    if isUnknown { unknown = (unknown.count + 1, unknown.count == 0 ? count : unknown.first) }
  }

  /// Sentences for people; none where there is nothing to say.
  public var sentences: [String] {
    func subject(_ found: (count: Int, first: Int)) -> String {
      count == 1 ? "the text" : "\(found.count) of \(count) texts (the first is the \(found.first)\(Self.ending(found.first)))"
    }
    var sentences: [String] = []
    if cut.count > 0 {
      sentences.append("\(subject(cut)) \(cut.count == 1 ? "is" : "are") longer than \(longest) tokens: only the beginning was read, as in training (--longest)")
    }
    if unknown.count > 0 {
      sentences.append("\(subject(unknown)) \(unknown.count == 1 ? "has" : "have") nothing in \(unknown.count == 1 ? "it" : "them") that the model knows: the class is that of no text")
    }
    return sentences
  }

  private static func ending(_ number: Int) -> String {
    switch (number % 10, number % 100) {
    case (1, let tens) where tens != 11: "st"
    case (2, let tens) where tens != 12: "nd"
    case (3, let tens) where tens != 13: "rd"
    default: "th"
    }
  }
}

import RNNTensor

/// What stands in a field of a column of numbers.
enum NumberField: Hashable {
  case number(WrittenNumber)
  /// Nothing, or a word for it.
  case missing
  /// Something else.
  case other

  /// The largest magnitude of a number.
  static let largest = Limits.seriesValue.range.upperBound

  /// Words for a number that isn't there, in lower case.
  private static let missingWords: Set<[UInt8]> = Set(
    ["na", "n/a", "nan", "null", "none", "nil", "?", "-", "--", "\u{2212}", "\u{2013}", "\u{2014}", ".", "missing", "#n/a"].map { Array($0.utf8) })

  /// - Parameters:
  ///   - sentinels: further values that stand for a missing one.
  init(_ field: UnsafeBufferPointer<UInt8>, sentinels: Sentinels? = nil) {
    var (start, end) = (0, field.count)
    while start < end, field[start] == 0x20 || field[start] == 0x09 { start += 1 }
    while end > start, field[end - 1] == 0x20 || field[end - 1] == 0x09 { end -= 1 }
    let text = UnsafeBufferPointer(rebasing: field[start..<end])
    if text.isEmpty {
      self = .missing
    } else if let number = WrittenNumber(text), abs(number.value) <= Self.largest {
      self = sentinels?.contains(text, number) == true ? .missing : .number(number)
    } else {
      let isMissing = text.count <= 7 && Self.missingWords.contains(text.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 })
      self = isMissing || sentinels?.contains(text, nil) == true ? .missing : .other
    }
  }

  /// Whether a text is a number without a sign of any kind or thousands apart, as a column is hardly named.
  static func isPlain(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { if case .number(let number) = NumberField($0) { number.unit == nil && !number.isGrouped && !number.isBracketed } else { false } }
  }
}

/// Values that stand for a missing one: a number such as −9999, however it is written, or a word.
struct Sentinels {
  private let texts: [[UInt8]]
  private let numbers: [Double]

  /// Nil where there are none.
  init?(_ values: [String]) {
    guard !values.isEmpty else { return nil }
    texts = values.map { Array($0.utf8) }
    numbers = texts.compactMap { text in text.withUnsafeBufferPointer { WrittenNumber($0)?.value } }
  }

  func contains(_ text: UnsafeBufferPointer<UInt8>, _ number: WrittenNumber?) -> Bool {
    number.map { numbers.contains($0.value) } ?? false || texts.contains { $0.elementsEqual(text) }
  }
}

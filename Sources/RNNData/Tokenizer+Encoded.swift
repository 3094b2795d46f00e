import RNNTensor

extension Tokenizer {
  /// The tokenizer as a line of text, for a model's file: `bytes`; `characters:` and the code points in hexadecimal, ascending,
  /// neighbours joined to ranges, such as `characters:a,20-7e,1f600`; `words:` and the words in the order of their tokens,
  /// separated by spaces; or, of byte-pair encoding, its ``json``.
  public var encoded: String {
    switch kind {
    case .bytes: kind.rawValue
    case .characters: Self.head(kind) + codePoints
    case .words: Self.head(kind) + words.joined(separator: " ")
    case .bpe: json ?? ""
    }
  }

  private static func head(_ kind: Kind) -> String { kind.rawValue + ":" }

  private var codePoints: String {
    var ranges: [ClosedRange<UInt32>] = []
    for scalar in scalars {
      if let last = ranges.last, last.upperBound + 1 == scalar.value {
        ranges[ranges.count - 1] = last.lowerBound...scalar.value
      } else {
        ranges.append(scalar.value...scalar.value)
      }
    }
    let list = ranges.map {
      String($0.lowerBound, radix: 16) + ($0.count > 1 ? "-" + String($0.upperBound, radix: 16) : "")
    }
    return list.joined(separator: ",")
  }

  /// The tokenizer that `encoded` describes.
  ///
  /// Of all but byte-pair encoding only what ``encoded`` writes is read: every tokenizer has one text. Code points ascend, so that what a hostile file
  /// can ask for is bounded by the size of Unicode; words are no more than the text itself has.
  /// - Throws: `.badData` saying what was found and what was expected.
  public init(encoded: String) throws(RNNError) {
    if encoded == Kind.bytes.rawValue {
      self = .bytes
    } else if encoded.utf8.starts(with: Self.head(.characters).utf8) {
      try self.init(codePoints: encoded.utf8.dropFirst(Self.head(.characters).utf8.count))
    } else if encoded.utf8.starts(with: Self.head(.words).utf8) {
      try self.init(listOfWords: Array(encoded.utf8.dropFirst(Self.head(.words).utf8.count)))
    } else if encoded.utf8.first == UInt8(ascii: "{") {
      try self.init(json: Array(encoded.utf8), source: "the tokenizer")
    } else {
      throw RNNError(
        .badData,
        "‘\(String(encoded.unicodeScalars.prefix(40)))’ is not a tokenizer: "
          + "expected ‘bytes’ or ‘characters:’ with code points, ‘words:’ with words, or the JSON of byte-pair encoding")
    }
  }

  /// By bytes: words that Unicode holds equivalent are different ones here.
  private init(listOfWords list: [UInt8]) throws(RNNError) {
    var table = WordTable()
    for word in list.isEmpty ? [] : list.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false) {
      try Self.add(Array(word), to: &table)
    }
    self.init(words: table)
  }

  private init(codePoints list: Substring.UTF8View) throws(RNNError) {
    var scalars: [Unicode.Scalar] = []
    var smallest: UInt32 = 0
    for item in list.isEmpty ? [] : list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let range = try Self.codePoints(item, atLeast: smallest)
      for value in range {
        guard let scalar = Unicode.Scalar(value) else {
          throw Self.badItem(item, "U+D800 to U+DFFF are no characters")
        }
        scalars.append(scalar)
      }
      // A direct neighbour would have been written as part of this range.
      smallest = range.upperBound + 2
    }
    self.init(ascending: scalars)
  }

  /// The code points of one item of the list: one of them, or a range.
  private static func codePoints(
    _ item: Substring.UTF8View, atLeast smallest: UInt32
  ) throws(RNNError) -> ClosedRange<UInt32> {
    let bounds = item.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    var values: [UInt32] = []
    for bound in bounds {
      var value: UInt32 = 0
      guard (1...6).contains(bound.count), bound.count == 1 || bound.first != UInt8(ascii: "0") else {
        throw badItem(item, "expected one to six hexadecimal digits without leading zeros")
      }
      for digit in bound {
        guard let next = hexadecimalValue(digit) else { throw badItem(item, "expected digits 0–9 and a–f") }
        value = value << 4 | UInt32(next)
      }
      guard value <= 0x10FFFF else { throw badItem(item, "the last code point is 10ffff") }
      values.append(value)
    }
    guard values[0] >= smallest else { throw badItem(item, "code points must ascend, neighbours in one range") }
    guard values.count == 1 || values[1] > values[0] else { throw badItem(item, "a range must ascend") }
    return values[0]...values[values.count - 1]
  }

  private static func badItem(_ item: Substring.UTF8View, _ expected: String) -> RNNError {
    RNNError(.badData, "‘\(String(Substring(item.prefix(40))))’ in a tokenizer's characters: \(expected)")
  }
}

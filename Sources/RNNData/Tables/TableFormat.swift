import RNNTensor

/// How a table is written: what separates its fields, and whether they may stand in quotes.
public struct TableFormat: Sendable, Hashable {
  /// The byte between two fields; nil where a row is one field, its line.
  public let separator: UInt8?
  /// Whether a field that begins with a quote ends with one (RFC 4180): then separators and line ends may stand in it, and
  /// quotes twice.
  public let hasQuotes: Bool

  public init(separator: UInt8?, quotes: Bool) {
    self.separator = separator
    hasQuotes = quotes
  }

  /// Commas, and quotes (RFC 4180).
  public static let commas = TableFormat(separator: UInt8(ascii: ","), quotes: true)
  /// Tabs, and no quotes: in text/tab-separated-values as registered a quote means nothing, and texts often begin with one.
  public static let tabs = TableFormat(separator: UInt8(ascii: "\t"), quotes: false)
  /// Each row is a line, whatever stands in it.
  public static let lines = TableFormat(separator: nil, quotes: false)

  /// Separated by `character`, with quotes unless it is a tab.
  ///
  /// - Throws: `.usage` for a character that can't separate.
  public init(separator character: String, quotes: Bool? = nil) throws(RNNError) {
    let bytes = Array((["tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "][character] ?? character).utf8)
    guard bytes.count == 1, bytes[0] < 0x80, ![0x0A, 0x0D, UInt8(ascii: "\"")].contains(bytes[0]) else {
      throw RNNError(.usage, "‘\(character)’ can't separate fields: expected one ASCII character, or tab, comma, semicolon, space")
    }
    self.init(separator: bytes[0], quotes: quotes ?? (bytes[0] != UInt8(ascii: "\t")))
  }

  /// For people: `separated by commas`.
  public var description: String {
    guard let separator else { return "lines" }
    let names: [UInt8: String] = [0x09: "tabs", 0x2C: "commas", 0x3B: "semicolons", 0x20: "spaces"]
    return "separated by " + (names[separator] ?? "‘\(String(decoding: [separator], as: UTF8.self))’")
  }

  /// The format of a file: as it was said, or else by its beginning and its name.
  ///
  /// - Throws: `.usage` for a character that can't separate.
  init(of sample: [UInt8], isWhole: Bool, name: String, separator: String?, quotes: Bool?) throws(RNNError) {
    if let separator {
      try self.init(separator: separator, quotes: quotes)
      return
    }
    let extensions: [String: TableFormat] = ["csv": .commas, "tsv": .tabs, "tab": .tabs]
    let named = name.split(separator: ".").last.flatMap { extensions[$0.lowercased()] }
    let found = Self.detected(in: sample, isWhole: isWhole) ?? Self.likely(in: sample, isWhole: isWhole, named: named) ?? named ?? .commas
    self.init(separator: found.separator, quotes: quotes ?? found.hasQuotes)
  }

  /// The format of a file: as it was said, or else commas where its name ends in `.csv`, and tabs.
  ///
  /// - Throws: `.usage` for a character that can't separate.
  init(ofFile name: String, separator: String?, quotes: Bool?) throws(RNNError) {
    if let separator {
      try self.init(separator: separator, quotes: quotes)
      return
    }
    let found: TableFormat = name.lowercased().hasSuffix(".csv") ? .commas : .tabs
    self.init(separator: found.separator, quotes: quotes ?? found.hasQuotes)
  }

  /// What separates the fields of a table, by its beginning: of tab, comma, semicolon and bar that which gives every row as many
  /// fields, and more than one; of several the one that comes first here. Nil if none does.
  ///
  /// - Parameters:
  ///   - bytes: the beginning of the table.
  ///   - isWhole: whether that is all of it; else its last row may be cut off and doesn't count.
  public static func detected(in bytes: some Collection<UInt8>, isWhole: Bool) -> TableFormat? {
    let sample = Array(bytes)
    if let (declared, _) = declared(in: sample) { return declared }
    return candidates.first { format in
      let counts = counts(sample, isWhole: isWhole, format)
      return counts.first.map { first in first > 1 && counts.allSatisfy { $0 == first } } ?? false
    }
  }

  private static let candidates = [tabs, commas, TableFormat(separator: UInt8(ascii: ";"), quotes: true), TableFormat(separator: UInt8(ascii: "|"), quotes: true)]

  /// The number of fields of each row of a table's beginning that can be read.
  private static func counts(_ sample: [UInt8], isWhole: Bool, _ format: TableFormat) -> [Int] {
    var reader = TableReader(sample, name: "", format: format)
    var counts: [Int] = []
    // A row that can't be read, the last one for instance, ends the look.
    while (try? reader.next()) == true { if !reader.isBlank { counts.append(reader.count) } }
    return isWhole ? counts : counts.dropLast()
  }

  /// What separates the fields of most rows, where some have others: titles above the header, or a separator at the end of each row but the first.
  ///
  /// - Parameter named: what the file's name says, which is taken where nothing else explains more rows.
  private static func likely(in sample: [UInt8], isWhole: Bool, named: TableFormat?) -> TableFormat? {
    var best: (format: TableFormat, share: Double)?
    for format in (named.map { [$0] } ?? []) + candidates {
      let counts = counts(sample, isWhole: isWhole, format)
      var frequency: [Int: Int] = [:]
      for count in counts where count > 1 { frequency[count, default: 0] += 1 }
      let share = Double(frequency.values.max() ?? 0) / Double(max(counts.count, 1))
      if share > best?.share ?? 0.5 { best = (format, share) }
    }
    return best?.format
  }

  /// What a first line such as `sep=;` says, which spreadsheets write and read, and the number of its bytes.
  static func declared(in bytes: some Collection<UInt8>) -> (format: TableFormat, length: Int)? {
    var beginning = Array(bytes.prefix(16))
    let mark = beginning.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    beginning.removeFirst(mark)
    guard let end = beginning.firstIndex(where: { $0 == 0x0A || $0 == 0x0D }) else { return nil }
    let line = beginning[..<end].filter { $0 != UInt8(ascii: "\"") }
    guard line.count == 5, String(decoding: line.prefix(4), as: UTF8.self).lowercased() == "sep=", ",;|\t: ^~".utf8.contains(line[4]) else { return nil }
    let hasFeed = beginning[end] == 0x0D && end + 1 < beginning.count && beginning[end + 1] == 0x0A
    return (TableFormat(separator: line[4], quotes: line[4] != 0x09), mark + end + (hasFeed ? 2 : 1))
  }
}

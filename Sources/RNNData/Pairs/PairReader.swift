public import RNNTensor

/// Where sentences and their translations stand.
public enum PairFiles: Sendable, Hashable {
  /// In tables, a pair a row; `-` is standard input.
  case tables([String])
  /// In two files, line by line.
  case lines(source: String, target: String)
}

/// How tables of pairs are read.
public struct PairOptions: Sendable, Hashable {
  /// Columns by name, or by number from 1; nil for those that are called so, else the first and the second. Of JSON lines the names of members.
  public var sourceColumn: String?
  public var targetColumn: String?
  /// What separates a table's fields: by default commas where the file's name ends in `.csv`, else tabs.
  public var separator: String?
  /// Whether fields may stand in quotes; by default unless tabs separate them.
  public var quotes: Bool?
  /// Whether the first row has the columns' names; by default if it has one that is asked for, or known, or names of languages (`en,de`).
  public var header: Bool?
  public var encoding: TextEncoding

  public init(
    sourceColumn: String? = nil, targetColumn: String? = nil, separator: String? = nil, quotes: Bool? = nil, header: Bool? = nil,
    encoding: TextEncoding = .utf8
  ) {
    self.sourceColumn = sourceColumn
    self.targetColumn = targetColumn
    self.separator = separator
    self.quotes = quotes
    self.header = header
    self.encoding = encoding
  }

  /// Names that such columns have.
  package static let sourceNames = ["source", "src", "original", "source_text", "source_sentence"]
  static let targetNames = ["target", "tgt", "translation", "reference", "target_text", "target_sentence"]

  /// Whether it is said how a table is written.
  var isWritten: Bool { separator != nil || quotes != nil || header != nil }
}

/// Reads sentences with their translations one after another, in as much memory as the longest row.
///
/// ```swift
/// var reader = try PairReader(.tables(["pairs.tsv"]))
/// while let pair = try reader.next() { print(pair.source.count, pair.target.count) }
/// ```
public struct PairReader: ~Copyable {
  /// A sentence and its translation; either may be empty.
  public struct Pair: Sendable, Hashable {
    /// UTF-8, unless the file isn't.
    public var source: [UInt8]
    public var target: [UInt8]
    /// Where it stands, for messages.
    public var place: String
  }

  /// What each file was taken for, for people.
  public private(set) var descriptions: [String] = []
  private let options: PairOptions
  private let requiresUTF8: Bool
  /// Files that are still to be read, and of the current table where the sentences stand.
  private var paths: ArraySlice<String> = []
  private var columns: (source: Int, target: Int, count: Int)?
  /// Of JSON lines the names of the members.
  private var members: (source: String, target: String)?
  private var table: TableReader? = nil
  /// With two files, the one of the targets.
  private var targets: TableReader? = nil
  private var isOfLines = false
  /// Of a table: the line that it begins in, and whether the row with the names is still to come.
  private var firstLine = 1, isHeaderNext = false

  /// - Parameter requiresUTF8: whether a text that isn't UTF-8 is an error.
  /// - Throws: `.usage` without a file or with standard input twice.
  public init(_ files: PairFiles, options: PairOptions = .init(), requiresUTF8: Bool = true) throws(RNNError) {
    let all: [String]
    switch files {
    case .tables(let paths): all = paths
    case .lines(let source, let target): all = [source, target]
    }
    guard !all.isEmpty else { throw RNNError(.usage, "no sentences given: name a table, or two files") }
    guard all.count(where: { $0 == "-" }) < 2 else { throw RNNError(.usage, "standard input (-) can be read only once") }
    self.options = options
    self.requiresUTF8 = requiresUTF8
    if case .lines = files { isOfLines = true }
    paths = all[...]
  }

  /// The next pair; nil after the last one.
  ///
  /// - Throws: `.noInput` where a file is missing, `.badData` with file and line where files have different numbers of lines, a row another number of fields, or a text
  ///   isn't UTF-8; as for reading a file.
  public mutating func next() throws(RNNError) -> Pair? {
    isOfLines ? try nextLines() : try nextRow()
  }

  // MARK: Two files

  private mutating func nextLines() throws(RNNError) -> Pair? {
    if let target = paths.popLast(), let source = paths.popLast() {
      table = try TableReader(source, format: .lines)
      targets = try TableReader(target, format: .lines)
      descriptions = ["\(table?.name ?? "") and \(targets?.name ?? ""): line by line"]
    }
    let hasSource = try table?.next() ?? false, hasTarget = try targets?.next() ?? false
    guard hasSource || hasTarget else { return nil }
    guard hasSource && hasTarget else { throw try differentLengths() }
    let place = "\(table?.name ?? ""), line \(table?.line ?? 0)"
    return Pair(source: try text(0, ofTarget: false), target: try text(0, ofTarget: true), place: place)
  }

  /// One of the files has ended, the other has a line more at least.
  private mutating func differentLengths() throws(RNNError) -> RNNError {
    while try table?.next() == true {}
    while try targets?.next() == true {}
    let (source, target) = (table?.name ?? "", targets?.name ?? "")
    let lines = (table?.line ?? 0, targets?.line ?? 0)
    let counts = (lines.0 - 1, lines.1 - 1)
    let (longer, shorter, missing) = counts.0 > counts.1 ? (source, target, "translation") : (target, source, "sentence")
    let least = min(counts.0, counts.1)
    return RNNError(
      .badData,
      "\(source) has \(counts.0) line\(counts.0 == 1 ? "" : "s") and \(target) \(counts.1), expected as many: "
        + "line \(least + 1) of \(longer) has no \(missing), \(shorter) ends before")
  }

  // MARK: Tables

  private mutating func nextRow() throws(RNNError) -> Pair? {
    while true {
      if table == nil {
        guard let path = paths.popFirst() else { return nil }
        try open(path)
      }
      guard try table?.next() == true, let line = table?.line else {
        table = nil
        continue
      }
      if table?.isBlank == true || line < firstLine { continue }
      if let members { return try object(members) }
      guard let columns else { continue }
      try table?.requireCount(columns.count)
      if isHeaderNext {
        isHeaderNext = false
        continue
      }
      return Pair(
        source: try text(columns.source, ofTarget: false), target: try text(columns.target, ofTarget: false),
        place: "\(table?.name ?? ""), line \(table?.line ?? 0)")
    }
  }

  private mutating func open(_ path: String) throws(RNNError) {
    (columns, members, firstLine, isHeaderNext) = (nil, nil, 1, false)
    var file: InputFile
    if path == "-" { file = try InputFile.standardInput() } else { file = try InputFile(path) }
    let name = file.name
    let (sample, isWhole) = try file.beginning(Self.sampleSize)
    try ForeignFormat.check(sample, name: name, expected: "sentences and their translations")
    if !options.isWritten, try JSONLine.isFormat(of: sample, name: name) {
      try findMembers(sample, name)
      table = TableReader(sample, continuing: file, format: .lines)
      return
    }
    let format = try TableFormat(ofFile: path, separator: options.separator, quotes: options.quotes)
    let wanted = [options.sourceColumn, options.targetColumn].compactMap(\.self).filter { Int($0) == nil }
    let known = PairOptions.sourceNames + PairOptions.targetNames
    let head = try TableHead(sample, isWhole: isWhole, name: name, format: format) { row in
      row.contains { known.contains($0.lowercased()) || wanted.contains($0) } || row.allSatisfy(LanguageName.isOne)
    }
    guard let first = head.rows.first else { throw RNNError(.badData, "\(name) is empty: expected sentences and their translations") }
    // Names of languages, unless later rows are such words too.
    let languages = LanguageName.two(of: first)
    let areNames = !languages.isEmpty
      && !head.rows.dropFirst().contains { row in row.count == first.count && languages.allSatisfy { LanguageName.isOne(row[$0]) } }
    let found = TableColumns(first: first, wanted: wanted, known: known, hasHeader: options.header ?? (areNames ? true : nil))
    guard found.count > 1 else {
      throw RNNError(
        .badData,
        "\(name), line \(head.firstLine), column 1: found 1 field \(head.format.description), expected a sentence and its translation; say what separates them, or give two files")
    }
    var source: Int?, target: Int?
    if let column = options.sourceColumn { source = try found.index(of: column, in: name) }
    if let column = options.targetColumn { target = try found.index(of: column, in: name) }
    let (from, to) = Self.sides(found.names ?? [], source: source, target: target)
    guard from != to else { throw RNNError(.usage, "\(found.describe(from)) can't have both the sentences and their translations") }
    columns = (from, to, found.count)
    (firstLine, isHeaderNext) = (head.firstLine, found.names != nil)
    descriptions.append(
      "\(name): a table \(head.format.description)\(firstLine > 1 ? " from line \(firstLine) on" : ""), \(found.describe(from)) into \(found.describe(to))")
    table = TableReader(sample, continuing: file, format: format)
  }

  private static let sampleSize = 1 << 16

  /// Which of these has the sentences and which the translations: those asked for, called so, or called by languages, else the first two or the
  /// other one of two.
  private static func sides(_ names: [String], source: Int?, target: Int?) -> (source: Int, target: Int) {
    let lower = names.map { $0.lowercased() }
    func known(_ known: [String]) -> Int? { known.lazy.compactMap { lower.firstIndex(of: $0) }.first }
    let source = source ?? known(PairOptions.sourceNames), target = target ?? known(PairOptions.targetNames)
    let languages = LanguageName.two(of: names.map { String($0.split(separator: ".").last ?? "") })
    let order = languages + names.indices.filter { !languages.contains($0) }.prefix(2)
    let from = source ?? order.first { $0 != target } ?? (target == 0 ? 1 : 0)
    return (from, target ?? order.first { $0 != from } ?? (from == 0 ? 1 : 0))
  }

  // MARK: JSON lines

  private mutating func findMembers(_ sample: [UInt8], _ name: String) throws(RNNError) {
    var reader = TableReader(sample, name: name, format: .lines)
    repeat {
      guard try reader.next() else { throw RNNError(.badData, "\(name) is empty: expected sentences and their translations") }
    } while reader.isBlank
    let names = try JSONLine(reader.bytes(0), at: reader.at(0)).names
    func place(_ wanted: String?) throws(RNNError) -> Int? {
      guard let wanted else { return nil }
      return names.firstIndex(of: try JSONLine.name(wanted, among: names, at: "\(name), line 1"))
    }
    let (source, target) = (try place(options.sourceColumn), try place(options.targetColumn))
    let (from, to) = Self.sides(names, source: source, target: target)
    guard names.indices.contains(from), names.indices.contains(to) else {
      throw RNNError(
        .badData,
        "\(reader.at(0)): found \(names.isEmpty ? "no member with a text" : "the member ‘\(names[0])’"), expected a sentence and its translation")
    }
    guard from != to else { throw RNNError(.usage, "‘\(names[from])’ can't have both the sentences and their translations") }
    members = (names[from], names[to])
    descriptions.append("\(name): JSON lines, ‘\(names[from])’ into ‘\(names[to])’")
  }

  private mutating func object(_ members: (source: String, target: String)) throws(RNNError) -> Pair {
    let place = table?.at(0) ?? ""
    let object = try JSONLine(table?.bytes(0) ?? [], at: place)
    return Pair(source: Array(try object.text(members.source).utf8), target: Array(try object.text(members.target).utf8), place: place)
  }

  // MARK: Texts

  private mutating func text(_ column: Int, ofTarget: Bool) throws(RNNError) -> [UInt8] {
    var text: [UInt8] = []
    let encoding = options.encoding
    if ofTarget {
      targets?.withField(column) { encoding.append($0, to: &text) }
    } else {
      table?.withField(column) { encoding.append($0, to: &text) }
    }
    guard requiresUTF8, let bad = UTF8State.firstInvalidBytes(in: text) else { return text }
    let place = (ofTarget ? targets?.at(column) : table?.at(column)) ?? ""
    throw RNNError(
      .badData,
      "\(place): the text is not UTF-8, found \(hexadecimal(text[bad.lowerBound...].prefix(4), separator: " ")) after \(bad.lowerBound) bytes; "
        + "convert it, say what it is (--encoding latin1), or take bytes for tokens (--tokens bpe)")
  }
}

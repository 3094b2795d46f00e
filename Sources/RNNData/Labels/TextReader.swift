public import RNNTensor

/// Reads texts one after another: the lines of a file, a column of a table, or a member of the objects in JSON lines; in as much memory as the
/// longest one.
public struct TextReader: ~Copyable {
  private var table: TableReader
  private let column: Int
  private let count: Int?
  private let encoding: TextEncoding
  /// Of JSON lines what to look for.
  private let members: Members?
  /// The line in which a table begins.
  private let firstLine: Int

  /// The member of an object that has the text: one that is asked for, or the first with one of these names.
  private enum Members {
    case named(String)
    case known([String])
  }

  /// - Parameters:
  ///   - path: a file; `-` is standard input.
  ///   - options: of a table its column (``LabelledOptions/textColumn``); without one, each line is a text. In JSON lines, which a name such as
  ///     `texts.jsonl` says it is, or an object in the first line where a column is asked for, the member of that name has the text.
  ///   - names: names that a member with the texts may have.
  /// - Throws: `.noInput` where the file is missing, `.badData` where it has no such column.
  public init(_ path: String, options: LabelledOptions = .init(), names: [String]? = nil) throws(RNNError) {
    let known = names ?? LabelledOptions.textNames
    guard let wanted = options.textColumn else {
      guard !options.isOfTable else { throw RNNError(.usage, "a table needs the column that has the texts (\(names == nil ? "--text-column" : "--source-column"))") }
      self.init(try TableReader(path, format: .lines), options, members: JSONLine.isNamed(path) ? .known(known) : nil)
      return
    }
    var file: InputFile
    if path == "-" { file = try InputFile.standardInput() } else { file = try InputFile(path) }
    let name = file.name
    // What is known needs no look, so nobody waits for it.
    let (sample, isWhole) = options.separator == nil ? try file.beginning(LabelledSource.sampleSize) : ([], false)
    let isJSON = options.isWritten ? false : try JSONLine.isFormat(of: sample, name: name)
    let format = isJSON ? .lines : try options.tableFormat(sample, isWhole: isWhole, name: path)
    var reader = TableReader(sample, continuing: file, format: format)
    if isJSON {
      self.init(reader, options, members: .named(wanted))
      return
    }
    let head = try TableHead(sample, isWhole: isWhole, name: name, format: format) { $0.contains(wanted) }
    if Int(wanted) != nil, options.header != true {
      self.init(reader, options, column: try Self.column(wanted, options), firstLine: head.firstLine)
      return
    }
    repeat {
      guard try reader.next() else { throw RNNError(.badData, "\(name) is empty: expected a table") }
    } while reader.isBlank || reader.line < head.firstLine
    var first: [String] = []
    for i in 0..<reader.count { first.append(try reader.string(i)) }
    let columns = TableColumns(first: first, wanted: [wanted], hasHeader: true)
    self.init(reader, options, column: try columns.index(of: wanted, in: name), count: head.rows.first?.count ?? columns.count, firstLine: head.firstLine)
  }

  private init(
    _ table: consuming TableReader, _ options: LabelledOptions, column: Int = 0, count: Int? = nil, members: Members? = nil, firstLine: Int = 1
  ) {
    self.table = table
    encoding = options.encoding
    (self.column, self.count, self.members, self.firstLine) = (column, count, members, firstLine)
  }

  private static func column(_ wanted: String, _ options: LabelledOptions) throws(RNNError) -> Int {
    guard let number = Int(wanted), number > 0 else { throw RNNError(.usage, "a table without names in its first line has columns 1, 2 …, not ‘\(wanted)’") }
    return number - 1
  }

  /// Whether more is there already, so that reading on doesn't wait.
  public var hasMoreAtHand: Bool { table.hasMoreAtHand }

  /// The next text; nil at the end. Of a table, empty lines are passed over; of lines, they are texts without a word.
  ///
  /// - Throws: `.badData` for a row that doesn't have the column, or another number of them than the first; as for reading a file.
  public mutating func next() throws(RNNError) -> [UInt8]? {
    repeat {
      guard try table.next() else { return nil }
    } while table.isBlank && (table.format.separator != nil || members != nil) || table.line < firstLine
    if let members { return try text(members) }
    if let count { try table.requireCount(count) }
    guard column < table.count else {
      throw RNNError(.badData, "\(table.name), line \(table.line): found \(table.count) field\(table.count == 1 ? "" : "s") \(table.format.description), expected at least \(column + 1)")
    }
    var text: [UInt8] = []
    table.withField(column) { encoding.append($0, to: &text) }
    return text
  }

  private func text(_ members: Members) throws(RNNError) -> [UInt8] {
    let object = try JSONLine(table.bytes(0), at: table.at(0))
    let wanted: String
    switch members {
    case .named(let name): wanted = try JSONLine.name(name, among: object.names, at: table.at(0))
    case .known(let known):
      let names = object.names
      guard let name = known.lazy.compactMap({ known in names.first { $0.lowercased() == known } }).first ?? (names.count == 1 ? names[0] : nil) else {
        throw RNNError(.badData, "\(table.at(0)): found the members \(names.map { "‘\($0)’" }.joined(separator: ", ")); say which has the text")
      }
      wanted = name
    }
    return Array(try object.text(wanted).utf8)
  }
}

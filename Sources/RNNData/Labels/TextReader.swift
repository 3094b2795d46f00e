public import RNNTensor

/// Reads texts one after another: the lines of a file, or a column of a table; in as much memory as the longest one.
public struct TextReader: ~Copyable {
  private var table: TableReader
  private let column: Int
  private let count: Int?
  private let encoding: TextEncoding

  /// - Parameters:
  ///   - path: a file; `-` is standard input.
  ///   - options: of a table its column (``LabelledOptions/textColumn``); without one, each line is a text.
  /// - Throws: `.noInput` where the file is missing, `.badData` where it has no such column.
  public init(_ path: String, options: LabelledOptions = .init()) throws(RNNError) {
    encoding = options.encoding
    guard let wanted = options.textColumn else {
      guard !options.isOfTable else { throw RNNError(.usage, "a table needs the column that has the texts (--text-column)") }
      table = try TableReader(path, format: .lines)
      (column, count) = (0, nil)
      return
    }
    var file: InputFile
    if path == "-" { file = InputFile.standardInput() } else { file = try InputFile(path) }
    // What is known needs no look, so nobody waits for it.
    let sample = options.separator == nil ? try file.read(LabelledSource.sampleSize) : []
    let format = try options.tableFormat(sample, isWhole: sample.count < LabelledSource.sampleSize, name: path)
    var reader = TableReader(sample, continuing: file, format: format)
    if Int(wanted) != nil, options.header != true {
      (column, count) = (try Self.column(wanted, options), nil)
    } else {
      guard try reader.next() else { throw RNNError(.badData, "\(reader.name) is empty: expected a table") }
      var first: [String] = []
      for i in 0..<reader.count { first.append(try reader.string(i)) }
      let columns = TableColumns(first: first, wanted: [wanted], hasHeader: true)
      (column, count) = (try columns.index(of: wanted, in: reader.name), columns.count)
    }
    table = consume reader
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
    } while table.isBlank && table.format.separator != nil
    if let count { try table.requireCount(count) }
    guard column < table.count else {
      throw RNNError(.badData, "\(table.name), line \(table.line): found \(table.count) field\(table.count == 1 ? "" : "s") \(table.format.description), expected at least \(column + 1)")
    }
    var text: [UInt8] = []
    table.withField(column) { encoding.append($0, to: &text) }
    return text
  }
}

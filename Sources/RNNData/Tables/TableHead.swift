import RNNTensor

/// The first rows of a table, from the one with the names on: titles and notes that stand above it are passed over.
struct TableHead {
  let name: String
  let format: TableFormat
  /// The fields of each row, without those that are empty from top to bottom at its end.
  private(set) var rows: [[String]] = []
  /// The line in which each begins.
  private(set) var lines: [Int] = []
  /// The last line of what stands above the first row; nil where there is nothing.
  private(set) var titles: Int?

  /// The most lines above the first row.
  private static let mostTitles = 30

  /// - Parameters:
  ///   - sample: the beginning of the file.
  ///   - isWhole: whether that is all of it; else its last row may be cut off and is left out.
  ///   - mostRows: rows at most. Of very wide tables a few are enough.
  ///   - isHeader: whether a row that is not the first one has the names of the columns.
  /// - Throws: `.badData` where the first or the second row can't be read.
  init(
    _ sample: [UInt8], isWhole: Bool, name: String, format: TableFormat, mostRows: Int = 100, isHeader: ([String]) -> Bool
  ) throws(RNNError) {
    self.name = name
    var reader = TableReader(sample, name: name, format: format)
    var fields = 0
    // Without a second row nothing can be found out; what is wrong with a later one shows when it is read.
    while rows.count < mostRows, rows.count < 4 || fields < Self.mostFields, rows.count < 2 ? try reader.next() : (try? reader.next()) == true {
      if reader.isBlank { continue }
      rows.append((0..<reader.count).map { String(decoding: reader.bytes($0), as: UTF8.self) })
      lines.append(reader.line)
      fields += reader.count
    }
    self.format = reader.format
    if !isWhole, !reader.hasMoreAtHand, rows.count > 1 { drop(last: 1) }
    passTitles(isHeader)
    trim()
  }

  private static let mostFields = 200_000

  private mutating func drop(first: Int = 0, last: Int = 0) {
    rows = Array(rows.dropFirst(first).dropLast(last))
    lines = Array(lines.dropFirst(first).dropLast(last))
  }

  // MARK: Above the names

  private mutating func passTitles(_ isHeader: ([String]) -> Bool) {
    guard let first = rows.first, rows.count > 1, !isRegular(first) else { return }
    let above = rows.prefix(Self.mostTitles).dropLast()
    guard let place = rows.indices.prefix(Self.mostTitles + 1).dropFirst().first(where: { Self.words(rows[$0]) > 1 && isRegular(rows[$0]) && isHeader(rows[$0]) }),
      above.prefix(place).allSatisfy({ $0.count != rows[place].count || Self.words($0) < 2 })
    else { return }
    titles = lines[place] - 1
    drop(first: place)
  }

  /// Whether a row has as many fields as most others.
  private func isRegular(_ row: [String]) -> Bool {
    // A title that a spreadsheet filled up with separators.
    if row.count > 1, Self.words(row) == 1, row[0] != "" { return false }
    let alike = rows.count { Self.fits($0, row.count) }
    return row.count > 1 ? 2 * alike > rows.count : alike == rows.count
  }

  private static func words(_ row: [String]) -> Int { row.count { !$0.isEmpty } }

  /// Whether a row has so many fields, and beyond them only empty ones.
  private static func fits(_ row: [String], _ count: Int) -> Bool { row.count >= count && row[count...].allSatisfy(\.isEmpty) }

  // MARK: At the ends of rows

  /// Cuts off fields that are empty in all rows, of which the first has fewer where only the others end with a separator.
  private mutating func trim() {
    guard let first = rows.first, rows.count > 1 else { return }
    var count = first.count
    while count > 1, first[count - 1].isEmpty, rows.allSatisfy({ $0.count < count || $0[count - 1].isEmpty }) { count -= 1 }
    rows = rows.map { Self.fits($0, count) ? Array($0.prefix(count)) : $0 }
  }

  /// - Throws: `.badData` where no row has as many fields as the first, saying how many there are.
  func requireRows() throws(RNNError) {
    guard let first = rows.first, rows.count > 1, !rows.dropFirst().contains(where: { $0.count == first.count }) else { return }
    throw TableReader.wrongCount(name, lines[1], fields: rows[1], expected: first.count, as: lines[0], format)
  }

  /// Where the table begins: rows of lines before it are none of it.
  var firstLine: Int { titles.map { $0 + 1 } ?? 1 }

  /// What was passed over, for people.
  var remark: String? {
    titles.map { "\(name): \($0 == 1 ? "line 1 stands above the table and is" : "lines 1 to \($0) stand above the table and are") passed over" }
  }
}

extension InputFile {
  /// The beginning of a file, to look at what it is: so many bytes, and more where lines are so long that these are but a few.
  ///
  /// - Returns: the bytes, and whether they are all.
  mutating func beginning(_ count: Int) throws(RNNError) -> (bytes: [UInt8], isWhole: Bool) {
    var bytes = try read(count)
    var isWhole = bytes.count < count
    while !isWhole, bytes.count < TableReader.defaultLimit, bytes.lazy.filter({ $0 == 0x0A || $0 == 0x0D }).prefix(8).count < 8 {
      let wanted = bytes.count
      let more = try read(wanted)
      bytes += more
      isWhole = more.count < wanted
    }
    return (bytes, isWhole)
  }
}

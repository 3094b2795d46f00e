import RNNTensor

/// A file of labelled texts, and how it is to be read.
enum LabelledSource {
  case table(name: String, TableFormat, TableColumns, text: Int, label: Int, firstLine: Int)
  case lines(name: String)
  case trees(name: String)
  /// JSON lines, and the names of the members.
  case json(name: String, text: String, label: String)
  /// A text a line, or as a whole, all of one label.
  case ofOneLabel(name: String, label: String, isDocument: Bool)

  /// For people: what the file was taken for.
  var description: String {
    func shown(_ name: String) -> String { Self.shown(name) }
    return switch self {
    case .table(let name, let format, let columns, let text, let label, let firstLine):
      "\(shown(name)): a table \(format.description)\(firstLine > 1 ? " from line \(firstLine) on" : ""), text in \(columns.describe(text)), label in \(columns.describe(label))"
    case .lines(let name): "\(shown(name)): lines of a label and a text"
    case .trees(let name): "\(shown(name)): trees"
    case .json(let name, let text, let label): "\(shown(name)): JSON lines, text in ‘\(text)’, label in ‘\(label)’"
    case .ofOneLabel(let name, let label, let isDocument): "\(shown(name)): \(isDocument ? "a text" : "texts") of the label ‘\(label)’"
    }
  }

  /// How many bytes of a file are looked at to find out what it is.
  static let sampleSize = 1 << 16

  /// A file's name in messages.
  static func shown(_ name: String) -> String { name == "-" ? "standard input" : name }

  /// What a file's beginning says that it is; nil where it says nothing.
  ///
  /// - Throws: `.badData` where columns are asked for that it doesn't have.
  static func source(_ name: String, sample: [UInt8], isWhole: Bool, _ options: LabelledOptions) throws(RNNError) -> LabelledSource? {
    var format = options.format
    if format == nil, !options.isWritten, try JSONLine.isFormat(of: sample, name: shown(name)) { format = .json }
    if format == nil, options.isOfTable { format = .table }
    if format == nil { format = try detected(name, sample, isWhole: isWhole) }
    switch format {
    case .table: return try table(name, sample, isWhole: isWhole, options)
    case .lines: return .lines(name: name)
    case .trees: return .trees(name: name)
    case .json: return try json(name, sample, isWhole: isWhole, options)
    case .files: return .ofOneLabel(name: name, label: label(ofFile: name), isDocument: false)
    case nil: return nil
    }
  }

  /// The name of a file without folder and ending.
  static func label(ofFile path: String) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 1 && !parts[0].isEmpty ? parts.dropLast().joined(separator: ".") : name
  }

  private static func detected(_ name: String, _ sample: [UInt8], isWhole: Bool) throws(RNNError) -> LabelledFormat? {
    let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
    if ["csv", "tsv", "tab"].contains(ending) { return .table }
    var reader = TableReader(sample, name: name, format: .lines)
    var lines: [[UInt8]] = []
    while try reader.next() { if !reader.isBlank { lines.append(reader.bytes(0)) } }
    // The last one may be cut off.
    if !isWhole, lines.count > 1 { lines.removeLast() }
    guard !lines.isEmpty else { return nil }
    if lines.allSatisfy({ $0.first == UInt8(ascii: "(") && $0.last == UInt8(ascii: ")") }) { return .trees }
    if lines.allSatisfy({ $0.contains(0x09) }) { return .table }
    // Whatever its name: a first row with names that are known.
    if let format = TableFormat.detected(in: sample, isWhole: isWhole) {
      var table = TableReader(sample, name: name, format: format)
      if try table.next() {
        let first = (0..<table.count).map { String(decoding: table.bytes($0), as: UTF8.self) }
        let columns = TableColumns(first: first, wanted: [], known: LabelledOptions.textNames + LabelledOptions.labelNames)
        if columns.names != nil { return .table }
      }
    }
    // A label is the first word of several lines, so there are few.
    let firsts = lines.map { $0.prefix { $0 != 0x20 } }
    let different = Set(firsts).count
    let hasLabels = zip(lines, firsts).allSatisfy { !$1.isEmpty && $1.count <= 64 && $1.count < $0.count }
    return hasLabels && different > 1 && different * 2 <= lines.count ? .lines : nil
  }

  private static func table(_ name: String, _ sample: [UInt8], isWhole: Bool, _ options: LabelledOptions) throws(RNNError) -> LabelledSource {
    let format = try options.tableFormat(sample, isWhole: isWhole, name: name)
    let wanted = [options.textColumn, options.labelColumn].compactMap(\.self), known = LabelledOptions.textNames + LabelledOptions.labelNames
    let head = try TableHead(sample, isWhole: isWhole, name: shown(name), format: format, mostRows: 1000) { row in
      TableColumns(first: row, wanted: [], known: known + wanted.map { $0.lowercased() }).names != nil
    }
    guard let first = head.rows.first else { throw RNNError(.badData, "\(shown(name)) is empty: expected texts with labels") }
    let columns = TableColumns(first: first, wanted: wanted, known: known, hasHeader: options.header)
    let found = "column\(columns.count == 1 ? "" : "s") \(columns.names.map { $0.map { "‘\($0)’" }.joined(separator: ", ") } ?? "\(columns.count) without names"), \(head.format.description)"
    let (text, label) = try places(
      columns, Array(head.rows.dropFirst(columns.names == nil ? 0 : 1)), text: try options.textColumn.map { (column) throws(RNNError) in try columns.index(of: column, in: shown(name)) },
      label: try options.labelColumn.map { (column) throws(RNNError) in try columns.index(of: column, in: shown(name)) }, in: "\(shown(name)), line \(head.firstLine)", found: found)
    return .table(name: name, head.format, columns, text: text, label: label, firstLine: head.firstLine)
  }

  private static func json(_ name: String, _ sample: [UInt8], isWhole: Bool, _ options: LabelledOptions) throws(RNNError) -> LabelledSource {
    var reader = TableReader(sample, name: shown(name), format: .lines)
    var lines: [JSONLine] = []
    while lines.count < 1000, lines.isEmpty ? try reader.next() : (try? reader.next()) == true {
      if reader.isBlank { continue }
      // What is wrong with a later line shows when it is read.
      guard let line = lines.isEmpty ? try JSONLine(reader.bytes(0), at: reader.at(0)) : try? JSONLine(reader.bytes(0), at: "") else { break }
      lines.append(line)
    }
    guard let names = lines.first?.names else { throw RNNError(.badData, "\(shown(name)) is empty: expected texts with labels") }
    func place(_ wanted: String?) throws(RNNError) -> Int? {
      guard let wanted else { return nil }
      let found = try JSONLine.name(wanted, among: names, at: "\(shown(name)), line 1")
      return names.firstIndex(of: found)
    }
    let (text, label) = try places(
      TableColumns(first: names, wanted: [], hasHeader: true), lines.map { line in names.map { (try? line.text($0)) ?? "" } },
      text: try place(options.textColumn), label: try place(options.labelColumn), in: "\(shown(name)), line 1",
      found: "member\(names.count == 1 ? "" : "s") \(names.map { "‘\($0)’" }.joined(separator: ", "))")
    return .json(name: name, text: names[text], label: names[label])
  }

  /// Which columns have the texts and the labels: those that are asked for, or called so, or of two columns the other one.
  private static func places(
    _ columns: TableColumns, _ rows: [[String]], text: Int?, label: Int?, in place: String, found: String
  ) throws(RNNError) -> (text: Int, label: Int) {
    var text = text ?? columns.index(ofAny: LabelledOptions.textNames), label = label ?? columns.index(ofAny: LabelledOptions.labelNames)
    if columns.count == 2 {
      if text == nil, label == nil {
        // There are fewer labels than texts.
        let body = rows.filter { $0.count == 2 }
        label = Set(body.map { $0[1] }).count < Set(body.map { $0[0] }).count ? 1 : 0
      }
      if let label { text = text ?? 1 - label } else if let text { label = 1 - text }
    }
    guard let text, let label else {
      throw RNNError(.badData, "\(place): found the \(found); say which has the \(text == nil ? "texts (--text-column)" : "labels (--label-column)")")
    }
    guard text != label else { throw RNNError(.usage, "\(columns.describe(text)) can't have both the texts and the labels") }
    return (text, label)
  }
}

public import RNNTensor

/// Reads texts with their labels one after another, from files of any ``LabelledFormat``, in as much memory as the longest row.
///
/// ```swift
/// var reader = try LabelledReader(["reviews.tsv"])
/// while let example = try reader.next() { print(example.label, example.text.count) }
/// ```
public struct LabelledReader: ~Copyable {
  /// A text and its label.
  public struct Example: Sendable, Hashable {
    public var label: String
    /// UTF-8, unless the file isn't.
    public var text: [UInt8]
    /// Counts rows: phrases of one sentence have one number.
    public var row: Int
    /// Whether it is a row's whole text, not a phrase of it.
    public var isWhole: Bool
    /// The line in its file.
    public var line: Int
    /// The file.
    public var source: String
    /// Where the label stands, for messages.
    public var place: String { "\(source), line \(line)" }
  }

  /// What each file was taken for, for people.
  public private(set) var descriptions: [String] = []
  private let options: LabelledOptions
  private let requiresUTF8: Bool
  private var sources: ArraySlice<LabelledSource> = []
  private var current: LabelledSource?
  private var table: TableReader? = nil
  /// Standard input, of which the beginning was read to find out what it is.
  private var input: InputFile? = nil
  private var inputSample: [UInt8] = []
  private var row = -1
  /// Of a table: the line that it begins in, and whether the row with the names is still to come.
  private var firstLine = 1, isHeaderNext = false
  /// Phrases of a row that are still to be given, the last one first.
  private var pending: [Example] = []
  /// The number of texts with each label, counted only for labels that get new names.
  private var counts: [String: Int] = [:]

  /// - Parameters:
  ///   - paths: files or folders; `-` is standard input.
  ///   - requiresUTF8: whether a text that isn't UTF-8 is an error.
  /// - Throws: `.usage` without a path, `.noInput` where one is missing, `.badData` where nothing says what a file is.
  public init(_ paths: [String], options: LabelledOptions = .init(), requiresUTF8: Bool = true) throws(RNNError) {
    let (found, sample) = try Self.sources(paths, options)
    let standardInput = try Self.standardInput(in: paths)
    self.options = options
    self.requiresUTF8 = requiresUTF8
    sources = found[...]
    descriptions = found.map(\.description)
    inputSample = sample
    input = standardInput
  }

  private static func standardInput(in paths: [String]) throws(RNNError) -> InputFile? {
    guard paths.contains("-") else { return nil }
    return try InputFile.standardInput()
  }

  /// What the files are, and the beginning of standard input.
  private static func sources(_ paths: [String], _ options: LabelledOptions) throws(RNNError) -> ([LabelledSource], [UInt8]) {
    guard !paths.isEmpty else { throw RNNError(.usage, "no texts given: name a file, or - for standard input") }
    guard paths.count(where: { $0 == "-" }) < 2 else { throw RNNError(.usage, "standard input (-) can be read only once") }
    var found: [LabelledSource] = [], unknown: [String] = []
    var kept: [UInt8] = []
    for path in paths {
      if path != "-", Files.isDirectory(path) {
        found += try sources(inFolder: path)
        continue
      }
      var file: InputFile
      if path == "-" { file = try InputFile.standardInput() } else { file = try InputFile(path) }
      let name = file.name
      let (sample, isWhole) = try file.beginning(LabelledSource.sampleSize)
      guard !sample.isEmpty else { throw RNNError(.badData, "\(name) is empty: expected texts with labels") }
      try ForeignFormat.check(sample, name: name, expected: "texts with labels")
      if path == "-" { kept = sample }
      if let source = try LabelledSource.source(path, sample: sample, isWhole: isWhole, options) {
        found.append(source)
      } else {
        unknown.append(path)
      }
    }
    if !unknown.isEmpty {
      // Several files without labels in them are a file a label.
      guard found.isEmpty, unknown.count > 1, !unknown.contains("-") else {
        throw RNNError(
          .badData,
          "\(LabelledSource.shown(unknown[0])) has no labels: expected a table, JSON lines, lines of a label and a text, or trees; or a file for each label, with a text a line")
      }
      found = unknown.map { .ofOneLabel(name: $0, label: LabelledSource.label(ofFile: $0), isDocument: false) }
    }
    return (found, kept)
  }

  private static func sources(inFolder folder: String) throws(RNNError) -> [LabelledSource] {
    var found: [LabelledSource] = []
    for name in try Files.names(in: folder) {
      let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
      if Files.isDirectory(path) {
        for file in try Files.names(in: path) where !Files.isDirectory(path + "/" + file) {
          found.append(.ofOneLabel(name: path + "/" + file, label: name, isDocument: true))
        }
      } else {
        found.append(.ofOneLabel(name: path, label: LabelledSource.label(ofFile: path), isDocument: false))
      }
    }
    guard !found.isEmpty else { throw RNNError(.badData, "the folder \(folder) is empty: expected a file for each label") }
    return found
  }

  // MARK: Reading

  /// The next text; nil after the last one.
  ///
  /// - Throws: `.badData` with file, line and place, what was found and what was expected; as for reading a file.
  public mutating func next() throws(RNNError) -> Example? {
    while true {
      if var example = pending.popLast() {
        guard let map = options.map else { return example }
        counts[example.label, default: 0] += 1
        guard let label = map[example.label] else { continue }
        example.label = label
        return example
      }
      if current == nil {
        guard let source = sources.popFirst() else { return nil }
        try open(source)
      }
      if try !readRow() {
        current = nil
        table = nil
      }
    }
  }

  /// A sentence on the labels of `LabelledOptions.map` that no text has, once all texts are read; nil if there are none.
  public var mapRemark: String? {
    guard let map = options.map else { return nil }
    func list(_ labels: [String]) -> String { labels.sorted().prefix(5).joined(separator: ", ") + (labels.count > 5 ? " …" : "") }
    let missing = map.keys.filter { counts[$0] == nil }, others = counts.keys.filter { map[$0] == nil }
    guard !missing.isEmpty else { return nil }
    let left = others.isEmpty ? "" : "; texts left out because their labels aren't named: \(list(others.map { "‘\($0)’ (\(counts[$0, default: 0]))" }))"
    return "--map names the label\(missing.count == 1 ? "" : "s") \(list(missing.map { "‘\($0)’" })), which no text has\(left)"
  }

  private mutating func open(_ source: LabelledSource) throws(RNNError) {
    current = source
    switch source {
    case .table(let name, let format, let columns, _, _, let firstLine):
      try open(name, format)
      isHeaderNext = columns.names != nil
      self.firstLine = firstLine
    case .lines(let name), .trees(let name), .json(let name, _, _): try open(name, .lines)
    case .ofOneLabel(let name, let label, let isDocument):
      guard isDocument else { return try open(name, .lines) }
      var text: [UInt8] = []
      let bytes = try Files.read(name, limit: TableReader.defaultLimit)
      try ForeignFormat.check(bytes, name: name, expected: "a text")
      bytes.withUnsafeBufferPointer { options.encoding.append($0, to: &text) }
      row += 1
      if requiresUTF8, let bad = UTF8State.firstInvalidBytes(in: text) { throw Self.notUTF8(name, text, bad) }
      pending = [Example(label: label, text: text, row: row, isWhole: true, line: 1, source: name)]
    }
  }

  private mutating func open(_ name: String, _ format: TableFormat) throws(RNNError) {
    if name == "-", let file = input.take() {
      table = TableReader(inputSample, continuing: file, format: format)
      inputSample = []
    } else {
      table = try TableReader(name, format: format)
    }
  }

  /// Reads the current file's next row; false at its end.
  private mutating func readRow() throws(RNNError) -> Bool {
    guard let current, try table?.next() == true else { return false }
    switch current {
    case .table(_, _, let columns, let text, let label, _):
      guard table?.isEmpty != true || columns.count == 1, let line = table?.line, line >= firstLine else { return true }
      try table?.requireCount(columns.count)
      if isHeaderNext {
        isHeaderNext = false
        return true
      }
      try add(text: text, label: try trimmed(label))
    case .ofOneLabel(_, let label, _):
      if table?.isBlank != true { try add(text: 0, label: label) }
    case .lines:
      if table?.isBlank != true { try addLine() }
    case .trees:
      if table?.isBlank != true { try addTree() }
    case .json(_, let text, let label):
      if table?.isBlank != true { try addObject(text: text, label: label) }
    }
    return true
  }

  private func trimmed(_ column: Int) throws(RNNError) -> String {
    let text = try table?.string(column) ?? ""
    let label = Self.trimmed(text)
    guard !label.isEmpty else { throw RNNError(.badData, "\(table?.at(column) ?? ""): found no label") }
    return label
  }

  private static func trimmed(_ text: String) -> String {
    var bytes = Substring(text).utf8
    while let first = bytes.first, WordCutter.isWhitespace(first) { bytes.removeFirst() }
    while let last = bytes.last, WordCutter.isWhitespace(last) { bytes.removeLast() }
    return String(Substring(bytes))
  }

  private mutating func add(text column: Int, label: String) throws(RNNError) {
    var text: [UInt8] = []
    let encoding = options.encoding
    table?.withField(column) { encoding.append($0, to: &text) }
    row += 1
    try add(text, label: label, isWhole: true, column: column)
  }

  private mutating func add(_ text: [UInt8], label: String, isWhole: Bool, column: Int) throws(RNNError) {
    if requiresUTF8, let bad = UTF8State.firstInvalidBytes(in: text) { throw Self.notUTF8(table?.at(column) ?? "", text, bad) }
    pending.append(Example(label: label, text: text, row: row, isWhole: isWhole, line: table?.line ?? 0, source: table?.name ?? ""))
  }

  private static func notUTF8(_ place: String, _ text: [UInt8], _ bad: Range<Int>) -> RNNError {
    RNNError(
      .badData,
      "\(place): the text is not UTF-8, found \(hexadecimal(text[bad.lowerBound...].prefix(4), separator: " ")) after \(bad.lowerBound) bytes; "
        + "convert it, say what it is (--encoding latin1), or take bytes for tokens (--tokens bytes)")
  }

  private mutating func addLine() throws(RNNError) {
    let line = table?.bytes(0) ?? []
    let space = line.firstIndex(of: 0x20) ?? line.count
    guard space > 0, let label = String(validating: line[..<space], as: UTF8.self) else {
      throw RNNError(.badData, "\(table?.at(0) ?? ""), byte 1: found \(space == 0 ? "a space" : "bytes that are not UTF-8"), expected a label, a space and a text")
    }
    var text: [UInt8] = []
    let encoding = options.encoding
    line[min(space + 1, line.count)...].withUnsafeBufferPointer { encoding.append($0, to: &text) }
    row += 1
    try add(text, label: label, isWhole: true, column: 0)
  }

  private mutating func addObject(text: String, label: String) throws(RNNError) {
    let object = try JSONLine(table?.bytes(0) ?? [], at: table?.at(0) ?? "")
    let label = Self.trimmed(try object.text(label)), text = try object.text(text)
    guard !label.isEmpty else { throw RNNError(.badData, "\(table?.at(0) ?? ""): found no label") }
    row += 1
    try add(Array(text.utf8), label: label, isWhole: true, column: 0)
  }

  private mutating func addTree() throws(RNNError) {
    var line: [UInt8] = []
    let encoding = options.encoding
    table?.withField(0) { encoding.append($0, to: &line) }
    let place = table?.at(0) ?? ""
    let tree = try line.withUnsafeBufferPointer { (line) throws(RNNError) in try LabelTree(line, at: place) }
    row += 1
    let all = tree.phrases.indices
    for index in (options.phrases ? all : all.suffix(1)).reversed() {
      let phrase = tree.phrases[index]
      let text = tree.words[phrase.words].map { line[$0] }.joined(separator: [0x20])
      try add(Array(text), label: String(decoding: line[phrase.label], as: UTF8.self), isWhole: index == all.last, column: 0)
    }
  }
}

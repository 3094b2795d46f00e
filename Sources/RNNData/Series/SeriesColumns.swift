import RNNTensor

/// What the columns of a table of series are.
struct SeriesColumns {
  /// What a column of times holds.
  enum TimePart: Int {
    case year, month, day, hour, minute, second
    /// A date, a time of day, or both.
    case text

    static func named(_ name: String) -> TimePart? {
      let names: [String: TimePart] = [
        "year": .year, "yr": .year, "yyyy": .year, "month": .month, "mon": .month, "mm": .month, "mo": .month, "mnth": .month, "day": .day,
        "dd": .day, "hour": .hour, "hr": .hour, "hh": .hour, "minute": .minute, "min": .minute, "second": .second, "sec": .second,
      ]
      return names[name.lowercased()]
    }
  }

  /// A variable and its column.
  struct Variable {
    /// How a field becomes a number.
    enum Reading {
      case number
      /// The number of its word, of those that occur.
      case word
      /// 1 for this word, else 0.
      case indicator([UInt8])
    }

    var name: String
    var index: Int
    var reading: Reading

    /// Whether it tells of a word such as NA, as one like the others.
    var isMissingWord: Bool {
      if case .indicator(let word) = reading { word.withUnsafeBufferPointer { MissingWord.mayBeCategory($0) } } else { false }
    }
  }

  let columns: TableColumns
  let time: [(index: Int, part: TimePart)]
  /// The meaning of plain numbers in a single column of times.
  let numbers: TimeText.Numbers
  /// A warning about the columns of times.
  let warning: String?
  let series: Int?
  let targets: [Variable]
  let past: [Variable]
  let known: [Variable]
  /// A column that nobody uses and that may say which series a row belongs to.
  let seriesCandidate: String?

  /// - Parameters:
  ///   - rows: the first rows of the table.
  ///   - name: the table's, for messages.
  init(_ rows: [[String]], _ options: SeriesReadingOptions, name: String) throws(RNNError) {
    let asked = Self.asked(options)
    guard let first = rows.first else { throw RNNError(.badData, "\(name) is empty: expected a table of numbers") }
    let isHeader = Self.areNames(first, options)
    let counts = Self.counts(first)
    if isHeader, let twice = asked.first(where: { counts[$0, default: 0] > 1 }) {
      let places = first.indices.filter { first[$0] == twice }.map { "\($0 + 1)" }
      throw RNNError(.badData, "\(name): found the name ‘\(twice)’ at the columns \(places.joined(separator: " and ")); expected it once, or the number of the column")
    }
    columns = TableColumns(first: isHeader ? Self.distinct(first) : first, wanted: [], hasHeader: isHeader)
    let body = Array(rows.dropFirst(isHeader ? 1 : 0).filter { $0.count == first.count })
    guard let sample = body.first else { throw RNNError(.badData, "\(name) has no rows but the one with the names: expected numbers") }
    let labels = columns.names ?? first.indices.map { "\($0 + 1)" }

    let table = columns, sentinels = Sentinels(options.sentinels ?? [])
    var times = TimeColumns()
    switch options.time {
    case .none: break
    case .columns(let names):
      let indices = try names.map { (column) throws(RNNError) in try table.index(of: column, in: name) }
      times.columns = Self.parts(indices, labels, sample)
      if indices.count == 1 { times.numbers = TimeColumns.numbers(of: body.map { $0[indices[0]] }, named: labels[indices[0]].lowercased(), isAsked: true) ?? .any }
    case .found: times = TimeColumns.found(labels, hasNames: isHeader, body, asked: Set(asked))
    }
    let time = times.columns
    numbers = times.numbers
    let notUnderstood = times.notUnderstood.map { index, value, isNamed in
      let hint = TimeColumns.isSerial([value]) ? " (--time-column '\(labels[index])' takes it for a spreadsheet's number of a day)" : ""
      return "\(table.describe(index)) \(isNamed ? "is named" : "rises") like a time, but ‘\(value.shortened)’ is not understood as one\(hint)"
    }
    warning = notUnderstood.map { "\(name), \($0): rows are taken as steps, without a clock" }
    let series: Int?
    if let column = options.series { series = try table.index(of: column, in: name) } else { series = nil }
    (self.time, self.series) = (time, series)

    var used = Set(time.map(\.index) + (series.map { [$0] } ?? []))
    for column in options.past + options.known {
      if let index = Self.index(of: column, columns, name)?.index { used.insert(index) }
    }
    func isNumeric(_ index: Int) -> Bool {
      let fields = body.map { Self.field($0[index], sentinels) }
      return !fields.contains(.other) && fields.contains { $0 != .missing }
    }
    var chosen: [Int]
    let wantsAll = options.targets == ["all"] && !labels.contains("all")
    if options.targets.isEmpty || wantsAll {
      let free = labels.indices.filter { !used.contains($0) }
      chosen = free.filter(isNumeric)
      // Where there is no choice, what is wrong with it shows when it is read.
      if chosen.isEmpty, free.count == 1 { chosen = free }
      if !wantsAll, chosen.count != 1 {
        throw RNNError(
          .badData,
          "\(name): found \(chosen.isEmpty ? "no column of numbers" : "the columns \(chosen.map { "‘\(labels[$0])’" }.joined(separator: ", "))"); say which to predict (--target-column, several with commas between, or all)\(notUnderstood.map { "; \($0)" } ?? "")")
      }
      if chosen.isEmpty { throw RNNError(.badData, "\(name): found no column of numbers to predict") }
    } else {
      chosen = try options.targets.map { (column) throws(RNNError) in try table.index(of: column, in: name) }
    }
    var seen = Set<Int>()
    if let twice = chosen.first(where: { !seen.insert($0).inserted }) {
      throw RNNError(.usage, "the target \(columns.describe(twice)) is named twice")
    }
    if let wrong = chosen.first(where: { index in time.contains { $0.index == index } || index == series }) {
      throw RNNError(.usage, "\(columns.describe(wrong)) can't be a target: it has the \(wrong == series ? "names of the series" : "times")")
    }
    targets = chosen.map { Variable(name: labels[$0], index: $0, reading: .number) }

    func variables(_ names: [String]) throws(RNNError) -> [Variable] {
      try names.map { (column) throws(RNNError) in
        guard let (index, word) = Self.index(of: column, table, name) else {
          _ = try table.index(of: column, in: name)
          throw RNNError(.badData, "\(name): there is no column ‘\(column)’")
        }
        if let word { return Variable(name: column, index: index, reading: .indicator(Array(word.utf8))) }
        let isWords = body.contains { Self.field($0[index], sentinels) == .other }
        return Variable(name: labels[index], index: index, reading: isWords ? .word : .number)
      }
    }
    past = try variables(options.past)
    known = try variables(options.known)
    used.formUnion(chosen)
    let free = labels.indices.filter { !used.contains($0) }
    let candidate = series != nil ? nil : free.first { Self.seriesNames.contains(labels[$0].lowercased()) }
      ?? free.first { column in body.contains { Self.field($0[column], sentinels) == .other && TimeText($0[column]) == nil } }
    seriesCandidate = candidate.map { labels[$0] }
  }

  /// Usual names of a column that says which series a row belongs to.
  private static let seriesNames: Set<String> = [
    "id", "unique_id", "series", "series_id", "item", "item_id", "symbol", "ticker", "name", "store", "shop", "sku", "product", "station", "sensor",
    "meter", "device", "location", "city", "region", "country", "code", "key",
  ]

  /// Names that occur more than once get the number of their column, so that each can be asked for.
  private static func distinct(_ names: [String]) -> [String] {
    let counts = counts(names)
    return names.enumerated().map { index, name in
      counts[name, default: 1] == 1 ? name : "\(name)\(name.isEmpty ? "" : " ")(column \(index + 1))"
    }
  }

  private static func counts(_ names: [String]) -> [String: Int] { Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +) }

  /// The columns that somebody named.
  private static func asked(_ options: SeriesReadingOptions) -> [String] {
    var asked = options.targets + options.past + options.known
    if let series = options.series { asked.append(series) }
    if case .columns(let names) = options.time { asked += names }
    return asked
  }

  /// Whether a row has the names of columns: one that is asked for, or nothing that is a number or a time.
  static func areNames(_ row: [String], _ options: SeriesReadingOptions) -> Bool {
    let asked = Set(Self.asked(options))
    return options.header ?? (row.contains { asked.contains($0) } || !row.contains { NumberField.isPlain($0) || TimeText($0) != nil })
  }

  /// A column by its name; or `column=word`.
  private static func index(of text: String, _ columns: TableColumns, _ name: String) -> (index: Int, word: String?)? {
    if let index = try? columns.index(of: text, in: name) { return (index, nil) }
    guard let equals = text.firstIndex(of: "="), let index = try? columns.index(of: String(text[..<equals]), in: name) else { return nil }
    return (index, String(text[text.index(after: equals)...]))
  }

  static func parts(_ indices: [Int], _ labels: [String], _ sample: [String]) -> [(index: Int, part: TimePart)] {
    if indices.count == 1 { return [(indices[0], .text)] }
    guard indices.allSatisfy({ isInteger(sample[$0]) }) else { return indices.map { ($0, .text) } }
    let named = indices.map { TimePart.named(labels[$0]) }
    return indices.enumerated().map { order, index in
      (index, (named.contains { $0 == nil } ? TimePart(rawValue: order) : named[order]) ?? .text)
    }
  }

  /// A column's name, or its number where it has none.
  func label(_ index: Int) -> String { columns.names?[index] ?? "\(index + 1)" }

  private static func field(_ text: String, _ sentinels: Sentinels? = nil) -> NumberField {
    var text = text
    return text.withUTF8 { NumberField($0, sentinels: sentinels) }
  }

  static func isInteger(_ text: String) -> Bool { Int(text.trimmed) != nil }
  static func isNumber(_ text: String) -> Bool { if case .number = field(text) { true } else { false } }
  static func isMissing(_ text: String) -> Bool { field(text) == .missing }
}

extension String {
  /// Without spaces before and after.
  fileprivate var trimmed: Substring {
    var text = self[...]
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}

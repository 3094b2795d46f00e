import RNNTensor

/// Reads tables of series. What is kept are the numbers; the text passes by.
struct SeriesReader {
  private var options: SeriesReadingOptions
  private var all: [SeriesRows] = []
  private var places: [String: Int] = [:]
  /// The words of each variable that has words, in the order in which they occur.
  private var words: [Int: [String: Int]] = [:]
  /// Of the first file, to which the others must be equal.
  private var layout: SeriesColumns?
  private var offset: Int?
  private var form: TimeForm?
  /// The first lines of the file with an offset from UTC, and with a time that has none.
  private var offsetLines: (with: Int?, without: Int?)
  private var warnings: [String] = []
  /// Words such as NA in columns of words, by the column, and in how many rows.
  private var doubtfulWords: [String: [String: Int]] = [:]

  /// How the numbers of each variable are written.
  private var numbers: [NumberColumn] = []
  private let sentinels: Sentinels?
  /// How many values were a sentinel.
  private var sentinelCount = 0
  private var separator: UInt8?

  private static let sampleSize = 1 << 18
  private static let mostWords = 64

  /// - Throws: `.usage` without a file, `.noInput` where one is missing, `.badData` with file, line, column, what was found and what
  ///   was expected.
  static func read(_ paths: [String], _ options: SeriesReadingOptions) throws(RNNError) -> SeriesSet {
    guard !paths.isEmpty else { throw RNNError(.usage, "no series given: name a file, or - for standard input") }
    guard paths.count(where: { $0 == "-" }) < 2 else { throw RNNError(.usage, "standard input (-) can be read only once") }
    var reader = SeriesReader(options)
    var wide: [SeriesRows] = []
    for path in paths {
      var file: InputFile
      if path == "-" { file = try InputFile.standardInput() } else { file = try InputFile(path) }
      let name = file.name
      let (sample, isWhole) = try file.beginning(sampleSize)
      guard !sample.isEmpty else { throw RNNError(.badData, "\(name) is empty: expected a table of numbers") }
      try ForeignFormat.check(sample, name: name, expected: "a table of numbers (CSV, TSV)")
      let format = try TableFormat(of: sample, isWhole: isWhole, name: path, separator: options.separator, quotes: nil)
      let head = try TableHead(sample, isWhole: isWhole, name: name, format: format) { SeriesColumns.areNames($0, options) }
      let layout = options.layout ?? (isOfSeries(head.rows) ? .series : .steps)
      var table = TableReader(sample, continuing: file, format: format)
      switch layout {
      case .series: try reader.readSeries(&table, into: &wide)
      case .steps: try reader.readSteps(&table, head, isOnly: paths.count == 1)
      }
    }
    if !wide.isEmpty {
      guard reader.all.isEmpty else { throw RNNError(.badData, "found a file with a series in each row and one with a step in each row; expected files of one kind") }
      return try reader.ofSeries(wide)
    }
    return try reader.finish()
  }

  // MARK: A step in each row

  private mutating func readSteps(_ table: inout TableReader, _ head: TableHead, isOnly: Bool) throws(RNNError) {
    let name = table.name
    try head.requireRows()
    let hasUnits = UnitsRow.isSecond(of: head.rows)
    let found = try SeriesColumns(hasUnits ? head.rows.enumerated().filter { $0.offset != 1 }.map(\.element) : head.rows, options, name: name)
    if let remark = head.remark { warnings.append(remark) }
    if let warning = found.warning { warnings.append(warning) }
    if hasUnits { warnings.append("\(name): line \(head.lines[1]) has units and is passed over") }
    if let layout {
      let (old, new) = ((layout.targets + layout.past + layout.known).map(\.name), (found.targets + found.past + found.known).map(\.name))
      guard old == new, layout.time.count == found.time.count else {
        throw RNNError(.badData, "\(name): found the variables \(new.joined(separator: ", ")); expected those of the file before: \(old.joined(separator: ", "))")
      }
    } else {
      layout = found
    }
    offsetLines = (nil, nil)
    let variables = found.targets + found.past + found.known
    separator = table.format.separator
    if numbers.isEmpty { numbers = variables.map { NumberColumn(said: options.numbers, found: options.columns?[found.label($0.index)]) } }
    var isHeader = found.columns.names != nil
    var current: SeriesRows?, currentKey: [UInt8] = []
    if found.series == nil { current = rows(named: isOnly ? Self.title(name) : unused(Self.title(name)), variables.count, file: name) }
    while try table.next() {
      if table.line < head.firstLine || table.isBlank || (hasUnits && table.line == head.lines[1]) { continue }
      // Below a table spreadsheets write rows of separators; without a clock one may be a missing step.
      if !found.time.isEmpty, table.isEmpty { continue }
      try table.requireCount(found.columns.count)
      if isHeader {
        isHeader = false
        continue
      }
      if let column = found.series, current == nil || !table.withField(column, { $0.elementsEqual(currentKey) }) {
        currentKey = table.bytes(column)
        let key = try table.string(column)
        guard !key.isEmpty else { throw RNNError(.badData, "\(table.at(column)): found nothing, expected the name of a series") }
        current = rows(named: key, variables.count, file: name)
      }
      guard let rows = current else { continue }
      if !found.time.isEmpty { try readTime(table, found, rows) }
      rows.lines.append(Int32(clamping: table.line))
      for (index, variable) in variables.enumerated() {
        let (value, unclear) = try number(table, variable, index, found)
        rows.append(value.isNaN && index < found.targets.count ? options.missing ?? value : value, to: index, unclear: unclear)
      }
    }
  }

  private mutating func number(
    _ table: borrowing TableReader, _ variable: SeriesColumns.Variable, _ index: Int, _ found: SeriesColumns
  ) throws(RNNError) -> (Double, unclear: DecimalMark?) {
    switch variable.reading {
    case .number: return try number(table, variable.index, index, found.columns.describe(variable.index))
    case .indicator(let word):
      // Whether such words are words or nothing is as it was in training.
      let hasMissingWords = (found.past + found.known).contains { $0.index == variable.index && $0.isMissingWord }
      return table.withField(variable.index) { field in
        (
          NumberField(field, sentinels: sentinels) == .missing && !(hasMissingWords && MissingWord.mayBeCategory(field))
            ? .nan : field.elementsEqual(word) ? 1 : 0, nil
        )
      }
    case .word:
      let isDoubtful = table.withField(variable.index) { MissingWord.mayBeCategory($0) }
      if !isDoubtful, table.withField(variable.index, { NumberField($0, sentinels: sentinels) }) == .missing { return (.nan, nil) }
      let text = try table.string(variable.index)
      if isDoubtful { doubtfulWords[found.columns.describe(variable.index), default: [:]][text, default: 0] += 1 }
      if let known = words[index]?[text] { return (Double(known), nil) }
      let count = words[index]?.count ?? 0
      guard count < Self.mostWords else {
        throw RNNError(
          .badData,
          "\(table.name), line \(table.line), \(found.columns.describe(variable.index)): found more than \(Self.mostWords) different words, expected numbers or fewer words")
      }
      words[index, default: [:]][text] = count
      return (Double(count), nil)
    }
  }

  /// A number in a column, NaN where it is missing, and its mark where that isn't known to be the decimal one.
  private mutating func number(_ table: borrowing TableReader, _ column: Int, _ variable: Int, _ name: String) throws(RNNError) -> (Double, unclear: DecimalMark?) {
    switch table.withField(column, { NumberField($0, sentinels: sentinels) }) {
    case .number(let number): return try numbers[variable].value(number, table, column)
    case .missing:
      if sentinels != nil, table.withField(column, { NumberField($0) }) != .missing { sentinelCount += 1 }
      return (.nan, nil)
    case .other:
      let text = try table.string(column), isLarge = Double(text)?.isFinite == true
      throw RNNError(
        .badData,
        "\(table.name), line \(table.line), \(name): found ‘\(text.shortened)’, expected \(isLarge ? "a number up to \(NumberField.largest) (--sentinel \(text) if it stands for a missing one)" : "a number, or nothing, NA, NaN, null or ? where it is missing")")
    }
  }

  /// Decides what the marks of numbers mean where no number tells: all columns are read.
  private mutating func settle(_ all: [SeriesRows], _ names: [String]) throws(RNNError) -> [String] {
    let told = Set(numbers.compactMap(\.decimal)), others = told.count == 1 ? told.first : nil
    var warnings: [String] = []
    for index in numbers.indices {
      if let said = try numbers[index].settle(others: others, separator: separator, name: names[index]) { warnings.append(said) }
      for rows in all { rows.settle(index, decimal: numbers[index].decimal) }
    }
    if let values = options.sentinels, sentinelCount > 0 || options.columns == nil {
      warnings.append("\(sentinelCount) value\(sentinelCount == 1 ? " is" : "s are") \(values.joined(separator: " or ")) and count\(sentinelCount == 1 ? "s" : "") as missing")
    }
    return warnings
  }

  private init(_ options: SeriesReadingOptions) {
    self.options = options
    sentinels = Sentinels(options.sentinels ?? [])
    offset = options.offset
  }

  private mutating func readTime(_ table: borrowing TableReader, _ found: SeriesColumns, _ rows: SeriesRows) throws(RNNError) {
    if found.time.count == 1 {
      let numbers = found.numbers
      if let time = table.withField(found.time[0].index, { TimeText($0, numbers: numbers) }) {
        if form?.isExceeded(by: time.variation) ?? true { table.withField(found.time[0].index) { take(TimeForm($0, numbers: numbers)) } }
        return try add(time, rows, table, found)
      }
    }
    let text = try found.time.map { (column) throws(RNNError) in try table.string(column.index) }
    if found.time.count > 1 {
      if found.time.contains(where: { $0.part == .text }) {
        let text = text.joined(separator: " ")
        if let time = TimeText(text) {
          if form?.isExceeded(by: time.variation) ?? true { take(TimeForm(text)) }
          return try add(time, rows, table, found)
        }
      } else {
        var numbers = [1970, 1, 1, 0, 0, 0], isNumber = true
        for (column, text) in zip(found.time, text) {
          if let number = Int(text.filter { $0 != " " }) { numbers[column.part.rawValue] = number } else { isNumber = false }
        }
        if isNumber, let time = CivilTime(year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3], minute: numbers[4], second: numbers[5]) {
          rows.times.append(time.microseconds)
          return
        }
      }
    }
    let shown = text.joined(separator: " ")
    throw RNNError(
      .badData,
      "\(table.name), line \(table.line), \(found.columns.describe(found.time[0].index)): found ‘\(shown.prefix(60))’, expected a date or time that there is, such as 2016-07-01 or 2016-07-01 14:00:00")
  }

  /// Takes over the form of a text that says more than those before it.
  private mutating func take(_ other: TimeForm?) {
    guard var other else { return }
    if let form { other.include(form) }
    form = other
  }

  /// - Throws: `.badData` where only one of two times of a file says how far it is ahead of UTC: the other may be hours off.
  private mutating func add(_ time: TimeText, _ rows: SeriesRows, _ table: borrowing TableReader, _ found: SeriesColumns) throws(RNNError) {
    if time.offset == nil { offsetLines.without = offsetLines.without ?? table.line } else { offsetLines.with = offsetLines.with ?? table.line }
    if let with = offsetLines.with, let without = offsetLines.without {
      let text = try found.time.map { (column) throws(RNNError) in try table.string(column.index) }.joined(separator: " ")
      throw RNNError(
        .badData,
        "\(table.name), line \(table.line), \(found.columns.describe(found.time[0].index)): found ‘\(text.prefix(60))’, \(time.offset == nil ? "without an offset from UTC, and one on line \(with)" : "with an offset from UTC, and none on line \(without)"); expected all times with one or all without")
    }
    form?.include(time.variation)
    offset = offset ?? time.offset
    rows.add(time, offset: offset ?? 0)
  }

  private mutating func rows(named name: String, _ variables: Int, file: String) -> SeriesRows {
    let index =
      places[name]
      ?? {
        all.append(SeriesRows(name: name, variables: variables))
        return all.count - 1
      }()
    places[name] = index
    if all[index].files.last?.name != file { all[index].files.append((file, all[index].count)) }
    return all[index]
  }

  /// A file's name without folder and ending.
  private static func title(_ path: String) -> String {
    let file = path.split(separator: "/").last.map(String.init) ?? path
    return file.lastIndex(of: ".").map { $0 == file.startIndex ? file : String(file[..<$0]) } ?? file
  }

  private func unused(_ name: String) -> String {
    places[name] == nil ? name : (2...).lazy.map { "\(name) \($0)" }.first { places[$0] == nil } ?? name
  }

  // MARK: The whole

  private mutating func finish() throws(RNNError) -> SeriesSet {
    guard let layout, all.contains(where: { $0.count > 0 }) else { throw RNNError(.badData, "no rows of numbers were found") }
    let (targets, past) = (layout.targets.count, layout.past.count)
    var warnings = try warnings + settle(all, (layout.targets + layout.past + layout.known).map { layout.columns.describe($0.index) })
    // Looked at before rows are put in order: later nobody knows the column any more.
    for (index, target) in layout.targets.enumerated() where all.allSatisfy({ $0.columns[index].allSatisfy(\.isNaN) }) {
      throw RNNError(.badData, "\(all[0].file(0)), \(layout.columns.describe(target.index)): found no number in the whole column, expected something to predict")
    }
    for (column, words) in doubtfulWords.sorted(by: { $0.key < $1.key }) {
      for (word, count) in words.sorted(by: { $0.key < $1.key }) {
        warnings.append("\(column): ‘\(word)’ is a word like the others, in \(count) row\(count == 1 ? "" : "s"); where nothing is known, leave the field empty")
      }
    }
    for (index, variable) in (layout.past + layout.known).enumerated()
    where all.allSatisfy({ $0.columns[targets + index].allSatisfy(\.isNaN) }) {
      warnings.append("\(layout.columns.describe(variable.index)) has no number in it: it tells nothing")
    }
    let clock = try SeriesClock(
      all.filter { $0.count > 0 }, options, hasTimes: !layout.time.isEmpty, form: form, offset: offset ?? 0, seriesColumn: layout.seriesCandidate)
    warnings += clock.warnings

    let variables = layout.targets + layout.past + layout.known
    let sorted = variables.indices.map { index in (words[index] ?? [:]).sorted { $0.key < $1.key } }
    func isWord(_ index: Int) -> Bool { if case .word = variables[index].reading { true } else { false } }
    func names(_ range: Range<Int>) -> [String] {
      range.flatMap { index in isWord(index) ? sorted[index].map { "\(variables[index].name)=\($0.key)" } : [variables[index].name] }
    }
    func expanded(_ columns: [[Double]], _ range: Range<Int>) -> [[Double]] {
      range.flatMap { index in
        isWord(index) ? sorted[index].map { word in columns[index].map { $0.isNaN ? $0 : $0 == Double(word.value) ? 1 : 0 } } : [columns[index]]
      }
    }
    var series: [TimeSeries] = []
    for (name, axis, columns) in clock.series {
      // The steps after the last value of any target are those that are known ahead.
      let length = (0..<targets).map { (columns[$0].lastIndex { !$0.isNaN } ?? -1) + 1 }.max() ?? 0
      guard length > 0 else {
        warnings.append("the series ‘\(name)’ has no value and is left out")
        continue
      }
      series.append(
        try TimeSeries(
          name, axis: axis, targets: columns[..<targets].map { Array($0[..<length]) },
          past: expanded(columns, targets..<targets + past).map { Array($0[..<length]) },
          known: expanded(columns, targets + past..<variables.count)))
    }
    var set = try SeriesSet(
      targets: layout.targets.map(\.name), past: names(targets..<targets + past), known: names(targets + past..<variables.count),
      frequency: clock.frequency, seasonality: options.seasonality ?? options.frequency?.seasonality, series: series)
    if let warning = Self.constantTargets(layout.targets.map(\.name), series) { warnings.append(warning) }
    set.warnings = warnings + set.likelySentinels() + set.leaks()
    set.reading = resolved(set, layout, clock)
    return set
  }

  /// A remark on targets that have one value only.
  private static func constantTargets(_ targets: [String], _ series: [TimeSeries]) -> String? {
    func isConstant(_ values: [Double]) -> Bool {
      guard let first = values.first(where: { !$0.isNaN }) else { return true }
      return values.allSatisfy { $0.isNaN || $0 == first }
    }
    let found = targets.indices.map { index in (index, series.filter { $0.length > 1 && isConstant($0.targets[index]) }) }.filter { !$0.1.isEmpty }
    guard let (index, constant) = found.first, let first = constant.first else { return nil }
    let others = found.count == 1 ? "" : "; so do \(found.count - 1) of the \(targets.count - 1) other targets\(series.count == 1 ? "" : ", in some series")"
    return series.count == 1
      ? "the target ‘\(targets[index])’ never changes\(others)"
      : "\(constant.count) of \(series.count) series never change in ‘\(targets[index])’, the first is ‘\(first.name)’\(others)"
  }

  /// The options with all that was found out.
  private func resolved(_ set: SeriesSet, _ layout: SeriesColumns, _ clock: SeriesClock) -> SeriesReadingOptions {
    var options = options
    options.time = layout.time.isEmpty ? .none : .columns(layout.time.map { layout.label($0.index) })
    (options.targets, options.past, options.known) = (set.targets, set.past, set.known)
    options.layout = .steps
    options.header = layout.columns.names != nil
    options.frequency = set.frequency
    options.seasonality = set.seasonality
    options.columns = Dictionary(zip(layout.targets + layout.past + layout.known, numbers).map { (layout.label($0.index), $1.format) }) { first, _ in first }
    options.sorts = self.options.sorts
    options.dateOrder = clock.dateOrder
    options.offset = offset
    return options
  }

  // MARK: A series in each row

  /// Whether the names are V1, V2, V3 …, as in the files of the M4 competition, and each row begins with another name.
  private static func isOfSeries(_ rows: [[String]]) -> Bool {
    guard let first = rows.first, first.count > 2, rows.count > 1 else { return false }
    let keys = rows.dropFirst().map { $0[0] }
    return first.enumerated().allSatisfy { $1 == "V\($0 + 1)" } && Set(keys).count == keys.count && !keys.contains { Double($0) != nil }
  }

  private mutating func readSeries(_ table: inout TableReader, into all: inout [SeriesRows]) throws(RNNError) {
    guard options.past.isEmpty, options.known.isEmpty, options.series == nil, options.targets.isEmpty || options.targets == ["value"], options.time == .found || options.time == .none
    else {
      throw RNNError(.usage, "\(table.name) has a series in each row: it has no columns for times, targets or other variables to be named")
    }
    separator = table.format.separator
    if numbers.isEmpty { numbers = [NumberColumn(said: options.numbers, found: options.columns?["value"])] }
    var isFirst = true
    while try table.next() {
      if table.isBlank { continue }
      defer { isFirst = false }
      if isFirst, options.header ?? (table.count > 1 && { if case .other = table.withField(1, { NumberField($0, sentinels: sentinels) }) { true } else { false } }()) { continue }
      let key = try table.string(0)
      guard !key.isEmpty else { throw RNNError(.badData, "\(table.at(0)): found nothing, expected the name of a series") }
      let rows = SeriesRows(name: key, variables: 1)
      for column in 1..<max(table.count, 1) {
        let (value, unclear) = try number(table, column, 0, "column \(column + 1)")
        rows.append(value, to: 0, unclear: unclear)
      }
      all.append(rows)
    }
  }

  private mutating func ofSeries(_ rows: [SeriesRows]) throws(RNNError) -> SeriesSet {
    var warnings = try warnings + settle(rows, ["the table"]), seen: Set<String> = [], all: [TimeSeries] = []
    for one in rows {
      // Rows are filled up to the longest.
      let values = one.columns[0], length = (values.lastIndex { !$0.isNaN } ?? -1) + 1
      guard length > 0 else {
        warnings.append("the series ‘\(one.name)’ has no value and is left out")
        continue
      }
      all.append(try TimeSeries(one.name, targets: [values[..<length].map { $0.isNaN ? options.missing ?? $0 : $0 }]))
    }
    if let twice = all.first(where: { !seen.insert($0.name).inserted }) {
      throw RNNError(.badData, "the series ‘\(twice.name)’ occurs twice; expected another name in each row")
    }
    var set = try SeriesSet(
      targets: ["value"], seasonality: options.seasonality ?? options.frequency?.seasonality, series: all)
    set.warnings = warnings
    set.reading = options
    set.reading?.columns = numbers.first.map { ["value": $0.format] }
    set.reading?.layout = .series
    set.reading?.targets = ["value"]
    set.reading?.seasonality = set.seasonality
    return set
  }
}

extension SeriesSet {
  /// The series in files: CSV or the like, with a step in each row, or a series in each row.
  ///
  /// Rows are put on a clock whose frequency is found from them; steps that are missing become missing numbers. Only the
  /// numbers are kept in memory.
  ///
  /// - Parameters:
  ///   - paths: `-` is standard input. Without a column of series' names each file is a series.
  /// - Throws: `.usage` without a file, `.noInput` where one is missing, `.badData` with file, line, column, what was found and
  ///   what was expected.
  public init(reading paths: [String], options: SeriesReadingOptions = .init()) throws(RNNError) {
    self = try SeriesReader.read(paths, options)
  }
}

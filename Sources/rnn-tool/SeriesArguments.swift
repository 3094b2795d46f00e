import ArgumentParser
import RNN

extension SeriesReadingOptions.Layout: ExpressibleByArgument {}
extension SeriesReadingOptions.DateOrder: ExpressibleByArgument {}

extension DecimalMark: ExpressibleByArgument {}
extension ThousandsMark: ExpressibleByArgument {}

extension Frequency: ExpressibleByArgument {
  public init?(argument: String) { try? self.init(text: argument) }
}

extension SeriesSplit: ExpressibleByArgument {
  public init?(argument: String) { try? self.init(text: argument) }
}

/// How the rows of a table of series are read, whatever its columns are.
struct SeriesRowArguments: ParsableArguments {
  @Option(help: ArgumentHelp("How dates such as 1/2/2012 are meant. (default: found out)", valueName: "order"))
  var dates: SeriesReadingOptions.DateOrder?

  @Flag(help: "Put rows in the order of their times; else rows out of order are an error.")
  var sort = false

  @Option(help: ArgumentHelp("The decimal mark of numbers. (default: found from each column)", valueName: "mark"))
  var decimal: DecimalMark?

  @Option(help: ArgumentHelp("What stands between the thousands of numbers. (default: found from each column)", valueName: "mark"))
  var thousands: ThousandsMark?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp("Value that stands for a missing one, such as -9999; may be repeated. (default: as in training, else none)", valueName: "value"))
  var sentinel: [String] = []

  /// Whether anything is said.
  var isGiven: Bool { dates != nil || sort || decimal != nil || thousands != nil || !sentinel.isEmpty }

  func validate() throws {
    if let decimal, thousands?.rawValue == decimal.rawValue { throw ValidationError("--decimal and --thousands can't both be the \(decimal.rawValue)") }
  }

  func apply(to options: inout SeriesReadingOptions) {
    if let dates { options.dateOrder = dates }
    if sort { options.sorts = true }
    if decimal != nil || thousands != nil {
      options.numbers = NumberFormat(decimal: decimal, thousands: thousands)
    }
    if !sentinel.isEmpty { options.sentinels = sentinel }
  }
}

/// Which columns of a table are what. Names are joined by commas, or given one by one.
struct SeriesArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The column of the times, or several that make up a time (year,month,day,hour); none where rows are just steps. (default: found out)",
      valueName: "column,…"))
  var timeColumn: [String] = []

  @Option(help: ArgumentHelp("What to predict, one column or several; all for every column of numbers. (default: the only column of numbers)", valueName: "column,…"))
  var targetColumn: [String] = []

  @Option(help: ArgumentHelp("What else is known, up to now. A column of words counts as one of 0 and 1 for each word.", valueName: "column,…"))
  var pastColumn: [String] = []

  @Option(help: ArgumentHelp("What is known ahead, read from the rows after the last target too.", valueName: "column,…"))
  var knownColumn: [String] = []

  @Option(help: ArgumentHelp("The column that says which series a row belongs to. (default: each file is a series)", valueName: "column"))
  var seriesColumn: String?

  @Option(help: ArgumentHelp("What a row is: one of the steps, or one of the series as in the files of the M4 competition. (default: found out)", valueName: "rows"))
  var layout: SeriesReadingOptions.Layout?

  @Option(help: ArgumentHelp("How far apart the steps are: hour, 10min, business-day, month; step for no clock. (default: found out)", valueName: "frequency"))
  var frequency: Frequency?

  @Option(help: ArgumentHelp("After how many steps things repeat. (default: by the frequency, 24 for hours)", valueName: "steps"), limit: Limits.seasonality)
  var seasonality: Int?

  @Option(help: ArgumentHelp("What a missing target counts as. (default: it stays missing)", valueName: "number"), limit: Limits.seriesValue)
  var missing: Double?

  @Option(help: ArgumentHelp("What separates a table's fields: a character, or tab, comma, semicolon, space. (default: found out)", valueName: "separator"))
  var separator: String?

  @Flag(inversion: .prefixedNo, help: "The first row of a table has the names of its columns. (default: found out)")
  var header: Bool?

  @OptionGroup var rows: SeriesRowArguments

  func validate() throws {
    if let missing, !missing.isFinite { throw ValidationError("--missing is a number, not \(missing)") }
  }

  /// - Parameter usual: what holds where nothing is said.
  func options(_ usual: SeriesReadingOptions = .init()) -> SeriesReadingOptions {
    func names(_ texts: [String]) -> [String] { texts.flatMap { $0.split(separator: ",").map(String.init) } }
    let times = names(timeColumn)
    var options = usual
    if !times.isEmpty { options.time = times == ["none"] ? .none : .columns(times) }
    if !targetColumn.isEmpty { options.targets = names(targetColumn) }
    if !pastColumn.isEmpty { options.past = names(pastColumn) }
    if !knownColumn.isEmpty { options.known = names(knownColumn) }
    options.series = seriesColumn ?? options.series
    options.layout = layout ?? options.layout
    options.frequency = frequency ?? options.frequency
    options.seasonality = seasonality ?? options.seasonality
    options.separator = separator ?? options.separator
    options.header = header ?? options.header
    options.missing = missing ?? options.missing
    rows.apply(to: &options)
    return options
  }
}

// MARK: Beside --from

extension SeriesArguments {
  /// Throws `.usage` for a clock or a season that the model to start from doesn't have.
  func check(against start: ForecastModel) throws(RNNError) {
    let variables = start.variables
    try TrainingOrigin.check(
      ["--frequency": frequency.map { "'\($0)'" }, "--seasonality": seasonality],
      against: ["--frequency": "'\(variables.frequency)'", "--seasonality": variables.seasonality])
  }

  /// Throws `.usage` for columns that the model to start from doesn't know by their names.
  func check(_ set: SeriesSet, against start: ForecastModel) throws(RNNError) {
    for (option, given, found, known) in [
      ("--target-column", targetColumn, set.targets, start.variables.targets), ("--past-column", pastColumn, set.past, start.variables.past),
      ("--known-column", knownColumn, set.known, start.variables.known),
    ] where !given.isEmpty && found != known {
      let own = known.isEmpty ? "is without \(option)" : "has \(option) \(known.joined(separator: ","))"
      throw RNNError(
        .usage,
        "\(option) \(given.joined(separator: ",")) contradicts --from: that model \(own)\(known.isEmpty ? "" : "; if it is the same under another name, rename it in the first line of the table")")
    }
  }
}

/// Which columns of a table are what, and how its rows are read. What isn't said is found out from the data.
public struct SeriesReadingOptions: Sendable, Hashable, Codable {
  /// Where the times stand.
  public enum Time: Sendable, Hashable, Codable {
    /// In a column with a usual name, or the first one that holds dates; if there is none, rows are steps.
    case found
    /// Nowhere: rows are steps.
    case none
    /// In one column; or in several, as `year`, `month`, `day`, `hour`, or a date and a time of day.
    case columns([String])
  }

  /// How a table has series.
  public enum Layout: String, Sendable, Hashable, Codable, CaseIterable {
    /// A row is a step, a column a variable.
    case steps
    /// A row is a series: its name, then its values from the first on (as the M4 competition's files).
    case series
  }

  /// How dates such as 1/2/2012 are meant.
  public enum DateOrder: String, Sendable, Hashable, Codable, CaseIterable {
    case dayFirst = "day-first"
    case monthFirst = "month-first"
  }

  /// Columns by name, or by number from 1.
  public var time: Time
  /// What is to be predicted; empty for the only column of numbers, `["all"]` for all that are nothing else.
  public var targets: [String]
  /// What else is known up to now, and what is known ahead. A column of words becomes a variable of 0 and 1 for each word,
  /// `wind=NW`, and can be asked for by that name.
  public var past: [String]
  public var known: [String]
  /// The column that says to which series a row belongs. Without one each file is a series.
  public var series: String?
  public var layout: Layout?
  public var frequency: Frequency?
  public var seasonality: Int?
  public var dateOrder: DateOrder?
  /// The seconds ahead of UTC with which times are counted that say theirs; by default those of the first row.
  public var offset: Int?
  /// What separates fields; see ``TableFormat/init(separator:quotes:)``.
  public var separator: String?
  /// Whether the first row has the columns' names.
  public var header: Bool?
  /// Puts rows in the order of their times. Else rows out of order are an error: they may be a sign that something is wrong.
  public var sorts: Bool
  /// What a missing target counts as. By default it stays missing; published figures often have 0.
  public var missing: Double?
  /// Values that stand for a missing one, besides nothing, `NA` and the like: numbers such as -9999, however they are written, or words.
  public var sentinels: [String]?
  /// How numbers are written, in all columns.
  public var numbers: NumberFormat?
  /// What was found of each column, by its name.
  public var columns: [String: NumberFormat]?

  public init(
    time: Time = .found, targets: [String] = [], past: [String] = [], known: [String] = [], series: String? = nil, layout: Layout? = nil,
    frequency: Frequency? = nil, seasonality: Int? = nil, dateOrder: DateOrder? = nil, separator: String? = nil, header: Bool? = nil,
    sorts: Bool = false, missing: Double? = nil, sentinels: [String]? = nil, numbers: NumberFormat? = nil
  ) {
    self.time = time
    self.targets = targets
    self.past = past
    self.known = known
    self.series = series
    self.layout = layout
    self.frequency = frequency
    self.seasonality = seasonality
    self.dateOrder = dateOrder
    self.separator = separator
    self.header = header
    self.sorts = sorts
    self.missing = missing
    self.sentinels = sentinels
    self.numbers = numbers
  }
}

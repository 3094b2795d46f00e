/// A date, or a date and time, as people and programs write it.
///
/// - Dates: `2016-07-01`, `20160701`, `2016-183` and `2016183` (days of the year), `2016-W26-5` and `2016W265`, `1. Feb 2000`,
///   `Tue, Feb 1 2000`, `01/Feb/2000`, `1/2/2012`, `1.2.2012`.
/// - Longer spans, read as their first day: `1880`, `1949-01`, `194901`, `1949M01`, `Jan 1949`, `01/1949`, `1880Q2`, `1880-Q2`,
///   `Q2 1880`, `2Q1880`, `2016-W26`, `2016W26`.
/// - Times of day after a date: `14`, `14:05`, `14:05:06.789`, `T140506`, `3:15 pm`; and `Z`, `UTC`, `+02:00`, `+0200`, `+02`.
/// - Numbers: `2016070114`, `201607011405`, `20160701140506`; seconds since 1970 (9 or 10 digits, with decimals), thousandths (12 or
///   13), millionths (15 or 16), and billionths (18 or 19); days since 1899-12-30, as spreadsheets count them, where a column has
///   them.
package struct TimeText {
  /// The meaning of plain numbers in a column of times, which one alone doesn't show.
  package enum Numbers: String, Sendable, Hashable, Codable {
    /// Dates if they can be, else since 1970.
    case any
    /// Since 1970.
    case epoch
    /// Days since 1899-12-30.
    case serial
    /// The numbers after a year are weeks.
    case week
  }

  /// In dates whose order of day and month nothing tells: with the day first, and with the month first. Else the same.
  package private(set) var dayFirst: CivilTime?
  package private(set) var monthFirst: CivilTime?
  /// Seconds ahead of UTC, where the text says so.
  package let offset: Int?
  let variation: TimeForm.Variation

  /// Nil where the text is neither.
  package init?(_ text: UnsafeBufferPointer<UInt8>, numbers: Numbers = .any) {
    var scan = TimeScanner(text, numbers, isRecording: false)
    guard let date = scan.scan() else { return nil }
    dayFirst = date.dayFirst?.adding(microseconds: scan.microsecondOfDay)
    monthFirst = date.monthFirst?.adding(microseconds: scan.microsecondOfDay)
    if dayFirst == nil, monthFirst == nil { return nil }
    offset = scan.offset
    variation = scan.variation
  }

  package init?(_ text: String, numbers: Numbers = .any) {
    var text = text
    guard let time = text.withUTF8({ TimeText($0, numbers: numbers) }) else { return nil }
    self = time
  }
}

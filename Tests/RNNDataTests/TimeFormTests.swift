import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

/// Times are printed as they were read, and no text stops the program.
@Suite struct TimeFormTests {
  private static let forms: [(text: String, numbers: TimeText.Numbers)] =
    [
      "2016-07-01", "20160701", "2016/07/01", "2016.07.01", "2016-183", "2016183", "2016-W26-5", "2016W265", "2016-W26", "2016W26", "1. Feb 2000",
      "1 Feb 2000", "01-Feb-2000", "01/Feb/2000", "Tue, Feb 1 2000", "Tuesday, 1 February 2000", "Feb 1, 2000", "1.2.2012", "01.02.2012", "31/1/2012",
      "1/31/2012", "12/31/99", "1880", "1949-01", "194901", "1949M01", "Jan 1949", "Jan-49", "January 1949", "1949 Jan", "01/1949", "1880Q2", "1880-Q2",
      "Q2 1880", "2Q1880", "Q1-24", "1-01", "2016.07", "2016-07-01 14", "2016-07-01 14:05", "2016-07-01 14:05:06", "2016-07-01T14:05:06.789",
      "2016-07-01T14:05:06,789123", "20160701T140506", "20160701T140506Z", "20160701T1405+0200", "20160701T140506.789-0530", "20160701 140506",
      "2016-07-01T14:05:06Z", "2016-07-01T14:05:06+02:00", "2016-07-01 14:05+02", "2016-07-01 14:05 UTC", "12/31/99 3:15 pm", "12/31/1999 03:15:01 PM",
      "01/Feb/2000:13:55:36 +0000", "2016-W26-5T14:05", "2016-183T14:05:06", "1. Feb 2000 4:05", "2016070114", "201607011405", "20160701140506",
      "20160701140506.5", "20160701140506789", "1469376000", "1469376000.5", "1469376000.123456", "969376000", "1469376000123", "1469376000123456",
      "1469376000123456000", "1469376000123.25",
    ].map { ($0, .any) }
    + [("45379", .serial), ("45379.5", .serial), ("45379.0416666667", .serial), ("202213", .week), ("2022-13", .week), ("1950010112", .epoch)]

  private func first(_ time: TimeText) throws -> CivilTime { try #require(time.dayFirst ?? time.monthFirst) }

  @Test func everyFormIsWrittenAsItWasRead() throws {
    for (text, numbers) in Self.forms {
      let time = try #require(TimeText(text, numbers: numbers), "\(text)"), form = try #require(TimeForm(text, numbers: numbers), "\(text)")
      let written = form.inOrder(of: time).text(of: try first(time))
      #expect(written == text)
    }
  }

  /// A time that a format can't express, as a time of day in a date, is printed as ISO 8601: reading it back always gives the same time.
  @Test func writingAndReadingAreInverse() throws {
    var random = Philox(seed: 3, stream: 7)
    for (text, numbers) in Self.forms {
      let time = try #require(TimeText(text, numbers: numbers)), form = try #require(TimeForm(text, numbers: numbers)).inOrder(of: time)
      for unit in [86_400_000_000, 60_000_000, 1_000_000, 1000, 1] {
        for _ in 0..<20 {
          let any = try #require(CivilTime(microseconds: Int.random(in: -2_000_000_000_000_000...4_000_000_000_000_000, using: &random) / unit * unit))
          let written = form.text(of: any)
          let read = try #require(TimeText(written, numbers: numbers) ?? TimeText(written), "\(text) \(any) \(written)")
          // A form with seconds rounds to its last decimal; half a millisecond is what spreadsheets tell.
          let back = try #require(form.order == .monthFirst ? read.monthFirst : read.dayFirst)
          let isRounded = numbers == .serial ? written.contains(".") : form.text(of: back) == written
          #expect(back == any || (isRounded && abs(back.microseconds - any.microseconds) <= (numbers == .serial ? 5_000_000_000 : 500_000)), "\(text) \(any) \(written)")
          if unit >= 1_000_000, numbers != .serial { #expect(back == any, "\(text) \(any) \(written)") }
        }
      }
    }
  }

  @Test func badTexts() {
    for text in [
      "Mar 28 01:02:03", "1880 12:00", "0.1", "0.000", "1.2", "1960.25", "2022-W54", "2021-W53", "2024-367", "2023-366", "2023366", "2016-07 14:00", "45379",
      "2024-001-05", "99999999999999999999", "1711584000.", "20160132", "240328", "2016-07-01T", "2016-07-01 10:00:00.", "2022-W00", "2022-W01-8", "",
    ] {
      #expect(TimeText(text) == nil && TimeForm(text) == nil, "\(text)")
    }
  }

  @Test func changedTexts() {
    var random = Philox(seed: 5, stream: 2)
    let letters = Array("0123456789-/:.,+TZtzWwQqMmJanFebpam \0".utf8)
    for _ in 0..<100_000 {
      guard let (text, numbers) = Self.forms.randomElement(using: &random) else { return }
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random), letter = letters[Int.random(in: 0..<letters.count, using: &random)]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.insert(letter, at: place)
        case 1 where place < bytes.count: bytes.remove(at: place)
        case 2 where place < bytes.count: bytes[place] = letter
        case 3 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
        default: bytes += bytes.suffix(Int.random(in: 0...bytes.count, using: &random))
        }
      }
      bytes.withUnsafeBufferPointer { bytes in
        let time = TimeText(bytes, numbers: numbers), form = TimeForm(bytes, numbers: numbers)
        #expect((time == nil) == (form == nil))
        for far in [CivilTime.first, .last, CivilTime(seconds: 0)] { _ = form?.text(of: far) }
      }
    }
  }

  // MARK: Whole columns

  private func read(_ times: [String], name: String = "time", _ options: SeriesReadingOptions = .init()) throws -> SeriesSet {
    let folder = try TemporaryFolder(["data.csv": "\(name);x\n" + times.enumerated().map { "\($1);\($0 * 7 % 5)\n" }.joined()])
    var options = options
    options.separator = ";"
    if options.targets.isEmpty { options.targets = ["x"] }
    return try SeriesSet(reading: [folder["data.csv"]], options: options)
  }

  /// The first times are read; the next ones must be those that follow.
  @Test func seriesGoOnInTheirForm() throws {
    for (name, frequency, times) in [
      ("week", "1 week", ["2020-W51", "2020-W52", "2020-W53", "2021-W01", "2021-W02"]), ("week", "1 week", ["2021W50", "2021W51", "2021W52", "2022W01", "2022W02"]),
      ("yearweek", "1 week", ["2021-50", "2021-51", "2021-52", "2022-01", "2022-02"]), ("day", "1 day", ["2022-W01-5", "2022-W01-6", "2022-W01-7", "2022-W02-1"]),
      ("date", "1 day", ["2024-058", "2024-059", "2024-060", "2024-061"]), ("date", "1 day", ["2023364", "2023365", "2024001", "2024002"]),
      ("date", "1 day", ["45379", "45380", "45381", "45382"]), ("date", "1 hour", ["45379.9166666667", "45379.9583333333", "45380.0000000000", "45380.0416666667"]),
      ("time", "1 hour", ["20240328T220000", "20240328T230000", "20240329T000000", "20240329T010000"]), ("t", "30 minutes", ["20240328T2300Z", "20240328T2330Z", "20240329T0000Z", "20240329T0030Z"]),
      ("epoch", "1 hour", ["1711584000", "1711587600", "1711591200", "1711594800"]), ("ts", "500 milliseconds", ["1711584000.0", "1711584000.5", "1711584001.0", "1711584001.5"]),
      ("timestamp", "200 milliseconds", ["1711584000000", "1711584000200", "1711584000400", "1711584000600"]), ("unix", "1 second", ["1711584000000000", "1711584001000000", "1711584002000000", "1711584003000000"]),
      ("time", "1 millisecond", ["1711584000000000000", "1711584000001000000", "1711584000002000000", "1711584000003000000"]),
      ("month", "1 month", ["2023-11", "2023-12", "2024-01", "2024-02"]), ("month", "1 month", ["2023M11", "2023M12", "2024M01", "2024M02"]), ("month", "1 month", ["Nov 2023", "Dec 2023", "Jan 2024", "Feb 2024"]),
      ("period", "1 quarter", ["2023Q3", "2023Q4", "2024Q1", "2024Q2"]), ("period", "1 quarter", ["2023-Q3", "2023-Q4", "2024-Q1", "2024-Q2"]), ("period", "1 quarter", ["Q3 2023", "Q4 2023", "Q1 2024", "Q2 2024"]),
      ("d", "1 day", ["28/Feb/2024", "29/Feb/2024", "01/Mar/2024", "02/Mar/2024"]), ("d", "1 day", ["2/27/2024", "2/28/2024", "2/29/2024", "3/1/2024"]), ("d", "1 day", ["27.2.2024", "28.2.2024", "29.2.2024", "1.3.2024"]),
      ("d", "1 day", ["30/12/2023", "31/12/2023", "01/01/2024", "02/01/2024"]), ("d", "6 hours", ["9/30/23 6:00 AM", "9/30/23 12:00 PM", "9/30/23 6:00 PM", "10/1/23 12:00 AM"]),
      ("t", "1 hour", ["2024-04-02T23:00:00+02:00", "2024-04-03T00:00:00+02:00", "2024-04-03T01:00:00+02:00", "2024-04-03T02:00:00+02:00"]),
      ("t", "1 hour", ["2024-04-02 23:00:00Z", "2024-04-03 00:00:00Z", "2024-04-03 01:00:00Z", "2024-04-03 02:00:00Z"]), ("t", "1.5 seconds", ["2024-04-02 23:59:57.5", "2024-04-02 23:59:59.0", "2024-04-03 00:00:00.5", "2024-04-03 00:00:02.0"]),
      ("t", "12 hours", ["2024-04-02", "2024-04-02 12:00", "2024-04-03 00:00", "2024-04-03 12:00"]), ("t", "1 hour", ["2024033122", "2024033123", "2024040100", "2024040101"]), ("year", "1 year", ["1997", "1998", "1999", "2000"]),
    ] {
      let count = times.count - 1
      let set = try read(Array(times.prefix(count)), name: name), axis = set.series[0].axis
      #expect("\(set.frequency)" == frequency && set.targets == ["x"], "\(times)")
      #expect((1...count).map { axis.label(of: $0) } == Array(times.dropFirst()), "\(times)")
      // What was found out reads the same again.
      let again = try read(Array(times.dropFirst()), name: name, #require(set.reading))
      #expect(again.frequency == set.frequency && again.series[0].axis.label(of: count - 1) == times.last, "\(times)")
    }
  }

  @Test func severalOffsets() throws {
    // Hours are instants, and go on with the last offset.
    let hours = try read(["2020-10-25T01:00:00+02:00", "2020-10-25T02:00:00+02:00", "2020-10-25T02:00:00+01:00", "2020-10-25T03:00:00+01:00"])
    #expect(hours.frequency == .hour && hours.series[0].length == 4 && hours.series[0].axis.label(of: 4) == "2020-10-25T04:00:00+01:00")
    #expect(hours.warnings.contains { $0.contains("several offsets") && $0.contains("instants") && $0.contains("+01:00") })
    // Midnights of a place are days, though one of them has 23 hours.
    let days = try read(["2020-03-27T00:00+01:00", "2020-03-28T00:00+01:00", "2020-03-29T00:00+01:00", "2020-03-30T00:00+02:00", "2020-03-31T00:00+02:00"])
    #expect(days.frequency == .day && days.series[0].axis.label(of: 5) == "2020-04-01T00:00+02:00")
    #expect(days.warnings.contains { $0.contains("clock on the wall") })
    // A later table has only the other offset: its days are the next ones.
    let summer = try read(["2020-04-01T00:00+02:00", "2020-04-02T00:00+02:00"], #require(days.reading))
    #expect(summer.series[0].axis.start?.description == "2020-04-01" && summer.series[0].axis.label(of: 2) == "2020-04-03T00:00+02:00" && summer.warnings.isEmpty)
    let (whole, added) = try days.continued(by: summer)
    #expect(whole.series[0].length == 7 && added == [5..<7])
    // So do series of other places.
    let folder = try TemporaryFolder(["a.csv": "t,x\n2020-01-01T00:00+01:00,1\n2020-01-02T00:00+01:00,2\n", "b.csv": "t,x\n2020-01-01T00:00-05:00,1\n2020-01-02T00:00-05:00,2\n"])
    let places = try SeriesSet(reading: [folder["a.csv"], folder["b.csv"]])
    #expect(places.series.map { $0.axis.label(of: 2) } == ["2020-01-03T00:00+01:00", "2020-01-03T00:00-05:00"] && places.series.allSatisfy { $0.axis.start?.description == "2020-01-01" })
    let months = try read(["2020-02-01T00:00+01:00", "2020-03-01T00:00+01:00", "2020-04-01T00:00+02:00"])
    #expect(months.frequency == .month && months.series[0].axis.label(of: 3) == "2020-05-01T00:00+02:00")
    // A later table in summer is counted with the same offset.
    let later = try read(["2020-10-25T06:00:00+02:00", "2020-10-25T07:00:00+02:00"], #require(hours.reading))
    #expect(later.series[0].axis.start?.description == "2020-10-25T06:00:00" && later.series[0].axis.label(of: 2) == "2020-10-25T08:00:00+02:00")
    // Rows that were read have the offset that they had.
    #expect((0..<4).map { hours.series[0].axis.label(of: $0) } == ["2020-10-25T01:00:00+02:00", "2020-10-25T02:00:00+02:00", "2020-10-25T02:00:00+01:00", "2020-10-25T03:00:00+01:00"])
    #expect(days.series[0].axis.label(of: 0) == "2020-03-27T00:00+01:00" && days.series[0].axis.label(of: 3) == "2020-03-30T00:00+02:00")
  }

  /// Steps of a calendar that are a little off are rounded, and it is said.
  @Test func calendarStepsWithJitter() throws {
    func text(_ days: [String]) -> [String] {
      // Before midnight, and behind it.
      days.enumerated().map { $0 % 2 == 0 ? "\($1)T00:00:00.003" : "\($1)T00:00:00.000" }
    }
    for (frequency, days, next) in [
      ("1 month", ["2023-11-01", "2023-12-01", "2024-01-01", "2024-02-01", "2024-03-01"], "2024-04-01"), ("1 month", ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"], "2024-04-30"),
      ("1 quarter", ["2023-04-01", "2023-07-01", "2023-10-01", "2024-01-01"], "2024-04-01"), ("1 year", ["1701-01-01", "1702-01-01", "1703-01-01", "2024-01-01"], "2025-01-01"),
      ("4 weeks", ["2024-01-01", "2024-01-29", "2024-02-26", "2024-03-25"], "2024-04-22"),
    ] {
      let set = try read(text(days)), axis = set.series[0].axis
      #expect("\(set.frequency)" == frequency && axis.label(of: set.series[0].length) == "\(next)T00:00:00.000", "\(days)")
      #expect(set.warnings.contains { $0.contains("the times are up to 3 milliseconds off an even clock of \(frequency): they are rounded to it") }, "\(set.warnings)")
    }
    // Some milliseconds before midnight it is the day before.
    let before = ["2023-12-31T23:59:59.998", "2024-02-01T00:00:00.001", "2024-02-29T23:59:59.999", "2024-04-01T00:00:00.000"]
    for options in [SeriesReadingOptions(), SeriesReadingOptions(frequency: .month)] {
      let set = try read(before, options)
      #expect(set.frequency == .month && set.series[0].length == 4 && (0..<5).map { set.series[0].axis.label(of: $0) }.last == "2024-05-01T00:00:00.000")
      #expect(set.warnings.contains { $0.contains("up to 2 milliseconds off") }, "\(set.warnings)")
    }
    // Exact times are as they were, and hours aren't milliseconds.
    #expect(try read(["2024-01-01", "2024-02-01", "2024-03-01"]).warnings.isEmpty)
    #expect(try read(["2023-12-31T23:00:00", "2024-01-31T23:00:00", "2024-02-29T23:00:00", "2024-03-31T22:00:00"]).warnings.allSatisfy { !$0.contains("rounded") })
    let uneven = try read(["2024-01-01T00:00:00.003", "2024-02-09T00:00:00", "2024-04-01T00:00:00", "2024-04-30T12:00:00.4"])
    #expect(uneven.frequency == .step && uneven.warnings.contains { $0.contains("between two rows lie from 708 hours to 52 days") }, "\(uneven.warnings)")
  }

  /// A time that doesn't say its offset, beside one that does, may be hours off.
  @Test func timesWithAndWithoutOffset() throws {
    for (times, line, words) in [
      (["2024-01-01T00:00Z", "2024-01-01T01:00Z", "2024-01-01T02:00"], 4, "found ‘2024-01-01T02:00’, without an offset from UTC, and one on line 2"),
      (["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T02:00+02:00"], 4, "found ‘2024-01-01T02:00+02:00’, with an offset from UTC, and none on line 2"),
      (["2024-01-01", "2024-01-02Z"], 3, "with an offset"),
    ] {
      let error = #expect(throws: RNNError.self, "\(times)") { try read(times) }
      #expect(error?.kind == .badData && error?.message.contains("line \(line), column 1 (‘time’): ") == true && error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
  }

  /// A time column is never dropped without a word.
  @Test func columnsThatAreNotUnderstood() throws {
    for (name, value, times) in [
      ("time", "0.000", ["0.000", "0.001", "0.002"]), ("date", "tomorrow", ["tomorrow", "later", "never"]), ("week", "1", ["1", "2", "3"]), ("week", "2201", ["2201", "2202", "2203"]),
      ("year", "1960.21", ["1960.04", "1960.12", "1960.21", "1960.29"]), ("time", "10:00", ["10:00", "10:05", "10:10"]), ("time", "1000", ["1000", "1250", "1500", "4000"]),
      ("month", "9501", ["9501", "9502", "9503"]), ("day", "30", ["30", "31", "1"]), ("timestamp", "12:00:00 AM CET", ["12:00:00 AM CET", "1:00:00 AM CET"]),
    ] {
      let set = try read(times, name: name)
      #expect(
        set.frequency == .step && set.warnings.contains { $0.contains("data.csv, column 1 (‘\(name)’) is named like a time, but ‘\(value)’ is not understood as one: rows are taken as steps") },
        "\(name) \(set.warnings)")
    }
    // Below a date anything else is an error.
    do {
      _ = try read(["2024-01-01", "2024-01-02", "soon"])
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("data.csv, line 4, column 1 (‘time’): found ‘soon’, expected a date or time"), "\(error)")
    }
    // Where the target isn't clear because of it, the error says so too.
    let folder = try TemporaryFolder(["data.csv": "year,x\n1960.04,1\n1960.12,2\n1960.21,3\n1960.29,4\n"])
    do {
      _ = try SeriesSet(reading: [folder["data.csv"]])
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("found the columns ‘year’, ‘x’; say which to predict") && "\(error)".contains("; column 1 (‘year’) is named like a time, but ‘1960.21’ is not"), "\(error)")
    }
    // Days as spreadsheets count them, in a column that may have anything else.
    let days = ["45379.0", "45379.5", "45380.0"]
    let said = try read(days)
    #expect(said.warnings.contains { $0.contains("‘45379.0’ is not understood as one (--time-column 'time' takes it for a spreadsheet's number of a day)") }, "\(said.warnings)")
    #expect("\(try read(days, SeriesReadingOptions(time: .columns(["time"]))).frequency)" == "12 hours")
    for (name, how) in [("t", "is named"), ("T", "is named"), ("a", "rises")] {
      let warnings = try read(days, name: name, SeriesReadingOptions(targets: ["x"])).warnings
      #expect(warnings.contains { $0.contains("column 1 (‘\(name)’) \(how) like a time, but ‘45379.0’ is not understood as one (--time-column '\(name)' takes it") }, "\(warnings)")
    }
  }

  /// Ordinary numbers are values, also where a time could look like them.
  @Test func ordinaryNumbersAreNoTimes() throws {
    // Beside other numbers, numbers that hardly anything but a time has.
    let epochs = try read(["1711584000", "1711584060", "1711584120"], name: "a", SeriesReadingOptions(targets: ["all"]))
    #expect(epochs.targets == ["x"] && epochs.frequency == .minute)
    let dates = try read(["20240228", "20240229", "20240301"], name: "a", SeriesReadingOptions(targets: ["all"]))
    #expect(dates.targets == ["x"] && dates.frequency == .day)
    for (name, values) in [
      ("kwh", ["1711584000", "1711584061", "1711584121"]), ("kwh", ["3711584000", "3711584060", "3711584120"]), ("a", ["1997", "1998", "1999"]), ("price", ["45379", "45380", "45381"]),
      ("id", ["10000001", "10000002", "10000003"]), ("steps", ["201601", "201602", "201603"]), ("year of birth", ["1950", "1961", "1947"]), ("a", ["123456789.5", "123456790.5", "123456791.5"]),
    ] {
      let set = try read(values, name: name, SeriesReadingOptions(targets: ["all"]))
      #expect(set.targets == [name, "x"] && set.frequency == .step && set.warnings.isEmpty, "\(name) \(set.warnings)")
    }
    // The only column, or one behind others, has values.
    let folder = try TemporaryFolder([
      "one.csv": "a\n1711584000\n1711584060\n1711584120\n", "two.csv": "x,a\n1,1711584000\n2,1711584060\n3,1711584120\n", "bare.csv": "1711584000,3\n1711584060,4\n1711584120,3\n",
    ])
    #expect(try SeriesSet(reading: [folder["one.csv"]]).targets == ["a"])
    #expect(try SeriesSet(reading: [folder["two.csv"]], options: SeriesReadingOptions(targets: ["all"])).targets == ["x", "a"])
    #expect(try SeriesSet(reading: [folder["bare.csv"]]).frequency == .minute)
    // A target is no time, whatever its name.
    #expect(try read(["2001", "2002", "2003"], name: "year", SeriesReadingOptions(targets: ["year"])).targets == ["year"])
  }

  /// Year, month and day in columns of their own, with the names of months.
  @Test func partsInColumns() throws {
    let folder = try TemporaryFolder(["data.csv": "Year,Month,Day,x\n2024,Feb,28,1\n2024,Feb,29,2\n2024,Mar,1,3\n"])
    let set = try SeriesSet(reading: [folder["data.csv"]])
    #expect(set.targets == ["x"] && set.frequency == .day && set.series[0].axis.label(of: 3) == "2024 Mar 2")
  }
}

extension TimeForm {
  /// The form of a time that may have day or month first only in one way.
  fileprivate func inOrder(of time: TimeText) -> TimeForm {
    var form = self
    if time.dayFirst == nil { form.order = .monthFirst }
    return form
  }
}

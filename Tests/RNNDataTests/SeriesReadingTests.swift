import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

@Suite struct SeriesReadingTests {
  private func read(_ text: String, _ options: SeriesReadingOptions = .init(), name: String = "data.csv") throws -> SeriesSet {
    let folder = try TemporaryFolder([name: text])
    return try SeriesSet(reading: [folder[name]], options: options)
  }

  private func message(_ text: String, _ options: SeriesReadingOptions = .init()) -> String {
    do {
      return "no error: \(try read(text, options).series.map(\.targets))"
    } catch let error as RNNError {
      // Without the folder, which has another name each time.
      let words = error.message.split(separator: " ").map { $0.contains("/") && $0.contains("data.csv") ? "data.csv\($0.hasSuffix(",") ? "," : $0.hasSuffix(":") ? ":" : "")" : String($0) }
      return "\(error.kind.rawValue) \(words.joined(separator: " "))"
    } catch {
      return "\(error)"
    }
  }

  // MARK: Fields

  @Test func numbersAreTheNearest() throws {
    var texts = ["0", "-0", "1", "+1.5", "1e3", "1E-3", ".5", "5.", "1e-45", "3.4028235e38", "123456789012345678901234567890", "0.1", "16777217", "8388608.5", "1e-400", " 7 "]
    var random = Philox(seed: 1, stream: 2)
    for _ in 0..<2000 { texts.append("\(Double.random(in: -1e6...1e6, using: &random))") }
    for _ in 0..<2000 { texts.append("\(Float(bitPattern: UInt32.random(in: 0..<0x7F80_0000, using: &random)))") }
    let set = try read("x\n" + texts.joined(separator: "\n") + "\n")
    for (text, value) in zip(texts, set.series[0].targets[0]) {
      let expected = Double(text.filter { $0 != " " }) ?? .nan
      #expect(value == expected, "\(text)")
    }
  }

  @Test func missingNumbers() throws {
    let set = try read("t,x\n2012-01-01,1\n2012-01-02,NA\n2012-01-03,\n2012-01-04,NaN\n2012-01-05,null\n2012-01-06,?\n2012-01-07,-\n2012-01-08, \n2012-01-09,2\n")
    #expect(set.series[0].targets[0].map(\.isNaN) == [false, true, true, true, true, true, true, true, false])
    #expect(try read("x\n1\nNA\n3\n", SeriesReadingOptions(missing: 0)).series[0].targets[0] == [1, 0, 3])
    #expect(message("x\n1\n2\ninf\n").contains("line 4, column 1 (‘x’): found ‘inf’, expected a number, or nothing, NA, NaN, null or ?"))
    #expect(message("x\n1\n0x10\n").contains("found ‘0x10’") && message("x\n1\n1e999\n").contains("found ‘1e999’") && message("x\n1\n1,2\n").contains("found 2 fields"))
  }

  @Test func timesOfManyKinds() throws {
    func start(_ text: String, _ options: SeriesReadingOptions = SeriesReadingOptions(time: .columns(["t"]), frequency: Frequency(1, .second))) throws -> String? {
      try read("t;x\n\(text);1\n", options).series[0].axis.start?.description
    }
    for (text, expected) in [
      ("2016-07-01 14:05:06", "2016-07-01T14:05:06"), ("2016-07-01", "2016-07-01"), ("2010-01-01T01:00:00Z", "2010-01-01T01:00:00"),
      ("2010-01-01T01:00:00+02:00", "2010-01-01T01:00:00"), ("2010-01-01T01:00:00.123-0530", "2010-01-01T01:00:00.123"), ("2010-01-01 01:00:00,1234565", "2010-01-01T01:00:00.123457"), ("2010-01-01 01:00 UTC", "2010-01-01T01:00:00"),
      ("Jan 1 2000", "2000-01-01"), ("January 31, 2000", "2000-01-31"), ("1 Feb 2000", "2000-02-01"), ("1. Feb 2000", "2000-02-01"), ("01-Feb-1999", "1999-02-01"),
      ("Tue, 29 Feb 2000 12:00", "2000-02-29T12:00:00"), ("2000 Mar 5", "2000-03-05"), ("Sept-2005", "2005-09-01"), ("1949-01", "1949-01-01"), ("1949/1", "1949-01-01"), ("01/1949", "1949-01-01"),
      ("1-01", "0001-01-01"), ("1880", "1880-01-01"), ("20160702", "2016-07-02"), ("201607", "2016-07-01"), ("20160702131415", "2016-07-02T13:14:15"),
      ("1469376000", "2016-07-24T16:00:00"), ("1469376000000", "2016-07-24T16:00:00"), ("2000Q3", "2000-07-01"), ("2000-Q4", "2000-10-01"), ("Q2 2001", "2001-04-01"),
      ("31/1/2012", "2012-01-31"), ("1/31/2012", "2012-01-31"), ("1.2.2012", "2012-02-01"), ("12/31/99 3:15 pm", "1999-12-31T15:15:00"), ("12/31/99 12:15 AM", "1999-12-31T00:15:00"),
      ("2016-07-01 24:00", "2016-07-02"), ("2016.07.01 05", "2016-07-01T05:00:00"), ("2016-07-01T05", "2016-07-01T05:00:00"), ("  2016-07-01  ", "2016-07-01"),
    ] {
      #expect(try start(text) == expected, "\(text)")
    }
    for bad in ["", "x", "2016-13-01", "2016-02-30", "2016-07-01 25:00", "2016-07-01 10:61", "2016-07-01x", "12", "2016-07-01-05", "Foo 1 2000", "1/2/3/4", "13:00", "2016-07-01 10:00 XYZ", "31/31/2012", "2016-07-01 13:00 pm", "-5"] {
      #expect(throws: RNNError.self, "\(bad)") { try start(bad) }
    }
    #expect(message("t,x\n2012-01-01,1\nyesterday,2\n").contains("65 data.csv, line 3, column 1 (‘t’): found ‘yesterday’, expected a date or time"))
  }

  // MARK: Tables

  @Test func tablesOfManyKinds() throws {
    func values(_ text: String, _ options: SeriesReadingOptions = .init(), name: String = "data.csv") throws -> [[Double]] { try read(text, options, name: name).series[0].targets }
    #expect(try values("\u{FEFF}\"Date\",\"Temp\"\r\n\"1981-01-01\",20.7\r\n\"1981-01-02\",17.9") == [[20.7, 17.9]])
    #expect(try values("date;x\n2012-01-01;1,5\n2012-01-02;2,5\n") == [[1.5, 2.5]])
    #expect(try values("date\tx\n2012-01-01\t1\n2012-01-02\t2\n", name: "data") == [[1, 2]])
    #expect(try values("date|x\n2012-01-01|1\n2012-01-02|2\n") == [[1, 2]])
    #expect(try values("2012-01-01 1\n2012-01-02 2\n", SeriesReadingOptions(targets: ["2"], separator: "space")) == [[1, 2]])
    #expect(try values("1\n2\n3\n") == [[1, 2, 3]] && values("x\n1\n\n2\n") == [[1, 2]])
    #expect(try values("0.5,1\n0.25,2\n", SeriesReadingOptions(targets: ["all"])) == [[0.5, 0.25], [1, 2]])
    #expect(try values("\"a,b\",c\n1,2\n3,4\n", SeriesReadingOptions(targets: ["a,b"])) == [[1, 3]])
    let set = try read("No,year,month,day,hour,pm,wind\n1,2010,1,1,0,NA,NW\n2,2010,1,1,1,5,SE\n3,2010,1,1,2,6,NW\n", SeriesReadingOptions(targets: ["pm"], past: ["wind"]))
    #expect(set.frequency == .hour && set.series[0].axis.start?.description == "2010-01-01" && set.seasonality == 24)
    #expect(set.past == ["wind=NW", "wind=SE"] && set.series[0].past == [[1, 0, 1], [0, 1, 0]])
    // What was found out reads more of the same kind, also where it has fewer words.
    let more = try read("No,year,month,day,hour,pm,wind\n4,2010,1,1,3,7,SE\n5,2010,1,1,4,7,N\n", #require(set.reading))
    #expect(more.past == set.past && more.series[0].past == [[0, 0], [1, 0]] && more.frequency == .hour)
    #expect(more.reading == set.reading)
    let pair = try read("Date,Time,x\n2012-01-01,00:00,1\n2012-01-01,00:30,2\n", SeriesReadingOptions(targets: ["x"]))
    #expect(pair.frequency == Frequency(1800, .second))
  }

  @Test func seriesInRowsOfOneFile() throws {
    let text = "symbol,date,price\nMSFT,Jan 1 2000,39.81\nMSFT,Feb 1 2000,36.35\nIBM,Jan 1 2000,100\nIBM,Feb 1 2000,101\nMSFT,Apr 1 2000,28\n"
    let set = try read(text, SeriesReadingOptions(series: "symbol"))
    #expect(set.series.map(\.name) == ["MSFT", "IBM"] && set.frequency == .month && set.targets == ["price"])
    #expect(set.series[0].targets[0].map(\.isNaN) == [false, false, true, false])
    #expect(set.warnings.contains { $0.contains("1 of 6 steps have no row, in 1 gap; the first at Mar 1 2000, ") })
    let folder = try TemporaryFolder(["AMD.csv": "Date,Close\n2018-05-23,1\n2018-05-24,2\n", "FB.csv": "Date,Close\n2018-05-23,3\n2018-05-24,4\n", "X.csv": "Date,Open\n2018-05-23,3\n"])
    let files = try SeriesSet(reading: [folder["AMD.csv"], folder["FB.csv"]])
    #expect(files.series.map(\.name) == ["AMD", "FB"] && files.series[1].targets == [[3, 4]])
    #expect(throws: RNNError.self) { try SeriesSet(reading: [folder["AMD.csv"], folder["X.csv"]]) }
  }

  @Test func seriesAsRows() throws {
    let folder = try TemporaryFolder([
      "train.csv": "\"V1\",\"V2\",\"V3\",\"V4\"\n\"H1\",\"605\",\"586\",\"586\"\n\"H2\",\"1\",\"2\",\n",
      "test.csv": "\"V1\",\"V2\",\"V3\"\n\"H1\",\"10\",\"11\"\n\"H2\",\"3\",\"4\"\n", "twice.csv": "V1,V2,V3\nH1,1,2\nH1,3,4\n", "other.csv": "V1,V2,V3\nH3,1,2\nH4,3,4\n",
    ])
    let set = try SeriesSet(reading: [folder["train.csv"]], options: SeriesReadingOptions(frequency: .hour))
    #expect(set.series.map(\.name) == ["H1", "H2"] && set.series.map(\.targets) == [[[605, 586, 586]], [[1, 2]]])
    #expect(set.seasonality == 24 && set.frequency == .step)
    let (whole, added) = try set.continued(by: SeriesSet(reading: [folder["test.csv"]]))
    #expect(whole.series[1].targets == [[1, 2, 3, 4]] && added == [3..<5, 2..<4] && whole.seasonality == 24)
    #expect(throws: RNNError.self) { try set.continued(by: SeriesSet(reading: [folder["other.csv"]])) }
    #expect(throws: RNNError.self) { try SeriesSet(reading: [folder["twice.csv"]], options: SeriesReadingOptions(layout: .series)) }
    let rows = try read("name,a,b\nx,1,2\ny,3,4\n", SeriesReadingOptions(layout: .series))
    #expect(rows.series.map(\.targets) == [[[1, 2]], [[3, 4]]])
  }

  @Test func continuedByTheClock() throws {
    let first = try read("date,x\n2012-01-01,1\n2012-01-02,2\n"), later = try read("date,x\n2012-01-05,5\n2012-01-06,6\n")
    let (whole, added) = try first.continued(by: later)
    #expect(whole.series[0].targets[0].map { $0.isNaN ? -1 : $0 } == [1, 2, -1, -1, 5, 6] && added == [4..<6])
    #expect(throws: RNNError.self) { try later.continued(by: first) }
  }

  @Test func knownAhead() throws {
    let text = "date,sales,price,stock\n2012-01-01,1,10,5\n2012-01-02,NA,11,6\n2012-01-03,3,12,7\n2012-01-04,,13,\n2012-01-05,,14,\n"
    let set = try read(text, SeriesReadingOptions(targets: ["sales"], past: ["stock"], known: ["price"]))
    let one = set.series[0]
    #expect(one.length == 3 && one.known == [[10, 11, 12, 13, 14]] && one.past == [[5, 6, 7]] && one.future == 2)
  }

  @Test func columnsOfOneNameAreToldApart() throws {
    let text = "t,y,y,\n1,1,2,x\n2,3,4,x\n"
    let set = try read(text, SeriesReadingOptions(time: .none, targets: ["all"]))
    #expect(set.targets == ["t", "y (column 2)", "y (column 3)"] && set.series[0].targets == [[1, 2], [1, 3], [2, 4]])
    let again = try read(text, #require(set.reading))
    #expect(again.series == set.series && again.targets == set.targets)
    #expect(message(text, SeriesReadingOptions(targets: ["y"])).contains(": found the name ‘y’ at the columns 2 and 3; expected it once, or the number of the column"))
    let one = try read(text, SeriesReadingOptions(time: .none, targets: ["3"]))
    #expect(one.targets == ["y (column 3)"] && one.series[0].targets == [[2, 4]])
    #expect(try read(text, #require(one.reading)).series == one.series)
  }

  @Test func aColumnThatTellsSeriesApartIsSuggested() {
    let text = "date,id,x\n2012-01-01,1,1\n2012-01-01,2,2\n2012-01-02,1,3\n", options = SeriesReadingOptions(targets: ["x"])
    #expect(message(text, options).hasSuffix("expected each time once, or ‘id’ to tell series apart (--series-column id)"))
    #expect(message(text.replacing("id", with: "where").replacing(",1,", with: ",a b,").replacing(",2,", with: ",c,"), options).contains("--series-column where"))
    #expect(message("date,shop,x\n2012-01-03,1,1\n2012-01-04,1,2\n2012-01-02,2,3\n", options).hasSuffix("(--sort), or ‘shop’ to tell series apart (--series-column shop)"))
    #expect(message("date,x,z\n2012-01-01,1,0\n2012-01-01,2,0\n", options).hasSuffix("expected each time once"))
  }

  @Test func likelySentinelsAreSaid() throws {
    func said(_ values: [Double]) throws -> [String] {
      try read("x\n" + values.map { "\($0)\n" }.joined()).warnings.filter { $0.contains("--sentinel") }
    }
    let usual = (0..<20).map { Double($0) }
    #expect(try said(usual + [-9999, 5, -9999]) == ["2 values of ‘x’ are -9999, far from all others: if that stands for a missing one, say --sentinel -9999"])
    #expect(try said(usual).isEmpty && said(usual.map { $0 * 100 } + [9999, 9000, 8000, 20_000]).isEmpty && said([-9999, 1]).isEmpty)
  }

  @Test func seriesTooShortForThePartsAreLeftOut() throws {
    let set = try SeriesSet(targets: ["x"], series: [40, 5, 30].map { try TimeSeries("s\($0)", targets: [[Double](repeating: 1, count: $0)]) })
    let (rest, parts) = try SeriesSplit(validation: .steps(4), test: .steps(10)).dividing(set)
    #expect(rest.series.map(\.name) == ["s40", "s30"] && parts.map(\.training.count) == [26, 16])
    #expect(rest.warnings == ["the series ‘s5’ has 5 steps, too few for the parts rest/4/10, and is left out"])
    let (one, _) = try SeriesSplit(test: .steps(35)).dividing(set)
    #expect(one.warnings == ["2 of 3 series have too few steps for the parts rest/0/35 and are left out, the first is ‘s5’ with 5"])
    #expect(throws: RNNError.self) { try SeriesSplit(test: .steps(50)).dividing(set) }
  }

  // MARK: The clock

  @Test func orderAndDuplicates() throws {
    #expect(message("date,x\n2012-01-01,1\n2012-01-03,2\n2012-01-02,3\n")
      == "65 data.csv, line 4: found 2012-01-02 after 2012-01-03 on line 3; expected a later time, or rows that may be sorted (--sort)")
    #expect(message("date,x\n2012-01-01,1\n2012-01-02,2\n2012-01-02,3\n") == "65 data.csv, line 4: found 2012-01-02 a second time, first on line 3; expected each time once")
    let sorted = try read("date,x\n2012-01-01,1\n2012-01-03,3\n2012-01-02,2\n", SeriesReadingOptions(sorts: true))
    #expect(sorted.series[0].targets == [[1, 2, 3]] && sorted.warnings.contains { $0.contains("2 rows were not in the order") })
    #expect(message("date,x\n2012-01-02,1\n2012-01-03,3\n2012-01-02,2\n", SeriesReadingOptions(sorts: true)).contains("line 4: found 2012-01-02 a second time, first on line 2"))
    #expect(message("name,date,x\na,2012-01-02,1\na,2012-01-01,2\n", SeriesReadingOptions(series: "name")).contains("of ‘a’ after"))
    // A Sunday in October, but days: no summer time.
    #expect(message("date,x\n2012-10-06,1\n2012-10-07,2\n2012-10-07,3\n").contains("a second time"))
  }

  @Test func frequencyIsFound() throws {
    func frequency(_ times: [String]) throws -> String {
      let set = try read("date,x\n" + times.map { "\($0),1\n" }.joined())
      return "\(set.frequency)" + (set.warnings.contains { $0.contains("not evenly") } ? " irregular" : "")
    }
    #expect(try frequency(["2012-01-01 00:00", "2012-01-01 00:10", "2012-01-01 00:20"]) == "10 minutes")
    #expect(try frequency(["2012-01-01", "2012-01-02", "2012-01-04"]) == "1 day")
    #expect(try frequency(["2018-05-23", "2018-05-24", "2018-05-25", "2018-05-29", "2018-05-30", "2018-06-01", "2018-06-04"]) == "1 business day")
    #expect(try frequency(["2012-01-01", "2012-01-08", "2012-01-15"]) == "1 week")
    #expect(try frequency(["1958-03-01", "1958-04-01", "1958-05-01", "1958-07-01"]) == "1 month")
    #expect(try frequency(["2000-01-31", "2000-02-29", "2000-03-31", "2000-04-30"]) == "1 month")
    #expect(try frequency(["2000Q1", "2000Q2", "2000Q3"]) == "1 quarter" && frequency(["1880", "1881", "1882"]) == "1 year")
    #expect(try frequency(["2012-01-01 00:00:03", "2012-01-01 01:00:07", "2012-01-01 02:00:01", "2012-01-01 03:00:04"]) == "1 hour")
    #expect(try frequency(["2012-01-01 00:00", "2012-01-01 01:20", "2012-01-01 02:05", "2012-01-01 02:50"]) == "1 step irregular")
    #expect(message("t,x\n2012-01-01 00:00,1\n2012-01-01 01:30,2\n", SeriesReadingOptions(frequency: .hour))
      == "65 data.csv, line 3: found 2012-01-01 01:30, which isn't a whole number of steps of 1 hour after 2012-01-01 00:00; expected one that is")
    #expect(message("t,x\n1012-01-01 00:00,1\n2012-01-01 01:00,2\n", SeriesReadingOptions(frequency: .hour)).contains("but only 2 rows"))
    #expect(try read("t,x\n2012-01-01,1\n2012-01-09,2\n2012-01-01,3\n", SeriesReadingOptions(time: .none, targets: ["x"])).series[0].length == 3)
  }

  /// Fractions of a second were once cut off: 1.5 s became a clock of 1 s with gaps, and 200 ms a second time.
  @Test func fractionsOfASecond() throws {
    func set(_ milliseconds: Int) throws -> SeriesSet {
      try read("t,x\n" + (0..<20).map { row in
        let time = row * milliseconds
        return "2024-03-28T01:00:\(time / 1000 < 10 ? "0" : "")\(time / 1000).\(String(1000 + time % 1000).dropFirst()),\(row)\n"
      }.joined())
    }
    for (milliseconds, frequency, label) in [(1500, "1.5 seconds", "30.000"), (200, "200 milliseconds", "04.000"), (1, "1 millisecond", "00.020"), (250, "250 milliseconds", "05.000")] {
      let set = try set(milliseconds), axis = set.series[0].axis
      #expect("\(set.frequency)" == frequency && set.series[0].length == 20 && set.seasonality <= 57_600 && set.warnings.isEmpty)
      #expect(axis.label(of: 20) == "2024-03-28T01:00:\(label)")
    }
  }

  /// An instrument that measures every ten seconds is seldom exact to the millisecond: its times are rounded, with a warning.
  @Test func nearlyEvenTimes() throws {
    var random = Philox(seed: 11, stream: 4)
    func set(_ steps: Int, _ milliseconds: Double, jitter: Int, _ options: SeriesReadingOptions = .init()) throws -> SeriesSet {
      try read("t,x\n" + (0..<steps).map { row in
        let time = 1_711_584_000_000 + Int((Double(row) * milliseconds).rounded()) + (jitter > 0 ? Int.random(in: -jitter...jitter, using: &random) : 0)
        return "\(time),\(row)\n"
      }.joined(), SeriesReadingOptions(time: .columns(["t"]), frequency: options.frequency))
    }
    for (steps, milliseconds, jitter, frequency) in [
      (100, 10_000.0, 3, "10 seconds"), (5, 10_000, 3, "10 seconds"), (1000, 100, 9, "100 milliseconds"), (50, 3_600_000, 4000, "1 hour"), (400, 86_400_000, 60_000, "1 day"),
      (1000, 1000.0 / 60, 0, "16.666667 milliseconds"), (100, 1000.0 / 3, 0, "333.333333 milliseconds"),
    ] {
      let set = try set(steps, milliseconds, jitter: jitter)
      #expect("\(set.frequency)" == frequency && set.series[0].length == steps, "\(milliseconds)")
      #expect(set.warnings.contains { $0.contains("the times are up to ") && $0.contains(" off an even clock of \(frequency): they are rounded to it") }, "\(milliseconds)")
    }
    let asked = try set(20, 10_000, jitter: 3, SeriesReadingOptions(frequency: Frequency(10, .second)))
    #expect(asked.frequency == Frequency(10, .second) && asked.series[0].length == 20)
    // Half the times at random are no clock.
    #expect(try set(50, 10_000, jitter: 4000).frequency == .step)
  }

  @Test func datesOfEitherOrder() throws {
    #expect(try read("d,x\n1/2/2012,1\n13/2/2012,2\n").series[0].axis.start?.description == "2012-02-01")
    #expect(try read("d,x\n1/2/2012,1\n1/13/2012,2\n").series[0].axis.start?.description == "2012-01-02")
    // Month after month, or jumps of a day and a year.
    #expect(try read("d,x\n1/12/2012,1\n1/1/2013,2\n1/2/2013,2\n").frequency == .month)
    #expect(message("d,x\n1/1/2012,1\n1/2/2012,2\n").contains("65 data.csv, line 2: found dates that may have the day or the month first"))
    #expect(try read("d,x\n1/1/2012,1\n1/2/2012,2\n", SeriesReadingOptions(dateOrder: .monthFirst)).frequency == .day)
    #expect(message("d,x\n1/13/2012,1\n14/1/2012,2\n").contains("line 2: found a date with the day first") || message("d,x\n1/13/2012,1\n14/1/2012,2\n").contains("one with the month first"))
    #expect(message("d,x\n13/1/2012,1\n14/1/2012,2\n", SeriesReadingOptions(dateOrder: .monthFirst)).contains("there isn't with the month first"))
  }

  @Test func summerTime() throws {
    // Europe, 2020-03-29 and 2020-10-25, in local time.
    func hour(_ day: String, _ hour: Int, _ value: Int) -> String { "\(day) \(hour < 10 ? "0" : "")\(hour):00,\(value)\n" }
    let spring = "t,x\n" + [0, 1, 3, 4, 5].map { hour("2020-03-29", $0, $0) }.joined()
    let set = try read(spring)
    #expect(set.frequency == .hour && set.series[0].targets[0].map { $0.isNaN ? -1 : $0 } == [0, 1, -1, 3, 4, 5])
    #expect(set.warnings.contains { $0.contains("as when summer time begins; the first at 2020-03-29 02:00") })
    let autumn = "t,x\n" + [0, 1, 2, 2, 3, 4].enumerated().map { hour("2020-10-25", $1, $0) }.joined()
    let other = try read(autumn)
    #expect(other.series[0].targets == [[0, 1, 2.5, 4, 5]])
    #expect(other.warnings.contains { $0.contains("an hour occurs twice, as when summer time ends") && $0.contains("line 5") })
    let quarters = "t,x\n" + ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"].enumerated().map { "2020-10-25 \($1),\($0)\n" }.joined()
    #expect(try read(quarters).series[0].targets == [[0, 2, 3, 5]])
    // At any other time it is a mistake.
    #expect(message(autumn.replacing("2020-10-25", with: "2020-10-24")).contains("line 5: found 2020-10-24 02:00 a second time, first on line 4"))
    // With offsets from UTC the clock goes on.
    let offsets = "t,x\n2020-10-25T01:00:00+02:00,1\n2020-10-25T02:00:00+02:00,2\n2020-10-25T02:00:00+01:00,3\n2020-10-25T03:00:00+01:00,4\n"
    let exact = try read(offsets)
    #expect(exact.series[0].targets == [[1, 2, 3, 4]] && exact.warnings.contains { $0.contains("several offsets") })
  }

  // MARK: Mistakes

  @Test func badTables() throws {
    #expect(message("") == "65 data.csv is empty: expected a table of numbers")
    #expect(message("date,x\n").contains("has no rows but the one with the names"))
    #expect(message("date,x,y\n2012-01-01,1\n") == "65 data.csv, line 2: found 2 fields separated by commas, expected 3 as in line 1")
    #expect(message("date,x\n2012-01-01,1\n2012-01-02,1,7\n").hasPrefix("65 data.csv, line 3: found 3 fields separated by commas, expected 2; numbers with a decimal comma"))
    #expect(message("date,x\n2012-01-01,1\n2012-01-02,abc\n")
      == "65 data.csv, line 3, column 2 (‘x’): found ‘abc’, expected a number, or nothing, NA, NaN, null or ? where it is missing")
    #expect(message("date,x\n2012-01-01,1\n2012-01-02,\"2\n").contains("line 3, byte 12: this quote is never closed"))
    #expect(message("date,x\n\"2012-01-01,1\n2012-01-02,2\n").contains("line 2, byte 1: this quote is never closed"))
    #expect(message("date,x,y\n2012-01-01,1,\n2012-01-02,2,\n", SeriesReadingOptions(targets: ["y"]))
      == "65 data.csv, column 3 (‘y’): found no number in the whole column, expected something to predict")
    #expect(message("date,x,y\n2012-01-01,1,2\n").contains("found the columns ‘x’, ‘y’; say which to predict (--target-column, several with commas between, or all)"))
    #expect(message("date,x\n2012-01-01,1\n", SeriesReadingOptions(targets: ["z"])).contains("there is no column ‘z’; found ‘date’, ‘x’"))
    #expect(message("date,x\n2012-01-01,1\n", SeriesReadingOptions(time: .columns(["date"]), targets: ["date"])).contains("64 column 1 (‘date’) can't be a target: it has the times"))
    #expect(message("date,x\n2012-01-01,1\n", SeriesReadingOptions(targets: ["x", "x"])).contains("64 the target column 2 (‘x’) is named twice"))
    #expect(message("date,x\n2012-01-01,1\n", SeriesReadingOptions(time: .columns(["when"]))).contains("there is no column ‘when’"))
    #expect(message("name,x\n,1\n", SeriesReadingOptions(targets: ["x"], series: "name")).contains("line 2, column 1: found nothing, expected the name of a series"))
    #expect(throws: RNNError.self) { try SeriesSet(reading: []) }
    #expect(throws: RNNError.self) { try SeriesSet(reading: ["/nowhere/none.csv"]) }
    let words = "x,w\n" + (0..<100).map { "1,w\($0)\n" }.joined()
    #expect(message(words, SeriesReadingOptions(targets: ["x"], past: ["w"])).contains("line 66, column 2 (‘w’): found more than 64 different words"))
  }

  @Test func whatWorksButIsSaid() throws {
    #expect(try read("x\n5\n5\n5\n").warnings.contains { $0.contains("‘x’ never changes") })
    let several = try read("x,y,z\n5,1,7\n5,2,7\n5,3,7\n", SeriesReadingOptions(targets: ["all"])).warnings
    #expect(several.contains("the target ‘x’ never changes; so do 1 of the 2 other targets"), "\(several)")
    let empty = try read("date,x,y\n2012-01-01,1,\n2012-01-02,2,\n", SeriesReadingOptions(targets: ["x"], past: ["y"]))
    #expect(empty.warnings.contains { $0.contains("column 3 (‘y’) has no number in it") })
  }

  @Test func leaks() throws {
    var random = Philox(seed: 4, stream: 1)
    let x = (0..<200).map { _ in Double.random(in: -1...1, using: &random) }
    func text(_ other: (Int) -> Double) -> String { "x,c\n" + x.indices.map { "\(x[$0]),\(other($0))\n" }.joined() }
    func warnings(known: [String] = [], past: [String] = [], _ other: (Int) -> Double) throws -> [String] {
      try read(text(other), SeriesReadingOptions(targets: ["x"], past: past, known: known)).warnings.filter { $0.hasPrefix("leak") }
    }
    #expect(try warnings(known: ["c"]) { x[$0] }.first?.contains("‘c’, said to be known ahead, is the target ‘x’ itself") == true)
    #expect(try warnings(known: ["c"]) { 3 + 2 * x[$0] + 0.01 * Double($0 % 3) }.first?.contains("is nearly the target") == true)
    #expect(try warnings(known: ["x"]) { Double($0) }.count == 1)
    #expect(try warnings(past: ["c"]) { x[min($0 + 1, 199)] }.first?.contains("tells at each step what the target ‘x’ will be at the next") == true)
    #expect(try warnings(past: ["c"]) { x[$0] }.isEmpty && warnings(known: ["c"]) { x[max($0 - 1, 0)] }.isEmpty)
    #expect(try warnings(known: ["c"]) { x[$0] + Double($0 * 7919 % 13) / 13 }.isEmpty)
  }

  @Test func scalersSeeOnlyTheTrainingPart() throws {
    let values = (0..<50).map { Double($0 % 7) }
    func set(_ tail: Double) throws -> SeriesSet {
      try SeriesSet(targets: ["x"], past: ["p"], series: [TimeSeries("s", targets: [values + [tail]], past: [values + [tail]])])
    }
    for kind in Scaler.Kind.allCases {
      #expect(try Scaler(kind, fitting: set(1e6), training: [0..<50]) == Scaler(kind, fitting: set(.nan), training: [0..<50]))
    }
    let scaler = try Scaler(.standard, fitting: set(0), training: [0..<49])
    let scaling = scaler.scaling(of: 0, in: "s", context: [])
    #expect(scaling.centre == 3 && abs(scaling.scale - 2) < 1e-6 && scaling.unscaled(scaling.scaled(5)) == 5)
    #expect(scaler.scaling(of: 0, in: "another", context: []) == scaling && scaler.past == [scaling])
    let instance = try Scaler(.instance, fitting: set(0), training: [0..<49]).scaling(of: 0, in: "s", context: [1, 3, .nan])
    #expect(instance.centre == 3 && instance.scale == 1)
    #expect(try Scaler(.mean, fitting: set(0), training: [0..<49]).scaling(of: 0, in: "s", context: [-1, 3]).scale == 2)
    let constant = try Scaler(.standard, fitting: SeriesSet(targets: ["x"], series: [TimeSeries("s", targets: [[7, 7, 7]])]), training: [0..<3])
    #expect(constant.scaling(of: 0, in: "s", context: []) == Scaling(centre: 7))
    #expect(throws: RNNError.self) { try Scaler(.standard, log: true, fitting: set(1), training: [0..<50]) }
  }

  @Test func whatAModelHasSeen() throws {
    let set = try read("date,x\n" + (1...20).map { "2012-01-\($0 < 10 ? "0" : "")\($0),\($0)\n" }.joined())
    let span = TrainedSpan(set, seen: [0..<15])
    #expect(span.warning(set, measured: [15..<20]) == nil)
    #expect(span.warning(set, measured: [10..<20])?.contains("5 of the 10 measured steps were seen in training, up to 2012-01-15") == true)
    let later = try read("date,x\n" + (10...30).map { "2012-01-\($0),\($0)\n" }.joined())
    #expect(span.steps(of: later.series[0]) == 6, "by the clock, not by the row")
    let data = try JSONEncoder().encode(span)
    #expect(try JSONDecoder().decode(TrainedSpan.self, from: data) == span)
  }
}

import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

@Suite struct CalendarTests {
  @Test func datesAreThoseOfFoundation() throws {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
    for day in stride(from: -40_000, through: 60_000, by: 37) {
      let civil = CivilTime(seconds: day * 86_400 + 45_296)
      let date = Date(timeIntervalSince1970: Double(civil.seconds))
      let expected = calendar.dateComponents([.year, .month, .day, .weekday, .hour, .minute, .second], from: date)
      let found = civil.date
      #expect(found.year == expected.year && found.month == expected.month && found.day == expected.day)
      #expect((civil.weekday + 1) % 7 + 1 == expected.weekday)
      #expect(CivilTime(year: found.year, month: found.month, day: found.day, hour: 12, minute: 34, second: 56) == civil)
    }
    #expect(CivilTime(year: 1, month: 1)?.description == "0001-01-01")
    #expect(CivilTime(year: 2000, month: 2, day: 29)?.description == "2000-02-29")
    #expect(CivilTime(year: 1900, month: 2, day: 29) == nil && CivilTime(year: 2001, month: 4, day: 31) == nil)
    #expect(CivilTime(year: 2001, month: 13) == nil && CivilTime(year: 2001, hour: 24) == nil)
    #expect(abs((CivilTime(year: 2024, month: 7, day: 2)?.partOfYear ?? 0) - 0.5) < 1e-9)
  }

  @Test func stepsAndTimesAreInverse() throws {
    let start = try #require(CivilTime(year: 2016, month: 1, day: 29, hour: 9))
    for frequency in [
      Frequency.hour, .day, .businessDay, .week, .month, .quarter, .year, Frequency(600, .second), Frequency(2, .businessDay), .second,
      Frequency(1_500_000_000, .nanosecond), Frequency(200_000_000, .nanosecond), Frequency(1_000_000, .nanosecond), Frequency(1000, .nanosecond),
      Frequency(16_666_667, .nanosecond), Frequency(1_000_001_000, .nanosecond), Frequency(2_500, .nanosecond),
    ] {
      let axis = TimeAxis(start: start, frequency: frequency)
      for step in -300...300 {
        let time = try #require(axis.time(of: step))
        #expect(axis.step(of: time) == step, "\(frequency) \(step)")
        if frequency == .businessDay { #expect(time.weekday < 5) }
      }
      #expect(try Frequency(text: frequency.description) == frequency)
    }
    let ends = TimeAxis(start: CivilTime(year: 2019, month: 11, day: 30), frequency: .month)
    #expect((0..<5).map { ends.label(of: $0) } == ["2019-11-30", "2019-12-31", "2020-01-31", "2020-02-29", "2020-03-31"])
    let hours = TimeAxis(start: start, frequency: .hour)
    #expect(hours.step(of: CivilTime(seconds: start.seconds + 1800)) == nil && hours.label(of: 15) == "2016-01-30T00:00:00")
    #expect(TimeAxis(start: CivilTime(year: 1949), frequency: .month).label(of: 12) == "1950-01")
    #expect(TimeAxis(start: CivilTime(year: 1880), frequency: .year).label(of: 3) == "1883")
    #expect(TimeAxis().label(of: 0) == "1" && TimeAxis(start: start).time(of: 1) == nil)
    let fast = TimeAxis(start: start, frequency: Frequency(200_000_000, .nanosecond))
    #expect(fast.label(of: 0) == "2016-01-29T09:00:00.000" && fast.label(of: 6) == "2016-01-29T09:00:01.200")
    let sixty = TimeAxis(start: start, frequency: Frequency(16_666_667, .nanosecond))
    #expect(sixty.label(of: 1) == "2016-01-29T09:00:00.016667" && sixty.label(of: 60) == "2016-01-29T09:00:01.000000")
    let weekdays = TimeAxis(start: CivilTime(year: 2018, month: 5, day: 23), frequency: .businessDay)
    #expect((1...4).map { weekdays.label(of: $0) } == ["2018-05-24", "2018-05-25", "2018-05-28", "2018-05-29"])
    #expect(weekdays.step(of: CivilTime(seconds: (CivilTime(year: 2018, month: 5, day: 26)?.seconds ?? 0))) == nil, "a Saturday")
  }

  @Test func frequencies() throws {
    #expect([Frequency.hour, .day, .businessDay, .week, .month, .quarter, .year, .step].map(\.seasonality) == [24, 7, 5, 52, 12, 4, 1, 1])
    #expect(Frequency(600, .second).seasonality == 144 && Frequency(1800, .second).seasonality == 48)
    #expect(try Frequency(text: "10min") == Frequency(600, .second) && Frequency(text: "Business-Day") == .businessDay && Frequency(text: "2 weeks") == Frequency(14, .day))
    #expect([1_500_000_000, 200_000_000, 1_000_000, 1000].map { Frequency($0, .nanosecond).seasonality } == [57_600, 1, 1, 1] && Frequency.second.seasonality == 86_400)
    for (text, nanoseconds, description) in [
      ("200 ms", 200_000_000, "200 milliseconds"), ("1.5s", 1_500_000_000, "1.5 seconds"), ("0.2 seconds", 200_000_000, "200 milliseconds"), ("1 µs", 1000, "1 microsecond"),
      ("1.5 ms", 1_500_000, "1.5 milliseconds"), ("250us", 250_000, "250 microseconds"), ("0.0000025 s", 2500, "2.5 microseconds"), ("1000.25 sec", 1_000_250_000_000, "1000.25 seconds"),
    ] {
      let frequency = try Frequency(text: text)
      #expect(frequency == Frequency(nanoseconds, .nanosecond) && frequency.description == description, "\(text)")
      #expect(try Frequency(text: description) == frequency)
    }
    #expect(try Frequency(text: "1.5 hours") == Frequency(5400, .second) && Frequency(text: "1000 ms") == .second && Frequency(text: "s") == .second)
    for bad in ["", "fortnight", "0 hours", "0.0 s", "1.5 days", "1. s", ".5 s", "1..5 s", "1.5", "-1 day", "0.5 us", "1.0000000001 s", "1000001 s", "m", "999999999999999999999 s"] { #expect(throws: RNNError.self) { try Frequency(text: bad) } }
  }

  /// The greatest and smallest counts and times: nothing overflows, and what isn't there is nil.
  @Test func farAway() throws {
    let far = [Int.min, .min + 1, -1_000_000_000_000, -1, 0, 1, 1_000_000_000_000, .max - 1, .max]
    let ends = [CivilTime.first, .last, CivilTime(seconds: 0), CivilTime(seconds: .min), CivilTime(seconds: .max), CivilTime(day: .max), CivilTime(day: .min)]
    for unit in [Frequency.Unit.step, .nanosecond, .second, .day, .businessDay, .month] {
      for count in far {
        let frequency = Frequency(count, unit)
        #expect(frequency.count > 0 && frequency.seasonality > 0 && frequency.seasonality <= 86_400)
        for start in ends {
          let axis = TimeAxis(start: start, frequency: frequency)
          for step in far { if let time = axis.time(of: step) { #expect(frequency.unit == .month || axis.step(of: time) == step, "\(frequency) \(start) \(step)") } else { #expect(axis.label(of: 0) != "") } }
          for end in ends { _ = axis.step(of: end) }
        }
      }
    }
    #expect(CivilTime.first.description == "-9999-01-01" && CivilTime.last.description == "9999-12-31T23:59:59.999999")
    #expect(CivilTime(seconds: .min) == .first && CivilTime(day: .max) == .last && CivilTime(microseconds: .max) == nil)
    #expect(CivilTime(year: -9999) == .first && CivilTime(year: 10_000) == nil)
  }

  /// Times and frequencies as they stand in model files, those of earlier versions too; impossible ones are refused.
  @Test func stored() throws {
    func decoded<T: Decodable>(_ type: T.Type, _ json: String) throws -> T { try JSONDecoder().decode(type, from: Data(json.utf8)) }
    func encoded(_ value: some Encodable) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    #expect(try decoded(CivilTime.self, #"{"seconds":1467381600}"#).description == "2016-07-01T14:00:00")
    #expect(try decoded(Frequency.self, #"{"count":3600,"unit":"second"}"#) == .hour)
    #expect(try encoded(CivilTime(seconds: -1)) == #"{"seconds":-1}"# && encoded(Frequency.hour) == #"{"count":3600,"unit":"second"}"#)
    for microseconds in [-1, -999_999, 0, 1, 1_500_000, 1_467_381_600_200_000] {
      let time = try #require(CivilTime(microseconds: microseconds))
      #expect(try decoded(CivilTime.self, encoded(time)) == time)
    }
    #expect(try decoded(Frequency.self, encoded(Frequency(2500, .nanosecond))) == Frequency(2500, .nanosecond))
    for bad in [#"{"seconds":9223372036854775807}"#, #"{"seconds":-9223372036854775808}"#, #"{"seconds":0,"microseconds":1000000}"#, #"{"seconds":0,"microseconds":-1}"#] {
      #expect(throws: DecodingError.self) { try decoded(CivilTime.self, bad) }
    }
    for count in ["0", "-1", "9223372036854775807", "-9223372036854775808"] {
      for unit in ["nanosecond", "second", "day", "businessDay", "month"] {
        #expect(throws: DecodingError.self) { try decoded(Frequency.self, "{\"count\":\(count),\"unit\":\"\(unit)\"}") }
      }
    }
    let axis = TimeAxis(start: CivilTime(year: 2019, month: 11, day: 30), frequency: .month)
    #expect(try decoded(TimeAxis.self, encoded(axis)) == axis)
  }

  @Test func calendarFeatures() throws {
    #expect(CalendarFeatures(.hour).names == ["sin(day)", "cos(day)", "sin(week)", "cos(week)", "sin(year)", "cos(year)"])
    #expect(CalendarFeatures(.day).count == 4 && CalendarFeatures(.month).count == 2 && CalendarFeatures(.year).count == 0 && CalendarFeatures(.step).count == 0)
    let noon = try #require(CivilTime(year: 2024, month: 1, day: 1, hour: 12))
    let values = CalendarFeatures(.hour).values(at: noon)
    #expect(abs(values[0]) < 1e-6 && values[1] == -0.5 && values.allSatisfy { abs($0) <= 0.5 })
  }

  @Test func splits() throws {
    let split = try SeriesSplit(text: "8640/2880/2880")
    let parts = try split.parts(of: 17_420)
    #expect(parts.training == 0..<8640 && parts.validation == 8640..<11_520 && parts.test == 11_520..<14_400)
    let last = try SeriesSplit(text: "rest/10/20").parts(of: 100)
    #expect(last.training == 0..<70 && last.test == 80..<100)
    let shares = try SeriesSplit(text: "60%/20%/20%")
    #expect(try shares.parts(of: 7588).test == 6070..<7588 && shares.parts(of: 7588).training == 0..<4552)
    #expect(try SeriesSplit(text: "rest/10%/10%").parts(of: 99).test == 90..<99)
    for text in ["8640/2880/2880", "60%/20%/20%", "rest/10/20"] { #expect(try SeriesSplit(text: text).description == text) }
    for bad in ["", "1/2", "a/b/c", "-1/2/3", "50%/50%/x", "120%/0/0"] { #expect(throws: RNNError.self) { try SeriesSplit(text: bad) } }
    #expect(throws: RNNError.self) { try split.parts(of: 14_399) }
    #expect(throws: RNNError.self) { try SeriesSplit(test: .steps(10)).parts(of: 10) }
  }
}

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
    for frequency in [Frequency.hour, .day, .businessDay, .week, .month, .quarter, .year, Frequency(600, .second), Frequency(2, .businessDay)] {
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
    let weekdays = TimeAxis(start: CivilTime(year: 2018, month: 5, day: 23), frequency: .businessDay)
    #expect((1...4).map { weekdays.label(of: $0) } == ["2018-05-24", "2018-05-25", "2018-05-28", "2018-05-29"])
    #expect(weekdays.step(of: CivilTime(seconds: (CivilTime(year: 2018, month: 5, day: 26)?.seconds ?? 0))) == nil, "a Saturday")
  }

  @Test func frequencies() throws {
    #expect([Frequency.hour, .day, .businessDay, .week, .month, .quarter, .year, .step].map(\.seasonality) == [24, 7, 5, 52, 12, 4, 1, 1])
    #expect(Frequency(600, .second).seasonality == 144 && Frequency(1800, .second).seasonality == 48)
    #expect(try Frequency(text: "10min") == Frequency(600, .second) && Frequency(text: "Business-Day") == .businessDay && Frequency(text: "2 weeks") == Frequency(14, .day))
    for bad in ["", "fortnight", "0 hours", "1.5 hours", "-1 day"] { #expect(throws: RNNError.self) { try Frequency(text: bad) } }
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

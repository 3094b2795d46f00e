import Foundation
import Testing

/// Forecasts go on in the form of the times that were read.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct ForecastTimesTests {
  private let place: Workplace

  init() throws { place = try Workplace() }

  private func table(_ times: [String], _ name: String = "time") throws -> String {
    try place.write("table.csv", ("\(name),load\n" + times.enumerated().map { "\($1),\($0 * 7 % 5)\n" }.joined()).utf8)
  }

  /// A model for tables like this one.
  private func train(_ table: String) throws -> String {
    let result = try Program.run([
      "train", "forecast", table, "-o", place.path("m"), "--fresh", "--target-column", "load", "--horizon", "2", "--context", "4", "--hidden", "4", "--split", "rest/2/0", "--steps", "1",
      "--quiet",
    ])
    #expect(result.code == 0, "\(result.errors)")
    return place.path("m")
  }

  /// The times of a forecast, as CSV and as JSON.
  private func forecast(_ model: String, _ table: String, _ arguments: String...) throws -> [String] {
    let csv = try Program.run(["forecast", model, table] + arguments), json = try Program.run(["forecast", model, table, "--json"] + arguments)
    #expect(csv.code == 0 && json.code == 0, "\(csv.errors)\(json.errors)")
    let document = try #require(JSONSerialization.jsonObject(with: json.output) as? [String: Any])
    let times = try #require((document["forecasts"] as? [[String: Any]])?.first?["times"] as? [String])
    #expect(csv.text.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[2] } == times.map { $0[...] })
    return times
  }

  private func hours(_ form: (_ day: Int, _ hour: String) -> String) -> [String] {
    (0..<30).map { form(2 + $0 / 24, $0 % 24 < 10 ? "0\($0 % 24)" : "\($0 % 24)") }
  }

  @Test func hoursGoOn() throws {
    let model = try train(table(hours { "2024-04-0\($0)T\($1):00:00+02:00" }))
    for (expected, times) in [
      (["2024-04-03T06:00:00+02:00", "2024-04-03T07:00:00+02:00"], hours { "2024-04-0\($0)T\($1):00:00+02:00" }),
      (["2024-04-03T06:00Z", "2024-04-03T07:00Z"], hours { "2024-04-0\($0)T\($1):00Z" }),
      (["2024-04-03 06:00:00.000", "2024-04-03 07:00:00.000"], hours { "2024-04-0\($0) \($1):00:00.000" }),
      (["20240403T060000", "20240403T070000"], hours { "2024040\($0)T\($1)0000" }),
      (["03/Apr/2024:06:00:00 +0000", "03/Apr/2024:07:00:00 +0000"], hours { "0\($0)/Apr/2024:\($1):00:00 +0000" }),
      (["1711692000", "1711695600"], (0..<30).map { "\(1_711_584_000 + $0 * 3600)" }),
      (["1711692000.5", "1711695600.5"], (0..<30).map { "\(1_711_584_000 + $0 * 3600).5" }),
      (["1711692000000", "1711695600000"], (0..<30).map { "\(1_711_584_000 + $0 * 3600)000" }),
    ] {
      #expect(try forecast(model, table(times)) == expected)
    }
  }

  @Test func daysAndWeeksGoOn() throws {
    let days = (1...28).map { "2024-02-\($0 < 10 ? "0" : "")\($0)" }, model = try train(table(days))
    for (expected, times) in [
      (["2024-02-29", "2024-03-01"], days), (["2024-060", "2024-061"], (32..<60).map { "2024-0\($0)" }), (["45351", "45352"], (0..<28).map { "\(45323 + $0)" }),
      (["29.02.2024", "01.03.2024"], (1...28).map { "\($0 < 10 ? "0" : "")\($0).02.2024" }),
    ] {
      #expect(try forecast(model, table(times)) == expected)
    }
    let weeks = (30...52).map { "2020-W\($0)" }
    #expect(try forecast(train(table(weeks, "week")), table(weeks, "week")) == ["2020-W53", "2021-W01"])
  }

  /// Across a change of clocks rows keep the offset that they were read with, and times to come have the last one.
  @Test func clocksAreChanged() throws {
    let autumn = (0..<24).map { row in
      // Summer time ends at 01:00 UTC, which is 3:00.
      let (hour, offset) = row < 8 ? (19 + row, 2) : (18 + row, 1)
      let day = 26 + hour / 24, clock = hour % 24
      return "2024-10-\(day)T\(clock < 10 ? "0" : "")\(clock):00:00+0\(offset):00"
    }
    #expect(autumn[7] == "2024-10-27T02:00:00+02:00" && autumn[8] == "2024-10-27T02:00:00+01:00")
    let data = try table(autumn), model = try train(data)
    #expect(try forecast(model, data) == ["2024-10-27T18:00:00+01:00", "2024-10-27T19:00:00+01:00"])
    #expect(try forecast(model, data, "--back", "17") == Array(autumn[7...8]))
    let result = try Program.run(["forecast", model, data])
    #expect(result.errors.contains("several offsets from UTC") && !result.errors.contains("occurs twice"), "\(result.errors)")
  }

  /// Neither a clock that is nearly even nor a column that isn't understood passes without a word.
  @Test func whatIsDoneIsSaid() throws {
    let jitter = (0..<30).map { "2024-04-02 00:0\($0 / 6):\($0 % 6)0.00\($0 * 7 % 4)" }, data = try table(jitter)
    let result = try Program.run(["train", "forecast", data, "-o", place.path("m"), "--fresh", "--horizon", "2", "--context", "4", "--hidden", "4", "--split", "rest/2/0", "--steps", "1"])
    #expect(result.code == 0 && result.errors.contains("the times are up to 3 milliseconds off an even clock of 10 seconds: they are rounded to it"), "\(result.errors)")
    #expect(try forecast(place.path("m"), data) == ["2024-04-02 00:05:00.000", "2024-04-02 00:05:10.000"])
    let unknown = try Program.run(["train", "forecast", try table((0..<30).map { "\($0).7" }), "-o", place.path("n"), "--target-column", "load", "--context", "4", "--hidden", "4", "--split", "rest/2/0", "--steps", "1"])
    #expect(unknown.code == 0 && unknown.errors.contains("column 1 (‘time’) is named like a time, but ‘0.7’ is not understood as one"), "\(unknown.errors)")
  }
}

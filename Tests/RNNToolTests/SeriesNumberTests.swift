import Foundation
import RNNTraining
import Testing

/// Numbers of series from a file to a figure.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct SeriesNumberTests {
  private static let small = ["--fresh", "--steps", "1", "--hidden", "4", "--context", "4", "--quiet"]

  @Test func digitsAreKeptFromTheFileToTheFigures() throws {
    let place = try Workplace()
    func mean(_ offset: Int) throws -> [String: Double] {
      let table = try place.write("a.csv", ("y\n" + (1...60).map { "\(offset + $0 % 7)\n" }.joined()).utf8)
      let trained = try Program.run(["train", "forecast", table, "-o", place.path("m"), "--split", "rest/5/20"] + Self.small)
      #expect(trained.code == 0 && !trained.errors.contains("never changes"), "\(trained.errors)")
      let report = try json(try Program.run(["evaluate", place.path("m"), table, "--json"]))
      let all = try #require(report["forecasters"] as? [[String: Any]])
      return Dictionary(uniqueKeysWithValues: all.map { ($0["name"] as? String ?? "", ($0["figures"] as? [String: Double])?["mae"] ?? .nan) })
    }
    let plain = try mean(0), large = try mean(1_000_000_000)
    #expect(plain["naive"] == 1.75 && large["naive"] == 1.75)
    // Rules that fit exactly err by rounding alone; numbers of 1e9 as floats would err by up to 32.
    for (name, error) in plain { #expect(abs((large[name] ?? .nan) - error) <= max(1e-3 * error, 1e-6), "\(name): \(error), \(large[name] ?? .nan)") }
  }

  @Test func aMeterKeepsItsDigitsInTheOutput() throws {
    let place = try Workplace()
    let table = try place.write("meter.csv", ("kWh\n" + (0..<80).map { "\(123_456_789 + 3 * $0 + $0 % 5).25\n" }.joined()).utf8)
    #expect(try Program.run(["train", "forecast", table, "-o", place.path("m"), "--split", "rest/5/20"] + Self.small).code == 0)
    let lines = try Program.run(["forecast", place.path("m"), table, "--back", "2", "--levels", "0.5"]).text.split(separator: "\n").map { $0.split(separator: ",") }
    #expect(lines[0].joined(separator: ",") == "series,target,time,q0.5,actual" && lines[1][4] == "123457026.25")
    #expect(abs((Double(lines[1][3]) ?? 0) - 123_457_026) < 30 && lines[1][3].split(separator: ".")[1].count >= 3)
  }

  @Test func waysToWriteNumbersAndSentinelsAreStored() throws {
    let place = try Workplace()
    let rows = (0..<60).map { "2024-01-01T\($0 / 60 + 10):\($0 < 10 ? "0" : "")\($0):00;\($0 % 9 == 0 ? "-9999" : "1.00\($0 % 7),5")\n" }.joined()
    let table = try place.write("a.csv", ("time;y\n" + rows).utf8)
    let trained = try Program.run(["train", "forecast", table, "-o", place.path("m"), "--sentinel", "-9999", "--split", "rest/5/20"] + Self.small.filter { $0 != "--quiet" })
    #expect(trained.code == 0 && trained.errors.contains("7 values are -9999 and count as missing"), "\(trained.errors)")
    // Nothing here tells what a point is.
    let later = try place.write("b.csv", ("time;y\n" + rows.replacing(",5", with: "")).utf8)
    let forecast = try Program.run(["forecast", place.path("m"), later, "--levels", "0.5"])
    let median = Double(forecast.text.split(separator: "\n").last?.split(separator: ",").last ?? "") ?? 0
    #expect(forecast.code == 0 && (900..<1100).contains(median), "\(forecast.text) \(forecast.errors)")
    let report = try Program.run(["evaluate", place.path("m"), later, "--json", "--split", "rest/0/20"])
    let naive = try #require((try json(report)["forecasters"] as? [[String: Any]])?.first { $0["name"] as? String == "naive" })
    #expect((naive["figures"] as? [String: Double])?["mae"].map { (1..<3).contains($0) } == true, "\(report.text)")
    let other = try place.write("c.csv", ("time;y\n" + rows.replacing(".", with: "").replacing(",", with: ".")).utf8)
    let refused = try Program.run(["forecast", place.path("m"), other])
    #expect(refused.code == 65 && refused.errors.contains("with a decimal point, but the decimal mark is the comma"), "\(refused.errors)")
    #expect(try Program.run(["forecast", place.path("m"), other, "--decimal", "point"]).code == 0)
    #expect(try Program.run(["forecast", place.path("m"), other, "--decimal", "point", "--thousands", "point"]).code == 64)
  }

  @Test func shortSeriesAreLeftOutWithAWarning() throws {
    let place = try Workplace()
    let rows = (0..<60).map { "a,\($0 % 7)\n" } + (0..<5).map { "b,\($0)\n" } + (0..<60).map { "c,\($0 % 5)\n" }
    let table = try place.write("t.csv", ("id,y\n" + rows.joined()).utf8)
    let options = ["--series-column", "id", "--split", "rest/5/20"]
    let trained = try Program.run(["train", "forecast", table, "-o", place.path("m")] + options + Self.small.filter { $0 != "--quiet" })
    let said = "warning   the series ‘b’ has 5 steps, too few for the parts rest/"
    #expect(trained.code == 0 && trained.errors.contains(said + "5/20, and is left out"), "\(trained.errors)")
    let report = try Program.run(["evaluate", place.path("m"), table, "--split", "rest/0/20"])
    #expect(report.code == 0 && report.errors.contains(said + "0/20, and is left out"), "\(report.errors)")
    let forecast = try Program.run(["forecast", place.path("m"), table, "--back", "6"])
    #expect(forecast.code == 0 && forecast.errors.contains("the series ‘b’ has 5 steps: a forecast can't begin 6 before its end, and it is left out"))
    #expect(forecast.text.split(separator: "\n").count == 3)
    #expect(try Program.run(["forecast", place.path("m"), table, "--back", "6", "--series", "b"]).code == 64)
  }
}

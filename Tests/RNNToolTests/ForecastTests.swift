import Foundation
import RNNTasks
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Series: trained, predicted and measured as a user does.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct ForecastTests {
  /// A day's wave with a drift, every hour, with a variable known ahead that moves it and one that doesn't.
  private static func table(_ rows: Range<Int>, targets: Range<Int>? = nil) -> String {
    var text = "time,load,holiday,noise\n"
    for row in rows {
      let (day, hour) = (1 + row / 24, row % 24)
      let holiday = day % 5 == 0 ? 1 : 0
      let load = 100 + Int(40 * sin(Double(hour) / 24 * 2 * .pi)) + row / 20 - 15 * holiday + row * 7919 % 7
      let isKnown = targets?.contains(row) ?? true
      text += "2021-03-\(day < 10 ? "0" : "")\(day) \(hour < 10 ? "0" : "")\(hour):00,\(isKnown ? "\(load)" : ""),\(holiday),\(isKnown ? "\(row * 31 % 11)" : "")\n"
    }
    return text
  }

  /// The bytes of a small model, trained once: 480 hours, of which it has seen 400.
  private static let trained = Result<[UInt8], any Error> {
    let place = try Workplace()
    let data = try place.write("load.csv", table(0..<480).utf8)
    let result = try Program.run([
      "train", "forecast", data, "-o", place.path("m"), "--target-column", "load", "--known-column", "holiday", "--past-column", "noise", "--horizon", "6",
      "--context", "48", "--split", "350/50/80", "--steps", "60", "--hidden", "16", "--quiet",
    ])
    #expect(result.code == 0, "\(result.errors)")
    return try place.bytes("m")
  }

  private func place() throws -> (Workplace, model: String, data: String) {
    let place = try Workplace()
    return (place, try place.write("m.safetensors", Self.trained.get()), try place.write("load.csv", Self.table(0..<480).utf8))
  }

  private func json(_ result: Program.Result) throws -> [String: Any] {
    #expect(result.code == 0, "\(result.errors)")
    return try #require(JSONSerialization.jsonObject(with: result.output) as? [String: Any])
  }

  @Test func forecastsAreTables() throws {
    let (place, model, data) = try place()
    let result = try Program.run(["forecast", model, data, "--back", "6"])
    #expect(result.code == 0, "\(result.errors)")
    let lines = result.text.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    #expect(lines[0].joined(separator: ",") == "series,target,time,q0.025,q0.1,q0.25,q0.5,q0.75,q0.9,q0.975,actual")
    #expect(lines.count == 7 && lines[1][..<3].joined(separator: " ") == "load load 2021-03-20 18:00")
    for line in lines.dropFirst() {
      let quantiles = try line[3..<10].map { try #require(Float($0)) }
      #expect(quantiles == quantiles.sorted() && Float(line[10]) != nil)
    }
    let cut = try place.write("cut.csv", Self.table(0..<480, targets: 0..<477).utf8)
    let document = try json(Program.run(["forecast", model, cut, "--back", "3", "--json", "--levels", "0.1,0.9"]))
    let forecast = try #require((document["forecasts"] as? [[String: Any]])?.first)
    #expect((forecast["times"] as? [String])?.count == 6 && (forecast["median"] as? [Double])?.count == 6)
    #expect((forecast["quantiles"] as? [String: [Double]])?.keys.sorted() == ["0.1", "0.9"])
    #expect((forecast["actual"] as? [Any])?.compactMap { $0 as? Double }.count == 3, "three of the steps have come")
  }

  @Test func theFutureIsNotRead() throws {
    let (place, model, data) = try place()
    // Rows that say what is known ahead, and nothing of the rest.
    let cut = try place.write("cut.csv", Self.table(0..<480, targets: 0..<470).utf8)
    func quantiles(_ arguments: [String]) throws -> [String] {
      let result = try Program.run(["forecast", model] + arguments)
      #expect(result.code == 0, "\(result.errors)")
      return result.text.split(separator: "\n").dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false)[2..<10].joined(separator: ",") }
    }
    #expect(try quantiles([data, "--back", "10"]) == quantiles([cut]))
  }

  @Test func pictures() throws {
    let (place, model, data) = try place()
    let plot = place.path("plot.svg")
    #expect(try Program.run(["forecast", model, data, "--back", "6", "--plot", plot]).code == 0)
    let text = String(decoding: try place.bytes("plot.svg"), as: UTF8.self)
    #expect(text.hasPrefix("<svg ") && text.hasSuffix("</svg>\n") && text.components(separatedBy: "<polygon").count == 4 && text.components(separatedBy: "<polyline").count == 4)
    #expect(!text.contains("nan") && !text.contains("inf"))
    #expect(XMLParser(data: Data(text.utf8)).parse())
    #expect(try Program.run(["forecast", model, data, "--back", "6", "--plot", place.path("none/p.svg")]).code == 73)
  }

  @Test func evaluationIsHonest() throws {
    let (place, model, data) = try place()
    let result = try Program.run(["evaluate", model, data])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.text.hasPrefix("measured  75 forecasts, each of 6 steps, a new one every step: 450 values\n"), "what it hasn't seen")
    for words in ["naive", "seasonal naive", "linear", "mean of |y − ŷ|", "the model is better than naive:", "in 80%", "MASE, m = 24", "before the measured part, m = 24, or 1"] { #expect(result.text.contains(words), "\(words)") }
    let document = try json(Program.run(["evaluate", model, data, "--json", "--split", "300/0/180", "--stride", "6"]))
    #expect(document["windows"] as? Int == 30 && document["beats_naive"] as? Bool == true)
    #expect(document["mase_m"] as? Int == 24 && (document["definitions"] as? [String: String])?["mase"]?.contains("m = 24") == true)
    #expect((document["warnings"] as? [String])?.contains { $0.hasPrefix("leak: 100 of the 180 measured steps were seen in training, up to 2021-03-17 15:00") } == true)
    let forecasters = try #require(document["forecasters"] as? [[String: Any]])
    #expect(forecasters.compactMap { $0["name"] as? String } == ["gru", "naive", "seasonal naive", "linear"])
    let figures = try #require(forecasters[0]["figures"] as? [String: Double])
    #expect(figures["mae"] != nil && figures["coverage80"] != nil && (forecasters[0]["steps"] as? [String: [Double]])?["rmse"]?.count == 6)
    // A test part in a file of its own.
    let (first, rest) = (try place.write("first.csv", Self.table(0..<400).utf8), try place.write("rest.csv", Self.table(400..<480).utf8))
    let split = try json(Program.run(["evaluate", model, first, "--test-file", rest, "--json"]))
    #expect(split["windows"] as? Int == 75 && (split["warnings"] as? [String])?.isEmpty == true)
  }

  /// An exploding linear rule is held within the range of the series, and the report says so.
  @Test func explosionsAreLimited() throws {
    let place = try Workplace(), model = place.path("m")
    let data = try place.write("doubling.csv", ("x\n" + (0..<60).map { "\(1 << $0)\n" }.joined()).utf8)
    let training = try Program.run([
      "train", "forecast", data, "-o", model, "--log", "--horizon", "5", "--context", "4", "--hidden", "4", "--split", "35/5/20", "--steps", "1", "--quiet",
    ])
    #expect(training.code == 0, "\(training.errors)")
    let result = try Program.run(["evaluate", model, data, "--split", "35/5/20"])
    #expect(result.code == 0 && result.text.contains("; 16 of 16 forecasts were limited to what the series had before, widened by its range"), "\(result.text)")
    #expect(result.text.contains("MASE, m = 1") && !result.text.contains("or 1 in a series"))
    let document = try json(Program.run(["evaluate", model, data, "--split", "35/5/20", "--json"]))
    #expect((document["forecasters"] as? [[String: Any]])?.compactMap { $0["limited"] as? Int } == [0, 0, 16])
  }

  @Test func aWalkIsNotPredictable() throws {
    let place = try Workplace()
    var value = 1000, state: UInt64 = 88_172_645_463_325_252
    let walk = (0..<300).map { _ -> String in
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      value += (state >> 40 & 0xFFFF).nonzeroBitCount - 8
      return "\(value)"
    }
    let data = try place.write("walk.csv", ("price\n" + walk.joined(separator: "\n") + "\n").utf8), model = place.path("m")
    #expect(try Program.run(["train", "forecast", data, "-o", model, "--split", "150/50/100", "--steps", "30", "--hidden", "8", "--quiet"]).code == 0)
    let result = try Program.run(["evaluate", model, data])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.text.contains("the model does not beat naive: mean absolute error"), "\(result.text)")
    #expect(result.text.contains("It does not beat who says that nothing changes"))
    #expect(try json(Program.run(["evaluate", model, data, "--json"]))["beats_naive"] as? Bool == false)
  }

  @Test func badInput() throws {
    let (place, model, data) = try place()
    func expect(_ arguments: [String], _ code: Int32, _ words: String..., location: SourceLocation = #_sourceLocation) throws {
      let result = try Program.run(arguments)
      #expect(result.code == code, "\(arguments): \(result.errors)", sourceLocation: location)
      #expect(result.errors.hasPrefix("rnn: ") && result.errors.filter { $0 == "\n" }.count == 1 && result.output.isEmpty, "\(result.errors)", sourceLocation: location)
      for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: location) }
    }
    func file(_ text: String, _ name: String = "bad.csv") throws -> String { try place.write(name, text.utf8) }
    let head = "time,load,holiday,noise\n2021-03-01 00:00,1,0,0\n2021-03-01 01:00,2,0,0\n"
    for command in ["forecast", "evaluate"] {
      try expect([command, model, place.path("none.csv")], 66, "no such file")
      try expect([command, model, place.folder.path], 66, "is a directory")
      try expect([command, model, try file("")], 65, "bad.csv is empty")
      try expect([command, model, try file("a,b\n1,2\n")], 65, "there is no column ‘time’; found ‘a’, ‘b’")
      try expect([command, model, try file(head + "2021-03-01 02:00,x,0,0\n")], 65, "bad.csv, line 4, column 2 (‘load’): found ‘x’, expected a number")
      try expect([command, model, try file(head + "2021-03-01 02:00,1,0\n")], 65, "bad.csv, line 4: found 3 fields separated by commas, expected 4")
      try expect([command, model, try file(head + "2021-03-01 01:00,1,0,0\n")], 65, "line 4: found 2021-03-01 01:00 a second time, first on line 3")
      try expect([command, model, try file(head + "2021-03-01 02:30,1,0,0\n")], 65, "line 4: found 2021-03-01 02:30, which isn't a whole number of steps of 1 hour")
    }
    try expect(["forecast", model, data], 65, "to predict 6 steps from 2021-03-21 00:00 on, holiday must be known")
    try expect(["forecast", model, data, "--back", "480"], 64, "480 before its end")
    try expect(["forecast", model, data, "--back", "6", "--series", "other"], 64, "there is no series ‘other’; found ‘load’")
    try expect(["forecast", model, data, "--back", "6", "--levels", "0.001,0.5"], 64, "the model tells quantiles from 0.025 to 0.975, and --levels has 0.001")
    try expect(["forecast", model, data, "--back", "6", "--levels", "0.1,x"], 64, "found ‘x’ in --levels")
    try expect(["forecast", model, data, "--back", "9", "--horizon", "9"], 64, "6 steps")
    try expect(["evaluate", model, try file(Self.table(0..<400), "seen.csv")], 65, "has seen all of")
    try expect(["evaluate", model, data, "--split", "400/75/5"], 65, "the measured part has 5 steps")
    try expect(["evaluate", model, data, "--split", "400/70/50"], 65, "too few for the parts 400/70/50")
    try expect(["evaluate", model, data, "--rows", "2"], 64, "is a model of series")
    try expect(["evaluate", try place.model("text.safetensors"), data, "--horizon", "2"], 64, "is a model of text")
    try expect(["forecast", try place.model("text.safetensors"), data], 65, "expected “forecast”")
    for arguments in [["forecast", model], ["forecast", model, data, "--horizon", "0"], ["forecast", model, data, "--back=-1"], ["evaluate", model, data, "--split", "1/2"]] {
      #expect(try Program.run(arguments).code == 64, "\(arguments)")
    }
    // Fewer steps than the context are enough to say something.
    let short = try file(Self.table(0..<12, targets: 0..<6), "short.csv")
    #expect(try Program.run(["forecast", model, short]).code == 0)
  }
}

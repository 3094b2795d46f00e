import Foundation
import RNNTasks
import RNNTraining
import Testing

@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct ForecastTrainingTests {
  /// Two waves and a third that drives them, by the hour.
  private static let table = "time,load,price,wind\n" + (0..<300).map { step in
    let (day, hour) = (step / 24 + 1, step % 24)
    func wave(_ period: Double, _ phase: Double) -> String { HumanFormat.fixed(10 + 3 * sin(2 * .pi * (Double(step) / period + phase)), 3) }
    let load = step == 50 ? "NA" : wave(24, 0)
    return "2024-01-\(day < 10 ? "0" : "")\(day) \(hour < 10 ? "0" : "")\(hour):00:00,\(load),\(wave(24, 0.2)),\(wave(17, 0))\n"
  }.joined()

  private static let small = ["--hidden", "8", "--windows", "64", "--batch", "16", "--quiet"]

  @Test(arguments: ["direct", "recurrent"]) func trainsSaysWhatItFoundAndReports(_ kind: String) throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    let loud = Self.small.filter { $0 != "--quiet" }
    let result = try Program.run(
      ["train", "forecast", table, "-o", place.path("m"), "--target-column", "load,price", "--past-column", "wind", "--horizon", "6", "--kind", kind,
        "--epochs", "2", "--json"] + loud)
    #expect(result.code == 0, "\(result.errors)")
    for text in ["load, price; known now: wind; a step every 1 hour, a season every 24", "2 channels", kind, "and a linear function", "validation"] {
      #expect(result.errors.contains(text), "\(text): \(result.errors)")
    }
    let values = try json(result)
    for key in ["parameters", "steps", "epochs", "seconds", "windows", "best_step", "validation_loss", "context", "horizon"] {
      #expect(values[key] is NSNumber, "\(key)")
    }
    #expect(values["kind"] as? String == kind && values["head"] as? String == "quantiles")
    #expect(place.names == ["m", "t.csv"])
    let inspected = try json(try Program.run(["inspect", place.path("m"), "--json"]))
    #expect(inspected["task"] as? String == "forecast" && inspected["targets"] as? [String] == ["load", "price"] && inspected["past"] as? [String] == ["wind"])
    #expect((inspected["notes"] as? [String: String])?["training part"]?.hasPrefix("2024-01-01") == true)
    let shown = try Program.run(["inspect", place.path("m")]).text
    #expect(shown.contains("forecast: load, price") && shown.contains("a step") || shown.contains("every 1 hour"))
    let verified = try Program.run(["verify", place.path("m")])
    #expect(verified.code == 0 && verified.text.contains("any future = any other"), "\(verified.text)")
  }

  /// A command to measure with is offered where there is something to measure on.
  @Test func whatComesNext() throws {
    let place = try Workplace()
    let train = ["train", "forecast", try place.write("t.csv", Self.table.utf8), "--target-column", "load", "--steps", "1", "-o", place.path("m")] + Self.small
    #expect(try Program.run(train).text.hasSuffix("rnn forecast \(place.path("m"))\n"))
    #expect(try Program.run(train + ["--split", "rest/20/30", "--fresh"]).text.hasSuffix("rnn forecast \(place.path("m")), rnn evaluate \(place.path("m"))\n"))
  }

  @Test func resumesToTheSameBits() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    let common = ["train", "forecast", table, "--target-column", "price", "--steps", "600", "--checkpoint-every", "0.01s"] + Self.small
    #expect(try Program.run(common + ["-o", place.path("whole")]).code == 0)
    let run = try Program.start(common.filter { $0 != "--quiet" } + ["-o", place.path("parts")])
    run.wait(for: "step")
    run.process.interrupt()
    let stopped = try run.finish()
    guard stopped.code == 130 else {
      #expect(stopped.code == 0, "\(stopped.errors)")
      return
    }
    #expect(try Program.run(common + ["-o", place.path("parts")]).code == 64, "an unfinished run is there")
    #expect(try Program.run(common + ["-o", place.path("parts"), "--resume"]).code == 0)
    #expect(try place.bytes("parts") == place.bytes("whole"))
  }

  @Test func everyHeadAndScalingTrains() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    for (head, scaling) in [("student-t", "instance"), ("gaussian", "mean"), ("mae", "none"), ("mse", "standard"), ("quantiles", "instance")] {
      let result = try Program.run(
        ["train", "forecast", table, "-o", place.path("m"), "--target-column", "load", "--known-column", "wind", "--head", head, "--scaling", scaling,
          "--log", "--steps", "3", "--fresh"] + Self.small)
      #expect(result.code == 0 && result.text.contains("of \(head) on scaled values"), "\(head): \(result.errors)")
    }
  }

  @Test func badArgumentsAreSaid() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    for (arguments, code, message) in [
      (["--lags", "1-x"], 64, "found ‘1-x’ in --lags"), (["--lags", "7-1"], 64, "found ‘7-1’ in --lags"), (["--lags", "0"], 64, "in --lags"),
      (["--levels", "0.1,much"], 64, "found ‘much’ in --levels"), (["--levels", "0.1,0.9"], 64, "the median (0.5) must be among"),
      (["--levels", "0.5", "--head", "mae"], 64, "--levels are those of quantiles"), (["--horizon", "0"], 64, "from 1 to 65536"), (["--missing", "1e300"], 64, "from -1e100 to 1e100"),
      (["--horizon", "400"], 65, "too few"), (["--kind", "direct", "--lags", "1"], 64, "lags are for a recurrent model"),
      (["--kind", "recurrent", "--segment", "2"], 64, "segments are for a direct model"), (["--split", "all"], 64, "--split"),
      (["--kind", "direct", "--horizon", "6", "--segment", "999"], 64, "a segment has from 1 step"), (["--projection", "3"], 64, "no projected state"),
      (["--dropout", "1"], 64, "from 0 to below 1"), (["--hidden", "0"], 64, "from 1 to 1048576"), (["--batch", "0"], 64, "from 1 to 1048576"),
    ] {
      // The last of an option that is given twice counts.
      let result = try Program.run(["train", "forecast", table, "-o", place.path("m"), "--target-column", "price"] + Self.small + arguments)
      #expect(result.code == Int32(code) && result.errors.contains(message), "\(arguments): \(result.code) \(result.errors)")
    }
    let same = try Program.run(["train", "forecast", table, "-o", table, "--target-column", "price"])
    #expect(same.code == 64 && same.errors.contains("is a file to read"))
    #expect(try Program.run(["train", "forecast", place.path("none.csv"), "-o", place.path("m")]).code == 66)
    #expect(place.names == ["t.csv"])
  }

  /// A file in which something was changed by hand is refused, whatever it is.
  @Test func damagedModelsAreRefused() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    let result = try Program.run(["train", "forecast", table, "-o", place.path("m"), "--target-column", "load,price", "--steps", "2"] + Self.small)
    #expect(result.code == 0, "\(result.errors)")
    let whole = try Safetensors(bytes: place.bytes("m"))
    func refused(_ message: String, _ change: (inout Safetensors) -> Void) throws {
      var file = whole
      change(&file)
      let path = try place.write("changed", file.bytes())
      let result = try Program.run(["inspect", path])
      #expect(result.code == 65 && result.errors.contains(message), "\(message): \(result.code) \(result.errors)")
    }
    try refused("output.weight is missing") { $0.entries["output.weight"] = nil }
    try refused("there is no “variables”") { $0.metadata["variables"] = nil }
    try refused("the “scaler” in its metadata can't be read") { $0.metadata["scaler"] = "{}" }
    try refused("the scaler in its metadata doesn't fit") { $0.metadata["scaler"] = #"{"channels":{},"isLog":false,"kind":"standard","known":[],"others":[],"past":[]}"# }
    try refused("“hidden” is -8, expected a whole number from 1") { $0.metadata["architecture"] = $0.metadata["architecture"]?.replacing("\"hidden\":8", with: "\"hidden\":-8") }
    try refused("has the shape") { $0.metadata["architecture"] = $0.metadata["architecture"]?.replacing("\"hidden\":8", with: "\"hidden\":9") }
    try refused("lags are numbers") { $0.metadata["architecture"] = $0.metadata["architecture"]?.replacing("\"lags\":[1,", with: "\"lags\":[0,") }
  }
}

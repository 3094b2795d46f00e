import Foundation
import RNNTasks
import Testing

@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct GenerationTests {
  @Test func savedStateContinuesToTheSameBytes() throws {
    let place = try Workplace()
    let model = try place.model(), state = place.path("state")
    let options = ["--seed", "7", "--temperature", "1.2", "--top-k", "40"]
    let whole = try Program.run(["generate", model, "--prompt", "the ", "--length", "300"] + options)
    // Every cut, those in the middle of a character included.
    for cut in Array(0..<30) + [299, 300] {
      let first = try Program.run(["generate", model, "--prompt", "the ", "--length", "\(cut)", "--save-state", state] + options)
      let second = try Program.run(
        ["generate", model, "--length", "\(300 - cut)", "--state", state] + options.dropFirst(2))
      #expect(first.code == 0 && second.code == 0, "\(first.errors) \(second.errors)")
      #expect(first.output + second.output == whole.output, "cut at \(cut)")
    }
  }

  @Test func isValidUTF8AtAnyTemperature() throws {
    let place = try Workplace()
    let model = try place.model()
    for (seed, temperature) in zip(1..., ["0", "0.5", "1", "3", "100"]) {
      let result = try Program.run(["generate", model, "--length", "2000", "--seed", "\(seed)", "--temperature", temperature])
      #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(String(validating: Array(result.output), as: UTF8.self) != nil, "temperature \(temperature)")
    }
  }

  @Test func promptsNeverSeen() throws {
    let place = try Workplace()
    let characters = place.path("characters")
    #expect(try Program.run(["train", "generate", place.text(), "-o", characters, "--tokens", "characters", "--steps", "2"] + tiny).code == 0)
    for model in [try place.model(), characters] {
      let result = try Program.run(["generate", model, "--prompt", "ŽΩ\u{1}Q漢", "--length", "20"])
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.text.hasPrefix("ŽΩ\u{1}Q漢"))
      #expect(String(validating: Array(result.output), as: UTF8.self) != nil)
    }
  }

  @Test func stopsBeforeTheStopString() throws {
    let place = try Workplace()
    let model = try place.model()
    let free = try Program.run(["generate", model, "--length", "400", "--temperature", "0"])
    #expect(free.text.contains("o"))
    let stopped = try Program.run(["generate", model, "--length", "400", "--temperature", "0", "--stop", "o"])
    #expect(stopped.text == free.text.prefix { $0 != "o" })
  }

  @Test func brokenPipeEndsSilently() throws {
    let place = try Workplace()
    let pipe = Pipe()
    let running = try Program.start(["generate", place.model(), "--length", "100000000"], output: pipe.fileHandleForWriting)
    try pipe.fileHandleForWriting.close()
    #expect(try pipe.fileHandleForReading.read(upToCount: 10)?.count == 10)
    try pipe.fileHandleForReading.close()
    let result = try running.finish()
    #expect(result.code == 0, "\(result.code)")
    #expect(result.errors.isEmpty, "\(result.errors)")
  }

  @Test func fullStandardOutput() throws {
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }
    let place = try Workplace()
    let result = try Program.run(["generate", place.model(), "--length", "10"], output: full)
    #expect(result.code == 74 && result.errors.contains("standard output"), "\(result.errors)")
  }

  @Test func evaluationKnowsItsUnits() throws {
    let place = try Workplace()
    let model = try place.model()
    let result = try Program.run(["evaluate", model, place.text(), "--json"])
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let json = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    func number(_ key: String) throws -> Double { try #require(json[key] as? Double, "\(key)") }
    let bytes = Workplace.text.utf8.count - 1, characters = Workplace.text.unicodeScalars.count - 1
    #expect(try number("bytes") == Double(bytes))
    #expect(try number("tokens") == Double(bytes))
    #expect(try number("characters") == Double(characters))
    let nats = try number("nats_per_token") * Double(bytes)
    #expect(abs(try number("nats_per_character") * Double(characters) - nats) < 1e-6 * nats)
    #expect(abs(try number("bits_per_byte") * Double(bytes) * 0.6931471805599453 - nats) < 1e-6 * nats)
    #expect(abs(try number("bits_per_character") * 0.6931471805599453 / number("nats_per_character") - 1) < 1e-9)
    #expect(abs(try number("perplexity") - exp(nats / Double(bytes))) < 1e-6)
    let people = try Program.run(["evaluate", model, place.path("text.txt"), "--quiet"])
    #expect(people.code == 0 && people.errors.isEmpty)
    for word in ["nats per character", "bits per byte", "perplexity", "exp(nats per token)", "exact"] { #expect(people.text.contains(word), "\(word)") }
  }

  @Test func verifyAndInspect() throws {
    let place = try Workplace()
    let model = try place.model()
    let verified = try Program.run(["verify", model, "--json"])
    let json = try #require(try JSONSerialization.jsonObject(with: verified.output) as? [String: Any])
    #expect(verified.code == 0 && json["passed"] as? Bool == true)
    let rows = try #require(json["rows"] as? [[String: Any]])
    for name in ["derivative = finite differences", "whole = stepwise", "saved = loaded", "session = whole text"] {
      #expect(rows.contains { $0["name"] as? String == name && $0["passed"] as? Bool == true }, "\(name)")
    }
    let inspected = try Program.run(["inspect", model, "--json"])
    let description = try #require(try JSONSerialization.jsonObject(with: inspected.output) as? [String: Any])
    #expect(description["hidden"] as? Int == 24)
    #expect((description["equations"] as? String)?.contains("tanh") == true)
    // Where a model was trained is nobody's business.
    let notes = try #require(description["notes"] as? [String: String])
    #expect(notes["trained on"]?.contains("text.txt") == true)
    #expect(!notes.values.contains { $0.contains("/") }, "\(notes)")
  }
}

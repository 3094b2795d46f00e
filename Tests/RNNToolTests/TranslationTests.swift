import Foundation
import RNNTasks
import RNNTensor
import RNNTraining
import Testing

@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct TranslationTests {
  /// Sentences and, turned round, their translations.
  private static let pairs: [(source: String, target: String)] = {
    var random = Philox(seed: 12)
    return (0..<300).map { _ in
      let words = (0..<1 + random.next() % 3).map { _ in random.next() % 6 }
      return (words.map { "wort\($0)" }.joined(separator: " "), words.reversed().map { "word\($0)" }.joined(separator: " "))
    }
  }()
  private static let table = pairs.map { "\($0.source)\t\($0.target)\n" }.joined()

  private static let small = [
    "--tokens", "words", "--hidden", "24", "--embedding", "16", "--batch", "12", "--learning-rate", "0.01", "--dropout", "0", "--quiet",
  ]

  /// A model that has learnt it.
  private static let trained = Result<[UInt8], any Error> {
    let place = try Workplace()
    let result = try Program.run(["train", "translate", place.write("t.tsv", table.utf8), "-o", place.path("m"), "--steps", "600"] + small)
    #expect(result.code == 0, "\(result.errors)")
    return try place.bytes("m")
  }

  private func model(_ place: Workplace) throws -> String { try place.write("m.safetensors", Self.trained.get()) }

  @Test func trainsSaysWhatItFoundAndReports() throws {
    let place = try Workplace()
    let source = try place.write("a", Self.pairs.map { $0.source + "\n" }.joined().utf8)
    let target = try place.write("b", Self.pairs.map { $0.target + "\n" }.joined().utf8)
    let loud = Self.small.filter { $0 != "--quiet" }
    let result = try Program.run(
      ["train", "translate", "--source", source, "--target", target, "-o", place.path("m"), "--epochs", "2", "--json", "--validation-part", "0.2"] + loud)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("line by line") && result.errors.contains("pairs for training") && result.errors.contains("BLEU"))
    let values = try json(result)
    for key in ["bleu", "nats_per_token", "parameters", "steps", "tokens", "best_step"] { #expect(values[key] is NSNumber, "\(key)") }
    #expect(place.names == ["a", "b", "m"])
    let inspected = try json(try Program.run(["inspect", place.path("m"), "--json"]))
    #expect(inspected["task"] as? String == "translate" && inspected["attention"] as? String == "general")
    #expect(try Program.run(["inspect", place.path("m")]).text.contains("input feeding"))
    let verified = try Program.run(["verify", place.path("m")])
    #expect(verified.code == 0 && verified.text.contains("whole = steps") && verified.text.contains("padded = alone"), "\(verified.text)")
  }

  @Test func translatesLinesInOrder() throws {
    let place = try Workplace()
    let model = try model(place)
    let lines = "wort1 wort4\n\nwort3\nunbekannt\nwort0 wort5\n"
    let result = try Program.run(["translate", model], input: lines)
    #expect(result.code == 0, "\(result.errors)")
    let found = result.text.components(separatedBy: "\n")
    #expect(found.count == 6 && found[0] == "word4 word1" && found[1] == "" && found[2] == "word3" && found[4] == "word5 word0" && found[5] == "")
    #expect(try Program.run(["translate", model, place.write("lines", lines.utf8)]).text == result.text)
    #expect(try Program.run(["translate", model, "--beam", "1"], input: lines).text.hasPrefix("word4 word1\n"))

    let best = try Program.run(["translate", model, "--best", "3"], input: "wort1 wort4\nwort3\n").text.split(separator: "\n")
    #expect(best.count == 6 && best[0].hasPrefix("1\t") && best[0].hasSuffix("\tword4 word1") && best[3].hasPrefix("2\t"))
    let drawn = ["translate", model, "--sample", "--temperature", "3", "--seed", "7"]
    #expect(try Program.run(drawn, input: lines).text == Program.run(drawn, input: lines).text)

    let line = try Program.run(["translate", model, "--json"], input: "wort3\n")
    let value = try json(line), translations = try #require(value["translations"] as? [[String: Any]])
    #expect(value["source"] as? String == "wort3" && translations[0]["text"] as? String == "word3")
    let logProbability = try #require(translations[0]["log_probability"] as? Double)

    let scored = try Program.run(["translate", model, "--score", place.write("p.tsv", "wort3\tword3\nwort3\tword5\n".utf8)])
    let scores = scored.text.split(separator: "\n").map { $0.split(separator: "\t").compactMap { Double($0) } }
    #expect(scores.count == 2 && abs(scores[0][0] - logProbability) < 1e-3 && scores[0][1] == 1 && scores[1][0] < scores[0][0], "\(scored.text)")
  }

  @Test func savedInTheMiddleAndContinued() throws {
    let place = try Workplace()
    let model = try model(place), state = place.path("state"), sentence = "wort1 wort4 wort0\n"
    for way in [["--beam", "1"], ["--sample", "--temperature", "2", "--seed", "5"]] {
      let whole = try Program.run(["translate", model] + way, input: sentence)
      let words = whole.text.split(separator: " ").count
      #expect(whole.code == 0 && words > 1, "\(whole.text)\(whole.errors)")
      for cut in 0...words {
        let first = try Program.run(["translate", model, "--length", "\(cut)", "--save-state", state] + way, input: sentence)
        #expect(first.code == 0 && whole.text.hasPrefix(first.text.dropLast()) && first.text.split(separator: " ").count <= max(cut, 1))
        let going = way.filter { $0 != "--seed" && $0 != "5" }
        let second = try Program.run(["translate", model, "--state", state] + going)
        #expect(second.output == whole.output, "cut at \(cut): \(second.text)\(second.errors)")
      }
    }
    for (arguments, code, words) in [
      (["--save-state", state], 64, "--beam 1"), (["--state", model, "--beam", "1"], 65, "not a saved state"),
      (["--state", state, "--beam", "1", state], 64, "has its sentence"), (["--state", state, "--beam", "1", "--json"], 64, "whole translations"),
      (["--save-state", place.path("no/state"), "--beam", "1"], 73, "there is no directory"),
      (["--length", "2", "--beam", "1", try place.write("two", "a\nb\n".utf8)], 64, "second line"),
      (["--length", "2", "--beam", "1", try place.write("none", [])], 65, "no line"),
    ] as [([String], Int32, String)] {
      let result = try Program.run(["translate", model] + arguments)
      #expect(result.code == code && result.errors.contains(words), "\(arguments): \(result.code) \(result.errors)")
    }
  }

  @Test func drawsTheAlignment() throws {
    let place = try Workplace()
    let result = try Program.run(["translate", model(place), "--attention", place.path("a.svg")], input: "wort1 wort4\n")
    #expect(result.code == 0 && result.text == "word4 word1\n", "\(result.errors)")
    let svg = String(decoding: try place.bytes("a.svg"), as: UTF8.self)
    #expect(svg.hasPrefix("<svg") && svg.contains("wort4</text>") && svg.contains("word1</text>"))
    // A row for each token and the end, a column for each word.
    #expect(svg.components(separatedBy: "fill-opacity").count - 1 == 6)
  }

  @Test func evaluates() throws {
    let place = try Workplace()
    let model = try model(place), table = try place.write("t.tsv", Self.table.utf8)
    let result = try Program.run(["evaluate", model, table])
    #expect(result.code == 0 && result.text.contains("BLEU|") && result.text.contains("chrF2|"), "\(result.text)\(result.errors)")
    let values = try json(try Program.run(["evaluate", model, table, "--json", "--beam", "1"]))
    #expect(try #require(values["chrf2"] as? Double) > 80 && values["bleu"] is NSNumber && values["sentences"] as? Int == 300)
  }

  @Test func badInput() throws {
    let place = try Workplace()
    let a = try place.write("a", "eins\nzwei\n".utf8), b = try place.write("b", "one\n".utf8)
    let model = try model(place)
    func failed(_ arguments: [String], _ code: Int32, _ words: String, input: String? = nil) throws {
      let result = try Program.run(arguments, input: input)
      #expect(result.code == code && result.errors.contains(words), "\(arguments): \(result.code) \(result.errors)")
    }
    try failed(["train", "translate", "--source", a, "--target", b, "-o", place.path("m")], 65, "line 2")
    try failed(["train", "translate", "--source", a, "-o", place.path("m")], 64, "--source and --target go together")
    try failed(["train", "translate", "-o", place.path("m")], 64, "name a table")
    try failed(["train", "translate", place.path("none"), "-o", place.path("m")], 66, "none")
    try failed(["train", "translate", try place.write("few", "a\tb\n".utf8), "-o", place.path("m")], 65, "expected at least")
    let table = try place.write("t.tsv", Self.table.utf8), long = try place.write("long.tsv", "wort1\tword1 word2 word3\n".utf8)
    try failed(["train", "translate", table, "--valid", long, "--tokens", "words", "--longest", "2", "-o", place.path("m")], 65, "long.tsv: found no pair to measure on")
    try failed(["translate", model, "--beam", "2", "--best", "3"], 64, "at most as many")
    try failed(["translate", model, "--temperature", "2"], 64, "--sample")
    try failed(["translate", model, "--source", a], 64, "--score")
    try failed(["classify", model], 65, "for the task “translate”")
    try failed(["translate", try place.write("x", "abc".utf8)], 65, "x")
    try failed(["evaluate", model, "--rows", "2", a], 64, "--rows is for models of text")
    // A very long line, and bytes that are no UTF-8: translated all the same.
    let line = String(repeating: "wort1 ", count: 3000) + "\n"
    let result = try Program.run(["translate", model, "--beam", "1", "--max-length", "20"], input: line + "wort3\n")
    #expect(result.code == 0 && result.text.hasSuffix("\nword3\n"), "\(result.errors)")
    let bytes = try place.write("bytes", [0xC3, 0x20, 0xFF, 0x20] + Array("wort3\nwort3\n".utf8))
    #expect(try Program.run(["translate", model, bytes]).text.hasSuffix("\nword3\n"))
    try failed(["translate", model, try place.write("utf16", [0xFF, 0xFE, 0x41, 0x00])], 65, "UTF-16")
    #expect(!place.names.contains("m"))
  }
}

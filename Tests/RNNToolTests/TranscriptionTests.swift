import Foundation
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct TranscriptionTests {
  private static let texts = ToneClips.texts(120)
  private static let small = [
    "--bands", "12", "--hidden", "24", "--batch", "8", "--learning-rate", "0.02", "--dropout", "0", "--no-augmentation", "--quiet",
  ]

  /// A model that has learnt tones, and can hear streams.
  private static let trained = Result<[UInt8], any Error> {
    let place = try Workplace()
    try ToneClips.write(texts) { _ = try place.write($0, $1) }
    let result = try Program.run(
      ["train", "transcribe", place.path("clips.tsv"), "-o", place.path("m"), "--steps", "400", "--no-bidirectional"] + small)
    #expect(result.code == 0, "\(result.errors)")
    return try place.bytes("m")
  }

  private func model(_ place: Workplace) throws -> String { try place.write("m.safetensors", Self.trained.get()) }

  @Test func trainsSaysWhatItFoundAndReports() throws {
    let place = try Workplace()
    try ToneClips.write(Array(Self.texts.prefix(24))) { _ = try place.write($0, $1) }
    _ = try place.write("short.wav", ToneClips.wav(ToneClips.samples("a")))
    var list = String(decoding: try place.bytes("clips.tsv"), as: UTF8.self)
    list += "short.wav\t\(String(repeating: "ab", count: 40))\n"
    _ = try place.write("clips.tsv", list.utf8)
    let loud = Self.small.filter { $0 != "--quiet" && $0 != "--no-augmentation" }
    let result = try Program.run(["train", "transcribe", place.path("clips.tsv"), "-o", place.path("m"), "--epochs", "2", "--json", "--validation-part", "0.2"] + loud)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("clips in column 1, text in column 2") && result.errors.contains("root-mel of 12 bands at 8000 Hz, clips levelled"))
    #expect(result.errors.contains("WER") && result.errors.contains("1 clip is too short for its text and left out:"))
    #expect(result.errors.contains("clips.tsv, line 25: 7 rows"), "\(result.errors)")
    let values = try json(result)
    for key in ["wer", "cer", "nats_per_token", "parameters", "steps", "rows", "best_step"] { #expect(values[key] is NSNumber, "\(key)") }
    let inspected = try json(try Program.run(["inspect", place.path("m"), "--json"]))
    #expect(inspected["task"] as? String == "transcribe" && inspected["stacking"] as? Int == 3)
    #expect(try Program.run(["inspect", place.path("m")]).text.contains("both directions"))
    let verified = try Program.run(["verify", place.path("m")])
    #expect(verified.code == 0 && verified.text.contains("padded = alone"), "\(verified.text)")
    let strict = try Program.run(["train", "transcribe", place.path("clips.tsv"), "-o", place.path("n"), "--epochs", "1", "--unalignable", "error", "--validation-part", "0"] + Self.small)
    #expect(strict.code == 65 && strict.errors.contains("clips.tsv, line 25"))
  }

  @Test func transcribesClipsInOrder() throws {
    let place = try Workplace()
    let model = try model(place), texts = ["ab", "dd c", "", "bca"]
    try ToneClips.write(texts) { _ = try place.write($0, $1) }
    let files = texts.indices.map { place.path("clips.tsv-\($0).wav") }
    let result = try Program.run(["transcribe", model] + files)
    #expect(result.code == 0, "\(result.errors)")
    let lines = result.text.components(separatedBy: "\n")
    #expect(lines.count == 5 && lines[0] == "ab" && lines[2] == "", "\(lines)")
    #expect(try Program.run(["transcribe", model, "--list", place.path("clips.tsv")]).text == result.text)
    // A recorder that was stopped: said, and transcribed.
    let cut = try place.write("cut.wav", place.bytes("clips.tsv-0.wav").dropLast(3))
    let odd = try Program.run(["transcribe", model, cut])
    #expect(odd.code == 0 && odd.text == "ab\n" && odd.errors.contains("cut.wav: the header promises"), "\(odd.errors)")
    _ = try place.write("no-texts.tsv", texts.indices.map { "clips.tsv-\($0).wav\n" }.joined().utf8)
    #expect(try Program.run(["transcribe", model, "--list", place.path("no-texts.tsv")]).text == result.text)
    #expect(try Program.run(["transcribe", model, "--greedy"] + files).text.hasPrefix("ab\n"))

    let best = try Program.run(["transcribe", model, "--best", "2", "--beam", "8"] + files).text.split(separator: "\n")
    #expect(best.count >= 7 && best[0].hasPrefix("1\t") && best[0].hasSuffix("\tab") && best[1].hasPrefix("1\t"), "\(best)")
    let described = try Program.run(["transcribe", model, "--json"] + files).text.split(separator: "\n")
    #expect(described.count == 4)
    let first = try #require(try JSONSerialization.jsonObject(with: Data(described[0].utf8)) as? [String: Any])
    #expect(first["clip"] as? String == files[0])
    let transcript = try #require((first["transcripts"] as? [[String: Any]])?.first)
    let word = try #require((transcript["words"] as? [[String: Any]])?.first)
    #expect(transcript["text"] as? String == "ab" && word["text"] as? String == "ab")
    let begin = try #require(word["begin"] as? Double), end = try #require(word["end"] as? Double), sure = try #require(word["confidence"] as? Double)
    // Two tones of 60 ms with 30 ms of silence behind each.
    #expect(begin >= 0 && begin < end && end <= 0.21 && sure > 0 && sure <= 1)
  }

  @Test func goodClipsAreAnsweredBesideBadOnes() throws {
    let place = try Workplace()
    let model = try model(place)
    try ToneClips.write(["ab", "bca"]) { _ = try place.write($0, $1) }
    let (first, second) = (place.path("clips.tsv-0.wav"), place.path("clips.tsv-1.wav"))
    let fake = try place.write("fake.wav", "Dear Sir or Madam".utf8)
    let mixed = try Program.run(["transcribe", model, first, fake, second, place.path("none.wav")])
    #expect(mixed.code == 65 && mixed.text == "ab\n\nbca\n\n", "\(mixed.text)")
    #expect(mixed.errors.contains("found text, ‘Dear Sir") && mixed.errors.contains("no such file") && mixed.errors.contains("2 of 4 clips can't be read"))
    let lines = try Program.run(["transcribe", model, first, fake, "--json"]).text.split(separator: "\n")
    #expect(lines.count == 2 && lines[0].contains("\"transcripts\":[{\"text\":\"ab\"") && lines[1].contains("\"error\":\""), "\(lines)")
    _ = try place.write("list.tsv", "clips.tsv-0.wav\nnone.wav\nclips.tsv-1.wav\n".utf8)
    let listed = try Program.run(["transcribe", model, "--list", place.path("list.tsv")])
    #expect(listed.code == 66 && listed.text == "ab\n\nbca\n" && listed.errors.contains("list.tsv, line 2: no such file"), "\(listed.errors)")
    // One alone has one message.
    let alone = try Program.run(["transcribe", model, fake])
    #expect(alone.code == 65 && alone.text.isEmpty && alone.errors.split(separator: "\n").count == 1, "\(alone.errors)")
  }

  @Test func standardInputAndChannels() throws {
    let place = try Workplace()
    let model = try model(place)
    _ = try place.write("a.wav", ToneClips.wav(ToneClips.samples("ab")))
    let piped = try Program.run(["transcribe", model, "-"], reading: place.path("a.wav"))
    #expect(piped.code == 0 && piped.text == "ab\n", "\(piped.errors)")
    #expect(try Program.run(["transcribe", model, "-", "-"], reading: place.path("a.wav")).code == 64)
    #expect(try Program.run(["transcribe", model, place.path("a.wav"), "--channel", "1"]).text == "ab\n")
    let second = try Program.run(["transcribe", model, place.path("a.wav"), "--channel", "2"])
    #expect(second.code == 65 && second.errors.contains("found 1 channel, expected a channel 2"), "\(second.errors)")
  }

  @Test("A stream's transcript is the whole sound's, and a saved state goes on to it")
  func streams() throws {
    let place = try Workplace()
    let model = try model(place)
    let samples = ToneClips.samples("abc")
    let bytes = samples.flatMap { [UInt8(truncatingIfNeeded: Int($0)), UInt8(truncatingIfNeeded: Int($0) >> 8)] }
    _ = try place.write("a.wav", ToneClips.wav(samples))
    _ = try place.write("a.raw", bytes)
    _ = try place.write("1.raw", bytes[..<1000])
    _ = try place.write("2.raw", bytes[1000...])
    func stream(_ file: String, _ arguments: String...) throws -> Program.Result {
      try Program.run(["transcribe", model, "--stream"] + arguments, reading: place.path(file))
    }
    let whole = try Program.run(["transcribe", model, place.path("a.wav")])
    let streamed = try stream("a.raw", "--rate", "8000")
    #expect(streamed.code == 0 && streamed.text.hasSuffix(whole.text), "\(streamed.text) \(streamed.errors)")
    let saved = try stream("1.raw", "--rate", "8000", "--save-state", place.path("s"))
    #expect(saved.code == 0, "\(saved.errors)")
    #expect(try stream("2.raw", "--state", place.path("s")).text.hasSuffix(whole.text))
    let described = try stream("a.raw", "--rate", "8000", "--json").text.split(separator: "\n")
    #expect(described.last?.hasPrefix("{\"is_final\":true,\"transcripts\":[{\"text\":") == true)
    #expect(try stream("2.raw", "--state", model).code == 65)
    #expect(try stream("a.wav", "--rate", "8000").code == 65)
  }

  @Test func measures() throws {
    let place = try Workplace()
    let model = try model(place)
    try ToneClips.write(["ab", "dd c", "bca"]) { _ = try place.write($0, $1) }
    _ = try place.write("wrong.tsv", "clips.tsv-0.wav\tab d\nclips.tsv-2.wav\tbca\n".utf8)
    let values = try json(try Program.run(["evaluate", model, place.path("clips.tsv"), "--json"]))
    for key in ["wer", "cer", "real_time_factor", "seconds"] { #expect(values[key] is NSNumber, "\(key)") }
    #expect(values["words"] as? Int == 4 && values["clips"] as? Int == 3)
    let streamed = try json(try Program.run(["evaluate", model, place.path("clips.tsv"), "--stream", "--json"]))
    #expect(streamed["wer"] as? Double == values["wer"] as? Double && streamed["latency_p99"] is NSNumber, "\(streamed)")
    let wrong = try Program.run(["evaluate", model, place.path("wrong.tsv"), "--greedy"])
    #expect(wrong.text.contains("WER") && wrong.text.contains("wrong.tsv, line 1\n  said     ab d\n  written  ab *\n"), "\(wrong.text)")
    #expect(try Program.run(["evaluate", model, place.path("clips.tsv"), "--beam", "4"]).text.contains("a beam of 4"))
  }

  @Test func aLanguageModelHelps() throws {
    let place = try Workplace()
    let model = try model(place)
    _ = try place.write("text", Self.texts.map { $0 + "\n" }.joined().utf8)
    let trained = try Program.run(["train", "generate", place.path("text"), "-o", place.path("lm"), "--steps", "40"] + tiny + ["--quiet"])
    #expect(trained.code == 0, "\(trained.errors)")
    try ToneClips.write(["ab"]) { _ = try place.write($0, $1) }
    let result = try Program.run(["transcribe", model, place.path("clips.tsv-0.wav"), "--lm", place.path("lm"), "--lm-weight", "0.1"])
    #expect(result.code == 0 && result.text == "ab\n", "\(result.text) \(result.errors)")
    #expect(try Program.run(["transcribe", model, place.path("clips.tsv-0.wav"), "--lm", model]).code == 65)

    let evaluate = ["evaluate", model, place.path("clips.tsv"), "--lm", place.path("lm"), "--json"]
    let tuned = try json(try Program.run(evaluate + ["--tune"]))
    let weight = try #require(tuned["language_model_weight"] as? Double), bonus = try #require(tuned["length_bonus"] as? Double)
    let given = try json(try Program.run(evaluate + ["--lm-weight", "\(weight)", "--length-bonus=\(bonus)"]))
    #expect(given["wer"] as? Double == tuned["wer"] as? Double && tuned["wer"] as? Double == 0)
    let both = try Program.run(evaluate + ["--tune", "--lm-weight", "1"])
    #expect(both.code == 64 && both.errors.contains("--tune finds --lm-weight"))
    let greedy = try Program.run(["evaluate", model, place.path("clips.tsv"), "--greedy", "--tune"])
    #expect(greedy.code == 64 && greedy.errors.contains("no weight to tune"))
  }

  @Test func badInputEndsWithAMessage() throws {
    let place = try Workplace()
    let model = try model(place), text = try place.text(), other = try place.model()
    let good = try place.write("a.wav", ToneClips.wav(ToneClips.samples("ab")))
    let fake = try place.write("fake.wav", "Dear Sir or Madam".utf8)
    let list = try place.write("missing.tsv", "a.wav\tab\nb.wav\tba\n".utf8)
    let both = place.path("both")
    try ToneClips.write(["ab", "ba", "c", "d"]) { _ = try place.write($0, $1) }
    let clips = place.path("clips.tsv")
    #expect(try Program.run(["train", "transcribe", clips, "-o", both, "--steps", "1"] + Self.small).code == 0)
    for (arguments, code, message) in [
      (["transcribe", model], 64, "name a file"), (["transcribe", model, place.path("none.wav")], 66, "none.wav"),
      (["transcribe", model, fake], 65, "found text, ‘Dear Sir"), (["transcribe", model, "--list", list], 66, "missing.tsv, line 2: no such file"),
      (["transcribe", other, good], 65, "a model for the task “generate”"), (["transcribe", text, good], 65, "text.txt"),
      (["transcribe", model, good, "--beam", "0"], 64, "beam"), (["transcribe", model, good, "--greedy", "--beam", "4"], 64, "--greedy"),
      (["transcribe", model, good, "--rate", "8000"], 64, "--stream"), (["transcribe", model, "--stream"], 64, "--rate"),
      (["transcribe", model, good, "--stream", "--rate", "8000"], 64, "standard input"), (["transcribe", model, good, "--folder", "x"], 64, "--list"),
      (["transcribe", both, "--stream", "--rate", "8000"], 64, "--no-bidirectional"),
      (["train", "transcribe", list, "-o", place.path("n")], 65, "line 2"), (["train", "transcribe", text, "-o", place.path("n")], 65, "text.txt"),
      (["train", "transcribe", clips, "-o", clips], 64, "a file to read"),
      (["train", "transcribe", clips, "-o", place.path("n"), "--coefficients", "12"], 64, "mfcc"),
      (["train", "transcribe", clips, "-o", place.path("n"), "--row-size", "12"], 64, "files of rows"),
      (["train", "transcribe", clips, "-o", place.path("n"), "--embedding", "12"], 64, "--embedding"),
      (["train", "transcribe", clips, "-o", place.path("n"), "--rate", "10"], 64, "'--rate <n>'"),
      (["evaluate", model, list], 65, "line 2"), (["evaluate", model, clips, "--rows", "3"], 64, "transcriber"),
      (["evaluate", other, text, "--folder", "x"], 64, "transcribers"), (["evaluate", model, clips, "--horizon", "3"], 64, "series"),
    ] {
      let result = try Program.run(arguments, input: "")
      #expect(result.code == code && result.errors.contains(message), "\(arguments.dropFirst()): \(result.code) \(result.errors)")
      #expect(!place.names.contains("n"))
    }
  }
}

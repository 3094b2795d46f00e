import Foundation
import RNNTasks
import Testing

/// `--tokens words`, as a user runs it.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct WordTests {
  private let words = tiny + ["--tokens", "words"]

  @Test func trainedResumedInspectedVerifiedEvaluated() throws {
    let place = try Workplace()
    let text = try place.text(), model = place.path("m")
    let arguments = ["train", "generate", text, "--vocabulary", "10", "-o", model, "--epochs", "3"] + words
    let trained = try Program.run(arguments)
    #expect(trained.code == 0 && trained.errors.contains("8 words, the line end"), "\(trained.errors)")
    #expect(trained.text.contains("perplexity"), "\(trained.text)")
    let again = try Program.run(arguments + ["--resume"])
    #expect(again.code == 0 && again.errors.contains("is finished"), "\(again.errors)")

    #expect(try Program.run(["verify", model]).code == 0)
    #expect(try Program.run(["inspect", model]).text.contains("8 words, the line end, and one token for any other word"))

    let result = try Program.run(["evaluate", model, text, "--json"])
    let json = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    // 60 lines of 12 words and an end, all but the first token; 3 words of each line have no token.
    #expect(json["tokens"] as? Int == 60 * 13 - 1)
    #expect(json["unknown"] as? Int == 60 * 3)
    #expect(json["bytes"] as? Int == Workplace.text.utf8.count - 3)
    let nats = try #require(json["nats_per_token"] as? Double), perplexity = try #require(json["perplexity"] as? Double)
    #expect(abs(perplexity - exp(nats)) < 1e-6 * perplexity)
    #expect(try Program.run(["evaluate", model, text]).text.contains("per word"))

    let generated = try Program.run(["generate", model, "--prompt", "the unseen", "--length", "30"])
    #expect(generated.code == 0 && generated.text.hasPrefix("the unseen") && !generated.text.contains("<unk>"), "\(generated.text)")
    #expect(!generated.text.contains("  "))
  }

  @Test func savedStatesContinue() throws {
    let place = try Workplace()
    let model = place.path("m"), state = place.path("state")
    #expect(try Program.run(["train", "generate", place.text(), "-o", model, "--steps", "20", "--quiet"] + words).code == 0)
    let whole = try Program.run(["generate", model, "--prompt", "the ", "--length", "30"])
    for cut in 0...30 {
      let first = try Program.run(["generate", model, "--prompt", "the ", "--length", "\(cut)", "--save-state", state])
      let second = try Program.run(["generate", model, "--length", "\(30 - cut)", "--state", state])
      #expect(first.output + second.output == whole.output, "cut at \(cut)")
    }
  }

  @Test func usage() throws {
    let place = try Workplace()
    let text = try place.text(), model = place.path("m")
    for (options, words) in [
      (["--vocabulary", "100"], "for words"), (["--tokens", "words", "--vocabulary", "2"], "a vocabulary of 2 can't be"),
      (["--tokens", "characters", "--vocabulary", "100"], "for words"),
    ] {
      let result = try Program.run(["train", "generate", text, "-o", model] + options)
      #expect(result.code == 64 && result.errors.contains(words), "\(options): \(result.errors)")
    }
    let latin = try place.write("latin.txt", String(repeating: "abc ", count: 100).utf8 + [0xE9, 0x20])
    let result = try Program.run(["train", "generate", latin, "-o", model, "--tokens", "words"])
    #expect(result.code == 65 && result.errors.contains("latin.txt is not UTF-8: byte 400"), "\(result.errors)")
    #expect(place.names == ["latin.txt", "text.txt"])
  }
}

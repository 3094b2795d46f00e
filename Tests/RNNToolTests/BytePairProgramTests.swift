import Foundation
import RNNData
import RNNTasks
import Testing

/// `--tokens bpe:…`, as a user runs it.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct BytePairProgramTests {
  private let pairs = tiny + ["--tokens", "bpe:300"]

  @Test func trainedResumedInspectedVerifiedEvaluated() throws {
    let place = try Workplace()
    let text = try place.text(), model = place.path("m")
    let arguments = ["train", "generate", text, "-o", model, "--epochs", "2"] + pairs
    let trained = try Program.run(arguments)
    #expect(trained.code == 0 && trained.errors.contains("tokens of byte-pair encoding"), "\(trained.errors)")
    let again = try Program.run(arguments + ["--resume"])
    #expect(again.code == 0 && again.errors.contains("is finished"), "\(again.errors)")
    #expect(try Program.run(["verify", model]).code == 0)
    #expect(try Program.run(["inspect", model]).text.contains("tokens of byte-pair encoding"))

    let tokenizer = try LanguageModel(contentsOf: model).tokenizer
    let result = try Program.run(["evaluate", model, text, "--json"])
    let json = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    let tokens = tokenizer.encode(Workplace.text)
    #expect(tokenizer.kind == .bpe && (257...300).contains(tokenizer.count))
    #expect(json["tokens"] as? Int == tokens.count - 1)
    #expect(json["bytes"] as? Int == Workplace.text.utf8.count - tokenizer.decode(tokens[0]).count)
  }

  @Test func savedStatesContinue() throws {
    let place = try Workplace()
    let model = place.path("m"), state = place.path("state")
    // Characters of several bytes, so that a state is saved in the middle of one.
    let text = try place.write("t", Array(String(repeating: "füñf 狐🦊 jumps. ", count: 100).utf8))
    #expect(try Program.run(["train", "generate", text, "-o", model, "--steps", "20", "--quiet"] + pairs).code == 0)
    let whole = try Program.run(["generate", model, "--prompt", "f", "--length", "25", "--temperature", "3"])
    #expect(whole.code == 0 && !whole.text.contains("\u{FFFD}"), "\(whole.text)")
    for cut in [0, 1, 2, 3, 5, 8, 13, 25] {
      let first = try Program.run(["generate", model, "--prompt", "f", "--length", "\(cut)", "--temperature", "3", "--save-state", state])
      let second = try Program.run(["generate", model, "--length", "\(25 - cut)", "--temperature", "3", "--state", state])
      #expect(first.output + second.output == whole.output, "cut at \(cut)")
    }
  }

  /// Tokens from a file, in every command that trains on text; its own numbers, not those that the text would give.
  @Test func anExistingTokenizer() throws {
    let place = try Workplace()
    let tokenizer = try Tokenizer(
      bytePairsOf: TextCorpus(Array("the same fox, the other fox".utf8), name: "text"), vocabulary: 270)
    let file = try place.write("tokenizer.json", try #require(tokenizer.json).utf8)
    let table = try place.write("t.tsv", (0..<40).map { "the fox \($0)\tanother \($0 % 2)\n" }.joined().utf8)
    let small = ["--hidden", "8", "--embedding", "8", "--steps", "3", "--quiet", "--tokens", "bpe:\(file)"]
    for (task, input) in [("generate", try place.text()), ("classify", table), ("translate", table)] {
      let model = place.path(task)
      let result = try Program.run(["train", task, input, "-o", model] + small)
      #expect(result.code == 0, "\(task): \(result.errors)")
      switch task {
      case "generate": #expect(try LanguageModel(contentsOf: model).tokenizer == tokenizer)
      case "classify": #expect(try TextClassifier(contentsOf: model).tokenizer == tokenizer)
      default:
        let translator = try Translator(contentsOf: model)
        #expect(translator.source == tokenizer && translator.target == tokenizer)
      }
      let other = try place.write("other.json", Array(#"{"model":{"type":"WordPiece","vocab":{}},"normalizer":null}"#.utf8))
      for (options, code, words) in [
        (["--tokens", "bpe:\(other)"], 65, "WordPiece"), (["--tokens", "bpe:\(place.path("nowhere.json"))"], 66, "nowhere.json"),
        (["--tokens", "words:\(file)"], 64, "--tokens"), (["--tokens", "bpe:\(file)", "--vocabulary", "300"], 64, "--vocabulary 300"),
        (["--tokens", "bpe:\(file)", "-o", file], 64, "is a file to read"),
      ] as [([String], Int32, String)] {
        let result = try Program.run(["train", task, input] + (options.contains("-o") ? [] : ["-o", place.path("m")]) + options)
        #expect(result.code == code && result.errors.contains(words), "\(task) \(options): \(result.code) \(result.errors)")
      }
    }
    #expect(try place.bytes("tokenizer.json") == Array(try #require(tokenizer.json).utf8) && !place.names.contains("m"))
  }

  @Test func usage() throws {
    let place = try Workplace()
    let text = try place.text(), model = place.path("m")
    for (options, words) in [
      (["--tokens", "bpe:12"], "a vocabulary of 12 can't be: expected 256"), (["--tokens", "bpe:"], "--tokens"),
      (["--tokens", "pairs"], "--tokens"), (["--tokens", "bytes:300"], "is for words and bpe"),
      (["--tokens", "bpe:300", "--vocabulary", "400"], "two sizes"),
    ] {
      let result = try Program.run(["train", "generate", text, "-o", model] + options)
      #expect(result.code == 64 && result.errors.contains(words), "\(options): \(result.errors)")
    }
  }
}

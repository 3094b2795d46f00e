import Foundation
import RNNTraining
import Testing

/// Interrupted and finished runs go somewhere.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct ResumeTests {
  private static let settings = ["--hidden", "24", "--embedding", "8", "--batch", "4", "--sequence-length", "16", "--schedule", "constant", "--averaging", "0"]

  /// Stopped after some measurements.
  private func interrupted(_ place: Workplace, _ arguments: [String]) throws {
    let running = try Program.start(arguments + ["--steps", endless, "--checkpoint-every", "1h"])
    running.wait(for: "  best")
    kill(running.process.processIdentifier, SIGINT)
    let result = try running.finish()
    #expect(result.code == 130 && result.errors.contains("rnn generate \(place.path("m.checkpoint")) uses its best weights"), "\(result.errors)")
  }

  @Test func aCheckpointIsUsedLikeAModel() throws {
    let place = try Workplace()
    let text = try place.text(), checkpoint = place.path("m.checkpoint")
    try interrupted(place, ["train", "generate", text, "-o", place.path("m")] + Self.settings)
    let generated = try Program.run(["generate", checkpoint, "--length", "20", "--save-state", place.path("state")])
    #expect(generated.code == 0 && !generated.text.isEmpty, "\(generated.errors)")
    #expect(try Program.run(["generate", checkpoint, "--length", "20", "--state", place.path("state")]).code == 0)
    let measured = try json(Program.run(["evaluate", checkpoint, text, "--json"]))
    #expect((measured["bits_per_byte"] as? Double).map { $0 > 0 && $0 < 8 } == true)
    #expect(try Program.run(["verify", checkpoint]).code == 0)
    #expect(try Program.run(["train", "classify", try place.write("t.tsv", "a\tx\nb\ty\na\tx\nb\ty\n".utf8), "-o", place.path("c"), "--from", checkpoint, "--steps", "1"]).code == 0)

    let shown = try Program.run(["inspect", checkpoint])
    #expect(shown.text.firstMatch(of: #/checkpoint +after step \d+ of --steps 1000000000, in epoch \d+; best after step \d+, validation loss \d+\.\d+\n/#) != nil, "\(shown.text)")
    let found = try #require(try json(Program.run(["inspect", checkpoint, "--json"]))["checkpoint"] as? [String: Any])
    #expect((found["step"] as? Int ?? 0) > 0 && found["is_finished"] as? Bool == false && (found["best"] as? [String: Any])?["validation_loss"] is Double)

    let other = try Program.run(["classify", checkpoint], input: "a\n")
    #expect(other.code == 65 && other.errors.contains("m.checkpoint: it is a model for the task “generate”"), "\(other.errors)")
    // What an earlier version wrote has no model in it.
    let old = try place.model("old") { $0.metadata["format"] = "swift-rnn checkpoint 1" }
    for arguments in [["generate", old], ["inspect", old], ["verify", old]] {
      let result = try Program.run(arguments)
      #expect(result.code == 65 && result.errors.contains("another version of the program wrote this checkpoint"), "\(result.errors)")
    }
    _ = try place.write("m.checkpoint", place.bytes("old"))
    let resumed = try Program.run(["train", "generate", text, "-o", place.path("m"), "--resume"] + Self.settings)
    #expect(resumed.code == 65 && resumed.errors.contains("train anew (--fresh)"), "\(resumed.errors)")
  }

  /// Without progress, what becomes of the call is said all the same.
  @Test func aQuietRunSaysThatItBeginsAnew() throws {
    let place = try Workplace()
    let arguments = ["train", "generate", try place.text(), "-o", place.path("m"), "--steps", "2", "--resume", "--quiet"] + Self.settings
    let new = try Program.run(arguments)
    #expect(new.code == 0 && new.errors == "there is no checkpoint \(place.path("m.checkpoint")) to resume from: beginning anew\n", "\(new.errors)")
    let finished = try Program.run(arguments)
    #expect(finished.code == 0 && finished.errors.hasPrefix("\(place.path("m")) is finished: this very run wrote it"), "\(finished.errors)")
  }

  @Test func moreOfARun() throws {
    let place = try Workplace()
    let arguments = ["train", "generate", try place.text(), "-o", place.path("m"), "--json"] + Self.settings.dropLast(4)
    func run(_ more: String...) throws -> Program.Result { try Program.run(arguments + more) }
    #expect(try run("--steps", "5", "--keep-checkpoint").code == 0)
    #expect(place.names == ["m", "m.checkpoint", "text.txt"])
    let refused = try run("--steps", "9")
    #expect(refused.code == 64 && refused.errors.contains("--resume") && refused.errors.contains("--fresh"), "\(refused.errors)")
    let kept = try run("--steps", "9", "--resume")
    #expect(kept.code == 0 && kept.errors.contains("resumed at step 5, with --steps 9 instead of --steps 5\n"), "\(kept.errors)")
    #expect(kept.errors.contains("schedule  learning rate 0.0") && !kept.errors.contains("rise"), "\(kept.errors)")
    #expect(place.names == ["m", "text.txt"])

    let finished = try run("--steps", "200", "--resume")
    #expect(finished.code == 0 && finished.errors.contains("going on from the finished model, made in 9 steps, with --steps 200 instead of --steps 9"), "\(finished.errors)")
    #expect(finished.errors.contains("as if --steps 200 had been given at first, after a rise over 3 steps"), "\(finished.errors)")
    #expect(try json(finished)["steps"] as? Int == 200)
    let same = try run("--steps", "200", "--resume")
    #expect(same.code == 0 && same.errors.contains("is finished: this very run wrote it; a larger --steps goes on"), "\(same.errors)")
    let less = try run("--steps", "100", "--resume")
    #expect(less.code == 64 && less.errors.contains("--steps 100 leaves nothing to do: 200 steps of the run are done already"), "\(less.errors)")
    let otherwise = try run("--steps", "300", "--resume", "--hidden", "25")
    #expect(otherwise.code == 64 && otherwise.errors.contains("m: the model was made with --hidden 24, now --hidden is 25"), "\(otherwise.errors)")
    let shown = try Program.run(["inspect", place.path("m")])
    #expect(shown.text.contains("--steps 200 ") && shown.text.contains("--hidden 24"), "\(shown.text)")

    // A model of an earlier version says nothing of its run.
    _ = try place.model("m") { $0.metadata["note.run"] = "task:generate hidden:24" }
    let before = try place.bytes("m"), unknown = try run("--steps", "300", "--resume")
    #expect(unknown.code == 64 && unknown.errors.contains("doesn't say how it was trained"), "\(unknown.errors)")
    #expect(try place.bytes("m") == before)

    // Neither what is no model nor the model of another task is replaced.
    _ = try place.write("m", "a text".utf8)
    let other = try run("--steps", "300", "--resume")
    #expect(other.code == 64 && other.errors.contains("--resume can't go on with it"), "\(other.errors)")
    #expect(try place.bytes("m") == Array("a text".utf8))
  }
}

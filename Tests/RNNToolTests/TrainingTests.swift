import Foundation
import RNNTasks
import RNNTraining
import Testing

@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct TrainingTests {
  @Test func oneStepEndsWithAMeasuredModel() throws {
    let place = try Workplace()
    let result = try Program.run(["train", "generate", place.text(), "-o", place.path("m"), "--steps", "1", "--json"] + tiny)
    #expect(result.code == 0, "\(result.errors)")
    let json = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    #expect(json["steps"] as? Int == 1)
    #expect(json["best_step"] as? Int == 1)
    for key in ["nats_per_token", "nats_per_byte", "bits_per_byte", "nats_per_character", "parameters", "tokens", "seconds"] {
      #expect(json[key] is NSNumber, "\(key)")
    }
    #expect(try LanguageModel(contentsOf: place.path("m")).notes["validation"]?.contains("after step 1") == true)
    #expect(place.names == ["m", "text.txt"])
  }

  @Test func everyCellAndOptimizer() throws {
    let place = try Workplace()
    let text = try place.text(), model = place.path("m")
    let equations = try place.write("cell.txt", "h = tanh(Wxh x + Whh h + bh)\n".utf8)
    for cell in ["gru", "lstm-projection", "lstm-layer-norm", equations, "h = relu(Wxh x + Whh h + bh)"] {
      let result = try Program.run(["train", "generate", text, "-o", model, "--steps", "2", "--quiet", "--cell", cell] + tiny)
      #expect(result.code == 0, "\(cell): \(result.errors)")
      #expect(result.errors.isEmpty)
      let verified = try Program.run(["verify", model])
      #expect(verified.code == 0, "\(cell): \(verified.text) \(verified.errors)")
      #expect(try Program.run(["generate", model, "--length", "5"]).code == 0)
    }
    for options in [
      ["--optimizer", "sgd", "--momentum", "0.9"], ["--optimizer", "rmsprop"], ["--optimizer", "adam", "--weight-decay", "0.1"],
      ["--schedule", "plateau"], ["--schedule", "constant", "--clip", "0.5", "--averaging", "0"], ["--tokens", "characters", "--layers", "2"],
      ["--forget-bias", "1", "--orthogonal", "--dropout", "0.5"], ["--time", "0.2s"], ["--epochs", "1"],
    ] {
      let result = try Program.run(["train", "generate", text, "-o", model, "--quiet"] + (options.contains { $0 == "--time" || $0 == "--epochs" } ? [] : ["--steps", "2"]) + tiny + options)
      #expect(result.code == 0, "\(options): \(result.errors)")
    }
  }

  /// A model of pasted formulas has them in our own form, and is the built-in cell's model where they are that cell.
  @Test func pastedFormulasTrain() throws {
    let place = try Workplace()
    let text = try place.text()
    let formulas = #"\begin{aligned} h_t &= \tanh(W_{xh}x_t + W_{hh}h_{t-1} + b_h) \\ \hat{y}_t &= \mathrm{softmax}(W_{hy}h_t + b_y) \end{aligned}"#
    for (cell, model) in [(formulas, "pasted"), ("Elman", "named")] {
      let result = try Program.run(["train", "generate", text, "-o", place.path(model), "--steps", "2", "--quiet", "--cell", cell] + tiny)
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.errors.split(separator: "\n").count == (cell == formulas ? 1 : 0), "\(result.errors)")
    }
    #expect(try place.bytes("pasted") == place.bytes("named"))
    let own = #"h_t = \sigma(U x_t + V h_{t-1}) \odot h_{t-1} + b_h"#
    let result = try Program.run(["train", "generate", text, "-o", place.path("own"), "--steps", "2", "--quiet", "--cell", own] + tiny)
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(try Program.run(["inspect", place.path("own")]).text.contains("  h_t = sigmoid(U x_t + V h_{t-1}) ⊙ h_{t-1} + b_h\n"))
    #expect(try Program.run(["verify", place.path("own")]).code == 0)
  }

  @Test func standardInputTrainsButCannotBeResumed() throws {
    let place = try Workplace()
    let result = try Program.run(["train", "generate", "-", "-o", place.path("m"), "--steps", "2"] + tiny, input: Workplace.text)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("can't be resumed"))
  }

  @Test func oneThreadAndTwoGiveTheSameModel() throws {
    let place = try Workplace()
    let text = try place.text()
    for threads in [1, 2] {
      let result = try Program.run(
        ["train", "generate", text, "-o", place.path("m\(threads)"), "--steps", "30", "--dropout", "0.2", "--threads", "\(threads)", "--hidden", "40", "--batch", "6"])
      #expect(result.code == 0, "\(result.errors)")
    }
    #expect(try place.bytes("m1") == place.bytes("m2"))
  }

  /// Twenty thousand steps in as little memory as the program says it needs, and in as much as it likes.
  @Test func littleMemoryGivesTheSameModel() throws {
    let place = try Workplace()
    let text = try place.write("long.txt", String(repeating: Workplace.text, count: 10).utf8)
    let arguments = [
      "train", "generate", text, "--cell", "gru", "--hidden", "32", "--embedding", "8", "--layers", "2", "--dropout", "0.2",
      "--batch", "1", "--sequence-length", "20000", "--steps", "2", "--json", "--threads", "2",
    ]
    let plain = try Program.run(arguments + ["-o", place.path("plain")])
    #expect(plain.code == 0, "\(plain.errors)")
    let refused = try Program.run(arguments + ["-o", place.path("m"), "--memory", "10MB"])
    #expect(refused.code == 64 && refused.errors.contains("10 MB of memory are too little"), "\(refused.errors)")
    let needed = try #require(refused.errors.firstMatch(of: #/it needs (\d+) MB/#)?.1)
    let result = try Program.run(arguments + ["-o", place.path("m"), "--memory", "\(needed)MB"])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("in segments of at most "), "\(result.errors)")
    #expect(try place.bytes("m") == place.bytes("plain"))

    func peak(_ result: Program.Result) throws -> Int? {
      try (JSONSerialization.jsonObject(with: result.output) as? [String: Any])?["peak_memory"] as? Int
    }
    if let all = try peak(plain), let little = try peak(result), let limit = Int(needed) {
      #expect(little <= limit * 1_000_000, "\(little) of \(limit) MB")
      #expect(2 * little < all, "\(little) and \(all)")
    }
    let again = try Program.run(arguments + ["-o", place.path("m"), "--memory", "2GB", "--resume"])
    #expect(again.code == 0 && again.errors.contains("is finished"), "\(again.errors)")
  }

  private let slow = ["--hidden", "64", "--embedding", "16", "--batch", "8", "--sequence-length", "32", "--dropout", "0.1", "--checkpoint-every", "0.01s"]

  @Test func killedAndResumedGivesTheSameModel() throws {
    let place = try Workplace()
    let text = try place.text()
    let arguments = ["train", "generate", text, "--epochs", "120"] + slow
    #expect(try Program.run(arguments + ["-o", place.path("whole")]).code == 0)
    var kills = 0, code: Int32 = -1
    // The moments differ from run to run: none may matter.
    while code != 0, kills < 100 {
      let running = try Program.start(arguments + ["-o", place.path("m"), "--resume"])
      usleep(.random(in: 30_000...150_000))
      if kills < 5 { kill(running.process.processIdentifier, SIGKILL) }
      let result = try running.finish()
      code = result.code
      #expect(code == 0 || code == 128 + SIGKILL, "\(result.errors)")
      if code != 0 { kills += 1 }
    }
    #expect(kills >= 3)
    #expect(try place.bytes("m") == place.bytes("whole"))
    let names = try FileManager.default.contentsOfDirectory(atPath: place.folder.path).sorted()
    #expect(names == ["m", "text.txt", "whole"], "nothing is left behind")

    let again = try Program.run(arguments + ["-o", place.path("m"), "--resume"])
    #expect(again.code == 0 && again.errors.contains("is finished"), "\(again.errors)")
    let others = try Program.run(arguments + ["-o", place.path("m"), "--resume", "--seed", "2"])
    #expect(others.code == 64 && others.errors.contains("the model was made with --seed 1, now --seed is 2"), "\(others.errors)")
    #expect(try place.bytes("m") == place.bytes("whole"))
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGXFSZ])
  func interrupted(_ signal: Int32) throws {
    let place = try Workplace()
    let text = try place.text()
    let model = try place.model("m"), before = try place.bytes("m")
    let arguments = ["train", "generate", text, "-o", model, "--steps", endless] + slow + ["--checkpoint-every", "1h"]
    let running = try Program.start(arguments)
    running.wait(for: "step 1/")
    kill(running.process.processIdentifier, signal)
    let result = try running.finish()
    #expect(result.code == 128 + signal, "\(result.errors)")
    #expect(result.errors.contains("--resume"), "\(result.errors)")
    #expect(try place.bytes("m") == before)
    #expect(place.names.contains("m.checkpoint"))
    let checkpoint = try place.bytes("m.checkpoint")

    // Not overwritten by a call that forgot about it, nor by one with other settings.
    let refused = try Program.run(arguments)
    #expect(refused.code == 64 && refused.errors.contains("--resume") && refused.errors.contains("--fresh"), "\(refused.errors)")
    for other in [["--hidden", "65"], ["--seed", "2"], ["--cell", "gru"], ["--learning-rate", "0.1"]] {
      let result = try Program.run(arguments + other + ["--resume"])
      #expect(result.code == 64 && result.errors.contains("m.checkpoint: the checkpoint was made with \(other[0]) "), "\(other): \(result.errors)")
    }
    #expect(try place.bytes("m.checkpoint") == checkpoint)
    #expect(try place.bytes("m") == before)

    _ = try place.write("m.checkpoint", checkpoint.dropLast(100))
    let damaged = try Program.run(arguments + ["--resume"])
    #expect(damaged.code == 65 && damaged.errors.contains("m.checkpoint"), "\(damaged.errors)")
    _ = try place.write("m.checkpoint", Workplace.model())
    let notOne = try Program.run(arguments + ["--resume"])
    #expect(notOne.code == 65 && notOne.errors.contains("not a checkpoint"), "\(notOne.errors)")
    #expect(try place.bytes("m") == before)
    // What isn't a checkpoint isn't removed.
    for start in [["--fresh"], []] {
      let result = try Program.run(arguments + start)
      #expect(result.code == 64 && result.errors.contains("m.checkpoint is not a checkpoint"), "\(result.errors)")
    }
    #expect(try place.bytes("m.checkpoint") == Workplace.model())
    _ = try place.write("m.checkpoint", checkpoint.dropLast(100))

    let fresh = try Program.run(["train", "generate", text, "-o", model, "--steps", "2", "--fresh"] + tiny)
    #expect(fresh.code == 0, "\(fresh.errors)")
    #expect(try place.bytes("m") != before)
    #expect(place.names == ["m", "text.txt"])
  }

  @Test func timeBeforeAnInterruptionCounts() throws {
    let place = try Workplace()
    let arguments = ["train", "generate", try place.text(), "-o", place.path("m"), "--time", "90s"] + slow
    let running = try Program.start(arguments)
    running.wait(for: "step 1/".replacing("/", with: ""))
    kill(running.process.processIdentifier, SIGINT)
    #expect(try running.finish().code == 130)
    // As if the run had used up its time before: one step later it is finished.
    var checkpoint = try Safetensors(contentsOf: place.path("m.checkpoint"))
    var state = try #require(try JSONSerialization.jsonObject(with: Data((checkpoint.metadata["state"] ?? "").utf8)) as? [String: Any])
    let steps = try #require(state["step"] as? Int)
    #expect(try #require(state["seconds"] as? Double) > 0)
    state["seconds"] = 1000.0
    checkpoint.metadata["state"] = String(decoding: try JSONSerialization.data(withJSONObject: state), as: UTF8.self)
    try checkpoint.write(to: place.path("m.checkpoint"))
    let result = try Program.run(arguments + ["--resume", "--json"])
    #expect(result.code == 0 && result.errors.contains("resumed at step"), "\(result.errors)")
    let json = try #require(try JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    #expect(json["steps"] as? Int == steps + 1)
    #expect(try #require(json["seconds"] as? Double) >= 1000)
  }

  @Test func twoRunsToOneFile() throws {
    let place = try Workplace()
    let arguments = ["train", "generate", try place.text(), "-o", place.path("m"), "--steps", endless] + slow
    let running = try Program.start(arguments)
    running.wait(for: "step 1/")
    let second = try Program.run(arguments)
    #expect(second.code == 73 && second.errors.contains("another run"), "\(second.errors)")
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.finish()
    // What a killed run leaves locks nobody out.
    #expect(try Program.run(["train", "generate", place.path("text.txt"), "-o", place.path("m"), "--steps", "1", "--fresh"] + tiny).code == 0)
  }

  /// A file system of 64 kB.
  @Test func fullDisk() throws {
    let place = try Workplace()
    let text = try place.text()
    try FileManager.default.createDirectory(atPath: place.path("small"), withIntermediateDirectories: true)
    guard try shell("mount -t tmpfs -o size=64k tmpfs '\(place.path("small"))' 2>/dev/null") else {
      print("no small file system can be mounted here (that needs root): a full disk is not tested")
      return
    }
    defer { _ = try? shell("umount '\(place.path("small"))'") }
    let model = place.path("small/m")
    #expect(try Program.run(["train", "generate", text, "-o", model, "--steps", "1", "--quiet"] + tiny).code == 0)
    let before = try place.bytes("small/m")
    let result = try Program.run(["train", "generate", text, "-o", model, "--steps", "1", "--hidden", "128", "--quiet"])
    #expect(result.code == 74 && result.errors.contains("No space left"), "\(result.code) \(result.errors)")
    #expect(try place.bytes("small/m") == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("small")) == ["m"])
  }

  private func shell(_ command: String) throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", command]
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}

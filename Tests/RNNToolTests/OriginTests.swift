import Foundation
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

/// `--from` of the commands that train.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct OriginTests {
  /// A task with data to start from and other data, which has something new.
  enum Task: String, CaseIterable {
    case generate, classify, translate, transcribe, forecast

    var training: [String] {
      let common = ["--hidden", "8", "--batch", "4", "--quiet"]
      return switch self {
      case .generate: common + ["--embedding", "6", "--tokens", "characters", "--sequence-length", "8"]
      case .classify: common + ["--embedding", "6"]
      case .translate: common + ["--embedding", "6", "--tokens", "words"]
      case .transcribe: common + ["--bands", "12", "--layers", "1"] + free
      case .forecast: common + ["--target-column", "load", "--past-column", "wind", "--horizon", "3", "--context", "12"]
      }
    }

    /// Options that only shape training.
    var free: [String] { self == .transcribe ? ["--no-augmentation"] : [] }

    /// Writes the old data, or the new, and gives the name of the file.
    func data(_ place: Workplace, isNew: Bool) throws -> String {
      let name = "\(isNew ? "new" : "old").tsv"
      switch self {
      case .generate: return try place.write(name, String(repeating: isNew ? "we saw a zebra\n" : "we saw a sheep\n", count: 60).utf8)
      case .classify:
        return try place.write(name, (0..<24).map { "\(["good", "bad", isNew ? "mixed" : "good"][$0 % 3])\tword\($0 % 5) \(isNew ? "new" : "old") film\n" }.joined().utf8)
      case .translate: return try place.write(name, (0..<24).map { "ein \(isNew && $0 < 9 ? "Zebra" : "Schaf")\ta \(isNew && $0 < 9 ? "zebra" : "sheep")\n" }.joined().utf8)
      case .transcribe:
        let texts = ToneClips.texts(12).map { isNew ? $0 : $0.replacing("d", with: "a") }
        try ToneClips.write(texts, list: name) { _ = try place.write($0, $1) }
        return place.path(name)
      case .forecast:
        return try place.write(name, ("time;load;wind\n" + (0..<90).map { "2024-01-\(10 + $0 / 24)T\($0 % 24 < 10 ? "0" : "")\($0 % 24):00;\($0 * (isNew ? 5 : 3) % 24),5;\($0 % 7)\n" }.joined()).utf8)
      }
    }

    /// An option that contradicts the model, and both values.
    var contradiction: (option: [String], asked: String, own: String) {
      switch self {
      case .generate: (["--tokens", "words"], "--tokens words", "--tokens characters")
      case .classify: (["--no-bidirectional"], "--no-bidirectional", "--bidirectional")
      case .translate: (["--attention", "dot"], "--attention dot", "--attention general")
      case .transcribe: (["--features", "log-mel"], "--features log-mel", "--features root-mel")
      case .forecast: (["--context", "13"], "--context 13", "--context 12")
      }
    }

    /// New items of the new data, as a remark.
    var new: String {
      switch self {
      case .generate: "3 new characters of the data"
      case .classify: "1 new label of the data; 1 new word of the data"
      case .translate: "1 new word of the sentences; 1 new word of the translations"
      case .transcribe: "1 new character of the data"
      case .forecast: "values are scaled as the new series need it"
      }
    }
  }

  private func expect(_ code: Int32, _ words: String, _ arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.code == code && result.errors.contains(words), "\(arguments): \(result.code) \(result.errors)")
  }

  @Test(arguments: Task.allCases) func startsFromAModel(_ task: Task) throws {
    let place = try Workplace(), base = place.path("base"), output = place.path("m")
    let (old, new) = (try task.data(place, isNew: false), try task.data(place, isNew: true))
    let first = try Program.run(["train", task.rawValue, old, "-o", base, "--steps", "2", "--cell", "gru"] + task.training)
    #expect(first.code == 0, "\(first.errors)")
    let before = try place.bytes("base")
    let train = ["train", task.rawValue, new, "-o", output, "--from", base] + task.free

    // Nothing of the model must be said again, and nothing that shapes training alone is its.
    let result = try Program.run(train + ["--steps", "3", "--batch", "3", "--learning-rate", "0.001", "--dropout", "0.1", "--seed", "5"])
    #expect(result.code == 0 && result.errors.contains("\nstart     ") && result.errors.contains(", base ("), "\(result.errors)")
    let shown = try Program.run(["inspect", output]).text
    #expect(shown.contains("started from") && shown.contains("--from 'base ("), "\(shown)")
    let finished = try Program.run(train + ["--steps", "3", "--batch", "3", "--learning-rate", "0.001", "--dropout", "0.1", "--seed", "5", "--resume"])
    #expect(finished.code == 0 && finished.errors.contains("is finished"), "\(finished.errors)")

    // What is the same may be said, what isn't may not.
    #expect(try Program.run(train + ["--cell", "gru", "--hidden", "8", "--steps", "1", "--fresh", "--quiet"]).code == 0)
    try expect(64, "--hidden 9 contradicts --from: that model has --hidden 8", train + ["--hidden", "9", "--fresh"])
    try expect(64, "--cell lstm contradicts --from: that model has --cell gru", train + ["--cell", "lstm", "--fresh"])
    let contradiction = task.contradiction
    try expect(64, "\(contradiction.asked) contradicts --from: that model has \(contradiction.own)", train + contradiction.option + ["--fresh"])

    // Another model is another run.
    _ = try place.write("copy", before)
    for (other, words) in [(["--from", place.path("copy")], "with --from base ("), ([], "with --from base (")] {
      try expect(64, words, ["train", task.rawValue, new, "-o", output, "--steps", "9", "--resume"] + task.training + ["--cell", "gru"] + other)
    }
    #expect(try place.bytes("base") == before)
    try expect(64, "is a file to read, and the model would be written over it", ["train", task.rawValue, new, "-o", base, "--from", base, "--steps", "1"])

    let extended = try Program.run(train + (task == .forecast ? [] : ["--extend"]) + ["--steps", "2", "--fresh"])
    #expect(extended.code == 0 && extended.errors.contains("); \(task.new)\n"), "\(extended.errors)")
    try expect(64, task == .forecast ? "Unknown option" : "--extend adds", ["train", task.rawValue, new, "-o", place.path("n"), "--extend"])
    #expect(place.names.filter { !$0.contains(".wav") } == ["base", "copy", "m", "new.tsv", "old.tsv"])
  }

  /// Of another task, of none, and a file that isn't there.
  @Test func whatTrainingCannotStartFrom() throws {
    let place = try Workplace()
    let model = try place.model("lm"), output = place.path("m")
    for task in Task.allCases where task != .generate && task != .classify {
      let data = try task.data(place, isNew: false)
      try expect(65, "lm: it is a model for the task “generate”, expected “\(task.rawValue)”", ["train", task.rawValue, data, "-o", output, "--from", model])
    }
    let pairs = try Task.translate.data(place, isNew: false), translator = place.path("translator")
    #expect(try Program.run(["train", "translate", pairs, "-o", translator, "--steps", "1"] + Task.translate.training).code == 0)
    try expect(
      65, "translator: it is a model for the task “translate”, expected “classify” or “generate”", ["train", "classify", pairs, "-o", output, "--from", translator])
    try expect(65, "translator: it is a model for the task “translate”, expected “generate”", ["train", "generate", pairs, "-o", output, "--from", translator])
    try expect(65, "not a model file", ["train", "generate", pairs, "-o", output, "--from", pairs])
    try expect(66, "none", ["train", "generate", pairs, "-o", output, "--from", place.path("none")])
    #expect(!place.names.contains("m"))
  }

  @Test func aTableThatTheModelDoesNotKnow() throws {
    let place = try Workplace(), base = place.path("base")
    let (old, new) = (try Task.forecast.data(place, isNew: false), try Task.forecast.data(place, isNew: true))
    #expect(try Program.run(["train", "forecast", old, "-o", base, "--steps", "1"] + Task.forecast.training).code == 0)
    let train = ["train", "forecast", new, "-o", place.path("m"), "--from", base, "--steps", "1"]
    try expect(64, "--frequency '30 minutes' contradicts --from: that model has --frequency '1 hour'", train + ["--frequency", "30min"])
    try expect(64, "--seasonality 12 contradicts --from: that model has --seasonality 24", train + ["--seasonality", "12"])
    let words = "contradicts --from: that model has --target-column load; if it is the same under another name, rename it in the first line of the table"
    try expect(64, "--target-column wind \(words)", train + ["--target-column", "wind", "--past-column", "load"])
    #expect(try Program.run(train + ["--frequency", "hour", "--seasonality", "24", "--target-column", "2"]).code == 0)
  }

  /// The best weights of a run that was stopped, with other data; and the run that starts from them is stopped and goes on.
  @Test func startsFromACheckpoint() throws {
    let place = try Workplace(), checkpoint = place.path("base.checkpoint")
    let (old, new) = (try Task.generate.data(place, isNew: false), try Task.generate.data(place, isNew: true))
    func stopped(_ arguments: [String]) throws {
      let running = try Program.start(["train", "generate"] + arguments + ["--checkpoint-every", "1h", "--steps", endless])
      running.wait(for: "  best")
      kill(running.process.processIdentifier, SIGINT)
      #expect(try running.finish().code == 130)
    }
    try stopped([old, "-o", place.path("base")] + Task.generate.training.filter { $0 != "--quiet" })
    #expect(place.names.contains("base.checkpoint") && !place.names.contains("base"))
    let train = [new, "-o", place.path("m"), "--from", checkpoint, "--extend", "--batch", "4"]
    try stopped(train)
    let model = try LanguageModel(contentsOf: checkpoint)
    try expect(64, "with --extend, now it is without", ["train", "generate"] + train.filter { $0 != "--extend" } + ["--resume", "--steps", endless])
    let step = try #require(try json(Program.run(["inspect", place.path("m.checkpoint"), "--json"]))["checkpoint"] as? [String: Any])["step"] as? Int ?? 0
    let rest = try Program.run(["train", "generate"] + train + ["--resume", "--steps", "\(step + 2)"])
    #expect(rest.code == 0 && rest.errors.contains("resumed at step \(step)"), "\(rest.errors)")
    #expect(try LanguageModel(contentsOf: place.path("m")).tokenizer.count == model.tokenizer.count + 3)
    try expect(64, "is a file to read", ["train", "generate", new, "-o", place.path("base"), "--from", checkpoint])
  }
}

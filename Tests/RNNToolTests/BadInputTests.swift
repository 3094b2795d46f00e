import Foundation
import RNNTasks
import RNNTensor
import RNNTraining
import Testing

@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct BadInputTests {
  /// The program ends with this code and one line that says these words.
  private func expect(
    _ arguments: [String], _ code: Int32, _ words: String..., input: String? = nil, location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Program.run(arguments, input: input)
    #expect(result.code == code, "\(arguments): \(result.errors)", sourceLocation: location)
    #expect(result.errors.hasPrefix("rnn: ") && result.errors.hasSuffix("\n"), "\(result.errors)", sourceLocation: location)
    #expect(result.errors.filter { $0 == "\n" }.count == 1, "\(result.errors)", sourceLocation: location)
    for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: location) }
    #expect(result.output.isEmpty, sourceLocation: location)
  }

  @Test func texts() throws {
    let place = try Workplace()
    let model = place.path("m.safetensors")
    let empty = try place.write("empty.txt", [])
    let short = try place.write("short.txt", "too short".utf8)
    let latin = try place.write("latin.txt", String(repeating: "abc", count: 100).utf8 + [0xE9, 0x20])
    try expect(["train", "generate", place.path("none.txt"), "-o", model], 66, "none.txt")
    try expect(["train", "generate", place.folder.path, "-o", model], 66, "is a directory")
    try expect(["train", "generate", empty, "-o", model], 65, "empty.txt is empty")
    try expect(["train", "generate", short, "-o", model], 65, "short.txt is too short")
    try expect(["train", "generate", latin, "-o", model, "--tokens", "characters"], 65, "latin.txt is not UTF-8", "byte 300")
    try expect(["train", "generate", "-", "-o", model], 65, "standard input is empty", input: "")
    try expect(["train", "generate", try place.text(), "--valid", empty, "-o", model], 65, "empty.txt is empty")
    #expect(place.names == ["empty.txt", "latin.txt", "short.txt", "text.txt"])
  }

  @Test func outputs() throws {
    let place = try Workplace()
    let text = try place.text()
    try expect(["train", "generate", text, "-o", place.path("none/m.safetensors")], 73, "there is no directory")
    try expect(["train", "generate", text, "-o", place.folder.path], 73, "is a directory")
    try expect(["train", "generate", text, "-o", text], 64, "must go to another one")
    let model = try place.model()
    try expect(["generate", model, "--save-state", place.path("none/state")], 73, "there is no directory")
    if getuid() != 0 {
      try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: place.folder.path)
      defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.folder.path) }
      try expect(["train", "generate", text, "-o", place.path("new.safetensors")], 73, "ermission denied")
    }
    #expect(try place.bytes("model.safetensors") == Workplace.model())
  }

  @Test func models() throws {
    let place = try Workplace()
    let text = try place.text()
    for command in [["generate"], ["verify"], ["inspect"]] {
      try expect(command + [place.path("none")], 66, "none")
      try expect(command + [place.folder.path], 66, "is a directory")
      try expect(command + [try place.write("empty", [])], 65, "empty")
      try expect(command + [try place.write("junk", (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) })], 65, "junk")
      try expect(command + [text], 65, "text.txt")
    }
    try expect(["evaluate", try place.write("junk", [1, 2, 3]), text], 65, "junk")
    let whole = try Workplace.model()
    for count in [1, 7, 8, 9, 100, whole.count / 2, whole.count - 1] {
      try expect(["generate", try place.write("cut", whole.prefix(count))], 65, "cut")
    }
    var huge = whole
    huge.replaceSubrange(0..<8, with: withUnsafeBytes(of: (1 << 60 as UInt64).littleEndian) { Array($0) })
    try expect(["generate", try place.write("huge", huge)], 65, "huge")
    let notNumbers = try place.model("nan") { file in
      let shape = file.entries["decoder.weight"]?.shape ?? []
      file.entries["decoder.weight"] = .float(Tensor(repeating: .nan, shape: shape))
    }
    try expect(["generate", notNumbers], 65, "nan: decoder.weight holds numbers that are not finite")
  }

  @Test func changedModels() throws {
    let place = try Workplace()
    func expect(_ words: String, location: SourceLocation = #_sourceLocation, _ change: (inout Safetensors) throws -> Void) throws {
      try self.expect(["inspect", try place.model("changed", change)], 65, "changed", words, location: location)
    }
    try expect("format") { $0.metadata["format"] = "swift-rnn 99" }
    try expect("checkpoint") { $0.metadata["format"] = "swift-rnn checkpoint 1" }
    try expect("“cell”") { $0.metadata["cell"] = nil }
    try expect("equations") { $0.metadata["cell"] = "h = tanh(((" }
    try expect("equations") { $0.metadata["cell"] = "\u{0}\u{1}🦊" }
    try expect("equations") { $0.metadata["cell"] = "h = " + String(repeating: "tanh(", count: 200_000) }
    try expect("equations") { $0.metadata["cell"] = "h = " + String(repeating: "x + ", count: 500_000) + "x" }
    try expect("architecture") { $0.metadata["architecture"] = "{}" }
    try expect("sizes that can't be") { $0.metadata["architecture"]?.replace("\"hidden\":24", with: "\"hidden\":-1") }
    try expect("decoder.weight") { $0.metadata["architecture"]?.replace("\"hidden\":24", with: "\"hidden\":16777216") }
    try expect("tokenizer") { $0.metadata["tokenizer"] = "words" }
    try expect("decoder.bias") { $0.entries["decoder.bias"] = nil }
    try expect("decoder.bias") { $0.entries["decoder.bias"] = .float(Tensor(zeros: [3])) }
  }

  @Test func states() throws {
    let place = try Workplace()
    let model = try place.model()
    try expect(["generate", model, "--state", model], 65, "not a saved state")
    let state = place.path("state")
    #expect(try Program.run(["generate", model, "--length", "5", "--save-state", state]).code == 0)
    let other = try place.model("other") { file in
      let shape = file.entries["decoder.bias"]?.shape ?? []
      file.entries["decoder.bias"] = .float(Tensor(zeros: shape))
    }
    try expect(["generate", other, "--state", state], 65, "belongs to another model")
    try expect(["generate", model, "--state", try place.write("cut", place.bytes("state").dropLast(3))], 65, "cut")
  }

  @Test func usage() throws {
    let place = try Workplace()
    let text = try place.text(), model = try place.model(), new = place.path("new")
    // The program's own words.
    try expect(["train", "generate", text, "-o", new, "--cell", "nothing"], 64, "there is no cell “nothing”")
    try expect(["train", "generate", text, "-o", new, "--cell", "h = tanh("], 64)
    try expect(["train", "generate", text, "-o", new, "--hidden", "0"], 64, "at least one unit")
    try expect(["train", "generate", text, "-o", new, "--layers", "0"], 64, "at least one layer")
    try expect(["train", "generate", text, "-o", new, "--dropout", "1"], 64, "dropout")
    try expect(["train", "generate", text, "-o", new, "--batch", "0"], 64, "batch")
    for size in ["1MB", "1.5MiB", "900kB", "0.001gb"] {
      try expect(["train", "generate", text, "-o", new, "--memory", size], 64, "too little for this training: it needs")
    }
    try expect(["train", "generate", text, "-o", new, "--learning-rate", "0"], 64, "learning rate")
    try expect(["train", "generate", text, "-o", new, "--steps", "0"], 64, "steps")
    try expect(["train", "generate", text, "-o", new, "--momentum", "0.9"], 64, "momentum")
    try expect(["train", "generate", "-", "-o", new, "--resume"], 64, "standard input", input: Workplace.text)
    try expect(["generate", model, "--temperature=-1"], 64, "temperature")
    try expect(["generate", model, "--top-k", "0"], 64, "top-k")
    try expect(["generate", model, "--top-p", "2"], 64, "top-p")
    try expect(["generate", model, "--stop", ""], 64, "stop")
    // The parser's words, with the command's usage.
    for arguments in [
      ["nothing"], ["generate"], ["train", "generate", text], ["verify"], ["verify", model, "--cell", "lstm"],
      ["train", "generate", text, "-o", new, "--time", "10"], ["train", "generate", text, "-o", new, "--steps", "1", "--epochs", "1"],
      ["train", "generate", text, "-o", new, "--memory", "500"], ["train", "generate", text, "-o", new, "--memory", "MB"],
      ["train", "generate", text, "-o", new, "--memory", "0GB"], ["train", "generate", text, "-o", new, "--memory=-1GB"],
      ["train", "generate", text, "-o", new, "--memory", "1e3MB"], ["train", "generate", text, "-o", new, "--memory", "9999999999TB"],
      ["train", "generate", text, "-o", new, "--resume", "--fresh"], ["generate", model, "--length", "-1"], ["evaluate", model],
    ] {
      let result = try Program.run(arguments)
      #expect(result.code == 64, "\(arguments): \(result.errors)")
      #expect(result.errors.contains("Usage:"), "\(arguments): \(result.errors)")
    }
    #expect(place.names == ["model.safetensors", "text.txt"])
  }
}

/// A model's file can be cut anywhere.
@Suite struct DamagedModelTests {
  @Test func everyCutIsAnError() throws {
    let place = try Workplace()
    let whole = try Workplace.model()
    let header = Int(whole[0]) + Int(whole[1]) << 8 + 8
    let counts = Array(0..<header) + Array(stride(from: header, to: whole.count, by: 997))
    for count in counts {
      let path = try place.write("cut", whole.prefix(count))
      let error = #expect(throws: RNNError.self, "\(count) bytes") { try LanguageModel(contentsOf: path) }
      #expect(error?.kind == .badData, "\(count) bytes: \(error?.message ?? "")")
    }
  }
}

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
    try expect(["train", "generate", place.path("none.txt"), "-o", model, "--quiet"], 66, "none.txt")
    try expect(["train", "generate", place.folder.path, "-o", model, "--quiet"], 66, "is a directory")
    try expect(["train", "generate", empty, "-o", model, "--quiet"], 65, "empty.txt is empty")
    try expect(["train", "generate", short, "-o", model, "--quiet"], 65, "short.txt is too short")
    try expect(["train", "generate", latin, "-o", model, "--quiet", "--tokens", "characters"], 65, "latin.txt is not UTF-8", "byte 300")
    try expect(["train", "generate", "-", "-o", model, "--quiet"], 65, "standard input is empty", input: "")
    try expect(["train", "generate", try place.text(), "--valid", empty, "-o", model, "--quiet"], 65, "empty.txt is empty")
    #expect(place.names == ["empty.txt", "latin.txt", "short.txt", "text.txt"])
  }

  @Test func outputs() throws {
    let place = try Workplace()
    let text = try place.text()
    try expect(["train", "generate", text, "-o", place.path("none/m.safetensors")], 73, "there is no directory")
    try expect(["train", "generate", text, "-o", place.folder.path], 73, "is a directory")
    try expect(["train", "generate", text, "-o", text], 64, "text.txt is a file to read", "give -o another file")
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
    try expect("“hidden” is -1, expected a whole number from 1") { $0.metadata["architecture"]?.replace("\"hidden\":24", with: "\"hidden\":-1") }
    try expect("decoder.weight") { $0.metadata["architecture"]?.replace("\"hidden\":24", with: "\"hidden\":1048576") }
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
    for size in ["1MB", "1.5MiB", "900kB", "0.001gb"] {
      try expect(["train", "generate", text, "-o", new, "--memory", size], 64, "too little for this training: it needs")
    }
    try expect(["train", "generate", text, "-o", new, "--momentum", "0.9"], 64, "momentum")
    try expect(["train", "generate", "-", "-o", new, "--resume"], 64, "standard input", input: Workplace.text)
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

  /// Numbers outside their ranges are refused before anything is read, and the ranges are said.
  @Test func numbers() throws {
    let place = try Workplace()
    let train = ["train", "generate", place.path("none"), "-o", place.path("new")], generate = ["generate", place.path("none")]
    let units = "expected a whole number from 1 to 1048576", rate = "expected a number from 0 to below 1"
    for (arguments, expected) in [
      (train + ["--hidden", "0"], units), (train + ["--hidden", "2147483648"], units), (train + ["--embedding", "9223372036854775807"], "to 1048576"),
      (train + ["--hidden", "99999999999999999999"], units), (train + ["--layers", "100000"], "from 1 to 1024"), (train + ["--batch", "0"], units),
      (train + ["--dropout", "1"], rate), (train + ["--dropout", "0.999999999999"], rate), (train + ["--dropout", "nan"], rate),
      (train + ["--learning-rate", "0"], "a number above 0"), (train + ["--learning-rate", "inf"], "up to 1000000"), (train + ["--steps", "0"], "from 1 to"),
      (train + ["--epochs", "1000000000000000000"], "to 1000000000"), (train + ["--time", "1e300h"], "invalid"),
      (generate + ["--temperature=-1"], "from 0 (the most probable token)"), (generate + ["--top-k", "0"], "from 1"), (generate + ["--top-p", "2"], "up to 1"),
      (["forecast", "m", "t.csv", "--horizon", "9223372036854775807"], "from 1 to 65536"), (["translate", "m", "--min-length", "9223372036854775807"], "from 0 to 10000"),
    ] {
      let result = try Program.run(arguments)
      #expect(result.code == 64 && result.errors.contains(expected) && result.errors.contains("Usage:"), "\(arguments): \(result.code) \(result.errors)")
    }
  }

  /// What needs more memory than there is is refused before it is taken.
  @Test func memory() throws {
    let place = try Workplace()
    let text = try place.text(), table = try place.write("t.csv", "y\n\((0..<400).map { "\($0 % 7)\n" }.joined())".utf8), new = place.path("new")
    try expect(["train", "generate", text, "-o", new, "--hidden", "1048576"], 64, "this training needs at least", "TB of memory", "lower --hidden")
    try expect(
      ["train", "forecast", table, "-o", new, "--split", "rest/0/0", "--context", "60000", "--hidden", "1000000", "--quiet"], 64, "needs at least", "lower --context")
    #expect(place.names == ["t.csv", "text.txt"])
    // A file that says that it has a terabyte, and takes no room on the disk.
    let header = #"{"__metadata__":{"format":"swift-rnn 1","task":"generate"},"a":{"dtype":"F32","shape":[250000000000],"data_offsets":[0,1000000000000]}}"#
    let path = try place.write("sparse", withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + header.utf8)
    if truncate(path, off_t(8 + header.utf8.count + 1_000_000_000_000)) == 0 {
      try expect(["inspect", path], 65, "sparse needs at least 1.0 TB of memory")
    }
    let junk = try place.write("large.wav", [1, 2, 3])
    if truncate(junk, 1_000_000_000_000) == 0 {
      let list = try place.write("list.tsv", "large.wav\ttext\n".utf8)
      let result = try Program.run(["train", "transcribe", list, "-o", new, "--quiet"])
      #expect(result.code == 65 && result.errors.contains("large.wav") && result.errors.contains("expected a WAV file"), "\(result.errors)")
    }
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

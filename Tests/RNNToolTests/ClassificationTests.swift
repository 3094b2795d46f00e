import Foundation
import RNNTasks
import RNNTraining
import Testing

@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct ClassificationTests {
  private static let table = "text,label\n" + (0..<60).map { i in
    "\"word\(i % 7), \(i % 2 == 0 ? "good" : "bad") film\",\(i % 2 == 0 ? "pos" : "neg")\n"
  }.joined()

  private static let small = ["--hidden", "8", "--embedding", "6", "--batch", "8", "--learning-rate", "0.03", "--quiet"]

  /// A model that tells good from bad.
  private static let trained = Result<[UInt8], any Error> {
    let place = try Workplace()
    let result = try Program.run(["train", "classify", place.write("t.csv", table.utf8), "-o", place.path("m"), "--epochs", "12"] + small)
    #expect(result.code == 0, "\(result.errors)")
    return try place.bytes("m")
  }

  private func model(_ place: Workplace) throws -> String { try place.write("m.safetensors", Self.trained.get()) }

  @Test func trainsSaysWhatItFoundAndReports() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    let loud = Self.small.filter { $0 != "--quiet" }
    let result = try Program.run(["train", "classify", table, "-o", place.path("m"), "--epochs", "2", "--json"] + loud)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errors.contains("a table separated by commas, text in column 1 (‘text’), label in column 2 (‘label’)"))
    #expect(result.errors.contains("54 texts for training, 6 for validation, 2 classes"))
    #expect(result.errors.contains("accuracy"))
    let values = try json(result)
    for key in ["accuracy", "macro_f1", "macro_recall", "log_loss", "majority_accuracy", "parameters", "steps", "texts", "classes", "best_step"] {
      #expect(values[key] is NSNumber, "\(key)")
    }
    #expect(place.names == ["m", "t.csv"])
    let inspected = try json(try Program.run(["inspect", place.path("m"), "--json"]))
    #expect(inspected["task"] as? String == "classify" && inspected["labels"] as? [String] == ["neg", "pos"])
    #expect(try Program.run(["inspect", place.path("m")]).text.contains("classify: neg, pos"))
    let verified = try Program.run(["verify", place.path("m")])
    #expect(verified.code == 0 && verified.text.contains("padded = alone"), "\(verified.text)")
  }

  @Test func resumesToTheSameBits() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    let common = ["train", "classify", table, "--steps", "1500", "--checkpoint-every", "0.01s"] + Self.small
    #expect(try Program.run(common + ["-o", place.path("whole")]).code == 0)
    let run = try Program.start(common.filter { $0 != "--quiet" } + ["-o", place.path("parts")])
    run.wait(for: "step")
    run.process.interrupt()
    let stopped = try run.finish()
    guard stopped.code == 130 else {
      #expect(stopped.code == 0, "\(stopped.errors)")
      return
    }
    #expect(try Program.run(common + ["-o", place.path("parts")]).code == 64, "an unfinished run is there")
    #expect(try Program.run(common + ["-o", place.path("parts"), "--resume"]).code == 0)
    #expect(try place.bytes("parts") == place.bytes("whole"))
    let again = try Program.run(["--resume"].reduce(common) { $0 + [$1] }.filter { $0 != "--quiet" } + ["-o", place.path("parts")])
    #expect(again.code == 0 && again.errors.contains("is finished"))
  }

  @Test func classifiesLinesAndColumnsInOrder() throws {
    let place = try Workplace()
    let model = try model(place)
    let lines = (0..<5000).map { $0 % 3 == 0 ? "a bad film" : "\($0) good" }
    let result = try Program.run(["classify", model], input: lines.joined(separator: "\n"))
    let found = result.text.split(separator: "\n").map { $0.split(separator: "\t") }
    #expect(result.code == 0 && found.count == 5000 && found.allSatisfy { $0.count == 2 })
    #expect(zip(lines, found).allSatisfy { ($0.contains("bad") ? "neg" : "pos") == $1[0] })
    #expect(found.allSatisfy { (0.5...1).contains(Double($0[1]) ?? -1) })
    let asJSON = try Program.run(["classify", model, "--json", "--threads", "1"], input: "good\n\nbad")
    let objects = try asJSON.text.split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
    #expect(objects.map { $0?["label"] as? String }.first == "pos" && objects.count == 3)
    #expect((objects[2]?["probabilities"] as? [String: Double])?.values.reduce(0, +).rounded() == 1)
    let table = try place.write("t.csv", "id;review\n1;\"good;\nfilm\"\n2;bad\n".utf8)
    let column = try Program.run(["classify", model, table, "--text-column", "review"])
    #expect(column.text.split(separator: "\n").map { $0.prefix(3) } == ["pos", "neg"], "\(column.text) \(column.errors)")
    #expect(try Program.run(["classify", model, table, table, "--text-column", "2", "--separator", ";", "--header"]).text.split(separator: "\n").count == 4)
  }

  /// Text that nobody expects still gets an answer, line by line.
  @Test func classifiesAnything() throws {
    let place = try Workplace()
    let model = try model(place)
    let odd = try place.write("odd", [0xEF, 0xBB, 0xBF] + Array("good\r\n\n".utf8) + [0xFF, 0xC3, 0x0A, 0x00, 0x0A] + Array(String(repeating: "bad ", count: 100_000).utf8))
    let result = try Program.run(["classify", model, odd])
    #expect(result.code == 0 && result.text.split(separator: "\n").count == 5, "\(result.errors)")
    #expect(result.text.hasPrefix("pos"))
    #expect(try Program.run(["classify", model], input: "").output.isEmpty)
  }

  @Test func evaluates() throws {
    let place = try Workplace()
    let model = try model(place)
    let test = try place.write("test.tsv", "label\ttext\npos\tgood\nneg\tbad\nneg\tgood\npos\tvery good\n".utf8)
    let values = try json(try Program.run(["evaluate", model, test, "--json"]))
    #expect(values["accuracy"] as? Double == 0.75 && values["count"] as? Int == 4 && values["confusion"] as? [[Int]] == [[1, 1], [0, 2]])
    #expect((values["majority"] as? [String: Any])?["accuracy"] as? Double == 0.5)
    #expect((values["classes"] as? [[String: Any]])?[1]["precision"] as? Double == 2.0 / 3)
    let text = try Program.run(["evaluate", model, test]).text
    #expect(text.contains("accuracy      0.7500   3 of 4 right; who always says ‘neg’: 0.5000"), "\(text)")
    #expect(try json(try Program.run(["evaluate", model, "-", "--json", "--map", "1=pos,0=neg"], input: "1 good\n0 bad\n1 good\n2 none\n0 bad\n1 good\n"))["count"] as? Int == 5)
    let wrong = try place.write("wrong.tsv", "label\ttext\npos\tgood\nother\tbad\n".utf8)
    let unseen = try Program.run(["evaluate", model, wrong])
    #expect(unseen.code == 65 && unseen.errors.contains("wrong.tsv, line 3: found the label ‘other’, expected one of ‘neg’, ‘pos’"), "\(unseen.errors)")
    #expect(try Program.run(["evaluate", model, test, "--rows", "4"]).code == 64)
    #expect(try Program.run(["evaluate", place.model("lm"), test, "--label-column", "label"]).code == 64)
    #expect(try Program.run(["generate", model]).code == 65)
    #expect(try Program.run(["classify", place.model("lm")], input: "x").code == 65)
  }

  @Test func startsFromALanguageModel() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8), start = try place.model("lm")
    let result = try Program.run(["train", "classify", table, "-o", place.path("m"), "--from", start, "--steps", "3"])
    #expect(result.code == 0, "\(result.errors)")
    #expect(try TextClassifier(contentsOf: place.path("m")).notes["started from"]?.hasPrefix("a language model") == true)
    #expect(try Program.run(["train", "classify", table, "-o", place.path("n"), "--from", start, "--hidden", "3"]).code == 64)
    #expect(try Program.run(["train", "classify", table, "-o", start, "--from", start]).code == 64)
  }

  @Test func optionsOfTraining() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8)
    let trees = try place.write("trees", (0..<20).map { "(\($0 % 5) (2 a) (\($0 % 5) w\($0 % 5)))\n" }.joined().utf8)
    for options in [
      ["--tokens", "characters", "--no-bidirectional", "--pooling", "last"], ["--tokens", "bytes", "--pooling", "mean,max"],
      ["--vocabulary", "8", "--no-lowercase", "--no-split-signs"], ["--class-weights", "balanced"], ["--class-weights", "pos=2,neg=0.5", "--best", "macro-f1"],
      ["--class-weights", "root", "--best", "loss", "--patience", "1"], ["--valid", table], ["--validation-part", "0.3"], ["--longest", "2"],
      ["--word-dropout", "0.2", "--weight-drop", "0.3", "--dropout", "0"], ["--cell", "gru", "--layers", "2"],
    ] {
      let result = try Program.run(["train", "classify", table, "-o", place.path("m"), "--steps", "3"] + Self.small + options)
      #expect(result.code == 0, "\(options): \(result.errors)")
    }
    for options in [["--map", "0=neg,1=neg,3=pos,4=pos"], ["--no-phrases"], ["--format", "trees"]] {
      let result = try Program.run(["train", "classify", trees, "-o", place.path("m"), "--steps", "2"] + Self.small + options)
      #expect(result.code == 0, "\(options): \(result.errors)")
    }
  }

  @Test func badInput() throws {
    let place = try Workplace()
    let table = try place.write("t.csv", Self.table.utf8), new = place.path("new"), model = try model(place)
    func expect(_ arguments: [String], _ code: Int32, _ words: String, input: String? = nil, location: SourceLocation = #_sourceLocation) throws {
      let result = try Program.run(arguments, input: input)
      #expect(result.code == code && result.errors.contains(words), "\(arguments): \(result.code) \(result.errors) instead of \(words)", sourceLocation: location)
    }
    func train(_ bytes: some Sequence<UInt8>, _ words: String, _ options: [String] = [], location: SourceLocation = #_sourceLocation) throws {
      try expect(["train", "classify", try place.write("bad.csv", bytes), "-o", new, "--quiet"] + options, 65, words, location: location)
    }
    try train([], "bad.csv is empty")
    try train("label,text\nx,a\nx,b\nx,c\nx,d\n".utf8, "all 4 texts have the label ‘x’; expected at least two labels")
    try train("label,text\nx,a\ny,b,c\nx,d\n".utf8, "bad.csv, line 3: found 3 fields separated by commas, expected 2")
    try train("label,text\nx,\"a\ny,b\n".utf8, "bad.csv, line 2, byte 3: this quote is never closed")
    try train("label,text\nx,\"a\"b\ny,b\n".utf8, "bad.csv, line 2, column 2: ‘b’ after a closing quote")
    try train("label,text\n,a\ny,b\n".utf8, "bad.csv, line 2, column 1: found no label")
    try train(Array("label,text\nx,a\ny,".utf8) + [0xE9, 0x0A], "bad.csv, line 3, column 2: the text is not UTF-8, found e9")
    try train([0xFF, 0xFE, 0x61, 0x00], "is UTF-16 text, expected texts with labels")
    try train("a,b,c\n1,2,3\n".utf8, "say which has the texts (--text-column)")
    try train(Self.table.utf8, "there is no column ‘nothing’", ["--text-column", "nothing"])
    let valid = try place.write("v.csv", "text,label\nx,pos\ny,other\n".utf8)
    try expect(["train", "classify", table, "-o", new, "--valid", valid], 65, "v.csv, line 3: found the label ‘other’, expected one of ‘neg’, ‘pos’")
    try expect(["train", "classify", place.path("none"), "-o", new], 66, "no such file")
    try expect(["train", "classify", table, "-o", place.path("no/m")], 73, "there is no directory")
    try expect(["train", "classify", table, "-o", table], 64, "is a file to read, and the model would be written over it")
    try expect(["train", "classify", table, "-o", new, "--pooling", "first"], 64, "found --pooling first; expected last, mean, max")
    try expect(["train", "classify", table, "-o", new, "--class-weights", "pos"], 64, "expected name=value")
    try expect(["train", "classify", table, "-o", new, "--class-weights", "pos=x"], 64, "expected a number")
    for weight in ["0", "1e39", "inf", "nan"] {
      try expect(["train", "classify", table, "-o", new, "--class-weights", "pos=\(weight)"], 64, "the weight of the class ‘pos’ (--class-weights) is")
    }
    try expect(["train", "classify", table, "-o", new, "--map", "pos"], 64, "expected name=value")
    try expect(["train", "classify", "-", "-o", new, "--resume"], 64, "standard input", input: Self.table)
    try expect(["classify", model, place.path("none")], 66, "no such file")
    try expect(["classify", model, table, "--text-column", "none"], 65, "there is no column ‘none’")
    try expect(["classify", model, "--text-column", "3", "--separator", ","], 65, "line 1: found 2 fields separated by commas, expected at least 3", input: "a,b\n")
    #expect(!FileManager.default.fileExists(atPath: new))
  }

  /// An endless input takes no more memory: three hundred thousand lines in less than what a model of text needs.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status"))) func constantMemory() throws {
    let place = try Workplace()
    let model = try model(place)
    let lines = try place.write("lines", String(repeating: "a good film\n", count: 300_000).utf8)
    // A pipe to read after the lines holds the program where all are answered.
    let pipe = place.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    let process = try Program.start(["classify", model, lines, pipe])
    while process.process.isRunning, process.output.count(where: { $0 == 0x0A }) < 300_000 { Thread.sleep(forTimeInterval: 0.02) }
    let status = (try? String(contentsOfFile: "/proc/\(process.process.processIdentifier)/status", encoding: .utf8)) ?? ""
    let most = Int((status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? "").filter(\.isNumber)) ?? 0
    if process.process.isRunning { try FileHandle(forWritingTo: URL(filePath: pipe)).close() }
    let result = try process.finish()
    #expect(result.code == 0 && result.text.split(separator: "\n").count == 300_000)
    #expect(most > 0 && most < 100_000, "\(most) kB")
  }
}

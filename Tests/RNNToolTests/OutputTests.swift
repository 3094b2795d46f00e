import Foundation
import RNNTestSupport
import Testing

/// No file that a call reads is written by it, whatever name or link leads there.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct OutputTests {
  /// Inputs of every kind; those that are refused before they are read may hold anything.
  private func place() throws -> Workplace {
    let place = try Workplace()
    _ = try place.text()
    _ = try place.model()
    _ = try place.write("labelled.tsv", (0..<40).map { "text number \($0)\t\(["a", "b"][$0 % 2])\n" }.joined().utf8)
    _ = try place.write("pairs.tsv", (0..<40).map { "eins \($0)\tone \($0)\n" }.joined().utf8)
    for name in ["source", "target"] { _ = try place.write(name, (0..<40).map { "\(name) \($0)\n" }.joined().utf8) }
    _ = try place.write("series.csv", ("y\n" + (0..<60).map { "\($0 % 7)\n" }.joined()).utf8)
    _ = try place.write("cell.txt", "h = tanh(Wxh x + Whh h + bh)\n".utf8)
    for list in ["clips.tsv", "valid.tsv"] { try ToneClips.write(["ab", "ba", "a b", "bb"], list: list) { _ = try place.write($0, $1) } }
    for name in ["tokenizer.json", "state"] { _ = try place.write(name, "{}".utf8) }
    return place
  }

  /// Files of a place by what they hold.
  private func contents(_ place: Workplace) throws -> [String: [UInt8]] {
    try Dictionary(uniqueKeysWithValues: place.names.map { ($0, try place.bytes($0)) })
  }

  /// The call, with `OUT` for the output, is refused when that is `input`, and leaves every file as it is.
  private func expectRefused(
    _ call: String, writing input: String, as names: [String]? = nil, location: SourceLocation = #_sourceLocation
  ) throws {
    let place = try place()
    symlink(input, place.path("symbolic"))
    link(place.path(input), place.path("hard"))
    let before = try contents(place)
    for output in names ?? [input] {
      let arguments = call.split(separator: " ").map { $0 == "OUT" ? output : String($0) }
      let result = try Program.run(arguments, input: "", in: place.folder)
      #expect(result.code == 64 && result.errors.contains("is a file to read, and the "), "\(arguments): \(result.code) \(result.errors)", sourceLocation: location)
      #expect(result.errors.contains("would be written over it"), "\(result.errors)", sourceLocation: location)
    }
    #expect(try contents(place) == before, sourceLocation: location)
  }

  @Test(arguments: [
    ("text.txt", "generate text.txt"), ("source", "generate text.txt source"), ("source", "generate text.txt --valid source"),
    ("tokenizer.json", "generate text.txt --tokens bpe:tokenizer.json"), ("cell.txt", "generate text.txt --cell cell.txt"),
    ("labelled.tsv", "classify labelled.tsv"), ("source", "classify source target"), ("text.txt", "classify labelled.tsv --valid text.txt"),
    ("model.safetensors", "classify labelled.tsv --from model.safetensors"), ("tokenizer.json", "classify labelled.tsv --tokens bpe:tokenizer.json"),
    ("cell.txt", "classify labelled.tsv --cell cell.txt"),
    ("pairs.tsv", "translate pairs.tsv"), ("source", "translate --source source --target target"), ("target", "translate --source source --target target"),
    ("source", "translate pairs.tsv --valid-source source --valid-target target"), ("target", "translate pairs.tsv --valid-source source --valid-target target"),
    ("text.txt", "translate pairs.tsv --valid text.txt"), ("tokenizer.json", "translate pairs.tsv --tokens bpe:tokenizer.json"),
    ("clips.tsv", "transcribe clips.tsv"), ("clips.tsv-0.wav", "transcribe clips.tsv"), ("clips.tsv-3.wav", "transcribe clips.tsv"),
    ("valid.tsv", "transcribe clips.tsv --valid valid.tsv"), ("valid.tsv-1.wav", "transcribe clips.tsv --valid valid.tsv"),
    ("tokenizer.json", "transcribe clips.tsv --tokens bpe:tokenizer.json"), ("cell.txt", "transcribe clips.tsv --cell cell.txt"),
    ("series.csv", "forecast series.csv"), ("cell.txt", "forecast series.csv --cell cell.txt"),
  ])
  func aModelIsNotWrittenOverAnInput(_ input: String, _ call: String) throws {
    try expectRefused("train \(call) -o OUT --steps 1 --hidden 4", writing: input)
  }

  @Test(arguments: [
    ("text.txt", "train generate text.txt -o OUT"), ("clips.tsv-1.wav", "train transcribe clips.tsv -o OUT --hidden 4 --steps 1"),
    ("model.safetensors", "generate model.safetensors --save-state OUT"),
  ])
  func anInputByAnotherName(_ input: String, _ call: String) throws {
    try expectRefused(call, writing: input, as: ["./" + input, "symbolic", "hard"])
  }

  @Test(arguments: [
    ("model.safetensors", "generate model.safetensors --save-state OUT"), ("state", "generate model.safetensors --state state --save-state OUT"),
    ("model.safetensors", "translate model.safetensors --save-state OUT --beam 1"), ("state", "translate model.safetensors --state state --save-state OUT --beam 1"),
    ("text.txt", "translate model.safetensors text.txt --save-state OUT --beam 1"), ("model.safetensors", "translate model.safetensors --attention OUT"),
    ("text.txt", "translate model.safetensors source text.txt --attention OUT"),
    ("model.safetensors", "transcribe model.safetensors --stream --rate 8000 --save-state OUT"),
    ("state", "transcribe model.safetensors --stream --state state --save-state OUT"),
    ("text.txt", "transcribe model.safetensors --stream --rate 8000 --lm text.txt --save-state OUT"),
    ("model.safetensors", "forecast model.safetensors series.csv --plot OUT"), ("series.csv", "forecast model.safetensors series.csv --plot OUT"),
  ])
  func aStateOrAPictureIsNotWrittenOverAnInput(_ input: String, _ call: String) throws {
    try expectRefused(call, writing: input)
  }

  /// A folder of labels, and an input that the shell opened.
  @Test func inputsThatTheCallDoesNotName() throws {
    let place = try place()
    try FileManager.default.createDirectory(atPath: place.path("labels"), withIntermediateDirectories: false)
    for label in ["good", "bad"] { _ = try place.write("labels/\(label).txt", (0..<20).map { "\(label) \($0)\n" }.joined().utf8) }
    let folder = try Program.run(["train", "classify", "labels", "-o", "labels/good.txt", "--steps", "1"], in: place.folder)
    #expect(folder.code == 64 && folder.errors.contains("labels/good.txt is a file to read"), "\(folder.errors)")
    let before = try place.bytes("text.txt")
    let input = try Program.run(["train", "generate", "-", "-o", "text.txt", "--steps", "1"] + tiny, reading: place.path("text.txt"), in: place.folder)
    #expect(input.code == 64 && input.errors.contains("standard input is a file to read"), "\(input.errors)")
    let output = try Program.shell("\"$RNN\" evaluate model.safetensors text.txt --quiet >> text.txt", in: place.folder)
    #expect(output.code == 64 && output.errors.contains("text.txt is a file to read, and standard output goes there"), "\(output.errors)")
    let model = try Program.shell("\"$RNN\" generate model.safetensors 2>> model.safetensors", in: place.folder)
    #expect(model.code == 64)
    #expect(try place.bytes("text.txt") == before)
  }

  @Test func outputsAreDifferentFiles() throws {
    let place = try place()
    symlink("new", place.path("link"))
    for other in ["new", "./new", "link"] {
      let result = try Program.run(
        ["translate", "model.safetensors", "--beam", "1", "--save-state", "new", "--attention", other], input: "", in: place.folder)
      #expect(result.code == 64, "\(result.errors)")
    }
    let two = try Program.shell("\"$RNN\" generate model.safetensors --save-state out > out", in: place.folder)
    #expect(two.code == 64 && two.errors.contains("standard output goes to out, where the state can't go too"), "\(two.errors)")
    let twice = try Program.run(["generate", "model.safetensors", "--length", "3", "--save-state", "/dev/null"], in: place.folder)
    #expect(twice.code == 0, "\(twice.errors)")
  }

  @Test func checkpointsAreNoOutputsOfOthers() throws {
    let place = try place()
    _ = try place.write("m.checkpoint", [1, 2, 3])
    for call in ["train generate text.txt -o m.checkpoint", "generate model.safetensors --save-state m.checkpoint", "forecast model.safetensors series.csv --plot m.checkpoint"] {
      let result = try Program.run(call.split(separator: " ").map(String.init), in: place.folder)
      #expect(result.code == 64 && result.errors.contains("m.checkpoint has the name of a checkpoint"), "\(call): \(result.errors)")
    }
    // The checkpoint of a run is one of its outputs.
    let input = try Program.run(["train", "generate", "text.txt", "m.checkpoint", "-o", "m", "--fresh"], in: place.folder)
    #expect(input.code == 64 && input.errors.contains("m.checkpoint is a file to read, and the checkpoint of the model"), "\(input.errors)")
    #expect(try place.bytes("m.checkpoint") == [1, 2, 3])
  }

  // MARK: Locks and links

  @Test func aFileNamedLikeALockIsLeftAlone() throws {
    let place = try Workplace()
    let text = try place.text(), foreign = Array("a list of packages\n".utf8)
    _ = try place.write("m.lock", foreign)
    #expect(try Program.run(["train", "generate", text, "-o", place.path("m"), "--steps", "1", "--quiet"] + tiny).code == 0)
    #expect(try place.bytes("m.lock") == foreign)
    #expect(place.names == ["m", "m.lock", "text.txt"])
    _ = try place.write(".m.rnn-lock", foreign)
    let refused = try Program.run(["train", "generate", text, "-o", place.path("m"), "--steps", "1", "--quiet"] + tiny)
    #expect(refused.code == 73 && refused.errors.contains(".m.rnn-lock is not a lock of this program"), "\(refused.errors)")
    #expect(try place.bytes(".m.rnn-lock") == foreign)
  }

  /// A run that goes on until it is stopped.
  private func start(_ place: Workplace, _ output: String) throws -> Program.Running {
    let running = try Program.start(
      ["train", "generate", place.path("text.txt"), "-o", place.path(output), "--steps", endless, "--checkpoint-every", "0.01s"] + tiny)
    running.wait(for: "step 1/")
    return running
  }

  @Test func runsThroughALinkAreKeptApart() throws {
    let place = try Workplace()
    let text = try place.text()
    try FileManager.default.createDirectory(atPath: place.path("store"), withIntermediateDirectories: false)
    symlink("store/m", place.path("link"))
    symlink("store", place.path("folder"))
    let running = try start(place, "link")
    for other in ["link", "store/m", "folder/m", "store/../store/m"] {
      let result = try Program.run(["train", "generate", text, "-o", place.path(other), "--steps", "1"] + tiny)
      #expect(result.code == 73 && result.errors.contains("another run"), "\(other): \(result.errors)")
    }
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.finish()
    // The checkpoint lies beside the file, so that either name goes on from it.
    #expect(FileManager.default.fileExists(atPath: place.path("store/m.checkpoint")))
    let resumed = try Program.run(["train", "generate", text, "-o", place.path("store/m"), "--steps", "1", "--resume"] + tiny)
    #expect(resumed.code == 64 && resumed.errors.contains("store/m.checkpoint"), "\(resumed.errors)")
    #expect(try Program.run(["train", "generate", text, "-o", place.path("link"), "--steps", "1", "--fresh", "--quiet"] + tiny).code == 0)
    // The link was dangling, and stays a link. What was killed left nothing.
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: place.path("link")) == "store/m")
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("store")) == ["m"])
    #expect(place.names == ["folder", "link", "store", "text.txt"])
  }

  @Test func namesThatLeaveNoRoom() throws {
    let place = try Workplace()
    let text = try place.text()
    // Room for “.checkpoint”, but not for a whole hidden name; the second is cut within a character of several parts.
    for name in [String(repeating: "n", count: 244), String(repeating: "👩‍👩‍👧‍👦", count: 9)] {
      let result = try Program.run(["train", "generate", text, "-o", place.path(name), "--steps", "1", "--quiet"] + tiny)
      #expect(result.code == 0, "\(result.errors)")
    }
    #expect(place.names.count == 3)
    let long = try Program.run(["train", "generate", text, "-o", place.path(String(repeating: "n", count: 250)), "--steps", "1", "--quiet"] + tiny)
    #expect(long.code == 73 && long.errors.contains("too long"), "\(long.errors)")
    #expect(place.names.count == 3)
  }
}

import CRNNKernels
import Foundation
import Testing

/// How the program is called: its arguments, its standard streams, its environment.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"), .serialized)
struct CallTests {
  // MARK: Standard output

  private static let outputs = [
    "--help", "--version", "help", "", "train generate --help", "evaluate --version", "--generate-completion-script zsh", "explain",
    "explain --json", "verify --cell rnn --hidden 1 --inputs 1", "inspect model.safetensors", "generate model.safetensors --length 3",
    "evaluate model.safetensors text.txt --json", "train generate text.txt -o new --steps 1 --quiet --hidden 4",
  ]

  @Test(.enabled(if: access("/dev/full", W_OK) == 0, "this system has no /dev/full"), arguments: outputs)
  func aFullOutputIsAnError(_ call: String) throws {
    let place = try Workplace()
    _ = (try place.model(), try place.text())
    let result = try Program.shell("\"$RNN\" \(call) > /dev/full", in: place.folder)
    #expect(result.code == 74 && result.errors.hasSuffix("can't write to standard output: No space left on device\n"), "\(result.errors)")
  }

  @Test(arguments: outputs)
  func aClosedOutputIsAnErrorAndABrokenPipeIsNot(_ call: String) throws {
    let place = try Workplace()
    _ = (try place.model(), try place.text())
    let closed = try Program.shell("\"$RNN\" \(call) >&-", in: place.folder)
    #expect(closed.code == 74 && closed.errors.contains("can't write to standard output"), "\(closed.code) \(closed.errors)")
    let broken = try Program.shell("{ \"$RNN\" \(call); echo $? > code; } | true", in: place.folder)
    #expect(broken.errors.isEmpty, "\(broken.errors)")
    #expect(try place.bytes("code") == Array("0\n".utf8))
  }

  /// What is written to a stream that the caller closed must not land in the next file that is opened.
  @Test func closedStreams() throws {
    let place = try Workplace()
    _ = try place.text()
    let call = "train generate text.txt --steps 40 --checkpoint-every 0.001s " + tiny.joined(separator: " ")
    #expect(try Program.shell("\"$RNN\" \(call) -o whole", in: place.folder).code == 0)
    #expect(try Program.shell("\"$RNN\" \(call) -o m <&- 2>&-", in: place.folder).code == 0)
    #expect(try Program.shell("\"$RNN\" \(call) -o n <&- >&- 2>&-", in: place.folder).code == 74)
    #expect(try place.bytes("m") == place.bytes("whole"))
    #expect(try place.bytes("n") == place.bytes("whole"))
    let input = try Program.shell("\"$RNN\" train generate - -o k --steps 1 <&-", in: place.folder)
    #expect(input.code == 74 && input.errors.contains("can't read standard input"), "\(input.errors)")
    #expect(place.names == ["m", "n", "text.txt", "whole"])
  }

  // MARK: Arguments

  @Test func negativeNumbersAreValues() throws {
    let place = try Workplace()
    _ = (try place.model(), try place.text())
    for (call, words) in [
      ("generate model.safetensors --temperature -1", "'-1' is invalid for '--temperature <value>': expected a number from 0"),
      ("generate model.safetensors --seed -1", "'-1' is invalid for '--seed <n>': expected a whole number from 0"),
      ("generate model.safetensors --seed 1.5", "'1.5' is invalid for '--seed <n>': expected a whole number from 0"),
      ("generate model.safetensors --top-p -.5", "'-.5' is invalid for '--top-p <value>'"),
      ("generate model.safetensors --length -1", "'-1' is invalid for '--length <n>'"),
      ("train generate text.txt -o n --hidden -4", "'-4' is invalid for '--hidden <n>'"),
      ("train generate text.txt -o n --dropout -inf", "'-inf' is invalid for '--dropout <rate>'"),
      ("train generate text.txt -o n --seed -1", "'--seed <n>': expected a whole number"),
      ("evaluate model.safetensors text.txt --rows -1", "'-1' is invalid for '--rows <n>'"),
      ("verify --cell rnn --seed -1", "'--seed <n>': expected a whole number"),
      ("evaluate model.safetensors --json -1", "'--json' does not take any value, but '-1' was specified"),
    ] {
      let result = try Program.run(call.split(separator: " ").map(String.init), in: place.folder)
      #expect(result.code == 64 && result.errors.contains(words), "\(call): \(result.errors)")
    }
    let prompt = try Program.run(["generate", "model.safetensors", "--prompt", "- the", "--stop", "-x", "--length", "3"], in: place.folder)
    #expect(prompt.code == 0 && prompt.text.hasPrefix("- the"), "\(prompt.errors)")
    #expect(try Program.run(["explain", "--inputs", "-1,2"]).code == 0)
    // What stands after -- is a file's name.
    let file = try Program.run(["inspect", "--", "-1"], in: place.folder)
    #expect(file.code == 66 && file.errors.contains("no such file: -1"), "\(file.errors)")
  }

  @Test func namesThatAreNotUTF8() throws {
    let place = try Workplace()
    let text = try place.text()
    for call in ["inspect \"$bad\"", "train generate \"$bad\" -o m", "train generate text.txt -o \"$bad\"", "generate m --save-state=\"$bad\""] {
      let result = try Program.shell("bad=$(printf 'caf\\351.txt'); \"$RNN\" \(call)", in: place.folder)
      #expect(result.code == 64 && result.errors.contains("caf\\xE9.txt\" is not UTF-8"), "\(result.errors)")
    }
    #expect(place.names == ["text.txt"])
    // Where a file system has such names: one in a folder of labels, the target of a link, and the current folder.
    guard try Program.shell("mkdir labels && echo a > labels/a.txt && echo b > \"labels/$(printf 'b\\351.txt')\"", in: place.folder).code == 0 else { return }
    let folder = try Program.run(["train", "classify", "labels", "-o", "m"], in: place.folder)
    #expect(folder.code == 65 && folder.errors.contains("labels has a file whose name is not UTF-8"), "\(folder.errors)")
    let link = try Program.shell("ln -s \"$(printf 'm\\351')\" link; \"$RNN\" train generate text.txt -o link --steps 1", in: place.folder)
    #expect(link.code == 73 && link.errors.contains("links to a name that is not UTF-8"), "\(link.errors)")
    let current = try Program.shell(
      "d=$(printf 'd\\351'); mkdir \"$d\" && cd \"$d\" && for i in 1 2; do \"$RNN\" train generate \"$1\" -o m --steps 1 --quiet --hidden 4 || exit; done; ls -A", [text],
      in: place.folder)
    #expect(current.code == 0 && current.text.hasSuffix("\nm\n"), "\(current.text) \(current.errors)")
  }

  /// Where nothing is mounted at /proc, from which Swift reads the arguments.
  @Test func argumentsArriveWithoutProc() throws {
    let place = try Workplace()
    let model = try place.model()
    guard try Program.shell("unshare -m sh -c 'mount -t tmpfs tmpfs /proc' 2>/dev/null").code == 0 else {
      print("nothing can be mounted over /proc here (that needs root): a missing /proc is not tested")
      return
    }
    let result = try Program.shell("unshare -m sh -c 'mount -t tmpfs tmpfs /proc; exec \"$RNN\" \"$@\"' sh generate \"$1\" --length 3 --prompt 'the '", [model])
    #expect(result.code == 0 && result.text.hasPrefix("the "), "\(result.errors)")
  }

  // MARK: Environment

  @Test func instructionSets() throws {
    func run(_ value: String) throws -> Program.Result { try Program.run(["explain"], environment: ["RNN_ISA": value]) }
    for value in ["avx3", "AVX2", "plain ", "0"] {
      let result = try run(value)
      #expect(result.code == 64 && result.errors.contains("RNN_ISA is \"\(value)\", expected "), "\(result.errors)")
      #expect(result.output.isEmpty)
    }
    #expect(try run("").errors.isEmpty)
    for set in [RNN_ISA_PLAIN, RNN_ISA_AVX2, RNN_ISA_AVX512, RNN_ISA_NEON] {
      let name = String(cString: rnn_isa_name(set)), result = try run(name)
      #expect(result.code == 0 && !result.output.isEmpty)
      // One that the processor lacks is passed over.
      #expect(result.errors.contains("this processor lacks") == !rnn_isa_available(set), "\(name): \(result.errors)")
      #expect(try run("avx3").errors.contains(name))
    }
  }

  @Test func caches() throws {
    func run(_ value: String) throws -> Program.Result { try Program.run(["explain"], environment: ["RNN_CACHES": value]) }
    for value in ["32", "32,", "32,512,8", "32K,512K", "0,512", "-32,512", "32,99999999999999999999", "4,512"] {
      let result = try run(value)
      #expect(result.code == 64 && result.errors.contains("RNN_CACHES is \"\(value)\", expected "), "\(result.errors)")
      #expect(result.output.isEmpty)
    }
    for value in ["", "32,512", "1024,64"] { #expect(try run(value).errors.isEmpty) }
  }
}

import Foundation
import Testing

/// The help screens are part of what is promised: a change shows here. They lie in the folder `Help`.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct HelpTests {
  @Test(arguments: ["train generate", "train classify", "train translate", "train transcribe", "train forecast", "generate", "classify", "translate", "transcribe", "forecast", "evaluate", "verify", "inspect", "explain", "demo", "bench"])
  func screen(_ command: String) throws {
    let name = command.replacing(" ", with: "-") + ".txt"
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Help").appending(path: name)
    let expected = try String(contentsOf: file, encoding: .utf8)
    let result = try Program.run(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(result.code == 0)
    #expect(result.text == expected)
    #expect(result.text.contains("rnn \(command)"))
    #expect(result.text.contains("Example"))
  }

  @Test func version() throws {
    for arguments in [["--version"], ["evaluate", "--version"]] {
      let result = try Program.run(arguments)
      #expect(result.code == 0 && result.errors.isEmpty)
      #expect(result.text.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil, "\(result.text)")
    }
  }

  @Test func allCommandsAreListed() throws {
    let result = try Program.run(["--help"])
    for command in ["train", "generate", "classify", "translate", "transcribe", "forecast", "evaluate", "verify", "inspect", "explain", "demo", "bench"] { #expect(result.text.contains("  \(command) "), "\(command)") }
  }
}

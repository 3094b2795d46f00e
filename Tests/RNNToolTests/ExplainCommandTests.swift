import Foundation
import RNNCells
import Testing

/// `rnn explain` from outside: whole outputs, JSON that is read back, and one clear message for each mistake.
@Suite(.enabled(if: Program.isBuilt, "the program rnn is not built beside the tests"))
struct ExplainCommandTests {
  private func golden(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/explain")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  private func run(_ arguments: String...) throws -> Program.Result { try Program.run(["explain"] + arguments) }

  @Test func wholeOutputs() throws {
    #expect(try run().text == golden("note.txt"))
    #expect(try run("--backward").text == golden("note_backward.txt"))
    #expect(try run("--backward", "--format", "latex").text == golden("note_backward.tex"))
    #expect(try run("--output", "softmax").text == golden("note_softmax.txt"))
    let vectors = try run(
      "--cell", "lstm", "--inputs", "1,-1;2,0.5", "--hidden", "2", "--size", "output=3", "--output", "softmax", "--backward", "--targets", "2,0")
    #expect(vectors.text == (try golden("lstm_softmax.txt")))
    #expect(vectors.code == 0 && vectors.errors.isEmpty)
  }

  @Test func json() throws {
    let result = try run("--json", "--backward", "--cell", "gru", "--set", "Whn=0.7,bhn=0.4")
    #expect(try run("--format", "json", "--backward", "--cell", "gru", "--set", "Whn=0.7,bhn=0.4").output == result.output)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let explanation = try decoder.decode(Explanation.self, from: result.output)
    var request = ExplanationRequest()
    request.cell = .gru
    request.parameters = ["W_hn=0.7", "b_hn=0.4"]
    request.isBackward = true
    // Every number comes through exactly.
    #expect(try request.explanation() == explanation)
    for key in ["output_layer", "initial_states", "assumed_parameters", "previous_states", "W_hn", "b_hn"] {
      #expect(result.text.contains("\"\(key)\""))
    }
  }

  @Test func cells() throws {
    let place = try Workplace()
    let file = try place.write("cell.txt", "# my own\nh = tanh(W_xh x + 0.5 h)\n".utf8)
    let fromFile = try run("--cell", file)
    #expect(fromFile.code == 0)
    #expect(fromFile.output == (try run("--cell", "h = tanh(Wxh x + 0.5 h)").output))
    let bad = try run("--cell", try place.write("bad.txt", "h = tanh(W_xh x +\n".utf8))
    #expect(bad.code == 65)
    #expect(bad.errors == "rnn: \(place.path("bad.txt")): line 2, column 1: found the end of the text; expected a value\n")
    let bytes = try run("--cell", try place.write("bytes", [0xFF, 0xFE]))
    #expect(bytes.code == 65 && bytes.errors.contains("not UTF-8"))
  }

  /// The formulas of the lecture note, as they are.
  @Test func pastedFormulas() throws {
    let formulas = #"""
      h_t = f(h_{t-1}, x_t)
      h_t = \tanh(W_{xh}x_t + W_{hh}h_{t-1} + b_h)
      y_t = \text{softmax}(W_{hy}h_t + b_y)
      """#
    let expected = try run()
    let text = try run("--cell", formulas)
    #expect(text.code == 0 && text.output == expected.output)
    let left = "is left out of the cell:"
    #expect(text.errors == """
      warning   line 1: the equation of h_t \(left) another one says what f computes
      warning   line 3: the equation of y_t \(left) nothing in the cell uses it, and a model has an output layer of its own

      """)
    let place = try Workplace()
    let file = try place.write("note.tex", formulas.utf8)
    let fromFile = try run("--cell", file)
    #expect(fromFile.output == expected.output && fromFile.errors.hasPrefix("warning   \(file): line 1: "))
    let verified = try Program.run(["verify", "--cell", file, "--hidden", "3", "--inputs", "2"])
    #expect(verified.code == 0 && verified.text.contains("holds  rnn "))
    // A file of a cell's name is read before the name is looked up; the built-in names come first.
    _ = try place.write("Elman", "h = tanh(W_xh x + 0.5 h)\n".utf8)
    #expect(try Program.run(["explain", "--cell", "Elman"], in: place.folder).output == (try run("--cell", "h = tanh(W_xh x + 0.5 h)").output))
    #expect(try run("--cell", "Elman").output == expected.output)
  }

  @Test(arguments: [
    (["--set", "Wq=1"], "there is no parameter “Wq”; known are W_xh, W_hh, b_h, W_hy, b_y"),
    (["--set", "Wxh=[1 2],Whh=0.3"], "Wxh is 1 × 2; expected 1 × 1, “hidden” × “input”"),
    (["--cell", "h = tahn(h)"], "line 1, column 5: there is no function “tahn”; did you mean tanh?"),
    (["--cell", "jordan"], "there is no cell “jordan”; known are"),
    (["--cell", "LTSM"], "there is no cell “LTSM”; did you mean lstm? known are"),
    (["--cell", #"h_t = f(h_{t-1}, x_t)"#], "line 1, column 7: f stands for any function; write out what it computes, for example h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)"),
    (["--cell", #"h_t = h_{t-1} \otimes x_t"#], #"line 1, column 15: \otimes is not read in equations; write \odot for the product unit by unit"#),
    (["--inputs", "1,x"], "found “x” in the input x; expected a number"),
    (["--targets", "1"], "targets are for the way back; ask for it too (--backward)"),
    (["--size", "output"], "found --size output; expected name=number"),
    (["--hidden", "0"], "the size “hidden” is 0; expected 1 to 256"),
  ])
  func mistakes(arguments: [String], message: String) throws {
    let result = try Program.run(["explain"] + arguments)
    #expect(result.code == 64)
    #expect(result.output.isEmpty)
    #expect(result.errors.hasPrefix("rnn: \(message)"), "\(result.errors)")
  }

  @Test func numbersMayBeginWithASign() throws {
    let result = try run("--inputs", "-1,2", "--backward", "--targets", "-1,0")
    #expect(result.text.contains("x_1 = -1") && result.text.contains("with the targets -1, 0"))
  }

  @Test func digitsAreLimited() throws {
    #expect(try run("--digits", "16").code == 64)
    #expect(try run("--digits", "6").text.contains("tanh(1.261115) = 0.851371"))
  }
}

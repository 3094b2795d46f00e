import Foundation
import RNNTestSupport
import Testing

/// What a reader gets. The files under `Fixtures/explain` were checked line by line: every `=` by evaluating both sides, the
/// lecture note's numbers by an independent computation.
@Suite struct ExplainTextTests {
  private static func golden(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/explain")
    return try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }

  private static func explanation(_ change: (inout ExplanationRequest) -> Void = { _ in }) throws -> Explanation {
    var request = ExplanationRequest()
    change(&request)
    return try request.explanation()
  }

  @Test func lectureNote() throws {
    let explanation = try Self.explanation()
    #expect(try explanation.text() == Self.golden("note.txt"))
    #expect(explanation.steps.map { $0.values["y"]?.first.map { ($0 * 1000).rounded() / 1000 } } == [0.415, 0.541, 0.581])
  }

  @Test func lectureNoteBackward() throws {
    let explanation = try Self.explanation { $0.isBackward = true }
    #expect(try explanation.text() == Self.golden("note_backward.txt"))
    #expect(try explanation.latex() == Self.golden("note_backward.tex"))
  }

  @Test func softmax() throws {
    #expect(try Self.explanation { $0.output = .softmax }.text() == Self.golden("note_softmax.txt"))
    // One output is always 1, and its loss always 0.
    let one = try Self.explanation {
      $0.output = .softmax
      $0.isBackward = true
    }
    #expect(one.backward?.loss == 0)
    #expect(one.backward?.parameters.values.allSatisfy { $0.numbers.allSatisfy { $0 == 0 } } == true)
  }

  /// Vectors, gates, a softmax over three classes, and parameters from the pattern.
  @Test func gatesAndVectors() throws {
    let explanation = try Self.explanation {
      $0.cell = .lstm
      $0.inputs = ["1,-1;2,0.5"]
      $0.sizes = ["hidden": 2, "output": 3]
      $0.output = .softmax
      $0.isBackward = true
      $0.targets = "2,0"
    }
    #expect(try explanation.text() == Self.golden("lstm_softmax.txt"))
  }

  /// Long vectors are cut, not broken into lines by the hundred.
  @Test func longVectors() throws {
    let text = try Self.explanation {
      $0.cell = .gru
      $0.sizes = ["hidden": 40]
      $0.isBackward = true
    }.text()
    #expect(text.split(separator: "\n").count < 150)
    #expect(text.split(separator: "\n").allSatisfy { $0.count < 900 })
  }

  @Test(arguments: Cell.builtIn + EquationSamples.cells, [1, 2])
  func everyCell(cell: Cell, size: Int) throws {
    for layer in Explanation.OutputLayer.allCases {
      let explanation = try Self.explanation {
        $0.cell = cell
        $0.output = layer
        $0.inputs = cell.graph.inputs.map { "\($0)=" + (size == 1 ? "1,2" : "1,-1;0.5,2") }
        for name in cell.graph.sizeNames where name != "input" && !cell.graph.inputs.contains(name) { $0.sizes[name] = size }
        $0.isBackward = true
      }
      let text = try explanation.text(), latex = try explanation.latex()
      #expect(text.contains("step 2") && text.contains("gradients of the parameters"))
      // Braces are in pairs, and nothing of the text's notation is left.
      var (depth, lowest) = (0, 0)
      for byte in latex.utf8 {
        if byte == UInt8(ascii: "{") { depth += 1 }
        if byte == UInt8(ascii: "}") { depth -= 1 }
        lowest = Swift.min(lowest, depth)
      }
      #expect(depth == 0 && lowest == 0 && latex.utf8.allSatisfy { $0 < 0x80 })
      // What is encoded comes back, and is shown the same; JSON has no infinite numbers.
      guard !text.contains("inf"), !text.contains("nan") else { continue }
      let encoded = try JSONEncoder().encode(explanation)
      let decoded = try JSONDecoder().decode(Explanation.self, from: encoded)
      #expect(decoded == explanation)
      #expect(try decoded.text() == text)
    }
  }

  /// Losses by finite differences: the explanation's own numbers agree with each other.
  @Test func gradientsAreDerivatives() throws {
    func loss(_ weight: Double) throws -> Double {
      try #require(try Self.explanation {
        $0.parameters = ["Whh=\(weight)"]
        $0.isBackward = true
        $0.targets = "1,0,-1"
      }.backward?.loss)
    }
    let backward = try #require(try Self.explanation {
      $0.isBackward = true
      $0.targets = "1,0,-1"
    }.backward)
    let difference = (try loss(0.3001) - loss(0.2999)) / 0.0002
    let gradient = try #require(backward.parameters["W_hh"]?.numbers.first)
    #expect(abs(gradient - difference) < 1e-7)
  }

  // MARK: Numbers

  @Test(arguments: [
    (0.0, 3, "0"), (-0.0, 3, "0"), (0.5, 3, "0.5"), (2, 3, "2"), (-1.25, 3, "-1.25"), (0.8504, 3, "0.850"), (0.8513, 3, "0.851"),
    (1.0 / 3, 3, "0.333"), (12.34567, 2, "12.35"), (0.0213456, 3, "0.0213"), (0.00639123, 3, "0.00639"), (-0.000123456, 3, "-0.000123"),
    (0.0000123456, 3, "1.23e-05"), (9.9996e-6, 3, "1.00e-05"), (1e-300, 3, "1.00e-300"), (0.99999, 3, "1.000"), (1e15, 3, "1000000000000000"), (1e20, 3, "1e+20"),
    (123456789.125, 3, "123456789.125"), (0.1 + 0.2, 3, "0.3"), (.infinity, 3, "inf"), (0.1234567890123, 15, "0.1234567890123"), (1e-7, 1, "1e-07"),
  ])
  func numbers(value: Double, digits: Int, expected: String) {
    #expect(ExplanationNumbers.text(value, digits: digits) == expected)
  }
}

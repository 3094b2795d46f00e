import RNNTestSupport
import Testing

/// Text and graph are one and the same: nothing is lost on the way out and back.
@Suite struct EquationTextTests {
  @Test(arguments: Cell.builtIn + EquationSamples.cells)
  func readBackIsTheSameGraph(cell: Cell) throws {
    let text = cell.equations
    let read = try Cell(equations: text, name: cell.name)
    #expect(read == cell, "\(text)")
    #expect(read.equations == text)
  }

  @Test func show() {
    for cell in Cell.builtIn + EquationSamples.cells { print("--- \(cell.name)\n\(cell.equations)\n\(cell.latex)") }
  }
}

import RNNTestSupport
import Testing

@Suite struct EquationDerivativeTests {
  @Test func show() {
    for cell in [Cell.gru] + TestCells.all { print("--- \(cell.name)\n\(cell.derivativeEquations)") }
    print(Cell.rnn.derivativeLatex)
  }
}

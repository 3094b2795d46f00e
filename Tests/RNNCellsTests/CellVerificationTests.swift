import RNNTestSupport
import Testing

/// Every cell of the table, and the test cells below, through everything that must hold of a cell.
@Suite struct CellVerificationTests {
  static let cells = Cell.builtIn + TestCells.all

  @Test("A cell's derivative, engine, chunks, rows and threads", arguments: cells)
  func everything(_ cell: Cell) throws {
    for (input, hidden, batch, steps) in [(3, 7, 3, 5), (1, 1, 1, 1), (5, 17, 5, 4), (65, 33, 1, 3), (16, 16, 3, 6), (2, 32, 4, 70)] {
      let sizes = CellSizes(input: input, hidden: hidden, ["projection": max(1, hidden / 2)])
      let verification = try Verification(cell, sizes: sizes, steps: steps, batch: batch, seed: UInt64(hidden))
      for check in steps > 10 ? [verification.wholeAgainstSteps(), verification.wholeAgainstChunks()] : verification.run() {
        #expect(check.passed, "\(cell.name) I\(input) H\(hidden) B\(batch) T\(steps): \(check.name): \(check.error) > \(check.bound)")
      }
    }
  }

  /// Few rows and large matrices: threads share out the units of a step.
  @Test(arguments: Cell.builtIn)
  func sharedUnits(_ cell: Cell) throws {
    let verification = try Verification(
      cell, sizes: CellSizes(input: 960, hidden: 128, ["projection": 128]), steps: 2, batch: 1, seed: 5)
    for check in [
      verification.forwardAgainstPlain(), verification.backwardAgainstPlain(), verification.wholeAgainstSteps(),
      verification.wholeAgainstStepper(), verification.oneThreadAgainstMore(),
    ] {
      #expect(check.passed, "\(cell.name): \(check.name): \(check.error) > \(check.bound)")
    }
  }

  /// More rows than are recorded at once on the way back.
  @Test(arguments: [Cell.rnn, .lstm, .gruResetBefore, .lstmLayerNorm])
  func manySteps(_ cell: Cell) throws {
    let verification = try Verification(cell, sizes: CellSizes(input: 3, hidden: 5), steps: 300, batch: 6, seed: 6)
    for check in [verification.backwardAgainstPlain(), verification.wholeAgainstChunks(), verification.oneThreadAgainstMore()] {
      #expect(check.passed, "\(cell.name): \(check.name): \(check.error) > \(check.bound)")
    }
  }
}

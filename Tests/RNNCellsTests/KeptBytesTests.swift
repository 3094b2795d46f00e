import RNNTestSupport
import Testing

/// What a training run keeps for each step and row, counted by hand: the states, and what comes out of products.
@Suite struct KeptBytesTests {
  @Test(arguments: [
    (Cell.rnn, 1),  // h
    (.rnnReLU, 1),
    (.lstm, 6),  // h, c; i, f, g, o
    (.gru, 5),  // h; r, z, n, W_hn h + b_hn
    (TestCells.indRNN, 1),
  ])
  func vectors(_ cell: Cell, count: Int) throws {
    func bytes(_ hidden: Int) throws -> Int {
      try CellEngine(cell, sizes: CellSizes(input: 5, hidden: hidden)).keptBytesPerStepAndRow
    }
    #expect(try bytes(32) == 4 * 32 * count)
    // Units are filled up to whole vectors of 16.
    #expect(try bytes(33) == 4 * 48 * count)
  }
}

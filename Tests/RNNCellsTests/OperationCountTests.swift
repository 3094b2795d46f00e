import RNNCells
import Testing

/// The operations by which speeds are given.
@Suite struct OperationCountTests {
  /// The textbook's count for G gates, and what other shapes of matrices make of it.
  @Test func builtInCells() throws {
    let i = 24, h = 40, p = 16
    func count(_ cell: Cell) -> Int { cell.graph.productOperations(CellSizes(input: i, hidden: h, ["projection": p])) }
    #expect(count(.rnn) == 2 * h * (i + h))
    #expect(count(.lstm) == 2 * 4 * h * (i + h))
    #expect(count(.lstmPeephole) == count(.lstm) && count(.lstmLayerNorm) == count(.lstm))
    #expect(count(.gru) == 2 * 3 * h * (i + h) && count(.gruResetBefore) == count(.gru))
    #expect(count(.mgu) == 2 * 2 * h * (i + h))
    #expect(count(.lstmProjection) == 2 * 4 * h * (i + p) + 2 * p * h)
  }

  @Test func ownCells() throws {
    let sizes = CellSizes(input: 3, hidden: 5)
    #expect(try Cell(equations: "h = tanh(Wxh x + b_u * h)").graph.productOperations(sizes) == 2 * 5 * 3)
    // One matrix, applied to two values; the same product written twice is one.
    #expect(try Cell(equations: "h = tanh(Wxh x + Whh h + Whh (h * h))").graph.productOperations(sizes) == 2 * 5 * (3 + 5 + 5))
    #expect(try Cell(equations: "h = tanh(Wxh x) + Whh h * tanh(Wxh x)").graph.productOperations(sizes) == 2 * 5 * (3 + 5))
    #expect(try Cell(equations: "h = 0.5 h + b_x * mean(x)").graph.productOperations(sizes) == 0)
  }
}

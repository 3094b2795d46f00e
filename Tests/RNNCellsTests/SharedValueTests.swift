import RNNTestSupport
import Testing

/// Cells whose values are used again and again: a few lines that would be without bound if each use were written out or
/// computed by itself. A pass that isn't about linear in the operations would never end here.
@Suite struct SharedValueTests {
  static let cells = [
    // Twice as long with every line.
    cell { "a\($0) = tanh(a\($0 - 1) + a\($0 - 1))" },
    cell { "a\($0) = 0.5 * (a\($0 - 1) + a\($0 - 1))" },
    cell { "a\($0) = sigmoid(0.5 a\($0 - 1) * (1 - a\($0 - 1)) + 0.5 a\($0 - 1))" },
    cell { "a\($0) = W_w\($0) a\($0 - 1) + W_v\($0) a\($0 - 1) + a\($0 - 1) + b_\($0)" },
    cell { "a\($0) = max(a\($0 - 1), tanh(a\($0 - 1) * a\($0 - 1)))" },
    cell { "a\($0) = normalized(a\($0 - 1)) * mean(a\($0 - 1)) + dropout(a\($0 - 1), 0.25)" },
    cell { "a\($0) = tanh(sum(a\($0 - 1) * mean(a\($0 - 1) * a\($0 - 1))) * a\($0 - 1) * highest(a\($0 - 1)))" },
    cell { "a\($0) = zoneout(a\($0 - 1), tanh(a\($0 - 1)), 0.1)" },
    // Numbers before numbers, to the depth where an expression is cut.
    Result {
      try Cell(equations: "h = tanh(" + (0..<28).map { "0.9 (W_\($0) x + " }.joined() + "h" + String(repeating: ")", count: 29))
    },
    Result { try Cell(equations: "h = " + String(repeating: "0.9 (", count: 30) + "h + W_x x" + String(repeating: ")", count: 30)) },
  ]

  private static func cell(_ line: (Int) -> String) -> Result<Cell, any Error> {
    Result { try Cell(equations: "a0 = W_xa x + W_ha h + b_a\n" + (1...60).map(line).joined(separator: "\n") + "\nh = tanh(a60)") }
  }

  @Test(arguments: cells.indices) func everyPass(index: Int) throws {
    let cell = try Self.cells[index].get()
    // Parsed, written and read back.
    #expect(try Cell(equations: cell.equations) == cell)
    // A line of text for each operation is more than enough.
    let most = 400 * (cell.graph.nodes.count + 10)
    for text in [cell.equations, cell.latex, cell.derivativeEquations, cell.derivativeLatex] { #expect(text.utf8.count < most) }
    let derivative = Derivative(of: cell.graph)
    #expect(derivative.nodes.count < 20 * cell.graph.nodes.count)

    // Planned, trained and verified.
    let sizes = CellSizes(input: 2, hidden: 3)
    for check in try Verification(cell, sizes: sizes, steps: 2, batch: 2).run() { #expect(check.error.isFinite, "\(check)") }
    let stack = try RecurrentStack("rnn", cell: cell, inputs: 2, hidden: 3)
    var random = Philox(seed: 1)
    var weights = Weights()
    try stack.initial(into: &weights, using: &random)
    let x = Variable(Tensor(normalMean: 0, deviation: 1, shape: [3, 2, 2], using: &random))
    let (loss, gradient) = valueAndGradient(of: weights) { (stack(x, $0).output * 1).sum() }
    #expect(loss.isFinite && gradient.count > 0)

    // Explained, as far as it is short enough.
    guard cell.graph.nodes.count <= Explanation.maximumOperations - 2 else { return }
    var request = ExplanationRequest()
    request.cell = cell
    request.isBackward = true
    let explanation = try request.explanation()
    #expect(try explanation.text().utf8.count < 20 * most)
    #expect(try explanation.latex().utf8.count < 20 * most)
  }

  /// The roles of the vectors in sums whose terms are shared are those that the sums, written out, would give.
  @Test func rolesInSharedSums() throws {
    let cell = try Cell(equations: """
      p = W_xp x + b_p
      q = p + p
      r = q + q + b_r
      s = r + W_hs h + b_s
      u = tanh(W_hu h + b_u)
      n = v_n * normalized(s) + v_m * u
      h = tanh(s + r) * n + W_xz x + W_hz u + v_u
      """)
    let roles = Dictionary(uniqueKeysWithValues: zip(cell.graph.parameters.map(\.symbol), cell.graph.vectorRoles))
    #expect(roles["b.p"] == .doubleBias && roles["b.r"] == .doubleBias && roles["b.s"] == .doubleBias)
    #expect(roles["b.u"] == .doubleBias)
    #expect(roles["b.n"] == .gain && roles["b.m"] == .vector)
    #expect(roles["W.xp"] == .matrix)
  }
}

import RNNTestSupport
import Testing

/// Every number of an explanation against PyTorch's own, and its gradients against autograd.
@Suite struct ExplainFixtureTests {
  /// PyTorch's order of the gates.
  static let gates = ["rnn": ["h"], "lstm": ["i", "f", "g", "o"], "gru": ["r", "z", "n"]]

  /// Rows `gate × hidden` of a tensor.
  private static func block(_ numbers: [Double], _ gate: Int, of gates: Int) -> [Double] {
    let count = numbers.count / gates
    return Array(numbers[gate * count..<(gate + 1) * count])
  }

  /// Our parameters from PyTorch's, which has two biases for each gate; only the GRU's n keeps both apart.
  private static func parameters(_ fixture: Fixture, _ cell: String, prefix: String = "") throws -> [String: [Double]] {
    let gates = try #require(gates[cell])
    var result = [
      "W_hy": try fixture.doubles(prefix + "linear.weight"), "b_y": try fixture.doubles(prefix + "linear.bias"),
    ]
    let names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    let all = try names.map { try fixture.doubles(prefix + $0) }
    for (k, gate) in gates.enumerated() {
      let parts = all.map { block($0, k, of: gates.count) }
      result["W_x" + gate] = parts[0]
      result["W_h" + gate] = parts[1]
      if cell == "gru", gate == "n" {
        result["b_n"] = parts[2]
        result["b_hn"] = parts[3]
      } else {
        // A gradient is the same for both; values are added.
        result["b_" + gate] = prefix.isEmpty ? zip(parts[2], parts[3]).map(+) : parts[2]
      }
    }
    return result
  }

  private static func rows(_ numbers: [Double], _ steps: Int) -> [[Double]] {
    let count = numbers.count / steps
    return (0..<steps).map { Array(numbers[$0 * count..<($0 + 1) * count]) }
  }

  private static func expectEqual(_ found: [Double]?, _ expected: [Double], _ what: String) {
    guard let found, found.count == expected.count else {
      Issue.record("\(what): \(found?.count ?? 0) numbers; expected \(expected.count)")
      return
    }
    for (a, b) in zip(found, expected) { #expect(Swift.abs(a - b) <= 1e-9 * Swift.max(1, Swift.abs(b)), "\(what): \(a), expected \(b)") }
  }

  @Test(arguments: ["rnn", "lstm", "gru"], ["scalar", "vector"])
  func agreesWithPyTorch(cell: String, shape: String) throws {
    let fixture = try Fixture("explain_\(cell)_\(shape)")
    func size(_ name: String) throws -> Int { try #require(fixture.metadata[name].flatMap { Int($0) }) }
    let steps = try size("steps")
    func sequence(_ name: String) throws -> [[Double]] { Self.rows(try fixture.doubles(name), steps) }
    let built = try Cell.named(cell)
    let states = built.graph.states.map(\.name)
    let explanation = try Explanation(
      of: built, sizes: CellSizes(input: try size("input"), hidden: try size("hidden"), ["output": try size("output")]),
      parameters: try Self.parameters(fixture, cell), inputs: ["x": try sequence("x")],
      initialStates: Dictionary(uniqueKeysWithValues: try states.map { ($0, try fixture.doubles($0 + "0")) }),
      targets: .values(try sequence("target")))
    let backward = try #require(explanation.backward)

    let values = (Self.gates[cell] ?? []) + states + ["y"] + (cell == "rnn" ? ["a"] : [])
    for name in values {
      let expected = try sequence(name), gradients = try sequence("grad." + name)
      for t in 0..<steps {
        Self.expectEqual(explanation.steps[t].values[name], expected[t], "\(name) at step \(t + 1)")
        Self.expectEqual(backward.steps[steps - 1 - t].gradients[name], gradients[t], "gradient of \(name) at step \(t + 1)")
      }
    }
    let inputs = try sequence("grad.x")
    for t in 0..<steps { Self.expectEqual(backward.steps[steps - 1 - t].gradients["x"], inputs[t], "gradient of x at step \(t + 1)") }
    for state in states {
      Self.expectEqual(backward.initialStates[state], try fixture.doubles("grad.\(state)0"), "gradient of \(state)_0")
      Self.expectEqual(backward.steps[steps - 1].previousStates[state], try fixture.doubles("grad.\(state)0"), "what \(state)_0 receives")
    }
    let gradients = try Self.parameters(fixture, cell, prefix: "grad.")
    #expect(Set(backward.parameters.keys) == Set(gradients.keys))
    for (name, expected) in gradients {
      Self.expectEqual(backward.parameters[name]?.numbers, expected, "gradient of \(name)")
      // What the steps add is the whole.
      let sums = expected.indices.map { i in backward.steps.reduce(0) { $0 + ($1.terms[name]?.numbers[i] ?? .nan) } }
      Self.expectEqual(sums, expected, "terms of \(name)")
    }
    Self.expectEqual(backward.losses, try fixture.doubles("loss_t"), "loss of each step")
    Self.expectEqual([backward.loss], try fixture.doubles("loss"), "loss")
  }
}

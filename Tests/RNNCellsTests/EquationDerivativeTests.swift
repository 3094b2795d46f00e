import RNNTestSupport
import Testing

/// The derivative as a reader sees it.
@Suite struct EquationDerivativeTests {
  @Test func elman() {
    #expect(Cell.rnn.derivativeEquations == """
      a_t = W_xh x_t + W_hh h_{t-1} + b_h
      dL/dh_t = dL_{>t}/dh_t + dL_t/dh_t
      dL/da_t = dL/dh_t ⊙ (1 - h_t^2)
      dL_{>t-1}/dh_{t-1} = W_hhᵀ dL/da_t
      dL/dx_t = W_xhᵀ dL/da_t
      dL/dW_xh = Σ_t dL/da_t x_tᵀ
      dL/dW_hh = Σ_t dL/da_t h_{t-1}ᵀ
      dL/db_h = Σ_t dL/da_t
      """)
    #expect(Cell.rnn.derivativeLatex == #"""
      \begin{aligned}
      a_{t} &= W_{xh} x_{t} + W_{hh} h_{t-1} + b_{h} \\
      \frac{\partial L}{\partial h_{t}} &= \frac{\partial L_{>t}}{\partial h_{t}} + \frac{\partial L_{t}}{\partial h_{t}} \\
      \frac{\partial L}{\partial a_{t}} &= \frac{\partial L}{\partial h_{t}} \odot \left(1 - h_{t}^2\right) \\
      \frac{\partial L_{>t-1}}{\partial h_{t-1}} &= W_{hh}^\top \frac{\partial L}{\partial a_{t}} \\
      \frac{\partial L}{\partial x_{t}} &= W_{xh}^\top \frac{\partial L}{\partial a_{t}} \\
      \frac{\partial L}{\partial W_{xh}} &= \sum_{t} \frac{\partial L}{\partial a_{t}} x_{t}^\top \\
      \frac{\partial L}{\partial W_{hh}} &= \sum_{t} \frac{\partial L}{\partial a_{t}} h_{t-1}^\top \\
      \frac{\partial L}{\partial b_{h}} &= \sum_{t} \frac{\partial L}{\partial a_{t}}
      \end{aligned}
      """#)
  }

  /// Each gate's gradient has its name, and what two gradients share has one, too.
  @Test func gatedRecurrentUnit() {
    #expect(Cell.gru.derivativeEquations.split(separator: "\n").dropFirst(3).prefix(10).joined(separator: "\n") == """
      dL/dh_t = dL_{>t}/dh_t + dL_t/dh_t
      dL/dn_t = dL/dh_t ⊙ (1 - z_t)
      dL/dz_t = dL/dh_t ⊙ h_{t-1} - dL/dh_t ⊙ n_t
      dL/da_{n,t} = dL/dn_t ⊙ (1 - n_t^2)
      dL/dr_t = dL/da_{n,t} ⊙ (W_hn h_{t-1} + b_hn)
      δ1_t = dL/da_{n,t} ⊙ r_t
      dL/da_{z,t} = dL/dz_t ⊙ z_t ⊙ (1 - z_t)
      dL/da_{r,t} = dL/dr_t ⊙ r_t ⊙ (1 - r_t)
      dL_{>t-1}/dh_{t-1} = dL/dh_t ⊙ z_t + W_hnᵀ δ1_t + W_hzᵀ dL/da_{z,t} + W_hrᵀ dL/da_{r,t}
      dL/dx_t = W_xnᵀ dL/da_{n,t} + W_xzᵀ dL/da_{z,t} + W_xrᵀ dL/da_{r,t}
      """)
  }

  /// A long sum has a long derivative, which is written without recursion.
  @Test func longSums() throws {
    let products = try Cell(equations: "h = h + " + (0..<900).map { "W_\($0) x" }.joined(separator: " + "))
    let text = products.derivativeEquations
    #expect(text.contains("W_899ᵀ"))
    let chain = try Cell(equations: "h = h" + String(repeating: " + h", count: 4_000))
    #expect(chain.derivativeEquations.split(separator: "\n").allSatisfy { $0.utf8.count < 10_000 })
  }

  /// Every cell's derivative can be written, masks and names that could mean something else included.
  @Test(arguments: Cell.builtIn + EquationSamples.cells)
  func everyCell(cell: Cell) {
    let lines = cell.derivativeEquations.split(separator: "\n")
    #expect(lines.allSatisfy { $0.contains(" = ") })
    #expect(lines.count == cell.derivativeLatex.split(separator: "\n").count - 2)
    for parameter in cell.graph.parameters where parameter.isMatrix {
      #expect(lines.contains { $0.contains("/dW") && $0.contains(parameter.name) } || !cell.derivativeEquations.contains("Σ_t"))
    }
  }
}

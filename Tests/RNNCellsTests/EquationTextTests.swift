import RNNTestSupport
import Testing

/// Text and graph are one and the same: nothing is lost on the way out and back.
@Suite struct EquationTextTests {
  @Test(arguments: Cell.builtIn + EquationSamples.cells)
  func readBackIsTheSameCell(cell: Cell) throws {
    let text = cell.equations
    let read = try Cell(equations: text)
    #expect(read == cell, "\(text)")
    #expect(read.equations == text)
  }

  @Test func textbookForm() {
    #expect(Cell.rnn.equations == "h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)")
    #expect(Cell.gru.equations == """
      r_t = sigmoid(W_xr x_t + W_hr h_{t-1} + b_r)
      z_t = sigmoid(W_xz x_t + W_hz h_{t-1} + b_z)
      n_t = tanh(W_xn x_t + b_n + r_t ⊙ (W_hn h_{t-1} + b_hn))
      h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}
      """)
    #expect(Cell.lstmPeephole.equations == """
      i_t = sigmoid(W_xi x_t + W_hi h_{t-1} + v_pi ⊙ c_{t-1} + b_i)
      f_t = sigmoid(W_xf x_t + W_hf h_{t-1} + v_pf ⊙ c_{t-1} + b_f)
      g_t = tanh(W_xg x_t + W_hg h_{t-1} + b_g)
      c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
      o_t = sigmoid(W_xo x_t + W_ho h_{t-1} + v_po ⊙ c_t + b_o)
      h_t = o_t ⊙ tanh(c_t)
      """)
    #expect(Cell.lstmProjection.equations.hasPrefix("state h: projection, c\ni_t = "))
    #expect(Cell.lstmLayerNorm.equations.hasSuffix("h_t = o_t ⊙ tanh(v_gc ⊙ normalized(c_t) + b_c)"))
  }

  @Test func latex() {
    #expect(Cell.gru.latex == #"""
      \begin{aligned}
      r_{t} &= \sigma\left(W_{xr} x_{t} + W_{hr} h_{t-1} + b_{r}\right) \\
      z_{t} &= \sigma\left(W_{xz} x_{t} + W_{hz} h_{t-1} + b_{z}\right) \\
      n_{t} &= \tanh\left(W_{xn} x_{t} + b_{n} + r_{t} \odot \left(W_{hn} h_{t-1} + b_{hn}\right)\right) \\
      h_{t} &= \left(1 - z_{t}\right) \odot n_{t} + z_{t} \odot h_{t-1}
      \end{aligned}
      """#)
  }

  /// `W.hn * r * s.h` looks like a product with r ⊙ h; what it is must be seen.
  @Test func aProductShowsItsBrackets() {
    let cell = Cell("brackets", state: "h") { x, s, W, b in
      let r = sigmoid(W.xr * x + W.hr * s.h)
      return ["h": r + W.hn * r * s.h]
    }
    #expect(cell.equations.hasSuffix("h_t = r_t + (W_hn r_t) ⊙ h_{t-1}"))
  }

  /// The order in which an author names things is kept, whatever the order of evaluation was.
  @Test func anAuthorsOrderOfEvaluationLeavesNoTrace() throws {
    let one = Cell("order", state: "h") { x, s, W, b in
      let late = b.h, h = s.h
      return ["h": tanh(W.xh * x + W.hh * h + late)]
    }
    #expect(one.graph == Cell.rnn.graph)
  }

  @Test func aNameIsKeptOrUsual() throws {
    #expect(try Cell(equations: "h = tanh(Wxh x + Whh h + bh)") == Cell.rnn)
    #expect(try Cell(equations: "h = tanh(Wxh x + 0.5 h)").name == "custom")
    #expect(try Cell(equations: "cell my own (2nd)  # it is\nh = tanh(Wxh x + 0.5 h)").name == "my own (2nd)")
    #expect(try Cell(equations: "cell a; h = 2 h", name: "b").name == "b")
    #expect(try Cell(equations: "cell = tanh(cell)").equations == "cell_t = tanh(cell_{t-1})")
  }
}

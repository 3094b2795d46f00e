import RNNTestSupport
import Testing

/// A formula of a paper, pasted, is the cell that the paper means.
@Suite struct PastedFormulaTests {
  @Test(arguments: PastedFormulas.all)
  func aTextbooksFormulasAreTheBuiltInCell(sample: PastedFormulas.Sample) throws {
    var remarks: [String] = []
    let cell = try Cell(equations: sample.text, remark: { remarks.append($0) })
    #expect(remarks.count == sample.remarks.count, "\(remarks)")
    for (remark, expected) in zip(remarks, sample.remarks) { #expect(remark.contains(expected), "\(remark)") }
    if sample.isSameGraph { #expect(Unnamed(cell.graph) == Unnamed(sample.cell.graph), "\(cell.equations)") }
    try expectSameNumbers(cell, sample)
    // What a model file stores.
    #expect(try Cell(equations: cell.equations) == cell, "\(cell.equations)")
    #expect(!cell.equations.contains("\\"))
  }

  /// A graph without its names.
  private struct Unnamed: Equatable {
    let nodes: [Node]
    let next: [Int]
    let output: Int
    let parameters: [[Size?]]

    init(_ graph: Graph) {
      (nodes, next, output) = (graph.nodes, graph.next, graph.output)
      parameters = graph.parameters.map { [$0.rows, $0.columns] }
    }
  }

  /// The same outputs and gradients as the built-in cell with the same parameters.
  private func expectSameNumbers(_ cell: Cell, _ sample: PastedFormulas.Sample) throws {
    let sizes = CellSizes(input: 3, hidden: 4)
    let pasted = try Evaluation(cell, sizes: sizes), builtIn = try Evaluation(sample.cell, sizes: sizes)
    var random = Philox(seed: 14)
    func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in Double(random.next() % 2_000) / 1_000 - 1 } }
    let parameters = pasted.graph.parameters.map { numbers(pasted.count($0)) }
    let inputs = (0..<3).map { _ in [numbers(3)] }, outputs = (0..<3).map { _ in numbers(4) }
    let index = Dictionary(uniqueKeysWithValues: cell.graph.parameters.enumerated().map { ($1.symbol, $0) })
    let parts = try sample.cell.graph.parameters.map { parameter in
      try (sample.names[parameter.symbol] ?? [parameter.symbol]).map { try #require(index[$0], "\($0) in \(cell.equations)") }
    }
    #expect(Set(parts.joined()).count == parameters.count, "a parameter too many: \(cell.equations)")
    let ours = parts.map { $0.dropFirst().reduce(parameters[$0[0]]) { sum, part in zip(sum, parameters[part]).map(+) } }

    let run = pasted.run(inputs: inputs, parameters: parameters), expected = builtIn.run(inputs: inputs, parameters: ours)
    expectClose(run.outputs.flatMap(\.self), expected.outputs.flatMap(\.self))
    let gradients = pasted.gradients(of: run, outputs: outputs, parameters: parameters)
    let expectedGradients = builtIn.gradients(of: expected, outputs: outputs, parameters: ours)
    expectClose(gradients.inputs.flatMap { $0.flatMap(\.self) }, expectedGradients.inputs.flatMap { $0.flatMap(\.self) })
    for (parameter, parts) in parts.enumerated() {
      // Each part of a sum has the gradient of the sum.
      for part in parts { expectClose(gradients.parameters[part], expectedGradients.parameters[parameter]) }
    }
  }

  /// Sums may be in another order: a few roundings of numbers about 1.
  private func expectClose(_ a: [Double], _ b: [Double]) {
    #expect(a.count == b.count && !a.isEmpty)
    #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  /// The output of `latex` can be pasted again.
  @Test(arguments: Cell.builtIn + [EquationSamples.multiplicative, EquationSamples.functions])
  func printedLaTeXIsRead(cell: Cell) throws {
    let headers = cell.equations.split(separator: "\n").filter { $0.hasPrefix("state ") || $0.hasPrefix("output ") }
    let read = try Cell(equations: headers.joined(separator: "\n") + "\n" + cell.latex.replacing("1.0", with: "1"), name: cell.name)
    #expect(Unnamed(read.graph) == Unnamed(cell.graph), "\(read.equations)")
  }

  // MARK: Parts

  @Test(arguments: [
    // Lines.
    (#"h_t = W_{h} x_t \\[2pt] + h_{t-1}"#, "h_t = W_h x_t + h_{t-1}"),
    ("h_t = \n W_h x_t\n + h_{t-1}\n", "h_t = W_h x_t + h_{t-1}"),
    ("a = W_h x_t,\nh_t = a + h_{t-1}.", "h_t = W_h x_t + h_{t-1}"),
    (#"\[ a_t = W_h x_t, \qquad h_t = a_t + h_{t-1} \label{eq:h} \tag{1} \]"#, "h_t = W_h x_t + h_{t-1}"),
    (#"\begin{cases} a_t &= W_h x_t \\ h_t &= a_t + h_{t-1} \end{cases}"#, "h_t = W_h x_t + h_{t-1}"),
    (#"\left\{ \begin{aligned} a_t &= W_h x_t \\ h_t &= a_t + h_{t-1} \end{aligned} \right."#, "h_t = W_h x_t + h_{t-1}"),
    ("$h_t = W_h x_t + h_{t-1}$ % the state", "h_t = W_h x_t + h_{t-1}"),
    ("h_t := W_h x_t + h_{t-1}", "h_t = W_h x_t + h_{t-1}"),
    (#"h_t \leftarrow W_h x_t + h_{t-1}"#, "h_t = W_h x_t + h_{t-1}"),
    ("h ≔ W_h x + h", "h_t = W_h x_t + h_{t-1}"),
    // Steps as arguments.
    ("h(t) = W_h x(t) + h(t-1)", "h_t = W_h x_t + h_{t-1}"),
    ("h[t] := W_h x[t] + h[t - 1]", "h_t = W_h x_t + h_{t-1}"),
    (#"\mathbf{h}(t) = \mathbf{W}_h\,\mathbf{x}\left(t\right) + \mathbf{h}(t-1)"#, "h_t = W_h x_t + h_{t-1}"),
    ("h(t) = Wx(t) + Uh(t−1) + b", "h_t = W x_t + U h_{t-1} + b"),
    ("h(0) = 0.5; h(t) = W_h x(t) + h(t-1)", "state h = 0.5\nh_t = W_h x_t + h_{t-1}"),
    ("f(t) = W_h x(t)\nh(t) = f(t) +\nh(t-1)", "h_t = W_h x_t + h_{t-1}"),
    ("t = W_h x\nh_t = exp(t) + h_{t-1} (1)", "h_t = exp(W_h x_t) + h_{t-1}"),
    // Numbers of equations.
    ("h_t = W_h x_t + h_{t-1} (1)", "h_t = W_h x_t + h_{t-1}"),
    (#"h_t = W_h x_t + h_{t-1},\quad (1)"#, "h_t = W_h x_t + h_{t-1}"),
    (#"h_t = x_t W_h + h_{t-1}. \qquad (2.3)"#, "h_t = W_h x_t + h_{t-1}"),
    ("a_t = W_h x_t (1a)\n(1b) h_t = a_t + h_{t-1}, (1b)", "h_t = W_h x_t + h_{t-1}"),
    (#"h_0 = 0.5 \eqno(1) \\ h_t = W_h x_t + h_{t-1} \eqno(2)"#, "state h = 0.5\nh_t = W_h x_t + h_{t-1}"),
    // The steps that they hold for.
    (#"h_t = W_h x_t + h_{t-1}, \quad t = 1, \dots, T"#, "h_t = W_h x_t + h_{t-1}"),
    (#"h_t = W_h x_t + h_{t-1}, \qquad t = 1, 2, \ldots, T. \quad (3)"#, "h_t = W_h x_t + h_{t-1}"),
    ("a_t = W_h x_t for t = 1, …, T\nh_t = a_t + h_{t-1}, t=1..T", "h_t = W_h x_t + h_{t-1}"),
    (#"h_t = W_h x_t + h_{t-1} \quad \text{for } t \geq 1"#, "h_t = W_h x_t + h_{t-1}"),
    (#"h_t = W_h x_t + h_{t-1} \quad (t = 1, \dots, T)"#, "h_t = W_h x_t + h_{t-1}"),
    (#"h_t = W_h x_t + h_{t-1} \text{ for all } t."#, "h_t = W_h x_t + h_{t-1}"),
    ("h_t = W_h x_t + h_{t-1}, t in 1..T", "h_t = W_h x_t + h_{t-1}"),
    (#"a_t = W_h x_t, \; \forall t \in \{1, \dots, T\} \\ h_t = a_t + h_{t-1}, \quad 1 \leq t \leq T."#, "h_t = W_h x_t + h_{t-1}"),
    // Side by side.
    (#"h_t = Wx_t + Uh_{t-1} + b"#, "h_t = W x_t + U h_{t-1} + b"),
    (#"h_t = W_hx_t + h_{t-1}"#, "h_t = W_h x_t + h_{t-1}"),
    (#"h_t = W_{xh}^{\top} x_t + W_{hh}^T h_{t-1}"#, "h_t = W_xh x_t + W_hh h_{t-1}"),
    (#"h_t = A h_{t-1} + B x_t"#, "h_t = A h_{t-1} + B x_t"),
    (#"h_t = W^x x_t + W^{(h)} h_{t-1}"#, "h_t = W_x x_t + W_h h_{t-1}"),
    (#"\lambda = \sigma(b_a) \\ h_t = \lambda \odot h_{t-1} + W_h x_t"#, "h_t = sigmoid(v_a) ⊙ h_{t-1} + W_h x_t"),
    (#"h_t = 10^{-3} h_{t-1} + 2.5 \cdot 10^{-4} W_h x_t"#, "h_t = 0.001 h_{t-1} + 0.00025 (W_h x_t)"),
    // Functions and numbers.
    (#"h_t = \frac{W_h x_t}{1 + \exp(-h_{t-1})}"#, "h_t = (W_h x_t) / (1 + exp(-h_{t-1}))"),
    (#"h_t = W_h x_t + \frac{h_{t-1}}{2 h_{t-1}}"#, "h_t = W_h x_t + h_{t-1} / (2 h_{t-1})"),
    (#"h_t = \operatorname{ReLU}\left[W_h x_t + h_{t-1}\right]"#, "h_t = relu(W_h x_t + h_{t-1})"),
    (#"h_t = \max\{0, W_h x_t + h_{t-1}\}"#, "h_t = max(0, W_h x_t + h_{t-1})"),
    (#"h_t = \sqrt{h_{t-1}^2} + \left|W_h x_t\right|"#, "h_t = sqrt(h_{t-1}^2) + abs(W_h x_t)"),
    (#"h_t = \ln\left(\frac{1}{2} + h_{t-1}^{2}\right) + W_h x_t"#, "h_t = log(1 / 2 + h_{t-1}^2) + W_h x_t"),
    (#"h_t = W_{\mathrm{in}} x_t + \vec{h}_{t-1}"#, "h_t = W_in x_t + h_{t-1}"),
    (#"h_t = {\bf W}_h {\bf x}_t + {\bf h}_{t - 1}"#, "h_t = W_h x_t + h_{t-1}"),
    (#"h'_t = W_h x_t + h'_{t-1}"#, "h_prime_t = W_h x_t + h_prime_{t-1}"),
    // First values.
    (#"h_0 = 0.5 \\ h_t = W_h x_t + h_{t-1}"#, "state h = 0.5\nh_t = W_h x_t + h_{t-1}"),
    (#"h_t = W_h x_t + h_{t-1}, \; \mathbf{h}^{(0)} = \mathbf{0}"#, "h_t = W_h x_t + h_{t-1}"),
    // A matrix beside ⊙ is a vector, and no bias of the same name.
    (#"h_t = W_a \odot h_{t-1} + W_h x_t"#, "h_t = v_a ⊙ h_{t-1} + W_h x_t"),
    (#"h_t = h_{t-1} \odot W_h + W_h x_t + b_h"#, "h_t = h_{t-1} ⊙ v_W_h + W_h x_t + b_h"),
    // A declared input has its own name.
    ("input X\nh_t = W_h X_t + h_{t-1}", "input X\nh_t = W_h X_t + h_{t-1}"),
    // Several vectors.
    (#"h_t = W[h_{t-1}, x_t]"#, "h_t = W_x x_t + W_h h_{t-1}"),
    (#"h_t = U_a[h_{t-1}, x_t, ]"#, "h_t = U_xa x_t + U_ha h_{t-1}"),
  ])
  func parts(text: String, expected: String) throws {
    let cell = try Cell(equations: text)
    #expect(cell.equations == expected)
    #expect(try Cell(equations: cell.equations) == cell)
  }

  @Test(arguments: [
    (#"h_t = f(h_{t-1}, x_t)"#, "line 1, column 7: f stands for any function; write out what it computes, for example h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)"),
    (#"h_t = f(h_{t-1}, x_t; \theta)"#, "line 1, column 7: f stands for any function; write out"),
    (#"h_t = \phi(W_{xh} x_t + W_{hh} h_{t-1})"#, #"line 1, column 7: \phi stands for any function; write out"#),
    (#"h_t = 1 - f(h_{t-1})"#, "line 1, column 11: f stands for any function"),
    ("f_t = \\sigma_g(W_f x_t + U_f h_{t-1} + b_f)\nh_t = f_t \\odot h_{t-1} + \\tanh(W x_t)", #"line 1, column 7: \sigma_g is a function that the text doesn't define"#),
    ("h_t = h_{t-1} + \\hat{h}_t\n\\hat{h}_t = \\phi(W_h x_t)", #"line 2, column 13: \phi stands for any function"#),
    (#"h_t = \sin(W x_t + U h_{t-1})"#, #"line 1, column 7: \sin is not read in equations; write \tanh"#),
    (#"c_t = \sigma_c(W_{c} x_{t} + c_{t-1})"#, #"line 1, column 7: \sigma_c is a function that the text doesn't define; write σ(…) for the logistic function, or tanh(…)"#),
    (#"h_t = \mathrm{LSTM}(x_t, h_{t-1})"#, "line 1, column 15: LSTM is a whole cell; give its name, lstm, in place of equations"),
    (#"y_t = \text{softmax}(W_{hy} h_t)"#, "line 1, column 13: softmax belongs to the equation of an output"),
    (#"h_t = \text{softmax}(W_{h} x_t) + h_{t-1}"#, "line 1, column 13: softmax belongs to the equation of an output"),
    (#"h_t = W x_t + y_{t-1} \\ y_t = \text{softmax}(h_t)"#, "line 1, column 38: softmax belongs to the equation of an output"),
    (#"h_t = \mathcal{H}(W_{xh} x_t + h_{t-1})"#, #"line 1, column 7: \mathcal is not read in equations; where it stands for a function, write \tanh or \sigma"#),
    (#"h_t = h_{t-1} \otimes x_t"#, #"line 1, column 15: \otimes is not read in equations; write \odot for the product unit by unit"#),
    (#"h_t = \tahn(h_{t-1})"#, #"line 1, column 7: \tahn is not read in equations; did you mean \tanh?"#),
    (#"h_t = \sum_j W_{h} x_t"#, #"line 1, column 7: \sum is not read in equations; write products with matrices"#),
    ("h_t = h_{t-1}\n \\foobar", #"line 2, column 2: \foobar is not read in equations; known are \odot, \cdot, \sigma"#),
    (#"h_t = W_{\foo} x_t"#, #"line 1, column 10: \foo has no meaning as a part of a name"#),
    (#"h_t = h_{t-1} \text{ for any } t"#, #"line 1, column 15: \text{ for any } is prose; leave it out"#),
    (#"h_t = h_{t-1}^{-1}"#, "line 1, column 16: found “-”; expected 2: only squares are known"),
    (#"h_t = h_{t-1}^{l+1}"#, "line 1, column 7: found the superscript “l+1” of h; expected a step such as (t-1), a name, 2 for a square, or \\top"),
    (#"h_t = e^{-x_t}"#, "line 1, column 7: found the superscript “-x_t” of e; write exp(…) for a power of e"),
    (#"h_t = \tanh W_h x_t"#, #"line 1, column 7: \tanh is a function; write \tanh(…)"#),
    (#"h_t = h_{t-1}^\top x_t"#, #"line 1, column 7: h_{t-1}^\top with ⊤ is a row"#),
    (#"h_t = W_h x_t + W_h^\top h_{t-1}"#, #"line 1, column 17: W_h^\top occurs with and without ⊤"#),
    (#"h_t = [h_{t-1}, x_t]"#, "line 1, column 7: 2 vectors one below the other; only a matrix before them"),
    (#"h_t = W_h (h_{t-1}, x_t)"#, "line 1, column 19: found “,”; expected “)” for the “(” at line 1, column 11; vectors one below the other stand in [ ]"),
    (#"h_t = W_h [h_{t-1}, x_t] + W_h x_t"#, "line 1, column 28: W_h is applied to one vector here and to [h, x] before; one name is one matrix"),
    (#"h_t = W_h [h_{t-1}, x_t] + W_{xh} x_t"#, "line 1, column 7: the part of W_h for x is the matrix W_xh, which the text names too"),
    (#"h_t = A h_{t-1} + W_A x_t"#, "line 1, column 19: W_A occurs as A and as W_A"),
    (#"h_t = W_h [h_{t-1}, h_{t-1}]"#, "line 1, column 21: two parts of the list are named h"),
    (#"h_t = \mathbf{I} x_t + h_{t-1}"#, "line 1, column 15: there is no value “I”; known are x, h, matrices such as W_xh and vectors such as b_h; where it is the identity, write 1"),
    (#"h_t = \frac{h_{t-1}}{2"#, "line 1, column 21: “{” has no “}”"),
    (#"h_t = \frac 1 2 h_{t-1}"#, #"line 1, column 7: a fraction is written \frac{…}{…}"#),
    (#"h_t = \left(h_{t-1}}"#, "line 1, column 20: found “}”; expected “)” for the “(” at line 1, column 12"),
    (#"h_t = {(h_{t-1}})"#, "line 1, column 16: found “}”; expected “)”"),
    (#"h_t = \tilde{h + x}_t"#, #"line 1, column 13: \tilde is expected over one letter"#),
    (#"h_t = \tanh(h_{t-1}) (0.5)"#, "line 1, column 22: found a number in brackets"),
    (#"h_t = \tanh(h_{t-1}) (2) + x_t"#, "line 1, column 22: found a number in brackets"),
    ("h(t+1) = W x(t+1) + U h(t)", "line 1, column 1: found h(t+1); the steps of an equation are t and t-1: write (t) for (t+1), and (t-1) for (t)"),
    ("h(t) = h(t-2) + W x(t)", "line 1, column 8: found h(t-2); the steps of an equation are t and t-1"),
    (#"h_{t+1} = W x_{t+1} + U h_t"#, "line 1, column 1: found the subscript “t+1” of h; expected t, t-1 or a name: write t for t+1, and t-1 for t"),
    ("h(t) = W x(t) + U h(t-1) + u(t)", "line 1, column 28: there is no value “u(t)”"),
    (
      #"""
      {\displaystyle {\begin{aligned}f_{t}&=\sigma _{g}(W_{f}x_{t}+U_{f}h_{t-1}+b_{f})\\i_{t}&=\sigma _{g}(W_{i}x_{t}+U_{i}h_{t-1}+b_{i})\\o_{t}&=\sigma _{g}(W_{o}x_{t}+U_{o}h_{t-1}+b_{o})\\{\tilde {c}}_{t}&=\sigma _{c}(W_{c}x_{t}+U_{c}h_{t-1}+b_{c})\\c_{t}&=f_{t}\odot c_{t-1}+i_{t}\odot {\tilde {c}}_{t}\\h_{t}&=o_{t}\odot \sigma _{h}(c_{t})\end{aligned}}}
      """#,
      #"line 1, column 39: \sigma _{g}, \sigma _{c} and \sigma _{h} are functions that the text doesn't define; write what each of them is, such as σ(…) or tanh(…); usually \sigma _{g} is σ and \sigma _{c} and \sigma _{h} are tanh"#
    ),
    ("f = σ_g(W_f x)\nh = f ⊙ h + φ(W x)", "line 1, column 5: σ_g and φ are functions that the text doesn't define; write what each of them is, such as σ(…) or tanh(…); usually σ_g is σ"),
    ("h_t = Uh_{t-1} + u_t", "line 1, column 18: there is no value “u_t”; known are x, h, matrices such as W_xh and vectors such as b_h; if it is what comes in, begin with a line “input u”"),
    (#"h_t = a_t + h_{t-1} \\ a_t = h_t + x_t"#, "line 1, column 7: a_t has no equation yet"),
    ("h_t = a_t + h\na_t = W_a x_t", "line 1, column 7: a_t has no equation yet"),
    (#"h_t = p_i \odot h_{t-1}"#, "line 1, column 7: there is no value “p_i”; known are x, h, matrices such as W_xh and vectors such as b_h; if it is a vector of parameters, write v_pi"),
  ])
  func mistakes(text: String, message: String) {
    let error = #expect(throws: RNNError.self) { try Cell(equations: text) }
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    #expect(error?.kind == .usage)
  }

  @Test func remarks() throws {
    func remarks(_ text: String) throws -> [String] {
      var remarks: [String] = []
      _ = try Cell(equations: text, remark: { remarks.append($0) })
      return remarks
    }
    let left = "is left out of the cell: nothing in the cell uses it, and a model has an output layer of its own"
    #expect(try remarks("h = tanh(W_xh x + W_hh h)\ny = W_hy h + b_y") == ["line 2: the equation of y \(left)"])
    #expect(try remarks("h = tanh(W_xh x + W_hh h)\ny = g(h)") == ["line 2: the equation of y \(left)"])
    #expect(try remarks(#"h_t = \tanh(Wx_t + Uh_{t-1}) \\ y_t = \sigma(Vh_t)"#) == ["line 1: the equation of y_t \(left)"])
    #expect(try remarks(#"h_t = \tanh(U^T h_{t-1} + V x_t)"#) == ["U: the cell's matrix is the transpose of the text's, for values that are set by hand"])
    #expect(try remarks(#"h_t = \tanh(x_t V + h_{t-1} U)"#) == ["U, V: the cell's matrices are the transposes of the text's, for values that are set by hand"])
    #expect(try remarks(#"h_t = \tanh(x_t V^T + h_{t-1} U^T)"#).isEmpty)
    // Each of these is the cell's own: a declared output, one with a known size, a state.
    #expect(try remarks("output y: classes; h = tanh(W_xh x + W_hh h); y = W_hy h + b_y").isEmpty)
    #expect(try remarks("h = tanh(W_xh x + W_hh h); y = W_hh h").isEmpty)
    #expect(try remarks("h = tanh(W_xh x + W_hh h + W_yh y); y = W_hy h").isEmpty)
    #expect(
      try remarks(#"i_t = \sigma(W_{xi} x_t + W_{hi} h_{t-1} + W_{ci} c_{t-1} + b_i) \\ c_t = c_{t-1} + i_t \odot x_t \\ h_t = \tanh(c_t)"#.replacing("odot x_t", with: "odot i_t"))
        == ["line 1: W_{ci} c_{t-1} is read as a product with a whole matrix; a peephole has one weight for each unit and is written W_{ci} ⊙ c_{t-1}"])
  }

  // MARK: Names of cells

  @Test(arguments: [
    ("lstm", "lstm"), ("LSTM", "lstm"), ("Gru", "gru"), ("LSTM_Peephole", "lstm-peephole"), ("elman", "rnn"), ("Elman", "rnn"), ("vanilla", "rnn"), ("simple", "rnn"),
    ("SimpleRNN", "rnn"), ("RNN_TANH", "rnn"), ("RNN_RELU", "rnn-relu"),
  ])
  func names(written: String, name: String) throws {
    #expect(try Cell.named(written).name == name)
  }

  @Test(arguments: [("LTSM", "did you mean lstm?"), ("lstm-peepole", "did you mean lstm-peephole?"), ("jordan", "“jordan”; known are rnn, rnn-relu, lstm"), ("ellman", "did you mean elman?")])
  func unknownNames(written: String, message: String) {
    let error = #expect(throws: RNNError.self) { try Cell.named(written) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  // MARK: Any bytes

  /// Formulas with pieces put in, taken out and repeated: each gives a cell or a message.
  @Test func anyText() throws {
    var random = Philox(seed: 21)
    let sources = PastedFormulas.all.map { Array($0.text.utf8) } + Cell.builtIn.map { Array($0.latex.utf8) }
    let pieces = [
      "{", "}", "\\", "\\\\", "&", "$", "$$", "_", "^", "_{", "^{", "^{(t-1)}", "^\\top", "[", "]", "(", ")", "\\left(", "\\right)", "\\left|", "\\{", "\\begin{bmatrix}", "\\end{bmatrix}",
      "\\begin{aligned}", "\\frac{", "\\sqrt{", "\\tilde{", "\\text{", "\\mathbf{", "\\mathbf", "\\hat h", "softmax(", "f(", ",", ".", ";", "\n", "%", "U_f ", "W", "\\sigma", "\\tanh ", "'",
      "⊤", "\u{303}", "x_t", "h_{t-1}", "0", "h_0 = 1\n", "=", "\\odot", "\\label{", "(t)", "(t-1)", "[t]", "(1)", ", t = 1, \\dots, T", "\\text{for } t", "for t",
    ].map { Array($0.utf8) }
    func below(_ n: Int) -> Int { Int(random.next() % UInt64(n)) }
    var accepted = 0
    for _ in 0..<2_000 {
      var bytes = sources[below(sources.count)]
      for _ in 0..<(1 + below(2)) where !bytes.isEmpty {
        let place = below(bytes.count)
        switch below(3) {
        case 0: bytes.removeSubrange(place..<min(place + 1 + below(4), bytes.count))
        case 1: bytes.insert(contentsOf: pieces[below(pieces.count)], at: place)
        default:
          let end = place + below(bytes.count - place)
          bytes.replaceSubrange(place..<end, with: bytes[below(bytes.count)...].prefix(below(30)))
        }
      }
      guard let cell = try? Cell(equations: String(decoding: bytes, as: UTF8.self)) else { continue }
      accepted += 1
      #expect(try Cell(equations: cell.equations) == cell, "\(cell.equations)")
    }
    #expect(accepted > 60)
  }

  /// The longest texts of one piece: whatever nests is limited, and nothing is read again and again.
  @Test(arguments: [
    "{", "}", "\\frac{", "\\sqrt{", "\\tilde{", "\\text{", "\\text{a}", "\\mathbf{", "\\left(", "\\left\\{", "[", "\\begin{bmatrix}", "\\begin{array}", "\\\\", "\\\\[", "^{", "_{", "h_{", "h^{",
    "h^{\\mathrm{", "h_\\mathbf", "W_h [", "W_h [x, ", "h_t ", "Wx_t ", "tanh ", "f(", "h = f(x)\n", "h = softmax(", "y = W_y h\n", "h_0 = 0\n", "\\label{", "$", "%", "'", "^\\top", "⊤", "~", "\\", "h = ", "h +\n", "(1)", "(1) ", "h(t)", "(t", "t = 1, ", "t = T", "for ", "\\text{for }", "\\forall t ", "1 \\le ", "f_1(", "(t+1)",
  ])
  func repeatedPieces(piece: String) {
    for prefix in ["", "h_t = W_h x_t + h_{t-1} + "] {
      let text = prefix + String(repeating: piece, count: (60 * 1_024) / piece.utf8.count)
      if let cell = try? Cell(equations: text) { #expect(cell.graph.nodes.count < 10, "\(piece)") }
    }
  }
}

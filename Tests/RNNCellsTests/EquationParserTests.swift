import RNNTestSupport
import Testing

/// What the text of a cell may say, and what it answers to a mistake.
@Suite struct EquationParserTests {
  static let elman = "h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)"

  @Test(arguments: [
    "h = tanh(Wxh x + Whh h + bh)",
    "h = tanh(W.xh * x + W.hh * h + b.h)",
    "h = tanh(W_{xh} x_{t} + W_{hh} h_{t-1} + b_{h})",
    "h_t = tanh(W_xh·x_t + W_hh·h_{t−1} + v_h)",
    "hₜ = tanh(Wₓₕ xₜ + Wₕₕ hₜ₋₁ + bₕ)",
    "# Elman (1990)\n\n h = tanh(Wxh x +\n   Whh h + bh) ;; # the end",
    "state h\r\nh = tanh(Wxh (x) + Whh * h + vh)\r\n",
    "cell rnn; input x; state h = 0: hidden; output h; h = tanh(Wxh x + Whh h + bh)",
    "state h: hidden = 0\nh_{t} = tanh((W_xh x + (W_hh h_{ t - 1 })) + b.h)",
  ])
  func oneCellInManyHands(text: String) throws {
    #expect(try Cell(equations: text) == Cell.rnn)
  }

  /// The states are as long as the input, so that everything can be combined.
  @Test(arguments: [
    // A plain name is the value of the step before until it has its equation.
    ("h", "a = h + x; h = tanh(a) * h", "h_t = tanh(h_{t-1} + x_t) ⊙ h_{t-1}"),
    ("h, c", "h = tanh(x + h); c = h + c", "h_t = tanh(x_t + h_{t-1})\nc_t = h_t + c_{t-1}"),
    ("h", "h = h_{t-1} + x; y = h_t * h", "h_t = h_{t-1} + x_t\ny_t = h_t^2"),
    // Products.
    ("h", "h = 2 h + -0.5 x", "h_t = 2 h_{t-1} + (-0.5 x_t)"),
    ("h, c", "c = W_c h * x; h = W_a W_c h", "a1_t = W_c h_{t-1}\nc_t = a1_t ⊙ x_t\nh_t = W_a a1_t"),
    ("h", "h = 2 Wxh x / h", "h_t = (2 (W_xh x_t)) / h_{t-1}"),
    ("h", "h = Whn h * x", "h_t = (W_hn h_{t-1}) ⊙ x_t"),
    ("h", "h = -x * h", "h_t = -x_t ⊙ h_{t-1}"),
    ("h", "h = -(x * h) - -h", "h_t = -(x_t ⊙ h_{t-1}) - (-h_{t-1})"),
    ("h", "h = (x + h)² ÷ 2 × h", "h_t = (x_t + h_{t-1})^2 / 2 ⊙ h_{t-1}"),
    ("h", "h = -2^2 * h", "h_t = -(2^2) * h_{t-1}"),
    ("h", "h = σ(x) ∘ h − h", "h_t = sigmoid(x_t) ⊙ h_{t-1} - h_{t-1}"),
    ("h", "h = h / 1e-3 + 1.5E2 x + .5", "h_t = h_{t-1} / 0.001 + 150 x_t + 0.5"),
    // Names.
    ("bh, h", "bh = bh + b.bh + x; h = bh * h", "bh_t = bh_{t-1} + b_bh + x_t\nh_t = bh_t ⊙ h_{t-1}"),
    ("W, h", "W_t = W * x; h = W_t + W.t x", "W_t = W_{t-1} ⊙ x_t\nh_t = W_t + W.t x_t"),
    ("h", "h = h + W_t x + b_t + b_h_a_t", "h_t = h_{t-1} + W_t x_t + b_t + b_h_a_t"),
    ("h", "h = h * (step + 1) + v_i * x", "h_t = h_{t-1} * (step + 1) + v_i ⊙ x_t"),
    ("input", "input = input + x", "input_t = input_{t-1} + x_t"),
  ])
  func meaning(states: String, text: String, expected: String) throws {
    let names = states.split(separator: ",").map { "\($0): input" }.joined(separator: ",")
    let cell = try Cell(equations: "state \(names); \(text)")
    #expect(cell.equations == "state \(names)\n\(expected)")
  }

  @Test func undeclaredStatesAndOutputs() throws {
    // h first, then the one assigned last.
    let cell = try Cell(equations: "c = 0.5 c + W_xc x; n = n + c; h = tanh(c + n) * h; m = m + h")
    #expect(cell.graph.states.map(\.name) == ["h", "m", "n", "c"])
    #expect(cell.graph.output == cell.graph.next[0])
    // What nothing uses is the output.
    let output = try Cell(equations: "c = 0.5 c + W_xc x; h = tanh(c)")
    #expect(output.graph.states.map(\.name) == ["c"])
    #expect(output.equations == "c_t = 0.5 c_{t-1} + W_xc x_t\ny_t = tanh(c_t)")
    let own = try Cell(equations: "output y: classes; h = tanh(W_xh x + h); y = W_hy h")
    #expect(own.graph.sizeNames.contains("classes"))
    #expect(own.equations == "output y: classes\nh_t = tanh(W_xh x_t + h_{t-1})\ny_t = W_hy h_t")
  }

  // MARK: Mistakes

  @Test(arguments: [
    ("", "there is no equation; write for example h = tanh(W_xh x + W_hh h + b_h)"),
    ("h + 1", "line 1, column 3: found “+”; expected “=” after h"),
    ("= 1", "line 1, column 1: found “=”; expected an equation such as h = tanh(W_xh x + W_hh h + b_h)"),
    ("h = f c", "line 1, column 7: two vectors stand side by side; write the product of their units as “* c”"),
    ("h = h (x + 1)", "line 1, column 7: two vectors stand side by side; write the product of their units as “* (”"),
    ("h = tanh(h", "line 1, column 11: found the end of the text; expected “)” after the arguments of tanh"),
    ("h = (h + \n 1", "line 2, column 3: found the end of the text; expected “)” for the “(” at line 1, column 5"),
    ("h = h +\nc = c", "line 1, column 8: found the end of the line; expected a value"),
    ("h = h 1", "line 1, column 7: two vectors stand side by side; write the product of their units as “* 1”"),
    ("h = 1 2", "line 1, column 7: found “2”; expected an operator between two numbers"),
    ("h = h^3", "line 1, column 7: found “3”; expected 2: only squares are known"),
    ("h = h / 2 h", "line 1, column 9: what is divided by? write / (2 * h), or (1 / 2) * h"),
    ("h = 1e999 h", "line 1, column 5: the number 1e999 is too large"),
    ("h = h ? 1", "line 1, column 7: “?” has no meaning in equations"),
    ("h = h\u{0} 1", "line 1, column 6: a control character has no meaning in equations"),
    ("h = tahn(h)", "line 1, column 5: there is no function “tahn”; did you mean tanh?"),
    ("h = tanh W_h h", "line 1, column 5: tanh is a function; write tanh(…)"),
    ("h = tanh + h", "line 1, column 5: tanh is a function; write tanh(…)"),
    ("h = max(h)", "line 1, column 5: max has 1 argument; write max(a, b); the largest unit of v is highest(v)"),
    ("h = dropout(h, x)", "line 1, column 16: the rate of dropout is a number"),
    ("h = dropout(h, 1)", "line 1, column 5: a rate of 1.0 is outside 0 ..< 1"),
    ("h = dropout(h, 0.5, step)", "line 1, column 21: the third argument of dropout can only be “sequence”: one mask for all its steps"),
    ("gate = h; h = gat + h", "line 1, column 15: there is no value “gat”; did you mean gate?"),
    ("h = h + q", "line 1, column 9: there is no value “q”; known are x, h, matrices such as W_xh and vectors such as b_h"),
    ("h = h + bias", "line 1, column 9: there is no value “bias”; if it is a vector of parameters, write b_ias"),
    ("h = h + Whidden x", "line 1, column 17: two vectors stand side by side; write the product of their units as “* x”"),
    ("h = h + Wxh", "line 1, column 9: the matrix W_xh must be applied to a vector, as in W_xh x"),
    ("h = h + Wxh 2", "line 1, column 9: W.xh is applied to a single number; a matrix takes a vector"),
    ("h = h_t + x", "line 1, column 5: h_t has no equation yet; the value of the step before is h_{t-1}"),
    ("h = x_{t-1} + h", "line 1, column 5: x_{t-1}: an input of the step before is not kept; add a state, as in p_t = x_t, and read p_{t-1}"),
    ("h = x_{t-2} + h", "line 1, column 5: found the subscript “t-2” of x; expected t, t-1 or a name"),
    ("h = x_ + h", "line 1, column 5: a subscript is expected after “x_”"),
    ("h = h_{t", "line 1, column 5: “}” is missing after “h_{t”"),
    ("h_{t-1} = h", "line 1, column 1: h_{t-1} can't be assigned; write the new value as h = … or h_t = …"),
    ("step = step + h", "line 1, column 1: step can't be assigned: it has a meaning already"),
    ("h = h; h = x", "line 1, column 8: h is assigned twice; give the second value another name"),
    ("x = x + h; h = x", "line 1, column 1: x is an input; it can't be assigned"),
    ("h = tanh(W_xh x)", "line 1, column 1: nothing recurs: no equation reads a value of the step before, such as h_{t-1}; if that is meant, declare “state h”"),
    ("state h; a = c; h = h + a; c = h", "line 1, column 14: c is read before its equation; if its value of the step before is meant, declare it: state h, c"),
    ("state h, c; h = h + c", "the state c has no equation; write c_t = …"),
    ("h = h; state h", "line 1, column 8: “state” stands before the equations"),
    ("h = h; q = h; r = h", "line 1, column 8: nothing uses q; if it is the output, declare “output q” first"),
    ("output y; h = h", "line 1, column 8: the output y has no equation"),
    ("h = h + Wxh x; a = x + h", "line 1, column 22: x and add(h, W.xh·…) are combined: one side has the size “input”, the other “hidden”"),
    ("h = h + Wa (Wb x)", "the cell custom: nothing determines the size of the rows of W.b"),
    ("state h, h; h = h", "the state h is declared twice"),
    ("state h = a; h = h", "line 1, column 11: found “a”; expected the number that h starts with"),
    ("cell =\nh = h", "line 1, column 7: found the end of the line; expected a value"),
  ])
  func mistake(text: String, message: String) {
    let error = #expect(throws: RNNError.self) { try Cell(equations: text) }
    #expect(error?.message == message)
    #expect(error?.kind == .usage)
  }

  /// Limits are reached, not exceeded: the deepest and longest texts that are taken, and the next ones.
  @Test func limits() throws {
    func brackets(_ n: Int) -> String { "h = " + String(repeating: "(", count: n) + "h" + String(repeating: ")", count: n) }
    #expect(try Cell(equations: brackets(64)).equations == "h_t = h_{t-1}")
    #expect(throws: RNNError.self) { try Cell(equations: brackets(65)) }
    #expect(throws: RNNError.self) { try Cell(equations: brackets(30_000)) }
    #expect(throws: RNNError.self) { try Cell(equations: "h = " + String(repeating: "-", count: 60_000) + "h") }
    #expect(throws: RNNError.self) { try Cell(equations: "h = " + String(repeating: "W_h ", count: 16_000) + "h") }
    #expect(throws: RNNError.self) { try Cell(equations: "h = " + String(repeating: "2 ", count: 16_000) + "h") }
    #expect(throws: RNNError.self) { try Cell(equations: "h = h" + String(repeating: "\n", count: 65_536)) }
    let chain = try Cell(equations: "h = h" + String(repeating: " + h", count: 4_000))
    #expect(try Cell(equations: chain.equations) == chain)
    #expect(throws: RNNError.self) { try Cell(equations: "h = h" + String(repeating: " + h", count: 5_000)) }
    // Each equation squares the one before: small as a graph, without bound if it were written out.
    let squares = "a0 = h * h;" + (1...500).map { "a\($0) = a\($0 - 1) * a\($0 - 1);" }.joined() + "h = a500 + Wa (Wb h)"
    #expect(throws: RNNError.self) { try Cell(equations: squares) }
    let many = (0..<1_025).map { "a\($0) = h;" }.joined()
    #expect(throws: RNNError.self) { try Cell(equations: many) }
  }

  // MARK: Any bytes

  /// Texts that are nearly right and texts of nothing, from a fixed seed: each gives a cell or a message, and a cell's own
  /// text is read back to the same cell.
  @Test func anyText() throws {
    var random = Philox(seed: 20)
    let sources = (Cell.builtIn + EquationSamples.cells).map { Array($0.equations.utf8) }
    let pieces = [
      "h", "x", "W_xh ", "_t", "_{t-1}", "(", ")", "=", "\n", ";", ",", "-", "⊙", "^2", "²", "tanh(", "dropout(", "zoneout(", "0.5", "1e9", "state ", "output ",
      "input ", "cell ", "#", "ₜ₋₁", "é", "W.", "b.", "step", "normalized(", ": hidden", "\u{301}", "/ 2 ", "W_a ", "{", "}", "_",
    ].map { Array($0.utf8) }
    func below(_ n: Int) -> Int { Int(random.next() % UInt64(n)) }
    var accepted = 0
    for round in 0..<6_000 {
      var bytes = round % 4 == 3 ? (0..<below(200)).map { _ in UInt8(truncatingIfNeeded: random.next()) } : sources[below(sources.count)]
      for _ in 0..<(round % 2 == 0 ? 1 : below(6)) where !bytes.isEmpty {
        let place = below(bytes.count)
        switch below(4) {
        case 0: bytes.remove(at: place)
        case 1: bytes[place] = UInt8(truncatingIfNeeded: random.next())
        case 2: bytes.insert(contentsOf: pieces[below(pieces.count)], at: place)
        default:
          let end = place + below(bytes.count - place)
          bytes.replaceSubrange(place..<end, with: bytes[below(bytes.count)...].prefix(below(20)))
        }
      }
      guard let cell = try? Cell(equations: String(decoding: bytes, as: UTF8.self)) else { continue }
      accepted += 1
      let text = cell.equations
      let again = try Cell(equations: text)
      #expect(again == cell, "\(text)")
      #expect(again.equations == text)
    }
    #expect(accepted > 250)
  }
}

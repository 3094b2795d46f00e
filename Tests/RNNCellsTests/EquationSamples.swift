import RNNTestSupport

/// Cells as users write them, with everything that equations may say.
enum EquationSamples {
  static let cells: [Cell] = TestCells.all + [multiplicative, clockwork, declared, attentive, masked, functions, aliases, names, deep]

  static let multiplicative = Cell("mlstm", state: "h", "c", "m") { x, s, W, b in
    let m = (W.xm * x) * (W.hm * s.h)
    let i = sigmoid(W.xi * x + W.mi * m + b.i)
    let f = sigmoid(W.xf * x + W.mf * m + b.f)
    let g = tanh(W.xg * x + W.mg * m + b.g)
    let c = f * s.c + i * g
    return ["h": sigmoid(W.xo * x + W.mo * m + b.o) * tanh(c), "c": c, "m": m]
  }

  static let clockwork = Cell("clockwork", state: "h", "c") { x, s, W, b in
    let isDue = relu(1 - abs(s.step - 2 * b.period))
    let h = tanh(W.xh * x + W.hh * s.h + b.h)
    return ["h": isDue * h + (1 - isDue) * s.h, "c": s.h]
  }

  static let declared = Cell(
    "declared", state: "h", "c", Cell.State("n", initial: .constant(1)), Cell.State("m", size: .projection, initial: .constant(-0.5))
  ) { x, s, W, b in
    let i = W.xi * x + W.hi * s.h + b.i
    let f = W.xf * x + W.hf * s.h
    let c = exp(i) * s.c + f
    return ["h": sigmoid(f) * c, "c": c / s.n, "n": exp(i) * s.n + W.mh * s.m, "m": W.cm * c]
  }

  static let attentive = Cell(
    "attentive", state: Cell.State("h", size: .projection), "c", inputs: ["u", "context"], output: "y"
  ) { x, s, W, b in
    let g = tanh(W.ug * x + W.cg * s.context + W.hg * s.h + b.g)
    let y = stopGradient(min(g, s.c)) + W.again * (s.h - W.down * g)
    return ["h": W.gp * g, "c": 0.5 * s.c + g, "y": y]
  }

  static let masked = Cell("masked", state: "h", "c") { x, s, W, b in
    let d = dropout(s.h, rate: 0.25, perSequence: true)
    let g = dropout(tanh(W.xg * x + W.hg * d + b.g), rate: 0.5)
    let c = zoneout(g + W.again * dropout(g, rate: 0.125), dropout(s.c, rate: 0.5), rate: 0.1)
    return ["h": zoneout(tanh(c), s.h, rate: 0.05), "c": c]
  }

  static let functions = Cell("functions", state: "h") { x, s, W, b in
    let v = W.xa * x - -(W.ha * s.h) / (highest(s.h) + 1e-7)
    let w = log(abs(v) + 1) * -0.5 + (-2) * v - (v - (v - 1))
    let n = normalized(w, epsilon: 1e-3) + normalized(v) * mean(v)
    return ["h": (softplus(n) / sum(n)) / (n / v) + -(3 * n) + n * n * (n + w) * (n + w) - (n + w) * (n + w)]
  }

  static let aliases = Cell("aliases", state: "h", "p", "q", output: "p") { x, s, W, b in
    let h = tanh(W.xh * x + b.h + s.p)
    return ["h": s.q, "p": h, "q": h]
  }

  /// Names that could be taken for something else.
  static let names = Cell("names", state: "Wxh", "b", "h_a", inputs: ["x", "W"]) { x, s, W, b in
    let v = W.xh * x + W.t * s.W + b.t + b["h_a"] * s["h_a"] + s.b + s.Wxh
    return ["Wxh": W["h_a_t"] * v, "b": tanh(v), "h_a": sigmoid(v)]
  }

  static let deep = Cell("deep", state: "h") { x, s, W, b in
    var v = W.xh * x + s.h
    for i in 1...100 { v = i % 3 == 0 ? tanh(v) : (i % 3 == 1 ? 1 - v : W.hh * v) }
    return ["h": v]
  }
}

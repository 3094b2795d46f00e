extension Cell {
  /// Elman (1990): hₜ = tanh(Wₓₕ xₜ + Wₕₕ hₜ₋₁ + bₕ)
  public static let rnn = Cell("rnn", state: "h") { x, s, W, b in
    ["h": tanh(W.xh * x + W.hh * s.h + b.h)]
  }

  /// Elman's network with rectified units (Le, Jaitly & Hinton 2015).
  public static let rnnReLU = Cell("rnn-relu", state: "h") { x, s, W, b in
    ["h": relu(W.xh * x + W.hh * s.h + b.h)]
  }
}

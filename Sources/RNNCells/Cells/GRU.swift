extension Cell {
  /// Cho et al. (2014) as PyTorch and cuDNN compute it: the reset gate acts after the product.
  public static let gru = Cell("gru", state: "h") { x, s, W, b in
    let r = sigmoid(W.xr * x + W.hr * s.h + b.r)
    let z = sigmoid(W.xz * x + W.hz * s.h + b.z)
    let n = tanh(W.xn * x + b.n + r * (W.hn * s.h + b.hn))
    return ["h": (1 - z) * n + z * s.h]
  }

  /// Cho et al. (2014) as written: the reset gate acts on the state before the product.
  public static let gruResetBefore = Cell("gru-reset-before", state: "h") { x, s, W, b in
    let r = sigmoid(W.xr * x + W.hr * s.h + b.r)
    let z = sigmoid(W.xz * x + W.hz * s.h + b.z)
    let n = tanh(W.xn * x + W.hn * (r * s.h) + b.n)
    return ["h": (1 - z) * n + z * s.h]
  }

  /// Minimal gated unit (Zhou et al. 2016, arXiv:1603.09420): one gate that forgets and updates.
  public static let mgu = Cell("mgu", state: "h") { x, s, W, b in
    let f = sigmoid(W.xf * x + W.hf * s.h + b.f)
    let n = tanh(W.xn * x + W.hn * (f * s.h) + b.n)
    return ["h": (1 - f) * s.h + f * n]
  }
}

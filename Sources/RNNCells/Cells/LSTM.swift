extension Cell {
  /// Hochreiter & Schmidhuber (1997), with the forget gate of Gers, Schmidhuber & Cummins (2000).
  public static let lstm = Cell("lstm", state: "h", "c") { x, s, W, b in
    let i = sigmoid(W.xi * x + W.hi * s.h + b.i)
    let f = sigmoid(W.xf * x + W.hf * s.h + b.f)
    let g = tanh(W.xg * x + W.hg * s.h + b.g)
    let o = sigmoid(W.xo * x + W.ho * s.h + b.o)
    let c = f * s.c + i * g
    return ["h": o * tanh(c), "c": c]
  }

  /// Gates that also see the memory, each unit its own (Gers, Schraudolph & Schmidhuber 2002); the output gate sees the new one.
  public static let lstmPeephole = Cell("lstm-peephole", state: "h", "c") { x, s, W, b in
    let i = sigmoid(W.xi * x + W.hi * s.h + b.pi * s.c + b.i)
    let f = sigmoid(W.xf * x + W.hf * s.h + b.pf * s.c + b.f)
    let g = tanh(W.xg * x + W.hg * s.h + b.g)
    let c = f * s.c + i * g
    let o = sigmoid(W.xo * x + W.ho * s.h + b.po * c + b.o)
    return ["h": o * tanh(c), "c": c]
  }

  /// The output is projected to fewer units before it recurs (Sak, Senior & Beaufays 2014); PyTorch's `proj_size`.
  public static let lstmProjection = Cell("lstm-projection", state: State("h", size: .projection), "c") { x, s, W, b in
    let i = sigmoid(W.xi * x + W.hi * s.h + b.i)
    let f = sigmoid(W.xf * x + W.hf * s.h + b.f)
    let g = tanh(W.xg * x + W.hg * s.h + b.g)
    let o = sigmoid(W.xo * x + W.ho * s.h + b.o)
    let c = f * s.c + i * g
    return ["h": W.hr * (o * tanh(c)), "c": c]
  }

  /// Layer normalisation of each gate's sum and of the memory (Ba, Kiros & Hinton 2016).
  public static let lstmLayerNorm = Cell("lstm-layer-norm", state: "h", "c") { x, s, W, b in
    let i = sigmoid(b.gi * normalized(W.xi * x + W.hi * s.h) + b.i)
    let f = sigmoid(b.gf * normalized(W.xf * x + W.hf * s.h) + b.f)
    let g = tanh(b.gg * normalized(W.xg * x + W.hg * s.h) + b.g)
    let o = sigmoid(b.go * normalized(W.xo * x + W.ho * s.h) + b.o)
    let c = f * s.c + i * g
    return ["h": o * tanh(b.gc * normalized(c) + b.c), "c": c]
  }
}

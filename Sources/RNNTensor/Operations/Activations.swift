import CRNNKernels

/// Hyperbolic tangent; dy/dx = 1 − y².
public func tanh(_ x: Variable) -> Variable {
  let y = unary(RNN_OP_TANH, x.value)
  return Tape.record(inputs: [x], output: y) { gradient, _ in
    [Tensor(gradient, y) { g, y, z, n in for i in 0..<n { z[i] = g[i] * (1 - y[i] * y[i]) } }]
  }
}

/// 1 / (1 + e⁻ˣ); dy/dx = y (1 − y).
public func sigmoid(_ x: Variable) -> Variable {
  let y = unary(RNN_OP_SIGMOID, x.value)
  return Tape.record(inputs: [x], output: y) { gradient, _ in
    [Tensor(gradient, y) { g, y, z, n in for i in 0..<n { z[i] = g[i] * (y[i] * (1 - y[i])) } }]
  }
}

/// max(x, 0); the derivative at 0 is 0.
public func relu(_ x: Variable) -> Variable {
  let y = unary(RNN_OP_RELU, x.value)
  return Tape.record(inputs: [x], output: y) { gradient, _ in
    [Tensor(gradient, y) { g, y, z, n in for i in 0..<n { z[i] = y[i] > 0 ? g[i] : 0 } }]
  }
}

func unary(_ operation: rnn_op, _ x: Tensor) -> Tensor {
  Tensor(x) { x, z, n in rnn_unary(Int32(operation.rawValue), x, z, n) }
}

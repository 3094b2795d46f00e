import CRNNKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// eˣ; dy/dx = y.
public func exp(_ x: Variable) -> Variable {
  let y = unary(RNN_OP_EXP, x.value)
  return Tape.record(inputs: [x], output: y) { gradient, _ in
    [Tensor(gradient, y) { g, y, z, n in for i in 0..<n { z[i] = g[i] * y[i] } }]
  }
}

/// The natural logarithm; dy/dx = 1 / x.
public func log(_ x: Variable) -> Variable {
  let x0 = x.value
  return Tape.record(inputs: [x], output: unary(RNN_OP_LOG, x0)) { gradient, _ in
    [Tensor(gradient, x0) { g, x, z, n in for i in 0..<n { z[i] = g[i] / x[i] } }]
  }
}

/// The square root; dy/dx = 1 / (2 y), which is infinite at 0.
public func sqrt(_ x: Variable) -> Variable {
  let y = unary(RNN_OP_SQRT, x.value)
  return Tape.record(inputs: [x], output: y) { gradient, _ in
    [Tensor(gradient, y) { g, y, z, n in for i in 0..<n { z[i] = 0.5 * g[i] / y[i] } }]
  }
}

/// |x|; the derivative at 0 is 0.
public func abs(_ x: Variable) -> Variable {
  let x0 = x.value
  return Tape.record(inputs: [x], output: unary(RNN_OP_ABS, x0)) { gradient, _ in
    [Tensor(gradient, x0) { g, x, z, n in for i in 0..<n { z[i] = x[i] > 0 ? g[i] : x[i] < 0 ? -g[i] : 0 } }]
  }
}

/// xᵖ for a fixed exponent; dy/dx = p xᵖ⁻¹. Of a negative number only whole powers are numbers.
public func pow(_ x: Variable, _ exponent: Float) -> Variable {
  let x0 = x.value
  return Tape.record(inputs: [x], output: Tensor(x0) { x, z, n in for i in 0..<n { z[i] = powf(x[i], exponent) } }) { gradient, _ in
    [Tensor(gradient, x0) { g, x, z, n in for i in 0..<n { z[i] = exponent == 0 ? 0 : g[i] * (exponent * powf(x[i], exponent - 1)) } }]
  }
}

// MARK: The larger and the smaller

/// The larger of two numbers, place by place; where both are equal, each has half of the gradient.
public func max(_ a: Variable, _ b: Variable) -> Variable {
  let (large, small) = ordered(a, b, "max")
  let (x, y) = (large.value, small.value)
  return Tape.record(
    inputs: [large, small], output: Tensor(x, y) { x, y, z, n in for i in 0..<n { z[i] = x[i] >= y[i] ? x[i] : y[i] } },
    accumulate: { gradient, needs, sums in
      // The part of 1 that the first has of the gradient.
      let share = Tensor(x, y) { x, y, z, n in for i in 0..<n { z[i] = x[i] > y[i] ? 1 : x[i] == y[i] ? 0.5 : 0 } }
      if needs[0] { Tape.add(Tensor(gradient, share) { g, s, z, n in for i in 0..<n { z[i] = g[i] * s[i] } }, to: &sums[0]) }
      if needs[1] { addRows(of: Tensor(gradient, share) { g, s, z, n in for i in 0..<n { z[i] = g[i] * (1 - s[i]) } }, shape: y.shape, to: &sums[1]) }
    })
}

/// The smaller of two numbers, place by place; where both are equal, each has half of the gradient.
public func min(_ a: Variable, _ b: Variable) -> Variable { -max(-a, -b) }

/// Every number, or `bound` where that is larger.
public func max(_ x: Variable, _ bound: Float) -> Variable { max(x, Variable(Tensor(repeating: bound, shape: x.shape))) }

/// Every number, or `bound` where that is smaller.
public func min(_ x: Variable, _ bound: Float) -> Variable { min(x, Variable(Tensor(repeating: bound, shape: x.shape))) }

import CRNNKernels

// Two operands have the same shape, or the smaller one has the shape of the larger one's last axes and is used again for
// every row: a bias `[H]` beside `[T, B, H]`, a single number beside anything.
// On the way back its gradient is a sum over the rows, which goes on from what has flowed to it already.

/// Element-wise sum.
public func + (a: Variable, b: Variable) -> Variable {
  let (large, small) = ordered(a, b, "+")
  return Tape.record(
    inputs: [large, small],
    output: Tensor(large.value, small.value) { x, y, z, n in for i in 0..<n { z[i] = x[i] + y[i] } },
    accumulate: { [shape = small.shape] gradient, needs, sums in
      if needs[0] { Tape.add(gradient, to: &sums[0]) }
      if needs[1] { addRows(of: gradient, shape: shape, to: &sums[1]) }
    })
}

/// Element-wise difference. The second operand is not larger than the first.
public func - (a: Variable, b: Variable) -> Variable {
  precondition(a.shape.count >= b.shape.count, "can't subtract the shape \(b.shape) from the smaller \(a.shape)")
  _ = ordered(a, b, "-")
  return Tape.record(
    inputs: [a, b],
    output: Tensor(a.value, b.value) { x, y, z, n in for i in 0..<n { z[i] = x[i] - y[i] } },
    accumulate: { [shape = b.shape] gradient, needs, sums in
      if needs[0] { Tape.add(gradient, to: &sums[0]) }
      if needs[1] { addRows(of: gradient.scaled(by: -1), shape: shape, to: &sums[1]) }
    })
}

/// Element-wise product.
public func * (a: Variable, b: Variable) -> Variable {
  let (large, small) = ordered(a, b, "*")
  let (x, y) = (large.value, small.value)
  return Tape.record(
    inputs: [large, small], output: product(x, y),
    accumulate: { gradient, needs, sums in
      if needs[0] { Tape.add(product(gradient, y), to: &sums[0]) }
      if needs[1] { addRows(of: product(gradient, x), shape: y.shape, to: &sums[1]) }
    })
}

/// Every number times a factor.
public func * (factor: Float, x: Variable) -> Variable {
  Tape.record(inputs: [x], output: x.value.scaled(by: factor)) { gradient, _ in [gradient.scaled(by: factor)] }
}

/// Every number times a factor.
public func * (x: Variable, factor: Float) -> Variable { factor * x }

/// Every number with the other sign.
public prefix func - (x: Variable) -> Variable { -1 * x }

private func product(_ x: Tensor, _ y: Tensor) -> Tensor {
  Tensor(x, y) { x, y, z, n in for i in 0..<n { z[i] = x[i] * y[i] } }
}

/// The gradient of an operand that was used for every row: the sum over the rows.
private func addRows(of gradient: Tensor, shape: [Int], to sum: inout Tensor?) {
  if gradient.shape == shape {
    Tape.add(gradient, to: &sum)
  } else {
    gradient.addColumnSums(shape: shape, to: &sum)
  }
}

/// The larger operand first.
private func ordered(_ a: Variable, _ b: Variable, _ operation: String) -> (Variable, Variable) {
  let (large, small) = a.shape.count >= b.shape.count ? (a, b) : (b, a)
  precondition(
    large.shape.suffix(small.shape.count).elementsEqual(small.shape),
    "the shapes \(a.shape) \(operation) \(b.shape) don't go together")
  return (large, small)
}

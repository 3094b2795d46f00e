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

/// Element-wise difference.
public func - (a: Variable, b: Variable) -> Variable {
  guard a.shape.count >= b.shape.count else { return a + -b }
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

/// Element-wise quotient.
public func / (a: Variable, b: Variable) -> Variable {
  _ = ordered(a, b, "/")
  let y = b.value
  let output = a.shape.count >= b.shape.count
    ? Tensor(a.value, y) { x, y, z, n in for i in 0..<n { z[i] = x[i] / y[i] } }
    : Tensor(y, a.value) { y, x, z, n in for i in 0..<n { z[i] = x[i] / y[i] } }
  return Tape.record(
    inputs: [a, b], output: output,
    accumulate: { [shape = a.shape] gradient, needs, sums in
      // d(x/y) = dx / y − (x/y) dy / y
      let quotient = Tensor(gradient, y) { g, y, z, n in for i in 0..<n { z[i] = g[i] / y[i] } }
      if needs[0] { addRows(of: quotient, shape: shape, to: &sums[0]) }
      if needs[1] { addRows(of: Tensor(quotient, output) { q, o, z, n in for i in 0..<n { z[i] = -(q[i] * o[i]) } }, shape: y.shape, to: &sums[1]) }
    })
}

// MARK: With a number

// A number is a Float on one side of an operator, not a Variable made from a literal: with one meaning for each literal, the
// type checker takes milliseconds for expressions of many terms.

/// Every number plus a number.
public func + (x: Variable, number: Float) -> Variable {
  Tape.record(inputs: [x], output: Tensor(x.value) { x, z, n in for i in 0..<n { z[i] = x[i] + number } }) { gradient, _ in [gradient] }
}

/// Every number plus a number.
public func + (number: Float, x: Variable) -> Variable { x + number }

/// Every number minus a number.
public func - (x: Variable, number: Float) -> Variable { x + -number }

/// A number minus every number.
public func - (number: Float, x: Variable) -> Variable {
  Tape.record(inputs: [x], output: Tensor(x.value) { x, z, n in for i in 0..<n { z[i] = number - x[i] } }) { gradient, _ in
    [gradient.scaled(by: -1)]
  }
}

/// Every number times a factor.
public func * (factor: Float, x: Variable) -> Variable {
  Tape.record(inputs: [x], output: x.value.scaled(by: factor)) { gradient, _ in [gradient.scaled(by: factor)] }
}

/// Every number times a factor.
public func * (x: Variable, factor: Float) -> Variable { factor * x }

/// Every number divided by a number.
public func / (x: Variable, number: Float) -> Variable {
  func divided(_ x: Tensor) -> Tensor { Tensor(x) { x, z, n in for i in 0..<n { z[i] = x[i] / number } } }
  return Tape.record(inputs: [x], output: divided(x.value)) { gradient, _ in [divided(gradient)] }
}

/// A number divided by every number; dy/dx = −y / x.
public func / (number: Float, x: Variable) -> Variable {
  let x0 = x.value, y = Tensor(x0) { x, z, n in for i in 0..<n { z[i] = number / x[i] } }
  return Tape.record(inputs: [x], output: y) { gradient, _ in
    let quotient = Tensor(gradient, x0) { g, x, z, n in for i in 0..<n { z[i] = g[i] / x[i] } }
    return [Tensor(quotient, y) { q, y, z, n in for i in 0..<n { z[i] = -(q[i] * y[i]) } }]
  }
}

/// Every number with the other sign.
public prefix func - (x: Variable) -> Variable { -1 * x }

private func product(_ x: Tensor, _ y: Tensor) -> Tensor {
  Tensor(x, y) { x, y, z, n in for i in 0..<n { z[i] = x[i] * y[i] } }
}

/// The gradient of an operand that was used for every row: the sum over the rows.
func addRows(of gradient: Tensor, shape: [Int], to sum: inout Tensor?) {
  if gradient.shape == shape {
    Tape.add(gradient, to: &sum)
  } else {
    gradient.addColumnSums(shape: shape, to: &sum)
  }
}

/// The larger operand first.
func ordered(_ a: Variable, _ b: Variable, _ operation: String) -> (Variable, Variable) {
  let (large, small) = a.shape.count >= b.shape.count ? (a, b) : (b, a)
  precondition(
    large.shape.suffix(small.shape.count).elementsEqual(small.shape),
    "the shapes \(a.shape) \(operation) \(b.shape) don't go together")
  return (large, small)
}

import CRNNKernels

/// y = x Wᵀ + b on the last axis of x.
///
/// - Parameters:
///   - x: `[…, I]`.
///   - weight: `[O, I]`.
///   - bias: `[O]`.
/// - Returns: `[…, O]`.
public func linear(_ x: Variable, _ weight: Variable, _ bias: Variable? = nil) -> Variable {
  precondition(
    x.shape.count >= 1 && weight.shape.count == 2 && x.shape.last == weight.shape[1],
    "a matrix of shape \(weight.shape) can't be applied to rows of the shape \(x.shape)")
  let (outputs, inputs) = (weight.shape[0], weight.shape[1])
  precondition(bias.map { $0.shape == [outputs] } ?? true, "a bias for \(outputs) outputs has the shape [\(outputs)]")
  let rows = x.shape.dropLast().reduce(1, *)
  let (xs, w) = (x.value, weight.value)

  let y = Tensor(shape: x.shape.dropLast() + [outputs], writing: { y in
    if let bias {
      // The sums begin with the bias.
      bias.value.withPointer { bias in
        Threads.blocks(of: rows, size: Threads.blockSize / max(outputs, 1)) { block in
          for row in block { (y + row * outputs).update(from: bias, count: outputs) }
        }
      }
    }
    product(
      (rows, outputs, inputs), Matrix(xs, inputs, 1), Matrix(w, 1, inputs), y, accumulate: bias != nil)
  })
  return Tape.record(inputs: [x, weight] + (bias.map { [$0] } ?? []), output: y, accumulate: { gradient, needs, sums in
    if needs[0] {
      // dX = dY W
      let dx = Tensor(shape: xs.shape, writing: {
        product((rows, inputs, outputs), Matrix(gradient, outputs, 1), Matrix(w, inputs, 1), $0)
      })
      Tape.add(dx, to: &sums[0])
    }
    // dW = dYᵀ X: the sum over all rows is one product.
    if needs[1] { addProduct(of: gradient, with: xs, rows: rows, to: &sums[1]) }
    if needs.count == 3, needs[2] { gradient.addColumnSums(shape: [outputs], to: &sums[2]) }
  })
}

/// The matrix product.
///
/// - Parameters:
///   - a: `[…, K]`.
///   - b: `[K, N]`.
/// - Returns: `[…, N]`.
public func matmul(_ a: Variable, _ b: Variable) -> Variable {
  precondition(
    a.shape.count >= 1 && b.shape.count == 2 && a.shape.last == b.shape[0],
    "there is no matrix product of the shapes \(a.shape) and \(b.shape)")
  let (k, n) = (b.shape[0], b.shape[1])
  let m = a.shape.dropLast().reduce(1, *)
  let (x, y) = (a.value, b.value)
  let z = Tensor(shape: a.shape.dropLast() + [n], writing: {
    product((m, n, k), Matrix(x, k, 1), Matrix(y, n, 1), $0)
  })
  return Tape.record(inputs: [a, b], output: z, accumulate: { gradient, needs, sums in
    if needs[0] {
      // dA = dC Bᵀ
      let da = Tensor(shape: x.shape, writing: { product((m, k, n), Matrix(gradient, n, 1), Matrix(y, 1, n), $0) })
      Tape.add(da, to: &sums[0])
    }
    // dB = Aᵀ dC
    if needs[1] { addProduct(of: x, with: gradient, rows: m, to: &sums[1]) }
  })
}

/// Adds Aᵀ B to `sum`, for A and B of so many rows.
private func addProduct(of a: Tensor, with b: Tensor, rows: Int, to sum: inout Tensor?) {
  guard rows > 0 else { return }
  let (m, n) = (a.count / rows, b.count / rows)
  a.withPointer { a in b.withPointer { b in addProduct(of: a, m, stride: m, with: b, n, stride: n, rows: rows, to: &sum) } }
}

/// A tensor read as a matrix through strides.
private struct Matrix {
  let tensor: Tensor
  let rowStride: Int
  let columnStride: Int

  init(_ tensor: Tensor, _ rowStride: Int, _ columnStride: Int) {
    self.tensor = tensor
    self.rowStride = rowStride
    self.columnStride = columnStride
  }
}

/// C[m × n] = A[m × k] B[k × n], or += with `accumulate`.
private func product(
  _ size: (m: Int, n: Int, k: Int), _ a: Matrix, _ b: Matrix, _ c: UnsafeMutablePointer<Float>, accumulate: Bool = false
) {
  if size.m == 0 || size.n == 0 { return }
  a.tensor.withPointer { x in
    b.tensor.withPointer { y in
      rnn_gemm(
        Int32(size.m), Int32(size.n), Int32(size.k), x, a.rowStride, a.columnStride, y, b.rowStride,
        b.columnStride, c, size.n, accumulate)
    }
  }
}

import CRNNKernels

// What operations are made of. The loops take pointers, so that the compiler sees plain counted loops over floats and a
// closure is called once a block, not once a number.

typealias Loop1 = (_ x: UnsafePointer<Float>, _ z: UnsafeMutablePointer<Float>, _ count: Int) -> Void
typealias Loop2 = (
  _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ z: UnsafeMutablePointer<Float>, _ count: Int
) -> Void

extension Tensor {
  /// Reads the numbers through a pointer to the first.
  package func withPointer<R>(_ body: (UnsafePointer<Float>) throws -> R) rethrows -> R {
    try withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { preconditionFailure("a tensor has storage even when it is empty") }
      return try body(base)
    }
  }

  /// Writes the numbers through a pointer to the first.
  package mutating func withMutablePointer<R>(_ body: (UnsafeMutablePointer<Float>) throws -> R) rethrows -> R {
    try withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { preconditionFailure("a tensor has storage even when it is empty") }
      return try body(base)
    }
  }

  /// A tensor whose numbers are all set by `body`, through a pointer to the first.
  package init(shape: [Int], writing body: (UnsafeMutablePointer<Float>) throws -> Void) rethrows {
    try self.init(shape: shape) { values in
      guard let base = values.baseAddress else { preconditionFailure("a tensor has storage even when it is empty") }
      try body(base)
    }
  }

  /// One number from each number of x.
  init(_ x: Tensor, loop: Loop1) {
    self.init(shape: x.shape) { z in
      x.withPointer { x in
        Threads.blocks(of: z.count, size: Threads.blockSize) { block in
          guard let z = z.baseAddress else { return }
          loop(x + block.lowerBound, z + block.lowerBound, block.count)
        }
      }
    }
  }

  /// One number from each number of x and of y, whose shape is that of x or of x's last axes (then it is used again
  /// for every row of x).
  init(_ x: Tensor, _ y: Tensor, loop: Loop2) {
    let n = y.count
    let rows = y.shape == x.shape ? 1 : x.count / max(n, 1)
    self.init(shape: x.shape, writing: { z in
      x.withPointer { x in
        y.withPointer { y in
          if rows == 1 {
            Threads.blocks(of: n, size: Threads.blockSize) { block in
              let i = block.lowerBound
              loop(x + i, y + i, z + i, block.count)
            }
          } else {
            Threads.blocks(of: rows, size: Threads.blockSize / max(n, 1)) { block in
              for row in block { loop(x + row * n, y, z + row * n, n) }
            }
          }
        }
      }
    })
  }

  /// Adds numbers in place; copies first where the storage is shared.
  package mutating func add(_ other: Tensor, scale: Float = 1) {
    precondition(shape == other.shape, "can't add a tensor of shape \(other.shape) to one of shape \(shape)")
    let count = count
    other.withPointer { other in
      withMutablePointer { values in
        Threads.blocks(of: count, size: Threads.blockSize) { block in
          rnn_add_scaled(scale, other + block.lowerBound, values + block.lowerBound, block.count)
        }
      }
    }
  }

  /// The same numbers times a factor.
  package func scaled(by factor: Float) -> Tensor {
    Tensor(self) { x, z, n in for i in 0..<n { z[i] = x[i] * factor } }
  }

  /// The sum of all numbers in double precision, eight chains added in a fixed order.
  package func sumOfValues() -> Double {
    withUnsafeBufferPointer { values in
      var lanes = SIMD8<Double>()
      let whole = values.count / 8 * 8
      for i in stride(from: 0, to: whole, by: 8) {
        for j in 0..<8 { lanes[j] += Double(values[i + j]) }
      }
      for i in whole..<values.count { lanes[i - whole] += Double(values[i]) }
      return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    }
  }

  /// Adds all rows of a tensor seen as rows of the given shape to `sum`; each sum is one chain, from the last row to the
  /// first, that goes on from what stands in `sum`.
  package func addColumnSums(shape: [Int], to sum: inout Tensor?) {
    var result = sum.take() ?? Tensor(zeros: shape)
    precondition(result.shape == shape, "a sum of rows of the shape \(shape) can't go on from the shape \(result.shape)")
    let n = result.count
    let rows = n == 0 ? 0 : count / n
    if rows > 0 {
      result.withMutablePointer { sums in
        withPointer { source in
          // Threads share out the columns, never the rows: each sum stays one chain.
          Threads.blocks(of: n, size: max(Threads.leastColumns, Threads.blockSize / rows)) { block in
            let j = block.lowerBound
            rnn_column_sums(source + (rows - 1) * n + j, -n, Int32(rows), Int32(block.count), sums + j, true)
          }
        }
      }
    }
    sum = result
  }
}

extension Tensor {
  /// Whether no number is an infinity or a NaN.
  package var isFinite: Bool {
    withPointer { x in
      let size = Threads.blockSize
      var isFound = [Bool](repeating: false, count: (count + size - 1) / size)
      isFound.withUnsafeMutableBufferPointer { isFound in
        Threads.blocks(of: count, size: size) { block in
          // Without a way out inside a block, so that the compiler takes many numbers at once.
          var found: UInt32 = 0
          for i in block { found |= x[i].bitPattern & 0x7F80_0000 == 0x7F80_0000 ? 1 : 0 }
          isFound[block.lowerBound / size] = found != 0
        }
      }
      return !isFound.contains(true)
    }
  }

  /// self = keep · self + (1 − keep) · other
  package mutating func blend(with other: Tensor, keeping keep: Float) {
    precondition(shape == other.shape, "\(shape) and \(other.shape) can't be blended")
    let n = count
    withMutablePointer { x in
      other.withPointer { y in
        Threads.blocks(of: n, size: Threads.blockSize) { block in
          for i in block { x[i] = y[i] + keep * (x[i] - y[i]) }
        }
      }
    }
  }
}

extension Weights {
  /// self = keep · self + (1 − keep) · other, for weights of the same names and shapes.
  package mutating func blend(with other: Weights, keeping keep: Float) {
    for i in tensors.indices { tensors[i].blend(with: other.tensors[i], keeping: keep) }
  }
}

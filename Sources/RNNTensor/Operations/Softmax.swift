import CRNNKernels

/// eˣ over the sum of all eˣ in a row: probabilities along the last axis. For a loss, ``softmaxCrossEntropy(_:_:of:weights:smoothing:)``
/// is more exact and quicker.
public func softmax(_ x: Variable) -> Variable {
  let n = x.shape.last ?? 1, rows = x.value.count / max(n, 1)
  let y = Tensor(shape: x.shape, writing: { y in
    x.value.withPointer { x in
      Threads.blocks(of: rows, size: Threads.blockSize / max(n, 1)) { block in
        rnn_softmax(x + block.lowerBound * n, Int32(block.count), Int32(n), 1, y + block.lowerBound * n)
      }
    }
  })
  return Tape.record(inputs: [x], output: y) { gradient, _ in
    // dxᵢ = yᵢ (gᵢ − Σ g y)
    [Tensor(shape: y.shape, writing: { z in
      gradient.withPointer { g in
        y.withPointer { y in
          Threads.blocks(of: rows, size: Threads.blockSize / max(n, 1)) { block in
            for row in block {
              let g = g + row * n, y = y + row * n, z = z + row * n
              var sum: Float = 0
              for i in 0..<n { sum += g[i] * y[i] }
              for i in 0..<n { z[i] = y[i] * (g[i] - sum) }
            }
          }
        }
      }
    })]
  }
}

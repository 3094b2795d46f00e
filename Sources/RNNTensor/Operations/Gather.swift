import CRNNKernels

/// The rows of a table: what an embedding does.
///
/// - Parameters:
///   - table: `[V, E]`.
///   - ids: numbers of rows, below V. An id below 0 gives a row of zeros (padding).
///   - shape: the shape of the ids.
/// - Returns: `shape + [E]`.
public func gather(_ table: Variable, _ ids: [Int32], shape: [Int]) -> Variable {
  precondition(table.shape.count == 2, "rows are gathered from a table [V, E], not from the shape \(table.shape)")
  precondition(ids.count == shape.reduce(1, *), "\(ids.count) ids don't fill the shape \(shape)")
  let (count, n) = (table.shape[0], table.shape[1])
  precondition(ids.allSatisfy { $0 < count }, "an id is not below the number of rows, \(count)")

  let rows = Tensor(shape: shape + [n], writing: { z in
    table.value.withPointer { x in
      Threads.blocks(of: ids.count, size: Threads.blockSize / max(n, 1)) { block in
        for i in block {
          if ids[i] >= 0 {
            (z + i * n).update(from: x + Int(ids[i]) * n, count: n)
          } else {
            (z + i * n).update(repeating: 0, count: n)
          }
        }
      }
    }
  })
  return Tape.record(inputs: [table], output: rows, accumulate: { gradient, _, sums in
    var result = sums[0].take() ?? Tensor(zeros: [count, n])
    result.withMutablePointer { z in
      gradient.withPointer { g in
        // Each thread takes columns and walks over all ids, so a row's sum is one chain, from the last id to the first.
        Threads.blocks(of: n, size: max(Threads.leastColumns, Threads.blockSize / max(ids.count, 1))) { block in
          for i in ids.indices.reversed() where ids[i] >= 0 {
            rnn_add_scaled(1, g + i * n + block.lowerBound, z + Int(ids[i]) * n + block.lowerBound, block.count)
          }
        }
      }
    }
    sums[0] = result
  })
}

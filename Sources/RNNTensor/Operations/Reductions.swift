import CRNNKernels

extension Variable {
  /// The sum of all numbers (added in double precision, in a fixed order).
  public func sum() -> Variable { total(scale: 1) }

  /// The mean of all numbers.
  public func mean() -> Variable { total(scale: 1 / Double(max(value.count, 1))) }

  private func total(scale: Double) -> Variable {
    Tape.record(inputs: [self], output: Tensor(Float(value.sumOfValues() * scale))) { [shape] gradient, _ in
      [Tensor(repeating: Float(Double(gradient.item) * scale), shape: shape)]
    }
  }

  /// The sums along an axis, which disappears. Each sum is a chain in the axis's order.
  public func sum(axis: Int) -> Variable {
    let cut = Cut(shape, axis: axis)
    let sums = Tensor(shape: cut.shape(nil), writing: { sums in
      value.withPointer { x in
        Threads.blocks(of: cut.outer, size: Threads.blockSize / max(cut.length * cut.inner, 1)) { block in
          for i in block {
            rnn_column_sums(
              x + i * cut.length * cut.inner, cut.inner, Int32(cut.length), Int32(cut.inner), sums + i * cut.inner,
              false)
          }
        }
      }
    })
    return Tape.record(inputs: [self], output: sums) { gradient, _ in
      [
        Tensor(shape: cut.shape(cut.length), writing: { z in
          gradient.withPointer { g in
            for i in 0..<cut.outer {
              for j in 0..<cut.length {
                (z + (i * cut.length + j) * cut.inner).update(from: g + i * cut.inner, count: cut.inner)
              }
            }
          }
        })
      ]
    }
  }

  /// The means along an axis, which disappears.
  public func mean(axis: Int) -> Variable {
    let length = Cut(shape, axis: axis).length
    return (1 / Float(max(length, 1))) * sum(axis: axis)
  }
}

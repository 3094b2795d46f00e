import CRNNKernels

/// A matrix packed once for many products y = W x + b, a few rows at a time.
package final class PackedMatrix: @unchecked Sendable {
  // Safe to share: written only in init.
  package let inputs: Int
  package let outputs: Int
  /// The outputs, padded to whole vectors: what a row of results has room for.
  package let lanes: Int
  private let packed: UnsafeMutablePointer<Float>
  private let bias: UnsafeMutablePointer<Float>
  private let count: Int

  /// - Parameters:
  ///   - weight: `[outputs, inputs]`, or with `transposed` `[inputs, outputs]`.
  ///   - bias: `[outputs]`.
  package init(_ weight: Tensor, _ bias: Tensor? = nil, transposed: Bool = false) {
    (outputs, inputs) = transposed ? (weight.shape[1], weight.shape[0]) : (weight.shape[0], weight.shape[1])
    lanes = (outputs + Int(RNN_UNIT) - 1) / Int(RNN_UNIT) * Int(RNN_UNIT)
    count = rnn_packed_size(Int32(inputs), Int32(lanes))
    packed = Memory.take(count)
    self.bias = Memory.take(lanes)
    let (rows, width) = (inputs, outputs)
    // What fills up the last panel.
    packed.update(repeating: 0, count: count)
    self.bias.update(repeating: 0, count: lanes)
    weight.withPointer { source in
      Threads.blocks(of: width, size: max(64, Threads.blockSize * 4 / max(rows, 1) / 64 * 64)) { [packed] columns in
        rnn_pack(
          packed, Int32(rows), Int32(columns.lowerBound), Int32(columns.count),
          source + columns.lowerBound * (transposed ? 1 : rows), transposed ? width : 1, transposed ? 1 : rows)
      }
    }
    bias?.withPointer { self.bias.update(from: $0, count: outputs) }
  }

  deinit {
    Memory.giveBack(packed, count)
    Memory.giveBack(bias, lanes)
  }

  /// y = W x + b for some rows, which lie `stride` floats apart. Runs on the calling thread; nothing is allocated.
  ///
  /// - Parameter result: room for ``lanes`` floats in each row.
  package func apply(
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, _ result: UnsafeMutablePointer<Float>, stride resultStride: Int
  ) {
    if rows > 0 { rnn_product(x, stride, Int32(rows), packed, Int32(inputs), Int32(lanes), result, resultStride, bias) }
  }

  /// y = W x + b for one row.
  package func apply(_ x: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Float>) {
    apply(x, stride: 0, rows: 1, result, stride: 0)
  }

  /// y = W x + b for some rows, the outputs shared out over threads.
  package func applyOnAllThreads(
    _ x: UnsafePointer<Float>, stride: Int, rows: Int, _ result: UnsafeMutablePointer<Float>, stride resultStride: Int
  ) {
    // Blocks of columns begin with a panel, whatever a panel's width is.
    let part = max(256, (lanes / max(Threads.count, 1) + 63) / 64 * 64)
    guard rows > 0, rows * inputs * lanes > 1 << 18 else { return apply(x, stride: stride, rows: rows, result, stride: resultStride) }
    Threads.blocks(of: lanes, size: part) { columns in
      rnn_product(
        x, stride, Int32(rows), packed + columns.lowerBound * inputs, Int32(inputs), Int32(columns.count), result + columns.lowerBound,
        resultStride, bias + columns.lowerBound)
    }
  }
}

/// Adds Aᵀ B to `sum`, `[units of A, units of B]`, for rows that lie in memory some floats apart: each number is one chain,
/// from the last row to the first, that goes on from what stands in `sum`.
package func addProduct(
  of a: UnsafePointer<Float>, _ aUnits: Int, stride aStride: Int, with b: UnsafePointer<Float>, _ bUnits: Int, stride bStride: Int,
  rows: Int, to sum: inout Tensor?
) {
  guard rows > 0, aUnits > 0, bUnits > 0 else { return }
  let goesOn = sum != nil
  var result = sum.take() ?? Tensor(shape: [aUnits, bUnits], writing: { _ in })
  result.withMutablePointer {
    rnn_gemm(
      Int32(aUnits), Int32(bUnits), Int32(rows), a + (rows - 1) * aStride, 1, -aStride, b + (rows - 1) * bStride, -bStride, 1, $0,
      bUnits, goesOn)
  }
  sum = result
}

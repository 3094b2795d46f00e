import CRNNKernels
import RNNTensor

/// Scales a gradient down where its norm over all tensors exceeds a bound (Pascanu et al. 2013; PyTorch's
/// `clip_grad_norm_`).
public struct GradientClip: Sendable, Hashable, Codable {
  /// The largest norm; infinite to clip nothing.
  public var maximum: Double

  public init(maximum: Double) { self.maximum = maximum }

  /// What came out.
  public struct Result: Sendable, Hashable {
    /// The norm before clipping.
    public let norm: Double
    /// The factor for the gradient: min(1, maximum / (norm + 10⁻⁶)).
    public let scale: Float
    /// False if the gradient has an infinity or a NaN in it: then no step should be taken.
    public var isFinite: Bool { norm.isFinite }
  }

  /// The norm and the factor; pass the factor to `Optimizer.step`.
  public func callAsFunction(_ gradient: Weights) -> Result {
    let norm = Self.norm(of: gradient)
    return Result(norm: norm, scale: norm.isFinite ? Float(min(1, maximum / (norm + 1e-6))) : 0)
  }

  /// The square root of the sum of all squares, in double precision and a fixed order.
  public static func norm(of gradient: Weights) -> Double {
    var total = 0.0
    for tensor in gradient.tensors {
      let blocks = (tensor.count + Threads.blockSize - 1) / Threads.blockSize
      withUnsafeTemporaryAllocation(of: Double.self, capacity: blocks) { sums in
        tensor.withPointer { x in
          Threads.blocks(of: tensor.count, size: Threads.blockSize) { block in
            sums[block.lowerBound / Threads.blockSize] = rnn_sum_of_squares(x + block.lowerBound, block.count)
          }
        }
        for i in 0..<blocks { total += sums[i] }
      }
    }
    return total.squareRoot()
  }
}

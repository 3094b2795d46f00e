public import RNNTensor

/// Brings the numbers of a row to about the same size: of each the mean over the clips that a model was trained on is taken off, and the
/// rest is divided by the deviation there.
public struct RowScaling: Sendable, Hashable {
  public let means: [Float]
  public let deviations: [Float]

  /// The numbers of a row.
  public var size: Int { means.count }

  /// - Precondition: as many means as deviations, which are positive.
  public init(means: [Float], deviations: [Float]) {
    precondition(means.count == deviations.count && deviations.allSatisfy { $0 > 0 }, "each number of a row has a mean and a positive deviation")
    self.means = means
    self.deviations = deviations
  }

  /// What scales these clips' rows, `[rows, size]` each. A number that is always the same is left at its size.
  public init(of clips: [Tensor], size: Int) {
    let count = Double(max(clips.reduce(0) { $0 + $1.shape[0] }, 1))
    // Twice through, in Double: squares of what is far from zero would lose the digits that matter.
    let means = Self.sums(clips, size) { x, _ in x }.map { $0 / count }
    let variances = Self.sums(clips, size) { x, column in (x - means[column]) * (x - means[column]) }.map { $0 / count }
    self.init(means: means.map { Float($0) }, deviations: variances.map { $0 > 1e-12 ? Float($0.squareRoot()) : 1 })
  }

  private static func sums(_ clips: [Tensor], _ size: Int, _ of: (_ x: Double, _ column: Int) -> Double) -> [Double] {
    var sums = [Double](repeating: 0, count: size)
    for clip in clips {
      clip.withUnsafeBufferPointer { values in
        for i in values.indices { sums[i % size] += of(Double(values[i]), i % size) }
      }
    }
    return sums
  }

  /// Rows `[rows, size]` scaled.
  public func callAsFunction(_ rows: Tensor) -> Tensor {
    precondition(rows.shape.last == size, "rows of the shape \(rows.shape) are not of \(size) numbers")
    let factors = deviations.map { 1 / $0 }
    return Tensor(shape: rows.shape, writing: { to in
      rows.withPointer { from in
        for row in stride(from: 0, to: rows.count, by: size) {
          for i in 0..<size { to[row + i] = (from[row + i] - means[i]) * factors[i] }
        }
      }
    })
  }
}

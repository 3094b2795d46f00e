import RNNTensor

/// How the first numbers of a parameter are drawn.
public enum Initializer: Sendable, Hashable {
  case constant(Float)
  /// U(−bound, bound).
  case uniform(Float)
  /// Normal with mean 0 and this deviation.
  case normal(Float)
  /// U(−a, a) with a = gain √(6 / (inputs + outputs)) (Glorot & Bengio 2010).
  case xavier(gain: Float = 1)
  /// A matrix whose rows are orthonormal, or its columns where it has more rows than columns, times the gain
  /// (Saxe et al. 2014); drawn uniformly.
  case orthogonal(gain: Float = 1)

  /// A tensor of the given shape. Xavier and orthogonal take the first axis for the outputs and all others for the
  /// inputs, so they want at least two axes.
  public func tensor(_ shape: [Int], using random: inout Philox) -> Tensor {
    switch self {
    case .constant(let value):
      return Tensor(repeating: value, shape: shape)
    case .uniform(let bound):
      return Self.uniform(bound, shape, &random)
    case .normal(let deviation):
      return Tensor(normalMean: 0, deviation: deviation, shape: shape, using: &random)
    case .xavier(let gain):
      let (outputs, inputs) = Self.matrix(shape)
      return Self.uniform(gain * (6 / Float(inputs + outputs)).squareRoot(), shape, &random)
    case .orthogonal(let gain):
      let (rows, columns) = Self.matrix(shape)
      let values = orthogonalMatrix(rows: rows, columns: columns, using: &random)
      return Tensor(values.map { Float($0) * gain }, shape: shape)
    }
  }

  private static func uniform(_ bound: Float, _ shape: [Int], _ random: inout Philox) -> Tensor {
    bound > 0
      ? Tensor(uniform: -bound..<bound, shape: shape, using: &random) : Tensor(zeros: shape)
  }

  private static func matrix(_ shape: [Int]) -> (rows: Int, columns: Int) {
    precondition(shape.count >= 2, "this initialiser is for matrices, not for the shape \(shape)")
    return (shape[0], shape.dropFirst().reduce(1, *))
  }
}

/// The orthogonal factor of a random normal matrix by Householder's method, row-major, in double precision; the signs
/// are such that the triangular factor's diagonal is positive, which makes the draw uniform (Mezzadri 2007).
private func orthogonalMatrix(rows: Int, columns: Int, using random: inout Philox) -> [Double] {
  // The n columns of A lie one after another (each of m ≥ n numbers); a wide matrix is the transpose of a tall one.
  let (m, n) = (max(rows, columns), min(rows, columns))
  var a = (0..<m * n).map { _ in random.normal() }
  var signs = [Double](repeating: 1, count: n)

  // After step j, a[j…] of column j holds the unit vector v of the reflection H = 1 − 2 v vᵀ that clears the column.
  func reflect(_ target: Int, with j: Int) {
    var dot = 0.0
    for i in j..<m { dot += a[j * m + i] * a[target * m + i] }
    for i in j..<m { a[target * m + i] -= 2 * dot * a[j * m + i] }
  }
  for j in 0..<n {
    let norm = (j..<m).reduce(0) { $0 + a[j * m + $1] * a[j * m + $1] }.squareRoot()
    // The diagonal of the triangular factor gets the sign opposite to the pivot's, so that nothing cancels.
    signs[j] = a[j * m + j] > 0 ? -1 : 1
    a[j * m + j] -= signs[j] * norm
    let length = (j..<m).reduce(0) { $0 + a[j * m + $1] * a[j * m + $1] }.squareRoot()
    if length > 0 { for i in j..<m { a[j * m + i] /= length } }
    for k in (j + 1)..<max(n, j + 1) { reflect(k, with: j) }
  }

  // Q = H₀ H₁ … applied to the first n columns of the identity.
  var result = [Double](repeating: 0, count: m * n)
  var column = [Double](repeating: 0, count: m)
  for k in 0..<n {
    for i in 0..<m { column[i] = i == k ? signs[k] : 0 }
    for j in stride(from: n - 1, through: 0, by: -1) {
      var dot = 0.0
      for i in j..<m { dot += a[j * m + i] * column[i] }
      for i in j..<m { column[i] -= 2 * dot * a[j * m + i] }
    }
    for i in 0..<m { result[rows >= columns ? i * n + k : k * m + i] = column[i] }
  }
  return result
}

/// Linear functions with the least squared errors on examples that come one by one, in `Double`; nothing is kept of each.
package struct LeastSquares {
  private let inputs: Int
  private let outputs: Int
  /// The sums of products of inputs, the constant 1 being the last: the upper triangle, row by row.
  private var squares: [Double]
  /// Those of inputs with outputs, `[inputs + 1][outputs]`.
  private var products: [Double]
  package private(set) var count = 0

  package init(inputs: Int, outputs: Int) {
    self.inputs = inputs
    self.outputs = outputs
    squares = [Double](repeating: 0, count: (inputs + 1) * (inputs + 1))
    products = [Double](repeating: 0, count: (inputs + 1) * outputs)
  }

  /// The bytes of the sums for so many inputs, and of what they are solved with.
  static func bytes(inputs: Int) -> Double { 2 * 8 * (Double(inputs) + 1) * (Double(inputs) + 1) }

  /// About how many multiplications it takes to add examples and to solve.
  static func operations(inputs: Int, outputs: Int, examples: Int) -> Double {
    Double(inputs) * Double(inputs) * (Double(inputs) / 6 + Double(outputs) + Double(examples) / 2)
  }

  package mutating func add(_ x: [Double], _ y: [Double]) {
    let n = inputs + 1
    let x = x + [1]
    squares.withUnsafeMutableBufferPointer { squares in
      products.withUnsafeMutableBufferPointer { products in
        for i in 0..<n where x[i] != 0 {
          let own = x[i]
          for j in i..<n { squares[i * n + j] += own * x[j] }
          for j in 0..<outputs { products[i * outputs + j] += own * y[j] }
        }
      }
    }
    count += 1
  }

  /// For each output the inputs' coefficients, and the constant.
  ///
  /// - Parameter ridge: what large coefficients cost, as a part of the inputs' mean square; above 0, so that there is always one
  ///   answer. The constant costs nothing.
  /// - Parameter costs: how many times that for each input.
  package func solution(ridge: Double, costs: [Double]? = nil) -> [(weights: [Double], constant: Double)] {
    let n = inputs + 1
    var a = squares
    let mean = (0..<inputs).reduce(0) { $0 + a[$1 * n + $1] } / Double(max(inputs, 1))
    for i in 0..<inputs { a[i * n + i] += ridge * (mean > 0 ? mean : 1) * (costs?[i] ?? 1) }
    a[n * n - 1] += 1e-12
    // A = Uᵀ U (Cholesky), in place.
    a.withUnsafeMutableBufferPointer { a in
      for i in 0..<n {
        let pivot = max(a[i * n + i], .leastNormalMagnitude).squareRoot()
        for j in i..<n { a[i * n + j] /= pivot }
        for k in i + 1..<max(n, i + 1) {
          let factor = a[i * n + k]
          if factor != 0 { for j in k..<n { a[k * n + j] -= factor * a[i * n + j] } }
        }
      }
    }
    return (0..<outputs).map { output in
      var x = (0..<n).map { products[$0 * outputs + output] }
      for i in 0..<n {
        x[i] /= a[i * n + i]
        for j in i + 1..<max(n, i + 1) { x[j] -= a[i * n + j] * x[i] }
      }
      for i in stride(from: n - 1, through: 0, by: -1) {
        for j in i + 1..<max(n, i + 1) { x[i] -= a[i * n + j] * x[j] }
        x[i] /= a[i * n + i]
      }
      return (Array(x.dropLast()), x[n - 1])
    }
  }
}

import RNNTensor

/// A gradient compared with central differences.
package struct GradientCheck: CustomStringConvertible {
  /// The largest |difference| / (1 + |expected|) found.
  package private(set) var worst = 0.0
  /// Where it was found.
  package private(set) var place = "nowhere"
  /// How many derivatives were compared.
  package private(set) var count = 0

  package var description: String { "\(worst) at \(place)" }

  /// Differentiates the sum of the results of `body`, each times a fixed coefficient, with respect to every number of
  /// every input.
  ///
  /// The derivative comes from five points (error of the order of h⁴), the sum over results is taken in `Double`, so that
  /// with inputs of about 1 what remains is the rounding of the operation itself divided by h: some 10⁻⁵.
  package init(_ inputs: [Tensor], h: Float = 0x1p-6, _ body: ([Variable]) -> [Variable]) {
    var random = Philox(seed: 20)
    let coefficients = body(inputs.map { Variable($0) }).map {
      Tensor(uniform: -1..<1, shape: $0.shape, using: &random)
    }
    func value(_ inputs: [Tensor]) -> Double {
      zip(body(inputs.map { Variable($0) }), coefficients).reduce(0.0) { total, pair in
        zip(pair.0.value.values, pair.1.values).reduce(total) { $0 + Double($1.0) * Double($1.1) }
      }
    }

    let tape = Tape()
    let variables = inputs.map { tape.watch($0) }
    let terms = zip(body(variables), coefficients).map { ($0 * Variable($1)).sum() }
    let loss = terms.dropFirst().reduce(terms[0]) { $0 + $1 }
    let gradients = tape.gradient(of: loss, with: variables)

    for (k, gradient) in gradients.enumerated() {
      let gradient = gradient?.values ?? Array(repeating: 0, count: inputs[k].count)
      for i in gradient.indices {
        func at(_ offset: Float) -> Double {
          var inputs = inputs
          inputs[k].withUnsafeMutableBufferPointer { $0[i] += offset }
          return value(inputs)
        }
        let expected = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * Double(h))
        let error = abs(Double(gradient[i]) - expected) / (1 + abs(expected))
        count += 1
        // A NaN is worse than anything.
        if !(error <= worst) {
          worst = error.isNaN ? .infinity : error
          place = "input \(k), number \(i): \(gradient[i]), by differences \(expected)"
        }
      }
    }
  }
}

/// Runs the body with another number of threads.
package func withThreads<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
  let before = Threads.count
  Threads.count = count
  defer { Threads.count = before }
  return try body()
}

extension SeriesSet {
  /// Variables that give the target away, a sentence each: a model that sees them is measured by what it will not have.
  func leaks() -> [String] {
    var found: [String] = []
    for (index, target) in targets.enumerated() {
      for (other, name) in known.enumerated() {
        // Beyond what the step before tells about both.
        let likeness = Likeness.partial(series.map { ($0.known[other], $0.targets[index]) }, ahead: 0)
        if name == target || likeness > 0.99 {
          found.append(
            "leak: ‘\(name)’, said to be known ahead, is \(likeness > 0.999_999 || name == target ? "" : "nearly ")the target ‘\(target)’ itself: who sees it sees the answer")
        }
      }
      for (other, name) in past.enumerated() where !targets.contains(name) {
        let likeness = Likeness.partial(series.map { ($0.past[other], $0.targets[index]) }, ahead: 1)
        if likeness > 0.99 {
          found.append("leak: ‘\(name)’ tells at each step what the target ‘\(target)’ will be at the next (correlation beyond the last value \(Thousandths(likeness)))")
        }
      }
      for name in past where name == target {
        found.append("‘\(name)’ is the target and among the past variables too: its past is seen anyway")
      }
    }
    return found
  }
}

/// A number with three decimals.
private struct Thousandths: CustomStringConvertible {
  let description: String
  init(_ value: Double) {
    let thousandths = Int((value * 1000).rounded())
    description = "\(thousandths / 1000).\(String("\(1000 + thousandths % 1000)".dropFirst()))"
  }
}

/// Correlations over many series.
private enum Likeness {
  /// How far x(t) tells y(t + ahead) beyond what y(t + ahead − 1) tells: the absolute partial correlation. Each series about its own mean.
  static func partial(_ series: [(x: [Double], y: [Double])], ahead: Int) -> Double {
    var count = 0, sums = [Double](repeating: 0, count: 6)
    for (x, y) in series {
      var means = (0.0, 0.0, 0.0), own = 0
      func each(_ body: (Double, Double, Double) -> Void) {
        for t in max(1 - ahead, 0)..<max(y.count - ahead, 1) where t + ahead < y.count {
          let (a, b, c) = (x[t], y[t + ahead], y[t + ahead - 1])
          if !(a + b + c).isNaN { body(a, b, c) }
        }
      }
      each { (a, b, c) in
        means = (means.0 + a, means.1 + b, means.2 + c)
        own += 1
      }
      guard own > 2 else { continue }
      let n = Double(own)
      means = (means.0 / n, means.1 / n, means.2 / n)
      each { (a, b, c) in
        let (a, b, c) = (a - means.0, b - means.1, c - means.2)
        sums[0] += a * a
        sums[1] += b * b
        sums[2] += c * c
        sums[3] += a * b
        sums[4] += a * c
        sums[5] += b * c
      }
      count += own
    }
    // Few numbers are soon alike.
    guard count >= 20, sums[0] > 0, sums[1] > 0 else { return 0 }
    let xy = sums[3] / (sums[0].squareRoot() * sums[1].squareRoot())
    guard sums[2] > 0 else { return abs(xy) }
    let (xz, yz) = (sums[4] / (sums[0].squareRoot() * sums[2].squareRoot()), sums[5] / (sums[1].squareRoot() * sums[2].squareRoot()))
    let rest = (1 - xz * xz) * (1 - yz * yz)
    // Nothing is left where the last value tells all.
    guard rest > 1e-9 else { return 0 }
    return min(abs((xy - xz * yz) / rest.squareRoot()), 1)
  }
}

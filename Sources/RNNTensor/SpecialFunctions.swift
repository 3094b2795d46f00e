#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// Functions of probability that no C library has, or has only with global state. All take and give `Double`.

/// ln Γ(x) for x > 0: Stirling's series, after x was brought to where it is exact to the last bits.
package func logGamma(_ x: Double) -> Double {
  var x = x, product = 1.0
  while x < 10 { (product, x) = (product * x, x + 1) }
  let y = 1 / (x * x)
  let series = (1 / 12.0 - y * (1 / 360.0 - y * (1 / 1260.0 - y * (1 / 1680.0 - y * (1 / 1188.0 - y * 691 / 360360.0))))) / x
  return (x - 0.5) * log(x) - x + 0.5 * log(2 * Double.pi) + series - log(product)
}

/// ψ(x) = d ln Γ(x) / dx for x > 0, in the same way.
package func digamma(_ x: Double) -> Double {
  var x = x, sum = 0.0
  while x < 10 { (sum, x) = (sum + 1 / x, x + 1) }
  let y = 1 / (x * x)
  let series = y * (1 / 12.0 - y * (1 / 120.0 - y * (1 / 252.0 - y * (1 / 240.0 - y * (1 / 132.0 - y * 691 / 32760.0)))))
  return log(x) - 0.5 / x - series - sum
}

/// ln(1 + eˣ), without overflow.
package func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

/// The logistic function, the derivative of ``softplus(_:)``.
package func logistic(_ x: Double) -> Double {
  let e = exp(-abs(x))
  return (x < 0 ? e : 1) / (1 + e)
}

/// The normal distribution with mean 0 and deviation 1.
package enum Normal {
  package static func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }

  /// The x below which a draw lies with probability p, 0 < p < 1.
  package static func quantile(_ p: Double) -> Double {
    if p == 0.5 { return 0 }
    // The tail has the relative precision: the upper half is the mirrored lower one. From within 0.005 (Abramowitz & Stegun
    // 26.2.22), Newton's steps.
    let tail = min(p, 1 - p), t = (-2 * log(tail)).squareRoot()
    var x = -(t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t))
    for _ in 0..<6 { x -= (cumulative(x) - tail) / (exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()) }
    return p < 0.5 ? x : -x
  }
}

/// Student's t distribution with location 0 and scale 1.
package enum StudentT {
  package static func logDensity(_ x: Double, degrees v: Double) -> Double {
    logGamma((v + 1) / 2) - logGamma(v / 2) - 0.5 * log(v * Double.pi) - (v + 1) / 2 * log1p(x * x / v)
  }

  /// The probability of a draw above x ≥ 0: half the regularised incomplete beta function of v / (v + x²).
  package static func upperTail(_ x: Double, degrees v: Double) -> Double {
    let (a, b) = (v / 2, 0.5), z = v / (v + x * x), rest = x * x / (v + x * x)
    // z^a without loss for many degrees: z is 1 / (1 + x² / v).
    let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) - a * log1p(x * x / v)) * rest.squareRoot()
    if rest == 0 { return 0.5 }
    if z < (a + 1) / (a + b + 2) { return 0.5 * front * fraction(z, a, b) / a }
    return 0.5 * (1 - front * fraction(rest, b, a) / b)
  }

  /// The continued fraction of the incomplete beta function, by Lentz's method.
  private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
    let tiny = 1e-300
    func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0, d = 1 / kept(1 - (a + b) * x / (a + 1)), result = d
    for m in 1...500 {
      let n = Double(m)
      let even = n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n))
      d = 1 / kept(1 + even * d)
      c = kept(1 + even / c)
      result *= d * c
      let odd = -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1))
      d = 1 / kept(1 + odd * d)
      c = kept(1 + odd / c)
      result *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return result
  }

  /// The x below which a draw lies with probability p, 0 < p < 1. For v > 1.
  package static func quantile(_ p: Double, degrees v: Double) -> Double {
    if p == 0.5 { return 0 }
    let tail = min(p, 1 - p)
    // The normal quantile is nearer to 0; beyond it the upper tail is convex, so that Newton's steps never go too far.
    var x = -Normal.quantile(tail)
    for _ in 0..<100 {
      let step = (upperTail(x, degrees: v) - tail) / exp(logDensity(x, degrees: v))
      x += step
      if abs(step) <= 1e-13 * x { break }
    }
    return p < 0.5 ? -x : x
  }
}

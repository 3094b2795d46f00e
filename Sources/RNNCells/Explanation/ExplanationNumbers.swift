/// Numbers as an explanation shows them.
package enum ExplanationNumbers {
  /// A number with `digits` decimals, or, if it is small, with so many digits that say something. What has fewer decimals is
  /// written without zeros: 0.5, but 0.850 for 0.8504.
  package static func text(_ value: Double, digits: Int) -> String {
    guard value.isFinite else { return value.description }
    if value == 0 { return "0" }
    let size = abs(value)
    if size >= 1e12 { return EquationWriter.exact(value) }
    let sign = value < 0 ? "-" : ""
    if let short = exact(size, digits) { return sign + short }
    if size >= 0.1 { return sign + fixed(size, decimals: digits) }
    // Below 0.1 each zero after the point is one decimal more.
    var exponent = 1
    while size * power(exponent) < 1 { exponent += 1 }
    if exponent <= 4 { return sign + fixed(size, decimals: digits + exponent - 1) }
    var mantissa = fixed(size * power(exponent), decimals: max(digits - 1, 0))
    if mantissa.hasPrefix("10") {
      exponent -= 1
      mantissa = fixed(1, decimals: max(digits - 1, 0))
    }
    return sign + mantissa + "e-" + (exponent < 10 ? "0" : "") + String(exponent)
  }

  private static func power(_ exponent: Int) -> Double {
    var result = 1.0
    for _ in 0..<exponent { result *= 10 }
    return result
  }

  /// The number without needless zeros if `digits` decimals say all of it.
  private static func exact(_ size: Double, _ digits: Int) -> String? {
    let scaled = (size * power(digits)).rounded()
    guard scaled >= 1, abs(size - scaled / power(digits)) <= 1e-12 * max(size, 1) else { return nil }
    var text = fixed(size, decimals: digits)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return text
  }

  private static func fixed(_ size: Double, decimals: Int) -> String {
    let scaled = (size * power(decimals)).rounded()
    // Up to 2⁶³ the digits are those of an integer; beyond, all that a Double has are before the point.
    guard scaled < 0x1p63 else { return EquationWriter.exact(size) }
    var digits = String(Int64(scaled))
    if decimals == 0 { return digits }
    if digits.count <= decimals { digits = String(repeating: "0", count: decimals + 1 - digits.count) + digits }
    return digits.dropLast(decimals) + "." + digits.suffix(decimals)
  }
}

/// Numbers as people write them: “1 min 40 s”, “1.3 M”, “12.4 k tokens/s”. Independent of the language set.
public enum HumanFormat {
  /// A duration in its two largest units: “0.4 s”, “12 s”, “1 min 40 s”, “2 h 5 min”, “3 d 4 h”.
  public static func duration(seconds: Double) -> String {
    if !seconds.isFinite { return "?" }
    let seconds = max(seconds, 0)
    if seconds < 9.95 { return "\(fixed(seconds, 1)) s" }
    // A thousand years is long enough, and keeps the number within what an integer holds.
    let whole = Int(min(seconds.rounded(), 3.2e10))
    let units = [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")]
    guard let first = units.firstIndex(where: { whole >= $0.0 }) else { return "0 s" }
    let (size, name) = units[first]
    let rest = whole % size
    let text = "\(whole / size) \(name)"
    guard first + 1 < units.count, rest / units[first + 1].0 > 0 else { return text }
    return "\(text) \(rest / units[first + 1].0) \(units[first + 1].1)"
  }

  /// A count with at most three digits before its unit: “999”, “1.3 k”, “25.0 M”, “1.2 G”.
  public static func count(_ value: Double) -> String {
    if !value.isFinite { return "?" }
    let magnitude = abs(value)
    // Each limit is where rounding to one decimal reaches the next unit.
    if magnitude < 999.5 { return magnitude == magnitude.rounded() ? fixed(value, 0) : fixed(value, magnitude < 99.95 ? 1 : 0) }
    var scaled = value / 1000
    for unit in ["k", "M", "G"] {
      if abs(scaled) < 999.95 { return "\(fixed(scaled, 1)) \(unit)" }
      scaled /= 1000
    }
    return "\(fixed(scaled, 1)) T"
  }

  /// A count with its unit in full: see ``count(_:)-(Double)``.
  public static func count(_ value: Int) -> String { count(Double(value)) }

  /// So many things a second: “12.4 k tokens/s”.
  public static func rate(_ perSecond: Double, _ things: String) -> String { "\(count(perSecond)) \(things)/s" }

  /// A size in bytes, in powers of 1000: “512 bytes”, “1.3 kB”, “4.0 MB”.
  public static func bytes(_ count: Int) -> String {
    if count < 1000 { return count == 1 ? "1 byte" : "\(count) bytes" }
    return "\(Self.count(count))B"
  }

  /// `value` with exactly `decimals` digits after the point: the nearest such number, of two the one that ends in an even digit,
  /// as C and Python print it.
  public static func fixed(_ value: Double, _ decimals: Int) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    var scale = 1
    for _ in 0..<decimals { scale *= 10 }
    let product = abs(value) * Double(scale)
    var scaled = product.rounded(.toNearestOrEven)
    // What looks like a half may be the rounded product of something above or below.
    let rest = (-product).addingProduct(abs(value), Double(scale))
    if rest != 0, product - product.rounded(.down) == 0.5 { scaled = product.rounded(rest > 0 ? .up : .down) }
    // Beyond 2⁵³ there are no decimals left to show.
    if scaled > 0x1p53 { return "\(value)" }
    let digits = Int(scaled)
    let sign = value < 0 && digits > 0 ? "-" : ""
    if decimals == 0 { return "\(sign)\(digits)" }
    let fraction = String(digits % scale)
    return "\(sign)\(digits / scale).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
  }
}

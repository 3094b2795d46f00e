public import RNNTensor

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What the numbers are that a network gives for a value to come: the parameters of a distribution, quantiles, or the value.
public enum ForecastHead: Sendable, Hashable, Codable {
  /// Student's t distribution, for values that are now and then far off: location, scale, degrees of freedom (above 2).
  case studentT
  /// The normal distribution: mean and deviation.
  case gaussian
  /// The quantiles of these levels, ascending between 0 and 1.
  case quantiles([Double])
  /// The value alone, as the median: trained with absolute errors.
  case absolute
  /// The value alone, as the mean: trained with squared errors.
  case squared

  /// The numbers for one value.
  public var count: Int {
    switch self {
    case .studentT: 3
    case .gaussian: 2
    case .quantiles(let levels): levels.count
    case .absolute, .squared: 1
    }
  }

  /// How many of the numbers, the first ones, are values themselves: what is added to these moves the whole distribution.
  public var locations: Int {
    switch self {
    case .quantiles(let levels): levels.count
    default: 1
    }
  }

  /// Whether it says how sure it is.
  public var isProbabilistic: Bool { self != .absolute && self != .squared }

  /// As a person names it.
  public var name: String {
    switch self {
    case .studentT: "student-t"
    case .gaussian: "gaussian"
    case .quantiles: "quantiles"
    case .absolute: "mae"
    case .squared: "mse"
    }
  }

  /// Throws `.usage` for levels that can't be.
  public func validate() throws(RNNError) {
    guard case .quantiles(let levels) = self else { return }
    guard !levels.isEmpty, levels.allSatisfy({ $0 > 0 && $0 < 1 }), zip(levels, levels.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw RNNError(.usage, "the levels of quantiles are between 0 and 1 and ascend; found \(levels.map { "\($0)" }.joined(separator: ", "))")
    }
  }

  // MARK: Parameters

  /// The smallest scale of a distribution: a constant series would otherwise have one of 0.
  static let leastScale = 1e-4

  static func scale(_ x: Float) -> Double { softplus(Double(x)) + leastScale }
  static func degrees(_ x: Float) -> Double { 2 + softplus(Double(x)) }

  /// The numbers that stand for a normal distribution around 0, as far as the head can say it: where training may begin.
  public func numbers(deviation: Double) -> [Float] {
    let scale = Swift.max(deviation - Self.leastScale, Self.leastScale)
    // ln(eˣ − 1), the inverse of softplus.
    let raw = Float(scale > 30 ? scale : log(expm1(scale)))
    switch self {
    case .studentT: return [0, raw, 8]
    case .gaussian: return [0, raw]
    case .quantiles(let levels): return levels.map { Float(deviation * Normal.quantile($0)) }
    case .absolute, .squared: return [0]
    }
  }

  // MARK: Use

  /// Finds quantiles of what a network gave; made once for many values.
  public struct Quantiles: Sendable {
    private let head: ForecastHead
    public let levels: [Double]
    /// Quantiles of the standard distribution; of Student's at each of many 1 / degrees, from 0 to ½.
    private let table: [[Double]]

    private static let parts = 512

    init(_ head: ForecastHead, _ levels: [Double]) {
      self.head = head
      self.levels = levels
      switch head {
      case .studentT:
        table = levels.map { level in
          [Normal.quantile(level)] + (1...Self.parts).map { StudentT.quantile(level, degrees: 2 * Double(Self.parts) / Double($0)) }
        }
      case .gaussian: table = levels.map { [Normal.quantile($0)] }
      case .quantiles, .absolute, .squared: table = []
      }
    }

    /// The values at the levels, in order, from the numbers of one value.
    public func callAsFunction(_ numbers: UnsafeBufferPointer<Float>, into values: UnsafeMutableBufferPointer<Float>) {
      switch head {
      case .studentT:
        let scale = ForecastHead.scale(numbers[1])
        // Straight lines between entries so near to each other are exact to 10⁻⁵.
        let place = 2 * Double(Self.parts) / ForecastHead.degrees(numbers[2])
        // Of a network whose numbers are none, the quantiles are none either.
        let low = place.isNaN ? 0 : min(Int(place), Self.parts - 1), part = place - Double(low)
        for i in levels.indices {
          values[i] = Float(Double(numbers[0]) + scale * (table[i][low] + part * (table[i][low + 1] - table[i][low])))
        }
      case .gaussian:
        let deviation = ForecastHead.scale(numbers[1])
        for i in levels.indices { values[i] = Float(Double(numbers[0]) + deviation * table[i][0]) }
      case .quantiles(let own):
        let sorted = ForecastHead.ascending(numbers)
        for i in levels.indices { values[i] = ForecastHead.between(own, sorted, at: levels[i]) }
      case .absolute, .squared: values.update(repeating: numbers[0])
      }
    }
  }

  /// - Parameter levels: between 0 and 1. Between the levels of a head of quantiles they lie on straight lines, beyond them at
  ///   the outermost.
  public func quantiles(_ levels: [Double]) -> Quantiles { Quantiles(self, levels) }

  /// Quantiles that were trained apart may cross; in ascending order they are nearer to the truth (Chernozhukov et al. 2010).
  private static func ascending(_ numbers: UnsafeBufferPointer<Float>) -> [Float] { numbers.sorted() }

  private static func between(_ levels: [Double], _ values: [Float], at level: Double) -> Float {
    guard let above = levels.firstIndex(where: { $0 >= level }) else { return values[values.count - 1] }
    if above == 0 { return values[0] }
    let part = (level - levels[above - 1]) / (levels[above] - levels[above - 1])
    return values[above - 1] + Float(part) * (values[above] - values[above - 1])
  }

  /// A value drawn from the numbers of one value, with two numbers drawn at random.
  public func sample(_ numbers: UnsafeBufferPointer<Float>, using random: inout Philox) -> Float {
    switch self {
    case .studentT:
      // A Student's t as Box & Muller's normal (Bailey 1994).
      let degrees = Self.degrees(numbers[2])
      let u = 1 - random.uniform(), v = random.uniform()
      let radius = (degrees * (pow(u, -2 / degrees) - 1)).squareRoot()
      return Float(Double(numbers[0]) + Self.scale(numbers[1]) * radius * cos(2 * Double.pi * v))
    case .gaussian: return Float(Double(numbers[0]) + Self.scale(numbers[1]) * random.normal())
    case .quantiles(let levels):
      let u = random.uniform()
      random.skip(1)
      return Self.between(levels, Self.ascending(numbers), at: u)
    case .absolute, .squared: return numbers[0]
    }
  }
}

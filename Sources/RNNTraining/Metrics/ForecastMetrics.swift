/// How well numbers were predicted: sums over all predicted values that are known, and the figures that follow from them.
public struct ForecastMetrics: Sendable, Hashable {
  /// A figure and what it is.
  public struct Figure: Sendable, Hashable {
    /// Its name in tables, and in JSON.
    public let name: String
    public let key: String
    public let definition: String
    public let value: Double?
  }

  /// The levels that pinball losses are taken at.
  public static let pinballLevels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
  /// The central intervals whose coverage is counted.
  public static let intervals = [0.5, 0.8, 0.95]

  /// Where a quantile stands among those that are given: on the line between two.
  private struct Place: Hashable {
    var lower: Int
    var upper: Int
    var part: Double

    init(_ level: Double, in levels: [Double]) {
      upper = levels.firstIndex { $0 >= level - 1e-9 } ?? levels.count - 1
      let isBetween = upper > 0 && levels[upper] > level + 1e-9
      lower = isBetween ? upper - 1 : upper
      part = isBetween ? (level - levels[lower]) / (levels[upper] - levels[lower]) : 0
    }

    @inline(__always)
    func value(_ quantiles: UnsafeBufferPointer<Double>) -> Double {
      part == 0 ? quantiles[upper] : quantiles[lower] + part * (quantiles[upper] - quantiles[lower])
    }
  }

  /// The m of MASE: the steps between the values whose difference is the naive error.
  public let season: Int?
  /// Whether there are quantiles besides the median.
  public let hasIntervals: Bool
  private let median: Place
  private let pinballs: [Place]
  private let bounds: [Place]
  /// For each interval, true if the quantiles reach to both ends.
  private let areReached: [Bool]

  /// The number of predicted values that are known.
  public private(set) var count = 0
  private var absolute = 0.0, squares = 0.0, symmetric = 0.0
  private var scaledAbsolute = 0.0, scaledSquares = 0.0
  private var naive = 0.0, naiveCount = 0
  /// Of the values themselves: their mean, and the sum of their squared differences to it.
  private var centre = 0.0, spread = 0.0
  private var pinball: [Double]
  private var covered: [Int]

  /// - Parameters:
  ///   - levels: those of the quantiles that will be added, rising, with 0.5.
  ///   - season: the m of MASE, to be named beside the figure.
  public init(levels: [Double], season: Int? = nil) {
    self.season = season
    hasIntervals = levels.count > 1
    areReached = Self.intervals.map { interval in
      levels.count > 1 && levels[0] <= (1 - interval) / 2 + 1e-9 && levels[levels.count - 1] >= (1 + interval) / 2 - 1e-9
    }
    median = Place(0.5, in: levels)
    pinballs = Self.pinballLevels.map { Place($0, in: levels) }
    bounds = Self.intervals.flatMap { [Place((1 - $0) / 2, in: levels), Place((1 + $0) / 2, in: levels)] }
    pinball = [Double](repeating: 0, count: pinballs.count)
    covered = [Int](repeating: 0, count: Self.intervals.count)
  }

  /// Adds a predicted value.
  ///
  /// - Parameters:
  ///   - actual: what came; nothing is added where it is missing (NaN).
  ///   - quantiles: of what was predicted, at the levels in order.
  ///   - naiveError: the mean absolute error of the seasonal naive forecast in the training part; 0 where it makes none.
  ///   - deviation: the standard deviation of the training part.
  @inline(__always)
  public mutating func add(actual y: Double, quantiles: UnsafeBufferPointer<Double>, naiveError: Double, deviation: Double) {
    if y.isNaN { return }
    let point = median.value(quantiles)
    let error = y - point, size = abs(error)
    count += 1
    absolute += size
    squares += error * error
    let both = abs(y) + abs(point)
    if both > 0 { symmetric += size / both }
    scaledAbsolute += size / deviation
    scaledSquares += error / deviation * (error / deviation)
    if naiveError > 0 { (naive, naiveCount) = (naive + size / naiveError, naiveCount + 1) }
    let before = centre
    centre += (y - before) / Double(count)
    spread += (y - before) * (y - centre)
    for i in pinballs.indices {
      let rest = y - pinballs[i].value(quantiles), level = Self.pinballLevels[i]
      pinball[i] += rest >= 0 ? level * rest : (level - 1) * rest
    }
    if hasIntervals {
      for i in covered.indices where y >= bounds[2 * i].value(quantiles) && y <= bounds[2 * i + 1].value(quantiles) { covered[i] += 1 }
    }
  }

  /// Adds the values of others, with quantiles at the same levels.
  public mutating func add(_ other: ForecastMetrics) {
    if other.count > 0 {
      let (own, its) = (Double(count), Double(other.count)), apart = other.centre - centre
      centre += apart * its / (own + its)
      spread += other.spread + apart * apart * own * its / (own + its)
    }
    count += other.count
    absolute += other.absolute
    squares += other.squares
    symmetric += other.symmetric
    scaledAbsolute += other.scaledAbsolute
    scaledSquares += other.scaledSquares
    naive += other.naive
    naiveCount += other.naiveCount
    for i in pinball.indices { pinball[i] += other.pinball[i] }
    for i in covered.indices { covered[i] += other.covered[i] }
  }

  private func mean(_ sum: Double) -> Double { count > 0 ? sum / Double(count) : .nan }

  /// Mean absolute error.
  public var mae: Double { mean(absolute) }
  /// Root of the mean squared error.
  public var rmse: Double { mean(squares).squareRoot() }
  /// Mean absolute and mean squared error of values divided by the standard deviation of their channel's training part.
  public var scaledMAE: Double { mean(scaledAbsolute) }
  public var scaledMSE: Double { mean(scaledSquares) }
  /// Mean absolute scaled error (Hyndman & Koehler 2006); nil where the naive forecast makes no error in the training part.
  public var mase: Double? { naiveCount > 0 ? naive / Double(naiveCount) : nil }
  /// Symmetric mean absolute percentage error as in the M4 competition, from 0 to 200.
  public var smape: Double { 200 * mean(symmetric) }
  /// Root relative squared error (as Lai et al. 2018): against who knows the mean of all measured values.
  public var rse: Double? {
    // Values that differ only by their rounding don't differ.
    spread.squareRoot() > 4 * centre.ulp * Double(count).squareRoot() ? (squares / spread).squareRoot() : nil
  }
  /// The mean pinball loss at a level of ``pinballLevels``, by its place.
  public func pinball(_ index: Int) -> Double { mean(pinball[index]) }
  /// The mean pinball loss over ``pinballLevels``.
  public var meanPinball: Double { pinball.indices.reduce(0) { $0 + pinball($1) } / Double(pinball.count) }
  /// The continuous ranked probability score, from quantiles; the mean absolute error of a forecast that is one number.
  public var crps: Double { 2 * meanPinball }
  /// The share of values within a central interval of ``intervals``, by its place; nil where no quantile is as far out as its ends.
  public func coverage(_ index: Int) -> Double? { areReached[index] && count > 0 ? Double(covered[index]) / Double(count) : nil }

  /// All figures with their definitions.
  public var figures: [Figure] {
    let m = season.map { "m = \($0)" }, note = (season ?? 0) > 1 ? ", or 1 in a series with no season before it" : ""
    return [
      Figure(name: "MAE", key: "mae", definition: "mean of |y − ŷ|, ŷ the median", value: mae),
      Figure(name: "RMSE", key: "rmse", definition: "root of the mean of (y − ŷ)²", value: rmse),
      Figure(name: "scaled MSE", key: "scaled_mse", definition: "mean of ((y − ŷ) / s)², s the standard deviation of the channel's training part", value: scaledMSE),
      Figure(name: "scaled MAE", key: "scaled_mae", definition: "mean of |y − ŷ| / s", value: scaledMAE),
      Figure(
        name: m.map { "MASE, \($0)" } ?? "MASE", key: "mase",
        definition: "mean of |y − ŷ| / the mean |y(t) − y(t − m)| before the measured part, \(m ?? "m the seasonality")\(note)", value: mase),
      Figure(name: "sMAPE", key: "smape", definition: "mean of 200 |y − ŷ| / (|y| + |ŷ|), as in the M4 competition", value: smape),
      Figure(name: "RSE", key: "rse", definition: "root of the sum of (y − ŷ)² / the sum of (y − mean of all measured y)²", value: rse),
      Figure(name: "pinball loss", key: "pinball", definition: "mean of max(q (y − ŷ(q)), (q − 1)(y − ŷ(q))) over q = 0.1, 0.2 … 0.9", value: meanPinball),
      Figure(name: "CRPS", key: "crps", definition: "twice the pinball loss: ∫ (F(x) − [y ≤ x])² dx from quantiles", value: crps),
      Figure(name: "in 50%", key: "coverage50", definition: "share of y between the quantiles 0.25 and 0.75", value: coverage(0)),
      Figure(name: "in 80%", key: "coverage80", definition: "share of y between the quantiles 0.1 and 0.9", value: coverage(1)),
      Figure(name: "in 95%", key: "coverage95", definition: "share of y between the quantiles 0.025 and 0.975", value: coverage(2)),
    ]
  }
}

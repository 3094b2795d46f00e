/// What training a model of series takes for itself where the user says nothing, by the data. All such numbers stand here.
public struct ForecastDefaults: Sendable, Hashable {
  public var isDirect: Bool
  /// Lags of a short series' linear function; nil where it is found by least squares.
  let short: ShortSeriesLags?
  public var context: Int
  public var segment: Int
  public var lags: [Int]
  public var hidden: Int
  public var dropout: Double
  /// Units of a channel's vector.
  public var vector: Int
  public var autoregression: Bool
  public var calendar: Bool
  /// Windows of a batch.
  public var batch: Int
  /// Windows of an epoch, at most.
  public var windows: Int
  public var epochs: Int
  public var learningRate: Double

  /// - Parameters:
  ///   - length: the steps of the longest training part.
  ///   - steps: those of all channels.
  ///   - isDirect, context: as the user says, or nil.
  ///   - mayBeShort: whether there is nothing but the targets, and nothing is said that shapes the linear function.
  public init(
    length: Int, steps: Int, channels: Int, seasonality: Int, horizon: Int, isDirect: Bool?, context: Int?, mayBeShort: Bool = false
  ) {
    self.isDirect = isDirect ?? (horizon > 1)
    let season = max(seasonality, 1)
    // Some seasons, but most of a series must be left to learn from.
    let wanted = self.isDirect ? max(2 * horizon, 2 * season) : max(2 * season, horizon, 24)
    short = mayBeShort && Self.isShort(steps: steps, horizon: horizon, isDirect: isDirect) ? ShortSeriesLags(length: length, season: season) : nil
    // Of a short series only those steps count that have all lags before them.
    let most = short.map { min(length - ($0.all.last ?? 0), 24) } ?? 336
    self.context = context ?? max(min(wanted, length / 3, most), 1)
    segment = Self.segment(context: self.context, horizon: horizon)
    lags = short?.all ?? Self.lags(seasonality: season, length: length)
    let isSmall = steps < 5_000
    hidden = self.isDirect ? (isSmall ? 64 : 256) : (isSmall ? 16 : 64)
    dropout = self.isDirect ? 0.3 : 0.1
    vector = channels > 1 ? (self.isDirect ? hidden / 2 : min(channels, 16)) : 0
    autoregression = true
    calendar = !self.isDirect && short == nil
    batch = isSmall ? 32 : self.isDirect ? 256 : 64
    windows = self.isDirect ? 60_000 : isSmall ? 2_000 : 6_000
    // At least some hundred updates, however short the series are.
    epochs = max(20, 20_000 / max(steps, 1))
    learningRate = isSmall ? 2e-3 : 1e-3
  }

  /// True for too few steps to learn a linear function freely.
  static func isShort(steps: Int, horizon: Int, isDirect: Bool?) -> Bool { !(isDirect ?? (horizon > 1)) && steps < 1_000 }

  /// The longest segment, up to two days of hours, in which both context and horizon are cut without a rest.
  static func segment(context: Int, horizon: Int) -> Int {
    let longest = min(48, context, horizon)
    let whole = (1...max(longest, 1)).last { context.isMultiple(of: $0) && horizon.isMultiple(of: $0) } ?? 1
    // Where only tiny ones fit, zeros stand at the ends.
    return whole * 4 >= longest ? whole : max(longest / 2, 1)
  }

  /// The last values, and those a season and two ago with their neighbours.
  static func lags(seasonality: Int, length: Int) -> [Int] {
    let most = max(length / 4, 1)
    let near = 1...min(seasonality > 1 ? max(7, min(seasonality, 14)) : 14, most)
    let far = seasonality > 1 ? [-1, 0, 1].map { seasonality + $0 } + [2 * seasonality, 7 * seasonality].filter { $0 < 400 } : []
    return Set(Array(near) + far.filter { $0 > 0 && $0 <= most }).sorted()
  }

  /// The part of the steps, the last ones, that the model is measured on, where nobody says it.
  public static let validationShare = 0.1
  /// What large coefficients of the linear function cost at first.
  static let ridge = 1e-5
  /// By so much the logarithm of the error must be lower for logarithms to be taken of a short series.
  static let logGain = 0.05
  /// As much of what the recurrent layers add to a short series' linear function may be kept.
  static let headShares = [0.25, 0.5, 0.75, 1]
  /// From so many values on.
  static let leastMeasured = 20
  /// Examples that the linear function is found from, at most.
  static let linearExamples = 20_000
  /// An average of the weights over about this part of the run is what is measured and kept.
  public static let averaging = 0.05
  public static let weightDecay: Float = 0
}

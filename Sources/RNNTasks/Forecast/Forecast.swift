public import RNNData
public import RNNTensor

/// Where something is to be predicted: one target of one series, from one step on.
public struct ForecastWindow: Sendable, Hashable {
  /// The series' place in its set.
  public var series: Int
  /// The target's place among the variables.
  public var target: Int
  /// The first step that is predicted. What is before it may be looked at.
  public var origin: Int

  public init(series: Int, target: Int, origin: Int) {
    self.series = series
    self.target = target
    self.origin = origin
  }
}

/// What is expected of the steps from an origin on: quantiles for each.
public struct Forecast: Sendable, Hashable {
  /// The levels that intervals of 50, 80 and 95%, and the continuous ranked probability score, need.
  public static let defaultLevels = [0.025, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.975]

  /// The levels, rising; 0.5 is among them. Only 0.5 where nothing is said about how sure it is.
  public let levels: [Double]
  /// `[horizon][level]`, rising with the level.
  public let quantiles: [Double]
  /// `[path][horizon]`: courses that the series may take, equally likely.
  public let paths: [[Double]]
  /// True where a rule led far out of the range of the series and was held at its edge.
  public internal(set) var isLimited = false

  public init(levels: [Double], quantiles: [Double], paths: [[Double]] = []) {
    self.levels = levels
    self.quantiles = quantiles
    self.paths = paths
  }

  /// Only a number a step.
  public init(points: [Double]) { self.init(levels: [0.5], quantiles: points) }

  /// The quantiles of courses, each step for itself.
  public init(paths: [[Double]], levels: [Double] = defaultLevels) {
    let horizon = paths.first?.count ?? 0
    var quantiles: [Double] = []
    for step in 0..<horizon {
      let sorted = paths.map { $0[step] }.sorted()
      quantiles += levels.map { Self.quantile(of: sorted, $0) }
    }
    self.init(levels: levels, quantiles: quantiles, paths: paths)
  }

  /// The number of steps.
  public var horizon: Int { levels.isEmpty ? 0 : quantiles.count / levels.count }
  /// Whether it says how sure it is.
  public var hasIntervals: Bool { levels.count > 1 }
  /// The medians.
  public var points: [Double] { (0..<horizon).map { quantile($0, 0.5) } }

  /// True for a level between the outer ones, whose quantile is known.
  public func reaches(_ level: Double) -> Bool {
    guard let first = levels.first, let last = levels.last else { return false }
    return level >= first - 1e-9 && level <= last + 1e-9
  }

  /// A quantile of a step; between two levels on the line between them, beyond the outer ones that of the outer one.
  public func quantile(_ step: Int, _ level: Double) -> Double {
    let start = step * levels.count
    guard let upper = levels.firstIndex(where: { $0 >= level - 1e-9 }) else { return quantiles[start + levels.count - 1] }
    guard upper > 0, levels[upper] > level + 1e-9 else { return quantiles[start + upper] }
    let part = (level - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
    let (a, b) = (quantiles[start + upper - 1], quantiles[start + upper])
    return a + part * (b - a)
  }

  /// A quantile of sorted numbers, on the line between two of them (type 7 of Hyndman & Fan 1996, numpy's default).
  static func quantile(of sorted: [Double], _ level: Double) -> Double {
    guard let last = sorted.last else { return .nan }
    let place = level * Double(sorted.count - 1)
    let index = Int(place)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
  }
}

/// Whatever predicts: a network, or a rule as old as the hills.
///
/// Of a window it may look at the targets and past variables before the origin, and at the known variables and the clock up to
/// the last predicted step; never at anything else.
public protocol Forecaster: Sendable {
  /// Its name in reports.
  var name: String { get }
  /// A forecast for each window, in order.
  ///
  /// - Throws: `.badData` where a window can't be predicted: its series has other variables, or what must be known ahead is missing.
  func forecasts(of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int) throws(RNNError) -> [Forecast]
}

extension ForecastWindow {
  /// For each channel the window after its last step; series that are too short for that are left out.
  ///
  /// - Parameters:
  ///   - back: begins so many steps earlier: what came is known there.
  /// - Throws: `.usage` where no series has more steps than that.
  public static func atEnd(of set: SeriesSet, back: Int = 0) throws(RNNError) -> [ForecastWindow] {
    var windows: [ForecastWindow] = []
    for (index, series) in set.series.enumerated() where (0..<series.length).contains(back) {
      windows += set.targets.indices.map { ForecastWindow(series: index, target: $0, origin: series.length - back) }
    }
    if windows.isEmpty, let longest = set.series.max(by: { $0.length < $1.length }) {
      throw RNNError(.usage, "the series ‘\(longest.name)’ has \(longest.length) steps: a forecast can't begin \(back) before its end")
    }
    return windows
  }
}

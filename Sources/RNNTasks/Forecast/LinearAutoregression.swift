import RNNData

/// Each step ahead as a linear function of the last values of the same channel, by least squares.
struct LinearAutoregression: Sendable {
  let lags: Int
  let isLog: Bool
  private let horizon: Int
  /// How each channel is brought to size, `[channel]`.
  private let scalings: [Scaling]
  /// `[channel][step][lag]`, the constant last; one for all channels where these are many.
  private let coefficients: [[Double]]
  /// The least and the greatest fitted value of each channel; nil where all are missing.
  private let ranges: [ClosedRange<Double>?]

  /// As many channels have functions of their own.
  private static let mostChannels = 1000
  /// It looks at as many values at most.
  private static let mostLags = 2000
  /// From as many places each is learnt, at most.
  private static let mostPlaces = 50_000
  private static let ridge = 1e-9

  /// - Parameter progress: is told how many values are fitted, and of how many.
  init(
    _ set: SeriesSet, fitting: [Range<Int>], horizon: Int, lags: Int, log isLog: Bool, progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }
  ) {
    self.isLog = isLog
    self.horizon = horizon
    func fitted(_ count: Int) -> Int {
      // As many values as twice the numbers that are learnt from them: else a function fits whatever is by chance, and explodes.
      max(min(lags, (count - horizon) / 2 - 1, Self.mostLags), 0)
    }
    self.lags = fitted(fitting.map(\.count).max() ?? 0)
    let targets = set.targets.count
    let isPooled = set.channels > Self.mostChannels
    var scalings: [Scaling] = [], coefficients: [[Double]] = [], ranges: [ClosedRange<Double>?] = []
    var squares = LeastSquares(inputs: self.lags, outputs: horizon)
    let all = fitting.reduce(0) { $0 + $1.count } * targets
    var done = 0
    for (series, range) in zip(set.series, fitting) {
      let own = isPooled ? self.lags : fitted(range.count)
      for target in 0..<targets {
        let values = series.targets[target]
        let scaling = Scaling(of: [values[range]], isLog: isLog)
        scalings.append(scaling)
        ranges.append(Self.range(values[range]))
        if !isPooled { squares = LeastSquares(inputs: own, outputs: horizon) }
        Self.add(values[range], scaling, lags: own, horizon: horizon, to: &squares) { progress(done + $0, all) }
        if !isPooled { coefficients.append(Self.flat(squares, lags: self.lags)) }
        done += range.count
        progress(done, all)
      }
    }
    if isPooled { coefficients = [Self.flat(squares, lags: self.lags)] }
    self.scalings = scalings
    self.coefficients = coefficients
    self.ranges = ranges
  }

  /// The coefficients, 0 for further lags.
  private static func flat(_ squares: LeastSquares, lags: Int) -> [Double] {
    squares.solution(ridge: ridge).flatMap { $0.weights + [Double](repeating: 0, count: lags - $0.weights.count) + [$0.constant] }
  }

  private static func range(_ values: ArraySlice<Double>) -> ClosedRange<Double>? {
    var range: ClosedRange<Double>?
    for value in values where !value.isNaN { range = min(range?.lowerBound ?? value, value)...max(range?.upperBound ?? value, value) }
    return range
  }

  /// A value brought to size. What has no logarithm counts as missing.
  private static func scaled(_ value: Double, _ scaling: Scaling) -> Double { scaling.isLog && value <= 0 ? .nan : scaling.scaled(value) }

  private static func add(_ raw: ArraySlice<Double>, _ scaling: Scaling, lags: Int, horizon: Int, to squares: inout LeastSquares, progress: (Int) -> Void) {
    var values = raw.map { scaled($0, scaling) }
    let width = lags + horizon
    guard values.count >= width else { return }
    let stride = max((values.count - width + mostPlaces) / mostPlaces, 1)
    // How many are missing before each place: a stretch without any is seen at once.
    var missing = [0]
    missing.reserveCapacity(values.count + 1)
    for value in values { missing.append((missing.last ?? 0) + (value.isNaN ? 1 : 0)) }
    let starts = Swift.stride(from: 0, through: values.count - width, by: stride)
    let whole = starts.filter { missing[$0 + width] == missing[$0] }
    let places = whole.count * 2 >= starts.underestimatedCount ? whole : Array(starts)
    if whole.count < places.count { fill(&values) }
    for start in places {
      squares.add(Array(values[start..<start + lags].reversed()), Array(values[start + lags..<start + width]))
      progress(start)
    }
  }

  /// Missing values become the last one before them; the mean at the beginning.
  private static func fill(_ values: inout [Double]) {
    var last: Double = 0
    for index in values.indices {
      if values[index].isNaN { values[index] = last } else { last = values[index] }
    }
  }

  /// The next values of a channel; less than the horizon where fewer are asked for.
  ///
  /// A linear function may multiply small differences, and logarithms make powers of them. So no value is further from those that
  /// the channel had than they are from each other.
  ///
  /// - Returns: whether a value would have been.
  func predict(_ values: [Double], channel: Int, origin: Int, into points: inout [Double]) -> Bool {
    let scaling = scalings[channel], own = coefficients[coefficients.count == 1 ? 0 : channel]
    // The last value there is, for those that are missing.
    var seen = [Double](repeating: 0, count: lags), last: Double = 0
    var place = origin - lags - 1
    while place >= 0 {
      let value = Self.scaled(values[place], scaling)
      if !value.isNaN {
        last = value
        break
      }
      place -= 1
    }
    for lag in stride(from: lags, to: 0, by: -1) {
      let value = origin - lag >= 0 ? Self.scaled(values[origin - lag], scaling) : .nan
      if !value.isNaN { last = value }
      seen[lag - 1] = last
    }
    let limits = limits(values[max(origin - max(lags, 1), 0)..<max(origin, 0)], channel: channel)
    var isLimited = false
    for step in 0..<min(points.count, horizon) {
      let start = step * (lags + 1)
      var sum = own[start + lags]
      for lag in 0..<lags { sum += own[start + lag] * seen[lag] }
      let point = scaling.unscaled(sum)
      points[step] = limits.map { min(max(point, $0.lowerBound), $0.upperBound) } ?? point
      if points[step] != point { isLimited = true }
    }
    return isLimited
  }

  /// The range of the values that were fitted and of the last ones, wider by itself on both sides.
  private func limits(_ last: ArraySlice<Double>, channel: Int) -> ClosedRange<Double>? {
    let parts = [ranges[channel], Self.range(last)].compactMap { $0 }
    guard let low = parts.map(\.lowerBound).min(), let high = parts.map(\.upperBound).max() else { return nil }
    return low - (high - low)...high + (high - low)
  }
}

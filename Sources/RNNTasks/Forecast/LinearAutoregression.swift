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

  /// As many channels have functions of their own.
  private static let mostChannels = 1000
  /// It looks at as many values at most.
  private static let mostLags = 2000
  /// From as many places each is learnt, at most.
  private static let mostPlaces = 50_000
  private static let ridge = 1e-9

  init(_ set: SeriesSet, fitting: [Range<Int>], horizon: Int, lags: Int, log isLog: Bool) {
    self.isLog = isLog
    self.horizon = horizon
    // As many values as twice the numbers that are learnt from them.
    let longest = fitting.map(\.count).max() ?? 0
    let lags = max(min(lags, (longest - horizon) / 2 - 1, Self.mostLags), 0)
    self.lags = lags
    let targets = set.targets.count
    let isPooled = set.channels > Self.mostChannels
    var scalings: [Scaling] = [], coefficients: [[Double]] = []
    var squares = LeastSquares(inputs: lags, outputs: horizon)
    for (series, range) in zip(set.series, fitting) {
      for target in 0..<targets {
        let values = series.targets[target]
        let scaling = Scaling(of: [values[range]], isLog: isLog)
        scalings.append(scaling)
        if !isPooled { squares = LeastSquares(inputs: lags, outputs: horizon) }
        Self.add(values[range], scaling, lags: lags, horizon: horizon, to: &squares)
        if !isPooled { coefficients.append(Self.flat(squares)) }
      }
    }
    if isPooled { coefficients = [Self.flat(squares)] }
    self.scalings = scalings
    self.coefficients = coefficients
  }

  private static func flat(_ squares: LeastSquares) -> [Double] {
    squares.solution(ridge: ridge).flatMap { $0.weights + [$0.constant] }
  }

  /// A value brought to size. What has no logarithm counts as missing.
  private static func scaled(_ value: Double, _ scaling: Scaling) -> Double { scaling.isLog && value <= 0 ? .nan : scaling.scaled(value) }

  private static func add(_ raw: ArraySlice<Double>, _ scaling: Scaling, lags: Int, horizon: Int, to squares: inout LeastSquares) {
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
  func predict(_ values: [Double], channel: Int, origin: Int, into points: inout [Double]) {
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
    for step in 0..<min(points.count, horizon) {
      let start = step * (lags + 1)
      var sum = own[start + lags]
      for lag in 0..<lags { sum += own[start + lag] * seen[lag] }
      points[step] = scaling.unscaled(sum)
    }
  }
}

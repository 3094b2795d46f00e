public import RNNData
public import RNNTensor

extension ForecastModel: Forecaster {
  public var name: String { architecture.cell.name }

  /// Throws besides `.usage` for more steps than a direct model was made for.
  public func forecasts(of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int) throws(RNNError) -> [Forecast] {
    try forecasts(of: set, windows, horizon: horizon) { _, _ in }
  }

  /// The same, with something to tell how far it is.
  ///
  /// - Parameter progress: is told how many steps of all windows are predicted, and of how many.
  public func forecasts(
    of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int, progress: @escaping (_ done: Int, _ all: Int) -> Void
  ) throws(RNNError) -> [Forecast] {
    try Limits.windowSteps.check(horizon, "the horizon")
    try Limits.paths.check(paths, "the number of courses")
    if case .direct = architecture.kind, horizon > architecture.horizon {
      throw RNNError(.usage, "the model predicts \(architecture.horizon) steps at once, not \(horizon): a longer horizon is chosen when it is trained")
    }
    let reader = try reader(of: set)
    try reader.checkAhead(windows, horizon: horizon)
    var use = try ForecastUse(self)
    let each = network.bytesOfAForecast(horizon: horizon, paths: use.paths)
    // As many side by side as memory holds; no result depends on it.
    let rows = max(1, min(network.windowsAtOnce(horizon: horizon, paths: use.paths), Int(Self.bytesAtOnce / each)))
    try MemoryNeed("what is seen and drawn", bytes: each).check("a forecast", "lower --horizon or --paths")
    var result: [Forecast] = []
    result.reserveCapacity(windows.count)
    for start in stride(from: 0, to: windows.count, by: rows) {
      let some = Array(windows[start..<min(start + rows, windows.count)])
      use.progress = { progress(start * horizon + $0 * some.count, windows.count * horizon) }
      result += network.forecasts(reader, some, horizon: horizon, use)
      progress(result.count * horizon, windows.count * horizon)
    }
    return result
  }

  private static let bytesAtOnce = 0x1p30

  /// The levels of its quantiles: those that were trained, or the usual ones of a distribution; the median alone where nothing
  /// else is known.
  public var levels: [Double] {
    switch architecture.head {
    case .quantiles(let levels): levels
    case .studentT, .gaussian: Forecast.defaultLevels
    case .absolute, .squared: [0.5]
    }
  }
}

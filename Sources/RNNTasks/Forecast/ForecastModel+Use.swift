public import RNNData
public import RNNTensor

extension ForecastModel: Forecaster {
  public var name: String { architecture.cell.name }

  /// Throws besides `.usage` for more steps than a direct model was made for.
  public func forecasts(of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int) throws(RNNError) -> [Forecast] {
    guard horizon > 0 else { throw RNNError(.usage, "a forecast has at least one step, not \(horizon)") }
    if case .direct = architecture.kind, horizon > architecture.horizon {
      throw RNNError(.usage, "the model predicts \(architecture.horizon) steps at once, not \(horizon): a longer horizon is chosen when it is trained")
    }
    let reader = try reader(of: set)
    try reader.checkAhead(windows, horizon: horizon)
    let use = try ForecastUse(self)
    let rows = network.windowsAtOnce(horizon: horizon, paths: use.paths)
    var result: [Forecast] = []
    result.reserveCapacity(windows.count)
    for start in stride(from: 0, to: windows.count, by: rows) {
      result += network.forecasts(reader, Array(windows[start..<min(start + rows, windows.count)]), horizon: horizon, use)
    }
    return result
  }

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

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
    let constants = TapedWeights(constant: weights), packed = try stack.pack(weights)
    let levels = levels, paths = architecture.head.isProbabilistic ? max(paths, 1) : 1
    var result: [Forecast] = []
    result.reserveCapacity(windows.count)
    // Batches of windows as large as a few megabytes hold.
    let isDrawn = horizon > 1 && network is SteppingNetwork
    let rows = isDrawn ? max(1, Self.mostRows / paths) : Self.mostRows
    for start in stride(from: 0, to: windows.count, by: rows) {
      let batch = Array(windows[start..<min(start + rows, windows.count)])
      if let network = network as? DirectNetwork {
        result += network.quantiles(reader, batch, horizon: horizon, levels: levels, constants, packed).map { Forecast(levels: levels, quantiles: $0) }
      } else if let network = network as? SteppingNetwork {
        if isDrawn {
          let drawn = network.paths(reader, batch, horizon: horizon, paths: paths, seed: seed, constants, packed)
          result += drawn.map {
            let forecast = Forecast(paths: $0, levels: levels)
            return keepsPaths ? forecast : Forecast(levels: levels, quantiles: forecast.quantiles)
          }
        } else {
          result += network.quantiles(reader, batch, levels: levels, constants, packed).map { Forecast(levels: levels, quantiles: $0) }
        }
      }
    }
    return result
  }

  private static let mostRows = 512

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

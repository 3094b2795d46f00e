public import RNNCells
import RNNData
public import RNNTensor

extension ForecastModel {
  public func verify(seed: UInt64, progress: (_ done: Int, _ all: Int) -> Void) throws(RNNError) -> [(part: String, checks: [Check])] {
    var result = try stack.verify(weights, seed: seed, progress)
    result.append(("model", [try savedAgainstLoaded(), try batchAgainstAlone(seed: seed), try futureUnseen(seed: seed)]))
    return result
  }

  /// Series of this model's variables, of random numbers; what lies at and after the origin is drawn from `future`.
  private func trial(seed: UInt64, future: UInt64) throws(RNNError) -> (set: SeriesSet, windows: [ForecastWindow], horizon: Int) {
    let horizon = min(architecture.horizon, 8), origin = architecture.context + 5, length = origin + horizon
    var before = Philox(seed: seed), after = Philox(seed: seed, stream: future)
    var ahead = Philox(seed: seed, stream: 1)
    func numbers(_ scalings: [Scaling], _ body: (Int) -> Double) -> [[Double]] {
      scalings.map { scaling in (0..<length).map { scaling.unscaled(body($0)) } }
    }
    let targets = variables.targets.indices.map { index in
      scaler.kind == .standard ? scaler.others[index] : Scaling(centre: scaler.isLog ? 0 : 3, isLog: scaler.isLog)
    }
    let names = variables.series.isEmpty ? ["1", "2"] : Array((variables.series + [""]).prefix(2))
    var series: [TimeSeries] = []
    for name in names {
      series.append(
        try TimeSeries(
          name, axis: TimeAxis(start: CivilTime(day: 17_000), frequency: variables.frequency),
          targets: numbers(targets) { $0 < origin ? before.normal() : after.normal() },
          past: numbers(scaler.past) { $0 < origin ? before.normal() : after.normal() }, known: numbers(scaler.known) { _ in ahead.normal() }))
    }
    let set = try SeriesSet(
      targets: variables.targets, past: variables.past, known: variables.known, frequency: variables.frequency, series: series)
    let windows = series.indices.flatMap { one in variables.targets.indices.map { ForecastWindow(series: one, target: $0, origin: origin) } }
    return (set, windows, horizon)
  }

  private var quick: ForecastModel {
    var model = self
    model.paths = 3
    return model
  }

  /// Forecasts of windows side by side, against those of each by itself.
  private func batchAgainstAlone(seed: UInt64) throws(RNNError) -> Check {
    let (set, windows, horizon) = try trial(seed: seed, future: 2)
    let together = try quick.forecasts(of: set, windows, horizon: horizon)
    let alone = try windows.map { window throws(RNNError) in try quick.forecasts(of: set, [window], horizon: horizon)[0] }
    return Check(
      name: "batch = alone", measure: "quantiles that differ in any bit",
      error: bitDifferences(together.map(\.quantiles), alone.map(\.quantiles)), bound: 0)
  }

  /// Forecasts where something else comes after the origin: what hasn't happened yet makes no difference.
  private func futureUnseen(seed: UInt64) throws(RNNError) -> Check {
    let forecasts = try [2, 3].map { (future: UInt64) throws(RNNError) in
      let (set, windows, horizon) = try trial(seed: seed, future: future)
      return try quick.forecasts(of: set, windows, horizon: horizon).map(\.quantiles)
    }
    return Check(
      name: "any future = any other", measure: "quantiles that differ in any bit", error: bitDifferences(forecasts[0], forecasts[1]), bound: 0)
  }
}

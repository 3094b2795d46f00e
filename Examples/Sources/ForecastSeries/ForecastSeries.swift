// Train a model of a series, save it, load it, measure it beside simple rules, and ask it what comes next.
//
//     swift run -c release --package-path Examples ForecastSeries

import Foundation
import RNN

@main
enum ForecastSeries {
  static func main() throws {
    let path = CommandLine.arguments.dropFirst().first ?? "load.safetensors"
    // Sixty days by the hour: a day's wave, quiet weekends, and what nobody can foresee.
    let load = (0..<1440).map { (hour: Int) -> Double in
      let wave = 20 * sin(Double(hour) / 24 * 2 * .pi), noise = 8 * sin(Double(hour * hour))
      return (hour / 24 % 7 > 4 ? 35 : 50) + wave + noise
    }
    let axis = TimeAxis(start: CivilTime(year: 2024, month: 1, day: 1), frequency: .hour)
    let set = try SeriesSet(targets: ["load"], frequency: .hour, series: [TimeSeries("town", axis: axis, targets: [load])])

    // Ten days to measure on, five to choose the best weights by, the rest to train on.
    let split = try SeriesSplit(text: "rest/120/240")
    var trainer = try ForecastTrainer(set, options: ForecastTrainingOptions(horizon: 24, context: 168, split: split, training: .init(budget: .steps(200))))
    try trainer.train(to: path, start: .fresh)

    let model = try ForecastModel(contentsOf: path)
    let test = try Backtest(of: set, parts: split.parts(of: set), horizon: 24)
    for result in try test.run([model] + test.baselines(lags: 168)) { print(result.name, result.total.mae, result.total.coverage(1) ?? 0) }

    let forecast = try model.forecasts(of: set, ForecastWindow.atEnd(of: set), horizon: 24)[0]
    for step in 0..<24 { print(axis.label(of: set.series[0].length + step), forecast.quantile(step, 0.1), forecast.quantile(step, 0.5), forecast.quantile(step, 0.9)) }
  }
}

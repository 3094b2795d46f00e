import RNNData
import RNNTasks
import RNNTestSupport
import RNNTraining
import Testing

/// Against utilsforecast and GluonTS.
@Suite struct ForecastMetricsTests {
  /// Says what it was given.
  private struct Given: Forecaster {
    var name = "given"
    let forecasts: [Forecast]
    func forecasts(of set: SeriesSet, _ windows: [ForecastWindow], horizon: Int) -> [Forecast] { windows.map { forecasts[$0.series] } }
  }

  @Test(arguments: ["small", "large", "zeros"])
  func figuresAreThoseOfTheLibraries(_ name: String) throws {
    let fixture = try Fixture("forecast_metrics")
    let levels = try fixture.doubles("levels")
    let shape = fixture.shape("\(name).quantiles"), (count, horizon) = (shape[0], shape[1])
    func rows(_ key: String) throws -> [[Double]] {
      let values = try fixture.tensor("\(name).\(key)").values.map(Double.init)
      let width = values.count / count
      return (0..<count).map { Array(values[$0 * width..<($0 + 1) * width]) }
    }
    let history = try rows("history"), actual = try rows("actual")
    let set = try SeriesSet(
      targets: ["y"], seasonality: 4, series: zip(history, actual).enumerated().map { try TimeSeries("\($0)", targets: [$1.0 + $1.1]) })
    let test = try Backtest(of: set, parts: SeriesSplit(test: .steps(horizon)).parts(of: set), horizon: horizon)
    let total = try test.run([Given(forecasts: rows("quantiles").map { Forecast(levels: levels, quantiles: $0) })])[0].total
    func expect(_ value: Double?, _ key: String, times factor: Double = 1, at index: Int = 0, _ location: SourceLocation = #_sourceLocation) throws {
      let expected = try fixture.doubles("\(name).\(key)")[index] * factor
      #expect(abs((value ?? .nan) - expected) <= 1e-6 * max(abs(expected), 1e-3), "\(key): \(value ?? .nan), expected \(expected)", sourceLocation: location)
    }
    #expect(total.count == count * horizon)
    try expect(total.mae, "mae")
    try expect(total.rmse * total.rmse, "mse")
    try expect(total.smape, "smape", times: 200)
    try expect(total.smape, "gluonts_smape", times: 100)
    try expect(total.mase, "mase")
    for index in ForecastMetrics.pinballLevels.indices { try expect(total.pinball(index), "pinball", at: index) }
    try expect(total.meanPinball, "mqloss")
    try expect(total.crps, "crps")
    for index in ForecastMetrics.intervals.indices { try expect(total.coverage(index), "coverage", at: index) }
  }

  @Test func definitionsHoldForOneValue() throws {
    var metrics = ForecastMetrics(levels: [0.25, 0.5, 0.75])
    func add(_ actual: Double, _ quantiles: [Double]) { quantiles.withUnsafeBufferPointer { metrics.add(actual: actual, quantiles: $0, naiveError: 2, deviation: 4) } }
    add(3, [0, 1, 2])
    add(.nan, [0, 0, 0])
    #expect(metrics.count == 1 && metrics.mae == 2 && metrics.rmse == 2 && metrics.mase == 1 && metrics.scaledMSE == 0.25 && metrics.smape == 100)
    #expect(metrics.coverage(0) == 0 && metrics.rse == nil, "one value has no spread")
    add(1.5, [1, 1, 2])
    #expect(metrics.coverage(0) == 0.5 && metrics.mae == 1.25)
    var points = ForecastMetrics(levels: [0.5])
    [Double(7)].withUnsafeBufferPointer { points.add(actual: 5, quantiles: $0, naiveError: 0, deviation: 1) }
    #expect(points.crps == 2 && points.mase == nil && points.coverage(1) == nil && points.figures.count == 12)
  }
}

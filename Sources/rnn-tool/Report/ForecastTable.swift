import Foundation
import RNN

/// Forecasts, on standard output: as CSV, or as JSON.
struct ForecastTable: Encodable {
  private struct Channel: Encodable {
    let series: String
    let target: String
    let times: [String]
    let median: [Double]
    /// By level.
    let quantiles: [String: [Double]]
    /// What came; missing values are null.
    let actual: [Double?]?
  }

  private let model: String
  private let horizon: Int
  private let levels: [Double]
  private let forecasts: [Channel]

  init(_ forecasts: [Forecast], _ windows: [ForecastWindow], of set: SeriesSet, levels: [Double], hasTruth: Bool, model: String) {
    self.model = model
    self.levels = levels
    horizon = forecasts.first?.horizon ?? 0
    self.forecasts = zip(windows, forecasts).map { window, forecast in
      let series = set.series[window.series], values = series.targets[window.target]
      let steps = 0..<forecast.horizon, digits = ForecastDigits(values)
      return Channel(
        series: series.name, target: set.targets[window.target], times: steps.map { series.axis.label(of: window.origin + $0) }, median: forecast.points.map(digits.rounded),
        quantiles: Dictionary(levels.map { level in ("\(level)", steps.map { digits.rounded(forecast.quantile($0, level)) }) }) { first, _ in first },
        actual: hasTruth
          ? steps.map { step in window.origin + step < values.count && !values[window.origin + step].isNaN ? values[window.origin + step] : nil } : nil)
    }
  }

  func print(asJSON: Bool) throws {
    if asJSON { return try Output.json(self) }
    let hasTruth = forecasts.first?.actual != nil
    try Output.line((["series", "target", "time"] + levels.map { "q\($0)" } + (hasTruth ? ["actual"] : [])).joined(separator: ","))
    for channel in forecasts {
      var lines = ""
      for step in channel.times.indices {
        var fields = [Self.quoted(channel.series), Self.quoted(channel.target), Self.quoted(channel.times[step])]
        fields += levels.map { level in channel.quantiles["\(level)"].map { "\($0[step])" } ?? "" }
        if let actual = channel.actual { fields.append(actual[step].map { "\($0)" } ?? "") }
        lines += fields.joined(separator: ",") + "\n"
      }
      try Output.write(lines)
    }
  }

  /// A field of CSV, in quotes where it needs them (RFC 4180).
  private static func quoted(_ text: String) -> String {
    text.contains { $0 == "," || $0 == "\"" || $0.isNewline } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}

/// As many digits of a forecast as mean something: a network computes in `Float`, about the mean of a series and in its deviations.
private struct ForecastDigits {
  /// The place of the last digit, as a power of ten.
  private let last: Double

  init(_ values: [Double]) { last = log10(Scaling(of: [values[...]]).scale).rounded(.down) - 7 }

  func rounded(_ value: Double) -> Double {
    guard value.isFinite, value != 0 else { return value }
    // No fewer than a Float has, for values of many sizes.
    let digits = min(max(log10(abs(value)).rounded(.down) - last + 1, 7), 17)
    return Double(String(format: "%.*g", Int(digits), value)) ?? value
  }
}

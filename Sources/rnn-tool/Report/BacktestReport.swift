import Foundation
import RNN

/// How well a model of series did beside rules that need no training, on standard output.
struct BacktestReport {
  private struct Forecaster: Encodable {
    let name: String
    let description: String
    /// By their keys; what can't be said is missing.
    let figures: [String: Double]
    /// Of each step ahead.
    let steps: [String: [Double]]
    /// The number of forecasts that were limited to the range of the series, widened by itself.
    let limited: Int
  }

  private struct Document: Encodable {
    let model: String
    let files: [String]
    let series: Int
    let channels: Int
    let windows: Int
    let horizon: Int
    let stride: Int
    let values: Int
    let seasonality: Int
    /// The m of MASE.
    let maseM: Int?
    let definitions: [String: String]
    let forecasters: [Forecaster]
    let verdicts: [String]
    let beatsNaive: Bool
    let warnings: [String]
  }

  private let document: Document
  private let results: [Backtest.Result]
  /// Whether no error is less than that of who says the last value again.
  private let isNoBetter: Bool

  /// - Parameters:
  ///   - results: the model's first, then those of the rules, of which naive is the first.
  ///   - descriptions: what each is, in words.
  init(_ test: Backtest, _ results: [Backtest.Result], descriptions: [String], model: String, files: [String], warnings: [String]) {
    self.results = results
    let comparisons = results.first?.comparisons(with: Array(results.dropFirst())) ?? []
    isNoBetter = comparisons.first?.isNoBetter == true
    document = Document(
      model: model, files: files, series: test.set.series.count, channels: test.set.channels, windows: test.windowCount, horizon: test.horizon,
      stride: test.stride, values: results.first?.total.count ?? 0, seasonality: test.set.seasonality,
      maseM: results.first?.total.season,
      definitions: Dictionary((results.first?.total.figures ?? []).map { ($0.key, $0.definition) }) { first, _ in first },
      forecasters: zip(results, descriptions).map { result, description in
        Forecaster(
          name: result.name,
          description: description
            + (result.limited == 0 ? "" : "; \(result.limited) of \(test.windowCount) forecasts were limited to what the series had before, widened by its range"),
          figures: Dictionary(result.total.figures.compactMap { figure in figure.value.map { (figure.key, $0) } }) { first, _ in first },
          steps: ["mae": result.steps.map(\.mae), "rmse": result.steps.map(\.rmse), "scaled_mse": result.steps.map(\.scaledMSE)],
          limited: result.limited)
      }, verdicts: comparisons.map { "the model \($0)" }, beatsNaive: comparisons.first?.isBetter == true, warnings: warnings)
  }

  func print(asJSON: Bool) throws {
    if asJSON { return try Output.json(document) }
    let d = document
    let series = d.channels == 1 ? "" : " of \(d.channels) channels"
    try Output.line(
      "measured  \(d.windows) forecast\(d.windows == 1 ? "" : "s")\(series), each of \(d.horizon) step\(d.horizon == 1 ? "" : "s"), a new one every \(d.stride == 1 ? "step" : "\(d.stride) steps"): \(d.values) values\n")
    let figures = results.map(\.total.figures)
    let rows = (figures.first ?? []).indices.map { index in
      [figures[0][index].name] + figures.map { $0[index].value.map(Self.number) ?? "–" }
    }
    try Output.write(Output.columns([[""] + results.map(\.name)] + rows) + "\n")
    try Output.write(Output.table(d.forecasters.map { ($0.name, $0.description) }) + "\n")
    try Output.write(Output.table((figures.first ?? []).map { ($0.name, $0.definition) }) + "\n")
    for verdict in d.verdicts { try Output.line("\(verdict)") }
    // The first of the rules is naive.
    if isNoBetter { try Output.line("It does not beat who says that nothing changes: there is little here to predict, or the model has not learnt it.") }
  }

  /// Five digits.
  private static func number(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let size = value == 0 ? 0 : Int(log10(abs(value)).rounded(.down))
    return HumanFormat.fixed(value, min(max(4 - size, 0), 9))
  }
}

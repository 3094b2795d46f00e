import ArgumentParser
import RNN

extension ForecastTrainingOptions.Kind: ExpressibleByArgument {}
extension Scaler.Kind: ExpressibleByArgument {}

struct TrainForecast: TrainCommand {
  static let configuration = CommandConfiguration(
    commandName: "forecast", abstract: "Train a model that says what becomes of series.",
    discussion: """
      Series come from tables (CSV, TSV): a row for each step, or for each series. Which column is what, and how often steps are, is \
      found out and said unless it is given. The last tenth is for validation unless --split says otherwise; the weights that are \
      best there are kept. Once settings are found, --split rest/0/0 trains on all. Nothing but the training part is looked at to bring all series to one size.

      A direct model predicts the whole horizon at once, from segments of the context. A recurrent one predicts step by step, and \
      draws courses where the horizon has several steps. In both a linear function of the inputs, which begins with the least squared \
      errors, is added to what the recurrent layers say.

      With --from training starts from a model of the same columns, and tables are read as they were then. Values are scaled as the new \
      series need it; series of known names keep their vectors.

      \(TrainArguments.checkpoints)

      Examples:
        rnn train forecast weather.csv --target-column temp_max --horizon 7 -o model.safetensors
        rnn train forecast pollution.csv --target-column pm2.5 --past-column TEMP --past-column PRES -o m.safetensors
        rnn train forecast Hourly-train.csv --horizon 48 --split rest/48/0 -o m.safetensors
        rnn train forecast 2026.csv -o new.safetensors --from model.safetensors --learning-rate 0.0005
      """)

  @Argument(help: ArgumentHelp("Tables of series; - is standard input.", valueName: "file"))
  var files: [String]

  @OptionGroup(title: "Series") var series: SeriesArguments
  @OptionGroup(title: "Series") var windows: ForecastWindowArguments
  @OptionGroup var common: TrainArguments
  @OptionGroup(title: "Model") var forecast: ForecastModelArguments

  var inputs: [String] { files }

  func trainer(_ view: inout TrainingView) throws -> ForecastTrainer {
    let options = try self.options()
    let start = try common.model.from.map { try ForecastModel(contentsOf: $0) }
    if let start { try series.check(against: start) }
    let set = try SeriesSet(reading: files, options: series.options(start?.reading ?? SeriesReadingOptions()))
    if let start { try series.check(set, against: start) }
    for warning in set.warnings { view.warning(warning) }
    return try ForecastTrainer(set, sources: files, from: start, options: options)
  }

  private func options() throws -> ForecastTrainingOptions {
    let model = common.model
    return ForecastTrainingOptions(
      horizon: windows.horizon, context: windows.context, kind: forecast.kind, segment: forecast.segment, lags: try forecast.lagNumbers(),
      head: try forecast.predicted(), scaling: windows.scaling, log: windows.log, findsSeason: series.seasonality == nil,
      cell: try model.givenCell,
      hidden: model.hidden, layers: model.layers, projection: model.projection, dropout: model.dropout, vector: model.embedding,
      tellsSeriesApart: forecast.seriesVectors, autoregression: forecast.linear, calendar: forecast.calendar, split: windows.split,
      windows: windows.windows, initialization: model.initialization, training: try common.options())
  }
}

struct ForecastWindowArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The steps to predict. (default: 1)", valueName: "n"), limit: Limits.windowSteps)
  var horizon: Int?

  @Option(help: ArgumentHelp("The steps before that are looked at. (default: by the horizon and the seasons)", valueName: "n"), limit: Limits.windowSteps)
  var context: Int?

  @Option(help: ArgumentHelp(
    "What is to train on, to choose the best weights by, and for neither: 8640/2880/2880, 60%/20%/20%, rest/365/730. (default: the last tenth to choose by)",
    valueName: "parts"))
  var split: SeriesSplit?

  @Option(help: ArgumentHelp("Windows of an epoch, at most; each epoch sees others.", valueName: "n"), limit: Limits.positiveCount)
  var windows: Int?

  @Option(help: ArgumentHelp(
    "What brings series to one size: standard (mean and deviation of the training part), instance (last value and deviation of each window), mean (the mean of each window's absolute values), none. (default: standard)",
    valueName: "way"))
  var scaling: Scaler.Kind?

  @Flag(inversion: .prefixedNo, help: "Take logarithms of the targets first. (default: of short series where they fit better)")
  var log: Bool?
}

struct ForecastModelArguments: ParsableArguments {
  /// The heads by their names.
  enum HeadName: String, ExpressibleByArgument, CaseIterable {
    case quantiles, gaussian, mae, mse
    case studentT = "student-t"
  }

  @Option(help: ArgumentHelp("How steps follow: direct, all at once, or recurrent, one after the other. (default: recurrent for one step, else direct)", valueName: "kind"))
  var kind: ForecastTrainingOptions.Kind?

  @Option(help: ArgumentHelp("The steps of a segment of a direct model.", valueName: "n"), limit: Limits.windowSteps)
  var segment: Int?

  @Option(help: ArgumentHelp("The values that each step of a recurrent model sees, by how many steps ago they were: 1-7,24,168.", valueName: "steps"))
  var lags: String?

  @Option(help: ArgumentHelp("What is predicted: quantiles, the normal or Student's t distribution, or the value alone, with absolute (mae) or squared (mse) errors. (default: quantiles)", valueName: "head"))
  var head: HeadName?

  @Option(help: ArgumentHelp("The levels of the quantiles: 0.1,0.5,0.9. (default: thirteen from 0.025 to 0.975)", valueName: "levels"))
  var levels: String?

  @Flag(inversion: .prefixedNo, help: "Each series has a vector of its own, not only each target. (default: of several series, up to 2000)")
  var seriesVectors: Bool?

  @Flag(inversion: .prefixedNo, help: "A linear function of the inputs is added. (default: it is)")
  var linear: Bool?

  @Flag(inversion: .prefixedNo, help: "The clock is among the inputs. (default: of recurrent models)")
  var calendar: Bool?

  func predicted() throws -> ForecastHead? {
    if let head, levels != nil, head != .quantiles { throw RNNError(.usage, "--levels are those of quantiles, not for --head \(head.rawValue)") }
    switch head ?? (levels == nil ? nil : .quantiles) {
    case nil: return nil
    case .quantiles:
      return .quantiles(try levels?.split(separator: ",", omittingEmptySubsequences: false).map { text in
        guard let level = Double(text) else { throw RNNError(.usage, "found ‘\(text)’ in --levels; expected numbers between 0 and 1: 0.1,0.5,0.9") }
        return level
      } ?? Forecast.defaultLevels)
    case .gaussian: return .gaussian
    case .studentT: return .studentT
    case .mae: return .absolute
    case .mse: return .squared
    }
  }

  /// Numbers and ranges of them.
  func lagNumbers() throws -> [Int]? {
    try lags?.split(separator: ",", omittingEmptySubsequences: false).flatMap { text in
      let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first > 0, first <= last, last < 1 << 20 else {
        throw RNNError(.usage, "found ‘\(text)’ in --lags; expected numbers of steps and ranges of them: 1-7,24,168")
      }
      return Array(first...last)
    }
  }
}

import ArgumentParser
import RNN

struct ForecastSeries: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forecast", abstract: "Say what becomes of series, and how sure that is.",
    discussion: """
      The table has the columns of the one that the model was trained on; the forecast begins after the last value of its targets. What \
      is known ahead is read from the rows after it. For each step a line of CSV goes to standard output: the series, the target, the \
      time, and quantiles of what may come, of which 0.5 is the median. On a terminal a picture of the first goes to standard error.

      With --back the forecast begins so many steps earlier, and what came stands beside it.

      Examples:
        rnn forecast m.safetensors weather.csv --horizon 7
        rnn forecast m.safetensors weather.csv --back 24 --plot plot.svg --json
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("Tables of series; - is standard input.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("The steps to predict. (default: as many as in training)", valueName: "n"), limit: Limits.windowSteps)
  var horizon: Int?

  @Option(help: ArgumentHelp("Begin so many steps before the end.", valueName: "n"), limit: Limits.count)
  var back = 0

  @Option(help: ArgumentHelp("The quantiles that are shown. (default: 0.025,0.1,0.25,0.5,0.75,0.9,0.975, as far as the model has learnt them)", valueName: "levels"))
  var levels: String?

  @Option(help: ArgumentHelp("Only this series; may be repeated.", valueName: "name"))
  var series: [String] = []

  @Option(help: ArgumentHelp("Where a picture goes, as SVG: what was, median and bands, and what came.", valueName: "file"))
  var plot: String?

  @Option(help: ArgumentHelp("The steps before the forecast in the picture. (default: three horizons)", valueName: "n"), limit: Limits.positiveCount)
  var history: Int?

  @Option(help: ArgumentHelp("The courses that a recurrent model draws where it predicts several steps. (default: 100)", valueName: "n"), limit: Limits.paths)
  var paths: Int?

  @Option(help: ArgumentHelp("From what it draws them.", valueName: "n"), limit: Limits.seed)
  var seed: UInt64 = 1

  @OptionGroup var rows: SeriesRowArguments
  @OptionGroup var threads: ThreadArguments
  @OptionGroup var json: JSONArguments

  func run() throws {
    threads.apply()
    let asked = try levels?.split(separator: ",", omittingEmptySubsequences: false).map { text in
      guard let level = Double(text), level > 0, level < 1 else {
        throw RNNError(.usage, "found ‘\(text)’ in --levels; expected numbers between 0 and 1: 0.1,0.5,0.9")
      }
      return level
    }
    try Outputs.announce(picture: (plot, "--plot"), reading: [model] + files)
    var model = try ForecastModel(contentsOf: self.model)
    if let paths { model.paths = paths }
    model.seed = seed
    let set = try SeriesSet(reading: files, model: model, rows)
    Warnings.show(set.warnings)
    for name in series where !set.series.contains(where: { $0.name == name }) {
      throw RNNError(.usage, "there is no series ‘\(name)’; found \(set.series.prefix(20).map { "‘\($0.name)’" }.joined(separator: ", "))\(set.series.count > 20 ? " …" : "")")
    }
    func isWanted(_ name: String) -> Bool { series.isEmpty || series.contains(name) }
    let windows = try ForecastWindow.atEnd(of: set, back: back).filter { isWanted(set.series[$0.series].name) }
    let short = set.series.filter { isWanted($0.name) && $0.length <= back }.map { "the series ‘\($0.name)’ has \($0.length) steps: a forecast can't begin \(back) before its end" }
    if windows.isEmpty, let first = short.first { throw RNNError(.usage, first) }
    Warnings.show(short.map { "\($0), and it is left out" })
    Warnings.show(Self.remarks(on: windows, of: set, context: model.architecture.context))
    let horizon = horizon ?? model.architecture.horizon
    var view = StageView(unit: "steps", isQuiet: json.json)
    let forecasts = try model.forecasts(of: set, windows, horizon: horizon) { view.show($0, of: $1) }
    view.end()
    let table = try ForecastTable(forecasts, windows, of: set, levels: shown(asked, forecasts), hasTruth: back > 0, model: self.model)
    try table.print(asJSON: json.json)
    let picture = ForecastPlot(forecasts, windows, of: set, history: history)
    if let plot {
      try Files.writeAtomically(Array(picture.svg.utf8), to: plot)
      if picture.omitted > 0 { Warnings.show(["\(plot) shows the first \(ForecastPlot.mostPanels) of \(windows.count) forecasts (--series chooses)"]) }
    }
    let terminal = Terminal.standardError()
    if terminal.isInteractive, !json.json { terminal.write("\n" + picture.text(width: min(terminal.columns(), 100))) }
  }

  private static let usualLevels = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]

  /// The levels of the quantiles that are shown.
  private func shown(_ asked: [Double]?, _ forecasts: [Forecast]) throws -> [Double] {
    guard let forecast = forecasts.first, forecast.hasIntervals else { return [0.5] }
    if let beyond = asked?.first(where: { !forecast.reaches($0) }) {
      throw RNNError(
        .usage, "the model tells quantiles from \(forecast.levels.first ?? 0.5) to \(forecast.levels.last ?? 0.5), and --levels has \(beyond): train with --levels, or leave it out")
    }
    return asked ?? Self.usualLevels.filter(forecast.reaches)
  }

  /// A remark on series that begin within what the model looks at.
  private static func remarks(on windows: [ForecastWindow], of set: SeriesSet, context: Int) -> [String] {
    var seen = Set<Int>()
    let early = windows.filter { $0.origin < context && seen.insert($0.series).inserted }
    guard let first = early.first else { return [] }
    let others = early.count == 1 ? "" : ", as \(early.count - 1) other series"
    return ["the series ‘\(set.series[first.series].name)’ has \(first.origin) step\(first.origin == 1 ? "" : "s") before the forecast\(others), where the model looks at \(context): trust it less"]
  }
}

extension SeriesSet {
  /// Series of the kind that a model was trained on.
  init(reading files: [String], model: ForecastModel, _ rows: SeriesRowArguments) throws {
    var options = model.reading
    rows.apply(to: &options)
    try self.init(reading: files, options: options)
  }
}

extension ForecastModel {
  /// Series are read as in training.
  var reading: SeriesReadingOptions {
    variables.reading ?? SeriesReadingOptions(
      targets: variables.targets, past: variables.past, known: variables.known, frequency: variables.frequency, seasonality: variables.seasonality)
  }
}

import ArgumentParser
import RNN

/// How a model of series is measured.
struct BacktestArguments: ParsableArguments {
  @Option(help: ArgumentHelp("The steps of each forecast. (default: as many as in training)", valueName: "n"), limit: Limits.windowSteps)
  var horizon: Int?

  @Option(help: ArgumentHelp("The steps from one forecast to the next. (default: 1)", valueName: "n"), limit: Limits.positiveCount)
  var stride: Int?

  @Option(
    help: ArgumentHelp(
      "What is for training, for choosing and for measuring: 8640/2880/2880, 60%/20%/20%, rest/0/365. (default: what the model hasn't seen is measured)",
      valueName: "parts"))
  var split: SeriesSplit?

  @Option(help: ArgumentHelp("The steps to measure, where they stand in a file of their own that goes on from the others.", valueName: "file"))
  var testFile: [String] = []

  @Option(help: ArgumentHelp("The values that the linear forecast beside it looks at. (default: the model's context)", valueName: "n"), limit: Limits.lag)
  var linearLags: Int?

  @Option(help: ArgumentHelp("The courses that a recurrent model draws where it predicts several steps. (default: 100)", valueName: "n"), limit: Limits.paths)
  var paths: Int?

  @OptionGroup var rows: SeriesRowArguments

  func validate() throws {
    if split != nil, !testFile.isEmpty { throw ValidationError("either --split or --test-file says what is measured") }
  }

  /// Whether anything is said that only series have.
  var isGiven: Bool {
    horizon != nil || stride != nil || split != nil || !testFile.isEmpty || linearLags != nil || paths != nil || rows.isGiven
  }

  /// The series with their parts, and what has to be known of them.
  func data(_ files: [String], _ model: ForecastModel, named name: String) throws -> (set: SeriesSet, parts: [SeriesSplit.Parts], warnings: [String]) {
    var set = try SeriesSet(reading: files, model: model, rows)
    let parts: [SeriesSplit.Parts]
    if !testFile.isEmpty {
      let added: [Range<Int>]
      (set, added) = try set.continued(by: SeriesSet(reading: testFile, model: model, rows))
      parts = added.map { SeriesSplit.Parts(test: $0) }
    } else if let split {
      (set, parts) = try split.dividing(set)
    } else {
      // Of a series that it doesn't know, all but a beginning to look back at.
      parts = set.series.map { series in
        let seen = model.trained?.steps(of: series, isOnly: set.series.count == 1) ?? model.architecture.context
        return SeriesSplit.Parts(test: min(seen, series.length)..<series.length)
      }
      guard parts.contains(where: { !$0.test.isEmpty }) else {
        throw RNNError(.badData, "\(name) has seen all of \(files.joined(separator: ", ")); expected later steps to measure it on (--test-file, or a file that goes on), or --split to measure on some of these")
      }
    }
    let leak = model.trained?.warning(set, measured: parts.map(\.test))
    return (set, parts, set.warnings + (leak.map { [$0] } ?? []))
  }
}

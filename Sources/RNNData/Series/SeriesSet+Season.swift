extension SeriesSet {
  /// The number of steps after which the targets repeat, found from their values; nil where they don't clearly do.
  ///
  /// The autocorrelation of the differences between neighbours has a peak there: of the highest peaks the first one. Differences,
  /// because a trend or a random walk correlates with itself at any distance. Where a period that calendars have lies beside the
  /// peak and correlates nearly as much, it is that one.
  ///
  /// - Parameters:
  ///   - ranges: the steps of each series that may be looked at; three seasons must have passed.
  package func season(in ranges: [Range<Int>]) -> Int? {
    let longest = ranges.map(\.count).max() ?? 0
    let most = min(longest / 3, Self.longestSeason)
    guard most >= 4 else { return nil }
    var sums = [Double](repeating: 0, count: most + 2), channels = 0.0
    for (series, range) in zip(series, ranges).prefix(Self.mostSeries) where range.count >= 3 * most {
      for target in series.targets {
        let values = target[range]
        var steps: [Double] = zip(values, values.dropFirst()).map { $1 - $0 }
        let known = steps.filter(\.isFinite), mean = known.reduce(0.0, +) / Double(max(known.count, 1))
        steps = steps.map { $0.isFinite ? $0 - mean : 0 }
        let square = steps.reduce(0.0) { $0 + $1 * $1 }
        guard square > 0, square.isFinite else { continue }
        channels += 1
        for lag in sums.indices {
          // The longer the lag, the fewer products there are.
          let share = Double(steps.count) / Double(steps.count - lag)
          let product = zip(steps, steps.dropFirst(lag)).reduce(0.0) { sum, pair in sum + pair.0 * pair.1 }
          sums[lag] += product * share / square
        }
      }
    }
    guard channels > 0 else { return nil }
    let correlations = sums.map { $0 / channels }
    let peaks = (4...most).filter { (lag: Int) in correlations[lag] > correlations[lag - 1] && correlations[lag] >= correlations[lag + 1] }
    guard let highest = peaks.map({ correlations[$0] }).max(), highest >= max(0.3, 3.0 / Double(longest).squareRoot()),
      let peak = peaks.first(where: { correlations[$0] >= 0.9 * highest })
    else { return nil }
    let reach = max(1, peak / 10), least = 0.8 * correlations[peak]
    let usual = Self.usualSeasons.filter { abs($0 - peak) <= reach && $0 < correlations.count && correlations[$0] >= least }
    return usual.min { abs($0 - peak) < abs($1 - peak) } ?? peak
  }

  /// The days of a week, the months and weeks of a year, the hours of a day and of a week, and the like.
  private static let usualSeasons = [4, 5, 7, 12, 24, 30, 48, 52, 60, 96, 144, 168, 288, 365]
  private static let longestSeason = 400, mostSeries = 50
}

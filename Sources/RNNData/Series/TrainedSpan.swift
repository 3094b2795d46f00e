import RNNTensor

/// Up to where a model has seen its series: kept with it, so that nobody measures it on what it knows.
public struct TrainedSpan: Sendable, Hashable, Codable {
  private struct End: Hashable, Codable {
    /// The first time that was not seen; nil without a clock.
    var time: CivilTime?
    /// The number of steps seen.
    var steps: Int

    init(time: CivilTime?, steps: Int) { (self.time, self.steps) = (time, steps) }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      time = try values.decodeIfPresent(CivilTime.self, forKey: .time)
      steps = try values.decode(Limits.count, forKey: .steps)
    }
  }

  private var ends: [String: End] = [:]

  /// - Parameters:
  ///   - seen: of each series the steps that were trained on, chosen by, or scaled by.
  public init(_ set: SeriesSet, seen: [Range<Int>]) {
    for (series, range) in zip(set.series, seen) {
      ends[series.name] = End(time: series.axis.time(of: range.upperBound), steps: range.upperBound)
    }
  }

  /// How many steps of a series the model has seen from its beginning; nil for a series that it doesn't know.
  ///
  /// By the clock where there is one, so that a file that begins later is measured right.
  public func steps(of series: TimeSeries, isOnly: Bool = false) -> Int? {
    guard let end = ends[series.name] ?? (isOnly && ends.count == 1 ? ends.first?.value : nil) else { return nil }
    guard let time = end.time, series.axis.start != nil else { return end.steps }
    // The first step that isn't before the end.
    var (low, high) = (0, series.length + 1)
    while low < high {
      let middle = (low + high) / 2
      if let at = series.axis.time(of: middle), at < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// A sentence where steps that are to be measured were seen in training; nil where none was.
  public func warning(_ set: SeriesSet, measured: [Range<Int>]) -> String? {
    var seen = 0, all = 0, first = ""
    for (series, range) in zip(set.series, measured) {
      all += range.count
      guard let steps = steps(of: series, isOnly: set.series.count == 1), steps > range.lowerBound, !range.isEmpty else { continue }
      if seen == 0 { first = "\(set.series.count == 1 ? "" : "‘\(series.name)’ ")up to \(series.axis.label(of: min(steps, range.upperBound) - 1))" }
      seen += min(steps, range.upperBound) - range.lowerBound
    }
    return seen == 0 ? nil : "leak: \(seen) of the \(all) measured steps were seen in training, \(first): the figures are too good"
  }
}

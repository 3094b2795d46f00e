public import RNNTensor

extension SeriesSet {
  /// The same series with what comes after, as where the last part stands in a file of its own (the M4 competition's test files).
  ///
  /// Steps between the two count as missing. Where the steps have no times the others follow at once.
  ///
  /// - Returns: the series that go on, and the steps of each that were added.
  /// - Throws: `.badData` where a series isn't known, begins before the other's end, or has other variables.
  public func continued(by later: SeriesSet) throws(RNNError) -> (set: SeriesSet, added: [Range<Int>]) {
    guard later.targets == targets, later.past == past, later.known == known else {
      throw RNNError(.badData, "the later part has the variables \((later.targets + later.past + later.known).joined(separator: ", ")); expected \((targets + past + known).joined(separator: ", "))")
    }
    let places = Dictionary(series.enumerated().map { ($1.name, $0) }) { first, _ in first }
    // A file's name stands for its only series.
    let isOnly = series.count == 1 && later.series.count == 1
    var all: [TimeSeries] = [], added: [Range<Int>] = []
    for next in later.series {
      guard let place = places[next.name] ?? (isOnly ? 0 : nil) else {
        throw RNNError(.badData, "the later part has a series ‘\(next.name)’, of which there is no earlier one")
      }
      var one = series[place]
      var gap = 0
      if let start = next.axis.start, one.axis.start != nil {
        guard let step = one.axis.step(of: start) else {
          throw RNNError(.badData, "the later part of ‘\(one.name)’ begins at \(start), which is no step of its clock (every \(one.axis.frequency))")
        }
        gap = step - one.length
      } else if (next.axis.start == nil) != (one.axis.start == nil) {
        throw RNNError(.badData, "of ‘\(one.name)’ one part has times and the other has none")
      }
      guard gap >= 0 else {
        throw RNNError(.badData, "the later part of ‘\(one.name)’ begins at \(next.axis.label(of: 0)), before the earlier one ends at \(one.axis.label(of: one.length - 1))")
      }
      let start = one.length + gap
      func joined(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
        zip(a, b).map { a, b in
          let head = a.prefix(start)
          return head + [Double](repeating: .nan, count: start - head.count) + b
        }
      }
      one = try TimeSeries(
        one.name, axis: one.axis, targets: joined(one.targets, next.targets), past: joined(one.past, next.past), known: joined(one.known, next.known))
      all.append(one)
      added.append(start..<one.length)
    }
    var set = try SeriesSet(targets: targets, past: past, known: known, frequency: frequency, seasonality: seasonality, series: all)
    set.reading = reading
    set.warnings = warnings + later.warnings
    return (set, added)
  }
}

extension SeriesSet {
  /// Numbers that people and instruments write where nothing was measured.
  private static let usualSentinels: Set<Double> = [
    -99, -99.9, -99.99, -999, -999.9, -999.99, -9999, -9999.9, -99_999, -999_999, 999, 999.9, 9999, 99_999, 999_999, 1e20, -1e20, 1e30, -1e30, 1e36, -1e36,
  ]

  /// Values that probably stand for missing ones, a sentence for each variable: one such number, far beyond all others.
  func likelySentinels() -> [String] {
    var found: [String] = []
    let kinds: [(names: [String], columns: (TimeSeries) -> [[Double]])] = [(targets, \.targets), (past, \.past), (known, \.known)]
    for (names, columns) in kinds {
      for (index, name) in names.enumerated() {
        let parts = series.map { columns($0)[index] }
        func range(without value: Double? = nil) -> (low: Double, high: Double, count: Int) {
          var (low, high, count) = (Double.infinity, -Double.infinity, 0)
          for part in parts {
            for number in part where !number.isNaN && number != value { (low, high, count) = (min(low, number), max(high, number), count + 1) }
          }
          return (low, high, count)
        }
        let all = range()
        for value in Set([all.low, all.high]) where Self.usualSentinels.contains(value) {
          let rest = range(without: value)
          guard rest.count >= 10, max(rest.low - value, value - rest.high) > rest.high - rest.low else { continue }
          let text = value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
          let count = all.count - rest.count
          found.append("\(count) value\(count == 1 ? "" : "s") of ‘\(name)’ \(count == 1 ? "is" : "are") \(text), far from all others: if that stands for a missing one, say --sentinel \(text)")
        }
      }
    }
    return found
  }
}

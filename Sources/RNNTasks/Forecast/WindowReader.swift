import RNNData
package import RNNTensor

/// What a network sees of windows: numbers brought to one size, and zeros where one is missing.
package struct WindowReader: Sendable {
  let set: SeriesSet
  private let scaler: Scaler
  private let context: Int
  private let calendar: CalendarFeatures?
  /// The first vector of each series; negative where it has none.
  private let firstChannels: [Int]

  /// Numbers of a step that are known up to now, and ahead.
  let pastCount: Int
  let aheadCount: Int

  init(_ set: SeriesSet, _ variables: ForecastModel.Variables, _ scaler: Scaler, context: Int, calendar: Bool) {
    self.set = set
    self.scaler = scaler
    self.context = context
    let features = CalendarFeatures(variables.frequency)
    self.calendar = calendar && features.count > 0 ? features : nil
    let places = Dictionary(zip(variables.series, 0...)) { first, _ in first }
    firstChannels = set.series.map { variables.series.isEmpty ? 0 : places[$0.name].map { $0 * variables.targets.count } ?? -1 }
    pastCount = variables.past.count
    aheadCount = Self.aheadCount(variables, calendar: calendar)
  }

  static func aheadCount(_ variables: ForecastModel.Variables, calendar: Bool) -> Int {
    variables.known.count + (calendar ? CalendarFeatures(variables.frequency).count : 0)
  }

  /// The number of a window's vector; negative for a series that the model doesn't know.
  func channel(_ window: ForecastWindow) -> Int32 {
    let first = firstChannels[window.series]
    return first < 0 ? -1 : Int32(first + window.target)
  }

  func scaling(_ window: ForecastWindow) -> Scaling {
    let series = set.series[window.series], end = min(window.origin, series.length)
    return scaler.scaling(of: window.target, in: series.name, context: series.targets[window.target][max(0, end - context)..<end])
  }

  /// The same about the last value of the context: differences from it are taken before anything is rounded.
  func scalingAboutLast(_ window: ForecastWindow) -> Scaling {
    var scaling = scaling(window)
    let plain = Scaling(isLog: scaling.isLog)
    let seen = set.series[window.series].targets[window.target].prefix(max(window.origin, 0)).dropFirst(max(window.origin - context, 0))
    if let last = seen.lazy.map(plain.scaled).last(where: \.isFinite) { scaling.centre = last }
    return scaling
  }

  /// The target's values from a step on, NaN where there is none or it is missing.
  func read(_ window: ForecastWindow, from first: Int, count: Int, _ scaling: Scaling, into values: UnsafeMutablePointer<Float>) {
    set.series[window.series].targets[window.target].withUnsafeBufferPointer { target in
      for i in 0..<count {
        let step = first + i
        let value = target.indices.contains(step) ? Float(scaling.scaled(target[step])) : .nan
        values[i] = value.isFinite ? value : .nan
      }
    }
  }

  /// The target's last value before a step, of those from another step on; nil where there is none.
  func last(_ window: ForecastWindow, before step: Int, _ scaling: Scaling, from first: Int) -> Float? {
    let target = set.series[window.series].targets[window.target], end = min(step, target.count)
    for step in stride(from: end - 1, through: max(first, 0), by: -1) {
      let value = Float(scaling.scaled(target[step]))
      if value.isFinite { return value }
    }
    return nil
  }

  /// The variables of a step that are known up to now: `pastCount` numbers.
  func readPast(_ series: Int, _ step: Int, into values: UnsafeMutablePointer<Float>) {
    for (i, variable) in set.series[series].past.enumerated() {
      values[i] = variable.indices.contains(step) ? Self.numberOrZero(scaler.past[i].scaled(variable[step])) : 0
    }
  }

  /// What is known ahead of a step, and what the clock says: `aheadCount` numbers.
  func readAhead(_ series: Int, _ step: Int, into values: UnsafeMutablePointer<Float>) {
    let one = set.series[series]
    for (i, variable) in one.known.enumerated() {
      values[i] = variable.indices.contains(step) ? Self.numberOrZero(scaler.known[i].scaled(variable[step])) : 0
    }
    guard let calendar else { return }
    let clock = values + one.known.count
    if let time = one.axis.time(of: step) {
      calendar.forEach(at: time) { clock[$0] = $1 }
    } else {
      clock.update(repeating: 0, count: calendar.count)
    }
  }

  private static func numberOrZero(_ value: Double) -> Float {
    let value = Float(value)
    return value.isFinite ? value : 0
  }

  /// Throws `.badData` where something must be known for the steps to come and isn't there.
  func checkAhead(_ windows: [ForecastWindow], horizon: Int) throws(RNNError) {
    for window in windows {
      let series = set.series[window.series]
      guard let there = series.known.first?.count, there < window.origin + horizon else { continue }
      throw RNNError(
        .badData,
        "the series ‘\(series.name)’: to predict \(horizon) steps from \(series.axis.label(of: window.origin)) on, \(set.known.joined(separator: ", ")) must be known up to \(series.axis.label(of: window.origin + horizon - 1)); found them up to \(series.axis.label(of: there - 1))")
    }
  }
}

/// All windows of some steps of series, by number: nothing is kept of each.
package struct WindowList: Sendable {
  private struct Channel {
    let series: Int
    let target: Int
    let first: Int
    /// The number of the channel's first window.
    let start: Int
  }
  private var channels: [Channel] = []
  package private(set) var count = 0
  private let stride: Int

  /// - Parameters:
  ///   - origins: of each series the steps at which forecasts begin.
  ///   - stride: every how many steps.
  package init(targets: Int, origins: [Range<Int>], stride: Int = 1) {
    self.stride = stride
    for (series, range) in origins.enumerated() where !range.isEmpty {
      for target in 0..<targets {
        channels.append(Channel(series: series, target: target, first: range.lowerBound, start: count))
        count += (range.count + stride - 1) / stride
      }
    }
  }

  package subscript(index: Int) -> ForecastWindow {
    var (low, high) = (0, channels.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if channels[middle].start <= index { low = middle } else { high = middle }
    }
    let channel = channels[low]
    return ForecastWindow(series: channel.series, target: channel.target, origin: channel.first + (index - channel.start) * stride)
  }

  /// So many windows spread evenly over all, one drawn from each part; all of them once where there are no more.
  package func draw(_ wanted: Int, using random: inout Philox) -> [Int] {
    let wanted = Swift.min(wanted, count)
    return (0..<wanted).map { part in
      let start = part * count / wanted, end = (part + 1) * count / wanted
      return Int.random(in: start..<end, using: &random)
    }
  }
}

/// The even clock that times are close to: a device that measures every ten seconds is seldom exact to the millisecond.
struct SteadyClock {
  let frequency: Frequency
  /// The times of each series, rounded to the clock.
  let times: [[Int]]
  /// The largest distance of a time from the clock, in microseconds.
  let deviation: Int

  /// Nil unless every time is within a tenth of a step of a clock, and most are a step after the one before.
  ///
  /// - Parameters:
  ///   - times: the rising times of each series, in microseconds.
  ///   - frequency: the distance of the steps, if it is known. Months are no even clock.
  init?(_ times: [[Int]], every known: Frequency?) {
    let step: Int
    switch known?.unit {
    case nil:
      guard let found = Self.step(times) else { return nil }
      step = found
    case .nanosecond, .second, .day, .businessDay: step = Self.nanoseconds(known)
    case .step, .month: return nil
    }
    guard step >= 1000 else { return nil }
    let clock = known?.unit == .nanosecond || known == nil && step % 1_000_000_000 != 0
      ? Frequency(step, .nanosecond) : Frequency(microseconds: step / 1000)
    var rounded: [[Int]] = [], deviation = 0
    for series in times {
      guard let first = series.first else {
        rounded.append([])
        continue
      }
      guard let places = Self.places(series, step), let start = Self.start(series, places, step) else { return nil }
      let axis = TimeAxis(start: CivilTime(microseconds: start), frequency: clock)
      var all: [Int] = []
      for (time, place) in zip(series, places) {
        guard let even = axis.time(of: place)?.microseconds else { return nil }
        deviation = max(deviation, abs(time - even))
        all.append(even)
      }
      guard deviation <= max(step / 10_000, 1), abs(start - first) <= max(step / 10_000, 1) else { return nil }
      rounded.append(all)
    }
    guard deviation > 0 else { return nil }
    (frequency, self.times, self.deviation) = (known ?? clock, rounded, deviation)
  }

  /// The even clock of calendar steps, from four weeks to years, which all begin at one time of day.
  ///
  /// The times are rounded to the roundest such time; whether they are the first days of months is for others to see.
  ///
  /// - Returns: nil where they are exact, or where one is more than a ten-thousandth of four weeks off.
  static func calendar(_ times: [[Int]]) -> (times: [[Int]], deviation: Int)? {
    let day = CivilTime.microsecondsPerDay, most = 28 * day / 10_000
    var rounded: [[Int]] = [], deviation = 0
    for series in times {
      guard zip(series, series.dropFirst()).allSatisfy({ $1 - $0 >= 28 * day - 2 * most }), let first = series.first else {
        if series.count > 1 { return nil }
        rounded.append(series)
        continue
      }
      // Steps may have any number of days: only the time of day is compared.
      let places = series.map { floored($0 - first + day / 2, day) }, distances = zip(series, places).map { $0 - first - $1 * day }
      let mean = distances.reduce(0.0) { $0 + Double($1) } / Double(distances.count)
      guard let start = start(first, (distances.min() ?? 0, distances.max() ?? 0, Int(mean.rounded())), units) else { return nil }
      let even = places.map { start + $0 * day }
      deviation = zip(series, even).reduce(deviation) { max($0, abs($1.0 - $1.1)) }
      rounded.append(even)
    }
    return deviation > 0 && deviation <= most ? (rounded, deviation) : nil
  }

  /// 0 for steps of more than a year.
  private static func nanoseconds(_ frequency: Frequency?) -> Int {
    guard let frequency, let seconds = frequency.seconds, seconds < 86_400 * 366 else { return 0 }
    switch frequency.unit {
    case .nanosecond: return frequency.count
    case .second: return frequency.count * 1_000_000_000
    case .day: return frequency.count * 86_400_000_000_000
    // Every business day is a day.
    default: return 86_400_000_000_000
    }
  }

  /// The step of each time, counted from the time before; nil where two are in one step, or where they are too many to count.
  private static func places(_ times: [Int], _ step: Int) -> [Int]? {
    var places = [0], place = 0
    places.reserveCapacity(times.count)
    for (a, b) in zip(times, times.dropFirst()) {
      let (distance, isTooFar) = (b - a).multipliedReportingOverflow(by: 1000)
      guard !isTooFar, distance < 1 << 62 else { return nil }
      let steps = (distance + step / 2) / step
      guard steps > 0 else { return nil }
      place += steps
      places.append(place)
    }
    // Up to here no product of a place and the step overflows.
    return place < (1 << 62) / step ? places : nil
  }

  /// The distances of the times from their places on a clock that begins with the first: the least, the most and the mean.
  private static func residuals(_ times: [Int], _ places: [Int], _ step: Int) -> (least: Int, most: Int, mean: Int) {
    var least = 0, most = 0, sum = 0.0
    for (time, place) in zip(times, places) {
      let residual = time - times[0] - place * step / 1000
      (least, most, sum) = (min(least, residual), max(most, residual), sum + Double(residual))
    }
    return (least, most, Int((sum / Double(max(times.count, 1))).rounded()))
  }

  /// The roundest time that the first step may be at.
  private static func start(_ times: [Int], _ places: [Int], _ step: Int) -> Int? {
    let whole = step % 1000 == 0 && 86_400_000_000_000 % step == 0 ? [step] : []
    return start(times[0], residuals(times, places, step), whole + units)
  }

  private static func start(_ first: Int, _ residuals: (least: Int, most: Int, mean: Int), _ units: [Int]) -> Int? {
    units.lazy.map { $0 / 1000 }.filter { $0 > 0 }.map { floored(first + residuals.mean + $0 / 2, $0) * $0 }
      .first { (first + residuals.least...first + residuals.most).contains($0) }
  }

  /// Spans in nanoseconds, the roundest first.
  private static let units = [
    86_400_000_000_000, 3_600_000_000_000, 60_000_000_000, 10_000_000_000, 1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1000, 100, 10, 1,
  ]

  /// The roundest step of a clock that the times are near to, in nanoseconds; nil where they aren't near to one.
  private static func step(_ times: [[Int]]) -> Int? {
    var steps = times.flatMap { zip($0, $0.dropFirst()).map { $1 - $0 } }
    guard steps.count > 1 else { return nil }
    steps.sort()
    let median = steps[steps.count / 2]
    guard median > 0, median < 1 << 40 else { return nil }
    // Most rows follow the one before at once.
    let single = steps.filter { abs($0 - median) <= median / 4 }
    guard 2 * single.count >= steps.count else { return nil }
    let mean = single.reduce(0.0) { $0 + Double($1) } / Double(single.count)
    func all(_ step: Int) -> [[Int]]? {
      var all: [[Int]] = []
      for series in times {
        guard let places = places(series, step) else { return nil }
        all.append(places)
      }
      return all
    }
    guard let places = all(max(Int((mean * 1000).rounded()), 1000)) else { return nil }
    var time = 0.0, count = 0
    for (series, places) in zip(times, places) {
      time += Double((series.last ?? 0) - (series.first ?? 0))
      count += places.last ?? 0
    }
    guard count > 0 else { return nil }
    let exact = time * 1000 / Double(count), fitted = Int(exact.rounded())
    func range(_ step: Int) -> Int {
      zip(times, places).reduce(0) { result, series in
        guard !series.0.isEmpty else { return result }
        let (least, most, _) = residuals(series.0, series.1, step)
        return max(result, most - least)
      }
    }
    // A rounder step may leave times a little further from the clock than the fitted one does: by as much as the steps differ, or
    // by a thousandth of a step.
    let spread = (single.last ?? 0) - (single.first ?? 0)
    let most = min(max(2 * range(fitted), spread, fitted / 1_000_000) + 1, fitted / 5000)
    // A whole number of steps a second: each of sixty has 16,666,667 nanoseconds.
    let perSecond = Int((1_000_000_000 / exact).rounded())
    let parts = exact < 1e9 && perSecond > 0 ? [Int((1e9 / Double(perSecond)).rounded())] : []
    func rounded(_ units: some Sequence<Int>) -> [Int] { units.map { (fitted + $0 / 2) / $0 * $0 } }
    return (rounded(units.prefix(5)) + parts + rounded(units.dropFirst(5))).first { $0 > 0 && abs($0 - fitted) < fitted / 4 && range($0) <= most }
  }
}

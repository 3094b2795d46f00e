import RNNTensor

/// Puts rows on a clock: which order their dates are meant in, how far apart they are, which steps are missing.
struct SeriesClock {
  private(set) var frequency = Frequency.step
  /// Each series with its variables, missing steps filled with NaN.
  private(set) var series: [(name: String, axis: TimeAxis, columns: [[Double]])] = []
  var warnings: [String] = []

  /// The order of day and month, where it made a difference.
  private(set) var dateOrder: SeriesReadingOptions.DateOrder?

  private let options: SeriesReadingOptions
  /// What to say of times that occur again, where there is a column that may tell series apart.
  private let hint: String
  private var form: TimeForm?
  private let offset: Int
  /// True where times count as the clock on the wall showed them, whatever their offsets.
  private var isLocal = false

  /// - Throws: `.badData` for rows out of order or at the same time, and for dates that can't be told.
  ///
  /// - Parameters:
  ///   - form: how the times are written.
  ///   - offset: the seconds ahead of UTC that the times of the rows are counted with.
  ///   - seriesColumn: a column that may tell series apart.
  init(
    _ all: [SeriesRows], _ options: SeriesReadingOptions, hasTimes: Bool, form: TimeForm?, offset: Int, seriesColumn: String?
  ) throws(RNNError) {
    self.options = options
    self.form = form
    self.offset = offset
    hint = seriesColumn.map { ", or ‘\($0)’ to tell series apart (--series-column \($0.contains(" ") ? "'\($0)'" : $0))" } ?? ""
    dateOrder = options.dateOrder
    if hasTimes {
      try chooseDates(all)
      if let dateOrder { self.form?.order = dateOrder }
      if options.sorts { sort(all) }
      chooseOffsets(all)
      var repeats: [String] = []
      for rows in all { repeats += try checkOrder(rows) }
      if let first = repeats.first {
        warnings.append(
          "an hour occurs twice, as when summer time ends (\(first)\(repeats.count > 1 ? ", and \(repeats.count - 1) more" : "")): of both the mean is taken")
      }
      var found = options.frequency ?? Self.frequency(all)
      if let near = found, near.hasClock, !Self.isEven(all, near), let clock = SteadyClock(all.map(\.times), every: options.frequency) {
        for (rows, times) in zip(all, clock.times) { rows.times = times }
        // Even times may turn out to be business days.
        found = options.frequency ?? (clock.frequency.unit == .day ? Self.frequency(all) : clock.frequency)
        warnings.append(
          "the times are up to \(Frequency(microseconds: clock.deviation)) off an even clock of \(clock.frequency): they are rounded to it")
      }
      if options.frequency?.unit ?? .month == .month, let even = roundedToCalendar(all) { found = even }
      if let found, found.hasClock, try place(all, found) { return }
    }
    series = all.map { ($0.name, TimeAxis(), $0.columns) }
  }

  // MARK: Dates

  /// Decides what dates such as 1/2/2012 mean, for all rows together.
  private mutating func chooseDates(_ all: [SeriesRows]) throws(RNNError) {
    func place(_ times: KeyPath<SeriesRows, [Int]>) -> String? {
      for rows in all {
        if let row = rows[keyPath: times].firstIndex(of: SeriesRows.impossible) { return rows.place(row) }
      }
      return nil
    }
    guard all.contains(where: { !$0.others.isEmpty }) else { return }
    for rows in all where rows.others.isEmpty { rows.others = rows.times }
    let (noDayFirst, noMonthFirst) = (place(\.times), place(\.others))
    var order = options.dateOrder
    if order == nil {
      switch (noDayFirst, noMonthFirst) {
      case (nil, nil):
        // Both are dates: then that which rises without jumps.
        func isEven(_ times: KeyPath<SeriesRows, [Int]>) -> Bool {
          all.allSatisfy { rows in
            let times = rows[keyPath: times]
            let steps = zip(times, times.dropFirst()).map { $1 - $0 }
            return steps.allSatisfy { $0 > 0 } && (steps.max() ?? 0) <= 4 * (steps.min() ?? 0)
          }
        }
        let (day, month) = (isEven(\.times), isEven(\.others))
        guard day != month else {
          throw RNNError(
            .badData,
            "\(all.first.map { $0.place(0) } ?? ""): found dates that may have the day or the month first; expected one of which this can be told, or the order said (--dates day-first or month-first)")
        }
        order = day ? .dayFirst : .monthFirst
      case (nil, _): order = .dayFirst
      case (_, nil): order = .monthFirst
      case (let day?, let month?):
        throw RNNError(.badData, "\(month): found a date with the day first, and at \(day) one with the month first; expected one order")
      }
    }
    if let wrong = order == .dayFirst ? noDayFirst : noMonthFirst {
      throw RNNError(.badData, "\(wrong): found a date that there isn't with the \(order == .dayFirst ? "day" : "month") first")
    }
    dateOrder = order
    if order == .monthFirst { for rows in all { rows.times = rows.others } }
    for rows in all { rows.others = [] }
  }

  // MARK: Offsets

  /// Times with several offsets from UTC are instants; but days, weeks and months are those of the clock on the wall where that is
  /// even, and so is anything else that is even only there.
  private mutating func chooseOffsets(_ all: [SeriesRows]) {
    let offsets = all.reduce(into: Set([offset])) { $0.formUnion($1.allOffsets) }
    guard offsets.count > 1, let last = all.last?.lastOffset else { return }
    func even() -> Frequency? {
      let frequency = options.frequency ?? Self.frequency(all)
      return frequency.flatMap { $0.hasClock && Self.isEven(all, $0) ? $0 : nil }
    }
    let instants = all.map(\.times), wall = all.map { $0.wallClock(countedWith: offset) }
    func use(_ times: [[Int]]) { for (rows, times) in zip(all, times) { rows.times = times } }
    use(wall)
    let frequency = even(), isOfDays = frequency.map { [.day, .businessDay, .month].contains($0.unit) } ?? false
    if !isOfDays { use(instants) }
    isLocal = isOfDays || (frequency != nil && even() == nil)
    if isLocal { use(wall) }
    if all.contains(where: { $0.allOffsets.count > 1 }) {
      warnings.append(
        "the times have several offsets from UTC, as summer time has: they count as \(isLocal ? "the clock on the wall shows them" : "instants"), and those to come are written with the last offset (\(TimeForm.text(ofOffset: last)))")
    }
  }

  private static let day = CivilTime.microsecondsPerDay, hour = 3_600_000_000

  private static func civil(_ microseconds: Int) -> CivilTime { CivilTime(microseconds: microseconds) ?? .last }

  /// The format of a series' times.
  private func form(of rows: SeriesRows) -> TimeForm? { form?.counted(in: rows.zone(countedWith: isLocal ? nil : offset)) }

  private func text(_ time: Int, _ rows: SeriesRows) -> String { form(of: rows)?.text(of: Self.civil(time)) ?? "\(Self.civil(time))" }

  // MARK: Order

  private mutating func sort(_ all: [SeriesRows]) {
    var moved = 0
    for rows in all {
      let times = rows.times
      if zip(times, times.dropFirst()).allSatisfy({ $0 <= $1 }) { continue }
      let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
      moved += order.enumerated().count { $0 != $1 }
      rows.reorder(order)
    }
    if moved > 0 { warnings.append("\(moved) rows were not in the order of their times and were sorted; were they shuffled, a part of the file is no part of the time") }
  }

  /// Throws where time doesn't go on. An hour that occurs twice as summer time ends is made one; where it was is returned.
  private func checkOrder(_ rows: SeriesRows) throws(RNNError) -> [String] {
    let times = rows.times
    // Steps that have no clock may well be at the same time.
    let mayBeEqual = options.frequency == .step
    guard let first = times.indices.dropFirst().first(where: { mayBeEqual ? times[$0] < times[$0 - 1] : times[$0] <= times[$0 - 1] }) else { return [] }
    var kept = Array(0..<first), summers: [Int: Int] = [:], found: [String] = []
    var isMerged: Set<Int> = []
    for row in first..<times.count {
      let time = times[row], last = kept[kept.count - 1]
      if time > times[last] {
        kept.append(row)
        continue
      }
      if mayBeEqual, time == times[last] {
        kept.append(row)
        continue
      }
      let civil = Self.civil(time), hour = floored(time, Self.hour)
      let before = kept.count > 1 ? times[last] - times[kept[kept.count - 2]] : Int.max
      if let same = kept.suffix(3600).last(where: { times[$0] == time }), Self.isSummerTimeNight(civil), before <= Self.hour, times[last] - time < Self.hour,
        summers[civil.date.year, default: hour] == hour, isMerged.insert(same).inserted
      {
        if summers[civil.date.year] == nil { found.append(rows.place(row)) }
        summers[civil.date.year] = hour
        for index in rows.columns.indices {
          let (a, b) = (rows.columns[index][same], rows.columns[index][row])
          rows.columns[index][same] = a.isNaN ? b : b.isNaN ? a : a + (b - a) / 2
        }
        continue
      }
      let name = options.series == nil ? "" : " of ‘\(rows.name)’"
      if let same = kept.last(where: { times[$0] == time }) {
        throw RNNError(
          .badData, "\(rows.place(row)): found \(text(time, rows))\(name) a second time, first on \(rows.file(row) == rows.file(same) ? "line \(rows.lines[same])" : rows.place(same)); expected each time once\(hint)")
      }
      throw RNNError(
        .badData,
        "\(rows.place(row)): found \(text(time, rows))\(name) after \(text(times[last], rows)) on line \(rows.lines[last]); expected a later time, or rows that may be sorted (--sort)\(hint)")
    }
    if kept.count < times.count { rows.reorder(kept) }
    return found
  }

  /// Whether clocks are put forward or back at such a time: in the small hours of a Sunday in spring or autumn.
  private static func isSummerTimeNight(_ time: CivilTime) -> Bool {
    time.weekday == 6 && time.secondOfDay < 4 * 3600 && [3, 4, 9, 10, 11].contains(time.date.month)
  }

  // MARK: Frequency

  /// What lies between most rows; nil where there are no two.
  private static func frequency(_ all: [SeriesRows]) -> Frequency? {
    var counts: [Int: Int] = [:]
    for rows in all { for (a, b) in zip(rows.times, rows.times.dropFirst()) { counts[b - a, default: 0] += 1 } }
    guard let usual = counts.max(by: { ($0.value, -$0.key) < ($1.value, -$1.key) })?.key, let least = counts.keys.min(), least > 0 else { return nil }
    guard usual >= day, all.allSatisfy({ rows in rows.times.allSatisfy { remainder($0, day) == remainder(rows.times[0], day) } }) else {
      return Frequency(microseconds: usual)
    }
    let dates = all.flatMap { rows in rows.times.map(civil) }
    if least >= 28 * day, Set(dates.lazy.map(\.date.day)).count == 1 || dates.allSatisfy(\.isMonthEnd) {
      var months: [Int: Int] = [:]
      for rows in all {
        for (a, b) in zip(rows.times, rows.times.dropFirst()) { months[civil(b).month - civil(a).month, default: 0] += 1 }
      }
      return months.max { ($0.value, -$0.key) < ($1.value, -$1.key) }.map { Frequency($0.key, .month) }
    }
    if usual == day, counts[3 * day] != nil, dates.allSatisfy({ $0.weekday < 5 }) { return .businessDay }
    return Frequency(usual / day, .day)
  }

  /// Rounds times that lie a little beside the steps of a calendar: months, quarters, years. Returns their frequency, nil where they
  /// are no such steps.
  private mutating func roundedToCalendar(_ all: [SeriesRows]) -> Frequency? {
    guard let (times, deviation) = SteadyClock.calendar(all.map(\.times)) else { return nil }
    let before = all.map(\.times)
    for (rows, times) in zip(all, times) { rows.times = times }
    guard let found = options.frequency ?? Self.frequency(all), Self.isEven(all, found) else {
      for (rows, times) in zip(all, before) { rows.times = times }
      return nil
    }
    warnings.append("the times are up to \(Frequency(microseconds: deviation)) off an even clock of \(found): they are rounded to it")
    return found
  }

  /// True if every row has a step of its own.
  private static func isEven(_ all: [SeriesRows], _ frequency: Frequency) -> Bool {
    all.allSatisfy { rows in
      guard let start = rows.times.first else { return true }
      let axis = TimeAxis(start: civil(start), frequency: frequency)
      var last = -1
      return rows.times.allSatisfy { time in
        guard let step = axis.step(of: civil(time)), step > last else { return false }
        last = step
        return true
      }
    }
  }

  /// Puts every row at its step; false where they don't fit and nobody asked for this frequency.
  private mutating func place(_ all: [SeriesRows], _ frequency: Frequency) throws(RNNError) -> Bool {
    var placed: [(name: String, axis: TimeAxis, columns: [[Double]])] = []
    var missing = 0, gaps = 0, steps = 0, summer = 0
    var first = ""
    for rows in all {
      guard let start = rows.times.first else { continue }
      let axis = TimeAxis(start: Self.civil(start), frequency: frequency, form: form(of: rows))
      var places: [Int] = []
      places.reserveCapacity(rows.count)
      for (row, time) in rows.times.enumerated() {
        let step = axis.step(of: Self.civil(time))
        if let step, step > places.last ?? -1 {
          places.append(step)
          continue
        }
        guard options.frequency != nil else { return isIrregular(all) }
        let time = text(time, rows)
        throw RNNError(
          .badData,
          step == nil
            ? "\(rows.place(row)): found \(time), which isn't a whole number of steps of \(frequency) after \(text(start, rows)); expected one that is"
            : "\(rows.place(row)): found \(time) in the same step of \(frequency) as the row before; expected one row a step")
      }
      let length = (places.last ?? -1) + 1
      if length > 20 * rows.count + 1000 {
        guard options.frequency != nil else { return isIrregular(all) }
        throw RNNError(.badData, "\(rows.place(rows.count - 1)): from the first row to this one there are \(length) steps of \(frequency), but only \(rows.count) rows; expected another frequency")
      }
      steps += length
      guard length > rows.count else {
        placed.append((rows.name, axis, rows.columns))
        continue
      }
      for (row, (a, b)) in zip(places, places.dropFirst()).enumerated() where b > a + 1 {
        if gaps == 0 { first = "\(axis.label(of: a + 1)), \(rows.file(row)) after line \(rows.lines[row])" }
        (missing, gaps) = (missing + b - a - 1, gaps + 1)
        if let seconds = frequency.seconds, Double(b - a - 1) * seconds == 3600, let time = axis.time(of: a + 1), Self.isSummerTimeNight(time) { summer += 1 }
      }
      placed.append((rows.name, axis, rows.columns.map { column in
        var full = [Double](repeating: .nan, count: length)
        for (row, place) in places.enumerated() { full[place] = column[row] }
        return full
      }))
    }
    (series, self.frequency) = (placed, frequency)
    if missing > 0 {
      let known = summer == 0 ? "" : summer == gaps ? ", as when summer time begins" : "; \(summer) of the gaps as when summer time begins"
      let days = frequency == .businessDay ? " (holidays, for instance)" : ""
      warnings.append("\(missing) of \(steps) steps have no row\(days), in \(gaps) gap\(gaps == 1 ? "" : "s")\(known); the first at \(first): they count as missing")
    }
    return true
  }

  private mutating func isIrregular(_ all: [SeriesRows]) -> Bool {
    let steps = all.flatMap { rows in zip(rows.times, rows.times.dropFirst()).map { $1 - $0 } }
    let (least, most) = (steps.min() ?? 0, steps.max() ?? 0)
    warnings.append("the times are not evenly spaced: between two rows lie from \(Frequency(microseconds: least)) to \(Frequency(microseconds: most)); rows are taken as steps, without a clock (--frequency puts them on one)")
    return false
  }
}

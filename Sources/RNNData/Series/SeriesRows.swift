import RNNTensor

/// The rows of one series as they stand in the file, before the clock puts them in their places.
final class SeriesRows {
  let name: String
  /// Microseconds since 1970, with the day first and with the month first where dates may mean either; `impossible` where one can't be.
  var times: [Int] = []
  var others: [Int] = []
  /// Of each row the seconds ahead of UTC; empty while all are those of the first.
  private(set) var offsets: [Int] = []
  private var firstOffset: Int?
  /// Where each row stands.
  var files: [(name: String, from: Int)] = []
  var lines: [Int32] = []
  /// `[variable][row]`: targets, past, known.
  var columns: [[Double]]
  /// Of each variable the rows with a mark of which it isn't known whether it is the decimal one.
  private var unclear: [[(mark: DecimalMark, rows: Range<Int>)]]

  static let impossible = Int.min

  init(name: String, variables: Int) {
    self.name = name
    columns = [[Double]](repeating: [], count: variables)
    unclear = [[(mark: DecimalMark, rows: Range<Int>)]](repeating: [], count: variables)
  }

  var count: Int { lines.count }

  func add(_ time: TimeText, offset: Int) {
    // In the first row's zone, so that the clock goes on when summer time begins or ends.
    let shift = (time.offset.map { offset - $0 } ?? 0) * 1_000_000
    let first = time.dayFirst.map { $0.microseconds + shift } ?? Self.impossible
    let second = time.monthFirst.map { $0.microseconds + shift } ?? Self.impossible
    if others.isEmpty, first != second { others = times }
    let own = time.offset ?? offset
    if let firstOffset, own != firstOffset, offsets.isEmpty { offsets = [Int](repeating: firstOffset, count: times.count) }
    if firstOffset == nil { firstOffset = own }
    if !offsets.isEmpty { offsets.append(own) }
    times.append(first)
    if !others.isEmpty || first != second { others.append(second) }
  }

  func append(_ value: Double, to variable: Int, unclear mark: DecimalMark? = nil) {
    if let mark {
      let row = columns[variable].count
      if let last = unclear[variable].last, last.mark == mark, last.rows.upperBound == row {
        unclear[variable][unclear[variable].count - 1].rows = last.rows.lowerBound..<row + 1
      } else {
        unclear[variable].append((mark, row..<row + 1))
      }
    }
    columns[variable].append(value)
  }

  /// Numbers whose mark was taken for the decimal one, and isn't, get their thousands.
  func settle(_ variable: Int, decimal: DecimalMark?) {
    for (mark, rows) in unclear[variable] where mark != decimal {
      for row in rows { columns[variable][row] = NumberColumn.grouped(columns[variable][row]) }
    }
    unclear[variable] = []
  }

  /// The offset of the last row.
  var lastOffset: Int { offsets.last ?? firstOffset ?? 0 }

  var allOffsets: Set<Int> { offsets.isEmpty ? Set(firstOffset.map { [$0] } ?? []) : Set(offsets) }

  /// The times as the clock on the wall showed them, from those that are counted with `own`.
  func wallClock(countedWith own: Int) -> [Int] {
    times.indices.map { times[$0] + ((offsets.isEmpty ? firstOffset ?? own : offsets[$0]) - own) * 1_000_000 }
  }

  /// The offsets of the rows, which are counted with `own`.
  func zone(countedWith own: Int?) -> TimeForm.Zone {
    var changes = [TimeForm.Zone.Change(time: times.first ?? 0, offset: offsets.first ?? lastOffset)]
    for (time, offset) in zip(times, offsets) where changes.last?.offset != offset { changes.append(.init(time: time, offset: offset)) }
    return TimeForm.Zone(own: own, changes: changes)
  }

  func place(_ row: Int) -> String { "\(file(row)), line \(lines[row])" }
  func file(_ row: Int) -> String { files.last { $0.from <= row }?.name ?? name }

  /// Puts rows in another order.
  func reorder(_ order: [Int]) {
    times = order.map { times[$0] }
    if !offsets.isEmpty { offsets = order.map { offsets[$0] } }
    lines = order.map { lines[$0] }
    for index in columns.indices { columns[index] = order.map { columns[index][$0] } }
  }
}

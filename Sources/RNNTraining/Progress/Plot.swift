/// Curves as text for a terminal: the loss over the steps, training and validation in one picture.
///
///     print(Plot([.init("training", values: losses), .init("validation", points: measured)]).text)
///
/// The first series is a line in braille dots (two across and four down in each character); the others are marks,
/// `o`, `x` and `+`, so that they can be told apart without colour.
public struct Plot: Sendable {
  /// One curve.
  public struct Series: Sendable {
    public var name: String
    /// The points from left to right. Where a number is not finite nothing is drawn, and a line is interrupted.
    public var points: [(x: Double, y: Double)]

    public init(_ name: String, points: [(x: Double, y: Double)]) {
      self.name = name
      self.points = points
    }

    /// Values at 1, 2, 3 …
    public init(_ name: String, values: [Double]) {
      self.init(name, points: values.enumerated().map { (x: Double($0.offset + 1), y: $0.element) })
    }
  }

  public var series: [Series]
  /// The width of the whole text in characters, and the height of its picture in lines; both have a least size.
  public var width: Int
  public var height: Int

  public init(_ series: [Series], width: Int = 72, height: Int = 12) {
    self.series = series
    self.width = width
    self.height = height
  }

  /// The picture with its axes and a legend; lines end without spaces.
  public var text: String {
    let finite = series.flatMap { $0.points.filter(Self.isFinite) }
    guard let vertical = PlotAxis(finite.map(\.y)), let horizontal = PlotAxis(finite.map(\.x)) else {
      return "nothing to plot: no finite numbers\n"
    }
    let rows = max(height, 3)
    // As many labels as there is room for: one in three lines, one in twelve columns.
    let yTicks = vertical.ticks(atMost: rows / 3 + 1)
    let margin = yTicks.map(\.label.count).max() ?? 0
    let columns = max(width - margin - 3, 8)
    let xTicks = horizontal.ticks(atMost: columns / 12 + 1)

    var canvas = Canvas(columns: columns, rows: rows)
    for (index, series) in series.enumerated() {
      draw(series, index, vertical, horizontal, &canvas)
    }

    var labels = [String](repeating: "", count: rows)
    for tick in yTicks { labels[canvas.row(vertical.place(tick.value))] = tick.label }
    var lines = (0..<rows).map { row in
      let padding = String(repeating: " ", count: margin - labels[row].count)
      return "\(padding)\(labels[row]) \(labels[row].isEmpty ? "│" : "┤")\(canvas.line(row))"
    }
    lines += horizontalAxis(horizontal, xTicks, columns: columns, margin: margin)
    lines.append(String(repeating: " ", count: margin + 2) + legend)
    return lines.map { $0.trimmingSpaces + "\n" }.joined()
  }

  private static func isFinite(_ point: (x: Double, y: Double)) -> Bool { point.x.isFinite && point.y.isFinite }

  /// The mark of a series: none for the first, which is a line.
  private static func mark(_ index: Int) -> Character? {
    index == 0 ? nil : ["o", "x", "+", "*"][(index - 1) % 4]
  }

  private func draw(_ series: Series, _ index: Int, _ vertical: PlotAxis, _ horizontal: PlotAxis, _ canvas: inout Canvas) {
    var previous: (x: Double, y: Double)?
    for point in series.points {
      guard Self.isFinite(point) else {
        previous = nil
        continue
      }
      let here = (x: horizontal.place(point.x), y: vertical.place(point.y))
      if let mark = Self.mark(index) {
        canvas.mark(here, mark)
      } else {
        canvas.line(from: previous ?? here, to: here)
      }
      previous = here
    }
  }

  private var legend: String {
    series.enumerated().map { index, series in
      let missing = series.points.count { !Self.isFinite($0) }
      return "\(Self.mark(index) ?? "⠒") \(series.name)\(missing > 0 ? " (\(missing) not finite)" : "")"
    }.joined(separator: "   ")
  }

  private func horizontalAxis(
    _ axis: PlotAxis, _ ticks: [(value: Double, label: String)], columns: Int, margin: Int
  ) -> [String] {
    var line = [Character](repeating: "─", count: columns)
    var labels = [Character](repeating: " ", count: columns)
    var free = 0
    for tick in ticks {
      let column = min(Int(axis.place(tick.value) * Double(columns)), columns - 1)
      line[column] = "┬"
      // Centred under its tick, but within the picture and not touching its neighbour.
      let start = max(min(column - tick.label.count / 2, columns - tick.label.count), 0)
      guard start >= free, tick.label.count <= columns else { continue }
      labels.replaceSubrange(start..<start + tick.label.count, with: Array(tick.label))
      free = start + tick.label.count + 1
    }
    let padding = String(repeating: " ", count: margin + 1)
    return [padding + "└" + String(line), padding + " " + String(labels)]
  }
}

/// The range of one axis and the round numbers on it.
package struct PlotAxis {
  package let lower: Double
  package let upper: Double

  /// The range of `values`, widened if they are all the same; `nil` if there are none.
  package init?(_ values: [Double]) {
    guard let low = values.min(), let high = values.max() else { return nil }
    // A range that would overflow is as good as one at the limit.
    let limit = Double.greatestFiniteMagnitude / 4
    let (lower, upper) = (max(min(low, limit), -limit), min(max(high, -limit), limit))
    let least = max(abs(lower), abs(upper)) * 1e-12
    // Below the smallest step that can be told apart, or written down, it counts as one value.
    if upper - lower > max(least, 1e-290) {
      (self.lower, self.upper) = (lower, upper)
    } else {
      let half = max(abs(lower) / 10, 0.5)
      (self.lower, self.upper) = (lower - half, upper + half)
    }
  }

  /// Where a value lies, from 0 to 1.
  package func place(_ value: Double) -> Double { min(max((value - lower) / (upper - lower), 0), 1) }

  /// Round numbers (1, 2 or 5 times a power of ten apart) within the range, with their labels.
  package func ticks(atMost count: Int) -> [(value: Double, label: String)] {
    let wanted = (upper - lower) / Double(count)
    // The smallest round step not below the wanted one, as step · 10^exponent.
    var exponent = 0
    var power = 1.0
    while power * 10 <= wanted { (power, exponent) = (power * 10, exponent + 1) }
    while power > wanted { (power, exponent) = (power / 10, exponent - 1) }
    var step = power * 10
    var decimals = -(exponent + 1)
    for factor in [1.0, 2, 5] where factor * power >= wanted {
      step = factor * power
      decimals = -exponent
      break
    }
    let first = (lower / step).rounded(.up)
    let last = (upper / step).rounded(.down)
    if first > last { return [] }
    // A unit (k, M …) only where the numbers stay short in it: 1000500 is not 1.0 M.
    let largest = max(abs(first), abs(last)) * step
    let units = [(1e12, 12, " T"), (1e9, 9, " G"), (1e6, 6, " M"), (1e3, 3, " k"), (1, 0, "")]
    let unit = units.first { largest >= $0.0 && $0.1 + decimals <= 1 } ?? (1, 0, "")
    return (0...Int(min(last - first, 64))).map { index in
      let value = (first + Double(index)) * step
      if value == 0 { return (0, "0") }
      if largest >= 1e15 || decimals > 9 { return (value, step < largest / 100 ? "\(value)" : Self.short(value)) }
      return (value, HumanFormat.fixed(value / unit.0, max(unit.1 + decimals, 0)) + unit.2)
    }
  }

  /// Three digits and an exponent.
  private static func short(_ value: Double) -> String {
    var (mantissa, exponent) = (abs(value), 0)
    while mantissa >= 9.995 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while mantissa < 0.9995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\(value < 0 ? "-" : "")\(HumanFormat.fixed(mantissa, 2))e\(exponent)"
  }
}

/// A grid of characters in which braille dots and marks are set. Places are from 0 to 1, from the left and from below.
private struct Canvas {
  let columns: Int
  let rows: Int
  private var dots: [UInt8]
  private var marks: [Character?]

  init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
    dots = .init(repeating: 0, count: columns * rows)
    marks = .init(repeating: nil, count: columns * rows)
  }

  func row(_ y: Double) -> Int { dotRow(y) / 4 }

  private func dotRow(_ y: Double) -> Int { Int(((1 - y) * Double(rows * 4 - 1)).rounded()) }
  private func dotColumn(_ x: Double) -> Int { Int((x * Double(columns * 2 - 1)).rounded()) }

  mutating func mark(_ point: (x: Double, y: Double), _ mark: Character) {
    marks[row(point.y) * columns + dotColumn(point.x) / 2] = mark
  }

  mutating func line(from: (x: Double, y: Double), to: (x: Double, y: Double)) {
    let (x0, y0, x1, y1) = (dotColumn(from.x), dotRow(from.y), dotColumn(to.x), dotRow(to.y))
    let steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    for i in 0...steps {
      // Rounded division, so that both ends are met exactly.
      let x = x0 + Int((Double((x1 - x0) * i) / Double(steps)).rounded())
      let y = y0 + Int((Double((y1 - y0) * i) / Double(steps)).rounded())
      // The bits of a braille character: the three upper rows column by column, then the lowest row.
      let bit = y % 4 == 3 ? 6 + x % 2 : y % 4 + 3 * (x % 2)
      dots[y / 4 * columns + x / 2] |= 1 << bit
    }
  }

  func line(_ row: Int) -> String {
    var text = ""
    for cell in row * columns..<(row + 1) * columns {
      if let mark = marks[cell] {
        text.append(mark)
      } else if dots[cell] == 0 {
        text.append(" ")
      } else {
        text.unicodeScalars.append(Unicode.Scalar(0x2800 + UInt32(dots[cell])) ?? " ")
      }
    }
    return text
  }
}

extension String {
  fileprivate var trimmingSpaces: Substring {
    var text = self[...]
    while text.last == " " { text.removeLast() }
    return text
  }
}

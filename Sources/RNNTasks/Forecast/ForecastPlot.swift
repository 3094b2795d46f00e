public import RNNData
import RNNTraining

/// A forecast as a picture: what was, the median and the bands of what may be, and what came where that is known.
public struct ForecastPlot: Sendable {
  /// One channel.
  private struct Panel {
    var title: String
    /// Steps are counted from the origin; those before it are below 0.
    var history: [(x: Double, y: Double)]
    var truth: [(x: Double, y: Double)]
    var median: [(x: Double, y: Double)]
    /// The bands, the widest first.
    var bands: [(share: Int, lower: [(x: Double, y: Double)], upper: [(x: Double, y: Double)])]
    var label: (Int) -> String
  }

  /// The most panels of a picture.
  public static let mostPanels = 24
  private let panels: @Sendable () -> [Panel]
  /// The channels that are left out.
  public let omitted: Int

  /// - Parameters:
  ///   - history: how many steps before the forecast are shown; by default three horizons, and no less than 48.
  public init(_ forecasts: [Forecast], _ windows: [ForecastWindow], of set: SeriesSet, history: Int? = nil) {
    omitted = max(windows.count - Self.mostPanels, 0)
    panels = {
      zip(windows, forecasts).prefix(Self.mostPanels).map { window, forecast in
        let series = set.series[window.series], values = series.targets[window.target], horizon = forecast.horizon
        func points(_ steps: Range<Int>) -> [(x: Double, y: Double)] {
          steps.clamped(to: values.indices).map { (x: Double($0 - window.origin), y: values[$0]) }
        }
        func line(_ level: Double) -> [(x: Double, y: Double)] { (0..<horizon).map { (x: Double($0), y: forecast.quantile($0, level)) } }
        return Panel(
          title: set.name(series: window.series, target: window.target),
          history: points(window.origin - max(history ?? max(3 * horizon, 48), 1)..<window.origin), truth: points(window.origin..<window.origin + horizon),
          median: line(0.5),
          bands: ForecastMetrics.intervals.reversed().compactMap { interval in
            let (low, high) = ((1 - interval) / 2, (1 + interval) / 2)
            return forecast.reaches(low) && forecast.reaches(high) ? (Int((interval * 100).rounded()), line(low), line(high)) : nil
          },
          label: { series.axis.label(of: window.origin + $0) })
      }
    }
  }

  // MARK: For a terminal

  /// The first channel in characters: a line for what was, `o` the median, `x` the middle 80%, `+` what came.
  public func text(width: Int = 72) -> String {
    guard let panel = panels().first else { return "" }
    var series = [Plot.Series(panel.title, points: panel.history), Plot.Series("median", points: panel.median)]
    if let band = panel.bands.first(where: { $0.share == 80 }) { series.append(Plot.Series("80%", points: band.lower + band.upper)) }
    if !panel.truth.isEmpty { series.append(Plot.Series("what came", points: panel.truth)) }
    if panel.bands.isEmpty, series.count > 2 { series.insert(Plot.Series("", points: []), at: 2) }
    return "steps from \(panel.label(0)) on\n" + Plot(series, width: width, height: 14).text
  }

  // MARK: SVG

  private static let width = 860.0, height = 300.0, left = 70.0, right = 20.0, top = 34.0, bottom = 36.0

  /// The picture as SVG, a panel for each channel, without anything from elsewhere.
  public var svg: String {
    let panels = panels()
    let height = Self.height * Double(max(panels.count, 1)) + 30
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Self.number(Self.width))" height="\(Self.number(height))" viewBox="0 0 \(Self.number(Self.width)) \(Self.number(height))" font-family="system-ui, sans-serif" font-size="12" role="img">
      <title>\(Self.escaped(panels.map(\.title).joined(separator: ", ")))</title>
      <rect width="100%" height="100%" fill="white"/>

      """
    for (index, panel) in panels.enumerated() { text += Self.svg(panel, top: Self.height * Double(index)) }
    text += Self.legend(panels, y: height - 14)
    return text + "</svg>\n"
  }

  private static func svg(_ panel: Panel, top offset: Double) -> String {
    let all = panel.history + panel.truth + panel.median + panel.bands.flatMap { $0.lower + $0.upper }
    guard let vertical = PlotAxis(all.map(\.y).filter(\.isFinite)), let horizontal = PlotAxis(all.map(\.x)) else { return "" }
    let ticks = vertical.ticks(atMost: 6)
    // Room for the longest label.
    let left = max(left, 7 * Double(ticks.map(\.label.count).max() ?? 0) + 14)
    let (innerWidth, innerHeight) = (width - left - right, height - top - bottom)
    func x(_ value: Double) -> Double { left + horizontal.place(value) * innerWidth }
    func y(_ value: Double) -> Double { offset + top + (1 - vertical.place(value)) * innerHeight }
    func points(_ points: [(x: Double, y: Double)]) -> String { points.map { "\(number(x($0.x))),\(number(y($0.y)))" }.joined(separator: " ") }
    func line(_ all: [(x: Double, y: Double)], _ style: String) -> String {
      // Interrupted where something is missing; a single point is a dot.
      all.split { !$0.y.isFinite }.map { part in
        if part.count == 1, let only = part.first {
          return "<circle cx=\"\(number(x(only.x)))\" cy=\"\(number(y(only.y)))\" r=\"2.5\" \(style.replacing("fill=\"none\" stroke=", with: "fill="))/>\n"
        }
        return "<polyline points=\"\(points(Array(part)))\" \(style)/>\n"
      }.joined()
    }
    var text = "<text x=\"\(number(left))\" y=\"\(number(offset + 20))\" font-weight=\"600\">\(escaped(panel.title))</text>\n"
    for tick in ticks {
      text += "<line x1=\"\(number(left))\" x2=\"\(number(width - right))\" y1=\"\(number(y(tick.value)))\" y2=\"\(number(y(tick.value)))\" stroke=\"#e5e5e5\"/>\n"
      text += "<text x=\"\(number(left - 8))\" y=\"\(number(y(tick.value) + 4))\" text-anchor=\"end\" fill=\"#555\">\(escaped(tick.label))</text>\n"
    }
    // About five times, on whole steps.
    let (first, last) = (Int(horizontal.lower.rounded(.up)), Int(horizontal.upper.rounded(.down)))
    let apart = max((last - first) / 4, 1)
    for step in stride(from: first, through: last, by: apart) {
      text += "<text x=\"\(number(x(Double(step))))\" y=\"\(number(offset + height - bottom + 18))\" text-anchor=\"middle\" fill=\"#555\">\(escaped(panel.label(step)))</text>\n"
    }
    for band in panel.bands {
      let colour = band.share == 95 ? "#dbe9f6" : band.share == 80 ? "#b3d1ea" : "#85b4dc"
      if band.upper.count == 1, let low = band.lower.first, let high = band.upper.first {
        text += "<line x1=\"\(number(x(low.x)))\" x2=\"\(number(x(low.x)))\" y1=\"\(number(y(low.y)))\" y2=\"\(number(y(high.y)))\" stroke=\"\(colour)\" stroke-width=\"6\"/>\n"
      } else {
        text += "<polygon points=\"\(points(band.upper)) \(points(band.lower.reversed()))\" fill=\"\(colour)\"/>\n"
      }
    }
    let origin = x(-0.5)
    text += "<line x1=\"\(number(origin))\" x2=\"\(number(origin))\" y1=\"\(number(offset + top))\" y2=\"\(number(offset + height - bottom))\" stroke=\"#999\" stroke-dasharray=\"4 4\"/>\n"
    text += line(panel.history, "fill=\"none\" stroke=\"#333\" stroke-width=\"1.4\"")
    text += line(panel.median, "fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\"")
    text += line(panel.truth, "fill=\"none\" stroke=\"#c0392b\" stroke-width=\"1.4\"")
    return text
  }

  private static func legend(_ panels: [Panel], y: Double) -> String {
    var entries = [("what was", "#333"), ("median", "#1f5fa8")]
    if panels.contains(where: { !$0.bands.isEmpty }) { entries += [("middle 50%", "#85b4dc"), ("80%", "#b3d1ea"), ("95%", "#dbe9f6")] }
    if panels.contains(where: { !$0.truth.isEmpty }) { entries.append(("what came", "#c0392b")) }
    return entries.enumerated().map { index, entry in
      let x = left + Double(index) * 120
      return "<rect x=\"\(number(x))\" y=\"\(number(y - 9))\" width=\"18\" height=\"10\" fill=\"\(entry.1)\"/><text x=\"\(number(x + 24))\" y=\"\(number(y))\" fill=\"#333\">\(entry.0)</text>\n"
    }.joined()
  }

  private static func number(_ value: Double) -> String {
    let text = HumanFormat.fixed(value, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").filter { !$0.isNewline && $0.unicodeScalars.allSatisfy { $0.value >= 0x20 } }
  }
}

import RNN

/// What `rnn bench` shows to people.
enum BenchTable {
  static func peaks(_ peaks: [BenchPeak]) -> String {
    columns(
      [["peak", "threads", "GFLOP/s"]]
        + peaks.map { [$0.instructionSet, "\($0.threads)", HumanFormat.fixed($0.gflopPerSecond, 1)] }, names: [0])
  }

  static func caches(_ caches: BenchCaches) -> String {
    let blocks = caches.blocks
    return """
      caches: \(caches.firstBytes / 1024) and \(caches.secondBytes / 1024) KiB a core
      blocks: \(blocks.depth) steps; \(blocks.gemmDepth) × \(blocks.gemmRows) × \(blocks.gemmColumns); \(blocks.classRows) rows of classes

      """
  }

  static func measurements(_ measurements: [BenchMeasurement]) -> String {
    columns(
      [["cell", "mode", "T", "B", "I", "H", "time a call", "GFLOP/s", "of peak", "bytes kept"]]
        + measurements.map {
          [
            $0.cell, $0.mode.rawValue, "\($0.sequenceLength)", "\($0.batch)", "\($0.input)", "\($0.hidden)", time($0.seconds),
            HumanFormat.fixed($0.gflopPerSecond, 1), HumanFormat.fixed(100 * $0.shareOfPeak, 1) + "%",
            "\($0.keptBytesPerStepAndRow)",
          ]
        }, names: [0, 1])
  }

  /// Three digits and their unit: “4.10 µs”, “12.3 ms”.
  static func time(_ seconds: Double) -> String {
    let (value, unit) = seconds < 0.9995e-3 ? (seconds * 1e6, "µs") : seconds < 0.9995 ? (seconds * 1e3, "ms") : (seconds, "s")
    return HumanFormat.fixed(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0) + " " + unit
  }

  /// Rows below each other: names from the left, numbers from the right.
  private static func columns(_ rows: [[String]], names: Set<Int>) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return names.contains(column) ? row[column] + space : space + row[column]
      }.joined(separator: "  ") + "\n"
    }.joined()
  }
}

import ArgumentParser
import RNN

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prove that a model, or a cell, computes what its equations say.",
    discussion: """
      Each row is measured: the derivative against finite differences in Double, the fast engine against the equations, and to \
      the bit that it makes no difference how a sequence is cut. Ends with exit code 1 if a row fails.

      Examples:
        rnn verify model.safetensors
        rnn verify --cell gru --hidden 17
        rnn verify --cell 'h = tanh(Wxh x + Whh h + bh)'
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String?

  @Option(help: CellArgument.help)
  var cell: String?

  @Option(help: ArgumentHelp("Units of the cell.", valueName: "n"), limit: Limits.verifiedUnits)
  var hidden = 7

  @Option(help: ArgumentHelp("The cell's inputs.", valueName: "n"), limit: Limits.verifiedUnits)
  var inputs = 5

  @Option(help: ArgumentHelp("What is drawn at random follows from this number.", valueName: "n"), limit: Limits.seed)
  var seed: UInt64 = 1

  @OptionGroup var threads: ThreadArguments
  @OptionGroup var json: JSONArguments

  func validate() throws {
    if (model == nil) == (cell == nil) { throw ValidationError("give a model or --cell, one of the two") }
  }

  private struct Row: Encodable {
    let part: String
    let name: String
    let measure: String
    let error: Double
    let bound: Double
    let passed: Bool
  }

  private struct Result: Encodable {
    let subject: String
    let passed: Bool
    let rows: [Row]
  }

  func run() throws {
    threads.apply()
    var rows: [Row] = []
    func add(_ part: String, _ checks: [Check]) {
      rows += checks.map { Row(part: part, name: $0.name, measure: $0.measure, error: $0.error, bound: $0.bound, passed: $0.passed) }
    }
    var view = StageView(
      { done, all in
        var progress = TrainingProgress(predicting: done, of: all)
        progress.unit = "rows"
        return progress
      }, isQuiet: json.json)
    defer { view.end() }
    if let cell {
      let cell = try CellArgument.cell(cell)
      add(cell.name, try Verification(cell, sizes: CellSizes(cell, inputs: inputs, hidden: hidden), seed: seed).run { view.show($0, of: $1) })
    } else if let model {
      for (part, checks) in try TrainedModel(contentsOf: model).any.verify(seed: seed, progress: { view.show($0, of: $1) }) { add(part, checks) }
    }
    view.end()
    let passed = rows.allSatisfy(\.passed)
    if json.json {
      try Output.json(Result(subject: model ?? cell ?? "", passed: passed, rows: rows))
    } else {
      try Output.write(Self.table(rows))
      let failed = rows.count { !$0.passed }
      try Output.line(failed == 0 ? "all \(rows.count) rows hold" : "\(failed) of \(rows.count) rows fail")
    }
    if !passed { throw ExitCode(RNNError.Kind.verification.rawValue) }
  }

  private static func table(_ rows: [Row]) -> String {
    let columns = rows.map { [$0.passed ? "holds" : "FAILS", $0.part, $0.name, short($0.error), "≤ " + short($0.bound), $0.measure] }
    let widths = (0..<6).map { column in columns.map { $0[column].count }.max() ?? 0 }
    return columns.map { row in
      row.indices.map { column in
        column == 5 ? row[5] : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }.joined(separator: "  ") + "\n"
    }.joined()
  }

  /// Two digits and an exponent; whole small numbers as they are.
  private static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0, value != value.rounded() || abs(value) > 1e6 else { return HumanFormat.fixed(value, 0) }
    var mantissa = value, exponent = 0
    while abs(mantissa) >= 9.95 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    while abs(mantissa) < 0.995 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\(HumanFormat.fixed(mantissa, 1))e\(exponent)"
  }
}

import RNN

/// How well a classifier did, on standard output.
struct ClassificationReport: Encodable {
  private struct Class: Encodable {
    let label: String
    let precision: Double
    let recall: Double
    let f1: Double
    let support: Int
  }

  private struct Majority: Encodable {
    let label: String
    let accuracy: Double
  }

  private let model: String
  private let texts: [String]
  private let count: Int
  private let correct: Int
  private let accuracy: Double
  private let macroF1: Double
  private let macroPrecision: Double
  private let macroRecall: Double
  private let logLoss: Double
  private let majority: Majority
  private let classes: [Class]
  private let confusion: [[Int]]

  init(_ metrics: ClassificationMetrics, labels: [String], model: String, texts: [String]) {
    self.model = model
    self.texts = texts
    count = metrics.count
    correct = metrics.correct
    accuracy = metrics.accuracy
    macroF1 = metrics.macroF1
    macroPrecision = metrics.macroPrecision
    macroRecall = metrics.macroRecall
    logLoss = metrics.logLoss
    majority = Majority(label: labels[metrics.majority.index], accuracy: metrics.majority.accuracy)
    classes = labels.indices.map { i in
      Class(label: labels[i], precision: metrics.precision(i), recall: metrics.recall(i), f1: metrics.f1(i), support: metrics.support(i))
    }
    confusion = metrics.confusion
  }

  func print(asJSON: Bool) throws {
    if asJSON { return try Output.json(self) }
    func number(_ value: Double) -> String { HumanFormat.fixed(value, 4) }
    try Output.write(
      Output.table([
        ("texts", "\(count), \(classes.count) classes"),
        ("accuracy", "\(number(accuracy))   \(correct) of \(count) right; who always says ‘\(majority.label)’: \(number(majority.accuracy))"),
        ("macro-F1", "\(number(macroF1))   the mean of the classes' F1"),
        ("macro recall", "\(number(macroRecall))   the mean of the classes' recall"),
        ("log loss", "\(number(logLoss))   the mean of −ln p(label)"),
      ]) + "\n")
    let rows = classes.map { [$0.label, number($0.precision), number($0.recall), number($0.f1), "\($0.support)"] }
    try Output.write(Output.columns([["class", "precision", "recall", "F1", "texts"]] + rows) + "\n")
    try Output.line("what texts are (rows) and what they were taken for (columns)")
    let names = classes.map(\.label)
    // Short enough for a matrix, and still telling.
    let short = names.map { $0.count > 10 ? "\($0.prefix(9))…" : $0 }
    try Output.write(Output.columns([[""] + short] + zip(names, confusion).map { [$0] + $1.map { "\($0)" } }))
  }
}

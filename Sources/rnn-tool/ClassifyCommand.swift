import ArgumentParser
import Foundation
import RNN

struct Classify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Say what class texts belong to, and how probable that is.",
    discussion: """
      Each line is a text; with --text-column each row of a table is one, in a .jsonl file each object. For each, in order, a line goes to standard output: \
      the class, a tab, and its probability. What was read is answered before more is waited for, and takes no more memory \
      however long the input is.

      Examples:
        rnn classify model.safetensors < lines.txt
        rnn classify model.safetensors reviews.csv --text-column review --json
        rnn classify one.safetensors --with two.safetensors --with three.safetensors < lines.txt
      """)

  @Argument(help: ArgumentHelp("The model.", valueName: "model"))
  var model: String

  @Argument(help: ArgumentHelp("The texts; - is standard input. (default: -)", valueName: "file"))
  var files: [String] = []

  @OptionGroup var others: OtherModelsArguments
  @OptionGroup var table: TableArguments
  @OptionGroup var threads: ThreadArguments

  @Flag(help: "A line of JSON for each text, with the probabilities of all classes.")
  var json = false

  func run() throws {
    threads.apply()
    let session = try others.session(with: TextClassifier(contentsOf: model))
    var remarks = session.remarks
    let lines = PredictionLines(session.labels, asJSON: json)
    for file in files.isEmpty ? ["-"] : files {
      var reader = try TextReader(file, options: table.options)
      var texts: [[UInt8]] = [], bytes = 0
      func answer() throws {
        let found = session.classify(texts)
        found.forEach { remarks.add($0) }
        try Output.write(found.map(lines.line).joined())
        (texts, bytes) = ([], 0)
      }
      while let text = try reader.next() {
        texts.append(text)
        bytes += text.count
        if texts.count == 4096 || bytes > 1 << 22 || !reader.hasMoreAtHand { try answer() }
      }
      if !texts.isEmpty { try answer() }
    }
    Warnings.show(remarks.sentences)
  }
}

/// Models that answer together.
struct OtherModelsArguments: ParsableArguments {
  @Option(
    name: .customLong("with"),
    help: ArgumentHelp(
      "A further classifier of the same classes: the answer is the mean of all their probabilities; may be given several times.", valueName: "model"))
  var models: [String] = []

  func session(with first: TextClassifier) throws -> TextClassifier.Session {
    try TextClassifier.Session([first] + models.map { try TextClassifier(contentsOf: $0) })
  }
}

/// What is written of a prediction.
private struct PredictionLines {
  private let labels: [String]
  private let isJSON: Bool
  // In JSON, or without what would break a line of the table.
  private let written: [String: String]

  init(_ labels: [String], asJSON: Bool) {
    self.labels = labels
    isJSON = asJSON
    written = Dictionary(uniqueKeysWithValues: labels.map { label in
      (label, asJSON ? StrictJSON.quoted(label) : String(label.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
    })
  }

  func line(_ prediction: TextClassifier.Prediction) -> String {
    let label = written[prediction.label] ?? prediction.label
    guard isJSON else { return "\(label)\t\(HumanFormat.fixed(prediction.probability, 4))\n" }
    let all = zip(labels, prediction.probabilities).map { "\(written[$0] ?? ""):\(HumanFormat.fixed($1, 6))" }
    return "{\"label\":\(label),\"probability\":\(HumanFormat.fixed(prediction.probability, 6)),\"probabilities\":{\(all.joined(separator: ","))}}\n"
  }
}

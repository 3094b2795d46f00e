import ArgumentParser
import RNN

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Teach a network to add, in words, and ask it sums it never saw. Takes less than two minutes.",
    discussion: """
      The text is made by the program: sums such as “forty-two plus seventeen equals fifty-nine”, of numbers below fifty. A fifth of all pairs of \
      numbers never occurs in it. The network learns to write such lines, letter by letter; then it writes until there are \
      200 different sums that were not in the text, and the program counts how many are right. Ends with exit code 1 if \
      fewer than 95% are.

      Example:
        rnn demo
      """)

  @Option(help: ArgumentHelp("All that is drawn at random follows from this number.", valueName: "n"))
  var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: ArgumentHelp("Keep the model.", valueName: "model"))
  var output: String?

  @Flag(help: "No progress on standard error.")
  var quiet = false

  @OptionGroup var threads: ThreadOption
  @OptionGroup var json: JSONOption

  private struct Report: Encodable {
    let lines: Int
    let malformed: Int
    let copies: Int
    let shareOfCopies: Double
    let new: Int
    let right: Int
    let accuracy: Double
    let trainingSeconds: Double
    let passed: Bool
  }

  func run() throws {
    threads.apply()
    let demonstration = SumsDemonstration(seed: seed)
    let corpus = try TextCorpus(Array(demonstration.trainingText.utf8), name: "sums in words")
    var trainer = try TextTrainer(corpus, options: demonstration.options)
    var view = TrainingView(output: nil, isQuiet: quiet)
    if let output { try Files.checkWritable(output) }
    Signals.catchInterruptions()
    let outcome = try trainer.train(shouldStop: { Signals.received != nil }) { try view.show($0, $1) }
    view.end()
    if case .stopped = outcome {
      throw RNNError(Signals.received == 15 ? .terminated : .interrupted, "stopped after step \(trainer.loop.state.step)")
    }
    view.plot(trainer.loop.state.history)
    let model = trainer.model
    if let output { try model.save(to: output) }
    let result = try demonstration.ask(model)
    let passed = result.new == demonstration.count && result.accuracy >= 0.95
    if json.json {
      try Output.json(
        Report(
          lines: result.lines, malformed: result.malformed, copies: result.copies, shareOfCopies: result.shareOfCopies, new: result.new,
          right: result.right, accuracy: result.accuracy, trainingSeconds: trainer.loop.state.seconds, passed: passed))
    } else {
      try show(result, seconds: trainer.loop.state.seconds, wanted: demonstration.count, passed: passed)
    }
    if !passed { throw ExitCode(RNNError.Kind.verification.rawValue) }
  }

  private func show(_ result: SumsDemonstration.Result, seconds: Double, wanted: Int, passed: Bool) throws {
    func percent(_ share: Double) -> String { HumanFormat.fixed(100 * share, 1) + "%" }
    try Output.line("Sums that were not in the training text, as the network wrote them:")
    for line in result.examples.prefix(5) { try Output.line("  \(line)") }
    for line in result.wrong.prefix(3) { try Output.line("  \(line)   (wrong)") }
    try Output.line()
    try Output.write(
      Output.table([
        ("trained", HumanFormat.duration(seconds: seconds)),
        ("lines written", "\(result.lines), of them \(percent(result.shareOfCopies)) sums of the training text, \(result.malformed) no sums"),
        ("new sums", "\(result.new), all different"),
        ("right", "\(result.right) of \(result.new + result.malformed) = \(percent(result.accuracy)) (a line that is no sum counts as wrong)"),
        ("result", passed ? "it can add" : "expected \(wanted) new sums, at least 95% right"),
      ]))
  }
}

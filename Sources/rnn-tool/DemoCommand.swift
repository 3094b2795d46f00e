import ArgumentParser
import RNN

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Teach a network to add, in words, and ask it sums it never saw. Takes less than two minutes.",
    discussion: """
      The text is made by the program: sums such as “forty-two plus seventeen equals fifty-nine”. A fifth of all pairs of \
      numbers never occurs in it. The network learns to write such lines, letter by letter; then the program begins 200 sums \
      of those pairs, lets the network finish them, and counts how many are right. Ends with exit code 1 if fewer than 95% \
      are.

      Example:
        rnn demo
      """)

  @Option(help: ArgumentHelp("All that is drawn at random follows from this number.", valueName: "n"), limit: Limits.seed)
  var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: ArgumentHelp("Keep the model.", valueName: "model"))
  var output: String?

  @Flag(help: "No progress on standard error.")
  var quiet = false

  @OptionGroup var threads: ThreadArguments
  @OptionGroup var json: JSONArguments

  private struct Report: Encodable {
    let asked: Int
    let right: Int
    let accuracy: Double
    let copies: Int
    let freeLines: Int
    let freeShareRight: Double
    let freeShareOfCopies: Double
    let trainingSeconds: Double
    let passed: Bool
  }

  func run() throws {
    threads.apply()
    if let output { try Outputs.announce(model: output) }
    let demonstration = SumsDemonstration(seed: seed)
    let corpus = try TextCorpus(Array(demonstration.trainingText.utf8), name: "sums in words")
    var trainer = try TextTrainer(corpus, options: demonstration.options)
    var view = TrainingView(output: nil, isQuiet: quiet)
    Signals.catchInterruptions()
    defer { view.end() }
    let outcome = try trainer.train(shouldStop: { Signals.received != nil }) { try view.show($0, $1) }
    view.end()
    if case .stopped = outcome {
      throw Interruption("stopped after step \(trainer.loop.state.step)")
    }
    view.plot(trainer)
    let model = trainer.model
    if let output { try model.save(to: output) }
    let result = try demonstration.ask(model)
    let passed = result.answers.count == demonstration.count && result.accuracy >= 0.95
    let seconds = trainer.loop.state.seconds
    let freeShareRight = Double(result.free.right) / Double(max(result.free.lines, 1))
    if json.json {
      try Output.json(
        Report(
          asked: result.answers.count, right: result.right, accuracy: result.accuracy, copies: result.copies,
          freeLines: result.free.lines, freeShareRight: freeShareRight, freeShareOfCopies: result.shareOfCopies,
          trainingSeconds: seconds, passed: passed))
    } else {
      try show(result, seconds: seconds, freeShareRight: freeShareRight, passed: passed)
    }
    if !passed { throw ExitCode(RNNError.Kind.verification.rawValue) }
  }

  private func show(_ result: SumsDemonstration.Result, seconds: Double, freeShareRight: Double, passed: Bool) throws {
    func percent(_ share: Double) -> String { HumanFormat.fixed(100 * share, 1) + "%" }
    try Output.line("Sums of numbers that were never added in the training text; the network wrote what follows “equals”:")
    for answer in result.answers.filter(\.isRight).prefix(5) { try Output.line("  \(answer.line)") }
    for answer in result.answers.filter({ !$0.isRight }).prefix(3) { try Output.line("  \(answer.line)   (wrong)") }
    try Output.line()
    try Output.write(
      Output.table([
        ("trained", HumanFormat.duration(seconds: seconds)),
        ("new sums", "\(result.right) of \(result.answers.count) right = \(percent(result.accuracy)); copies of the training text: \(result.copies)"),
        (
          "free writing",
          "\(result.free.lines) lines, \(percent(freeShareRight)) right; in \(percent(result.shareOfCopies)) the numbers are ones added in the training text"
        ),
        ("result", passed ? "it can add" : "expected at least 95% of the new sums to be right"),
      ]))
  }
}

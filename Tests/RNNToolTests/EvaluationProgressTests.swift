import RNN
import Testing
import rnn_tool

/// What is seen of `rnn evaluate` on a text that takes its time.
@Suite struct EvaluationProgressTests {
  /// What is shown, at times in seconds, of so many of 1000.
  private func shown(
    _ progress: @escaping (Int, Int) -> TrainingProgress, _ moments: [(time: Double, done: Int)], isQuiet: Bool = false
  ) -> String {
    var text = "", time = 100.0
    let reporter = ProgressReporter(terminal: Terminal(isInteractive: false, write: { text += $0 }), now: { time })
    var view = StageView(progress, isQuiet: isQuiet, reporter: reporter, now: { time })
    for moment in moments {
      time = 100 + moment.time
      view.show(moment.done, of: 1000)
    }
    view.end()
    view.end()
    return text
  }

  @Test func linesAfterTheFirstSecond() {
    let moments = [(0.5, 10), (2.0, 200), (4.0, 400), (8.0, 800), (10.0, 1000)]
    #expect(
      shown(TrainingProgress.init(predicting:of:), moments) == """
        20%  200 of 1.0 k tokens  100 tokens/s  8.0 s left
        80%  800 of 1.0 k tokens  100 tokens/s  2.0 s left
        100%  1.0 k of 1.0 k tokens  100 tokens/s  0.0 s left

        """)
    #expect(shown(TrainingProgress.init(reading:of:), [(2.0, 200)]) == "20%  reading 200 bytes of 1.0 kB  100 bytes/s  8.0 s left\n")
    #expect(shown(TrainingProgress.init(predicting:of:), moments, isQuiet: true).isEmpty)
    #expect(shown(TrainingProgress.init(predicting:of:), [(0.1, 500), (0.9, 1000)]).isEmpty)
  }

  /// The model tells how far it is, whatever the rows; and nothing else of the result depends on being told.
  @Test(arguments: [1, 4])
  func tokensPredicted(rows: Int) throws {
    let place = try Workplace()
    let model = try LanguageModel(contentsOf: place.model())
    let corpus = try TextCorpus(Array(Workplace.text.utf8), name: "text")
    var told: [Int] = [], expected: Set<Int> = []
    let result = try model.evaluate(TextSurvey(corpus, tokens: .bytes), rows: rows) {
      told.append($0)
      expected.insert($1)
    }
    #expect(expected == [result.units.tokens] && told.last == result.units.tokens)
    #expect(told.count > 1 && told == told.sorted())
    #expect(try result == model.evaluate(corpus, rows: rows))
  }
}

import RNN

/// How something that may take long goes on, on standard error. Nothing of it is seen in its first second: most ends before.
package struct StageView {
  private let progress: (_ done: Int, _ all: Int) -> TrainingProgress
  private let isQuiet: Bool
  private var reporter: ProgressReporter
  // Seconds since some moment in the past.
  private let now: () -> Double
  private let began: Double

  /// - Parameters:
  ///   - progress: how far it is, in words.
  ///   - now: the time in seconds, by default of a clock that only runs forward.
  package init(
    _ progress: @escaping (_ done: Int, _ all: Int) -> TrainingProgress, isQuiet: Bool, reporter: ProgressReporter? = nil,
    now: (() -> Double)? = nil
  ) {
    self.progress = progress
    self.isQuiet = isQuiet
    self.reporter = reporter ?? (isQuiet ? ProgressReporter() : ProgressReporter(terminal: Heartbeat().watching(.standardError())))
    let clock = ContinuousClock()
    let start = clock.now
    self.now = now ?? { (clock.now - start) / .seconds(1) }
    began = self.now()
  }

  /// - Parameter unit: what is counted.
  init(unit: String, isQuiet: Bool) {
    self.init(
      { done, all in
        var progress = TrainingProgress(predicting: done, of: all)
        progress.unit = unit
        return progress
      }, isQuiet: isQuiet)
  }

  package mutating func show(_ done: Int, of all: Int) {
    let seconds = now() - began
    guard !isQuiet, seconds > 1, done > 0 else { return }
    var progress = progress(done, all)
    progress.rate = Double(done) / seconds
    progress.secondsLeft = seconds * Double(all - done) / Double(done)
    reporter.update(progress)
  }

  package mutating func end() {
    reporter.finish()
    // The heartbeat ends with the reporter that holds it.
    reporter = ProgressReporter()
  }
}

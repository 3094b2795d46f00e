import RNNTestSupport
import RNNTraining
import Testing

/// A terminal that keeps what is written, and a clock that is set by hand.
private final class Recorder {
  var text = ""
  var time = 0.0

  func reporter(isInteractive: Bool, hasColour: Bool = false, columns: Int = 80) -> ProgressReporter {
    ProgressReporter(
      terminal: Terminal(
        isInteractive: isInteractive, hasColour: hasColour, columns: { columns }, write: { self.text += $0 }),
      now: { self.time })
  }
}

private func progress(_ step: Int, of steps: Int? = 200) -> TrainingProgress {
  var progress = TrainingProgress(step: step, steps: steps)
  progress.loss = 1.23456
  progress.bitsPerByte = 1.7811
  progress.rate = 12_360
  progress.secondsLeft = 100
  return progress
}

private let line = "25%  step 50/200  loss 1.2346  1.781 bits/byte  12.4 k tokens/s  1 min 40 s left"

@Suite struct ProgressTests {
  @Test func aTerminalLineIsRedrawnInPlace() {
    let recorder = Recorder()
    var reporter = recorder.reporter(isInteractive: true, columns: 102)
    reporter.update(progress(50))
    #expect(recorder.text == "\r████▊░░░░░░░░░░░░░░  \(line)\u{1B}[K")
    recorder.text = ""
    recorder.time = 0.05
    reporter.update(progress(51))
    #expect(recorder.text == "", "no more than ten times a second")
    recorder.time = 0.1
    reporter.update(progress(52))
    #expect(recorder.text.hasPrefix("\r") && recorder.text.contains("step 52/200"))
    recorder.text = ""
    reporter.update(progress(53))
    reporter.message("saved")
    #expect(recorder.text.hasPrefix("\r\u{1B}[Ksaved\n\r") && recorder.text.contains("step 53/200"))
    recorder.text = ""
    reporter.finish()
    reporter.finish()
    #expect(recorder.text == "\n")
  }

  @Test func aLineNeverExceedsTheTerminal() {
    for columns in [0, 1, 2, 10, 40, 83, 84, 89, 90, 200] {
      let recorder = Recorder()
      var reporter = recorder.reporter(isInteractive: true, columns: columns)
      reporter.update(progress(50))
      let shown = recorder.text.dropFirst().replacing("\u{1B}[K", with: "")
      #expect(shown.count <= max(columns - 1, 0))
      if columns == 40 { #expect(shown == "25%  step 50/200  loss 1.2346  1.781 b…") }
      if columns == 200 { #expect(shown.hasPrefix("███████▌░") && shown.hasSuffix(line)) }
    }
  }

  @Test func colourIsOnlyThereWhenAskedFor() {
    let recorder = Recorder()
    var reporter = recorder.reporter(isInteractive: true, hasColour: true, columns: 102)
    reporter.update(progress(50))
    #expect(recorder.text == "\r\u{1B}[36m████▊░░░░░░░░░░░░░░\u{1B}[0m  \(line)\u{1B}[K")
  }

  @Test func aLogHasAPlainLineEveryFewSeconds() {
    let recorder = Recorder()
    var reporter = recorder.reporter(isInteractive: false)
    for step in 0...50 {
      recorder.time = Double(step) / 5
      reporter.update(TrainingProgress(step: step))
    }
    reporter.message("saved")
    reporter.update(TrainingProgress(step: 51))
    reporter.finish()
    #expect(recorder.text == "step 0\nstep 25\nstep 50\nsaved\nstep 51\n")
  }

  @Test func aRunBoundedByTimeHasNoCountOfSteps() {
    let recorder = Recorder()
    var reporter = recorder.reporter(isInteractive: false)
    var progress = TrainingProgress(step: 7)
    progress.fraction = 0.999
    progress.validationLoss = .nan
    progress.secondsLeft = .infinity
    progress.rate = 3
    progress.unit = "rows"
    reporter.update(progress)
    #expect(recorder.text == "99%  step 7  validation nan  3 rows/s  ? left\n")
  }

  @Test func nothingHappenedIsNothingShown() {
    let recorder = Recorder()
    var reporter = recorder.reporter(isInteractive: true)
    reporter.message("hello")
    reporter.finish()
    #expect(recorder.text == "hello\n")
  }

  // MARK: Formats

  @Test(arguments: [
    (-1, "0.0 s"), (0, "0.0 s"), (0.44, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"),
    (100, "1 min 40 s"), (3599.6, "1 h"), (7500, "2 h 5 min"), (7201, "2 h"), (273_600, "3 d 4 h"), (1e300, "370370 d 8 h"),
    (.infinity, "?"), (.nan, "?"),
  ] as [(Double, String)])
  func durations(_ seconds: Double, _ text: String) {
    #expect(HumanFormat.duration(seconds: seconds) == text)
  }

  @Test(arguments: [
    (0, "0"), (7, "7"), (1.25, "1.2"), (1.35, "1.4"), (99.96, "100"), (999, "999"), (999.6, "1.0 k"), (1300, "1.3 k"), (999_949, "999.9 k"),
    (999_950, "1.0 M"), (1_300_000, "1.3 M"), (2.5e9, "2.5 G"), (3e12, "3.0 T"), (-1300, "-1.3 k"), (.nan, "?"),
  ] as [(Double, String)])
  func counts(_ value: Double, _ text: String) {
    #expect(HumanFormat.count(value) == text)
  }

  @Test func otherNumbers() {
    #expect(HumanFormat.count(1_300_000) == "1.3 M")
    #expect(HumanFormat.rate(12_360, "tokens") == "12.4 k tokens/s")
    #expect(HumanFormat.bytes(1) == "1 byte" && HumanFormat.bytes(512) == "512 bytes" && HumanFormat.bytes(1300) == "1.3 kB")
    #expect(HumanFormat.fixed(-0.04, 1) == "0.0" && HumanFormat.fixed(-0.06, 1) == "-0.1")
    #expect(HumanFormat.fixed(2.5, 0) == "2" && HumanFormat.fixed(3.5, 0) == "4" && HumanFormat.fixed(8.345, 2) == "8.35" && HumanFormat.fixed(1.005, 3) == "1.005" && HumanFormat.fixed(0.05, 2) == "0.05")
    #expect(HumanFormat.fixed(.infinity, 2) == "inf" && HumanFormat.fixed(-.infinity, 2) == "-inf")
    #expect(HumanFormat.fixed(1e300, 4) == "1e+300")
  }
}

import RNNTasks
import Testing

@Suite struct CheckpointIntervalTests {
  /// Writing takes a thirtieth of the time at most; where it takes less than a second, at most half a minute of work is lost.
  @Test func followsWhatWritingTakes() {
    var interval = CheckpointInterval(nil)
    #expect(interval.seconds == 15)
    for (duration, seconds) in [(0.01, 15.0), (0.5, 15), (0.9, 27), (1, 30), (4, 120), (0.2, 15), (100, 600)] {
      interval.wrote(in: duration)
      #expect(abs(interval.seconds - seconds) < 1e-9, "\(duration) s of writing: \(interval.seconds)")
    }
  }

  @Test func whatIsAskedForIsObeyed() {
    for given in [0, 0.5, 40] {
      var interval = CheckpointInterval(given)
      interval.wrote(in: 7)
      #expect(interval.seconds == given)
    }
  }
}

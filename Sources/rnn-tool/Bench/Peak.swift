import CRNNKernels
import RNN
import Synchronization

/// How many float32 operations a second some threads of this machine do in multiply-adds on registers and nothing else, with
/// one instruction set: what every other figure is a share of.
package struct BenchPeak: Hashable, Sendable, Encodable {
  package let instructionSet: String
  package let threads: Int
  package let gflopPerSecond: Double

  package init(instructionSet: String, threads: Int, gflopPerSecond: Double) {
    self.instructionSet = instructionSet
    self.threads = threads
    self.gflopPerSecond = gflopPerSecond
  }

  /// The peaks of one core and of all threads, for every instruction set of this processor, the widest first. Takes a second, and
  /// a few where there are many more threads than cores.
  ///
  /// - Parameter report: called with the number of bursts so far and of all.
  package static func all(threads: Int, report: (_ done: Int, _ all: Int) -> Void = { _, _ in }) -> [BenchPeak] {
    let before = Threads.count
    defer { Threads.count = before }
    let kinds = [RNN_ISA_AVX512, RNN_ISA_AVX2, RNN_ISA_NEON, RNN_ISA_PLAIN].filter(rnn_isa_available).flatMap { isa in
      let rounds = roundsOfBurst(isa)
      return (threads == 1 ? [1] : [1, threads]).map { (isa: isa, rounds: rounds, threads: $0) }
    }
    var best = [Double](repeating: 0, count: kinds.count)
    // What else the machine does can only take away: the best burst counts. Turn by turn, so that it doesn't meet one alone.
    let clock = ContinuousClock(), deadline = clock.now + .seconds(mostSeconds), all = turns * kinds.count * bursts
    for turn in 0..<turns {
      for (k, kind) in kinds.enumerated() {
        for number in 0..<bursts where best[k] == 0 || clock.now < deadline {
          best[k] = max(best[k], burst(kind.isa, rounds: kind.rounds, threads: kind.threads).speed)
          report((turn * kinds.count + k) * bursts + number + 1, all)
        }
      }
    }
    return zip(kinds, best).map { kind, speed in
      BenchPeak(instructionSet: String(cString: rnn_isa_name(kind.isa)), threads: kind.threads, gflopPerSecond: speed / 1e9)
    }
  }

  private static let turns = 10, bursts = 20, burstSeconds = 0.001, mostSeconds = 3.0

  /// The rounds of a burst that takes a millisecond or two.
  private static func roundsOfBurst(_ isa: rnn_isa) -> Int32 {
    var rounds: Int32 = 1000
    while rounds < 1 << 28 {
      if (0..<5).allSatisfy({ _ in burst(isa, rounds: rounds, threads: 1).seconds >= burstSeconds }) { break }
      rounds *= 2
    }
    return rounds
  }

  /// Operations a second of all threads together, and the time it took from the first one's start to the last one's end.
  private static func burst(_ isa: rnn_isa, rounds: Int32, threads: Int) -> (speed: Double, seconds: Double) {
    Threads.count = threads
    let meeting = Meeting(of: threads), clock = ContinuousClock(), start = clock.now
    var parts = [(operations: Double, began: Duration, ended: Duration)](repeating: (0, .zero, .zero), count: threads)
    parts.withUnsafeMutableBufferPointer { parts in
      Threads.parallel(threads) { thread in
        // Each thread has its own choice.
        let before = rnn_isa_current()
        guard rnn_isa_select(isa) else { return }
        meeting.arrive()
        let began = clock.now - start
        var sum: Float = 0
        let operations = rnn_peak(rounds, &sum)
        parts[thread] = (operations, began, clock.now - start)
        _ = rnn_isa_select(before)
      }
    }
    let began = parts.map(\.began).min() ?? .zero, ended = parts.map(\.ended).max() ?? .zero
    let seconds = (ended - began) / .seconds(1)
    return (parts.reduce(0) { $0 + $1.operations } / seconds, seconds)
  }

  /// Holds each thread until all have come: a thread that is still waking up would leave its part to another one. Not for ever,
  /// for a thread may never come.
  private final class Meeting: Sendable {
    private let missing: Atomic<Int>

    init(of threads: Int) { missing = Atomic(threads) }

    func arrive() {
      missing.subtract(1, ordering: .sequentiallyConsistent)
      let clock = ContinuousClock(), deadline = clock.now + .milliseconds(5)
      while missing.load(ordering: .sequentiallyConsistent) > 0, clock.now < deadline {}
    }
  }

  /// The peak of the instruction set that the kernels use, on as many threads as they use.
  static func inUse(_ peaks: [BenchPeak]) throws(RNNError) -> BenchPeak {
    let name = String(cString: rnn_isa_name(rnn_isa_current()))
    guard let peak = peaks.first(where: { $0.instructionSet == name && $0.threads == Threads.count }) else {
      throw RNNError(.software, "the peak of \(name) on \(Threads.count) threads was not measured")
    }
    return peak
  }
}

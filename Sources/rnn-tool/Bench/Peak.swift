import CRNNKernels
import RNN

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

  /// Measures; a tenth of a second.
  private init(_ isa: rnn_isa, threads: Int) {
    instructionSet = String(cString: rnn_isa_name(isa))
    self.threads = threads
    let before = Threads.count
    Threads.count = threads
    defer { Threads.count = before }
    // A burst of a few milliseconds. The best one counts: what else the machine does can only take away from it.
    var rounds = 1000.0, best = 0.0
    while true {
      let seconds = Self.burst(isa, rounds: Int32(rounds), threads: threads).seconds
      if seconds >= Self.burstSeconds / 2 || rounds >= 1e9 { break }
      rounds = min(rounds * min(Self.burstSeconds / max(seconds, 1e-6), 10), 1e9)
    }
    for _ in 0..<Self.bursts {
      let burst = Self.burst(isa, rounds: Int32(rounds), threads: threads)
      best = max(best, burst.operations / burst.seconds)
    }
    gflopPerSecond = best / 1e9
  }

  private static let bursts = 25, burstSeconds = 0.004

  private static func burst(_ isa: rnn_isa, rounds: Int32, threads: Int) -> (operations: Double, seconds: Double) {
    var operations = [Double](repeating: 0, count: threads)
    let time = operations.withUnsafeMutableBufferPointer { operations in
      ContinuousClock().measure {
        Threads.parallel(threads) { thread in
          // Each thread has its own choice.
          let before = rnn_isa_current()
          guard rnn_isa_select(isa) else { return }
          var sum: Float = 0
          operations[thread] = rnn_peak(rounds, &sum)
          _ = rnn_isa_select(before)
        }
      }
    }
    return (operations.reduce(0, +), time / .seconds(1))
  }

  /// The peaks of one core and of all threads, for every instruction set of this processor, the widest first.
  package static func all(threads: Int) -> [BenchPeak] {
    [RNN_ISA_AVX512, RNN_ISA_AVX2, RNN_ISA_NEON, RNN_ISA_PLAIN].filter(rnn_isa_available).flatMap { isa in
      (threads == 1 ? [1] : [1, threads]).map { BenchPeak(isa, threads: $0) }
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

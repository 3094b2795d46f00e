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

  /// Measures; two tenths of a second.
  private init(_ isa: rnn_isa, threads: Int) {
    instructionSet = String(cString: rnn_isa_name(isa))
    self.threads = threads
    let before = Threads.count
    defer { Threads.count = before }
    // Bursts of a millisecond. The best one counts: what else the machine does can only take away from it.
    Threads.count = 1
    var rounds: Int32 = 1000
    while rounds < 1 << 28, Self.burst(isa, rounds: rounds, threads: 1, of: 5).seconds < Self.burstSeconds { rounds *= 2 }
    Threads.count = threads
    let best = Self.burst(isa, rounds: rounds, threads: threads, of: Self.bursts)
    gflopPerSecond = best.operations / best.seconds / 1e9
  }

  private static let bursts = 200, burstSeconds = 0.001

  /// The shortest of so many bursts.
  private static func burst(_ isa: rnn_isa, rounds: Int32, threads: Int, of count: Int) -> (operations: Double, seconds: Double) {
    var shortest = (operations: 0.0, seconds: Double.infinity)
    for _ in 0..<count {
      let one = burst(isa, rounds: rounds, threads: threads)
      if one.seconds < shortest.seconds { shortest = one }
    }
    return shortest
  }

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

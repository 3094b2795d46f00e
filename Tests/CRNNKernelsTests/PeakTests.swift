import CRNNKernels
import Testing

extension Kernels {
  @Suite struct Peak {
    /// Every sum is halved and raised by one in each round, so all of them end at exactly 2: their total says how many there
    /// were, and the operations counted must be those of so many.
    @Test func operationsAreThoseThatWereDone() {
      withEachInstructionSet { isa in
        var total: Float = 0
        #expect(rnn_peak(0, &total) == 0)
        for rounds in [100, 1000] as [Int32] {
          let operations = rnn_peak(rounds, &total)
          #expect(total > 0 && operations == Double(rounds) * Double(total), "\(isa.name)")
        }
      }
    }
  }
}

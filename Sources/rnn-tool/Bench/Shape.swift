import ArgumentParser
import RNN

/// What a call does.
package enum BenchMode: String, CaseIterable, Sendable, Codable, ExpressibleByArgument {
  /// Forward from given inputs, then backward from a given gradient of every output to the gradients of the inputs, of the
  /// initial states and of all parameters; the parameters packed anew.
  case train
  /// Forward, with packed parameters.
  case infer
  /// One step of one sequence, with packed parameters, as it comes in.
  case step

  /// How often it does the operations of the forward run.
  var passes: Int { self == .train ? 3 : 1 }
}

/// The sizes of what is measured.
package struct BenchShape: Hashable, Sendable {
  /// T
  package var sequenceLength: Int
  /// B
  package var batch: Int
  /// I
  package var input: Int
  /// H
  package var hidden: Int

  package init(sequenceLength: Int, batch: Int, input: Int, hidden: Int) {
    self.sequenceLength = sequenceLength
    self.batch = batch
    self.input = input
    self.hidden = hidden
  }

  /// What is measured where no sizes are given: streams, a lone sequence, and batches from small to large.
  package static let grid: [(shape: BenchShape, modes: [BenchMode])] = [
    (BenchShape(sequenceLength: 1, batch: 1, input: 64, hidden: 64), [.infer, .step]),
    (BenchShape(sequenceLength: 1, batch: 1, input: 256, hidden: 256), [.infer, .step]),
    (BenchShape(sequenceLength: 100, batch: 1, input: 128, hidden: 128), [.infer, .train]),
    (BenchShape(sequenceLength: 100, batch: 32, input: 128, hidden: 256), [.infer, .train]),
    (BenchShape(sequenceLength: 35, batch: 20, input: 650, hidden: 650), [.infer, .train]),
    (BenchShape(sequenceLength: 100, batch: 64, input: 512, hidden: 512), [.infer, .train]),
    (BenchShape(sequenceLength: 128, batch: 128, input: 64, hidden: 128), [.infer, .train]),
  ]

  /// Whether a call is one step of one sequence.
  package var isStep: Bool { sequenceLength == 1 && batch == 1 }

  private static let mostSteps = 100_000, mostRows = 100_000, mostUnits = 4096, mostNumbers = 1 << 27

  /// Throws `.usage` for sizes that can't be, or whose sequences would take gigabytes.
  package func check(for mode: BenchMode) throws(RNNError) {
    let limits = [
      ("sequence-length", sequenceLength, Self.mostSteps), ("batch", batch, Self.mostRows), ("input", input, Self.mostUnits),
      ("hidden", hidden, Self.mostUnits),
    ]
    for (name, value, most) in limits where !(1...most).contains(value) {
      throw RNNError(.usage, "--\(name) is a number from 1 to \(most), not \(value)")
    }
    if mode == .step, !isStep {
      throw RNNError(.usage, "a step is one step of one sequence: with --mode step, --sequence-length and --batch are 1")
    }
    // None of the factors is large enough for the product to overflow.
    let numbers = sequenceLength * batch * (input + hidden)
    if numbers > Self.mostNumbers {
      throw RNNError(.usage, "sequences of \(numbers) numbers are too many to measure; expected at most \(Self.mostNumbers) (steps × rows × units)")
    }
  }

  /// The floating-point operations of a call: those of the matrix products; forward and backward are three times forward.
  package func operations(of cell: Cell, mode: BenchMode) -> Int {
    sequenceLength * batch * cell.graph.productOperations(CellSizes(cell, inputs: input, hidden: hidden)) * mode.passes
  }
}

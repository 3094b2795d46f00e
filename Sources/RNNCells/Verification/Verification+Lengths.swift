import RNNTensor

extension Verification {
  /// Rows of different lengths in one batch, forward and backward, in both directions, each against the row alone. What stands
  /// behind a row's end is NaN, which must not be read; zeros come out there, and more of it must not move a gradient.
  ///
  /// - Parameter lengths: those of the rows, from 0 to `steps`; some of both and between if nil.
  public func paddedAgainstAlone(lengths: [Int]? = nil) -> Check {
    let lengths = lengths ?? (0..<batch).map { $0 == 1 ? steps : $0 == 2 ? 0 : steps * ($0 + 2) / (batch + 2) }
    let packed = engine.pack(parameters, forTraining: true)
    var worst = 0.0
    for reversed in [false, true] {
      let padded = [0, 2].map { more in
        TrainedRun(
          engine, packed, inputs: inputs.map { Self.padded($0, lengths, to: steps + more) }, initial: initial, lengths: lengths,
          reversed: reversed, outputGradient: Self.padded(outputGradient, lengths, to: steps + more), stateGradients: stateGradients)
      }
      worst += Self.differences(padded[0].parameters, padded[1].parameters)
      for b in 0..<batch {
        func own(_ rows: [Tensor]) -> [Tensor] { rows.map { Self.row($0, b) } }
        func ownSteps(_ sequences: [Tensor]) -> [Tensor] { sequences.map { Self.steps($0, row: b, lengths[b], reversed: reversed) } }
        let alone = TrainedRun(
          engine, packed, inputs: ownSteps(inputs), initial: own(initial), row: b, outputGradient: ownSteps([outputGradient])[0],
          stateGradients: own(stateGradients))
        for run in padded {
          worst += Self.differences(ownSteps(run.sequences), alone.sequences)
          worst += Self.differences(own(run.rows), alone.rows)
          worst += run.sequences.reduce(0) { $0 + Self.notZero($1, row: b, from: lengths[b]) }
        }
      }
    }
    return Check(name: "padded = alone, both directions", measure: "numbers that differ in any bit", error: worst, bound: 0)
  }

  /// Everything that a run in training gives.
  private struct TrainedRun {
    /// The output and the gradients of the inputs.
    let sequences: [Tensor]
    /// The final states and the gradients of the initial ones.
    let rows: [Tensor]
    let parameters: [Tensor]

    init(
      _ engine: CellEngine, _ packed: CellEngine.Packed, inputs: [Tensor], initial: [Tensor], lengths: [Int]? = nil,
      reversed: Bool = false, row: Int = 0, outputGradient: Tensor, stateGradients: [Tensor]
    ) {
      let result = engine.run(packed, inputs: inputs, initial: initial, lengths: lengths, reversed: reversed, masks: .init(row: row))
      guard let trace = result.trace else { preconditionFailure("a training run leaves a trace") }
      let gradients = engine.backward(trace, output: outputGradient, states: stateGradients)
      sequences = [result.output] + gradients.inputs.compactMap(\.self)
      rows = result.states + gradients.initialStates
      parameters = gradients.parameters
    }
  }

  /// A sequence in so many steps, with NaN behind each row's end.
  private static func padded(_ tensor: Tensor, _ lengths: [Int], to count: Int) -> Tensor {
    let batch = tensor.shape[1], units = tensor.shape[2]
    var values: [Float] = []
    for t in 0..<count {
      for b in 0..<batch {
        for j in 0..<units { values.append(t < lengths[b] ? tensor[t, b, j] : .nan) }
      }
    }
    return Tensor(values, shape: [count, batch, units])
  }

  /// One row of a sequence, over its own steps in the order in which they are run.
  private static func steps(_ tensor: Tensor, row: Int, _ count: Int, reversed: Bool) -> Tensor {
    let units = tensor.shape[2]
    var values: [Float] = []
    for t in 0..<count {
      for j in 0..<units { values.append(tensor[reversed ? count - 1 - t : t, row, j]) }
    }
    return Tensor(values, shape: [count, 1, units])
  }

  private static func row(_ tensor: Tensor, _ b: Int) -> Tensor {
    Tensor((0..<tensor.shape[1]).map { tensor[b, $0] }, shape: [1, tensor.shape[1]])
  }

  /// How many numbers of a row are not zero from step `end` on.
  private static func notZero(_ tensor: Tensor, row: Int, from end: Int) -> Double {
    var count = 0.0
    for t in end..<tensor.shape[0] {
      for j in 0..<tensor.shape[2] where tensor[t, row, j].bitPattern != 0 { count += 1 }
    }
    return count
  }
}

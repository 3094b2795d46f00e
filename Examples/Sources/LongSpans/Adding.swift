import RNN

/// The adding problem (Hochreiter & Schmidhuber 1997, in the form of Le, Jaitly & Hinton 2015): at each step a number from 0 to 1
/// and a marker; two steps are marked, one in each half; what comes out at the end is to be the sum of the two numbers.
///
/// Who always says 1, the mean, has the squared error 1/6.
struct Adding: LongSpanTask {
  let updates = 2000
  let learningRate = 3e-3
  private let steps = 200
  private let stack: RecurrentStack
  private let output: Linear

  init(cell: Cell) throws {
    stack = try RecurrentStack("rnn", cell: cell, inputs: 2, hidden: 64)
    output = Linear("output", inputs: stack.outputSize, outputs: 1)
  }

  func initialWeights(using random: inout Philox) throws -> Weights {
    var weights = Weights()
    try stack.initial(into: &weights, using: &random, .init(span: steps, orthogonal: true))
    try output.initial(into: &weights, using: &random)
    return weights
  }

  /// Numbers and markers `[T, B, 2]`, sums `[B, 1]`.
  private func batch(rows: Int, using random: inout Philox) -> (inputs: Variable, sums: Variable) {
    let numbers = Tensor(uniform: 0..<1, shape: [steps, rows, 1], using: &random)
    var markers = Tensor(zeros: numbers.shape)
    var sums = Tensor(zeros: [rows, 1])
    for row in 0..<rows {
      for half in [0..<steps / 2, steps / 2..<steps] {
        let step = Int.random(in: half, using: &random)
        markers[step, row, 0] = 1
        sums[row, 0] += numbers[step, row, 0]
      }
    }
    return (concatenate([Variable(numbers), Variable(markers)], axis: 2), Variable(sums))
  }

  private func squaredError(rows: Int, _ weights: TapedWeights, using random: inout Philox) -> Variable {
    let (inputs, sums) = batch(rows: rows, using: &random)
    let states = stack(inputs, weights).output
    return Losses.meanSquaredError(output(stack.pool(states, .last), weights), sums)
  }

  func loss(_ weights: TapedWeights, using random: inout Philox) -> Variable {
    squaredError(rows: 64, weights, using: &random)
  }

  func measure(_ weights: TapedWeights, isEnd: Bool, using random: inout Philox) -> Measurement {
    let error = Double(squaredError(rows: isEnd ? 2000 : 500, weights, using: &random).value.item)
    return Measurement(description: "mean squared error \(figures(error)), without memory \(figures(1.0 / 6))", isSolved: error < 0.01)
  }
}

import Foundation
import RNN

/// The copying problem (Hochreiter & Schmidhuber 1997, in the form of Arjovsky, Shah & Bengio 2016): ten symbols of eight, a long
/// blank, a signal, and then the ten symbols are to be said again.
///
/// Who remembers nothing says blanks until the signal and then guesses: 10 ln 8 / (T + 20) nats a step.
struct Copying: LongSpanTask {
  let updates = 14000
  let learningRate = 0.01
  private let blanks = 100
  private let symbols = 10, alphabet = 8
  private let embedding: Embedding
  private let stack: RecurrentStack
  private let output: Linear
  private var steps: Int { blanks + 2 * symbols }

  init(cell: Cell) throws {
    // The alphabet, the blank, the signal; the signal is never an answer.
    embedding = Embedding("embedding", count: alphabet + 2, size: 16)
    stack = try RecurrentStack("rnn", cell: cell, inputs: embedding.size, hidden: 128)
    output = Linear("output", inputs: stack.outputSize, outputs: alphabet + 1)
  }

  func initialWeights(using random: inout Philox) throws -> Weights {
    var weights = Weights()
    try embedding.initial(into: &weights, using: &random)
    try stack.initial(into: &weights, using: &random, .init(span: steps, orthogonal: true))
    try output.initial(into: &weights, using: &random)
    return weights
  }

  /// Both `[T, B]`, row-major.
  private func batch(rows: Int, using random: inout Philox) -> (inputs: [Int32], targets: [Int32]) {
    let (blank, signal) = (Int32(alphabet), Int32(alphabet + 1))
    let said = (0..<symbols * rows).map { _ in Int32.random(in: 0..<blank, using: &random) }
    func repeated(_ symbol: Int32, _ steps: Int) -> [Int32] { Array(repeating: symbol, count: steps * rows) }
    return (
      said + repeated(blank, blanks - 1) + repeated(signal, 1) + repeated(blank, symbols),
      repeated(blank, symbols + blanks) + said
    )
  }

  /// Logits `[T, B, 9]`.
  private func answers(_ inputs: [Int32], rows: Int, _ weights: TapedWeights) -> Variable {
    output(stack(embedding(inputs, shape: [steps, rows], weights), weights).output, weights)
  }

  func loss(_ weights: TapedWeights, using random: inout Philox) -> Variable {
    let (inputs, targets) = batch(rows: 32, using: &random)
    return Losses.crossEntropy(answers(inputs, rows: 32, weights), targets).mean
  }

  func measure(_ weights: TapedWeights, isEnd: Bool, using random: inout Philox) -> Measurement {
    let rows = isEnd ? 2000 : 200
    let (inputs, targets) = batch(rows: rows, using: &random)
    let logits = answers(inputs, rows: rows, weights)
    let loss = Double(Losses.crossEntropy(logits, targets).mean.value.item)
    let said = logits.slice(axis: 0, steps - symbols..<steps).value
    let right = Double(countRight(said, targets.suffix(symbols * rows))) / Double(symbols * rows)
    let memoryless = Double(symbols) * log(Double(alphabet)) / Double(steps)
    return Measurement(
      description: "\(figures(loss)) nats a step, without memory \(figures(memoryless)); \(percent(right)) of the symbols right, by chance \(percent(1 / Double(alphabet)))",
      isSolved: loss < memoryless / 10 && right >= 0.99)
  }
}

import RNNCells
import RNNData
import RNNLayers
import RNNTasks
import RNNTensor
import RNNTestSupport
import RNNTraining
import Testing

/// Training in segments against training the whole: a mask of another time, a state that lost its gradient, a sum that
/// began anew at a border would all still train, only otherwise.
@Suite struct SegmentTests {
  /// Masks of its own, per step and per sequence, and the step's index.
  private static let zoned = Cell("zoned", state: "h", "c") { x, s, W, b in
    let i = sigmoid(W.xi * x + W.hi * dropout(s.h, rate: 0.2, perSequence: true) + b.i)
    let g = tanh(W.xg * x + W.hg * s.h + b.g + s.step * 0.01)
    let c = zoneout((1 - i) * s.c + i * g, s.c, rate: 0.3)
    return ["h": tanh(c), "c": c]
  }

  /// One matrix at two places of a step.
  private static let twice = Cell("twice", state: "h") { x, s, W, b in ["h": tanh(W.xh * x + W.hh * (s.h + W.hh * s.h) + b.h)] }

  struct Case: CustomTestStringConvertible, Sendable {
    let cell: Cell
    let layers: Int
    let rows: Int
    var testDescription: String { "\(cell.name), \(layers) layers, \(rows) rows" }
  }

  static let cases: [Case] = [Cell.rnn, .lstm, .gru, .lstmLayerNorm, .lstmProjection, zoned, twice].flatMap { cell in
    [1, 2].flatMap { layers in [1, 5].map { Case(cell: cell, layers: layers, rows: $0) } }
  }

  private let length = 23

  @Test(arguments: cases)
  func segmentsGiveTheSameBits(_ test: Case) throws {
    let model = try LanguageModel(
      .init(
        cell: test.cell, hidden: 19, layers: test.layers, embedding: 6, dropout: 0.3,
        sizes: test.cell.graph.sizeNames.contains("projection") ? ["projection": 11] : [:]),
      tokenizer: .bytes)
    var random = Philox(seed: 4)
    let tokens = (0..<length * test.rows).map { _ in Int32(random.next() % 256) }
    let targets = tokens.indices.map { $0 % 11 == 5 ? -1 : tokens[$0] / 2 }
    let initial = model.stack.initialStates(batch: test.rows).map { layer in
      layer.map { Tensor(normalMean: 0, deviation: 0.5, shape: $0.shape, using: &random) }
    }
    func run(_ segments: [Int], threads: Int) -> (Tensor, Weights, RecurrentStack.States) {
      withThreads(threads) {
        var states: RecurrentStack.States = []
        let (loss, gradient) = valueAndGradient(of: model.weights) { weights in
          let loss = model.loss(
            tokens, targets: targets, rows: test.rows, weights, initial: initial, key: DropoutKey(seed: 3, step: 8),
            segments: Segments(segments))
          states = loss.states
          return loss.mean
        }
        return (loss, gradient, states)
      }
    }
    let whole = run([], threads: 1)
    #expect(whole.1.count == model.weights.count)
    for (segments, threads) in [([1], 1), ([3], 3), ([7], 1), ([22], 3), ([23], 1), ([6, 2], 1), ([9, 4, 1], 3), ([], 3)] {
      let parts = run(segments, threads: threads)
      #expect(parts.0 == whole.0, "the loss in segments of \(segments)")
      #expect(parts.2 == whole.2, "the states in segments of \(segments)")
      for name in whole.1.names { #expect(parts.1[name] == whole.1[name], "\(name) in segments of \(segments)") }
    }
  }

  @Test func tooLittleMemoryIsAnErrorThatSaysHowMuchIsNeeded() throws {
    let text = try TextCorpus(Array(String(repeating: "one two three.\n", count: 200).utf8), name: "text")
    let error = #expect(throws: RNNError.self) {
      try TextTrainer(text, options: TextTrainingOptions(hidden: 8, sequenceLength: 100, memory: 1_000_000, training: .init(budget: .steps(1))))
    }
    #expect(error?.kind == .usage)
    #expect(error?.message.hasPrefix("1 MB of memory are too little for this training: it needs ") == true, "\(error?.message ?? "")")
  }

  @Test func whatFitsIsNotCut() throws {
    let text = try TextCorpus(Array(String(repeating: "one two three.\n", count: 200).utf8), name: "text")
    let trainer = try TextTrainer(text, options: TextTrainingOptions(hidden: 8, sequenceLength: 100, memory: 64 << 30, training: .init(budget: .steps(1))))
    #expect(trainer.loop.task.segments == Segments())
  }
}

import RNN

/// The speed of a cell in one shape and mode.
package struct BenchMeasurement: Sendable, Encodable {
  package let cell: String
  package let sequenceLength: Int
  package let batch: Int
  package let input: Int
  package let hidden: Int
  package let mode: BenchMode
  package let threads: Int
  /// The rounds measured.
  package let rounds: Int
  /// The time of a call: the median of the rounds.
  package let seconds: Double
  /// Floating-point operations of a call, those of the matrix products.
  package let operations: Int
  package let gflopPerSecond: Double
  /// 1 is the peak of the instruction set and the threads in use.
  package let shareOfPeak: Double
  /// What a call keeps for the way back, in bytes for each step and row: 0 where there is none.
  package let keptBytesPerStepAndRow: Int

  package init(
    _ cell: Cell, _ shape: BenchShape, _ mode: BenchMode, peak: BenchPeak, seconds: Double, rounds: Int, keptBytesPerStepAndRow: Int
  ) {
    self.cell = cell.name
    sequenceLength = shape.sequenceLength
    batch = shape.batch
    input = shape.input
    hidden = shape.hidden
    self.mode = mode
    threads = peak.threads
    self.rounds = rounds
    self.seconds = seconds
    operations = shape.operations(of: cell, mode: mode)
    gflopPerSecond = Double(operations) / seconds / 1e9
    shareOfPeak = gflopPerSecond / peak.gflopPerSecond
    self.keptBytesPerStepAndRow = keptBytesPerStepAndRow
  }

  /// Measures for about `duration` seconds, on as many threads as the peak is of.
  ///
  /// Throws `.usage` if the cell or the sizes can't be.
  package init(measuring cell: Cell, _ shape: BenchShape, _ mode: BenchMode, peak: BenchPeak, duration: Double) throws(RNNError) {
    try shape.check(for: mode)
    let before = Threads.count
    Threads.count = peak.threads
    defer { Threads.count = before }
    let engine = try CellEngine(cell, sizes: CellSizes(cell, inputs: shape.input, hidden: shape.hidden))
    let time = Self.time(of: Self.call(engine, shape, mode), duration: duration)
    self.init(
      cell, shape, mode, peak: peak, seconds: time.seconds, rounds: time.rounds,
      keptBytesPerStepAndRow: mode == .train ? engine.keptBytesPerStepAndRow : 0)
  }

  /// What is measured, with all that it reads at hand.
  private static func call(_ engine: CellEngine, _ shape: BenchShape, _ mode: BenchMode) -> () -> Void {
    let graph = engine.cell.graph
    let (steps, batch) = (shape.sequenceLength, shape.batch)
    var random = Philox(seed: 1)
    let reach = 1 / Float(shape.hidden).squareRoot()
    let parameters = engine.parameters.map { Tensor(uniform: -reach..<reach, shape: engine.shape(of: $0), using: &random) }
    let inputs = graph.inputs.indices.map {
      Tensor(uniform: -1..<1, shape: [steps, batch, engine.sizes[graph.inputSize($0)]], using: &random)
    }
    let initial = engine.initialStates(batch: batch)
    switch mode {
    case .train:
      let gradient = Tensor(uniform: -1..<1, shape: [steps, batch, engine.outputSize], using: &random)
      return {
        let result = engine.run(engine.pack(parameters, forTraining: true), inputs: inputs, initial: initial)
        guard let trace = result.trace else { preconditionFailure("a run of parameters packed for training leaves a trace") }
        _ = engine.backward(trace, output: gradient)
      }
    case .infer:
      let packed = engine.pack(parameters)
      return { _ = engine.run(packed, inputs: inputs, initial: initial) }
    case .step:
      let stepper = CellStepper(engine, engine.pack(parameters))
      let rows = inputs.map(\.values)
      return {
        for (i, row) in rows.enumerated() { stepper.withInput(i) { _ = $0.update(fromContentsOf: row) } }
        stepper.step { _ in }
      }
    }
  }

  private static let fewestRounds = 3, mostRounds = 50.0

  /// The median time of a call over rounds that together take `duration` seconds or longer, after a quarter of that for
  /// caches, threads and the clock to settle. A round is one call, or as many as it takes to be measured well.
  static func time(of call: () -> Void, duration: Double) -> (seconds: Double, rounds: Int) {
    let clock = ContinuousClock()
    func seconds(_ calls: Int) -> Double {
      clock.measure { for _ in 0..<calls { call() } } / .seconds(1) / Double(calls)
    }
    let start = clock.now
    func elapsed() -> Double { (clock.now - start) / .seconds(1) }
    var calls = 1, last = seconds(1)
    while elapsed() < duration / 4 {
      calls = max(1, Int(min(duration / mostRounds / max(last, 1e-9), 1e6)))
      last = seconds(calls)
    }
    var rounds: [Double] = []
    while rounds.count < fewestRounds || elapsed() < duration * 1.25 { rounds.append(seconds(calls)) }
    rounds.sort()
    return ((rounds[rounds.count / 2] + rounds[(rounds.count - 1) / 2]) / 2, rounds.count)
  }
}

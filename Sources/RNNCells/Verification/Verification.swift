import CRNNKernels
public import RNNTensor

/// One row of a verification: what was compared, how far apart the two were, and how far they may be.
public struct Check: Sendable, Codable {
  public let name: String
  /// What the error measures.
  public let measure: String
  public let error: Double
  public let bound: Double

  public init(name: String, measure: String, error: Double, bound: Double) {
    self.name = name
    self.measure = measure
    self.error = error
    self.bound = bound
  }

  public var passed: Bool { error <= bound }
}

/// What must hold of every cell, whatever its equations: the derivative is the derivative, the fast engine computes the
/// equations, and it makes no difference how a sequence is cut.
public struct Verification: Sendable {
  public let cell: Cell
  public let sizes: CellSizes
  public let steps: Int
  public let batch: Int
  let engine: CellEngine
  let evaluation: Evaluation
  let parameters: [Tensor]
  let inputs: [Tensor]
  let initial: [Tensor]
  let outputGradient: Tensor
  let stateGradients: [Tensor]

  /// - Parameters:
  ///   - parameters: in the order of ``CellEngine/parameters``; random ones if nil.
  ///   - inputs: one `[T, B, I]` for each input; random ones if nil.
  public init(
    _ cell: Cell, sizes: CellSizes, steps: Int = 5, batch: Int = 3, seed: UInt64 = 1, parameters: [Tensor]? = nil, inputs: [Tensor]? = nil
  ) throws(RNNError) {
    self.cell = cell
    self.sizes = sizes
    self.steps = steps
    self.batch = batch
    engine = try CellEngine(cell, sizes: sizes)
    evaluation = try Evaluation(cell, sizes: sizes)
    var random = Philox(seed: seed)
    let engine = engine
    // Wide enough that gates leave their linear range, narrow enough that they don't saturate.
    self.parameters = parameters ?? engine.parameters.map { parameter in
      let shape = engine.shape(of: parameter)
      let reach = parameter.isMatrix ? 1.5 / Float(max(shape[1], 1)).squareRoot() : 0.8
      return Tensor(uniform: -reach..<reach, shape: shape, using: &random)
    }
    self.inputs = inputs ?? cell.graph.inputs.indices.map {
      Tensor(normalMean: 0, deviation: 1, shape: [steps, batch, sizes[cell.graph.inputSize($0)]], using: &random)
    }
    let scale = 0.5 as Float
    initial = engine.initialStates(batch: batch).map { zero in
      var state = Tensor(normalMean: 0, deviation: scale, shape: zero.shape, using: &random)
      state.withUnsafeMutableBufferPointer { s in zero.withUnsafeBufferPointer { z in for i in s.indices { s[i] += z[i] } } }
      return state
    }
    outputGradient = Tensor(normalMean: 0, deviation: 1, shape: [steps, batch, engine.outputSize], using: &random)
    stateGradients = engine.stateSizes.map { Tensor(normalMean: 0, deviation: 1, shape: [batch, $0], using: &random) }
  }

  /// All rows.
  ///
  /// - Parameter progress: hears after each row how many of how many are done.
  public func run(progress: (_ done: Int, _ all: Int) -> Void = { _, _ in }) -> [Check] {
    let rows = [
      derivative, forwardAgainstPlain, backwardAgainstPlain, wholeAgainstSteps, wholeAgainstStepper, wholeAgainstChunks, gradientAgainstSegments,
      rowAgainstBatch, { paddedAgainstAlone() }, noStateAgainstInitial, oneThreadAgainstMore,
    ]
    return rows.enumerated().map { index, row in
      let check = row()
      progress(index + 1, rows.count)
      return check
    }
  }

  // MARK: In Double

  private func doubles(_ tensor: Tensor) -> [Double] { tensor.values.map(Double.init) }

  private func row(_ tensors: [Tensor], _ b: Int) -> [[Double]] {
    tensors.map { t in (0..<t.shape[1]).map { Double(t[b, $0]) } }
  }

  private func sequence(_ tensor: Tensor, _ b: Int) -> [[Double]] {
    (0..<tensor.shape[0]).map { t in (0..<tensor.shape[2]).map { Double(tensor[t, b, $0]) } }
  }

  /// `[t][input][unit]` of a batch row.
  private func inputRow(_ b: Int) -> [[[Double]]] {
    let each = inputs.map { sequence($0, b) }
    return (0..<steps).map { t in each.map { $0[t] } }
  }

  /// The loss that all derivatives are taken of: the output and the final states, weighted at random.
  private func loss(
    _ x: [[[Double]]], _ initial: [[Double]], _ parameters: [[Double]], row b: Int, stopped: Evaluation.Run
  ) -> Double {
    let run = evaluation.run(inputs: x, initial: initial, parameters: parameters, stopped: stopped)
    var sum = 0.0
    for (y, g) in zip(run.outputs, sequence(outputGradient, b)) { for (a, c) in zip(y, g) { sum += a * c } }
    for (s, g) in zip(run.states[steps], row(stateGradients, b)) { for (a, c) in zip(s, g) { sum += a * c } }
    return sum
  }

  /// A point at which a derivative is taken, or a direction from it.
  private struct Point {
    var inputs: [[[Double]]]
    var initial: [[Double]]
    var parameters: [[Double]]

    func map(_ f: (Double) -> Double) -> Point {
      Point(inputs: inputs.map { $0.map { $0.map(f) } }, initial: initial.map { $0.map(f) }, parameters: parameters.map { $0.map(f) })
    }

    var numbers: [Double] { inputs.joined().flatMap(\.self) + initial.joined() + parameters.joined() }

    /// This point, `distance` along a direction.
    func moved(_ distance: Double, _ direction: Point) -> Point {
      func sum(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] { zip(a, b).map { zip($0, $1).map { $0 + distance * $1 } } }
      return Point(
        inputs: zip(inputs, direction.inputs).map(sum), initial: sum(initial, direction.initial), parameters: sum(parameters, direction.parameters))
    }
  }

  /// The derived equations in `Double` against central differences of the plain evaluation: by every number of a small cell, by
  /// every n-th number of a larger one, and of one with thousands of operations along random directions, in which all numbers
  /// move at once.
  public func derivative() -> Check {
    let b = 0
    let point = Point(inputs: inputRow(b), initial: row(initial, b), parameters: parameters.map(doubles))
    let run = evaluation.run(inputs: point.inputs, initial: point.initial, parameters: point.parameters)
    let gradients = evaluation.gradients(
      of: run, outputs: sequence(outputGradient, b), finalStates: row(stateGradients, b), parameters: point.parameters)
    let g = Point(inputs: gradients.inputs, initial: gradients.initialStates, parameters: gradients.parameters)
    var worst = 0.0
    func compare(_ exact: Double, least: Double, _ moved: (Double) -> Point) {
      func loss(_ distance: Double) -> Double {
        let point = moved(distance)
        return self.loss(point.inputs, point.initial, point.parameters, row: b, stopped: run)
      }
      // Fourth-order central difference.
      let h = 1e-3
      let difference = (8 * (loss(h) - loss(-h)) - (loss(2 * h) - loss(-2 * h))) / (12 * h)
      let finer = (8 * (loss(h / 8) - loss(-h / 8)) - (loss(h / 4) - loss(-h / 4))) / (12 * h / 8)
      // A kink within the wide difference shows in the fine one less; the better of the two counts.
      let error = min(abs(difference - exact), abs(finer - exact)) / max(abs(exact), least, 1e-12)
      worst = max(worst, error.isNaN ? .infinity : error)
    }
    func positions(_ count: Int) -> [Int] { Array(stride(from: 0, to: count, by: max(1, count / 40))) }
    let all = g.numbers
    let counts = (g.parameters + g.initial + g.inputs.joined()).map { positions($0.count).count }
    if counts.reduce(0, +) * cell.graph.nodes.count <= Self.mostEvaluations {
      let least = 1e-2 * (all.map { abs($0) }.max() ?? 0)
      for i in g.parameters.indices {
        for k in positions(g.parameters[i].count) {
          compare(g.parameters[i][k], least: least) { var moved = point; moved.parameters[i][k] += $0; return moved }
        }
      }
      for i in g.initial.indices {
        for k in positions(g.initial[i].count) { compare(g.initial[i][k], least: least) { var moved = point; moved.initial[i][k] += $0; return moved } }
      }
      for t in g.inputs.indices {
        for i in g.inputs[t].indices {
          for k in positions(g.inputs[t][i].count) {
            compare(g.inputs[t][i][k], least: least) { var moved = point; moved.inputs[t][i][k] += $0; return moved }
          }
        }
      }
    } else {
      // Directions of length 1: the derivative is then about as large as a number of the gradient.
      let scale = 1 / Double(all.count).squareRoot()
      let least = 1e-2 * scale * all.reduce(0) { $0 + $1 * $1 }.squareRoot()
      var random = Philox(seed: 20)
      for _ in 0..<Self.directions {
        let direction = point.map { _ in scale * random.normal() }
        compare(zip(all, direction.numbers).reduce(0) { $0 + $1.0 * $1.1 }, least: least) { point.moved($0, direction) }
      }
    }
    return Check(name: "derivative = finite differences", measure: "largest relative error, in Double", error: worst, bound: 1e-6)
  }

  /// The operations, in all numbers that are compared, up to which these move one by one.
  private static let mostEvaluations = 1 << 20
  private static let directions = 16

  /// Factor on the rounding bounds: rounding errors of sums grow with the square root of their lengths.
  private var growth: Double {
    let products = cell.graph.nodes.count { if case .product = $0.operation { true } else { false } }
    return max(1, Double(products) / 64).squareRoot()
  }

  /// The engine's outputs and states in `Float` against the plain evaluation in `Double`.
  public func forwardAgainstPlain() -> Check {
    let result = engine.run(engine.pack(parameters), inputs: inputs, initial: initial)
    let p = parameters.map(doubles)
    var worst = 0.0
    for b in 0..<batch {
      let run = evaluation.run(inputs: inputRow(b), initial: row(initial, b), parameters: p)
      worst = max(worst, Self.distance(sequence(result.output, b), run.outputs))
      worst = max(worst, Self.distance(row(result.states, b), run.states[steps]))
    }
    return Check(name: "engine = equations, forward", measure: "largest error relative to the largest value", error: worst, bound: 2e-5 * growth)
  }

  /// The masks that the engine draws in training.
  private func masks(row: Int, _ time: Int) -> Evaluation.Masks {
    { operation, count in
      var values = [Float](repeating: 0, count: count)
      func draw(_ rate: Double, _ tag: Int, _ time: Int) {
        rnn_keep_mask(&values, Int32(count), Float(rate), UInt32(tag), UInt32(row), UInt32(time), 0, 0)
      }
      switch operation {
      case .keep(let rate, let perSequence, let tag):
        draw(rate, tag, perSequence ? 0 : time)
        return values.map(Double.init)
      case .choose(let rate, let tag):
        draw(rate, tag, time)
        return values.map { $0 == 0 ? 1 : 0 }
      default: return []
      }
    }
  }

  public func backwardAgainstPlain() -> Check {
    let gradients = engineGradients()
    let p = parameters.map(doubles)
    var expected = p.map { [Double](repeating: 0, count: $0.count) }
    var worst = 0.0
    for b in 0..<batch {
      let run = evaluation.run(inputs: inputRow(b), initial: row(initial, b), parameters: p) { masks(row: b, $0) }
      let g = evaluation.gradients(of: run, outputs: sequence(outputGradient, b), finalStates: row(stateGradients, b), parameters: p)
      for i in p.indices { for k in p[i].indices { expected[i][k] += g.parameters[i][k] } }
      for (i, dx) in gradients.inputs.enumerated() {
        guard let dx else { return Check(name: "engine = equations, backward", measure: "a gradient is missing", error: .infinity, bound: 0) }
        worst = max(worst, Self.distance(sequence(dx, b), g.inputs.map { $0[i] }))
      }
      worst = max(worst, Self.distance(row(gradients.initialStates, b), g.initialStates))
    }
    for i in p.indices { worst = max(worst, Self.distance([doubles(gradients.parameters[i])], [expected[i]])) }
    return Check(name: "engine = equations, backward", measure: "largest error relative to the largest gradient", error: worst, bound: 1e-4 * growth)
  }

  /// Largest difference over the largest magnitude; infinite if anything isn't finite or sizes differ.
  private static func distance(_ a: [[Double]], _ b: [[Double]]) -> Double {
    guard a.map(\.count) == b.map(\.count) else { return .infinity }
    var difference = 0.0, largest = 1e-3
    for (x, y) in zip(a.joined(), b.joined()) {
      guard x.isFinite, y.isFinite else { return .infinity }
      difference = max(difference, abs(x - y))
      largest = max(largest, abs(y))
    }
    return difference / largest
  }

  private func engineGradients() -> CellEngine.Gradients {
    let result = engine.run(engine.pack(parameters, forTraining: true), inputs: inputs, initial: initial)
    guard let trace = result.trace else { preconditionFailure("a training run leaves a trace") }
    return engine.backward(trace, output: outputGradient, states: stateGradients)
  }

  // MARK: To the bit

  /// The number of numbers that differ in any bit.
  static func differences(_ a: [Tensor], _ b: [Tensor]) -> Double {
    guard a.map(\.shape) == b.map(\.shape) else { return .infinity }
    var count = 0
    for (x, y) in zip(a, b) { count += zip(x.values, y.values).count { $0.bitPattern != $1.bitPattern } }
    return Double(count)
  }

  private static func exact(_ name: String, _ a: [Tensor], _ b: [Tensor]) -> Check {
    Check(name: name, measure: "numbers that differ in any bit", error: differences(a, b), bound: 0)
  }

  private func slice(_ tensor: Tensor, _ range: Range<Int>) -> Tensor {
    let row = tensor.shape[1] * tensor.shape[2]
    return Tensor(tensor.values[range.lowerBound * row..<range.upperBound * row], shape: [range.count, tensor.shape[1], tensor.shape[2]])
  }

  private func inChunks(_ ends: [Int], packed: CellEngine.Packed) -> [Tensor] {
    var states = initial, outputs: [Float] = [], begin = 0
    for end in ends {
      let result = engine.run(packed, inputs: inputs.map { slice($0, begin..<end) }, initial: states, masks: .init(time: begin))
      outputs += result.output.values
      states = result.states
      begin = end
    }
    return [Tensor(outputs, shape: [steps, batch, engine.outputSize])] + states
  }

  private func whole(_ packed: CellEngine.Packed) -> [Tensor] {
    let result = engine.run(packed, inputs: inputs, initial: initial)
    return [result.output] + result.states
  }

  public func wholeAgainstSteps() -> Check {
    let packed = engine.pack(parameters)
    return Self.exact("whole = stepwise", whole(packed), inChunks(Array(1...steps), packed: packed))
  }

  /// Row 0 by the streaming stepper.
  public func wholeAgainstStepper() -> Check {
    let packed = engine.pack(parameters)
    let stepper = CellStepper(engine, packed)
    let result = engine.run(packed, inputs: inputs, initial: initial)
    var state = engine.initialStates(batch: 1).map(\.values)
    for s in state.indices { state[s] = (0..<state[s].count).map { initial[s][0, $0] } }
    stepper.setStates(state)
    var outputs: [Float] = []
    for t in 0..<steps {
      let x = inputs.map { input in (0..<input.shape[2]).map { input[t, 0, $0] } }
      outputs += stepper.step(x)
    }
    let expected = (0..<steps).flatMap { t in (0..<engine.outputSize).map { result.output[t, 0, $0] } }
    let expectedStates = result.states.map { s in Tensor((0..<s.shape[1]).map { s[0, $0] }, shape: [s.shape[1]]) }
    return Self.exact(
      "whole = streamed", [Tensor(expected, shape: [expected.count])] + expectedStates,
      [Tensor(outputs, shape: [outputs.count])] + stepper.states.map { Tensor($0, shape: [$0.count]) })
  }

  /// Masks are drawn in training only, so a cell that has some is compared with itself in training.
  public func wholeAgainstChunks() -> Check {
    let packed = engine.pack(parameters), training = engine.pack(parameters, forTraining: true)
    let expected = whole(packed), trained = whole(training)
    var worst = cell.graph.isRandom ? 0 : Self.differences(expected, trained)
    for cut in 1..<max(steps, 2) where cut < steps {
      worst += Self.differences(expected, inChunks([cut, steps], packed: packed))
      if cell.graph.isRandom { worst += Self.differences(trained, inChunks([cut, steps], packed: training)) }
    }
    return Check(name: "whole = any two chunks = training", measure: "numbers that differ in any bit", error: worst, bound: 0)
  }

  /// Back-propagation in one run against that in two, the later one first.
  public func gradientAgainstSegments() -> Check {
    func everything(_ gradients: CellEngine.Gradients) -> [Tensor] {
      gradients.parameters + gradients.initialStates + gradients.inputs.compactMap(\.self)
    }
    func join(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor(a.values + b.values, shape: [steps, a.shape[1], a.shape[2]]) }
    let packed = engine.pack(parameters, forTraining: true)
    let expected = everything(engineGradients())
    var worst = 0.0
    for cut in 1..<max(steps, 2) where cut < steps {
      let first = engine.run(packed, inputs: inputs.map { slice($0, 0..<cut) }, initial: initial)
      let second = engine.run(
        packed, inputs: inputs.map { slice($0, cut..<steps) }, initial: first.states, masks: .init(time: cut))
      guard let early = first.trace, let late = second.trace else { preconditionFailure("a training run leaves a trace") }
      let after = engine.backward(late, output: slice(outputGradient, cut..<steps), states: stateGradients)
      let before = engine.backward(
        early, output: slice(outputGradient, 0..<cut), states: after.initialStates, continuing: after.parameters)
      worst += Self.differences(expected, before.parameters + before.initialStates + zip(before.inputs, after.inputs).compactMap { a, b in
        if let a, let b { join(a, b) } else { nil }
      })
    }
    return Check(name: "gradient whole = any two segments", measure: "numbers that differ in any bit", error: worst, bound: 0)
  }

  /// Each row alone against the same row within the batch.
  public func rowAgainstBatch() -> Check {
    let packed = engine.pack(parameters)
    let together = engine.run(packed, inputs: inputs, initial: initial)
    func one(_ tensor: Tensor, _ b: Int) -> Tensor {
      Tensor((0..<steps).flatMap { t in (0..<tensor.shape[2]).map { tensor[t, b, $0] } }, shape: [steps, 1, tensor.shape[2]])
    }
    var count = 0.0
    for b in 0..<batch {
      let state = initial.map { s in Tensor((0..<s.shape[1]).map { s[b, $0] }, shape: [1, s.shape[1]]) }
      let alone = engine.run(packed, inputs: inputs.map { one($0, b) }, initial: state)
      count += Self.differences([alone.output], [one(together.output, b)])
    }
    return Check(name: "row alone = row in a batch", measure: "numbers that differ in any bit", error: count, bound: 0)
  }

  public func noStateAgainstInitial() -> Check {
    let packed = engine.pack(parameters)
    let without = engine.run(packed, inputs: inputs), with = engine.run(packed, inputs: inputs, initial: engine.initialStates(batch: batch))
    return Self.exact("no state = initial state", [without.output] + without.states, [with.output] + with.states)
  }

  public func oneThreadAgainstMore() -> Check {
    let threads = Threads.count
    defer { Threads.count = threads }
    func everything() -> [Tensor] {
      let gradients = engineGradients()
      return whole(engine.pack(parameters)) + gradients.parameters + gradients.initialStates + gradients.inputs.compactMap(\.self)
    }
    Threads.count = 1
    let one = everything()
    Threads.count = 3
    let more = everything()
    return Self.exact("1 thread = 3 threads, gradients too", one, more)
  }
}

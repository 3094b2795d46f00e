import CRNNKernels
public import RNNTensor

/// Runs a cell of given sizes over sequences: forward, backward, and one step at a time. Made once; shared freely.
public final class CellEngine: Sendable {
  public let cell: Cell
  public let sizes: CellSizes
  let plan: Plan

  /// Throws `.usage` if a size that the cell needs is missing or not positive.
  public init(_ cell: Cell, sizes: CellSizes) throws(RNNError) {
    self.cell = cell
    self.sizes = sizes
    plan = try Plan(cell, sizes)
  }

  /// The parameters in the order in which all calls take them.
  public var parameters: [Parameter] { cell.graph.parameters }

  /// `[rows, columns]` for a matrix, `[rows]` for a vector.
  public func shape(of parameter: Parameter) -> [Int] {
    [sizes[parameter.rows]] + (parameter.columns.map { [sizes[$0]] } ?? [])
  }

  /// The units of the output.
  public var outputSize: Int { sizes[cell.graph.nodes[cell.graph.output].size] }

  /// The units of each state.
  public var stateSizes: [Int] { cell.graph.states.map { sizes[$0.size] } }

  /// The bytes that a training run keeps for the way back, for each step and row: the states, and the values in between that
  /// are dear to compute again. The inputs are the caller's.
  public var keptBytesPerStepAndRow: Int {
    (stateSizes.map(Schedule.padded) + plan.savedLanes).reduce(0, +) * MemoryLayout<Float>.stride
  }

  /// The states before the first step where none are given: `[B, ·]` each.
  public func initialStates(batch: Int) -> [Tensor] {
    zip(cell.graph.states, stateSizes).map { state, size in
      switch state.initial {
      case .constant(let value): Tensor(repeating: Float(value), shape: [batch, size])
      }
    }
  }

  /// One version of the parameters, packed for the kernels. Immutable; shared by any number of runs at once.
  public struct Packed: Sendable {
    let forward: PackedSchedule
    let backward: PackedSchedule?
    let parameters: [Tensor]
  }

  /// Packs parameters (in the order of ``parameters``) once for many runs. `forTraining` adds what the backward run needs.
  public func pack(_ parameters: [Tensor], forTraining: Bool = false) -> Packed {
    check(parameters: parameters)
    return Packed(
      forward: PackedSchedule(forTraining ? plan.training : plan.inference, plan: plan, parameters: parameters),
      backward: forTraining ? PackedSchedule(plan.backward, plan: plan, parameters: parameters) : nil, parameters: parameters)
  }

  /// From which counters dropout and zoneout masks are drawn.
  public struct MaskSource: Sendable {
    /// The run's seed; a different one for each layer.
    public var seed: UInt64
    /// The training step.
    public var step: Int
    /// The time of the first step of this call in its sequence.
    public var time: Int
    /// The number of the first row of the batch at hand.
    public var row: Int

    public init(seed: UInt64 = 0, step: Int = 0, time: Int = 0, row: Int = 0) {
      self.seed = seed
      self.step = step
      self.time = time
      self.row = row
    }

    var random: rnn_random {
      rnn_random(
        seed: seed, step: UInt32(truncatingIfNeeded: step), time: UInt32(truncatingIfNeeded: time),
        row: UInt32(truncatingIfNeeded: row), rows: nil, row_step: 0)
    }
  }

  /// What a run leaves.
  public struct Result: Sendable {
    /// `[T, B, ·]`; zero past a row's end.
    public let output: Tensor
    /// The states after each row's last step: `[B, ·]` each.
    public let states: [Tensor]
    /// What the backward run needs; nil outside training.
    public let trace: Trace?
  }

  /// The forward values kept for the backward run.
  public struct Trace: Sendable {
    let packed: Packed
    let rows: StepRows
    /// The rows of all steps, `[·, I]` each.
    let inputs: [Tensor]
    let states: [Buffer]
    let saved: [Buffer]
    let masks: MaskSource
  }

  /// The steps of a run outside training that are computed before the states move back to the beginning of their memory.
  private static let segment = 64

  /// Runs the whole sequence.
  ///
  /// - Parameters:
  ///   - inputs: one tensor `[T, B, I]` for each of the cell's inputs.
  ///   - initial: the states before the first step, `[B, ·]` each; the cell's own initial states if nil.
  ///   - lengths: the steps of each row, from 0 to T; nil: T each. A row ends after its last step: its output is zero from
  ///     there on, its final state is that of its last step (a row without steps: its initial state), and what stands in the
  ///     inputs behind it is never read. Rows need no order.
  ///   - reversed: each row begins with its own last step and ends with its first; outputs stand where their inputs do.
  ///   - masks: where masks are drawn from, if the parameters were packed for training; its time is the index of the first
  ///     step, for cells that read it.
  public func run(
    _ packed: Packed, inputs: [Tensor], initial: [Tensor]? = nil, lengths: [Int]? = nil, reversed: Bool = false,
    masks: MaskSource = MaskSource()
  ) -> Result {
    let rows = check(inputs: inputs, lengths: lengths, reversed: reversed)
    let isTraining = packed.backward != nil
    let keepsAll = isTraining || plan.outputState != nil || !rows.isDense
    let kept = keepsAll ? rows.steps : min(rows.steps, Self.segment)
    let lanes = stateSizes.map(Schedule.padded)
    let states = lanes.map { Buffer((rows.first + rows.start(kept)) * $0) }
    let initial = initial ?? initialStates(batch: rows.batch)
    check(states: initial, batch: rows.batch)
    for s in states.indices { Self.write(initial[s], to: states[s].base, rows: rows, lanes: lanes[s]) }
    let saved = isTraining ? plan.savedLanes.map { Buffer(rows.total * $0) } : []
    let inputs = inputs.map { Self.stepRows(of: $0, rows) }

    let blocks = blocks(rows)
    let parts = packed.forward.parts(steps: kept, rows, blocks: blocks)
    let mostSums = parts.reduce(0) { max($0, packed.forward.sumRows($1, rows)) }
    let workspace = Buffer(packed.forward.workspaceCount(rows: rows.first, blocks: blocks, sums: mostSums))
    let sources = inputs.map { input in input.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress) } }
    func run(_ output: UnsafeMutablePointer<Float>?) {
      var done = 0
      while done < rows.steps {
        let now = keepsAll ? rows.steps : min(Self.segment, rows.steps - done)
        var random = masks.random
        random.time &+= UInt32(truncatingIfNeeded: done)
        for part in now == kept ? parts : packed.forward.parts(steps: now, rows, blocks: blocks) {
          let operands = packed.forward.operands(rows, workspace: workspace.base, part) { place in
            func later(_ base: UnsafeMutablePointer<Float>?, _ width: Int) -> rnn_operand {
              rows.operand(base.map { $0 + rows.start(done) * width }, width)
            }
            switch place {
            case .input(let i): return later(sources[i], inputs[i].shape[1])
            case .state(let s, let after): return rows.operand(state: states[s].base, after: after, lanes[s])
            case .saved(let k): return rows.operand(saved[k].base, plan.savedLanes[k])
            case .output: return later(output, outputSize)
            default: preconditionFailure("a place that the forward run doesn't have")
            }
          }
          packed.forward.run(part, operands: operands, rows: rows, blocks: blocks, random: random)
        }
        done += now
        if done < rows.steps {
          for s in states.indices { states[s].base.update(from: states[s].base + rows.start(now) * lanes[s], count: rows.first * lanes[s]) }
        }
      }
    }
    let output: Tensor
    let shape = [rows.times, rows.batch, outputSize]
    if let s = plan.outputState {
      withExtendedLifetime(inputs) { run(nil) }
      let base = states[s].base + rows.first * lanes[s]
      output = rows.isDense ? Tensor(shape: shape, at: base, of: states[s]) : rows.spread(base, units: outputSize)
    } else if rows.isDense {
      output = Tensor(shape: shape) { output in withExtendedLifetime(inputs) { run(output.baseAddress) } }
    } else {
      let own = Buffer(rows.total * outputSize)
      withExtendedLifetime(inputs) { run(own.base) }
      output = rows.spread(own.base, units: outputSize)
    }
    let last = keepsAll || rows.steps == 0 ? rows.steps : (rows.steps - 1) % Self.segment + 1
    let final = states.indices.map { s in
      rows.isDense
        ? Self.read(states[s].base + rows.start(last) * lanes[s], rows: rows.batch, units: stateSizes[s], lanes: lanes[s])
        : Self.lastStates(states[s].base, rows, initial[s], lanes: lanes[s])
    }
    let trace = isTraining
      ? Trace(packed: packed, rows: rows, inputs: inputs, states: states, saved: saved, masks: masks) : nil
    return Result(output: output, states: final, trace: trace)
  }

  // MARK: Help

  /// Rows are split over threads where there is enough to do.
  package func blocks(_ rows: StepRows) -> Int {
    let numbers = parameters.reduce(0) { $0 + shape(of: $1).reduce(1, *) }
    guard rows.total * numbers > 50_000 else { return 1 }
    return max(1, min(Threads.count, rows.first))
  }

  private func check(parameters: [Tensor]) {
    precondition(parameters.count == self.parameters.count, "\(cell.name) has \(self.parameters.count) parameters, not \(parameters.count)")
    for (tensor, parameter) in zip(parameters, self.parameters) {
      precondition(tensor.shape == shape(of: parameter), "\(parameter.symbol) has the shape \(shape(of: parameter)), not \(tensor.shape)")
    }
  }

  private func check(inputs: [Tensor], lengths: [Int]?, reversed: Bool) -> StepRows {
    precondition(inputs.count == cell.graph.inputs.count, "\(cell.name) has \(cell.graph.inputs.count) inputs, not \(inputs.count)")
    let (steps, batch) = (inputs[0].shape[0], inputs[0].shape[1])
    for (i, input) in inputs.enumerated() {
      let expected = [steps, batch, sizes[cell.graph.inputSize(i)]]
      precondition(input.shape == expected, "the input \(cell.graph.inputs[i]) has the shape \(input.shape), expected \(expected)")
    }
    return StepRows(times: steps, batch: batch, lengths: lengths, reversed: reversed)
  }

  private func check(states: [Tensor], batch: Int) {
    precondition(states.count == stateSizes.count, "\(cell.name) has \(stateSizes.count) states, not \(states.count)")
    for (state, size) in zip(states, stateSizes) {
      precondition(state.shape == [batch, size], "a state has the shape \(state.shape), expected \([batch, size])")
    }
  }

  /// The caller's `[T, B, I]` as the rows of all steps, `[·, I]`.
  private static func stepRows(of input: Tensor, _ rows: StepRows) -> Tensor {
    let units = input.shape[2]
    if rows.isDense { return input.reshaped([rows.total, units]) }
    return Tensor(shape: [rows.total, units], writing: { target in
      input.withPointer { rows.gather($0, units: units, steps: 0..<rows.steps, to: target) }
    })
  }

  /// The caller's rows `[B, ·]` to padded ones in the order of the run.
  static func write(_ tensor: Tensor, to base: UnsafeMutablePointer<Float>, rows: StepRows, lanes: Int) {
    let units = tensor.shape[1]
    tensor.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress else { return }
      for r in 0..<rows.first {
        (base + r * lanes).update(from: from + rows.row(r) * units, count: units)
        (base + r * lanes + units).update(repeating: 0, count: lanes - units)
      }
    }
  }

  /// Padded rows to dense ones.
  static func read(_ base: UnsafeMutablePointer<Float>, rows: Int, units: Int, lanes: Int) -> Tensor {
    Tensor(shape: [rows, units]) { result in
      guard let to = result.baseAddress else { return }
      for r in 0..<rows { (to + r * units).update(from: base + r * lanes, count: units) }
    }
  }

  /// The caller's rows of a state, each after its own last step; those without steps from `initial`.
  private static func lastStates(_ base: UnsafeMutablePointer<Float>, _ rows: StepRows, _ initial: Tensor, lanes: Int) -> Tensor {
    var result = initial
    let units = initial.shape[1]
    result.withMutablePointer { to in
      for r in 0..<rows.first {
        let from = base + (rows.first + rows.start(rows.length(r) - 1) + r) * lanes
        (to + rows.row(r) * units).update(from: from, count: units)
      }
    }
    return result
  }
}

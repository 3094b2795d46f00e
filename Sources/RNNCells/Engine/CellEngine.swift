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

    public init(seed: UInt64 = 0, step: Int = 0, time: Int = 0) {
      self.seed = seed
      self.step = step
      self.time = time
    }

    var random: rnn_random { rnn_random(seed: seed, step: UInt32(truncatingIfNeeded: step), time: UInt32(truncatingIfNeeded: time), row: 0) }
  }

  /// What a run leaves.
  public struct Result: Sendable {
    /// `[T, B, ·]`
    public let output: Tensor
    /// The states after the last step: `[B, ·]` each.
    public let states: [Tensor]
    /// What the backward run needs; nil outside training.
    public let trace: Trace?
  }

  /// The forward values kept for the backward run.
  public struct Trace: Sendable {
    let packed: Packed
    let inputs: [Tensor]
    let steps: Int
    let batch: Int
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
  ///   - masks: where masks are drawn from, if the parameters were packed for training; its time is the index of the first
  ///     step, for cells that read it.
  public func run(
    _ packed: Packed, inputs: [Tensor], initial: [Tensor]? = nil, masks: MaskSource = MaskSource()
  ) -> Result {
    let (steps, batch) = check(inputs: inputs)
    let isTraining = packed.backward != nil
    let keepsAll = isTraining || plan.outputState != nil
    let kept = keepsAll ? steps : min(steps, Self.segment)
    let lanes = stateSizes.map(Schedule.padded)
    let states = lanes.map { Buffer((kept + 1) * batch * $0) }
    let initial = initial ?? initialStates(batch: batch)
    check(states: initial, batch: batch)
    for s in states.indices { Self.write(initial[s], to: states[s].base, rows: batch, lanes: lanes[s]) }
    let saved = isTraining ? plan.savedLanes.map { Buffer(steps * batch * $0) } : []

    let blocks = blocks(steps: steps, rows: batch)
    let ahead = packed.forward.stepsAhead(steps: kept, rows: batch, blocks: blocks)
    let workspace = Buffer(packed.forward.workspaceCount(rows: batch, blocks: blocks, ahead: ahead))
    let sources = inputs.map { input in input.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress) } }
    let outputSize = outputSize
    func run(_ output: UnsafeMutablePointer<Float>?) {
      var done = 0
      while done < steps {
        let now = keepsAll ? steps : min(Self.segment, steps - done)
        let operands = packed.forward.operands(rows: batch, workspace: workspace.base, ahead: ahead) { place in
          switch place {
          case .input(let i):
            let width = inputs[i].shape[2]
            return rnn_operand(
              base: sources[i].map { $0 + done * batch * width }, time_stride: batch * width, row_stride: width, temporary: 0)
          case .state(let s, let after):
            return rnn_operand(
              base: states[s].base + (after ? batch * lanes[s] : 0), time_stride: batch * lanes[s], row_stride: lanes[s], temporary: 0)
          case .saved(let k):
            let width = plan.savedLanes[k]
            return rnn_operand(base: saved[k].base, time_stride: batch * width, row_stride: width, temporary: 0)
          case .output:
            return rnn_operand(
              base: output.map { $0 + done * batch * outputSize }, time_stride: batch * outputSize, row_stride: outputSize, temporary: 0)
          default: preconditionFailure("a place that the forward run doesn't have")
          }
        }
        var random = masks.random
        random.time &+= UInt32(truncatingIfNeeded: done)
        packed.forward.run(
          operands: operands, first: 0, direction: 1, steps: now, rows: batch, blocks: blocks, ahead: ahead, random: random)
        done += now
        if done < steps {
          for s in states.indices { states[s].base.update(from: states[s].base + now * batch * lanes[s], count: batch * lanes[s]) }
        }
      }
    }
    let output: Tensor
    if let s = plan.outputState {
      withExtendedLifetime(inputs) { run(nil) }
      output = Tensor(shape: [steps, batch, outputSize], at: states[s].base + batch * lanes[s], of: states[s])
    } else {
      output = Tensor(shape: [steps, batch, outputSize]) { output in withExtendedLifetime(inputs) { run(output.baseAddress) } }
    }
    let last = keepsAll ? steps : (steps == 0 ? 0 : (steps - 1) % Self.segment + 1)
    let final = states.indices.map { s in
      Self.read(states[s].base + last * batch * lanes[s], rows: batch, units: stateSizes[s], lanes: lanes[s])
    }
    let trace = isTraining
      ? Trace(packed: packed, inputs: inputs, steps: steps, batch: batch, states: states, saved: saved, masks: masks) : nil
    return Result(output: output, states: final, trace: trace)
  }

  // MARK: Help

  /// Rows are split over threads where there is enough to do.
  func blocks(steps: Int, rows: Int) -> Int {
    let numbers = parameters.reduce(0) { $0 + shape(of: $1).reduce(1, *) }
    guard steps * rows * numbers > 50_000 else { return 1 }
    return max(1, min(Threads.count, rows))
  }

  private func check(parameters: [Tensor]) {
    precondition(parameters.count == self.parameters.count, "\(cell.name) has \(self.parameters.count) parameters, not \(parameters.count)")
    for (tensor, parameter) in zip(parameters, self.parameters) {
      precondition(tensor.shape == shape(of: parameter), "\(parameter.symbol) has the shape \(shape(of: parameter)), not \(tensor.shape)")
    }
  }

  private func check(inputs: [Tensor]) -> (steps: Int, batch: Int) {
    precondition(inputs.count == cell.graph.inputs.count, "\(cell.name) has \(cell.graph.inputs.count) inputs, not \(inputs.count)")
    let (steps, batch) = (inputs[0].shape[0], inputs[0].shape[1])
    for (i, input) in inputs.enumerated() {
      let expected = [steps, batch, sizes[cell.graph.inputSize(i)]]
      precondition(input.shape == expected, "the input \(cell.graph.inputs[i]) has the shape \(input.shape), expected \(expected)")
    }
    return (steps, batch)
  }

  private func check(states: [Tensor], batch: Int) {
    precondition(states.count == stateSizes.count, "\(cell.name) has \(stateSizes.count) states, not \(states.count)")
    for (state, size) in zip(states, stateSizes) {
      precondition(state.shape == [batch, size], "a state has the shape \(state.shape), expected \([batch, size])")
    }
  }

  /// Dense rows to padded ones.
  static func write(_ tensor: Tensor, to base: UnsafeMutablePointer<Float>, rows: Int, lanes: Int) {
    let units = tensor.shape[1]
    tensor.withUnsafeBufferPointer { source in
      guard let from = source.baseAddress else { return }
      for r in 0..<rows {
        (base + r * lanes).update(from: from + r * units, count: units)
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
}

import CRNNKernels
package import RNNTensor

/// A sequence whose steps are taken one at a time, because what a step reads follows from the step before: opened with room for
/// all of its steps, stepped, on the way back stepped from the last to the first, and closed, when the parameters' gradients
/// are summed up over all steps at once.
///
/// Rows of different steps lie as ``StepRows`` says. Threads share out the rows: each takes its own through the steps, without
/// waiting for others, as long as nothing else mixes rows. In a step nothing is allocated. Values are those of
/// ``CellEngine/run(_:inputs:initial:lengths:reversed:masks:)``, to the bit.
package final class CellSequence: @unchecked Sendable {
  // Safe to share: threads write the rows of their own share only.
  package let engine: CellEngine
  package let rows: StepRows
  private let packed: CellEngine.Packed
  private let masks: CellEngine.MaskSource
  private let lanes: [Int]
  private let states: [Buffer]
  private let saved: [Buffer]
  private let inputs: Buffer
  private let outputs: Buffer?
  private let workspace: Buffer
  private let shares: [PackedSchedule.Share]
  private var back: Back?

  /// Where the rows of the input stand, for all steps, ``inputSize`` floats each: whoever takes a step writes its rows before.
  package var input: UnsafeMutablePointer<Float> { inputs.base }
  package var inputSize: Int { engine.sizes.input }
  /// Where the rows of the output stand, for all steps, ``outputStride`` floats apart.
  package let output: UnsafePointer<Float>
  package let outputStride: Int

  /// Opens a sequence, for a way back if the parameters are packed for training.
  ///
  /// - Parameters:
  ///   - initial: the states before the first step, `[B, ·]` each.
  ///   - shares: how many threads are to take steps at once.
  package init(
    _ engine: CellEngine, _ packed: CellEngine.Packed, rows: StepRows, initial: [Tensor], masks: CellEngine.MaskSource = .init(),
    shares: Int
  ) {
    precondition(engine.cell.graph.inputs.count == 1, "a sequence that is taken step by step has one input")
    (self.engine, self.packed, self.rows, self.masks) = (engine, packed, rows, masks)
    let plan = engine.plan, isTraining = packed.backward != nil
    let lanes = engine.stateSizes.map(Schedule.padded)
    let states = lanes.map { Buffer((rows.first + rows.total) * $0) }
    for s in states.indices { CellEngine.write(initial[s], to: states[s].base, rows: rows, lanes: lanes[s]) }
    let saved = isTraining ? plan.savedLanes.map { Buffer(rows.total * $0) } : []
    let width = engine.sizes.input
    let inputs = Buffer(rows.total * width)
    let outputs = plan.outputState == nil ? Buffer(rows.total * engine.outputSize) : nil
    if let s = plan.outputState {
      (output, outputStride) = (UnsafePointer(states[s].base + rows.first * lanes[s]), lanes[s])
    } else {
      (output, outputStride) = (UnsafePointer(outputs?.base ?? inputs.base), engine.outputSize)
    }
    workspace = Buffer(packed.forward.workspaceCount(rows: rows.first, blocks: shares))
    let operands = packed.forward.operands(rows, workspace: workspace.base) { place in
      switch place {
      case .input: rows.operand(inputs.base, width)
      case .state(let s, let after): rows.operand(state: states[s].base, after: after, lanes[s])
      case .saved(let k): rows.operand(saved[k].base, plan.savedLanes[k])
      case .output: rows.operand(outputs?.base, engine.outputSize)
      default: preconditionFailure("a place that a step doesn't have")
      }
    }
    self.shares = packed.forward.shares(shares, operands: operands, rows: rows, random: masks.random)
    (self.lanes, self.states, self.saved, self.inputs, self.outputs) = (lanes, states, saved, inputs, outputs)
  }

  /// Takes step `t` on the rows of a share.
  ///
  /// - Parameters:
  ///   - count: the rows that the step has, if fewer than there are.
  ///   - time: the index of the first step, for cells that read it.
  package func step(_ t: Int, share: Int, count: Int? = nil, from time: Int = 0) {
    packed.forward.step(shares[share], t, rows: rows, count: count ?? rows.count(at: t), from: time)
  }

  // MARK: States

  /// A row of a state before the first step.
  package func initialState(_ s: Int, row: Int) -> UnsafeMutablePointer<Float> { states[s].base + row * lanes[s] }

  /// A row of a state after the first step: what a sequence of one step goes on with.
  package func nextState(_ s: Int, row: Int) -> UnsafeMutablePointer<Float> { states[s].base + (rows.first + row) * lanes[s] }

  // MARK: The way back

  /// What the way back needs beyond the forward values.
  private final class Back {
    let finalStates: [Tensor?]
    let stateGradients: [Buffer]
    let records: Buffer
    let outputGradients: Buffer
    let inputGradients: Buffer
    let inputProducts: InputProducts
    let workspace: Buffer
    let shares: [PackedSchedule.Share]

    init(_ sequence: CellSequence, _ backward: PackedSchedule, _ finalStates: [Tensor?]) {
      let engine = sequence.engine, plan = engine.plan, rows = sequence.rows, lanes = sequence.lanes
      self.finalStates = finalStates
      let stateGradients = lanes.map { Buffer(rows.first * $0, zeroed: true) }
      for (s, gradient) in finalStates.enumerated() {
        if let gradient { CellEngine.write(gradient, to: stateGradients[s].base, rows: rows, lanes: lanes[s]) }
      }
      let records = Buffer(rows.total * plan.recordColumns), outputGradients = Buffer(rows.total * engine.outputSize)
      inputProducts = InputProducts(engine, 0, sequence.packed.parameters)
      let inputGradients = Buffer(rows.total * inputProducts.lanes), width = inputProducts.lanes
      workspace = Buffer(backward.workspaceCount(rows: rows.first, blocks: sequence.shares.count))
      let operands = backward.operands(rows, workspace: workspace.base) { place in
        switch place {
        case .input: rows.operand(sequence.inputs.base, engine.sizes.input)
        case .state(let s, let after): rows.operand(state: sequence.states[s].base, after: after, lanes[s])
        case .saved(let k): rows.operand(sequence.saved[k].base, plan.savedLanes[k])
        case .record(let column): rows.operand(records.base + column, plan.recordColumns)
        case .stateGradient(let s):
          rnn_operand(base: stateGradients[s].base, time_stride: 0, row_stride: lanes[s], temporary: 0, earlier: 0)
        case .outputGradient: rows.operand(outputGradients.base, engine.outputSize)
        case .inputGradient: rows.operand(inputGradients.base, width)
        default: preconditionFailure("a place that a step back doesn't have")
        }
      }
      shares = backward.shares(sequence.shares.count, operands: operands, rows: rows, random: sequence.masks.random)
      (self.stateGradients, self.records) = (stateGradients, records)
      (self.outputGradients, self.inputGradients) = (outputGradients, inputGradients)
    }
  }

  /// Turns back: from here on steps go from the last to the first.
  ///
  /// - Parameter states: the gradients of the states after each row's last step, `[B, ·]` each; zero if nil.
  package func turn(states: [Tensor?]) {
    guard let backward = packed.backward else { preconditionFailure("the parameters were not packed for training") }
    back = Back(self, backward, states)
  }

  private var turned: Back {
    guard let back else { preconditionFailure("a sequence is turned before a step back") }
    return back
  }

  /// Where the rows of the output's gradient are to be written before their step back, as many floats each as the output has.
  package var outputGradient: UnsafeMutablePointer<Float> { turned.outputGradients.base }
  /// Where the rows of the input's gradient stand after their step back, ``inputGradientStride`` floats apart.
  package var inputGradient: UnsafePointer<Float> { UnsafePointer(turned.inputGradients.base) }
  package var inputGradientStride: Int { turned.inputProducts.lanes }

  /// Goes back over step `t` on the rows of a share.
  package func stepBack(_ t: Int, share: Int) {
    guard let backward = packed.backward else { return }
    let back = turned, columns = engine.plan.recordColumns
    backward.step(back.shares[share], t, rows: rows, count: rows.count(at: t))
    let mine = rows.share(share, of: shares.count, count: rows.count(at: t))
    let first = rows.start(t) + mine.first
    back.inputProducts.multiply(
      back.records.base + first * columns, each: mine.stride, rows: mine.count, back.inputGradients.base + first * back.inputProducts.lanes)
  }

  /// Closes the sequence, all of whose steps have been taken back: the gradients of the parameters, which go on from `later`,
  /// and of the initial states. See ``CellEngine/backward(_:output:states:inputs:continuing:)``.
  package func close(continuing later: consuming [Tensor?] = []) -> (parameters: [Tensor], initialStates: [Tensor]) {
    let back = turned
    let trace = CellEngine.Trace(
      packed: packed, rows: rows, inputs: [Tensor(shape: [rows.total, inputSize], at: inputs.base, of: inputs)], states: states,
      saved: saved, masks: masks)
    var sums = ParameterSums(engine, continuing: later)
    if rows.steps > 0 { sums.add(trace, steps: 0..<rows.steps, records: back.records.base) }
    let states = lanes.indices.map { engine.gradient(back.stateGradients[$0].base, ofState: $0, rows, final: back.finalStates[$0]) }
    return (sums.finish(), states)
  }
}

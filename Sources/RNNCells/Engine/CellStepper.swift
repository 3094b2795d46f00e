import CRNNKernels
import RNNTensor

/// One sequence, one step at a time: state in, state out, nothing allocated in a step.
///
/// A stepper belongs to one task at a time; any number of them share the packed parameters.
public final class CellStepper {
  public let engine: CellEngine
  private let packed: CellEngine.Packed
  /// Two rows for each state: before the step and after it.
  private let memory: [Buffer]
  private let inputs: [Buffer]
  private let output: Buffer
  /// Where the output stands after a step: in a row of its own, or as a state.
  private let result: UnsafePointer<Float>
  private let workspace: Buffer
  private let operands: [rnn_operand]
  // Sizes are looked up once: a small cell's step takes less than a microsecond.
  private let lanes: [Int]
  private let inputSizes: [Int]
  private let outputSize: Int
  /// The number of steps so far.
  public private(set) var position = 0

  /// A stepper in the cell's initial state.
  ///
  /// - Parameter packed: parameters packed by this engine, and not for training: a step keeps nothing for a backward run.
  public init(_ engine: CellEngine, _ packed: CellEngine.Packed) {
    precondition(packed.backward == nil, "a stepper takes parameters that are not packed for training")
    self.engine = engine
    self.packed = packed
    let lanes = engine.stateSizes.map(Schedule.padded)
    let memory = lanes.map { Buffer(2 * $0, zeroed: true) }
    let inputSizes = engine.cell.graph.inputs.indices.map { engine.sizes[engine.cell.graph.inputSize($0)] }
    let inputs = inputSizes.map { Buffer($0) }
    let output = Buffer(engine.outputSize)
    result = UnsafePointer(engine.plan.outputState.map { memory[$0].base } ?? output.base)
    workspace = Buffer(packed.forward.workspaceCount(rows: 1, blocks: 1))
    operands = packed.forward.operands(StepRows(times: 1, batch: 1, lengths: nil, reversed: false), workspace: workspace.base) { place in
      let base: UnsafeMutablePointer<Float>
      switch place {
      case .input(let i): base = inputs[i].base
      case .state(let s, let after): base = memory[s].base + (after ? lanes[s] : 0)
      case .output: base = output.base
      default: preconditionFailure("a place that a step doesn't have")
      }
      return rnn_operand(base: base, time_stride: 0, row_stride: 0, temporary: 0, earlier: 0)
    }
    self.memory = memory
    self.lanes = lanes
    self.inputSizes = inputSizes
    outputSize = engine.outputSize
    self.inputs = inputs
    self.output = output
    reset()
  }

  /// Back to the cell's initial state.
  public func reset() {
    position = 0
    for (state, buffer) in zip(engine.cell.graph.states, memory) {
      switch state.initial {
      case .constant(let value): buffer.base.update(repeating: Float(value), count: engine.sizes[state.size])
      }
    }
  }

  /// The states now, in the order of the cell's declaration.
  public var states: [[Float]] {
    zip(memory, engine.stateSizes).map { Array(UnsafeBufferPointer(start: $0.base, count: $1)) }
  }

  /// Goes on from given states, after `position` steps.
  public func setStates(_ states: [[Float]], position: Int = 0) {
    precondition(states.map(\.count) == engine.stateSizes, "states have the sizes \(states.map(\.count)), expected \(engine.stateSizes)")
    for (buffer, values) in zip(memory, states) { buffer.base.update(from: values, count: values.count) }
    self.position = position
  }

  /// Where the input of the next step is written: `engine.sizes.input` floats (or those of a further input).
  public func withInput<R>(_ index: Int = 0, _ body: (UnsafeMutableBufferPointer<Float>) throws -> R) rethrows -> R {
    try body(UnsafeMutableBufferPointer(start: inputs[index].base, count: inputSizes[index]))
  }

  /// Takes a step with the inputs as written; `body` reads the output.
  public func step<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    packed.forward.step(
      operands: operands, random: CellEngine.MaskSource(time: position).random)
    position += 1
    for s in memory.indices { memory[s].base.update(from: memory[s].base + lanes[s], count: lanes[s]) }
    return try body(UnsafeBufferPointer(start: result, count: outputSize))
  }

  /// Takes a step with the given inputs and returns the output.
  public func step(_ values: [[Float]]) -> [Float] {
    for (i, x) in values.enumerated() { withInput(i) { _ = $0.update(fromContentsOf: x) } }
    return step { Array($0) }
  }
}

import CRNNKernels
public import RNNTensor

extension CellEngine {
  /// Gradients with respect to all that a run read.
  public struct Gradients: Sendable {
    /// In the order of ``CellEngine/parameters``.
    public let parameters: [Tensor]
    /// `[T, B, I]` each; nil where not asked for.
    public let inputs: [Tensor?]
    public let initialStates: [Tensor]
  }

  /// The rows whose gradients are recorded before they are summed up: so many that the sums run at full speed, so few that
  /// the records stay in the caches.
  private static let recordedRows = 768

  /// Back-propagation through time, exact over the run's steps.
  ///
  /// - Parameters:
  ///   - output: the gradient of the output, `[T, B, ·]`; zero if nil.
  ///   - states: the gradients of the states after the last step, `[B, ·]` each; zero if nil.
  ///   - inputs: whether the gradients of the inputs are wanted.
  public func backward(
    _ trace: Trace, output: Tensor?, states finalStates: [Tensor?]? = nil, inputs wantsInputs: Bool = true
  ) -> Gradients {
    guard let packed = trace.packed.backward else { preconditionFailure("the parameters were not packed for training") }
    let (steps, batch) = (trace.steps, trace.batch)
    let output = output ?? Tensor(zeros: [steps, batch, outputSize])
    precondition(output.shape == [steps, batch, outputSize], "the output's gradient has the shape \(output.shape)")
    let lanes = stateSizes.map(Schedule.padded)
    let stateGradients = lanes.map { Buffer(batch * $0, zeroed: true) }
    for s in lanes.indices {
      if let gradient = finalStates?[s] { Self.write(gradient, to: stateGradients[s].base, rows: batch, lanes: lanes[s]) }
    }
    let columns = plan.recordColumns
    let stepsAtOnce = max(1, min(steps, Self.recordedRows / max(batch, 1)))
    let records = Buffer(stepsAtOnce * batch * columns)
    var sums = ParameterSums(self)
    var inputs = trace.inputs.indices.map { i in
      wantsInputs || plan.inputGradientNodes[i] != nil ? InputSums(self, i, trace, rows: stepsAtOnce * batch) : nil
    }

    let blocks = blocks(steps: steps, rows: batch)
    let workspace = Buffer(packed.workspaceCount(rows: batch, blocks: blocks))
    let sources = trace.inputs.map { input in input.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress) } }
    let upstream = output.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress) }
    withExtendedLifetime((output, trace)) {
      for begin in stride(from: 0, to: steps, by: stepsAtOnce).reversed() {
        let end = min(begin + stepsAtOnce, steps)
        let operands = packed.operands(rows: batch, workspace: workspace.base) { place in
          func rows(_ base: UnsafeMutablePointer<Float>?, _ width: Int, from first: Int = 0) -> rnn_operand {
            rnn_operand(base: base.map { $0 - first * batch * width }, time_stride: batch * width, row_stride: width, temporary: 0)
          }
          switch place {
          case .input(let i): return rows(sources[i], trace.inputs[i].shape[2])
          case .state(let s, let after): return rows(trace.states[s].base + (after ? batch * lanes[s] : 0), lanes[s])
          case .saved(let k): return rows(trace.saved[k].base, plan.savedLanes[k])
          case .record(let column): return rows(records.base + column, columns, from: begin)
          case .stateGradient(let s):
            return rnn_operand(base: stateGradients[s].base, time_stride: 0, row_stride: lanes[s], temporary: 0)
          case .outputGradient: return rows(upstream, outputSize)
          case .inputGradient(let i): return rows(inputs[i]?.rows.base, Schedule.padded(trace.inputs[i].shape[2]), from: begin)
          default: preconditionFailure("a place that the backward run doesn't have")
          }
        }
        packed.run(
          operands: operands, first: end - 1, direction: -1, steps: end - begin, rows: batch, blocks: blocks,
          random: trace.masks.random)
        sums.add(trace, steps: begin..<end, records: records.base)
        for i in inputs.indices { inputs[i]?.write(trace, steps: begin..<end, records: records.base) }
      }
    }
    return Gradients(
      parameters: sums.finish(), inputs: inputs.map { wantsInputs ? $0?.gradient : nil },
      initialStates: lanes.indices.map { Self.read(stateGradients[$0].base, rows: batch, units: stateSizes[$0], lanes: lanes[$0]) })
  }
}

/// The gradients of the parameters, to which the steps are added from the last to the first: each number is one chain of
/// sums over all rows, however the steps are cut.
private struct ParameterSums {
  private let engine: CellEngine
  private var tensors: [Tensor]
  /// Where a matrix is used a second time, that sum, until the end.
  private var further: [(parameter: Int, sum: Tensor)] = []
  /// Where the sums of each product of the plan stand.
  private var targets: [UnsafeMutablePointer<Float>?] = []
  private var isStarted = false

  init(_ engine: CellEngine) {
    self.engine = engine
    tensors = engine.parameters.map { Tensor(shape: engine.shape(of: $0), initializingWith: { _ in }) }
    var isUsed = Set<Int>()
    for product in engine.plan.gradientProducts.joined() {
      // Nobody else has these tensors before `finish`, so the addresses hold.
      if isUsed.insert(product.parameter).inserted {
        targets.append(tensors[product.parameter].withUnsafeMutableBufferPointer { $0.baseAddress })
      } else {
        var sum = Tensor(shape: tensors[product.parameter].shape, initializingWith: { _ in })
        targets.append(sum.withUnsafeMutableBufferPointer { $0.baseAddress })
        further.append((product.parameter, sum))
      }
    }
    for vector in engine.plan.derivative.vectors { isUsed.insert(vector.parameter) }
    for p in tensors.indices where !isUsed.contains(p) { tensors[p].withUnsafeMutableBufferPointer { $0.update(repeating: 0) } }
  }

  /// Adds steps, whose gradients stand in `records` from the first of them on.
  mutating func add(_ trace: CellEngine.Trace, steps: Range<Int>, records: UnsafeMutablePointer<Float>) {
    let plan = engine.plan, sizes = engine.sizes
    let columns = plan.recordColumns, rows = steps.count * trace.batch
    guard rows > 0 else { return }
    let last = records + (rows - 1) * columns
    var index = 0
    for run in plan.gradientProducts {
      let (operand, stride) = operandRows(run[0].operand, trace)
      let n = sizes[plan.graph.nodes[run[0].operand].size], height = sizes[engine.parameters[run[0].parameter].rows]
      rnn_gemm_pieces(
        Int32(height * run.count), Int32(n), Int32(rows), last + (plan.recordColumn[run[0].gradient] ?? 0), 1, -columns,
        operand + (steps.upperBound * trace.batch - 1) * stride, -stride, 1,
        Array(targets[index..<index + run.count]), Int32(height), n, isStarted)
      index += run.count
    }
    // Vectors are cut so that the threads have something to share.
    var parts: [(column: Int, sum: UnsafeMutablePointer<Float>, count: Int)] = []
    for vector in plan.derivative.vectors {
      tensors[vector.parameter].withUnsafeMutableBufferPointer { sum in
        guard let base = sum.baseAddress else { return }
        for first in stride(from: 0, to: sum.count, by: 128) {
          parts.append(((plan.recordColumn[vector.gradient] ?? 0) + first, base + first, min(128, sum.count - first)))
        }
      }
    }
    let isStarted = isStarted
    func sum(_ i: Int) { rnn_column_sums(last + parts[i].column, -columns, Int32(rows), Int32(parts[i].count), parts[i].sum, isStarted) }
    if rows * parts.count < 64 { parts.indices.forEach(sum) } else { Threads.parallel(parts.count, sum) }
    self.isStarted = true
  }

  /// The rows `[T · B]` of what a matrix was applied to, and their stride.
  private func operandRows(_ node: Int, _ trace: CellEngine.Trace) -> (UnsafePointer<Float>, Int) {
    switch engine.plan.operandPlace[node] {
    case .input(let i)?:
      let tensor = trace.inputs[i]
      // The trace holds the tensor while this is used.
      return (tensor.withUnsafeBufferPointer { $0.baseAddress } ?? UnsafePointer(trace.states[0].base), tensor.shape[2])
    case .state(let s, let after)?:
      let lanes = Schedule.padded(engine.stateSizes[s])
      return (UnsafePointer(trace.states[s].base + (after ? trace.batch * lanes : 0)), lanes)
    case .saved(let k)?: return (UnsafePointer(trace.saved[k].base), engine.plan.savedLanes[k])
    default: preconditionFailure("the operand of a product is not held")
    }
  }

  /// The gradients, in the order of the parameters.
  consuming func finish() -> [Tensor] {
    targets = []
    if !isStarted { return tensors.map { Tensor(zeros: $0.shape) } }
    for (parameter, sum) in further { tensors[parameter].add(sum) }
    return tensors
  }
}

/// The gradient of an input: products that no step waits for, made for many steps at once, and what else the steps gave.
private struct InputSums {
  private let engine: CellEngine
  private let input: Int
  /// Rows of the steps at hand, padded.
  let rows: Buffer
  private let packed: Buffer
  private let zeros: Buffer
  private(set) var gradient: Tensor

  /// - Parameter rows: the most rows at once.
  init(_ engine: CellEngine, _ input: Int, _ trace: CellEngine.Trace, rows: Int) {
    self.engine = engine
    self.input = input
    let shape = trace.inputs[input].shape, lanes = Schedule.padded(shape[2])
    gradient = Tensor(shape: shape, initializingWith: { _ in })
    self.rows = Buffer(rows * lanes)
    zeros = Buffer(lanes, zeroed: true)
    let products = engine.plan.derivative.inputs[input].products
    let heights = products.map { engine.sizes[engine.parameters[$0.parameter].rows] }
    packed = Buffer(heights.reduce(0) { $0 + rnn_packed_size(Int32($1), Int32(lanes)) }, zeroed: lanes > shape[2])
    var next = packed.base
    var pieces: [PackedPiece] = []
    for (product, height) in zip(products, heights) {
      pieces.append(.init(target: next, k: height, column: 0, columns: shape[2], source: trace.packed.parameters[product.parameter], rowStride: shape[2], columnStride: 1))
      next += rnn_packed_size(Int32(height), Int32(lanes))
    }
    PackedPiece.pack(pieces)
  }

  /// Writes the gradient of some steps, whose records begin with the first of them.
  mutating func write(_ trace: CellEngine.Trace, steps: Range<Int>, records: UnsafeMutablePointer<Float>) {
    let plan = engine.plan, columns = plan.recordColumns
    let batch = trace.batch, units = gradient.shape[2], lanes = Schedule.padded(units)
    let count = steps.count * batch, products = plan.derivative.inputs[input].products
    let hasRest = plan.inputGradientNodes[input] != nil
    let base = rows.base, zeros = UnsafePointer(zeros.base), matrices = UnsafePointer(packed.base)
    gradient.withUnsafeMutableBufferPointer { gradient in
      guard let result = gradient.baseAddress else { return }
      Threads.blocks(of: count, size: max(12, Threads.blockSize * 8 / max(columns, 1))) { block in
        var factors: [rnn_factors] = []
        var next = matrices, isStarted = hasRest
        func multiply() {
          rnn_sum_of_products(
            factors, Int32(factors.count), Int32(block.count), Int32(lanes), base + block.lowerBound * lanes, lanes,
            isStarted ? nil : zeros)
          isStarted = true
          factors = []
        }
        for product in products {
          let height = engine.sizes[engine.parameters[product.parameter].rows]
          let gradients = records + block.lowerBound * columns + (plan.recordColumn[product.gradient] ?? 0)
          factors.append(rnn_factors(a: gradients, a_stride: columns, packed: next, k: Int32(height)))
          next += rnn_packed_size(Int32(height), Int32(lanes))
          if factors.count == RNN_MOST_FACTORS { multiply() }
        }
        if !factors.isEmpty { multiply() }
        for row in block {
          let to = result + (steps.lowerBound * batch + row) * units
          if isStarted { to.update(from: base + row * lanes, count: units) } else { to.update(repeating: 0, count: units) }
        }
      }
    }
  }
}

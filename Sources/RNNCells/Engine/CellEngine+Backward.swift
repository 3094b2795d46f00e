import CRNNKernels
public import RNNTensor

extension CellEngine {
  /// Gradients with respect to all that a run read.
  public struct Gradients: Sendable {
    /// In the order of ``CellEngine/parameters``; with those of later steps in them, where these were given.
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
  ///   - later: the parameters' gradients over the steps behind this run, in the order of ``parameters``; their sums go on.
  ///     A sequence in two runs has the gradients of one run, to the bit: the later one first, its gradients of the initial
  ///     states given to the earlier one as those of the final states, its parameters' gradients as `later`.
  public func backward(
    _ trace: Trace, output: Tensor?, states finalStates: [Tensor?]? = nil, inputs wantsInputs: Bool = true,
    continuing later: consuming [Tensor?] = []
  ) -> Gradients {
    guard let packed = trace.packed.backward else { preconditionFailure("the parameters were not packed for training") }
    let rows = trace.rows
    let output = output ?? Tensor(zeros: [rows.times, rows.batch, outputSize])
    precondition(output.shape == [rows.times, rows.batch, outputSize], "the output's gradient has the shape \(output.shape)")
    let lanes = stateSizes.map(Schedule.padded)
    let stateGradients = lanes.map { Buffer(rows.first * $0, zeroed: true) }
    for s in lanes.indices {
      if let gradient = finalStates?[s] { Self.write(gradient, to: stateGradients[s].base, rows: rows, lanes: lanes[s]) }
    }
    let columns = plan.recordColumns
    let pieces = rows.pieces(of: Self.recordedRows)
    let mostRows = pieces.map(rows.count(of:)).max() ?? 0
    let records = Buffer(mostRows * columns)
    var sums = ParameterSums(self, continuing: later)
    var inputs = trace.inputs.indices.map { i in
      wantsInputs || plan.inputGradientNodes[i] != nil ? InputSums(self, i, trace, rows: mostRows) : nil
    }

    let blocks = blocks(rows)
    let workspace = Buffer(packed.workspaceCount(rows: rows.first, blocks: blocks))
    let sources = trace.inputs.map { input in input.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress) } }
    let upstream = output.withUnsafeBufferPointer { UnsafeMutablePointer(mutating: $0.baseAddress) }
    // The output's gradient for the rows of a piece, where these aren't the caller's own.
    let gathered = rows.isDense ? nil : Buffer(mostRows * outputSize)
    withExtendedLifetime((output, trace)) {
      for piece in pieces.reversed() {
        if let gathered, let upstream { rows.gather(upstream, units: outputSize, steps: piece, to: gathered.base) }
        let operands = packed.operands(rows, workspace: workspace.base) { place in
          /// Rows of which those of the piece begin at `base`.
          func ofPiece(_ base: UnsafeMutablePointer<Float>?, _ width: Int) -> rnn_operand {
            rows.operand(base.map { $0 - rows.start(piece.lowerBound) * width }, width)
          }
          switch place {
          case .input(let i): return rows.operand(sources[i], trace.inputs[i].shape[1])
          case .state(let s, let after): return rows.operand(state: trace.states[s].base, after: after, lanes[s])
          case .saved(let k): return rows.operand(trace.saved[k].base, plan.savedLanes[k])
          case .record(let column): return ofPiece(records.base + column, columns)
          case .stateGradient(let s):
            return rnn_operand(base: stateGradients[s].base, time_stride: 0, row_stride: lanes[s], temporary: 0, earlier: 0)
          case .outputGradient: return gathered.map { ofPiece($0.base, outputSize) } ?? rows.operand(upstream, outputSize)
          case .inputGradient(let i): return ofPiece(inputs[i]?.rows.base, Schedule.padded(trace.inputs[i].shape[1]))
          default: preconditionFailure("a place that the backward run doesn't have")
          }
        }
        packed.run(
          operands: operands, first: piece.upperBound - 1, direction: -1, steps: piece.count, rows: rows, blocks: blocks,
          random: trace.masks.random)
        sums.add(trace, steps: piece, records: records.base)
        for i in inputs.indices { inputs[i]?.write(trace, steps: piece, records: records.base, columns: columns) }
      }
    }
    return Gradients(
      parameters: sums.finish(), inputs: inputs.map { wantsInputs ? $0?.gradient : nil },
      initialStates: lanes.indices.map { gradient(stateGradients[$0].base, ofState: $0, rows, final: finalStates?[$0]) })
  }

  /// The gradient of an initial state, whose padded rows stand in the order of the run.
  func gradient(_ base: UnsafeMutablePointer<Float>, ofState s: Int, _ rows: StepRows, final: Tensor?) -> Tensor {
    let units = stateSizes[s], lanes = Schedule.padded(units)
    if rows.isDense { return Self.read(base, rows: rows.batch, units: units, lanes: lanes) }
    // A row without steps hands on what it got.
    var result = final ?? Tensor(zeros: [rows.batch, units])
    result.withMutablePointer { to in
      for r in 0..<rows.first { (to + rows.row(r) * units).update(from: base + r * lanes, count: units) }
    }
    return result
  }
}

/// The gradients of the parameters, to which the steps are added from the last to the first: each number is one chain of
/// sums over all rows, however the steps are cut.
struct ParameterSums {
  private let engine: CellEngine
  private var tensors: [Tensor] = []
  /// Where the sums of each product of the plan stand.
  private var targets: [UnsafeMutablePointer<Float>?] = []
  private var isStarted: Bool
  /// States before the steps at hand whose rows had to be brought together, by node.
  private var gathered: [Int: Buffer] = [:]

  /// - Parameter later: sums over later steps, to go on with.
  init(_ engine: CellEngine, continuing later: consuming [Tensor?]) {
    self.engine = engine
    precondition(later.isEmpty || later.count == engine.parameters.count, "\(later.count) gradients for \(engine.parameters.count) parameters")
    isStarted = later.contains { $0 != nil }
    // A product starts its sums itself, unless there are some to go on with.
    let begins = isStarted ? [] : Set(engine.plan.gradientProducts.joined().map(\.parameter) + engine.plan.derivative.vectors.map(\.parameter))
    for (i, parameter) in engine.parameters.enumerated() {
      let shape = engine.shape(of: parameter)
      // Taken out of the array, so that it is written where it is.
      if !later.isEmpty, let sum = later[i].take() {
        precondition(sum.shape == shape, "\(parameter.symbol) has the shape \(shape), its gradient \(sum.shape)")
        tensors.append(sum)
      } else {
        tensors.append(begins.contains(i) ? Tensor(shape: shape, initializingWith: { _ in }) : Tensor(zeros: shape))
      }
    }
    // Nobody else has these tensors before `finish`, so the addresses hold.
    for product in engine.plan.gradientProducts.joined() {
      targets.append(tensors[product.parameter].withUnsafeMutableBufferPointer { $0.baseAddress })
    }
  }

  /// Adds steps, whose gradients stand in `records` from the first of them on.
  mutating func add(_ trace: CellEngine.Trace, steps: Range<Int>, records: UnsafeMutablePointer<Float>) {
    let plan = engine.plan, sizes = engine.sizes
    let columns = plan.recordColumns, rows = trace.rows.count(of: steps)
    guard rows > 0 else { return }
    let last = records + (rows - 1) * columns
    var index = 0
    for run in plan.gradientProducts {
      let (operand, stride) = consecutiveRows(run[0].operand, trace, steps)
      let n = sizes[plan.graph.nodes[run[0].operand].size], height = sizes[engine.parameters[run[0].parameter].rows]
      rnn_gemm_pieces(
        Int32(height * run.count), Int32(n), Int32(rows), last + (plan.recordColumn[run[0].gradient] ?? 0), 1, -columns,
        operand + (rows - 1) * stride, -stride, 1,
        Array(targets[index..<index + run.count]), Int32(height), n, isStarted)
      index += run.count
    }
    for uses in plan.repeatedProducts {
      let sum = tensors[uses[0].parameter].withMutablePointer { $0 }
      addRepeated(uses, trace, steps: steps, records: records, to: sum)
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
    if rows * columns < 1 << 17 { parts.indices.forEach(sum) } else { Threads.parallel(parts.count, sum) }
    self.isStarted = true
    gathered = [:]
  }

  /// Adds to the gradient of a matrix that a step applies several times. A step's uses follow each other in the sum, lest it
  /// depend on where the sequence is cut: their rows are brought together, some steps at a time.
  private func addRepeated(
    _ uses: [Derivative.ProductGradient], _ trace: CellEngine.Trace, steps: Range<Int>, records: UnsafeMutablePointer<Float>,
    to sum: UnsafeMutablePointer<Float>
  ) {
    let plan = engine.plan, first = trace.rows.start(steps.lowerBound)
    let m = engine.sizes[engine.parameters[uses[0].parameter].rows], n = engine.sizes[plan.graph.nodes[uses[0].operand].size]
    // Rows of whole steps.
    let capacity = max(256, uses.count * trace.rows.first)
    let gradients = Buffer(capacity * m), operands = Buffer(capacity * n)
    var count = 0
    func add() {
      rnn_gemm(Int32(m), Int32(n), Int32(count), gradients.base, 1, m, operands.base, n, 1, sum, n, true)
      count = 0
    }
    for t in steps.reversed() {
      let rows = trace.rows.count(at: t)
      if count + uses.count * rows > capacity { add() }
      for use in uses {
        let (operand, stride) = operandRows(use.operand, trace, at: t)
        let record = records + (trace.rows.start(t) - first) * plan.recordColumns + (plan.recordColumn[use.gradient] ?? 0)
        for b in (0..<rows).reversed() {
          (gradients.base + count * m).update(from: record + b * plan.recordColumns, count: m)
          (operands.base + count * n).update(from: operand + b * stride, count: n)
          count += 1
        }
      }
    }
    add()
  }

  /// The rows at step `t` of what a matrix was applied to, and their stride.
  private func operandRows(_ node: Int, _ trace: CellEngine.Trace, at t: Int) -> (UnsafePointer<Float>, Int) {
    let rows = trace.rows
    switch engine.plan.operandPlace[node] {
    case .input(let i)?:
      let tensor = trace.inputs[i], width = tensor.shape[1]
      // The trace holds the tensor while this is used.
      return ((tensor.withUnsafeBufferPointer { $0.baseAddress } ?? UnsafePointer(trace.states[0].base)) + rows.start(t) * width, width)
    case .state(let s, let after)?:
      let lanes = Schedule.padded(engine.stateSizes[s])
      return (UnsafePointer(trace.states[s].base + (rows.first + (after ? rows.start(t) : rows.earlierStart(t))) * lanes), lanes)
    case .saved(let k)?:
      let lanes = engine.plan.savedLanes[k]
      return (UnsafePointer(trace.saved[k].base + rows.start(t) * lanes), lanes)
    default: preconditionFailure("the operand of a product is not held")
    }
  }

  /// The rows of some steps of what a matrix was applied to, one after another, and their stride.
  private mutating func consecutiveRows(_ node: Int, _ trace: CellEngine.Trace, _ steps: Range<Int>) -> (UnsafePointer<Float>, Int) {
    let rows = trace.rows
    let (first, stride) = operandRows(node, trace, at: steps.lowerBound)
    guard case .state(_, false)? = engine.plan.operandPlace[node],
      rows.count(at: steps.upperBound - 1) < rows.count(at: max(steps.lowerBound, 1) - 1)
    else { return (first, stride) }
    // Behind the states before a step stand those of the rows that have ended.
    if let known = gathered[node] { return (UnsafePointer(known.base), stride) }
    let own = Buffer(rows.count(of: steps) * stride)
    let part = max(1, steps.count * Threads.blockSize / max(rows.count(of: steps) * stride, 1))
    Threads.blocks(of: steps.count, size: part) { block in
      for t in steps.lowerBound + block.lowerBound..<steps.lowerBound + block.upperBound {
        let from = operandRows(node, trace, at: t).0
        (own.base + rows.count(of: steps.lowerBound..<t) * stride).update(from: from, count: rows.count(at: t) * stride)
      }
    }
    gathered[node] = own
    return (UnsafePointer(own.base), stride)
  }

  /// The gradients, in the order of the parameters.
  consuming func finish() -> [Tensor] {
    targets = []
    return isStarted ? tensors : tensors.map { Tensor(zeros: $0.shape) }
  }
}

/// The products that give the gradient of an input from the records of steps, packed.
struct InputProducts {
  private let heights: [Int]
  private let columns: [Int]
  private let columnCount: Int
  private let hasRest: Bool
  private let packed: Buffer
  private let zeros: Buffer
  /// The floats of a row of results.
  let lanes: Int

  init(_ engine: CellEngine, _ input: Int, _ parameters: [Tensor]) {
    let plan = engine.plan, units = engine.sizes[engine.cell.graph.inputSize(input)]
    let products = plan.derivative.inputs[input].products
    heights = products.map { engine.sizes[engine.parameters[$0.parameter].rows] }
    columns = products.map { plan.recordColumn[$0.gradient] ?? 0 }
    columnCount = plan.recordColumns
    hasRest = plan.inputGradientNodes[input] != nil
    let lanes = Schedule.padded(units)
    self.lanes = lanes
    zeros = Buffer(lanes, zeroed: true)
    packed = Buffer(heights.reduce(0) { $0 + rnn_packed_size(Int32($1), Int32(lanes)) })
    var next = packed.base
    var pieces: [PackedPiece] = []
    for (product, height) in zip(products, heights) {
      let piece = PackedPiece(
        target: next, k: height, column: 0, columns: units, source: parameters[product.parameter], rowStride: units, columnStride: 1)
      pieces += [piece] + PackedPiece.gaps(between: [piece], columns: lanes)
      next += rnn_packed_size(Int32(height), Int32(lanes))
    }
    PackedPiece.pack(pieces)
  }

  /// The gradient of some rows, of which every `each`-th is taken: of what else the steps gave, which stands in `result`, and the
  /// products. Runs on the calling thread; nothing is allocated.
  func multiply(_ records: UnsafePointer<Float>, each: Int = 1, rows: Int, _ result: UnsafeMutablePointer<Float>) {
    guard rows > 0 else { return }
    var isStarted = hasRest, first = 0, next = UnsafePointer(packed.base)
    withUnsafeTemporaryAllocation(of: rnn_factors.self, capacity: Int(RNN_MOST_FACTORS)) { factors in
      while first < heights.count {
        let count = min(heights.count - first, Int(RNN_MOST_FACTORS))
        for i in 0..<count {
          let height = heights[first + i]
          factors[i] = rnn_factors(a: records + columns[first + i], a_stride: each * columnCount, packed: next, k: Int32(height))
          next += rnn_packed_size(Int32(height), Int32(lanes))
        }
        rnn_sum_of_products(
          factors.baseAddress, Int32(count), Int32(rows), Int32(lanes), result, each * lanes, isStarted ? nil : UnsafePointer(zeros.base))
        isStarted = true
        first += count
      }
    }
    if !isStarted { for row in 0..<rows { (result + row * each * lanes).update(repeating: 0, count: lanes) } }
  }
}

/// The gradient of an input: products that no step waits for, made for many steps at once, and what else the steps gave.
private struct InputSums {
  private let products: InputProducts
  /// Rows of the steps at hand, padded.
  let rows: Buffer
  private(set) var gradient: Tensor

  /// - Parameter rows: the most rows at once.
  init(_ engine: CellEngine, _ input: Int, _ trace: CellEngine.Trace, rows: Int) {
    let units = trace.inputs[input].shape[1]
    gradient = Tensor(shape: [trace.rows.times, trace.rows.batch, units], writing: { trace.rows.clearPadding(of: $0, units: units) })
    products = InputProducts(engine, input, trace.packed.parameters)
    self.rows = Buffer(rows * products.lanes)
  }

  /// Writes the gradient of some steps, whose records of so many columns begin with the first of them.
  mutating func write(_ trace: CellEngine.Trace, steps: Range<Int>, records: UnsafeMutablePointer<Float>, columns: Int) {
    let stepRows = trace.rows, units = gradient.shape[2], lanes = products.lanes
    let first = stepRows.start(steps.lowerBound), count = stepRows.count(of: steps)
    let base = rows.base, products = products
    gradient.withUnsafeMutableBufferPointer { gradient in
      guard let result = gradient.baseAddress else { return }
      let isLarge = count * columns * lanes > 1 << 20
      Threads.blocks(of: count, size: isLarge ? max(12, Threads.blockSize * 8 / max(columns, 1)) : count) { block in
        products.multiply(records + block.lowerBound * columns, rows: block.count, base + block.lowerBound * lanes)
        for row in block { (result + stepRows.place(first + row) * units).update(from: base + row * lanes, count: units) }
      }
    }
  }
}

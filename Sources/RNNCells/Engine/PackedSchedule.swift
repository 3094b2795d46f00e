import CRNNKernels
import RNNTensor

/// A schedule with the numbers of one version of the parameters: packed matrices, biases, constants, ready to run.
final class PackedSchedule: @unchecked Sendable {
  // Safe to share: nothing is written after init.
  let schedule: Schedule
  let stages: UnsafeMutableBufferPointer<rnn_stage>
  private let numbers: Buffer
  private let instructions: [UnsafeMutableBufferPointer<rnn_instruction>]
  /// Where the shared rows of the schedule's places begin; nil for other places.
  let sharedRows: [UnsafeMutablePointer<Float>?]

  init(_ schedule: Schedule, plan: Plan, parameters: [Tensor]) {
    self.schedule = schedule
    let sizes = plan.sizes
    let packSizes = schedule.packs.map { rnn_packed_size(Int32($0.k), Int32($0.columns)) }
    let shared = schedule.places.map { place in
      switch place {
      case .vector, .constant: true
      default: false
      }
    }
    let sharedCount = shared.count { $0 } * schedule.width
    numbers = Buffer(packSizes.reduce(0, +) + schedule.sumColumns + sharedCount, zeroed: true)
    var next = numbers.base

    var packed: [UnsafeMutablePointer<Float>] = []
    for (pack, count) in zip(schedule.packs, packSizes) {
      for piece in pack.pieces {
        let parameter = plan.graph.parameters[piece.parameter]
        let rows = sizes[parameter.rows], columns = sizes[parameter.columns ?? .scalar]
        parameters[piece.parameter].withUnsafeBufferPointer { w in
          rnn_pack(
            next, Int32(pack.k), Int32(piece.column), Int32(piece.transposed ? columns : rows), w.baseAddress,
            piece.transposed ? columns : 1, piece.transposed ? 1 : columns)
        }
      }
      packed.append(next)
      next += count
    }
    let biases = next
    for bias in schedule.biases {
      parameters[bias.parameter].withUnsafeBufferPointer { b in for i in b.indices { biases[bias.column + i] += b[i] } }
    }
    next += schedule.sumColumns
    sharedRows = schedule.places.map { place in
      let row = next
      switch place {
      case .vector(let p): parameters[p].withUnsafeBufferPointer { v in for i in v.indices { row[i] = v[i] } }
      case .constant(let c): for i in 0..<schedule.width { row[i] = Float(c) }
      default: return nil
      }
      next += schedule.width
      return row
    }

    var programs: [UnsafeMutableBufferPointer<rnn_instruction>] = []
    let sumsPlace: [Int: Int] = Dictionary(uniqueKeysWithValues: schedule.places.enumerated().compactMap { index, place in
      if case .sums(let column) = place { (column, index) } else { nil }
    })
    stages = .allocate(capacity: schedule.stages.count)
    for (i, stage) in schedule.stages.enumerated() {
      var s = rnn_stage()
      switch stage {
      case .fill(let column, let count):
        s.kind = Int32(RNN_STAGE_FILL.rawValue)
        s.target = Int32(sumsPlace[column] ?? 0)
        s.n = Int32(count)
        s.`init` = UnsafePointer(biases + column)
      case .product(let source, let pack, let column, let initialised):
        s.kind = Int32(RNN_STAGE_PRODUCT.rawValue)
        s.source = Int32(source)
        s.target = Int32(sumsPlace[column] ?? 0)
        s.k = Int32(schedule.packs[pack].k)
        s.n = Int32(schedule.packs[pack].columns)
        s.packed = UnsafePointer(packed[pack])
        s.`init` = initialised ? nil : UnsafePointer(biases + column)
      case .program(let program):
        let copy = UnsafeMutableBufferPointer<rnn_instruction>.allocate(capacity: program.count)
        _ = copy.initialize(from: program)
        programs.append(copy)
        s.kind = Int32(RNN_STAGE_PROGRAM.rawValue)
        s.program = UnsafePointer(copy.baseAddress)
        s.count = Int32(program.count)
      case .copy(let from, let to, let count):
        s.kind = Int32(RNN_STAGE_COPY.rawValue)
        s.source = Int32(from)
        s.target = Int32(to)
        s.n = Int32(count)
      case .step(let to, let count):
        s.kind = Int32(RNN_STAGE_STEP.rawValue)
        s.target = Int32(to)
        s.n = Int32(count)
      }
      stages.initializeElement(at: i, to: s)
    }
    instructions = programs
  }

  deinit {
    stages.deallocate()
    instructions.forEach { $0.deallocate() }
  }

  /// The rows that a program computes at a time, so that its temporaries stay in the first cache.
  func chunk(rows: Int) -> Int { max(1, min(rows, 6144 / (schedule.width * max(1, schedule.temporaries)))) }

  /// The floats of working memory that `rows` rows take, for `blocks` threads.
  func workspaceCount(rows: Int, blocks: Int) -> Int {
    rows * (schedule.sumColumns + schedule.scratches * schedule.width + rowPlaces * schedule.width)
      + blocks * chunk(rows: rows) * schedule.temporaries * schedule.width
  }

  private var rowPlaces: Int {
    schedule.places.count { place in
      switch place {
      case .inputRow, .step, .outputGradientRow: true
      default: false
      }
    }
  }

  /// The table of operands: where each place's rows begin. `bind` gives the places that belong to the call; temporaries are
  /// the first thread's.
  func operands(rows: Int, workspace: UnsafeMutablePointer<Float>, bind: (Place) -> rnn_operand) -> [rnn_operand] {
    let width = schedule.width
    var next = workspace + rows * schedule.sumColumns
    func row(_ count: Int) -> rnn_operand {
      defer { next += rows * count }
      return rnn_operand(base: next, time_stride: 0, row_stride: count, temporary: 0)
    }
    var scratch: [Int: rnn_operand] = [:]
    var table = schedule.places.enumerated().map { index, place in
      switch place {
      case .vector, .constant: rnn_operand(base: sharedRows[index], time_stride: 0, row_stride: 0, temporary: 0)
      case .sums(let column):
        rnn_operand(base: workspace + column, time_stride: 0, row_stride: schedule.sumColumns, temporary: 0)
      case .scratch(let k):
        scratch[k] ?? { let made = row(width); scratch[k] = made; return made }()
      case .inputRow, .step, .outputGradientRow: row(width)
      case .temporary: rnn_operand(base: nil, time_stride: 0, row_stride: width, temporary: 1)
      default: bind(place)
      }
    }
    let perTemporary = chunk(rows: rows) * width
    for (index, place) in schedule.places.enumerated() {
      if case .temporary(let k) = place { table[index].base = next + k * perTemporary }
    }
    return table
  }

  /// Runs `steps` steps on all rows, split over threads by rows.
  func run(
    operands: [rnn_operand], first: Int, direction: Int, steps: Int, rows: Int, blocks: Int, random: rnn_random
  ) {
    let chunk = chunk(rows: rows)
    let perBlock = chunk * schedule.temporaries * schedule.width
    Threads.parallel(blocks) { block in
      let begin = rows * block / blocks, end = rows * (block + 1) / blocks
      var random = random
      func run(_ table: UnsafePointer<rnn_operand>?) {
        rnn_sequence_run(
          stages.baseAddress, Int32(stages.count), table, Int32(first), Int32(direction), Int32(steps), Int32(begin),
          Int32(end - begin), Int32(chunk), &random)
      }
      if block == 0 { return operands.withUnsafeBufferPointer { run($0.baseAddress) } }
      var own = operands
      for i in own.indices where own[i].temporary != 0 { own[i].base += block * perBlock }
      own.withUnsafeBufferPointer { run($0.baseAddress) }
    }
  }
}

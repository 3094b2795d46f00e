import CRNNKernels
import RNNTensor

/// A schedule with the numbers of one version of the parameters: packed matrices, biases, constants, ready to run.
final class PackedSchedule: @unchecked Sendable {
  // Safe to share: nothing is written after init.
  let schedule: Schedule
  /// All stages of a step.
  private let stages: [rnn_stage]
  /// The products of inputs among them, which can be made for many steps at once, and the others.
  private let inputStages: [rnn_stage]
  private let laterStages: [rnn_stage]
  private let numbers: Buffer
  /// The numbers in all packed matrices.
  private let matrixCount: Int
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
    matrixCount = packSizes.reduce(0, +)
    numbers = Buffer(packSizes.reduce(0, +) + schedule.sumColumns + sharedCount)
    var next = numbers.base

    var packed: [UnsafeMutablePointer<Float>] = []
    var pieces: [PackedPiece] = []
    for (pack, count) in zip(schedule.packs, packSizes) {
      for piece in pack.pieces {
        let parameter = plan.graph.parameters[piece.parameter]
        let rows = sizes[parameter.rows], columns = sizes[parameter.columns ?? .scalar]
        pieces.append(PackedPiece(
          target: next, k: pack.k, column: piece.column, columns: piece.transposed ? columns : rows,
          source: parameters[piece.parameter], rowStride: piece.transposed ? columns : 1, columnStride: piece.transposed ? 1 : columns))
      }
      pieces += PackedPiece.gaps(between: pieces.suffix(pack.pieces.count), columns: pack.columns)
      packed.append(next)
      next += count
    }
    PackedPiece.pack(pieces)
    next.update(repeating: 0, count: schedule.sumColumns + sharedCount)
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
    var all: [rnn_stage] = []
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
      s.waits = schedule.waits[i] ? 1 : 0
      all.append(s)
    }
    instructions = programs
    stages = Self.joined(all)
    let isInput = schedule.stages.map(schedule.isInputProduct)
    inputStages = zip(all, isInput).filter(\.1).map(\.0)
    laterStages = Self.joined(zip(all, isInput).filter { !$0.1 }.map(\.0))
  }

  /// Products that follow one another and add to the same columns become one sum.
  private static func joined(_ stages: [rnn_stage]) -> [rnn_stage] {
    var stages = stages
    var first = 0
    for i in stages.indices.dropFirst() {
      let head = stages[first], stage = stages[i]
      let isProduct = stage.kind == RNN_STAGE_PRODUCT.rawValue && head.kind == stage.kind
      if isProduct, stage.target == head.target, stage.n == head.n, stage.`init` == nil, stage.waits == 0, head.joined < RNN_MOST_FACTORS - 1 {
        stages[first].joined += 1
      } else {
        first = i
      }
    }
    return stages
  }

  deinit {
    instructions.forEach { $0.deallocate() }
  }

  /// The rows that a program computes at a time, so that its temporaries fill half of the first cache.
  func chunk(rows: Int) -> Int {
    max(1, min(rows, rnn_cache_size(1) / (2 * MemoryLayout<Float>.size) / (schedule.width * max(1, schedule.temporaries))))
  }

  /// A part of a run.
  struct Part {
    let steps: Range<Int>
    /// The steps whose products of inputs are made ahead, all at once.
    let ahead: Int
  }

  /// A forward run in parts: where rows are few for the size of the matrices, products of inputs are made ahead, so that
  /// these pass by once for many steps.
  ///
  /// - Parameter steps: those from the first on.
  func parts(steps: Int, _ rows: StepRows, blocks: Int) -> [Part] {
    let each = inputStages.reduce(0) { $0 + Int($1.k) * Int($1.n) } < 1 << 20 ? 4 : 12
    let few = inputStages.isEmpty ? steps : min(steps, rows.firstStep(ofAtMost: each * blocks))
    let first = Part(steps: 0..<few, ahead: 1), second = Part(steps: few..<steps, ahead: max(1, min(steps - few, 64)))
    return few == steps ? [first] : few == 0 ? [second] : [first, second]
  }

  /// The floats of working memory that `rows` rows take, for `blocks` threads.
  ///
  /// - Parameter sums: the rows of sums that stand at once.
  func workspaceCount(rows: Int, blocks: Int, sums: Int? = nil) -> Int {
    (sums ?? rows) * schedule.sumStride + rows * (schedule.scratches + rowPlaces) * schedule.width
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
  ///
  /// - Parameter part: the part of a forward run that is to be run; nil: nothing is made ahead.
  func operands(
    _ rows: StepRows, workspace: UnsafeMutablePointer<Float>, _ part: Part? = nil, bind: (Place) -> rnn_operand
  ) -> [rnn_operand] {
    let sums = part.map { sumRows($0, rows) } ?? rows.first
    let width = schedule.width
    var next = workspace + sums * schedule.sumStride
    func row(_ count: Int) -> rnn_operand {
      defer { next += rows.first * count }
      return rnn_operand(base: next, time_stride: 0, row_stride: count, temporary: 0, earlier: 0)
    }
    var scratch: [Int: rnn_operand] = [:]
    var table = schedule.places.enumerated().map { index, place in
      switch place {
      case .vector, .constant: rnn_operand(base: sharedRows[index], time_stride: 0, row_stride: 0, temporary: 0, earlier: 0)
      case .sums(let column):
        part.map { $0.ahead > 1 } == true
          ? rows.operand(workspace + column, schedule.sumStride)
          : rnn_operand(base: workspace + column, time_stride: 0, row_stride: schedule.sumStride, temporary: 0, earlier: 0)
      case .scratch(let k):
        scratch[k] ?? { let made = row(width); scratch[k] = made; return made }()
      case .inputRow, .step, .outputGradientRow: row(width)
      case .temporary: rnn_operand(base: nil, time_stride: 0, row_stride: width, temporary: 1, earlier: 0)
      default: bind(place)
      }
    }
    let perTemporary = chunk(rows: rows.first) * width
    for (index, place) in schedule.places.enumerated() {
      if case .temporary(let k) = place { table[index].base = next + k * perTemporary }
    }
    return table
  }

  /// The rows of sums that stand at once in a part.
  func sumRows(_ part: Part, _ rows: StepRows) -> Int {
    part.ahead > 1 ? rows.count(of: part.steps.lowerBound..<part.steps.lowerBound + part.ahead) : rows.first
  }

  /// Runs a part of a forward run on all rows.
  func run(_ part: Part, operands: [rnn_operand], rows: StepRows, blocks: Int, random: rnn_random) {
    guard part.ahead > 1 else {
      return run(operands: operands, first: part.steps.lowerBound, direction: 1, steps: part.steps.count, rows: rows, blocks: blocks, random: random)
    }
    var operands = operands
    func moveSums(back rows: Int) {
      for (i, place) in schedule.places.enumerated() {
        if case .sums = place { operands[i].base -= rows * schedule.sumStride }
      }
    }
    moveSums(back: rows.start(part.steps.lowerBound))
    for begin in stride(from: part.steps.lowerBound, to: part.steps.upperBound, by: part.ahead) {
      let now = begin..<min(begin + part.ahead, part.steps.upperBound)
      multiplyInputs(operands, rows, steps: now)
      run(
        laterStages, operands: operands, first: begin, direction: 1, steps: now.count, rows: rows, blocks: blocks, random: random)
      // The next steps' sums stand where these stood.
      moveSums(back: rows.count(of: now))
    }
  }

  /// Runs `steps` steps on all rows.
  func run(operands: [rnn_operand], first: Int, direction: Int, steps: Int, rows: StepRows, blocks: Int, random: rnn_random) {
    run(stages, operands: operands, first: first, direction: direction, steps: steps, rows: rows, blocks: blocks, random: random)
  }

  /// The products of inputs, for the rows of many steps.
  private func multiplyInputs(_ operands: [rnn_operand], _ rows: StepRows, steps: Range<Int>) {
    let first = rows.start(steps.lowerBound), count = rows.count(of: steps)
    for stage in inputStages {
      let source = operands[Int(stage.source)], target = operands[Int(stage.target)]
      let a = source.base + first * source.row_stride, c = target.base + first * target.row_stride
      let isLarge = count * Int(stage.k) * Int(stage.n) > Self.largeProduct
      Threads.blocks(of: count, size: isLarge ? max(12, (count + Threads.count - 1) / Threads.count) : count) { block in
        rnn_product(
          a + block.lowerBound * source.row_stride, source.row_stride, Int32(block.count), stage.packed, stage.k, stage.n,
          c + block.lowerBound * target.row_stride, target.row_stride, stage.`init`)
      }
    }
  }

  /// Multiply-adds that are worth another thread.
  private static let largeProduct = 1 << 23

  /// Whether units are shared out among threads instead of rows: the matrices are so large that they pass by in every step,
  /// and rows so few that each thread would wait for all of them with too little to do.
  ///
  /// - Returns: the lanes of all values, and how many of them a thread takes at once; nil where rows are shared out.
  private func sharedUnits(rows: Int) -> (lanes: Int, part: Int)? {
    let threads = Threads.count
    guard let lanes = schedule.unitLanes, lanes >= 128, threads > 1, rows <= 2 * threads,
      matrixCount >= rnn_cache_size(2) / (2 * MemoryLayout<Float>.size)
    else { return nil }
    return (lanes, max(64, (lanes / threads + 63) / 64 * 64))
  }

  private func run(
    _ stages: [rnn_stage], operands: [rnn_operand], first: Int, direction: Int, steps: Int, rows: StepRows,
    blocks: Int, random: rnn_random
  ) {
    if rows.isDense {
      return run(
        stages, operands: operands, first: first, direction: direction, steps: steps, rows: rows.first, blocks: blocks, random: random)
    }
    // The later the step, the fewer the rows: from some step on units may be shared out.
    let all = direction > 0 ? first..<first + steps : first - steps + 1..<first + 1
    let few = min(max(rows.firstStep(ofAtMost: 2 * Threads.count), all.lowerBound), all.upperBound)
    let units = few < all.upperBound ? sharedUnits(rows: rows.count(at: few)) : nil
    let cut = units == nil ? all.upperBound : few
    let parts = [(all.lowerBound..<cut, nil), (cut..<all.upperBound, units)].filter { !$0.0.isEmpty }
    for (steps, units) in direction > 0 ? parts : parts.reversed() {
      run(
        stages, operands: operands, first: direction > 0 ? steps.lowerBound : steps.upperBound - 1, direction: direction,
        steps: steps.count, lengths: rows, units: units, blocks: blocks, random: random)
    }
  }

  private func run(
    _ stages: [rnn_stage], operands: [rnn_operand], first: Int, direction: Int, steps: Int, rows: Int,
    blocks: Int, random: rnn_random
  ) {
    let chunk = chunk(rows: rows)
    if let (lanes, part) = sharedUnits(rows: rows) {
      var random = random
      rnn_sequence_run_units(
        stages, Int32(stages.count), operands, Int32(first), Int32(direction), Int32(steps), Int32(rows), nil, Int32(chunk),
        Int32(lanes), Int32(part), &random)
      return
    }
    let perBlock = chunk * schedule.temporaries * schedule.width
    Threads.parallel(blocks) { block in
      let begin = rows * block / blocks, end = rows * (block + 1) / blocks
      var random = random
      func run(_ table: [rnn_operand]) {
        rnn_sequence_run(
          stages, Int32(stages.count), table, Int32(first), Int32(direction), Int32(steps), Int32(begin),
          Int32(end - begin), Int32(chunk), &random)
      }
      if block == 0 { return run(operands) }
      var own = operands
      for i in own.indices where own[i].temporary != 0 { own[i].base += block * perBlock }
      run(own)
    }
  }

  /// Rows of different lengths: of `blocks` threads each takes every `blocks`-th row, so that all have as much to do.
  private func run(
    _ stages: [rnn_stage], operands: [rnn_operand], first: Int, direction: Int, steps: Int, lengths rows: StepRows,
    units: (lanes: Int, part: Int)?, blocks: Int, random: rnn_random
  ) {
    let chunk = chunk(rows: rows.first)
    let blocks = units == nil ? blocks : 1
    let perBlock = chunk * schedule.temporaries * schedule.width
    Threads.parallel(blocks) { block in
      var own = operands
      for i in own.indices {
        own[i].base += own[i].temporary != 0 ? block * perBlock : block * own[i].row_stride
        if own[i].temporary == 0 { own[i].row_stride *= blocks }
      }
      var random = random
      random.rows = UnsafePointer(rows.order + block)
      random.row_step = Int32(blocks)
      withUnsafeTemporaryAllocation(of: rnn_operand.self, capacity: own.count) { moved in
        var lengths = rows.lengths(block: block, of: blocks, moved: moved)
        if let (lanes, part) = units {
          rnn_sequence_run_units(
            stages, Int32(stages.count), own, Int32(first), Int32(direction), Int32(steps), 0, &lengths,
            Int32(chunk), Int32(lanes), Int32(part), &random)
        } else {
          rnn_sequence_run_lengths(
            stages, Int32(stages.count), own, Int32(first), Int32(direction), Int32(steps), &lengths, Int32(chunk), &random)
        }
      }
    }
  }

  // MARK: Step by step

  /// What one of several threads computes of every step: its rows, and the operands as it sees them.
  final class Share: @unchecked Sendable {
    // Safe to share: one thread at a time has it.
    fileprivate let index: Int, shares: Int
    fileprivate let operands: UnsafeMutableBufferPointer<rnn_operand>
    fileprivate let moved: UnsafeMutableBufferPointer<rnn_operand>
    fileprivate var random: rnn_random

    fileprivate init(_ index: Int, of shares: Int, _ operands: [rnn_operand], random: rnn_random) {
      (self.index, self.shares, self.random) = (index, shares, random)
      self.operands = .allocate(capacity: operands.count)
      _ = self.operands.initialize(from: operands)
      moved = .allocate(capacity: operands.count)
    }

    deinit {
      operands.deallocate()
      moved.deallocate()
    }
  }

  /// The shares of so many threads, for ``step(_:_:rows:count:from:)``.
  ///
  /// - Parameter operands: those of the first thread, with temporaries for all.
  func shares(_ count: Int, operands: [rnn_operand], rows: StepRows, random: rnn_random) -> [Share] {
    let perBlock = chunk(rows: rows.first) * schedule.temporaries * schedule.width
    return (0..<count).map { index in
      var own = operands
      var random = random
      for i in own.indices {
        if own[i].temporary != 0 {
          own[i].base += index * perBlock
        } else if !rows.isDense {
          own[i].base += index * own[i].row_stride
        }
        if !rows.isDense, own[i].temporary == 0 { own[i].row_stride *= count }
      }
      if !rows.isDense {
        random.rows = UnsafePointer(rows.order + index)
        random.row_step = Int32(count)
      }
      return Share(index, of: count, own, random: random)
    }
  }

  /// Runs step `t` on a share's rows, on the calling thread; nothing is allocated.
  ///
  /// - Parameters:
  ///   - count: the rows that the step has: fewer than there are, where nothing else has lengths.
  ///   - time: the time of the first step, beyond that of the masks.
  func step(_ share: Share, _ t: Int, rows: StepRows, count: Int, from time: Int = 0) {
    guard let operands = UnsafePointer(share.operands.baseAddress) else { return }
    var random = share.random
    random.time &+= UInt32(truncatingIfNeeded: time)
    if rows.isDense {
      let mine = rows.share(share.index, of: share.shares, count: count)
      rnn_sequence_run(
        stages, Int32(stages.count), operands, Int32(t), 1, 1, Int32(mine.first), Int32(mine.count), Int32(chunk(rows: rows.first)), &random)
    } else {
      var lengths = rows.lengths(block: share.index, of: share.shares, moved: share.moved)
      rnn_sequence_run_lengths(
        stages, Int32(stages.count), operands, Int32(t), 1, 1, &lengths, Int32(chunk(rows: rows.first)), &random)
    }
  }

  /// A step of one row.
  func step(operands: [rnn_operand], random: rnn_random) {
    run(stages, operands: operands, first: 0, direction: 1, steps: 1, rows: 1, blocks: 1, random: random)
  }
}

/// A matrix that goes into columns of a packed one.
struct PackedPiece {
  let target: UnsafeMutablePointer<Float>
  let k: Int
  let column: Int
  let columns: Int
  let source: Tensor
  let rowStride: Int
  let columnStride: Int

  /// The zeros that are read where no piece of a packed matrix lies.
  static func gaps(between pieces: some Collection<PackedPiece>, columns: Int) -> [PackedPiece] {
    var gaps: [PackedPiece] = [], end = 0
    guard let first = pieces.first else { return [] }
    func fill(to column: Int) {
      guard column > end else { return }
      gaps.append(PackedPiece(
        target: first.target, k: first.k, column: end, columns: column - end, source: Tensor(zeros: [column - end]), rowStride: 0,
        columnStride: 1))
    }
    for piece in pieces.sorted(by: { $0.column < $1.column }) {
      fill(to: piece.column)
      end = max(end, piece.column + piece.columns)
    }
    fill(to: columns)
    return gaps
  }

  /// Packs all pieces, their columns shared out over threads.
  static func pack(_ pieces: [PackedPiece]) {
    var parts: [(piece: Int, columns: Range<Int>)] = []
    for (i, piece) in pieces.enumerated() {
      // As many columns as a thread should take at once.
      let width = max(64, Threads.blockSize / max(piece.k, 1) / 64 * 64)
      for first in stride(from: 0, to: piece.columns, by: width) { parts.append((i, first..<min(first + width, piece.columns))) }
    }
    func pack(_ i: Int) {
      let piece = pieces[parts[i].piece], columns = parts[i].columns
      piece.source.withPointer {
        rnn_pack(
          piece.target, Int32(piece.k), Int32(piece.column + columns.lowerBound), Int32(columns.count),
          $0 + columns.lowerBound * piece.columnStride, piece.rowStride, piece.columnStride)
      }
    }
    // A little is packed sooner than another thread is awake.
    if pieces.reduce(0, { $0 + $1.k * $1.columns }) < 1 << 17 { parts.indices.forEach(pack) } else { Threads.parallel(parts.count, pack) }
  }
}

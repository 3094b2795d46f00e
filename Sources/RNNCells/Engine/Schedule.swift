import CRNNKernels
import RNNTensor

/// Where a value lives while a sequence runs. Rows are batch rows, padded to ``RNN_UNIT`` floats unless they are dense.
enum Place: Hashable {
  /// The caller's `[T, B, I]`, dense.
  case input(Int)
  /// A step's input in padded rows.
  case inputRow(Int)
  /// A state before the step, or after it: `[T + 1, B, ·]`.
  case state(Int, after: Bool)
  /// A vector of parameters, one row for all.
  case vector(Int)
  case constant(Double)
  case step
  /// Columns of the row of sums.
  case sums(column: Int)
  /// A row that outlives its program.
  case scratch(Int)
  /// A row that lives within one element-wise program.
  case temporary(Int)
  /// A forward value kept for the backward run: `[T, B, ·]`.
  case saved(Int)
  /// The caller's `[T, B, ·]`, dense.
  case output
  /// Columns of the rows of gradients that those of the parameters are computed from: `[T, B, columns]`.
  case record(column: Int)
  case stateGradient(Int)
  /// The caller's `[T, B, ·]`, dense.
  case outputGradient
  /// A step's gradient of the output in padded rows.
  case outputGradientRow
  /// The part of an input's gradient that isn't a product: `[T, B, ·]`.
  case inputGradient(Int)
}

/// A value that must stand in a place when the step is done.
struct Request {
  let node: Int
  let place: Place
  let units: Int
  /// Whether the place may still be read while the step is computed, so that it is written at the very end.
  var isLast = false
}

/// A graph's operations in the order in which they run: the matrix products of all that is ready, then the element-wise
/// operations that these make possible, and so on.
///
/// A sum of products and biases is one column block in the row of sums; all matrices that apply to one value stand in one
/// packed matrix.
struct Schedule {
  /// Matrices side by side that apply to the same value.
  struct Pack: Hashable {
    struct Piece: Hashable {
      let parameter: Int
      let transposed: Bool
      let column: Int
    }
    /// The units of what it applies to.
    let k: Int
    let columns: Int
    let pieces: [Piece]
  }

  enum Stage {
    case fill(column: Int, count: Int)
    /// `initialised`: the columns already hold something to add to; else they start from the biases.
    case product(source: Int, pack: Int, column: Int, initialised: Bool)
    case program([rnn_instruction])
    case copy(from: Int, to: Int, count: Int)
    case step(to: Int, count: Int)
  }

  private(set) var stages: [Stage] = []
  /// For each stage, whether all units of those before it must be done when units are shared out among threads.
  private(set) var waits: [Bool] = []
  /// The lanes of every value, where all have as many and none is reduced: then units can be shared out.
  private(set) var unitLanes: Int?
  /// The places that stages and instructions refer to by their index.
  private(set) var places: [Place] = []
  private(set) var packs: [Pack] = []
  /// The vectors of parameters that start the sums, at their columns.
  private(set) var biases: [(parameter: Int, column: Int)] = []
  private(set) var sumColumns = 0
  /// The floats from one row of sums to the next.
  var sumStride: Int { Self.spread(sumColumns) }
  private(set) var temporaries = 0
  private(set) var scratches = 0
  /// The width of temporaries, scratch rows and shared rows: the widest of all sizes, padded.
  let width: Int

  static func padded(_ count: Int) -> Int { (count + Int(RNN_UNIT) - 1) / Int(RNN_UNIT) * Int(RNN_UNIT) }

  /// A distance between rows of so many floats: not a multiple of a page, lest rows compete for the same lines of the caches.
  static func spread(_ count: Int) -> Int { count > 0 && count % 256 == 0 ? count + Int(RNN_UNIT) : count }

  // While building:
  private let nodes: [Node]
  private let parameters: [Parameter]
  private let sizes: CellSizes
  /// Where a leaf's value is found; nil for an operation.
  private let leaves: [Place?]
  private var placeIndex: [Place: Int] = [:]
  private var uses: [Int]
  private var sums: [Sum] = []
  private var sumOf: [Int: Int] = [:]
  private var isAbsorbed: [Bool]
  /// After how many rounds of products a value is ready.
  private var level: [Int]
  private var outlives: [Bool]
  private var lastUse: [Int]
  private var home: [Int: Int] = [:]

  /// A sum that contains products: computed by products into columns, then `rest` is added.
  private struct Sum {
    let node: Int
    let sources: [(parameter: Int, transposed: Bool, operand: Int)]
    let biases: [Int]
    let rest: [Int]
    var column = 0
    var level = 0
  }

  /// A dense row and the padded one that element-wise programs read in its place.
  typealias PaddedRow = (dense: Place, padded: Place, units: Int)
  private let rows: [PaddedRow]

  init(
    nodes: [Node], parameters: [Parameter], sizes: CellSizes, requests: [Request], rows: [PaddedRow], leaf: (Node) -> Place?
  ) {
    self.nodes = nodes
    self.rows = rows
    self.parameters = parameters
    self.sizes = sizes
    width = Self.padded(sizes.values.values.max() ?? 1)
    leaves = nodes.map(leaf)
    uses = Array(repeating: 0, count: nodes.count)
    isAbsorbed = Array(repeating: false, count: nodes.count)
    level = Array(repeating: 0, count: nodes.count)
    outlives = Array(repeating: false, count: nodes.count)
    lastUse = Array(repeating: -1, count: nodes.count)

    for r in requests { uses[r.node] += 1 }
    for i in nodes.indices.reversed() where uses[i] > 0 && leaves[i] == nil { for o in nodes[i].operands { uses[o] += 1 } }
    gatherSums()
    computeLevels()
    placeSums()
    let rounds = max(level.max() ?? 0, sums.map(\.level).max() ?? 0)
    let late = chooseHomes(requests, last: rounds)
    let sumsOfRound = Dictionary(grouping: sums, by: \.level), members = Dictionary(grouping: computed) { level[$0] }
    for round in 0...rounds {
      scheduleProducts(sumsOfRound[round] ?? [])
      scheduleElements(members[round] ?? [], round, copies: round == rounds ? late.filter { !$0.isLast } : [])
    }
    precondition(
      !late.contains { $0.isLast && $0.units > Int(RNN_UNIT) && isNarrow($0.node) }, "a single number is broadcast before it is copied")
    for r in late where r.isLast { stages.append(.copy(from: operand(r.node), to: place(r.place), count: r.units)) }
    prepareRows()
    findWaits()
    findUnitLanes()
  }

  private mutating func place(_ place: Place) -> Int {
    if let index = placeIndex[place] { return index }
    places.append(place)
    placeIndex[place] = places.count - 1
    return places.count - 1
  }

  private func units(_ node: Int) -> Int { sizes[nodes[node].size] }
  /// A single number fills one vector.
  private func lanes(_ node: Int) -> Int { nodes[node].size == .scalar ? Int(RNN_UNIT) : Self.padded(units(node)) }
  /// Whether a value's row is a single number that instructions use again and again; constants and the step have wide rows.
  private func isNarrow(_ node: Int) -> Bool {
    guard nodes[node].size == .scalar else { return false }
    switch leaves[node] {
    case nil, .saved: return true
    default: return false
    }
  }
  /// The nodes that are computed one by one.
  private var computed: [Int] { nodes.indices.filter { uses[$0] > 0 && !isAbsorbed[$0] && leaves[$0] == nil } }
  /// What an element-wise step reads for a node.
  private func reads(_ node: Int) -> [Int] { sumOf[node].map { sums[$0].rest } ?? nodes[node].operands }

  // MARK: Sums of products

  /// Finds the sums that contain products, as far as nothing else needs their parts.
  private mutating func gatherSums() {
    // Parts of a sum without products, which are none with products either.
    var isPlain = [Bool](repeating: false, count: nodes.count)
    for i in nodes.indices.reversed() where uses[i] > 0 && !isAbsorbed[i] && !isPlain[i] && leaves[i] == nil {
      switch nodes[i].operation {
      case .product, .transposedProduct, .add: break
      default: continue
      }
      var sources: [(Int, Bool, Int)] = [], biases: [Int] = [], rest: [Int] = [], inner: [Int] = []
      // The terms from left to right, however long the sum is.
      var terms = [i]
      while let n = terms.popLast() {
        let isPart = n == i || uses[n] == 1
        switch nodes[n].operation {
        case .product(let p) where isPart: sources.append((p, false, nodes[n].operands[0]))
        case .transposedProduct(let p) where isPart: sources.append((p, true, nodes[n].operands[0]))
        case .add where isPart && nodes[n].size == nodes[i].size: terms += nodes[n].operands.reversed()
        case .vector(let p):
          biases.append(p)
          continue
        default:
          rest.append(n)
          continue
        }
        inner.append(n)
      }
      guard !sources.isEmpty else {
        for n in inner { isPlain[n] = true }
        continue
      }
      for n in inner where n != i { isAbsorbed[n] = true }
      sumOf[i] = sums.count
      sums.append(Sum(node: i, sources: sources, biases: biases, rest: rest))
    }
  }

  private mutating func computeLevels() {
    for i in computed {
      level[i] = reads(i).map { level[$0] }.max() ?? 0
      if let s = sumOf[i] {
        sums[s].level = 1 + (sums[s].sources.map { level[$0.operand] }.max() ?? 0)
        level[i] = max(level[i], sums[s].level)
      }
    }
  }

  /// Sums that apply to the same values stand side by side, so that one packed matrix serves them.
  private mutating func placeSums() {
    func centre(_ s: Sum) -> Double { Double(s.sources.map(\.operand).reduce(0, +)) / Double(s.sources.count) }
    sums.sort { a, b in
      if a.level != b.level { return a.level < b.level }
      return centre(a) != centre(b) ? centre(a) < centre(b) : a.node < b.node
    }
    for s in sums.indices {
      sumOf[sums[s].node] = s
      sums[s].column = sumColumns
      for p in sums[s].biases { biases.append((p, sumColumns)) }
      sumColumns += lanes(sums[s].node)
    }
  }

  private mutating func scheduleProducts(_ ready: [Sum]) {
    // Each sum takes its sources in the order of their operands: one chain, whatever stands beside it.
    var pending = ready.map { sum in (sum: sum, sources: sum.sources.enumerated().sorted { ($0.element.operand, $0.offset) < ($1.element.operand, $1.offset) }.map(\.element)) }
    var isInitialised = Set<Int>()
    var made: [(column: Int, stage: Stage)] = []
    while let operandNode = pending.compactMap({ $0.sources.first?.operand }).min() {
      var run: [(sum: Sum, parameter: Int, transposed: Bool)] = [], later: [Int] = []
      func flush(_ schedule: inout Schedule) {
        guard let first = run.first, let last = run.last else { return }
        let column = first.sum.column, columns = last.sum.column + schedule.lanes(last.sum.node) - column
        let started = run.filter { isInitialised.contains($0.sum.column) }
        if !started.isEmpty {
          for r in run where !isInitialised.contains(r.sum.column) {
            made.append((column, .fill(column: r.sum.column, count: schedule.lanes(r.sum.node))))
          }
        }
        let pack = Pack(
          k: schedule.units(operandNode), columns: columns,
          pieces: run.map { .init(parameter: $0.parameter, transposed: $0.transposed, column: $0.sum.column - column) })
        schedule.packs.append(pack)
        made.append((column, .product(
          source: schedule.productOperand(operandNode), pack: schedule.packs.count - 1, column: column, initialised: !started.isEmpty)))
        for r in run { isInitialised.insert(r.sum.column) }
        run = []
      }
      for p in pending.indices {
        guard let source = pending[p].sources.first, source.operand == operandNode else { continue }
        pending[p].sources.removeFirst()
        // Those that have the same sources yet to come stay side by side, so that all their products are one sum.
        let own = pending[p].sources.map(\.operand)
        if let last = run.last, last.sum.column + lanes(last.sum.node) != pending[p].sum.column || own != later { flush(&self) }
        run.append((pending[p].sum, source.parameter, source.transposed))
        later = own
      }
      flush(&self)
    }
    // What adds to the same columns follows one another; the order within a sum stays.
    stages += made.enumerated().sorted { ($0.element.column, $0.offset) < ($1.element.column, $1.offset) }.map(\.element.stage)
  }

  // MARK: Homes

  /// Gives each value that a place asks for its place, and marks the values that must outlive their program. Returns the
  /// requests that need a copy at the end.
  private mutating func chooseHomes(_ requests: [Request], last: Int) -> [Request] {
    for i in computed {
      for o in reads(i) {
        lastUse[o] = i
        if level[o] < level[i] { outlives[o] = true }
      }
      if let s = sumOf[i] {
        for source in sums[s].sources { outlives[source.operand] = true }
      }
    }
    var late: [Request] = []
    for r in requests {
      let fits = nodes[r.node].size != .scalar || { if case .saved = r.place { true } else { false } }()
      if leaves[r.node] == nil, home[r.node] == nil, fits, !r.isLast {
        home[r.node] = place(r.place)
      } else {
        outlives[r.node] = true
        late.append(r)
      }
    }
    return late
  }

  /// The place from which an element-wise step reads a value.
  private mutating func operand(_ node: Int) -> Int {
    if let s = sumOf[node], sums[s].rest.isEmpty { return place(.sums(column: sums[s].column)) }
    if let h = home[node] { return h }
    guard let leaf = leaves[node] else { preconditionFailure("a value is read before it is computed") }
    return place(leaf)
  }

  /// The place from which a product reads a value: an input needs no padding.
  private mutating func productOperand(_ node: Int) -> Int {
    if let leaf = leaves[node], let row = rows.first(where: { $0.padded == leaf }) { return place(row.dense) }
    return operand(node)
  }

  // MARK: Element-wise programs

  private mutating func scheduleElements(_ members: [Int], _ round: Int, copies: [Request]) {
    var program: [rnn_instruction] = []
    var free: [Int] = []

    // What several nodes compute that nothing else needs is one instruction; what it reads is then needed until there.
    var fused = Set<Int>()
    var slopes: [Int: Slope] = [:]
    func isInner(_ n: Int) -> Bool {
      uses[n] == 1 && level[n] == round && leaves[n] == nil && home[n] == nil && sumOf[n] == nil && slopes[n] == nil
        && !fused.contains(n)
    }
    for i in members where sumOf[i] == nil {
      guard let slope = slope(at: i, isInner) else { continue }
      slopes[i] = slope
      fused.formUnion(slope.inner)
      for o in [slope.gradient, slope.value] { lastUse[o] = max(lastUse[o], i) }
    }
    // a · b + c
    for i in members where sumOf[i] == nil && nodes[i].operation == .add {
      let factor = nodes[i].operands.first { n in
        nodes[n].operation == .multiply && isInner(n)
      }
      guard let factor, fused.insert(factor).inserted else { continue }
      for o in nodes[factor].operands { lastUse[o] = max(lastUse[o], i) }
    }

    func destination(_ node: Int, _ schedule: inout Schedule) -> Int {
      if let h = schedule.home[node] { return h }
      let chosen: Place
      if schedule.outlives[node] {
        chosen = .scratch(schedule.scratches)
        schedule.scratches += 1
      } else if let slot = free.popLast() {
        chosen = .temporary(slot)
      } else {
        chosen = .temporary(schedule.temporaries)
        schedule.temporaries += 1
      }
      schedule.home[node] = schedule.place(chosen)
      return schedule.place(chosen)
    }
    func release(_ operands: some Sequence<Int>, after node: Int) {
      for o in Set(operands).sorted() where lastUse[o] == node {
        if let h = home[o], case .temporary(let slot) = places[h] { free.append(slot) }
      }
    }
    /// Operands whose place the node's value may take, and narrow ones, which are read again for every vector.
    func split(_ operands: [Int], for node: Int) -> (early: [Int], late: [Int]) {
      let late = operands.filter { lanes(node) > Int(RNN_UNIT) && isNarrow($0) }
      return (operands.filter { !late.contains($0) }, late)
    }
    /// - Parameter values: the nodes that the operands are, as far as they may be narrow.
    func emit(
      _ op: rnn_op, _ destination: Int, _ operands: [Int], of values: [Int] = [], lanes: Int, units: Int = 0,
      mask: (rate: Double, tag: Int, perSequence: Bool)? = nil
    ) {
      var narrow: UInt32 = 0
      for (i, value) in values.enumerated() where lanes > Int(RNN_UNIT) && isNarrow(value) { narrow |= 1 << i }
      func index(_ i: Int) -> Int32 { i < operands.count ? Int32(operands[i]) : -1 }
      program.append(rnn_instruction(
        op: Int32(op.rawValue), destination: Int32(destination), a: index(0), b: index(1), c: index(2), width: Int32(lanes),
        a_width: Int32(units), rate: Float(mask?.rate ?? 0), tag: UInt32(mask?.tag ?? 0), per_sequence: mask?.perSequence == true ? 1 : 0,
        narrow: narrow))
    }

    for i in members where !fused.contains(i) {
      let node = nodes[i]
      if let s = sumOf[i] {
        let sum = place(.sums(column: sums[s].column))
        if sums[s].rest.isEmpty {
          // The sum stays where it is, unless a place asks for it.
          if let h = home[i] { emit(RNN_OP_COPY, h, [sum], lanes: lanes(i)) }
        } else {
          let rest = sums[s].rest.map { operand($0) }
          let target = destination(i, &self)
          for (k, o) in rest.enumerated() {
            emit(RNN_OP_ADD, target, [k == 0 ? sum : target, o], of: [i, sums[s].rest[k]], lanes: lanes(i))
          }
          release(sums[s].rest, after: i)
        }
      } else if let slope = slopes[i] {
        let operands = [slope.gradient, slope.value].map { operand($0) }
        let ending = split([slope.gradient, slope.value], for: i)
        release(ending.early, after: i)
        let target = destination(i, &self)
        release(ending.late, after: i)
        emit(slope.op, target, operands, of: [slope.gradient, slope.value], lanes: lanes(i))
      } else if node.operation == .add, let n = node.operands.first(where: fused.contains) {
        let other = node.operands[0] == n ? node.operands[1] : node.operands[0]
        let values = nodes[n].operands + [other]
        let operands = values.map { operand($0) }
        let ending = split(values, for: i)
        release(ending.early, after: i)
        let target = destination(i, &self)
        release(ending.late, after: i)
        emit(RNN_OP_FMA, target, operands, of: values, lanes: lanes(i))
      } else {
        let operands = node.operands.map { operand($0) }
        let ending = split(node.operands, for: i)
        release(ending.early, after: i)
        let target = destination(i, &self)
        release(ending.late, after: i)
        switch node.operation {
        case .keep(let rate, let perSequence, let tag):
          emit(RNN_OP_KEEP, target, [], lanes: lanes(i), mask: (rate, tag, perSequence))
        case .choose(let rate, let tag): emit(RNN_OP_CHOOSE, target, [], lanes: lanes(i), mask: (rate, tag, false))
        default:
          guard let op = Self.instruction[node.operation] else { preconditionFailure("no instruction for \(node.operation)") }
          emit(op, target, operands, of: node.operands, lanes: lanes(i), units: node.operands.first.map { units($0) } ?? 0)
        }
      }
    }
    for r in copies { emit(RNN_OP_COPY, place(r.place), [operand(r.node)], of: [r.node], lanes: Self.padded(r.units)) }
    if !program.isEmpty { stages.append(.program(program)) }
  }

  /// The gradient g through a sigmoid or a tanh with the value y.
  private struct Slope {
    let op: rnn_op
    let gradient: Int
    let value: Int
    /// The nodes that the instruction stands for, besides its own.
    let inner: [Int]
  }

  /// Whether a node is g · y · (1 − y) or g · (1 − y · y), as the derivative writes them.
  private func slope(at i: Int, _ isInner: (Int) -> Bool) -> Slope? {
    guard nodes[i].operation == .multiply else { return nil }
    let (a, b) = (nodes[i].operands[0], nodes[i].operands[1])
    guard nodes[b].operation == .subtract, isInner(b), nodes[nodes[b].operands[0]].operation == .constant(1) else { return nil }
    let y = nodes[b].operands[1]
    if nodes[a].operation == .multiply, isInner(a), nodes[a].operands[1] == y, nodes[y].size == nodes[i].size {
      return Slope(op: RNN_OP_SIGMOID_SLOPE, gradient: nodes[a].operands[0], value: y, inner: [a, b])
    }
    if nodes[y].operation == .multiply, isInner(y), nodes[y].operands[0] == nodes[y].operands[1] {
      return Slope(op: RNN_OP_TANH_SLOPE, gradient: a, value: nodes[y].operands[0], inner: [b, y])
    }
    return nil
  }

  private static let instruction: [Operation: rnn_op] = [
    .add: RNN_OP_ADD, .subtract: RNN_OP_SUBTRACT, .multiply: RNN_OP_MULTIPLY, .divide: RNN_OP_DIVIDE,
    .minimum: RNN_OP_MINIMUM, .maximum: RNN_OP_MAXIMUM, .negate: RNN_OP_NEGATE, .exp: RNN_OP_EXP, .log: RNN_OP_LOG,
    .softplus: RNN_OP_SOFTPLUS, .sqrt: RNN_OP_SQRT, .abs: RNN_OP_ABS, .relu: RNN_OP_RELU, .sigmoid: RNN_OP_SIGMOID,
    .tanh: RNN_OP_TANH, .greater: RNN_OP_GREATER, .equal: RNN_OP_EQUAL, .stop: RNN_OP_COPY, .broadcast: RNN_OP_COPY,
    .sum: RNN_OP_SUM, .mean: RNN_OP_MEAN, .highest: RNN_OP_HIGHEST,
  ]

  // MARK: Rows made at the beginning of a step

  /// Element-wise programs run over whole vectors: dense rows whose length isn't a multiple of them are copied first.
  private mutating func prepareRows() {
    var first: [Stage] = []
    for row in rows where placeIndex[row.padded] != nil {
      first.append(.copy(from: place(row.dense), to: place(row.padded), count: row.units))
    }
    if let step = placeIndex[.step] { first.append(.step(to: step, count: width)) }
    stages = first + stages
  }

  /// Whether a stage is a product of a dense input that begins a sum: it waits for nothing in a step.
  func isInputProduct(_ stage: Stage) -> Bool {
    guard case .product(let source, _, _, false) = stage, case .input = places[source] else { return false }
    return true
  }

  // MARK: Units shared out

  /// A product reads all units of its source; everything else only those that it writes.
  private mutating func findWaits() {
    var read = Set<Int>(), written = Set<Int>()
    for stage in stages {
      var source: Int?, targets: [Int] = []
      switch stage {
      case .fill: break
      case .product(let operand, _, _, _): source = operand
      case .program(let program): targets = program.map { Int($0.destination) }
      case .copy(_, let to, _), .step(let to, _): targets = [to]
      }
      var isSum = false
      if let source, case .sums = places[source] { isSum = true }
      let isWaiting = isSum || source.map(written.contains) == true || targets.contains(where: read.contains)
      if isWaiting { (read, written) = ([], []) }
      waits.append(isWaiting)
      if let source { read.insert(source) }
      written.formUnion(targets)
    }
  }

  private mutating func findUnitLanes() {
    var lanes = Set<Int>()
    var isReduced = false
    for stage in stages {
      switch stage {
      case .fill(_, let count), .copy(_, _, let count), .step(_, let count): lanes.insert(count)
      case .product(_, let pack, _, _):
        let (all, pieces) = (packs[pack].columns, packs[pack].pieces.count)
        lanes.insert(all % pieces == 0 ? all / pieces : 1)
      case .program(let program):
        for instruction in program {
          lanes.insert(Int(instruction.width))
          if [RNN_OP_SUM, RNN_OP_MEAN, RNN_OP_HIGHEST].contains(where: { $0.rawValue == UInt32(instruction.op) }) { isReduced = true }
        }
      }
    }
    if lanes.count == 1, !isReduced, let lanes = lanes.first, lanes % 64 == 0 { unitLanes = lanes }
  }
}

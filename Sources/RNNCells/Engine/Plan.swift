import CRNNKernels
import RNNTensor

/// How a cell of given sizes runs: the schedules of its forward and backward steps, and what the one keeps for the other.
final class Plan: Sendable {
  let graph: Graph
  let derivative: Derivative
  let sizes: CellSizes

  let inference: Schedule
  let training: Schedule
  let backward: Schedule

  /// The state whose rows are the output, if they are dense: then the output is not written twice.
  let outputState: Int?
  /// The lanes of each value kept for the backward run.
  let savedLanes: [Int]
  /// The columns of a row of gradients, and what lies between two rows.
  let recordColumns: Int
  /// The first column of each gradient that is recorded, by node of the derivative's own list.
  let recordColumn: [Int: Int]
  /// The products that give the gradients of matrices that stand in one place of a step: those of one operand whose gradients
  /// stand side by side, and have the same number of units, are computed as one.
  let gradientProducts: [[Derivative.ProductGradient]]
  /// The gradients of matrices that stand in several places: the uses of each.
  let repeatedProducts: [[Derivative.ProductGradient]]
  /// Where the operands of products are found after the forward run.
  let operandPlace: [Int: Place]
  /// The inputs whose gradient has a part that isn't a product.
  let inputGradientNodes: [Int: Int]

  init(_ cell: Cell, _ sizes: CellSizes) throws(RNNError) {
    try sizes.check(cell.graph, cell: cell.name)
    let graph = cell.graph
    let derivative = Derivative(of: graph)
    self.graph = graph
    self.derivative = derivative
    self.sizes = sizes

    func isAligned(_ size: Size) -> Bool { sizes[size] % Int(RNN_UNIT) == 0 }
    func leaf(_ node: Node) -> Place? {
      switch node.operation {
      case .input(let i): isAligned(graph.inputSize(i)) ? .input(i) : .inputRow(i)
      case .state(let s): .state(s, after: false)
      case .vector(let p): .vector(p)
      case .constant(let c): .constant(c)
      case .step: .step
      default: nil
      }
    }
    let inputRows: [Schedule.PaddedRow] = graph.inputs.indices.map { (.input($0), .inputRow($0), sizes[graph.inputSize($0)]) }
    let outputSize = graph.nodes[graph.output].size

    // Forward.
    var requests = graph.states.indices.map {
      Request(node: graph.next[$0], place: .state($0, after: true), units: sizes[graph.states[$0].size])
    }
    outputState = outputSize == .scalar || !isAligned(outputSize) ? nil : graph.next.firstIndex(of: graph.output)
    if outputState == nil { requests.append(Request(node: graph.output, place: .output, units: sizes[outputSize], isLast: true)) }
    inference = Schedule(
      nodes: graph.nodes.map(Self.outsideTraining), parameters: graph.parameters, sizes: sizes, requests: requests, rows: inputRows, leaf: leaf)

    // What is kept: operands of products that the caller doesn't hold, and what is dear to compute again.
    var keeping = Keeping(graph)
    let operands = Set(derivative.products.map(\.operand)).sorted()
    for n in operands { keeping.mustHold(n) }
    for node in derivative.nodes { if case .forward(let n) = node.operation { keeping.need(n) } }
    let saved = keeping.saved.sorted()
    let slot = Dictionary(uniqueKeysWithValues: saved.enumerated().map { ($1, $0) })
    savedLanes = saved.map { graph.nodes[$0].size == .scalar ? Int(RNN_UNIT) : Schedule.padded(sizes[graph.nodes[$0].size]) }
    requests += saved.map { Request(node: $0, place: .saved(slot[$0] ?? 0), units: sizes[graph.nodes[$0].size]) }
    training = Schedule(nodes: graph.nodes, parameters: graph.parameters, sizes: sizes, requests: requests, rows: inputRows, leaf: leaf)

    func held(_ n: Int) -> Place? {
      if let place = leaf(graph.nodes[n]) { return place }
      if let s = graph.next.firstIndex(of: n), graph.nodes[n].size != .scalar { return .state(s, after: true) }
      return slot[n].map { .saved($0) }
    }
    operandPlace = Dictionary(uniqueKeysWithValues: operands.map { n in
      if case .inputRow(let i)? = held(n) { return (n, .input(i)) }
      return (n, held(n) ?? .saved(0))
    })

    // Backward: the derivative, with the forward values that aren't held computed again.
    var combined = Combination(graph: graph, isHeld: { held($0) != nil })
    let number = derivative.nodes.map { combined.add(derivative: $0) }
    var back: [Request] = []
    var columns: [Int: Int] = [:]
    var total = 0
    func record(_ node: Int, _ size: Size) {
      guard columns[node] == nil else { return }
      columns[node] = total
      back.append(Request(node: number[node], place: .record(column: total), units: sizes[size]))
      total += Schedule.padded(sizes[size])
    }
    // Recorded in the order of the parameters, so that those of one operand stand side by side.
    for p in derivative.products.sorted(by: { ($0.operand, $0.parameter) < ($1.operand, $1.parameter) }) {
      record(p.gradient, graph.parameters[p.parameter].rows)
    }
    for v in derivative.vectors { record(v.gradient, graph.parameters[v.parameter].rows) }
    recordColumn = columns
    recordColumns = Schedule.spread(total)
    (gradientProducts, repeatedProducts) = Self.grouped(derivative.products) { product in
      let first = columns[product.gradient] ?? 0
      return first..<first + sizes[graph.parameters[product.parameter].rows]
    }
    var rest: [Int: Int] = [:]
    for (i, input) in derivative.inputs.enumerated() {
      guard let node = input.rest else { continue }
      rest[i] = node
      back.append(Request(node: number[node], place: .inputGradient(i), units: sizes[graph.inputSize(i)]))
    }
    inputGradientNodes = rest
    for s in graph.states.indices {
      let size = graph.states[s].size
      let node = derivative.states[s].map { n in
        // A gradient that only moves to another state is copied aside before it is overwritten.
        if case .stateGradient = derivative.nodes[n].operation {
          return combined.append(Node(operation: .broadcast, operands: [number[n]], size: size))
        }
        return number[n]
      } ?? combined.append(Node(operation: .constant(0), operands: [], size: .scalar))
      back.append(Request(node: node, place: .stateGradient(s), units: sizes[size], isLast: true))
    }
    backward = Schedule(
      nodes: combined.nodes, parameters: graph.parameters, sizes: sizes, requests: back,
      rows: inputRows + [(.outputGradient, .outputGradientRow, sizes[outputSize])]
    ) { node in
      switch node.operation {
      case .forward(let n): held(n)
      case .stateGradient(let s): .stateGradient(s)
      case .outputGradient: isAligned(outputSize) ? .outputGradient : .outputGradientRow
      default: leaf(node)
      }
    }
  }

  private static func grouped(
    _ products: [Derivative.ProductGradient], columns: (Derivative.ProductGradient) -> Range<Int>
  ) -> (runs: [[Derivative.ProductGradient]], repeated: [[Derivative.ProductGradient]]) {
    let uses = Dictionary(grouping: products, by: \.parameter)
    var runs: [[Derivative.ProductGradient]] = []
    let single = products.filter { uses[$0.parameter]?.count == 1 }
    for product in single.sorted(by: { ($0.operand, columns($0).lowerBound) < ($1.operand, columns($1).lowerBound) }) {
      if let last = runs.last?.last, last.operand == product.operand, columns(last).count == columns(product).count,
        columns(last).upperBound == columns(product).lowerBound
      {
        runs[runs.count - 1].append(product)
      } else {
        runs.append([product])
      }
    }
    return (runs, uses.sorted { $0.key < $1.key }.map(\.value).filter { $0.count > 1 })
  }

  /// Outside training a dropout mask is 1, and a zoneout mask its mean.
  private static func outsideTraining(_ node: Node) -> Node {
    switch node.operation {
    case .keep: Node(operation: .constant(1), operands: [], size: .scalar)
    case .choose(let rate, _): Node(operation: .constant(rate), operands: [], size: .scalar)
    default: node
    }
  }
}

/// Decides which forward values are kept for the backward run: a value read back costs memory traffic, a value computed
/// again costs arithmetic; few operations are cheaper than the traffic.
private struct Keeping {
  private let graph: Graph
  private let users: [[Int]]
  private(set) var saved: Set<Int> = []
  /// Cost of recomputing a node; nil if unknown. If a node's cost is known, so are the costs of its operands.
  private var cost: [Int?]
  /// The nodes that stand in memory anyway.
  private var isNext: [Bool]

  /// About as many operations on a vector as reading and writing it takes.
  private static let dear = 12

  init(_ graph: Graph) {
    self.graph = graph
    var users = [[Int]](repeating: [], count: graph.nodes.count)
    for (n, node) in graph.nodes.enumerated() { for operand in node.operands { users[operand].append(n) } }
    self.users = users
    cost = Array(repeating: nil, count: graph.nodes.count)
    isNext = Array(repeating: false, count: graph.nodes.count)
    for node in graph.next {
      isNext[node] = true
      if graph.nodes[node].size != .scalar { cost[node] = 0 }
    }
  }

  private mutating func price(_ node: Int) -> Int {
    if let known = cost[node] { return known }
    let own: Int
    switch graph.nodes[node].operation {
    case .input, .state, .vector, .constant, .step: own = 0
    case .product, .transposedProduct: own = 1_000_000
    case .exp, .log, .softplus, .sigmoid, .tanh, .keep, .choose: own = 8
    case .divide, .sqrt: own = 4
    case .sum, .mean, .highest: own = 3
    default: own = 1
    }
    let result = min(1_000_000, own + graph.nodes[node].operands.map { price($0) }.reduce(0, +))
    cost[node] = result
    return result
  }

  private mutating func save(_ node: Int) {
    guard saved.insert(node).inserted else { return }
    cost[node] = 0
    // What is computed from it has become cheaper.
    var changed = users[node]
    while let user = changed.popLast() {
      guard cost[user] != nil, !saved.contains(user), !(isNext[user] && graph.nodes[user].size != .scalar) else { continue }
      cost[user] = nil
      changed += users[user]
    }
  }

  /// The value must stand in memory after the run, not only be computable.
  mutating func mustHold(_ node: Int) {
    switch graph.nodes[node].operation {
    case .input, .state: return
    default: if !isNext[node] { save(node) }
    }
  }

  mutating func need(_ node: Int) {
    if price(node) > Self.dear { save(node) }
  }
}

/// The derivative's nodes together with the forward nodes that they need computed again.
private struct Combination {
  let graph: Graph
  let isHeld: (Int) -> Bool
  private(set) var nodes: [Node] = []
  private var known: [Node: Int] = [:]
  private var number: [Int] = []
  private var again: [Int: Int] = [:]

  init(graph: Graph, isHeld: @escaping (Int) -> Bool) {
    self.graph = graph
    self.isHeld = isHeld
  }

  mutating func append(_ node: Node) -> Int {
    if let index = known[node] { return index }
    nodes.append(node)
    known[node] = nodes.count - 1
    return nodes.count - 1
  }

  mutating func add(derivative node: Node) -> Int {
    let index: Int
    if case .forward(let n) = node.operation {
      index = forward(n)
    } else {
      index = append(Node(operation: node.operation, operands: node.operands.map { number[$0] }, size: node.size))
    }
    number.append(index)
    return index
  }

  private mutating func forward(_ n: Int) -> Int {
    if let index = again[n] { return index }
    let node = graph.nodes[n]
    let index = isHeld(n)
      ? append(Node(operation: .forward(n), operands: [], size: node.size))
      : append(Node(operation: node.operation, operands: node.operands.map { forward($0) }, size: node.size))
    again[n] = index
    return index
  }
}

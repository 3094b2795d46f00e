import RNNTensor

/// Collects operations while a cell's equations run on symbols; equal operations become one node, and the sizes of the
/// parameters follow from what they are combined with.
final class GraphBuilder {
  private(set) var nodes: [(operation: Operation, operands: [Int], size: Int)] = []
  private var known: [Key: Int] = [:]
  private var masks = 0

  private struct Key: Hashable {
    let operation: Operation
    let operands: [Int]
  }

  private struct ParameterRecord {
    let name: String
    let rows: Int
    /// nil for a vector
    let columns: Int?
  }

  let inputs: [String]
  private(set) var states: [StateDeclaration]
  private var parameters: [ParameterRecord] = []
  private var parameterIndex: [String: Int] = [:]

  /// The first thing that was wrong; what follows it is not reported.
  private(set) var failure: String?

  init(inputs: [String], states: [StateDeclaration]) {
    self.inputs = inputs
    self.states = states
    for i in inputs.indices where inputs.firstIndex(of: inputs[i]) != i || states.contains(where: { $0.name == inputs[i] }) {
      fail("the name \(inputs[i]) is declared twice")
    }
    for i in states.indices where states.firstIndex(where: { $0.name == states[i].name }) != i {
      fail("the state \(states[i].name) is declared twice")
    }
    for name in inputs + states.map(\.name) where !EquationNames.isValue(name) {
      fail("“\(name)” can't be the name of a state or an input: use letters and digits, not ending in _t, and not “\(EquationNames.step)”")
    }
    for state in states where state.size == .scalar { fail("the state \(state.name) needs units; a size of one number is not known") }
  }

  func fail(_ message: String) { if failure == nil { failure = message } }

  // MARK: Sizes

  /// Sizes are classes of a union–find: each is free until it meets a named one. −1 stands for one number.
  private static let scalar = -1
  private var parent: [Int] = []
  private var sizeOfRoot: [Int: String] = [:]
  private var namedClass: [String: Int] = [:]

  private func newSize() -> Int {
    parent.append(parent.count)
    return parent.count - 1
  }

  private func sizeClass(_ size: Size) -> Int {
    guard case .named(let name) = size else { return Self.scalar }
    if let known = namedClass[name] { return known }
    let new = newSize()
    namedClass[name] = new
    sizeOfRoot[new] = name
    return new
  }

  private func root(_ size: Int) -> Int {
    var size = size
    while parent[size] != size {
      // The way becomes shorter each time it is taken.
      parent[size] = parent[parent[size]]
      size = parent[size]
    }
    return size
  }

  private func unify(_ a: Int, _ b: Int, _ what: @autoclosure () -> String) {
    let (a, b) = (root(a), root(b))
    if a == b { return }
    if let x = sizeOfRoot[a], let y = sizeOfRoot[b] { return fail("\(what()): one side has the size “\(x)”, the other “\(y)”") }
    if sizeOfRoot[a] != nil { parent[b] = a } else { parent[a] = b }
  }

  // MARK: Nodes

  func add(_ operation: Operation, _ operands: [Int], size: Int) -> Int {
    let key = Key(operation: operation, operands: operands)
    if let node = known[key] { return node }
    nodes.append((operation, operands, size))
    known[key] = nodes.count - 1
    return nodes.count - 1
  }

  func input(_ index: Int) -> Int {
    add(.input(index), [], size: sizeClass(index == 0 ? .input : .named(inputs[index])))
  }

  func state(_ index: Int) -> Int { add(.state(index), [], size: sizeClass(states[index].size)) }

  /// What a name declared as a state or an input means.
  func declared(_ name: String) -> Int? {
    if let i = states.firstIndex(where: { $0.name == name }) { return state(i) }
    return inputs.firstIndex(of: name).map(input)
  }

  func constant(_ value: Double) -> Int {
    if !value.isFinite { fail("the constant \(value) is not a finite number") }
    return add(.constant(value), [], size: Self.scalar)
  }

  func step() -> Int { add(.step, [], size: Self.scalar) }

  private func parameter(_ name: String, matrix: Bool) -> Int {
    let key = (matrix ? "W." : "b.") + name
    if let index = parameterIndex[key] { return index }
    if !EquationNames.isParameter(name) { fail("“\(name)” can't be the name of a parameter after \(matrix ? "W" : "b"): use letters and digits") }
    parameters.append(ParameterRecord(name: name, rows: newSize(), columns: matrix ? newSize() : nil))
    parameterIndex[key] = parameters.count - 1
    return parameters.count - 1
  }

  func vector(_ name: String) -> Int {
    let index = parameter(name, matrix: false)
    return add(.vector(index), [], size: parameters[index].rows)
  }

  func product(_ name: String, _ operand: Int) -> Int {
    let index = parameter(name, matrix: true)
    if nodes[operand].size == Self.scalar {
      fail("W.\(name) is applied to a single number; a matrix takes a vector")
    } else if let columns = parameters[index].columns {
      unify(columns, nodes[operand].size, "W.\(name) is applied to vectors of different sizes")
    }
    return add(.product(index), [operand], size: parameters[index].rows)
  }

  func unary(_ operation: Operation, _ a: Int) -> Int {
    switch operation {
    case .sum, .mean, .highest: add(operation, [a], size: Self.scalar)
    default: add(operation, [a], size: nodes[a].size)
    }
  }

  func binary(_ operation: Operation, _ a: Int, _ b: Int) -> Int {
    let (sa, sb) = (nodes[a].size, nodes[b].size)
    if sa != Self.scalar, sb != Self.scalar { unify(sa, sb, "\(describe(a)) and \(describe(b)) are combined") }
    return add(operation, [a, b], size: sa == Self.scalar ? sb : sa)
  }

  func dropout(_ a: Int, rate: Double, perSequence: Bool) -> Int {
    guard checkRate(rate) else { return a }
    let mask = add(.keep(rate: rate, perSequence: perSequence, tag: nextMask()), [], size: nodes[a].size)
    return binary(.multiply, a, mask)
  }

  /// `old` with probability `rate`, unit by unit, else `new`; in the mean outside training (Krueger et al. 2017).
  func zoneout(_ new: Int, _ old: Int, rate: Double) -> Int {
    guard checkRate(rate) else { return new }
    let difference = binary(.subtract, old, new)
    let mask = add(.choose(rate: rate, tag: nextMask()), [], size: nodes[difference].size)
    return binary(.add, new, binary(.multiply, mask, difference))
  }

  private func nextMask() -> Int {
    masks += 1
    return masks - 1
  }

  private func checkRate(_ rate: Double) -> Bool {
    if rate >= 0, rate < 1 { return true }
    fail("a rate of \(rate) is outside 0 ..< 1")
    return false
  }

  /// A short name for a node in a message: its parameters, or its operation. Shared values would repeat without end, so
  /// it stays on the surface.
  private func describe(_ node: Int, depth: Int = 2) -> String {
    if depth == 0 { return "…" }
    return described(node, depth)
  }

  private func described(_ node: Int, _ depth: Int) -> String {
    switch nodes[node].operation {
    case .product(let p): "W.\(parameters[p].name)·…"
    case .vector(let p): "b.\(parameters[p].name)"
    case .state(let s): states[s].name
    case .input(let i): inputs[i]
    default:
      nodes[node].operands.isEmpty
        ? "\(nodes[node].operation)" : "\(nodes[node].operation)(\(nodes[node].operands.map { describe($0, depth: depth - 1) }.joined(separator: ", ")))"
    }
  }

  // MARK: The finished graph

  /// The graph that computes `next` and `output`, without what neither needs.
  ///
  /// Throws `.usage` naming the parameter or state when a size stays free or conflicts.
  ///
  /// - Parameter outputSize: the size of the output, where nothing else says it.
  func finish(cell: String, next: [Int], output: Int, outputSize: Size? = nil) throws(RNNError) -> Graph {
    for (state, node) in zip(states, next) {
      // A state may be set to one number; it is then the same in every unit.
      guard nodes[node].size != Self.scalar else { continue }
      unify(nodes[node].size, sizeClass(state.size), "the new value of the state \(state.name) (\(describe(node)))")
    }
    if nodes[output].size == Self.scalar {
      fail("the output is a single number; it must be a vector of units")
    } else if let outputSize {
      unify(nodes[output].size, sizeClass(outputSize), "the output")
    }
    if let failure { throw RNNError(.usage, "the cell \(cell): \(failure)") }

    var isUsed = [Bool](repeating: false, count: nodes.count)
    for node in next + [output] { isUsed[node] = true }
    for i in nodes.indices.reversed() where isUsed[i] { for o in nodes[i].operands { isUsed[o] = true } }

    func size(_ s: Int, _ what: @autoclosure () -> String) throws(RNNError) -> Size {
      if s == Self.scalar { return .scalar }
      guard let name = sizeOfRoot[root(s)] else {
        throw RNNError(.usage, "the cell \(cell): nothing determines the size of \(what())")
      }
      return .named(name)
    }

    var parameterNumber: [Int: Int] = [:]
    var finished: [Parameter] = []
    var number = [Int](repeating: -1, count: nodes.count)
    var result: [Node] = []
    for i in nodes.indices where isUsed[i] {
      var operation = nodes[i].operation
      switch operation {
      case .vector(let p), .product(let p):
        if parameterNumber[p] == nil {
          let record = parameters[p]
          let symbol = (record.columns == nil ? "b." : "W.") + record.name
          var columns: Size?
          if let c = record.columns { columns = try size(c, "the columns of \(symbol)") }
          finished.append(Parameter(name: record.name, rows: try size(record.rows, "the rows of \(symbol)"), columns: columns))
          parameterNumber[p] = finished.count - 1
        }
        let index = parameterNumber[p] ?? 0
        if case .vector = operation { operation = .vector(index) } else { operation = .product(index) }
      default: break
      }
      result.append(Node(operation: operation, operands: nodes[i].operands.map { number[$0] }, size: try size(nodes[i].size, describe(i))))
      number[i] = result.count - 1
    }
    return Graph(
      inputs: inputs, states: states, parameters: finished, nodes: result, next: next.map { number[$0] }, output: number[output])
  }
}

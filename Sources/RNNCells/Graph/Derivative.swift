/// The reverse equations of a cell: from the gradients that arrive at a step's output and new states to the gradients of
/// its states, inputs and parameters.
public struct Derivative: Hashable, Sendable {
  /// A gradient that a matrix receives at each step: the outer product of `gradient` with the forward node `operand`.
  public struct ProductGradient: Hashable, Sendable {
    public let parameter: Int
    /// A node of the forward graph.
    public let operand: Int
    /// A node of the derivative.
    public let gradient: Int
  }

  /// A gradient that a vector of parameters receives at each step.
  public struct VectorGradient: Hashable, Sendable {
    public let parameter: Int
    public let gradient: Int
  }

  /// What an input receives: transposed products, which nothing in the step waits for, and the rest.
  public struct InputGradient: Hashable, Sendable {
    public var products: [(parameter: Int, gradient: Int)] = []
    public var rest: Int?

    public static func == (a: Self, b: Self) -> Bool {
      a.rest == b.rest && a.products.elementsEqual(b.products) { $0.parameter == $1.parameter && $0.gradient == $1.gradient }
    }

    public func hash(into hasher: inout Hasher) {
      hasher.combine(rest)
      for p in products { hasher.combine(p.parameter); hasher.combine(p.gradient) }
    }
  }

  public let nodes: [Node]
  /// For each state, the gradient of its value before the step; nil if there is none.
  public let states: [Int?]
  public let inputs: [InputGradient]
  public let products: [ProductGradient]
  public let vectors: [VectorGradient]
  /// For each node of the forward graph, the whole gradient of its value; nil if it has none.
  public let values: [Int?]

  /// Reverse mode on the graph: every node's rule stands in ``Builder/pullback(_:)``.
  public init(of graph: Graph) {
    var builder = Builder(graph)
    builder.run()
    nodes = builder.nodes
    states = graph.states.indices.map { builder.stateGradients[$0] }
    inputs = builder.inputGradients
    values = builder.gradient
    products = builder.products
    // A vector of parameters used at several places has one entry: the sum.
    vectors = builder.vectorGradients.sorted { $0.key < $1.key }.map { VectorGradient(parameter: $0.key, gradient: $0.value) }
  }
}

private struct Builder {
  let graph: Graph
  var nodes: [Node] = []
  var known: [Node: Int] = [:]
  /// The gradient of each forward node, as far as it is known.
  var gradient: [Int?]
  var stateGradients: [Int: Int] = [:]
  var inputGradients: [Derivative.InputGradient]
  var products: [Derivative.ProductGradient] = []
  var vectorGradients: [Int: Int] = [:]

  init(_ graph: Graph) {
    self.graph = graph
    gradient = Array(repeating: nil, count: graph.nodes.count)
    inputGradients = Array(repeating: .init(), count: graph.inputs.count)
  }

  mutating func run() {
    for (i, node) in graph.next.enumerated() {
      contribute(node, leaf(.stateGradient(i), graph.states[i].size))
    }
    contribute(graph.output, leaf(.outputGradient, graph.nodes[graph.output].size))
    for node in graph.nodes.indices.reversed() { pullback(node) }
  }

  // MARK: Building

  func size(_ node: Int) -> Size { nodes[node].size }

  mutating func make(_ operation: Operation, _ operands: [Int], _ size: Size) -> Int {
    let node = Node(operation: operation, operands: operands, size: size)
    if let index = known[node] { return index }
    nodes.append(node)
    known[node] = nodes.count - 1
    return nodes.count - 1
  }

  mutating func leaf(_ operation: Operation, _ size: Size) -> Int { make(operation, [], size) }
  mutating func forward(_ node: Int) -> Int {
    // Leaves need no detour.
    if case .constant(let c) = graph.nodes[node].operation { return constant(c) }
    return leaf(.forward(node), graph.nodes[node].size)
  }
  mutating func constant(_ value: Double) -> Int { leaf(.constant(value), .scalar) }

  func joined(_ a: Int, _ b: Int) -> Size { size(a) == .scalar ? size(b) : size(a) }

  mutating func multiply(_ a: Int, _ b: Int) -> Int {
    for (x, y) in [(a, b), (b, a)] {
      if case .constant(1) = nodes[x].operation { return y }
      if case .constant(-1) = nodes[x].operation { return negate(y) }
    }
    return make(.multiply, [a, b], joined(a, b))
  }
  mutating func add(_ a: Int, _ b: Int) -> Int { make(.add, [a, b], joined(a, b)) }
  mutating func subtract(_ a: Int, _ b: Int) -> Int { make(.subtract, [a, b], joined(a, b)) }
  mutating func divide(_ a: Int, _ b: Int) -> Int { make(.divide, [a, b], joined(a, b)) }
  mutating func negate(_ a: Int) -> Int {
    if case .negate = nodes[a].operation { return nodes[a].operands[0] }
    return make(.negate, [a], size(a))
  }
  mutating func unary(_ operation: Operation, _ a: Int) -> Int { make(operation, [a], size(a)) }
  mutating func binary(_ operation: Operation, _ a: Int, _ b: Int) -> Int { make(operation, [a, b], joined(a, b)) }
  mutating func sum(_ a: Int) -> Int { make(.sum, [a], .scalar) }

  /// Adds `value` to the gradient of a forward node, in the node's own size.
  mutating func contribute(_ node: Int, _ value: Int) {
    var value = value
    let wanted = graph.nodes[node].size
    if wanted == .scalar, size(value) != .scalar { value = sum(value) }
    if wanted != .scalar, size(value) == .scalar { value = make(.broadcast, [value], wanted) }
    gradient[node] = gradient[node].map { add($0, value) } ?? value
  }

  // MARK: The rules

  /// Hands the gradient g of a forward node y on to its operands.
  mutating func pullback(_ node: Int) {
    guard let g = gradient[node] else { return }
    let operands = graph.nodes[node].operands
    let a = operands.first ?? 0, b = operands.last ?? 0
    switch graph.nodes[node].operation {
    case .input(let i): inputGradients[i].rest = g
    case .state(let s): stateGradients[s] = g
    case .vector(let p): vectorGradients[p] = g
    case .constant, .step, .keep, .choose, .stop: break
    case .product(let p):
      products.append(.init(parameter: p, operand: a, gradient: g))
      if case .input(let i) = graph.nodes[a].operation {
        inputGradients[i].products.append((p, g))
      } else {
        contribute(a, make(.transposedProduct(p), [g], graph.nodes[a].size))
      }
    case .add:
      contribute(a, g)
      contribute(b, g)
    case .subtract:
      contribute(a, g)
      contribute(b, negate(g))
    case .multiply:
      let (x, y) = (forward(a), forward(b))
      contribute(a, multiply(g, y))
      contribute(b, multiply(g, x))
    case .divide:
      // d(a/b) = da / b − (a/b) db / b
      let q = divide(g, forward(b))
      contribute(a, q)
      contribute(b, negate(multiply(q, forward(node))))
    case .minimum, .maximum:
      // The one that was chosen; halves where both are equal.
      let (x, y) = (forward(a), forward(b))
      let half = multiply(constant(0.5), binary(.equal, x, y))
      let (first, second) = graph.nodes[node].operation == .maximum ? (x, y) : (y, x)
      let toA = add(binary(.greater, first, second), half)
      let toB = add(binary(.greater, second, first), half)
      contribute(a, multiply(g, toA))
      contribute(b, multiply(g, toB))
    case .negate: contribute(a, negate(g))
    case .exp: contribute(a, multiply(g, forward(node)))
    case .log: contribute(a, divide(g, forward(a)))
    case .softplus:
      let s = unary(.sigmoid, forward(a))
      contribute(a, multiply(g, s))
    case .sqrt: contribute(a, divide(multiply(constant(0.5), g), forward(node)))
    case .abs:
      let x = forward(a), zero = constant(0)
      contribute(a, multiply(g, subtract(binary(.greater, x, zero), binary(.greater, zero, x))))
    case .relu:
      let positive = binary(.greater, forward(node), constant(0))
      contribute(a, multiply(g, positive))
    case .sigmoid:
      let y = forward(node)
      contribute(a, multiply(multiply(g, y), subtract(constant(1), y)))
    case .tanh:
      let y = forward(node)
      contribute(a, multiply(g, subtract(constant(1), multiply(y, y))))
    case .sum: contribute(a, g)
    case .mean:
      let count = sum(make(.broadcast, [constant(1)], graph.nodes[a].size))
      contribute(a, divide(g, count))
    case .highest:
      // Shared among equal units, as PyTorch's amax does.
      let isHighest = binary(.equal, forward(a), forward(node))
      contribute(a, multiply(divide(g, sum(isHighest)), isHighest))
    case .forward, .stateGradient, .outputGradient, .transposedProduct, .greater, .equal, .broadcast:
      preconditionFailure("an operation of the derivative in a cell's equations")
    }
  }
}

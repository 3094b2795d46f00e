/// How a graph is divided into equations: which nodes are shown, as what, and which have an equation of their own.
///
/// It depends only on how the nodes hang together and on the parameters' names, never on their order, so that a graph and
/// the graph read back from its text have the same outline.
struct EquationOutline {
  /// What a node is written as.
  enum Shape: Hashable {
    /// Its own operation.
    case plain
    case squared(Int)
    case normalized(Int, epsilon: Double)
    case dropout(Int, rate: Double, perSequence: Bool)
    case zoneout(new: Int, old: Int, rate: Double)
  }

  let shapes: [Shape]
  /// Whether the node appears at all; what only a shape is made of doesn't.
  let isShown: [Bool]
  /// Whether the node has an equation of its own: new values of states, the output, gates, what is used more than once.
  let isNamed: [Bool]
  /// How often each node is written.
  let uses: [Int]
  /// The common last letter of the parameters under a node, if there is one: `i` for W_xi x + W_hi h + b_i.
  let letters: [Character?]

  /// Deeper expressions are cut by a name; with the brackets this stays below what the parser takes.
  static let maximumDepth = 24

  init(_ graph: Graph) {
    let shapes = graph.nodes.indices.map { Self.shape($0, graph.nodes) }
    self.shapes = shapes
    let targets = graph.next + [graph.output]
    var isShown = [Bool](repeating: false, count: graph.nodes.count)
    var uses = [Int](repeating: 0, count: graph.nodes.count)
    for node in targets { isShown[node] = true }
    for node in graph.nodes.indices.reversed() where isShown[node] {
      for part in Self.parts(shapes[node], graph.nodes[node]) {
        isShown[part] = true
        uses[part] += 1
      }
    }
    var isNamed = [Bool](repeating: false, count: graph.nodes.count)
    for node in targets where !graph.nodes[node].operands.isEmpty { isNamed[node] = true }
    var depth = [Int](repeating: 0, count: graph.nodes.count)
    var marks: [Mark] = []
    let taken = Set(graph.inputs + graph.states.map(\.name))
    for (index, node) in graph.nodes.enumerated() {
      let mark = Mark(node, graph, below: marks, isNamed)
      marks.append(mark)
      guard isShown[index], !node.operands.isEmpty else { continue }
      depth[index] = 1 + (Self.parts(shapes[index], node).map { isNamed[$0] ? 0 : depth[$0] }.max() ?? 0)
      let isGate = node.operation.isActivation && mark.hasMatrix && mark.letter.map { !taken.contains(String($0)) } == true
      if uses[index] > 1 || isGate || depth[index] >= Self.maximumDepth { isNamed[index] = true }
    }
    self.isShown = isShown
    self.uses = uses
    self.isNamed = isNamed
    letters = marks.map(\.letter)
  }

  /// The nodes that a node is written with.
  func parts(_ node: Int, in graph: Graph) -> [Int] { Self.parts(shapes[node], graph.nodes[node]) }

  private static func parts(_ shape: Shape, _ node: Node) -> [Int] {
    switch shape {
    case .plain: node.operands
    case .squared(let a), .normalized(let a, _), .dropout(let a, _, _): [a]
    case .zoneout(let new, let old, _): [new, old]
    }
  }

  // MARK: Shapes

  private static func shape(_ index: Int, _ nodes: [Node]) -> Shape {
    let node = nodes[index]
    switch node.operation {
    case .multiply:
      if case .keep(let rate, let perSequence, _) = nodes[node.operands[1]].operation {
        return .dropout(node.operands[0], rate: rate, perSequence: perSequence)
      }
      return node.operands[0] == node.operands[1] ? .squared(node.operands[0]) : .plain
    case .add: return zoneout(node, nodes) ?? .plain
    case .divide: return normalized(node, nodes) ?? .plain
    default: return .plain
    }
  }

  /// new + mask ⊙ (old − new)
  private static func zoneout(_ node: Node, _ nodes: [Node]) -> Shape? {
    let (new, change) = (node.operands[0], nodes[node.operands[1]])
    guard change.operation == .multiply, case .choose(let rate, _) = nodes[change.operands[0]].operation else { return nil }
    let difference = nodes[change.operands[1]]
    guard difference.operation == .subtract, difference.operands[1] == new else { return nil }
    return .zoneout(new: new, old: difference.operands[0], rate: rate)
  }

  /// (v − mean v) / √(mean (v − mean v)² + ε)
  private static func normalized(_ node: Node, _ nodes: [Node]) -> Shape? {
    let centred = node.operands[0], root = nodes[node.operands[1]]
    guard nodes[centred].operation == .subtract, root.operation == .sqrt else { return nil }
    let v = nodes[centred].operands[0], mean = nodes[nodes[centred].operands[1]]
    let sum = nodes[root.operands[0]]
    guard mean.operation == .mean, mean.operands == [v], sum.operation == .add else { return nil }
    let variance = nodes[sum.operands[0]]
    guard variance.operation == .mean, case .constant(let epsilon) = nodes[sum.operands[1]].operation else { return nil }
    let square = nodes[variance.operands[0]]
    guard square.operation == .multiply, square.operands == [centred, centred] else { return nil }
    return .normalized(v, epsilon: epsilon)
  }

  // MARK: Letters

  /// What the parameters in a node's own equation say of it.
  private struct Mark {
    var letter: Character?
    var hasMatrix = false
    /// Parameters with different letters.
    var isMixed = false

    /// A sum has the letters of its terms, but doesn't look into what has a name or an activation of its own. An activation
    /// has those of the sum that it is applied to.
    init(_ node: Node, _ graph: Graph, below: [Mark], _ isNamed: [Bool]) {
      switch node.operation {
      case .product(let p), .vector(let p):
        letter = graph.parameters[p].name.last.flatMap { $0.isLetter ? $0 : nil }
        isMixed = letter == nil
        hasMatrix = graph.parameters[p].isMatrix
      default:
        for operand in node.operands where !isNamed[operand] && !graph.nodes[operand].operation.isActivation {
          let other = below[operand]
          hasMatrix = hasMatrix || other.hasMatrix
          if other.isMixed || letter != nil && other.letter != nil && letter != other.letter { isMixed = true }
          letter = isMixed ? nil : letter ?? other.letter
        }
      }
    }
  }
}

extension Operation {
  /// What gates are made with.
  var isActivation: Bool {
    switch self {
    case .sigmoid, .tanh, .relu, .softplus, .exp: true
    default: false
    }
  }
}

/// A graph as equations: what is computed in which equation, under which name.
struct EquationForm {
  struct Equation {
    let name: String
    let node: Int
    let value: EquationExpression
  }

  let graph: Graph
  let outline: EquationOutline
  /// The names of the nodes that have an equation of their own.
  let names: [Int: String]
  /// The name of what the layer above sees.
  let outputName: String
  /// The names that values have, which a parameter's can be mistaken for.
  let valueNames: Set<String>
  /// The vectors of parameters that are added somewhere; the others are factors.
  private let addedVectors: Set<Int>

  /// - Parameter output: the name that the output should have if it isn't a state's.
  init(_ graph: Graph, output: String? = nil) {
    self.graph = graph
    outline = EquationOutline(graph)
    (names, outputName) = Self.names(graph, outline, output: output)
    valueNames = Set(graph.inputs + graph.states.map(\.name) + names.values + [outputName])
    var added: Set<Int> = []
    for node in graph.nodes where node.operation == .add || node.operation == .subtract {
      for operand in node.operands { if case .vector(let p) = graph.nodes[operand].operation { added.insert(p) } }
    }
    addedVectors = added
  }

  // MARK: Names

  /// A state's new value has the state's name, a gate the letter of its parameters; the rest are a1, a2, …
  private static func names(_ graph: Graph, _ outline: EquationOutline, output: String?) -> ([Int: String], String) {
    var taken = Set(graph.inputs + graph.states.map(\.name) + ["W", "b", "v", "t"])
    var names: [Int: String] = [:]
    var numbered = 0
    func claim(_ name: String) -> String? { taken.insert(name).inserted ? name : nil }
    for node in graph.nodes.indices where outline.isNamed[node] {
      if let state = graph.next.firstIndex(of: node) {
        names[node] = graph.states[state].name
        continue
      }
      var name = node == graph.output ? output.flatMap(claim) : nil
      name = name ?? outline.letters[node].flatMap { claim(String($0)) }
      if name == nil, node == graph.output { name = claim("y") }
      while name == nil {
        numbered += 1
        name = claim("a\(numbered)")
      }
      names[node] = name
    }
    if let state = graph.next.firstIndex(of: graph.output) { return (names, graph.states[state].name) }
    if let name = names[graph.output] { return (names, name) }
    // The output is an input or a parameter as it is.
    var name = claim("y")
    while name == nil {
      numbered += 1
      name = claim("y\(numbered)")
    }
    return (names, name ?? "y")
  }

  // MARK: Equations

  /// All equations in their order; one that only repeats a name – a state set to an input – comes last.
  var equations: [Equation] {
    var result = graph.nodes.indices.filter { outline.isNamed[$0] }.map { node in
      Equation(name: names[node] ?? "", node: node, value: expression(node))
    }
    var aliases = zip(graph.states.map(\.name), graph.next).filter { names[$1] != $0 }
    if !graph.next.contains(graph.output), names[graph.output] == nil { aliases.append((outputName, graph.output)) }
    result += aliases.map { Equation(name: $0, node: $1, value: reference($1)) }
    return result
  }

  /// A node where it is used: its name if it has an equation of its own.
  func reference(_ node: Int) -> EquationExpression {
    if let name = names[node] { return EquationExpression(form: .symbol(.value(name, .current)), node: .forward(node)) }
    return expression(node)
  }

  func symbol(ofVector parameter: Int) -> EquationSymbol {
    .vector(graph.parameters[parameter].name, isAdded: addedVectors.contains(parameter))
  }

  /// What a node's own equation says.
  func expression(_ node: Int) -> EquationExpression { EquationExpression(form: form(node), node: .forward(node)) }

  private func form(_ index: Int) -> EquationExpression.Form {
    let node = graph.nodes[index]
    switch outline.shapes[index] {
    case .plain: break
    case .squared(let a): return .squared(reference(a))
    case .normalized(let a, let epsilon):
      return .call(.known(.normalized), [reference(a)], more: epsilon == 1e-5 ? [] : [EquationWriter.exact(epsilon)])
    case .dropout(let a, let rate, let perSequence):
      return .call(.known(.dropout), [reference(a)], more: [EquationWriter.exact(rate)] + (perSequence ? ["sequence"] : []))
    case .zoneout(let new, let old, let rate):
      return .call(.known(.zoneout), [reference(new), reference(old)], more: [EquationWriter.exact(rate)])
    }
    func operand(_ i: Int) -> EquationExpression { reference(node.operands[i]) }
    switch node.operation {
    case .input(let i): return .symbol(.value(graph.inputs[i], .current))
    case .state(let s): return .symbol(.value(graph.states[s].name, .previous))
    case .vector(let p): return .symbol(symbol(ofVector: p))
    case .constant(let c): return .number(c)
    case .step: return .symbol(.step)
    // Masks are seen only in the derivative; the equations call dropout and zoneout.
    case .keep(_, _, let tag), .choose(_, let tag): return .symbol(.mask(tag))
    case .product(let p): return .product(p, transposed: false, operand(0))
    default:
      return .plain(node.operation, node.operands.map(reference), sizes: node.operands.map { graph.nodes[$0].size })
    }
  }
}

extension EquationExpression.Form {
  /// An operation on expressions that have these sizes.
  static func plain(_ operation: Operation, _ operands: [EquationExpression], sizes: [Size]) -> Self {
    switch operation {
    case .add: return .sum(operands[0], operands[1])
    case .subtract: return .difference(operands[0], operands[1])
    case .multiply: return .times(operands[0], operands[1], isByUnit: !sizes.contains(.scalar))
    case .divide: return .quotient(operands[0], operands[1])
    case .negate: return .negated(operands[0])
    case .greater: return .call(.greater, operands, more: [])
    case .equal: return .call(.equal, operands, more: [])
    default:
      guard let function = EquationFunction.allCases.first(where: { $0.operation == operation }) else {
        preconditionFailure("an operation without a written form")
      }
      return .call(.known(function), operands, more: [])
    }
  }
}

extension Graph {
  /// The same graph with its nodes in the order in which its equations, read from text, compute them.
  ///
  /// The equations keep their author's order. Within one, operands come from left to right, each before its use; what only
  /// the states' declaration shows comes last. Parameters and masks are numbered as they appear. So a graph written as text
  /// and read back is the same, node by node.
  func inCanonicalOrder() -> Graph {
    let outline = EquationOutline(self)
    var order: [Int] = []
    var number = [Int](repeating: -1, count: nodes.count)
    func visit(_ node: Int) {
      guard number[node] < 0 else { return }
      for operand in nodes[node].operands { visit(operand) }
      number[node] = order.count
      order.append(node)
    }
    for node in nodes.indices where outline.isNamed[node] { visit(node) }
    for node in next + [output] { visit(node) }

    var parameterNumber: [Int: Int] = [:]
    var ordered: [Parameter] = []
    func renumbered(_ parameter: Int) -> Int {
      if let known = parameterNumber[parameter] { return known }
      ordered.append(parameters[parameter])
      parameterNumber[parameter] = ordered.count - 1
      return ordered.count - 1
    }
    var masks: [Int: Int] = [:]
    func renumbered(mask: Int) -> Int {
      let number = masks[mask] ?? masks.count
      masks[mask] = number
      return number
    }
    let result = order.map { index in
      var node = nodes[index]
      node.operands = node.operands.map { number[$0] }
      switch node.operation {
      case .vector(let p): node.operation = .vector(renumbered(p))
      case .product(let p): node.operation = .product(renumbered(p))
      case .keep(let rate, let perSequence, let tag): node.operation = .keep(rate: rate, perSequence: perSequence, tag: renumbered(mask: tag))
      case .choose(let rate, let tag): node.operation = .choose(rate: rate, tag: renumbered(mask: tag))
      default: break
      }
      return node
    }
    return Graph(
      inputs: inputs, states: states, parameters: ordered, nodes: result, next: next.map { number[$0] }, output: number[output])
  }
}

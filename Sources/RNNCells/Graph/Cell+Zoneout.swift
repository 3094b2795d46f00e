public import RNNTensor

extension Cell {
  /// The same cell with zoneout (Krueger et al. 2017): in training each unit of a state keeps its old value with probability
  /// `rate`; otherwise the new value is blended with the old one in the mean. What the cell computes from a state's new value
  /// within the step (an LSTM's h from its c) sees it as it was; an output that is a state is the state after zoneout.
  ///
  /// Throws `.usage` for a state that the cell doesn't have, and for a rate outside 0 ..< 1.
  ///
  /// - Parameter states: the states' names; nil: all of them.
  public func zoneout(_ rate: Double, of states: [String]? = nil) throws(RNNError) -> Cell {
    guard rate >= 0, rate < 1 else { throw RNNError(.usage, "a zoneout rate is from 0 to below 1, not \(rate)") }
    let known = graph.states.map(\.name)
    for name in states ?? [] where !known.contains(name) {
      throw RNNError(.usage, "the cell \(self.name) has no state \(name); it has \(known.joined(separator: ", "))")
    }
    var nodes = graph.nodes, next = graph.next
    func add(_ operation: Operation, _ operands: [Int], _ size: Size) -> Int {
      let node = Node(operation: operation, operands: operands, size: size)
      if let index = nodes.firstIndex(of: node) { return index }
      nodes.append(node)
      return nodes.count - 1
    }
    var masks = nodes.count { if case .choose = $0.operation { true } else if case .keep = $0.operation { true } else { false } }
    for s in graph.states.indices where states?.contains(known[s]) ?? true {
      let size = graph.states[s].size, new = graph.next[s]
      let difference = add(.subtract, [add(.state(s), [], size), new], size)
      let mask = add(.choose(rate: rate, tag: masks), [], size)
      masks += 1
      next[s] = add(.add, [new, add(.multiply, [mask, difference], size)], size)
    }
    let output = graph.next.firstIndex(of: graph.output).map { next[$0] } ?? graph.output
    let zoned = Graph(
      inputs: graph.inputs, states: graph.states, parameters: graph.parameters, nodes: nodes, next: next, output: output)
    return Cell(name: name + "-zoneout", graph: zoned.inCanonicalOrder())
  }
}

/// What a parameter is used for, as far as its first value depends on it.
public enum ParameterRole: Sendable {
  case matrix
  /// A vector beside products of both an input and a state, where other systems have two biases.
  case doubleBias
  /// A vector that multiplies a normalised value: it begins at 1.
  case gain
  case vector
}

extension Graph {
  /// The role of each parameter.
  public var vectorRoles: [ParameterRole] {
    parameters.indices.map { p in
      if parameters[p].isMatrix { return .matrix }
      let uses = nodes.indices.filter { n in nodes[n].operands.contains { nodes[$0].operation == .vector(p) } }
      let multipliesNormalised = !uses.isEmpty && uses.allSatisfy { n in
        nodes[n].operation == .multiply && nodes[n].operands.contains { isNormalised($0) }
      }
      if multipliesNormalised { return .gain }
      // The whole sum that the vector stands in.
      let sums = nodes.indices.filter { n in
        nodes[n].operation == .add && terms(n).contains { nodes[$0].operation == .vector(p) }
      }
      let hasBoth = sums.contains { n in
        let applied = terms(n).compactMap { isProduct($0) ? nodes[$0].operands[0] : nil }
        return applied.contains { isInput($0) } && applied.contains { !isInput($0) }
      }
      return hasBoth ? .doubleBias : .vector
    }
  }

  /// Whether a matrix is applied to something that isn't an input.
  public func isRecurrent(_ parameter: Int) -> Bool {
    nodes.contains { $0.operation == .product(parameter) && !isInput($0.operands[0]) }
  }

  private func terms(_ node: Int) -> [Int] { nodes[node].operation == .add ? nodes[node].operands.flatMap(terms) : [node] }

  private func isProduct(_ node: Int) -> Bool { if case .product = nodes[node].operation { true } else { false } }
  private func isInput(_ node: Int) -> Bool { if case .input = nodes[node].operation { true } else { false } }

  /// A quotient by a square root, as layer normalisation is.
  private func isNormalised(_ node: Int) -> Bool {
    nodes[node].operation == .divide && nodes[nodes[node].operands[1]].operation == .sqrt
  }
}

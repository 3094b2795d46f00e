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
    let isBesideBoth = besideBoth
    var uses = [Int](repeating: 0, count: parameters.count), gains = uses, isDouble = [Bool](repeating: false, count: parameters.count)
    for node in nodes {
      let isGain = node.operation == .multiply && node.operands.contains(where: isNormalised)
      for operand in Set(node.operands) {
        guard case .vector(let p) = nodes[operand].operation else { continue }
        uses[p] += 1
        if isGain { gains[p] += 1 }
        if isBesideBoth[operand] { isDouble[p] = true }
      }
    }
    return parameters.indices.map { p in
      if parameters[p].isMatrix { return .matrix }
      return uses[p] > 0 && gains[p] == uses[p] ? .gain : isDouble[p] ? .doubleBias : .vector
    }
  }

  /// The nodes that are terms of a sum with products of both an input and something else.
  ///
  /// Terms may be shared by many sums, so that the sums are never written out: what a sum has is handed up, and that it has both
  /// is handed down.
  private var besideBoth: [Bool] {
    var hasInput = [Bool](repeating: false, count: nodes.count), hasOther = hasInput, isInside = hasInput
    for (n, node) in nodes.enumerated() {
      switch node.operation {
      case .product:
        hasInput[n] = isInput(node.operands[0])
        hasOther[n] = !hasInput[n]
      case .add:
        hasInput[n] = node.operands.contains { hasInput[$0] }
        hasOther[n] = node.operands.contains { hasOther[$0] }
      default: break
      }
    }
    for n in nodes.indices.reversed() where nodes[n].operation == .add {
      if isInside[n] || hasInput[n] && hasOther[n] { for operand in nodes[n].operands { isInside[operand] = true } }
    }
    return isInside
  }

  /// Whether a matrix is applied to something that isn't an input.
  public func isRecurrent(_ parameter: Int) -> Bool {
    nodes.contains { $0.operation == .product(parameter) && !isInput($0.operands[0]) }
  }

  private func isInput(_ node: Int) -> Bool { if case .input = nodes[node].operation { true } else { false } }

  /// A quotient by a square root, as layer normalisation is.
  private func isNormalised(_ node: Int) -> Bool {
    nodes[node].operation == .divide && nodes[nodes[node].operands[1]].operation == .sqrt
  }
}

/// The derivative of a cell as equations: from the gradients that arrive at a step to those of its values, its states before
/// the step, its inputs and its parameters.
///
/// L is the sum of the steps' losses. `dL/dh_t` is the whole gradient of a value, `dL_t/dh_t` what it receives from the loss
/// of its own step, `dL_{>t}/dh_t` what it receives from the steps after.
struct DerivativeForm {
  struct Equation {
    let symbol: EquationSymbol
    let value: EquationExpression
  }

  /// What a step adds to the gradient of a parameter: `gradient`, times the transposed `operand` for a matrix.
  struct Term {
    let gradient: EquationExpression
    let operand: EquationExpression?
  }

  let form: EquationForm
  let derivative: Derivative
  /// The names of the derivative's nodes that have an equation of their own, and of those that arrive.
  private var symbols: [Int: EquationSymbol] = [:]
  /// The nodes with an equation of their own.
  private var named: Set<Int> = []
  /// The nodes of the sums inside activations, with the names of these sums.
  let sums: [(node: Int, symbol: EquationSymbol)]
  /// The terms that a step adds to the gradient of each parameter.
  private(set) var terms: [[Term]] = []

  init(_ form: EquationForm, _ derivative: Derivative) {
    self.form = form
    self.derivative = derivative
    sums = Self.sums(form)
    nameNodes()
    terms = Array(repeating: [], count: form.graph.parameters.count)
    for product in derivative.products {
      terms[product.parameter].append(Term(gradient: reference(product.gradient), operand: form.reference(product.operand)))
    }
    for vector in derivative.vectors { terms[vector.parameter].append(Term(gradient: reference(vector.gradient), operand: nil)) }
  }

  /// The sums that gates and states are activations of.
  private static func sums(_ form: EquationForm) -> [(node: Int, symbol: EquationSymbol)] {
    let graph = form.graph
    let gates: [(node: Int, name: String)] = graph.nodes.indices.compactMap { node in
      guard let name = form.names[node], graph.nodes[node].operation.isActivation, name.count == 1 || graph.next.contains(node) else {
        return nil
      }
      let sum = graph.nodes[node].operands[0]
      guard form.names[sum] == nil, !graph.nodes[sum].operands.isEmpty else { return nil }
      return (sum, name)
    }
    let taken = graph.inputs + graph.states.map(\.name) + form.names.values
    let isOne = gates.count == 1 && !taken.contains("a")
    return gates.map { ($0.node, .sum(of: isOne ? nil : $0.name)) }
  }

  // MARK: Names

  private mutating func nameNodes() {
    for (index, node) in derivative.nodes.enumerated() {
      switch node.operation {
      case .stateGradient(let s): symbols[index] = .gradientLater(of: .value(form.graph.states[s].name, .current))
      case .outputGradient: symbols[index] = .gradientNow(of: .value(form.outputName, .current))
      default: break
      }
    }
    let uses = self.uses
    var values = form.graph.nodes.indices.compactMap { node in
      form.names[node].map { (node: node, symbol: EquationSymbol.value($0, .current)) }
    }
    values += sums
    for (node, symbol) in values {
      guard let gradient = derivative.values[node], uses[gradient] > 0 else { continue }
      if isLeaf(gradient) {
        // Nothing is added to what arrives: it is the whole gradient.
        if case .forward = derivative.nodes[gradient].operation { continue }
        if case .constant = derivative.nodes[gradient].operation { continue }
        if arrivesOnlyAt(node, gradient) { symbols[gradient] = .gradient(of: symbol) }
      } else if symbols[gradient] == nil {
        symbols[gradient] = .gradient(of: symbol)
        named.insert(gradient)
      }
    }
    var parts = 0
    var depth = [Int](repeating: 0, count: derivative.nodes.count)
    for (index, node) in derivative.nodes.enumerated() where !node.operands.isEmpty {
      depth[index] = 1 + (node.operands.map { symbols[$0] == nil ? depth[$0] : 0 }.max() ?? 0)
      let isShared = uses[index] > 1 && !isTransparent(index)
      guard symbols[index] == nil, uses[index] > 0, isShared || depth[index] >= EquationOutline.maximumDepth else { continue }
      parts += 1
      symbols[index] = .part(parts)
      named.insert(index)
    }
  }

  private func isLeaf(_ node: Int) -> Bool { derivative.nodes[node].operands.isEmpty }

  /// Whether a gradient that arrives is the output's and the output is no state.
  private func arrivesOnlyAt(_ node: Int, _ gradient: Int) -> Bool {
    derivative.nodes[gradient].operation == .outputGradient && node == form.graph.output
  }

  /// What is better written out wherever it is used: a value of the forward equations, or one number for all units.
  private func isTransparent(_ node: Int) -> Bool {
    if case .broadcast = derivative.nodes[node].operation { return true }
    return isLeaf(node)
  }

  /// The nodes that leave a step: gradients of states, inputs and parameters.
  private var results: [Int] {
    derivative.states.compactMap(\.self) + derivative.inputs.flatMap { $0.products.map(\.gradient) + [$0.rest].compactMap(\.self) }
      + derivative.products.map(\.gradient) + derivative.vectors.map(\.gradient)
  }

  /// How often each node is written.
  private var uses: [Int] {
    var uses = [Int](repeating: 0, count: derivative.nodes.count)
    for node in results { uses[node] += 1 }
    for node in derivative.nodes.indices.reversed() where uses[node] > 0 {
      let isSquare = derivative.nodes[node].operation == .multiply && Set(derivative.nodes[node].operands).count == 1
      for operand in isSquare ? [derivative.nodes[node].operands[0]] : derivative.nodes[node].operands { uses[operand] += 1 }
    }
    return uses
  }

  // MARK: Equations

  /// The gradients within a step, each before its use.
  var equations: [Equation] {
    derivative.nodes.indices.filter(named.contains).compactMap { node in
      symbols[node].map { Equation(symbol: $0, value: expression(node)) }
    }
  }

  /// The name of what the output receives from its own loss.
  var outputSymbol: EquationSymbol {
    let node = derivative.nodes.firstIndex { $0.operation == .outputGradient }
    return node.flatMap { symbols[$0] } ?? .gradientNow(of: .value(form.outputName, .current))
  }

  /// What each state before the step receives; nil if it receives nothing.
  var states: [Equation?] {
    derivative.states.indices.map { s in
      derivative.states[s].map { Equation(symbol: .gradientLater(of: .value(form.graph.states[s].name, .previous)), value: reference($0)) }
    }
  }

  /// What each input receives; nil if it receives nothing.
  var inputs: [Equation?] {
    derivative.inputs.enumerated().map { i, gradient in
      var terms = gradient.products.map { product in
        let operand = reference(product.gradient)
        return EquationExpression(form: .product(product.parameter, transposed: true, operand), node: nil)
      }
      if let rest = gradient.rest { terms.append(reference(rest)) }
      guard let first = terms.first else { return nil }
      let sum = terms.dropFirst().reduce(first) { EquationExpression(form: .sum($0, $1), node: nil) }
      return Equation(symbol: .gradient(of: .value(form.graph.inputs[i], .current)), value: sum)
    }
  }

  func symbol(ofParameter p: Int) -> EquationSymbol {
    form.graph.parameters[p].isMatrix ? .matrix(form.graph.parameters[p].name) : form.symbol(ofVector: p)
  }

  private func reference(_ node: Int) -> EquationExpression {
    if let symbol = symbols[node] { return EquationExpression(form: .symbol(symbol), node: .backward(node)) }
    return expression(node)
  }

  private func expression(_ index: Int) -> EquationExpression {
    let node = derivative.nodes[index]
    let form: EquationExpression.Form
    switch node.operation {
    case .forward(let n): return self.form.reference(n)
    case .constant(let c): form = .number(c)
    case .broadcast: form = reference(node.operands[0]).form
    case .transposedProduct(let p): form = .product(p, transposed: true, reference(node.operands[0]))
    case .multiply where node.operands[0] == node.operands[1]: form = .squared(reference(node.operands[0]))
    case .add:
      form = Self.sum(reference(node.operands[0]), reference(node.operands[1]))
    default:
      form = .plain(node.operation, node.operands.map(reference), sizes: node.operands.map { derivative.nodes[$0].size })
    }
    return EquationExpression(form: form, node: .backward(index))
  }

  /// a + (−b) is a − b to a reader.
  private static func sum(_ a: EquationExpression, _ b: EquationExpression) -> EquationExpression.Form {
    if case .negated(let b) = b.form { return .difference(a, b) }
    if case .negated(let a) = a.form { return .difference(b, a) }
    return .sum(a, b)
  }
}

extension DerivativeForm {
  /// One line for each equation: gradients within the step, of the states before it, of the inputs and of the parameters.
  func lines(_ notation: EquationWriter.Notation) -> [String] {
    let writer = form.writer(notation)
    let sign = notation == .text ? "=" : "&="
    let all = equations + (states + inputs).compactMap(\.self)
    var lines = sums.map { "\(writer.name($0.symbol)) \(sign) \(writer.write(form.expression($0.node)))" }
    lines += all.map { "\(writer.name($0.symbol)) \(sign) \(writer.write($0.value))" }
    for (p, terms) in terms.enumerated() where !terms.isEmpty {
      let sum = terms.map { term in
        let gradient = writer.write(term.gradient)
        guard let operand = term.operand else { return gradient }
        return writer.outerProduct(term.gradient, operand)
      }.joined(separator: " + ")
      let total = notation == .text ? "Σ_t" : "\\sum_{t}"
      lines.append("\(writer.name(.gradient(of: symbol(ofParameter: p)))) \(sign) \(total) \(terms.count > 1 ? "(\(sum))" : sum)")
    }
    return lines
  }
}

extension Cell {
  /// The equations of the cell's derivative as text: from the gradients that arrive at a step to those that leave it.
  ///
  /// `dL/dh_t` is the whole gradient of a value, `dL_t/dh_t` what it receives from the loss of its own step, and
  /// `dL_{>t}/dh_t` what it receives from the steps after.
  public var derivativeEquations: String {
    DerivativeForm(EquationForm(graph), Derivative(of: graph)).lines(.text).joined(separator: "\n")
  }

  /// The equations of the cell's derivative in LaTeX, as an `aligned` environment.
  public var derivativeLatex: String {
    EquationForm.aligned(DerivativeForm(EquationForm(graph), Derivative(of: graph)).lines(.latex))
  }
}

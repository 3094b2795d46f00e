/// Puts the numbers of one step in the place of the names of an expression.
struct NumericScope {
  let computation: ExplainedComputation
  /// From 0.
  let step: Int

  /// Products with at most so many columns are written out.
  private static let maximumColumns = 4

  private var graph: Graph { computation.model.cell.graph }

  /// The value of an expression: a number for each unit, or one.
  func values(_ expression: EquationExpression) -> [Double] {
    switch expression.node {
    case .forward(let node)?: return computation.run.steps[step][node]
    case .backward(let node)?: return computation.gradients?.steps[step][node] ?? []
    case nil: break
    }
    // Only the sums and products of an input's gradient have no node.
    switch expression.form {
    case .sum(let a, let b):
      let (x, y) = (values(a), values(b))
      return (0..<max(x.count, y.count)).map { Self.unit($0, x) + Self.unit($0, y) }
    case .product(let p, let transposed, let a):
      let count = length(p, transposed)
      let v = ExplainedComputation.spread(values(a), width(p, transposed))
      return (0..<count).map { row in v.indices.reduce(0) { $0 + weight(p, transposed, row, $1) * v[$1] } }
    default: preconditionFailure("an expression without a value")
    }
  }

  static func unit(_ unit: Int, _ values: [Double]) -> Double { values.count == 1 ? values[0] : values[unit] }

  private func number(_ value: Double) -> EquationExpression { EquationExpression(form: .number(value), node: nil) }

  private func size(_ size: Size) -> Int { computation.evaluation.sizes[size] }

  private func width(_ p: Int, _ transposed: Bool) -> Int { size(transposed ? graph.parameters[p].rows : graph.parameters[p].columns ?? .scalar) }
  private func length(_ p: Int, _ transposed: Bool) -> Int { size(transposed ? graph.parameters[p].columns ?? .scalar : graph.parameters[p].rows) }

  private func weight(_ p: Int, _ transposed: Bool, _ row: Int, _ column: Int) -> Double {
    let columns = size(graph.parameters[p].columns ?? .scalar)
    return computation.parameters[p][transposed ? column * columns + row : row * columns + column]
  }

  /// One unit of an expression, with numbers for all names.
  func numeric(_ expression: EquationExpression, unit: Int) -> EquationExpression {
    func part(_ e: EquationExpression) -> EquationExpression { numeric(e, unit: unit) }
    func own() -> EquationExpression { number(Self.unit(unit, values(expression))) }
    let form: EquationExpression.Form
    switch expression.form {
    case .number, .vector: return expression
    case .symbol: return own()
    case .product(let p, let transposed, let a):
      let columns = width(p, transposed)
      guard columns <= Self.maximumColumns else { return own() }
      let operand = values(a)
      let terms = (0..<columns).map { column in
        let factor = columns == 1 ? numeric(a, unit: 0) : number(Self.unit(column, operand))
        return EquationExpression(form: .times(number(weight(p, transposed, unit, column)), factor, isByUnit: true), node: nil)
      }
      return terms.dropFirst().reduce(terms[0], Self.sum)
    case .negated(let a): form = .negated(part(a))
    case .sum(let a, let b): return Self.sum(part(a), part(b))
    case .difference(let a, let b): form = .difference(part(a), part(b))
    case .times(let a, let b, let isByUnit): form = .times(part(a), part(b), isByUnit: isByUnit)
    case .quotient(let a, let b): form = .quotient(part(a), part(b))
    case .squared(let a): form = .squared(part(a))
    case .call(let function, let arguments, let more):
      // What joins all units is not a matter of this one.
      if Self.joinsUnits(function), arguments.contains(where: { values($0).count > 1 }) { return own() }
      form = .call(function, arguments.map(part), more: more)
    }
    return EquationExpression(form: form, node: expression.node)
  }

  /// A function's call once its arguments are computed: tanh(1.261); nil where that adds nothing.
  func intermediate(_ expression: EquationExpression, unit: Int) -> EquationExpression? {
    guard case .call(let function, let arguments, let more) = expression.form, !Self.joinsUnits(function) else { return nil }
    let numbers = arguments.map { argument in
      let value = Self.unit(unit, values(argument))
      // What rounding leaves of a sum that is zero.
      return number(abs(value) < 1e-15 ? 0 : value)
    }
    return EquationExpression(form: .call(function, numbers, more: more), node: nil)
  }

  private static func joinsUnits(_ function: EquationExpression.Function) -> Bool {
    switch function {
    case .known(.sum), .known(.mean), .known(.highest), .known(.normalized): true
    default: false
    }
  }

  /// A sum without brackets around its second part, and with a negative number subtracted.
  static func sum(_ a: EquationExpression, _ b: EquationExpression) -> EquationExpression {
    switch b.form {
    case .sum(let first, let second): return sum(sum(a, first), second)
    case .difference(let first, let second): return EquationExpression(form: .difference(sum(a, first), second), node: nil)
    case .number(let value) where value < 0:
      return EquationExpression(form: .difference(a, EquationExpression(form: .number(-value), node: nil)), node: nil)
    default: return EquationExpression(form: .sum(a, b), node: nil)
    }
  }
}

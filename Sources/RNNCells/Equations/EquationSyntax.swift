/// An expression as it was written, before its names have a meaning. Chains are flat, so that only brackets nest.
indirect enum EquationSyntax {
  case number(Double, EquationPosition)
  case word(EquationWord, EquationPosition, text: String)
  case negated(EquationSyntax, EquationPosition)
  case sum(EquationSyntax, [Operand])
  case product(EquationSyntax, [Operand])
  /// A name or a number, and what follows it without an operator.
  case applied(EquationSyntax, EquationSyntax)
  case squared(EquationSyntax, EquationPosition)
  case call(EquationFunction, [EquationSyntax], EquationPosition)
  /// Vectors one below the other, which only a matrix may be applied to.
  case list([EquationSyntax], EquationPosition)

  /// A later member of a chain, with the operator before it.
  struct Operand {
    let operation: Operation
    let position: EquationPosition
    let value: EquationSyntax
  }

  var position: EquationPosition {
    switch self {
    case .number(_, let p), .word(_, let p, _), .negated(_, let p), .squared(_, let p), .call(_, _, let p), .list(_, let p): p
    case .sum(let first, _), .product(let first, _), .applied(let first, _): first.position
    }
  }
}

extension EquationSyntax {
  /// Calls `body` with every part that stands by itself, from left to right.
  func forEach(_ body: (EquationSyntax) -> Void) {
    body(self)
    switch self {
    case .number, .word: break
    case .negated(let a, _), .squared(let a, _): a.forEach(body)
    case .applied(let a, let b):
      a.forEach(body)
      b.forEach(body)
    case .sum(let first, let rest), .product(let first, let rest):
      first.forEach(body)
      for operand in rest { operand.value.forEach(body) }
    case .call(_, let members, _), .list(let members, _):
      for member in members { member.forEach(body) }
    }
  }

  /// Calls `body` with every name in it.
  func forEachWord(_ body: (EquationWord) -> Void) {
    forEach { if case .word(let word, _, _) = $0 { body(word) } }
  }
}

/// A function that equations may call.
enum EquationFunction: String, CaseIterable {
  case exp, log, softplus, sqrt, abs, relu, sigmoid, tanh, sum, mean, highest, stop
  case min, max
  case normalized, dropout, zoneout

  init?(word: String) {
    guard let function = EquationFunction(rawValue: Self.aliases[word] ?? word) else { return nil }
    self = function
  }

  private static let aliases = ["σ": "sigmoid", "sigm": "sigmoid", "logistic": "sigmoid", "Sigmoid": "sigmoid", "ReLU": "relu", "Tanh": "tanh", "ln": "log"]

  /// How many arguments it takes.
  var arguments: ClosedRange<Int> {
    switch self {
    case .min, .max: 2...2
    case .normalized: 1...2
    case .dropout: 2...3
    case .zoneout: 3...3
    default: 1...1
    }
  }

  /// How it is called.
  var usage: String {
    switch self {
    case .min, .max: "\(rawValue)(a, b)"
    case .normalized: "normalized(v) or normalized(v, epsilon)"
    case .dropout: "dropout(v, rate) or dropout(v, rate, sequence)"
    case .zoneout: "zoneout(new, old, rate)"
    default: "\(rawValue)(v)"
    }
  }

  /// The operation of a function of one argument or of two.
  var operation: Operation? {
    switch self {
    case .exp: .exp
    case .log: .log
    case .softplus: .softplus
    case .sqrt: .sqrt
    case .abs: .abs
    case .relu: .relu
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .sum: .sum
    case .mean: .mean
    case .highest: .highest
    case .stop: .stop
    case .min: .minimum
    case .max: .maximum
    case .normalized, .dropout, .zoneout: nil
    }
  }
}

/// A text of equations, taken apart.
struct EquationProgram {
  struct Assignment {
    let name: String
    /// The left side, as written.
    let written: String
    let value: EquationSyntax
    let position: EquationPosition
  }

  var cellName: String?
  var inputs: [String]?
  var states: [StateDeclaration] = []
  var output: (name: String, size: Size?, position: EquationPosition)?
  var assignments: [Assignment] = []
  /// First values of states, from equations such as h_0 = 0.
  var initial: [String: Double] = [:]
}

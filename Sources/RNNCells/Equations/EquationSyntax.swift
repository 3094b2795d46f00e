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

  /// A later member of a chain, with the operator before it.
  struct Operand {
    let operation: Operation
    let position: EquationPosition
    let value: EquationSyntax
  }

  var position: EquationPosition {
    switch self {
    case .number(_, let p), .word(_, let p, _), .negated(_, let p), .squared(_, let p), .call(_, _, let p): p
    case .sum(let first, _), .product(let first, _), .applied(let first, _): first.position
    }
  }
}

/// A function that equations may call.
enum EquationFunction: String, CaseIterable {
  case exp, log, softplus, sqrt, abs, relu, sigmoid, tanh, sum, mean, highest, stop
  case min, max
  case normalized, dropout, zoneout

  init?(word: String) {
    if let function = EquationFunction(rawValue: word == "σ" ? "sigmoid" : word) { self = function } else { return nil }
  }

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
    let value: EquationSyntax
    let position: EquationPosition
  }

  var cellName: String?
  var inputs: [String]?
  var states: [StateDeclaration] = []
  var output: (name: String, size: Size?, position: EquationPosition)?
  var assignments: [Assignment] = []
}

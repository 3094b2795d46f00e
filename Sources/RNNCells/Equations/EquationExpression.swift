/// A name in printed equations.
enum EquationSymbol: Hashable {
  enum Time: Hashable {
    case current
    case previous
  }

  /// An input, a state or a value with an equation of its own: h_t, h_{t-1}.
  case value(String, Time)
  /// A vector of parameters; b where it is added, v where it is a factor.
  case vector(String, isAdded: Bool)
  /// The index of the step, from 0.
  case step
  /// A mask of dropout or zoneout, by its number.
  case mask(Int)
  /// The sum inside the activation of a value: a_t, or a_{i,t} where there are several.
  case sum(of: String?)
  /// ∂L/∂v, with the losses of all steps.
  indirect case gradient(of: EquationSymbol)
  /// ∂L/∂v, with the loss of this step only, directly: what the output receives.
  indirect case gradientNow(of: EquationSymbol)
  /// ∂L/∂v, with the losses of the later steps only: what a state receives from the step after.
  indirect case gradientLater(of: EquationSymbol)
  /// A matrix of parameters.
  case matrix(String)
  /// A part of the derivative's equations that is used more than once.
  case part(Int)
}

/// An expression of printed equations. Every part knows the node whose value it is.
struct EquationExpression {
  /// Where the value of an expression stands.
  enum Node: Hashable {
    case forward(Int)
    case backward(Int)
  }

  indirect enum Form {
    case number(Double)
    case symbol(EquationSymbol)
    /// A matrix, by its number among the parameters, applied to an expression.
    case product(Int, transposed: Bool, EquationExpression)
    case negated(EquationExpression)
    case sum(EquationExpression, EquationExpression)
    case difference(EquationExpression, EquationExpression)
    /// Unit by unit, or a number times a vector.
    case times(EquationExpression, EquationExpression, isByUnit: Bool)
    case quotient(EquationExpression, EquationExpression)
    case squared(EquationExpression)
    /// A function; what is no expression – a rate, the word `sequence` – stands in `more`.
    case call(Function, [EquationExpression], more: [String])
    /// A number for every unit, shown as its numbers.
    case vector([Double])
  }

  enum Function: Hashable {
    case known(EquationFunction)
    /// 1 where the first argument is greater, else 0.
    case greater
    /// 1 where both are equal, else 0.
    case equal
  }

  let form: Form
  /// nil where no node holds the value.
  let node: Node?
}

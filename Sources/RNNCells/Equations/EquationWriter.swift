/// Writes expressions, as text or as LaTeX, with the brackets that reading them back needs.
struct EquationWriter {
  enum Notation {
    case text
    case latex
  }

  let notation: Notation
  let parameters: [Parameter]
  /// The step whose values are meant, from 1; nil writes t.
  var step: Int?
  /// How a number is written.
  var number: (Double) -> String = EquationWriter.exact
  /// What clashes with a parameter's usual form, which is then written with a dot.
  var valueNames: Set<String> = []
  /// Numbers in place of names are multiplied by ×.
  var isNumeric = false

  /// The shortest decimal that reads back as the same number.
  static func exact(_ value: Double) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Powers of ten as LaTeX writes them.
  private func shown(_ value: Double) -> String {
    let text = number(value)
    guard notation == .latex, let e = text.firstIndex(of: "e"), let exponent = Int(text[text.index(after: e)...]) else { return text }
    let factor = text[..<e]
    return (factor == "1" ? "" : factor + " \\cdot ") + "10^{\(exponent)}"
  }

  // MARK: Brackets

  /// How tightly a written expression holds together.
  private enum Level: Int, Comparable {
    case sum, product, signed, applied, power, atom
    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  private struct Written {
    let text: String
    let level: Level
  }

  func write(_ expression: EquationExpression) -> String { written(expression).text }

  private func bracketed(_ text: String) -> String { notation == .text ? "(\(text))" : "\\left(\(text)\\right)" }

  /// In brackets unless it holds together at least as `level`; a sign in front needs them too, except where it is allowed.
  private func operand(_ expression: EquationExpression, _ level: Level, maySign: Bool = false) -> String {
    let inner = written(expression)
    return inner.level < level || !maySign && inner.text.hasPrefix("-") ? bracketed(inner.text) : inner.text
  }

  /// A factor: a chain of products on the left, otherwise something that can't be torn apart.
  private func factor(_ expression: EquationExpression, isLeft: Bool) -> String {
    let inner = written(expression)
    let holds = inner.level >= .power || isLeft && (inner.level == .product || inner.level == .signed)
    return holds && (isLeft || !inner.text.hasPrefix("-")) ? inner.text : bracketed(inner.text)
  }

  private func written(_ expression: EquationExpression) -> Written {
    switch expression.form {
    case .number(let value):
      let text = shown(value)
      return Written(text: text, level: text.hasPrefix("-") ? .signed : .atom)
    case .vector(let values):
      return Written(text: vector(values), level: .atom)
    case .symbol(let symbol): return Written(text: name(symbol), level: .atom)
    case .product(let p, let transposed, let a):
      let matrix = name(.matrix(parameters[p].name)) + (transposed ? (notation == .text ? "ᵀ" : "^\\top") : "")
      return Written(text: "\(matrix) \(operand(a, .atom))", level: .applied)
    case .negated(let a):
      let inner = operand(a, .applied)
      // A number right after the sign would be read as a negative number.
      return Written(text: "-" + (inner.first?.isNumber == true ? bracketed(inner) : inner), level: .signed)
    case .sum, .difference: return Written(text: sum(expression), level: .sum)
    case .times(let a, let b, let isByUnit): return times(a, b, isByUnit)
    case .quotient(let a, let b):
      if notation == .latex { return Written(text: "\\frac{\(write(a))}{\(write(b))}", level: .atom) }
      return Written(text: "\(factor(a, isLeft: true)) / \(factor(b, isLeft: false))", level: .product)
    case .squared(let a):
      return Written(text: operand(a, .atom) + "^2", level: .power)
    case .call(let function, let arguments, let more):
      return Written(text: call(function, arguments.map(write) + more), level: .atom)
    }
  }

  /// A sum of any length, term by term.
  private func sum(_ expression: EquationExpression) -> String {
    var first = expression
    var rest: [String] = []
    while true {
      switch first.form {
      case .sum(let a, let b):
        rest.append(" + " + operand(b, .product))
        first = a
      case .difference(let a, let b):
        rest.append(" - " + operand(b, .product))
        first = a
      default: return operand(first, .sum, maySign: true) + rest.reversed().joined()
      }
    }
  }

  private func times(_ a: EquationExpression, _ b: EquationExpression, _ isByUnit: Bool) -> Written {
    if isNumeric {
      let first = factor(a, isLeft: true), sign = notation == .text ? " × " : " \\times "
      return Written(text: (first.hasPrefix("-") ? bracketed(first) : first) + sign + factor(b, isLeft: false), level: .product)
    }
    if case .number = a.form {
      let first = written(a), second = operand(b, .power)
      // A number right after another would be read as one.
      if second.first?.isNumber != true { return Written(text: "\(first.text) \(second)", level: first.level == .atom ? .applied : .signed) }
    }
    let sign = notation == .text ? (isByUnit ? "⊙" : "*") : (isByUnit ? "\\odot" : "\\cdot")
    return Written(text: "\(factor(a, isLeft: true)) \(sign) \(factor(b, isLeft: false))", level: .product)
  }

  /// A column times a row: what a matrix's gradient is made of.
  func outerProduct(_ a: EquationExpression, _ b: EquationExpression) -> String {
    let row = operand(b, .atom)
    return "\(operand(a, .atom)) " + (notation == .text ? row + "ᵀ" : row + "^\\top")
  }

  /// At most so many numbers of a vector, and rows of a matrix, are written out.
  private static let maximumShown = 8

  func vector(_ values: [Double]) -> String { list(values.prefix(Self.maximumShown).map(shown), isCut: values.count > Self.maximumShown, ", ") }

  func matrix(_ rows: [[Double]]) -> String {
    let lines = rows.prefix(Self.maximumShown).map { row in
      row.prefix(Self.maximumShown).map(shown).joined(separator: ", ") + (row.count > Self.maximumShown ? ", …" : "")
    }
    return list(lines, isCut: rows.count > Self.maximumShown, "; ")
  }

  private func list(_ parts: [String], isCut: Bool, _ separator: String) -> String {
    let text = (parts + (isCut ? ["…"] : [])).joined(separator: separator)
    return notation == .text ? "[\(text)]" : "\\left[\(text.split(separator: "…").joined(separator: "\\dots"))\\right]"
  }

  // MARK: Functions

  private func call(_ function: EquationExpression.Function, _ arguments: [String]) -> String {
    let list = arguments.joined(separator: ", ")
    switch function {
    case .greater: return notation == .text ? "[\(arguments[0]) > \(arguments[1])]" : "\\left[\(arguments[0]) > \(arguments[1])\\right]"
    case .equal: return notation == .text ? "[\(arguments[0]) = \(arguments[1])]" : "\\left[\(arguments[0]) = \(arguments[1])\\right]"
    case .known(let function):
      guard notation == .latex else { return "\(function.rawValue)(\(list))" }
      switch function {
      case .sqrt: return "\\sqrt{\(list)}"
      case .abs: return "\\left|\(list)\\right|"
      case .sigmoid: return "\\sigma\(bracketed(list))"
      case .exp, .log, .tanh, .min, .max: return "\\\(function.rawValue)\(bracketed(list))"
      case .highest: return "\\max\(bracketed(list))"
      case .dropout where arguments.count > 2:
        return "\\operatorname{dropout}\(bracketed((arguments.prefix(2) + ["\\mathrm{sequence}"]).joined(separator: ", ")))"
      default: return "\\operatorname{\(function.rawValue)}\(bracketed(list))"
      }
    }
  }

  // MARK: Names

  func name(_ symbol: EquationSymbol) -> String {
    switch symbol {
    case .value(let name, let time): return value(name, self.time(time))
    case .vector(let name, let isAdded): return parameter(isAdded ? "b" : "v", name)
    case .matrix(let name): return parameter("W", name)
    case .mask(let tag): return value("mask\(tag + 1)", time(.current))
    case .step: return notation == .text ? EquationNames.step : "\\mathrm{step}"
    case .sum(let gate):
      guard let gate else { return value("a", time(.current)) }
      return notation == .text ? "a_{\(gate),\(time(.current))}" : "a_{\(letters(gate)),\(time(.current))}"
    case .gradient(let v): return derivative("L", v)
    case .gradientNow(let v): return derivative("L_" + braced(timeOf(v)), v)
    case .gradientLater(let v): return derivative("L_{>\(timeOf(v))}", v)
    case .part(let i): return notation == .text ? value("δ\(i)", time(.current)) : "\\delta_{\(i),\(time(.current))}"
    }
  }

  private func derivative(_ loss: String, _ symbol: EquationSymbol) -> String {
    notation == .text ? "d\(loss)/d\(name(symbol))" : "\\frac{\\partial \(loss)}{\\partial \(name(symbol))}"
  }

  private func timeOf(_ symbol: EquationSymbol) -> String {
    if case .value(_, let time) = symbol { return self.time(time) }
    return time(.current)
  }

  private func time(_ time: EquationSymbol.Time) -> String {
    switch (time, step) {
    case (.current, nil): "t"
    case (.previous, nil): "t-1"
    case (.current, let step?): String(step)
    case (.previous, let step?): String(step - 1)
    }
  }

  private func braced(_ subscripted: String) -> String {
    notation == .text && subscripted.count == 1 ? subscripted : "{\(subscripted)}"
  }

  private func value(_ name: String, _ time: String) -> String {
    if notation == .text { return "\(name)_\(time == "t-1" ? "{t-1}" : time)" }
    var parts = name.split(separator: "_").map(String.init)
    // A letter and a number, a1, is the letter with an index.
    if parts.count == 1, let first = name.first, name.count > 1, name.dropFirst().allSatisfy(\.isNumber) {
      parts = [String(first), String(name.dropFirst())]
    }
    return "\(letters(parts[0]))_{\((parts.dropFirst().map(letters) + [time]).joined(separator: ","))}"
  }

  /// A name in LaTeX: one letter or a number stands for itself, more are upright.
  private func letters(_ name: String) -> String {
    name.count == 1 || name.allSatisfy(\.isNumber) ? name : "\\mathrm{\(name.split(separator: "_").joined(separator: "\\_"))}"
  }

  private func parameter(_ kind: String, _ name: String) -> String {
    // `b_t` is b at step t where there is a b, and `b_h` may be a value's name.
    func clashes(_ written: String) -> Bool {
      valueNames.contains(written) || written.hasSuffix("_t") && valueNames.contains(String(written.dropLast(2)))
    }
    let isAlone = kind == "W" ? EquationNames.hasOwnLetter(name) : name == "b" || name == "v"
    let hasOwnLetter = isAlone && !clashes(name)
    if notation == .latex {
      let letter = hasOwnLetter ? String(name.prefix(1)) : kind
      let lowered = (hasOwnLetter ? String(name.dropFirst(2)) : name).split(separator: "_").joined(separator: "\\_")
      return lowered.isEmpty ? letter : "\(letter)_{\(lowered)}"
    }
    let written = hasOwnLetter ? name : "\(kind)_\(name)"
    return clashes(written) ? "\(kind).\(name)" : written
  }
}

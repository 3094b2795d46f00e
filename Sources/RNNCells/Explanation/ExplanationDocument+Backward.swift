/// The way back, from the last step to the first.
extension ExplanationDocument {
  /// Sums over time are written out up to so many terms.
  private static let maximumTerms = 12
  /// Gradients of parameters are written number by number up to so many numbers.
  private static let maximumNumbers = 16

  var backwardBlocks: [Block] {
    guard let backward = explanation.backward, let gradients = computation.gradients else { return [] }
    var blocks: [Block] = [.heading("backward")]
    blocks.append(.sentence(lossSentence(backward.targets)))
    blocks.append(.lines([outputGradientDefinition] + model.derivative.lines(notation).map { line in
      line.split(separator: isText ? " = " : " &= ", maxSplits: 1).map(String.init)
    }))
    blocks.append(.heading("loss"))
    blocks.append(.lines(lossLines(backward)))
    for t in computation.run.steps.indices.reversed() {
      blocks.append(.heading("back through step \(t + 1)"))
      blocks.append(.lines(stepLines(t, gradients)))
    }
    blocks.append(.heading("gradients of the parameters, summed over the steps"))
    blocks.append(.lines(model.cell.graph.parameters.indices.flatMap { parameterLines($0, gradients) }))
    return blocks
  }

  // MARK: The loss

  private var half: String { isText ? "½ " : "\\tfrac{1}{2} " }
  private var outputName: String { symbolic.name(.value(model.outputName, .current)) }

  private func lossSentence(_ targets: Explanation.Targets) -> String {
    let total = isText ? "Σ_t" : "\\sum_{t}"
    switch targets {
    case .values(let values):
      let target = isText ? "target_t" : "\\mathrm{target}_{t}"
      let shown = values.map { $0.count == 1 ? number($0[0]) : symbolicVector($0) }.map(math).joined(separator: ", ")
      return "The loss is \(math("L = \(half)\(total) (\(outputName) - \(target))^2")), with the targets \(shown)."
    case .classes(let classes):
      let target = isText ? "\(outputName)[target_t]" : "\(outputName)[\\mathrm{target}_{t}]"
      let log = isText ? "log" : "\\log"
      return "The loss is \(math("L = -\(total) \(log) \(target)")), with the targets \(classes.map(String.init).joined(separator: ", ")), counted from 0."
    }
  }

  private func symbolicVector(_ values: [Double]) -> String { writer(step: 1).vector(values) }

  /// What the output receives from its loss, before any number.
  private var outputGradientDefinition: [String] {
    let target = isText ? "target_t" : "\\mathrm{target}_{t}"
    let difference = model.layer == .softmax
      ? "\(outputName)[k] - " + (isText ? "[k = target_t]" : "\\left[k = \(target)\\right]") : "\(outputName) - \(target)"
    return [symbolic.name(model.derivative.outputSymbol) + (model.layer == .softmax ? "[k]" : ""), difference]
  }

  private func lossLines(_ backward: Explanation.Backward) -> [[String]] {
    func name(_ t: Int) -> String { isText ? "L_\(t + 1)" : "L_{\(t + 1)}" }
    func number(_ value: Double) -> EquationExpression { EquationExpression(form: .number(value), node: nil) }
    var lines = computation.run.steps.indices.map { t -> [String] in
      let writer = writer(step: t + 1), y = output(t)
      var parts = [name(t)]
      switch backward.targets {
      case .values(let values) where y.count <= Self.maximumUnits:
        let squares = zip(y, values[t]).map { y, target in
          EquationExpression(form: .squared(EquationExpression(form: .difference(number(y), number(target)), node: nil)), node: nil)
        }
        let sum = squares.dropFirst().reduce(squares[0], NumericScope.sum)
        parts.append(half + (squares.count == 1 ? writer.write(sum) : "(\(writer.write(sum)))"))
      case .classes(let classes):
        let logarithm = EquationExpression(form: .call(.known(.log), [number(y[classes[t]])], more: []), node: nil)
        parts.append(writer.write(EquationExpression(form: .negated(logarithm), node: nil)))
      default: break
      }
      return parts + [self.number(backward.losses[t])]
    }
    if lines.count > 1 { lines.append(["L", backward.losses.map(self.number).joined(separator: " + "), self.number(backward.loss)]) }
    return lines
  }

  // MARK: Steps

  private func stepLines(_ t: Int, _ gradients: Evaluation.Gradients) -> [[String]] {
    let scope = NumericScope(computation: computation, step: t), writer = writer(step: t + 1)
    let graph = model.cell.graph
    var lines: [[String]] = []
    if t == computation.run.steps.count - 1 {
      // Nothing follows the last step.
      for state in graph.states { lines.append([writer.name(.gradientLater(of: .value(state.name, .current))), "0"]) }
    }
    lines += outputGradientLines(t)
    for equation in model.derivative.equations {
      lines += self.lines(equation.symbol, equation.value, count: scope.values(equation.value).count, at: scope)
    }
    for (s, equation) in model.derivative.states.enumerated() {
      let count = computation.evaluation.sizes[graph.states[s].size]
      if let equation {
        lines += self.lines(equation.symbol, equation.value, count: count, at: scope)
      } else {
        lines.append([writer.name(.gradientLater(of: .value(graph.states[s].name, .previous))), "0"])
      }
    }
    for (i, equation) in model.derivative.inputs.enumerated() {
      guard let equation else { continue }
      lines += self.lines(equation.symbol, equation.value, count: gradients.inputs[t][i].count, at: scope)
    }
    return lines
  }

  private func outputGradientLines(_ t: Int) -> [[String]] {
    guard let targets = explanation.backward?.targets else { return [] }
    let writer = writer(step: t + 1), y = output(t)
    let expected: [Double]
    switch targets {
    case .values(let values): expected = values[t]
    case .classes(let classes): expected = y.indices.map { $0 == classes[t] ? 1 : 0 }
    }
    let name = writer.name(model.derivative.outputSymbol), difference = zip(y, expected).map { $0 - $1 }
    guard y.count <= Self.maximumUnits else { return [[name, writer.vector(difference)]] }
    return y.indices.map { k in
      let expression = EquationExpression(
        form: .difference(EquationExpression(form: .number(y[k]), node: nil), EquationExpression(form: .number(expected[k]), node: nil)), node: nil)
      return Self.chain([unit(name, k, of: y.count), writer.write(expression), number(difference[k])])
    }
  }

  // MARK: Parameters

  private func parameterLines(_ p: Int, _ gradients: Evaluation.Gradients) -> [[String]] {
    let terms = model.derivative.terms[p], total = gradients.parameters[p]
    let name = symbolic.name(.gradient(of: model.derivative.symbol(ofParameter: p)))
    let writer = writer(step: 1)
    let isShort = terms.count * computation.run.steps.count <= Self.maximumTerms
    guard total.count <= Self.maximumNumbers else {
      switch computation.value(total, of: p) {
      case .vector(let numbers): return [[name, writer.vector(numbers)]]
      case .matrix(let rows): return [[name, writer.matrix(rows)]]
      }
    }
    let columns = model.cell.graph.parameters[p].columns.map { computation.evaluation.sizes[$0] }
    return total.indices.map { index in
      let row = columns.map { index / $0 } ?? index, column = columns.map { index % $0 }
      let place = total.count == 1 ? "" : "[\(row)\(column.map { ",\($0)" } ?? "")]"
      guard isShort else { return [name + place, number(total[index])] }
      var products: [EquationExpression] = []
      for t in computation.run.steps.indices {
        let scope = NumericScope(computation: computation, step: t)
        for term in terms {
          let gradient = EquationExpression(form: .number(NumericScope.unit(row, scope.values(term.gradient))), node: nil)
          guard let operand = term.operand, let column else {
            products.append(gradient)
            continue
          }
          let value = EquationExpression(form: .number(NumericScope.unit(column, scope.values(operand))), node: nil)
          products.append(EquationExpression(form: .times(gradient, value, isByUnit: true), node: nil))
        }
      }
      guard let first = products.first else { return [name + place, "0"] }
      return Self.chain([name + place, writer.write(products.dropFirst().reduce(first, NumericScope.sum)), number(total[index])])
    }
  }
}

import RNNTensor

/// An explanation as a reader gets it, in text or LaTeX: blocks of headings, sentences and lines of equations.
struct ExplanationDocument {
  enum Block {
    case heading(String)
    case sentence(String)
    /// The parts of each line are equal.
    case lines([[String]])
  }

  let explanation: Explanation
  let computation: ExplainedComputation
  let notation: EquationWriter.Notation
  let digits: Int

  var model: ExplainedModel { computation.model }
  var isText: Bool { notation == .text }

  /// Vectors of at most so many units are shown unit by unit.
  static let maximumUnits = 4

  init(_ explanation: Explanation, _ notation: EquationWriter.Notation, digits: Int) throws(RNNError) {
    self.explanation = explanation
    self.notation = notation
    self.digits = digits
    let model = try ExplainedModel(try Cell(equations: explanation.equations, name: explanation.cell), output: explanation.outputLayer)
    computation = try ExplainedComputation(
      model, sizes: CellSizes(explanation.sizes), parameters: explanation.parameters.mapValues(\.numbers), inputs: explanation.inputs,
      initialStates: explanation.initialStates, targets: explanation.backward?.targets)
  }

  var blocks: [Block] { givenBlocks + forwardBlocks + remarks + backwardBlocks }

  // MARK: Writing

  /// Writes names without a step.
  var symbolic: EquationWriter { model.form.writer(notation) }

  /// Writes names and numbers of a step, counted from 1.
  func writer(step: Int) -> EquationWriter {
    var writer = symbolic
    writer.step = step
    writer.isNumeric = true
    writer.number = { [digits] in ExplanationNumbers.text($0, digits: digits) }
    return writer
  }

  func number(_ value: Double) -> String { writer(step: 1).write(EquationExpression(form: .number(value), node: nil)) }

  /// Mathematics within a sentence.
  func math(_ text: String) -> String { isText ? text : "$\(text)$" }

  /// What a user typed, in a sentence.
  func plain(_ text: String) -> String {
    isText ? text : text.map { "\\{}$&#^_%~".contains($0) ? "\\symbol{\($0.asciiValue ?? 63)}" : String($0) }.joined()
  }

  /// What a user may type, in a sentence.
  func code(_ text: String) -> String { isText ? text : "\\texttt{\(text.replacing("--", with: "-{}-"))}" }

  /// A value with its unit.
  func unit(_ name: String, _ index: Int, of count: Int) -> String { count == 1 ? name : "\(name)[\(index)]" }

  /// Lines that say how a value comes about, a line for each unit if there are few.
  func lines(_ symbol: EquationSymbol, _ expression: EquationExpression, count: Int, at scope: NumericScope) -> [[String]] {
    let writer = writer(step: scope.step + 1), name = writer.name(symbol)
    let values = ExplainedComputation.spread(scope.values(expression), count)
    guard count <= Self.maximumUnits else { return [[name, writer.vector(values)]] }
    return (0..<count).map { u in
      let steps = [scope.numeric(expression, unit: u), scope.intermediate(expression, unit: u)].compactMap { $0.map(writer.write) }
      return Self.chain([unit(name, u, of: count)] + steps + [number(values[u])])
    }
  }

  /// Equal neighbours once.
  static func chain(_ parts: [String]) -> [String] {
    parts.enumerated().filter { $0.offset == 0 || $0.element != parts[$0.offset - 1] }.map(\.element)
  }

  // MARK: What is given

  private var givenBlocks: [Block] {
    var blocks: [Block] = [.heading(plain(explanation.cell))]
    var equations = model.form.equations.map { [symbolic.name(.value($0.name, .current)), symbolic.write($0.value)] }
    if model.layer == .softmax {
      equations.append([symbolic.name(.value(model.outputName, .current)), softmax(symbolic.name(.value(model.scoresName, .current)))])
    }
    blocks.append(.lines(equations))
    blocks.append(.heading("given"))
    blocks.append(.lines(parameterLines + initialLines))
    if !explanation.assumedParameters.isEmpty {
      let names = model.cell.graph.parameters.indices.filter { explanation.assumedParameters.contains(model.name(of: $0)) }
        .map { math(symbolic.name(model.derivative.symbol(ofParameter: $0))) }
      let pattern = ExplanationRequest.pattern.map { math(EquationWriter.exact($0)) }.joined(separator: ", ")
      blocks.append(.sentence("Not given, and so filled from the pattern \(pattern), over and over: \(names.joined(separator: ", "))."))
    }
    if !model.form.graph.sizeNames.allSatisfy({ computation.evaluation.sizes[.named($0)] == 1 }) {
      let first = unit(writer(step: 1).name(.value(model.form.outputName, .current)), 0, of: 2)
      blocks.append(.sentence("The units of a vector are counted from 0: \(math(first)) is the first."))
    }
    return blocks
  }

  private var parameterLines: [[String]] {
    var writer = writer(step: 1)
    writer.number = EquationWriter.exact
    return model.cell.graph.parameters.indices.map { p in
      let name = writer.name(model.derivative.symbol(ofParameter: p))
      switch computation.value(computation.parameters[p], of: p) {
      case let value where value.numbers.count == 1: return [name, writer.write(EquationExpression(form: .number(value.numbers[0]), node: nil))]
      case .vector(let numbers): return [name, writer.vector(numbers)]
      case .matrix(let rows): return [name, writer.matrix(rows)]
      }
    }
  }

  private var initialLines: [[String]] {
    zip(model.cell.graph.states, computation.run.states[0]).map { state, values in
      let writer = writer(step: 1)
      return [writer.name(.value(state.name, .previous)), values.count == 1 ? number(values[0]) : writer.vector(values)]
    }
  }

  // MARK: Forward

  private var forwardBlocks: [Block] {
    var blocks: [Block] = []
    for t in computation.run.steps.indices {
      let scope = NumericScope(computation: computation, step: t), writer = writer(step: t + 1)
      let inputs = model.cell.graph.inputs.map { name in
        let values = explanation.inputs[name]?[t] ?? []
        return writer.name(.value(name, .current)) + " = " + (values.count == 1 ? number(values[0]) : writer.vector(values))
      }
      blocks.append(.heading("step \(t + 1): " + inputs.map(math).joined(separator: ", ")))
      var lines: [[String]] = []
      for equation in model.form.equations {
        let count = max(computation.run.steps[t][equation.node].count, stateCount(equation.name))
        lines += self.lines(.value(equation.name, .current), equation.value, count: count, at: scope)
      }
      if model.layer == .softmax { lines += softmaxLines(t) }
      blocks.append(.lines(lines))
    }
    blocks.append(.heading("outputs"))
    blocks.append(.lines(computation.run.steps.indices.map { t in
      let writer = writer(step: t + 1), y = output(t)
      return [writer.name(.value(model.outputName, .current)), y.count == 1 ? number(y[0]) : writer.vector(y)]
    }))
    return blocks
  }

  private func stateCount(_ name: String) -> Int {
    model.cell.graph.states.first { $0.name == name }.map { computation.evaluation.sizes[$0.size] } ?? 1
  }

  /// What the reader calls the output at a step from 0.
  func output(_ t: Int) -> [Double] {
    model.layer == .softmax ? ExplainedComputation.softmax(computation.run.outputs[t]) : computation.run.outputs[t]
  }

  private func softmax(_ argument: String) -> String { isText ? "softmax(\(argument))" : "\\operatorname{softmax}\\left(\(argument)\\right)" }

  private func softmaxLines(_ t: Int) -> [[String]] {
    let writer = writer(step: t + 1), scores = computation.run.outputs[t], y = output(t)
    let name = writer.name(.value(model.outputName, .current))
    guard scores.count <= Self.maximumUnits else { return [[name, writer.vector(y)]] }
    let powers = scores.map { score in
      EquationExpression(form: .call(.known(.exp), [EquationExpression(form: .number(score), node: nil)], more: []), node: nil)
    }
    let sum = powers.dropFirst().reduce(powers[0], NumericScope.sum)
    return y.indices.map { k in
      [unit(name, k, of: y.count), writer.write(EquationExpression(form: .quotient(powers[k], sum), node: nil)), number(y[k])]
    }
  }
}

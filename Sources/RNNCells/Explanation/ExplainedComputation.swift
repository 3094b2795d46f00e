import RNNTensor
#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The numbers behind an explanation, node by node.
struct ExplainedComputation {
  let model: ExplainedModel
  let evaluation: Evaluation
  /// In the graph's order, a matrix row after row.
  let parameters: [[Double]]
  let run: Evaluation.Run
  let targets: Explanation.Targets?
  let gradients: Evaluation.Gradients?

  private var graph: Graph { model.cell.graph }
  private var sizes: CellSizes { evaluation.sizes }

  init(
    _ model: ExplainedModel, sizes: CellSizes, parameters: [String: [Double]], inputs: [String: [[Double]]],
    initialStates: [String: [Double]], targets: Explanation.Targets?
  ) throws(RNNError) {
    self.model = model
    guard model.cell.graph.nodes.count <= Explanation.maximumOperations else {
      throw RNNError(
        .usage, "the cell has \(model.cell.graph.nodes.count) operations; at most \(Explanation.maximumOperations) can be explained")
    }
    evaluation = try Evaluation(model.cell, sizes: sizes)
    for name in model.cell.graph.sizeNames where sizes[.named(name)] > Explanation.maximumCount {
      throw RNNError(.usage, "the size “\(name)” is \(sizes[.named(name)]); at most \(Explanation.maximumCount) can be explained")
    }
    self.parameters = try Self.parameters(model, evaluation, parameters)
    run = evaluation.run(
      inputs: try Self.inputs(model, evaluation, inputs), initial: try Self.states(model, evaluation, initialStates), parameters: self.parameters)
    self.targets = targets
    guard let targets else {
      gradients = nil
      return
    }
    try Self.check(targets, model.layer, run.outputs)
    gradients = evaluation.gradients(
      of: run, outputs: Self.outputGradients(run.outputs, targets), parameters: self.parameters)
  }

  // MARK: What is given

  static func numbers(_ count: Int) -> String { "\(count) number\(count == 1 ? "" : "s")" }

  private static func parameters(_ model: ExplainedModel, _ evaluation: Evaluation, _ given: [String: [Double]]) throws(RNNError) -> [[Double]] {
    var found = [[Double]?](repeating: nil, count: model.cell.graph.parameters.count)
    for (name, numbers) in given.sorted(by: { $0.key < $1.key }) {
      guard let p = model.parameter(named: name) else { throw model.unknownParameter(name) }
      let expected = evaluation.count(model.cell.graph.parameters[p])
      guard numbers.count == expected else { throw RNNError(.usage, "\(name) has \(Self.numbers(numbers.count)); expected \(expected)") }
      found[p] = numbers
    }
    return try found.enumerated().map { p, numbers throws(RNNError) in
      guard let numbers else { throw RNNError(.usage, "the parameter \(model.name(of: p)) is missing") }
      return numbers
    }
  }

  private static func inputs(_ model: ExplainedModel, _ evaluation: Evaluation, _ given: [String: [[Double]]]) throws(RNNError) -> [[[Double]]] {
    let names = model.cell.graph.inputs
    if let unknown = given.keys.sorted().first(where: { !names.contains($0) }) {
      throw RNNError(.usage, "there is no input “\(unknown)”; known are \(names.joined(separator: ", "))")
    }
    let steps = given[names[0]]?.count ?? 0
    guard (1...Explanation.maximumCount).contains(steps) else {
      throw RNNError(.usage, "the input \(names[0]) has \(steps) steps; expected 1 to \(Explanation.maximumCount)")
    }
    var result = [[[Double]]](repeating: [], count: steps)
    for (i, name) in names.enumerated() {
      let size = evaluation.sizes[model.cell.graph.inputSize(i)]
      guard let values = given[name], values.count == steps else {
        throw RNNError(.usage, "the input \(name) has \(given[name]?.count ?? 0) steps; expected \(steps), as \(names[0])")
      }
      for (t, value) in values.enumerated() {
        guard value.count == size else {
          throw RNNError(.usage, "step \(t + 1) of the input \(name) has \(Self.numbers(value.count)); expected \(size)")
        }
        result[t].append(value)
      }
    }
    return result
  }

  private static func states(_ model: ExplainedModel, _ evaluation: Evaluation, _ given: [String: [Double]]) throws(RNNError) -> [[Double]] {
    let graph = model.cell.graph
    var states = evaluation.initialStates
    for (name, numbers) in given.sorted(by: { $0.key < $1.key }) {
      guard let s = graph.states.firstIndex(where: { $0.name == name }) else {
        throw RNNError(.usage, "there is no state “\(name)”; known are \(graph.states.map(\.name).joined(separator: ", "))")
      }
      guard numbers.count == states[s].count else {
        throw RNNError(.usage, "the initial value of \(name) has \(Self.numbers(numbers.count)); expected \(states[s].count)")
      }
      states[s] = numbers
    }
    return states
  }

  private static func check(_ targets: Explanation.Targets, _ layer: Explanation.OutputLayer, _ outputs: [[Double]]) throws(RNNError) {
    func steps(_ count: Int) throws(RNNError) {
      guard count == outputs.count else {
        throw RNNError(.usage, "there are \(count) targets; expected \(outputs.count), one for each step")
      }
    }
    switch targets {
    case .values(let values):
      guard layer != .softmax else { throw RNNError(.usage, "the targets of a softmax are the numbers of its outputs, counted from 0") }
      try steps(values.count)
      for (t, value) in values.enumerated() where value.count != outputs[t].count {
        throw RNNError(.usage, "the target of step \(t + 1) has \(numbers(value.count)); expected \(outputs[t].count)")
      }
    case .classes(let classes):
      guard layer == .softmax else { throw RNNError(.usage, "targets that are numbers of outputs need a softmax") }
      try steps(classes.count)
      for (t, number) in classes.enumerated() where !outputs[t].indices.contains(number) {
        throw RNNError(.usage, "the target of step \(t + 1) is \(number); expected the number of an output, from 0 to \(outputs[t].count - 1)")
      }
    }
  }

  // MARK: The loss

  static func softmax(_ scores: [Double]) -> [Double] {
    let highest = scores.max() ?? 0
    let powers = scores.map { exp($0 - highest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  private static func outputGradients(_ outputs: [[Double]], _ targets: Explanation.Targets) -> [[Double]] {
    switch targets {
    case .values(let values): return zip(outputs, values).map { y, target in zip(y, target).map { $0 - $1 } }
    case .classes(let classes):
      return zip(outputs, classes).map { scores, number in
        softmax(scores).enumerated().map { $1 - ($0 == number ? 1 : 0) }
      }
    }
  }

  /// The loss of each step.
  var losses: [Double] {
    switch targets {
    case .values(let values)?:
      zip(run.outputs, values).map { y, target in zip(y, target).reduce(0) { $0 + 0.5 * ($1.0 - $1.1) * ($1.0 - $1.1) } }
    case .classes(let classes)?:
      zip(run.outputs, classes).map { scores, number in
        // log Σ exp(s) − s, without overflow.
        let highest = scores.max() ?? 0
        return highest + log(scores.reduce(0) { $0 + exp($1 - highest) }) - scores[number]
      }
    case nil: []
    }
  }

  // MARK: By name

  func value(_ numbers: [Double], of parameter: Int) -> Explanation.Value {
    guard let columns = graph.parameters[parameter].columns.map({ sizes[$0] }) else { return .vector(numbers) }
    return .matrix(stride(from: 0, to: numbers.count, by: columns).map { Array(numbers[$0..<$0 + columns]) })
  }

  func namedParameters(_ numbers: [[Double]]) -> [String: Explanation.Value] {
    Dictionary(uniqueKeysWithValues: numbers.indices.map { (model.name(of: $0), value(numbers[$0], of: $0)) })
  }

  func namedStates(_ numbers: [[Double]]) -> [String: [Double]] {
    Dictionary(uniqueKeysWithValues: zip(graph.states.map(\.name), numbers))
  }

  private func key(ofSum symbol: EquationSymbol) -> String {
    if case .sum(let gate?) = symbol { return "a_" + gate }
    return "a"
  }

  var steps: [Explanation.Step] {
    run.steps.indices.map { t in
      var values = namedStates(run.states[t + 1])
      for (node, name) in model.form.names { values[name] = run.steps[t][node] }
      for sum in model.derivative.sums { values[key(ofSum: sum.symbol)] = run.steps[t][sum.node] }
      values[model.form.outputName] = run.outputs[t]
      if model.layer == .softmax { values[model.outputName] = Self.softmax(run.outputs[t]) }
      return Explanation.Step(step: t + 1, values: values)
    }
  }

  var backward: Explanation.Backward? {
    guard let gradients, let targets else { return nil }
    return Explanation.Backward(
      targets: targets, losses: losses, loss: losses.reduce(0, +), steps: run.steps.indices.reversed().map { stepGradients($0, gradients) },
      parameters: namedParameters(gradients.parameters), initialStates: namedStates(gradients.initialStates))
  }

  private func stepGradients(_ t: Int, _ gradients: Evaluation.Gradients) -> Explanation.StepGradients {
    let nodes = gradients.steps[t], derivative = model.derivative.derivative
    var named: [String: [Double]] = [:]
    let values = model.form.names.map { ($0, $1) } + model.derivative.sums.map { ($0.node, key(ofSum: $0.symbol)) }
    for (node, name) in values {
      let count = run.steps[t][node].count
      named[name] = derivative.values[node].map { Self.spread(nodes[$0], count) } ?? [Double](repeating: 0, count: count)
    }
    for (i, name) in graph.inputs.enumerated() { named[name] = gradients.inputs[t][i] }
    let before = t > 0 ? gradients.states[t - 1] : gradients.initialStates
    return Explanation.StepGradients(
      step: t + 1, gradients: named, previousStates: namedStates(before), terms: namedParameters(terms(t, nodes)))
  }

  /// What step t adds to the gradient of each parameter.
  private func terms(_ t: Int, _ nodes: [[Double]]) -> [[Double]] {
    var result = parameters.map { [Double](repeating: 0, count: $0.count) }
    let derivative = model.derivative.derivative
    for product in derivative.products {
      let v = run.steps[t][product.operand]
      let g = Self.spread(nodes[product.gradient], sizes[graph.parameters[product.parameter].rows])
      for i in g.indices { for j in v.indices { result[product.parameter][i * v.count + j] += g[i] * v[j] } }
    }
    for vector in derivative.vectors {
      result[vector.parameter] = Self.spread(nodes[vector.gradient], sizes[graph.parameters[vector.parameter].rows])
    }
    return result
  }

  static func spread(_ value: [Double], _ count: Int) -> [Double] {
    value.count == count ? value : [Double](repeating: value.first ?? 0, count: count)
  }
}

import RNNTensor

/// A cell together with the layer that is explained above it, as one set of equations.
struct ExplainedModel {
  /// The equations of both.
  let cell: Cell
  let form: EquationForm
  let derivative: DerivativeForm
  let layer: Explanation.OutputLayer
  /// The name of what the layer computes for the reader; with softmax, what softmax gives.
  let outputName: String
  /// What softmax is applied to; the output itself otherwise.
  var scoresName: String { form.outputName }

  /// The size of the layer's output.
  static let outputSize = "output"

  init(_ base: Cell, output layer: Explanation.OutputLayer) throws(RNNError) {
    self.layer = layer
    let own = EquationForm(base.graph)
    guard layer != .none else {
      cell = base
      form = own
      outputName = own.outputName
      derivative = DerivativeForm(form, Derivative(of: base.graph))
      return
    }
    let taken = Set(base.graph.inputs + base.graph.states.map(\.name) + own.equations.map(\.name))
    func free(_ names: [String], _ taken: Set<String>) -> String { names.first { !taken.contains($0) } ?? "output_layer" }
    outputName = free(["y", "out"], taken)
    let name = layer == .softmax ? free(["s", "scores"], taken) : outputName
    let parameters = Set(base.graph.parameters.map(\.name))
    let matrix = free([own.outputName + "y", "out"], parameters), bias = free(["y", "out"], parameters)
    // Written as text, the layer goes through the same door as every cell.
    let text = own.headers(output: "output \(name): \(Self.outputSize)") + own.lines(.text)
      + ["\(name)_t = W.\(matrix) \(own.outputName)_t + b.\(bias)"]
    cell = try Cell(equations: text.joined(separator: "\n"), name: base.name)
    form = EquationForm(cell.graph, output: name)
    derivative = DerivativeForm(form, Derivative(of: cell.graph))
  }

  /// A parameter's name as the equations write it.
  func name(of parameter: Int) -> String { form.writer(.text).name(derivative.symbol(ofParameter: parameter)) }

  /// The names of all parameters.
  var parameterNames: [String] { cell.graph.parameters.indices.map(name) }

  /// The number of the parameter that a user's name means – `W_xh`, `Wxh`, `W.xh`, `W_{xh}` –, or nil.
  func parameter(named written: String) -> Int? {
    let exact = cell.graph.parameters.indices.first { self.name(of: $0) == written || cell.graph.parameters[$0].symbol == written }
    if let exact { return exact }
    let name = String(written.filter { !"_.{}".contains($0) })
    return cell.graph.parameters.indices.first { p in
      let parameter = cell.graph.parameters[p]
      let plain = parameter.name.filter { $0 != "_" }
      if parameter.isMatrix { return name == "W" + plain || name == plain && EquationNames.hasOwnLetter(parameter.name) }
      return name == "b" + plain || name == "v" + plain
    }
  }

  func unknownParameter(_ name: String) -> RNNError {
    RNNError(.usage, "there is no parameter “\(name)”; known are \(parameterNames.joined(separator: ", "))")
  }
}

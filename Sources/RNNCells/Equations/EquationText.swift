extension Cell {
  /// The cell's equations as text, in the form of textbooks.
  ///
  /// ```
  /// h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)
  /// ```
  ///
  /// ``init(equations:name:)`` reads this back to an equal cell. Lines with `cell`, `input`, `state` and `output` come first
  /// where the equations alone don't say them.
  public var equations: String {
    let form = EquationForm(graph)
    let isNamed = name != Cell.usualName(of: graph) && EquationNames.isCell(name)
    return ((isNamed ? ["cell \(name)"] : []) + form.headers + form.lines(.text)).joined(separator: "\n")
  }

  /// The cell's equations in LaTeX, as an `aligned` environment.
  public var latex: String { EquationForm(graph).latex }
}

extension EquationForm {
  func writer(_ notation: EquationWriter.Notation) -> EquationWriter {
    var writer = EquationWriter(notation: notation, parameters: graph.parameters)
    writer.valueNames = valueNames
    return writer
  }

  /// One line for each equation.
  func lines(_ notation: EquationWriter.Notation) -> [String] {
    let writer = writer(notation)
    let sign = notation == .text ? "=" : "&="
    return equations.map { "\(writer.name(.value($0.name, .current))) \(sign) \(writer.write($0.value))" }
  }

  var latex: String { Self.aligned(lines(.latex)) }

  static func aligned(_ lines: [String]) -> String {
    "\\begin{aligned}\n" + lines.joined(separator: " \\\\\n") + "\n\\end{aligned}"
  }

  /// The declarations that reading the equations back needs.
  var headers: [String] {
    let size = outputSize.map { ": \($0)" }
    return headers(output: !outputFollows || size != nil ? "output \(outputName)\(size ?? "")" : nil)
  }

  /// The declarations with another one of the output.
  func headers(output: String?) -> [String] {
    var result: [String] = []
    if graph.inputs != ["x"] { result.append("input " + graph.inputs.joined(separator: ", ")) }
    if !statesFollow { result.append("state " + graph.states.map(Self.declaration).joined(separator: ", ")) }
    return result + [output].compactMap(\.self)
  }

  private static func declaration(_ state: StateDeclaration) -> String {
    var text = state.name
    if case .constant(let value) = state.initial, value != 0 { text += " = " + EquationWriter.exact(value) }
    if case .named(let name) = state.size, state.size != .hidden { text += ": " + name }
    return text
  }

  /// Whether a reader finds the same states, in the same order, without their declaration.
  private var statesFollow: Bool {
    let isPlain = graph.states.allSatisfy { $0.size == .hidden && $0.initial == .zero }
    var read: Set<String> = []
    for node in graph.nodes { if case .state(let s) = node.operation { read.insert(graph.states[s].name) } }
    let last = equations.map(\.name).reversed().filter(read.contains)
    return isPlain && graph.states.map(\.name) == last.filter { $0 == "h" } + last.filter { $0 != "h" }
  }

  /// Whether a reader finds the output without its declaration: it is the first state, or the one value that nothing uses.
  private var outputFollows: Bool {
    if graph.output == graph.next[0] { return true }
    return !graph.next.contains(graph.output) && (names[graph.output] == nil || outline.uses[graph.output] == 0)
  }

  /// The size of the output where only its declaration says it.
  private var outputSize: String? {
    let size = graph.nodes[graph.output].size
    let known = graph.states.map(\.size) + graph.inputs.indices.map(graph.inputSize)
    guard case .named(let name) = size, !known.contains(size) else { return nil }
    return name
  }
}

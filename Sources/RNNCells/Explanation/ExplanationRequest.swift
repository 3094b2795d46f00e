public import RNNTensor

/// An explanation as it is asked for on a command line: everything that isn't said is filled in.
///
/// Without anything said it is the worked example of the lecture note: `rnn` with the inputs 1, 2, 3.
public struct ExplanationRequest: Sendable {
  /// What parameters that aren't given are filled from, in their order, over and over.
  public static let pattern = [0.5, -0.3, 0.4, 0.2, -0.4, 0.1, 0.6, -0.2, 0.3, -0.5, 0.7]

  public var cell = Cell.rnn
  public var output = Explanation.OutputLayer.linear
  /// `1,2,3`, or for vectors `1,0;0,1`; with more than one input `x=1,2,3` and `context=1,0;0,1;1,1`.
  public var inputs: [String] = []
  /// `Wxh=0.5,Whh=[0.3 0.1; 0 0.2]`
  public var parameters: [String] = []
  /// `h=0.5,c=[0.1 0.2]`
  public var initialStates: [String] = []
  /// Sizes by their names; those that follow from the numbers needn't be said.
  public var sizes: [String: Int] = [:]
  /// Whether to go on with the gradients.
  public var isBackward = false
  /// As `inputs`; with softmax the numbers of the right outputs, counted from 0. Zeros if nil.
  public var targets: String?

  public init() {}

  /// Throws `.usage` with what was found and what was expected.
  public func explanation() throws(RNNError) -> Explanation {
    let model = try ExplainedModel(cell, output: output)
    var known = KnownSizes(model, sizes)
    try known.check()
    let inputs = try inputValues(model)
    for (i, name) in model.cell.graph.inputs.enumerated() {
      try known.learn(model.cell.graph.inputSize(i), inputs[name]?.first?.count ?? 1, "the input \(name)")
    }
    let given = try parameterValues(model, &known)
    let states = try stateValues(model, &known)
    let sizes = known.complete
    let (parameters, assumed) = filled(model, sizes, given)
    var explanation = try Explanation(
      of: cell, sizes: sizes, parameters: parameters, inputs: inputs, initialStates: states, output: output,
      targets: try targetValues(steps: inputs[model.cell.graph.inputs[0]]?.count ?? 0, outputs: sizes[model.cell.graph.nodes[model.cell.graph.output].size]))
    explanation.assumedParameters = assumed
    return explanation
  }

  // MARK: Inputs and targets

  private func inputValues(_ model: ExplainedModel) throws(RNNError) -> [String: [[Double]]] {
    let names = model.cell.graph.inputs
    var result: [String: [[Double]]] = [:]
    for text in inputs {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let name = parts.count == 2 ? ExplanationNotation.trimmed(parts[0]) : names[0]
      guard names.contains(name) else {
        throw RNNError(.usage, "there is no input “\(name)”; known are \(names.joined(separator: ", "))")
      }
      guard result[name] == nil else { throw RNNError(.usage, "the input \(name) is given twice") }
      result[name] = try ExplanationNotation.sequence(parts[parts.count - 1], "the input \(name)")
    }
    if result[names[0]] == nil { result[names[0]] = Explanation.lectureNoteInputs }
    for name in names where result[name] == nil { throw RNNError(.usage, "the input \(name) is missing; give \(name)=…") }
    return result
  }

  private func targetValues(steps: Int, outputs: Int) throws(RNNError) -> Explanation.Targets? {
    guard isBackward else {
      if targets != nil { throw RNNError(.usage, "targets are for the way back; ask for it too (--backward)") }
      return nil
    }
    guard let targets else {
      return output == .softmax
        ? .classes([Int](repeating: 0, count: steps)) : .values([[Double]](repeating: [Double](repeating: 0, count: outputs), count: steps))
    }
    guard output == .softmax else { return .values(try ExplanationNotation.sequence(targets, "the targets")) }
    let numbers = try ExplanationNotation.sequence(targets, "the targets").flatMap(\.self)
    return .classes(try numbers.map { number throws(RNNError) in
      guard let index = Int(exactly: number) else {
        throw RNNError(.usage, "the target \(EquationWriter.exact(number)) is not the number of an output")
      }
      return index
    })
  }

  // MARK: Parameters and states

  private func parameterValues(_ model: ExplainedModel, _ known: inout KnownSizes) throws(RNNError) -> [Int: [Double]] {
    var result: [Int: [Double]] = [:]
    for text in parameters {
      for (name, rows) in try ExplanationNotation.assignments(text) {
        guard let p = model.parameter(named: name) else { throw model.unknownParameter(name) }
        guard result[p] == nil else { throw RNNError(.usage, "the parameter \(name) is given twice") }
        let parameter = model.cell.graph.parameters[p]
        if let columns = parameter.columns {
          try known.learn(parameter.rows, columns, rows.count, rows[0].count, name)
          result[p] = rows.flatMap(\.self)
        } else {
          result[p] = try ExplanationNotation.vector(rows, name)
          try known.learn(parameter.rows, result[p]?.count ?? 0, name)
        }
      }
    }
    return result
  }

  private func stateValues(_ model: ExplainedModel, _ known: inout KnownSizes) throws(RNNError) -> [String: [Double]] {
    var result: [String: [Double]] = [:]
    for text in initialStates {
      for (name, rows) in try ExplanationNotation.assignments(text) {
        guard let state = model.cell.graph.states.first(where: { $0.name == name }) else {
          throw RNNError(.usage, "there is no state “\(name)”; known are \(model.cell.graph.states.map(\.name).joined(separator: ", "))")
        }
        let vector = try ExplanationNotation.vector(rows, name)
        try known.learn(state.size, vector.count, "the initial value of \(name)")
        result[name] = vector
      }
    }
    return result
  }

  /// All parameters: as given, as in the lecture note, or from the pattern; and the names of the last.
  private func filled(
    _ model: ExplainedModel, _ sizes: CellSizes, _ given: [Int: [Double]]
  ) -> (parameters: [String: [Double]], assumed: [String]) {
    let isNote = cell.graph == Cell.rnn.graph && model.cell.graph.sizeNames.allSatisfy { sizes[.named($0)] == 1 }
    var next = 0
    var result: [String: [Double]] = [:]
    var assumed: [String] = []
    for (p, parameter) in model.cell.graph.parameters.enumerated() {
      let name = model.name(of: p)
      if let numbers = given[p] {
        result[name] = numbers
      } else if isNote, let number = Explanation.lectureNote[name] {
        result[name] = [number]
      } else {
        let count = sizes[parameter.rows] * (parameter.columns.map { sizes[$0] } ?? 1)
        result[name] = (0..<count).map { Self.pattern[(next + $0) % Self.pattern.count] }
        next += count
        assumed.append(name)
      }
    }
    return (result, assumed)
  }
}

/// What is known of a cell's sizes so far, and from where.
private struct KnownSizes {
  private let model: ExplainedModel
  private var known: [String: Int]

  init(_ model: ExplainedModel, _ said: [String: Int]) {
    self.model = model
    known = said
  }

  func check() throws(RNNError) {
    let names = model.cell.graph.sizeNames
    for (name, size) in known.sorted(by: { $0.key < $1.key }) {
      guard names.contains(name) else { throw RNNError(.usage, "the cell has no size “\(name)”; known are \(names.joined(separator: ", "))") }
      guard (1...Explanation.maximumCount).contains(size) else {
        throw RNNError(.usage, "the size “\(name)” is \(size); expected 1 to \(Explanation.maximumCount)")
      }
    }
  }

  mutating func learn(_ size: Size, _ count: Int, _ what: String) throws(RNNError) {
    guard case .named(let name) = size else { return }
    if let expected = known[name], expected != count {
      throw RNNError(.usage, "\(what) has \(ExplainedComputation.numbers(count)); expected \(expected), the size “\(name)”")
    }
    known[name] = count
  }

  mutating func learn(_ rows: Size, _ columns: Size, _ foundRows: Int, _ foundColumns: Int, _ what: String) throws(RNNError) {
    guard case .named(let rowName) = rows, case .named(let columnName) = columns else { return }
    let expectedRows = known[rowName] ?? foundRows
    let expectedColumns = rowName == columnName ? expectedRows : known[columnName] ?? foundColumns
    guard foundRows == expectedRows, foundColumns == expectedColumns else {
      throw RNNError(
        .usage, "\(what) is \(foundRows) × \(foundColumns); expected \(expectedRows) × \(expectedColumns), “\(rowName)” × “\(columnName)”")
    }
    known[rowName] = foundRows
    known[columnName] = foundColumns
  }

  /// What nothing says is 1.
  var complete: CellSizes {
    CellSizes(Dictionary(uniqueKeysWithValues: model.cell.graph.sizeNames.map { ($0, known[$0] ?? 1) }))
  }
}

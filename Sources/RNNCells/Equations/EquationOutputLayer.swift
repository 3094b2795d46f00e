import RNNTensor

/// An equation that is nothing but a function which no text of a cell defines: h_t = f(h_{t-1}, x_t), y_t = softmax(W_hy h_t + b_y).
struct EquationSetAside {
  let name: String
  /// The left side, as written.
  let written: String
  let position: EquationPosition
  /// The function, as written.
  let function: UndefinedFunction

  private static let softmax: Set = ["softmax", "Softmax", "SoftMax"]

  /// True for a placeholder of any function, and for the output layer's: f, g, σ_h, softmax.
  static func isUndefined(_ name: String) -> Bool {
    guard EquationFunction(word: name) == nil, let first = name.first, !"Wbv".contains(first) else { return false }
    let base = name.split(separator: "_").first ?? ""
    return base.unicodeScalars.count == 1 || softmax.contains(name) || cell(name) != nil
  }

  /// The built-in cell that a function's name is: LSTM(x_t, h_{t-1}).
  private static func cell(_ name: String) -> String? {
    let known: Set = ["rnn", "lstm", "gru", "mgu"]
    return known.contains(name.lowercased()) ? name.lowercased() : nil
  }

  /// An error about a function that the text calls at a place and doesn't define.
  ///
  /// - Parameter all: such functions of the whole text, so that all can be replaced at once.
  static func error(_ function: UndefinedFunction, among all: [UndefinedFunction]) -> RNNError {
    let text = function.text
    if softmax.contains(function.name) {
      return function.position.error("""
        \(text) belongs to the equation of an output, y_t = softmax(…), which a model's own output layer computes; \
        within a cell write exp(v) / sum(exp(v))
        """)
    }
    if let cell = cell(function.name) {
      return function.position.error("\(text) is a whole cell; give its name, \(cell), in place of equations, or write its equations out")
    }
    let others = all.filter { !softmax.contains($0.name) && cell($0.name) == nil }
    let usual = usualMeaning(of: others.isEmpty ? [function] : others)
    if others.count > 1 {
      return others[0].position.error("\(list(others.map(\.text))) are functions that the text doesn't define; write what each of them is, such as σ(…) or tanh(…)\(usual)")
    }
    if function.name.hasPrefix("σ") {
      return function.position.error("\(text) is a function that the text doesn't define; write σ(…) for the logistic function, or tanh(…)\(usual)")
    }
    return function.position.error("\(text) stands for any function; write out what it computes, for example h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)")
  }

  private static func list(_ names: [String]) -> String {
    if names.count > 8 { return "\(names.prefix(8).joined(separator: ", ")) and \(names.count - 8) more" }
    return names.count > 1 ? "\(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1])" : names.joined()
  }

  /// The usual meaning of an LSTM's functions, as far as they are among these. Which it is only the paper says.
  private static func usualMeaning(of functions: [UndefinedFunction]) -> String {
    let meanings = [("σ", ["σ_g"]), ("tanh", ["σ_c", "σ_h"])].compactMap { meaning, names -> String? in
      let found = functions.filter { names.contains($0.name) }.map(\.text)
      return found.isEmpty ? nil : "\(list(found)) \(found.count == 1 ? "is" : "are") \(meaning)"
    }
    return meanings.isEmpty ? "" : "; usually \(list(meanings))"
  }
}

/// A function that a text calls and nothing defines: its name, and as it is written where it occurs first.
struct UndefinedFunction {
  let name: String
  let text: String
  let position: EquationPosition
}

/// A text on recurrent networks has equations beside those of the cell: what a model predicts from the cell's output, and what
/// holds for any cell. A model has its own output layer, so that the cell is read without them.
extension EquationProgram {
  mutating func leaveOutOutputLayer(_ setAside: [EquationSetAside], undefined: [UndefinedFunction], _ remark: (String) -> Void) throws(RNNError) {
    let reading = Reading(self)
    if output == nil, assignments.count > 1 {
      let kept = assignments.indices.filter { !isOutputLayer($0, reading) }
      if !kept.isEmpty {
        for i in assignments.indices where !kept.contains(i) {
          remark(Self.leftOut(assignments[i].written, assignments[i].position, Self.ofOutput))
        }
        assignments = kept.map { assignments[$0] }
      }
    }
    for equation in setAside {
      if assignments.contains(where: { $0.name == equation.name }) {
        remark(Self.leftOut(equation.written, equation.position, "another one says what \(equation.function.text) computes"))
        continue
      }
      // The value of the step before is read only of what a cell computes.
      let isRead = [equation.name, equation.name + "_t"].contains { reading.readers[$0] != nil } || states.contains { $0.name == equation.name } || output?.name == equation.name
      guard !isRead, !assignments.isEmpty else {
        throw EquationSetAside.error(equation.function, among: undefined)
      }
      remark(Self.leftOut(equation.written, equation.position, Self.ofOutput))
    }
  }

  private static let ofOutput = "nothing in the cell uses it, and a model has an output layer of its own"

  private static func leftOut(_ written: String, _ position: EquationPosition, _ why: String) -> String {
    "line \(position.line): the equation of \(written) is left out of the cell: \(why)"
  }

  /// True for a prediction from the cell: a value that nothing uses, and whose length only its own matrix determines.
  private func isOutputLayer(_ index: Int, _ reading: Reading) -> Bool {
    let assignment = assignments[index]
    guard reading.readers[assignment.name] == nil, !states.contains(where: { $0.name == assignment.name }) else { return false }
    var value = assignment.value
    if case .call(let function, let arguments, _) = value, function.isUnitByUnit, arguments.count == 1 { value = arguments[0] }
    let terms = if case .sum(let first, let rest) = value { [first] + rest.map(\.value) } else { [value] }
    var matrices = 0
    for term in terms {
      switch term {
      case .applied(.word(let word, _, _), .word(let operand, _, _)):
        guard let key = reading.parameter(word), reading.readers[key]?.count == 1, reading.isNew(operand) else { return false }
        matrices += 1
      case .word(let word, _, _):
        guard !reading.isValue(word), reading.readers[reading.parameter(word) ?? word.name]?.count == 1 else { return false }
      default: return false
      }
    }
    return matrices > 0
  }

  /// h_0 = 0 says what the state h begins with.
  mutating func takeInitialValues() {
    let reading = Reading(self)
    assignments.removeAll { assignment in
      guard assignment.name.hasSuffix("_0"), reading.readers[assignment.name] == nil, case .number(let value, _) = assignment.value else { return false }
      let state = String(assignment.name.dropLast(2))
      guard reading.assigned.contains(state), reading.readers[state] != nil, output?.name != assignment.name else { return false }
      initial[state] = value
      return true
    }
  }

  /// Many papers write a peephole as a product of a matrix and mean a diagonal one. What was written is read, and said.
  func remarkOnPeephole(_ remark: (String) -> Void) {
    let reading = Reading(self)
    for assignment in assignments {
      guard case .call(_, let arguments, _) = assignment.value, arguments.count == 1,
        case .sum(let first, let rest) = arguments[0]
      else { continue }
      let products = ([first] + rest.map(\.value)).compactMap { term -> (matrix: String, vector: String, name: String)? in
        guard case .applied(.word(_, _, let matrix), .word(let word, _, let vector)) = term else { return nil }
        return (matrix, vector, reading.assigned.contains(word.name) ? word.name : word.untimed)
      }
      guard products.contains(where: { $0.name.lowercased() == "h" }),
        let memory = products.first(where: { $0.name.lowercased() == "c" && reading.assigned.contains($0.name) })
      else { continue }
      let product = "\(memory.matrix) \(memory.vector)"
      return remark("""
        line \(assignment.position.line): \(product) is read as a product with a whole matrix; \
        a peephole has one weight for each unit and is written \(memory.matrix) ⊙ \(memory.vector)
        """)
    }
  }

  /// The equations that read each name and parameter.
  private struct Reading {
    let assigned: Set<String>
    private let values: Set<String>
    private(set) var readers: [String: Set<Int>] = [:]

    init(_ program: EquationProgram) {
      assigned = Set(program.assignments.map(\.name))
      values = assigned.union(program.inputs ?? ["x"]).union(program.states.map(\.name))
      for (i, assignment) in program.assignments.enumerated() {
        assignment.value.forEachWord { word in
          let value = values.contains(word.name) ? word.name : word.untimed
          readers[parameter(word) ?? (isValue(word) ? value : word.name), default: []].insert(i)
        }
      }
    }

    func isValue(_ word: EquationWord) -> Bool { word.dottedMatrix == nil && (values.contains(word.name) || values.contains(word.untimed)) }

    /// True for a value that the cell computes at this step.
    func isNew(_ word: EquationWord) -> Bool {
      word.dottedMatrix == nil && word.time != .previous && (assigned.contains(word.name) || assigned.contains(word.untimed))
    }

    /// A key for a parameter in all its written forms.
    func parameter(_ word: EquationWord) -> String? {
      if let isMatrix = word.dottedMatrix { return (isMatrix ? "W." : "b.") + word.name }
      guard !isValue(word), let parameter = EquationNames.parameter(word.name) else { return nil }
      return (parameter.isMatrix ? "W." : "b.") + parameter.name
    }
  }
}

extension EquationFunction {
  /// True for a function that maps each unit by itself.
  fileprivate var isUnitByUnit: Bool {
    switch self {
    case .exp, .log, .softplus, .sqrt, .abs, .relu, .sigmoid, .tanh: true
    default: false
    }
  }
}

import RNNTensor

/// Gives the names of a text of equations their meaning and builds the graph.
///
/// `h_{t-1}` is the value of the step before; `h_t` the new one; a plain `h` is the value of the step before until `h` has
/// its equation, and the new one afterwards. The states, unless declared, are the assigned names whose previous value is
/// read: `h` first, then the others, the one assigned last first. The output, unless declared, is the one assigned value
/// that nothing uses, else the first state.
///
/// A matrix applied to vectors one below the other, `W_f [h_{t-1}, x_t]`, is one matrix for each of them: `W_xf` and `W_hf`.
struct EquationMeaning {
  private let program: EquationProgram
  private let builder: GraphBuilder
  private let states: [StateDeclaration]
  private let inputs: [String]
  /// The names of matrices that are applied to one vector.
  private let explicit: Set<String>
  private var values: [String: Int] = [:]
  private var used: Set<String> = []
  /// The names of what each matrix is applied to one below the other; an empty list for a matrix that is applied to one vector.
  private var columns: [String: [String]] = [:]
  /// The first use of each matrix: whether it was transposed, and whether it was written with a letter of its own.
  private var transposed: [String: Bool] = [:]
  private var alone: [String: Bool] = [:]

  /// The name that the text gives the cell, and its graph. Throws `.usage`.
  static func cell(_ text: String, name: String?, remark: (String) -> Void) throws(RNNError) -> (name: String, graph: Graph) {
    let program = try EquationParser.parse(text, remark: remark)
    var meaning = try EquationMeaning(program)
    let graph = try meaning.graph(name ?? program.cellName ?? EquationNames.custom)
    meaning.remarkOnTransposes(remark)
    return (name ?? program.cellName ?? Cell.usualName(of: graph), graph)
  }

  private init(_ program: EquationProgram) throws(RNNError) {
    self.program = program
    guard let first = program.assignments.first else {
      throw RNNError(.usage, "there is no equation; write for example h = tanh(W_xh x + W_hh h + b_h)")
    }
    inputs = program.inputs ?? ["x"]
    if program.states.isEmpty {
      let found = Self.statesRead(program, inputs: inputs)
      guard !found.isEmpty else {
        throw first.position.error("""
          nothing recurs: no equation reads a value of the step before, such as \(first.name)_{t-1}; if that is meant, \
          declare “state \(first.name)”
          """)
      }
      states = found.map { StateDeclaration(name: $0, size: .hidden, initial: .constant(program.initial[$0] ?? 0)) }
    } else {
      states = program.states.map { state in
        guard let initial = program.initial[state.name] else { return state }
        return StateDeclaration(name: state.name, size: state.size, initial: .constant(initial))
      }
    }
    var explicit: Set<String> = []
    for assignment in program.assignments {
      assignment.value.forEach { syntax in
        guard case .applied(.word(let word, _, _), let right) = syntax else { return }
        if case .list = right { return }
        explicit.insert(word.dottedMatrix == nil ? EquationNames.parameter(word.name)?.name ?? word.name : word.name)
      }
    }
    self.explicit = explicit
    for assignment in program.assignments where inputs.contains(assignment.name) {
      throw assignment.position.error("\(assignment.name) is an input; it can't be assigned")
    }
    for state in states where !program.assignments.contains(where: { $0.name == state.name }) {
      throw RNNError(.usage, "the state \(state.name) has no equation; write \(state.name)_t = …")
    }
    builder = GraphBuilder(inputs: inputs, states: states)
    if let failure = builder.failure { throw RNNError(.usage, failure) }
  }

  /// The assigned names whose previous value is read, in the order of an undeclared cell's states.
  private static func statesRead(_ program: EquationProgram, inputs: [String]) -> [String] {
    let all = program.assignments.map(\.name)
    var read: Set<String> = []
    var done: Set<String> = []
    for assignment in program.assignments {
      assignment.value.forEachWord { word in
        let name = word.name
        guard word.dottedMatrix == nil, !inputs.contains(name) else { return }
        guard all.contains(name) else {
          let untimed = word.untimed
          if untimed != name, all.contains(untimed), !done.contains(untimed) { read.insert(untimed) }
          return
        }
        // `h_t` before its equation is a mistake that is reported where it stands.
        if word.time == .previous || !done.contains(name) { read.insert(name) }
      }
      done.insert(assignment.name)
    }
    return all.reversed().filter { read.contains($0) && $0 == "h" } + all.reversed().filter { read.contains($0) && $0 != "h" }
  }

  private mutating func graph(_ name: String) throws(RNNError) -> Graph {
    for assignment in program.assignments {
      values[assignment.name] = try value(assignment.value)
    }
    let output = try outputName()
    var kept = values.filter { value in states.contains { $0.name == value.key } }
    kept[output] = values[output]
    return try Cell.finish(builder, name: name, values: kept, output: output, outputSize: program.output?.size)
  }

  private func outputName() throws(RNNError) -> String {
    let unused = program.assignments.filter { assignment in
      !used.contains(assignment.name) && !states.contains { $0.name == assignment.name }
    }
    if let output = program.output {
      guard values[output.name] != nil else { throw output.position.error("the output \(output.name) has no equation") }
      if let extra = unused.first(where: { $0.name != output.name }) { throw extra.position.error("nothing uses \(extra.name)") }
      return output.name
    }
    if unused.count > 1 {
      throw unused[0].position.error("nothing uses \(unused[0].name); if it is the output, declare “output \(unused[0].name)” first")
    }
    return unused.first?.name ?? states[0].name
  }

  // MARK: Values

  private func checked(_ node: Int, _ position: EquationPosition) throws(RNNError) -> Int {
    if let failure = builder.failure { throw position.error(failure) }
    guard builder.nodes.count <= EquationParser.maximumNodes else {
      throw position.error("more than \(EquationParser.maximumNodes) operations")
    }
    return node
  }

  private mutating func value(_ syntax: EquationSyntax) throws(RNNError) -> Int {
    switch syntax {
    case .number(let value, let position): return try checked(builder.constant(value), position)
    case .word(let word, let position, let text): return try value(of: word, position, text)
    case .negated(let a, let position): return try checked(builder.unary(.negate, value(a)), position)
    case .squared(let a, let position):
      let base = try value(a)
      return try checked(builder.binary(.multiply, base, base), position)
    case .sum(let first, let rest), .product(let first, let rest):
      var result = try value(first)
      for operand in rest {
        result = try checked(builder.binary(operand.operation, result, value(operand.value)), operand.position)
      }
      return result
    case .applied(let left, let right):
      if case .word(let word, let position, let text) = left, let name = matrix(word) {
        if case .list(let vectors, _) = right { return try concatenated(name, word, vectors, position, text) }
        try check(name, word, columns: [], position, text)
        return try checked(builder.product(name, value(right)), position)
      }
      let factor = try value(left)
      return try checked(builder.binary(.multiply, factor, value(right)), left.position)
    case .call(let function, let arguments, let position):
      return try checked(call(function, arguments), position)
    case .list(let vectors, let position):
      throw position.error("\(vectors.count) vectors one below the other; only a matrix before them, as in W_h [h, x], makes one of them")
    }
  }

  /// The product with vectors one below the other: a matrix for each, and the sum of their products. Inputs come first, as in other
  /// cells.
  private mutating func concatenated(
    _ name: String, _ word: EquationWord, _ vectors: [EquationSyntax], _ position: EquationPosition, _ text: String
  ) throws(RNNError) -> Int {
    var members: [(name: String, value: EquationSyntax)] = []
    for vector in vectors {
      guard let word = self.name(of: vector) else {
        throw vector.position.error("the name of an input or a state is expected in a list after a matrix")
      }
      guard !members.contains(where: { $0.name == word }) else {
        throw vector.position.error("two parts of the list are named \(word); write a product with a matrix for each of them")
      }
      members.append((word, vector))
    }
    try check(name, word, columns: members.map(\.name), position, text)
    let ordered = members.filter { inputs.contains($0.name) } + members.filter { !inputs.contains($0.name) }
    var sum: Int?
    for member in ordered {
      // Rows side by side are written transposed.
      var vector = member.value
      if case .word(var word, let position, let text) = vector {
        word.isTransposed = false
        vector = .word(word, position, text: text)
      }
      let product = try checked(builder.product(Self.column(of: word, member.name), value(vector)), position)
      sum = try sum.map { sum throws(RNNError) in try checked(builder.binary(.add, sum, product), position) } ?? product
    }
    guard let sum else { throw position.error("the list after \(text) is empty") }
    return sum
  }

  /// `xf` for the part of the matrix W_f that is applied to x, `U_xf` for that of U_f, `x` for that of W.
  private static func column(of matrix: EquationWord, _ vector: String) -> String {
    let (letter, rest) =
      if matrix.dottedMatrix != nil {
        ("", matrix.name)
      } else if matrix.name.first == "W" {
        ("", String(matrix.name.drop { $0 == "W" || $0 == "_" }))
      } else {
        (matrix.name.prefix(1) + "_", String(matrix.name.dropFirst(2)))
      }
    return letter + vector + (vector.count > 1 && !rest.isEmpty ? "_" : "") + rest
  }

  /// The name of the input or the state in a part of a list: h in r_t ⊙ h_{t-1}.
  private func name(of syntax: EquationSyntax) -> String? {
    var found: (name: String, isLeaf: Bool)?
    syntax.forEachWord { word in
      let known = inputs + program.assignments.map(\.name)
      guard word.dottedMatrix == nil, let name = [word.name, word.untimed].first(where: known.contains) else { return }
      let isLeaf = inputs.contains(name) || states.contains { $0.name == name }
      if isLeaf || found?.isLeaf != true { found = (name, isLeaf) }
    }
    return found?.name
  }

  /// One name is one matrix: always applied to the same vectors, and never beside its transpose.
  private mutating func check(
    _ name: String, _ word: EquationWord, columns found: [String], _ position: EquationPosition, _ text: String
  ) throws(RNNError) {
    let isAlone = word.dottedMatrix == nil && word.name == name
    if let before = alone[name], before != isAlone {
      throw position.error("\(text) occurs as \(name) and as W_\(name), which are one matrix; give one of them another name")
    }
    alone[name] = isAlone
    if let known = columns[name], known != found {
      func list(_ names: [String]) -> String { names.isEmpty ? "one vector" : "[\(names.joined(separator: ", "))]" }
      throw position.error("\(text) is applied to \(list(found)) here and to \(list(known)) before; one name is one matrix")
    }
    columns[name] = found
    if let before = transposed[name], before != word.isTransposed {
      throw position.error("\(text) occurs with and without ⊤, or before and behind a vector; one name is one matrix, and its transpose needs a name of its own")
    }
    transposed[name] = word.isTransposed
    for vector in found {
      let column = Self.column(of: word, vector)
      guard explicit.contains(column) else { continue }
      throw position.error("the part of \(text) for \(vector) is the matrix W_\(column), which the text names too; give one of them another name")
    }
  }

  /// The cell applies each matrix to a column, so that one that the text transposes, or puts behind its vector, has other values than there.
  private func remarkOnTransposes(_ remark: (String) -> Void) {
    let names = transposed.filter(\.value).keys.sorted().map { EquationNames.hasOwnLetter($0) ? $0 : "W_\($0)" }
    guard !names.isEmpty else { return }
    remark("\(names.joined(separator: ", ")): the cell's \(names.count == 1 ? "matrix is the transpose of the text's" : "matrices are the transposes of the text's"), for values that are set by hand")
  }

  /// The name of the matrix that a word is, unless something else has its name.
  private func matrix(_ word: EquationWord) -> String? {
    if let isMatrix = word.dottedMatrix { return isMatrix ? word.name : nil }
    guard let parameter = EquationNames.parameter(word.name), parameter.isMatrix else { return nil }
    return parameter.name
  }

  private mutating func value(of word: EquationWord, _ position: EquationPosition, _ text: String) throws(RNNError) -> Int {
    if let isMatrix = word.dottedMatrix { return try parameter(isMatrix, word.name, position) }
    if word.isTransposed, matrix(word) == nil {
      throw position.error("\(text) with ⊤ is a row, which only a list after a matrix may have; the sum of the products of units is sum(v ⊙ h)")
    }
    if let node = try known(word, position, text) { return try checked(node, position) }
    if word.time == .unsaid, word.name.hasSuffix("_t") {
      let now = EquationWord(name: String(word.name.dropLast(2)), time: .current)
      if let node = try known(now, position, text) { return try checked(node, position) }
    }
    if word.time == .unsaid, word.name == EquationNames.step { return try checked(builder.step(), position) }
    // `W_{t}` can only be the parameter named t.
    let written = word.time == .current ? word.name + "_t" : word.name
    if word.time != .previous, let parameter = EquationNames.parameter(written) {
      return try self.parameter(parameter.isMatrix, parameter.name, position)
    }
    throw unknown(word, position, text)
  }

  private func parameter(_ isMatrix: Bool, _ name: String, _ position: EquationPosition) throws(RNNError) -> Int {
    if isMatrix {
      let written = EquationNames.hasOwnLetter(name) ? name : "W_\(name)"
      throw position.error("the matrix \(written) must be applied to a vector, as in \(written) \(inputs[0])")
    }
    return try checked(builder.vector(name), position)
  }

  /// The node of an input, a state or an assigned value; nil if the name is none of them.
  private mutating func known(_ word: EquationWord, _ position: EquationPosition, _ text: String) throws(RNNError) -> Int? {
    let name = word.name
    if inputs.contains(name) {
      guard word.time != .previous else {
        throw position.error("\(text): an input of the step before is not kept; add a state, as in p_t = \(name)_t, and read p_{t-1}")
      }
      return builder.declared(name)
    }
    if word.time != .previous, let node = values[name] {
      used.insert(name)
      return node
    }
    let isState = states.contains { $0.name == name }
    guard isState || program.assignments.contains(where: { $0.name == name }) else { return nil }
    if word.time == .current {
      throw position.error("\(text) has no equation yet; the value of the step before is \(name)_{t-1}")
    }
    guard isState else {
      let declared = (states.map(\.name) + [name]).joined(separator: ", ")
      throw position.error("\(text) is read before its equation; if its value of the step before is meant, declare it: state \(declared)")
    }
    return builder.declared(name)
  }

  private func unknown(_ word: EquationWord, _ position: EquationPosition, _ text: String) -> RNNError {
    let names = inputs + program.assignments.map(\.name)
    if EquationFunction(word: word.name) != nil { return position.error("\(text) is a function; write \(text)(…)") }
    if let first = word.name.first, "Wbv".contains(first), word.name.count > 1, word.time == .unsaid {
      let kind = first == "W" ? "a matrix" : "a vector of parameters"
      return position.error("there is no value “\(text)”; if it is \(kind), write \(first)_\(word.name.dropFirst())")
    }
    let missing = "there is no value “\(text)”"
    if let near = EquationNames.suggestion(for: word.untimed, among: names) { return position.error("\(missing); did you mean \(near)?") }
    var hint = ""
    if word.name == "I" {
      hint = "; where it is the identity, write 1"
    } else if word.untimed != word.name || word.time == .current {
      hint = "; if it is what comes in, begin with a line “input \(word.untimed)”"
    } else if word.time == .unsaid, word.name.contains("_") {
      hint = "; if it is a vector of parameters, write v_\(word.name.filter { $0 != "_" })"
    }
    return position.error("\(missing); known are \(names.joined(separator: ", ")), matrices such as W_xh and vectors such as b_h\(hint)")
  }

  // MARK: Functions

  private mutating func call(_ function: EquationFunction, _ arguments: [EquationSyntax]) throws(RNNError) -> Int {
    let first = try value(arguments[0])
    switch function {
    case .normalized:
      let epsilon = arguments.count > 1 ? try number(arguments[1], "epsilon of normalized") : 1e-5
      return normalized(Vector(builder: builder, node: first), epsilon: epsilon).node
    case .dropout:
      let rate = try number(arguments[1], "rate of dropout")
      return builder.dropout(first, rate: rate, perSequence: try isPerSequence(arguments))
    case .zoneout:
      let old = try value(arguments[1])
      return builder.zoneout(first, old, rate: try number(arguments[2], "rate of zoneout"))
    default:
      guard let operation = function.operation else { preconditionFailure("a function without an operation") }
      return arguments.count == 2 ? builder.binary(operation, first, try value(arguments[1])) : builder.unary(operation, first)
    }
  }

  private func number(_ syntax: EquationSyntax, _ what: String) throws(RNNError) -> Double {
    guard case .number(let value, _) = syntax else { throw syntax.position.error("the \(what) is a number") }
    return value
  }

  private func isPerSequence(_ arguments: [EquationSyntax]) throws(RNNError) -> Bool {
    guard arguments.count > 2 else { return false }
    guard case .word(EquationWord(name: "sequence"), _, _) = arguments[2] else {
      throw arguments[2].position.error("the third argument of dropout can only be “sequence”: one mask for all its steps")
    }
    return true
  }
}

extension Cell {
  /// A cell from its equations as text, the form that ``equations`` prints, or as LaTeX.
  ///
  /// ```swift
  /// let elman = try Cell(equations: "h = tanh(W_xh x + W_hh h + b_h)")
  /// ```
  ///
  /// Equations are separated by line ends or semicolons; `#` begins a comment. `W_xh` (or `Wxh`, `W.xh`) is a matrix, applied
  /// to what follows it, and so is any other capital letter that names no value, alone or with a subscript: `U_f`. `b_h` and
  /// `v_h` (or `bh`, `b.h`) are the vector of parameters named `h`. `*` or `⊙` between vectors is unit by unit, and `W_ci ⊙ c`
  /// a vector of parameters. `W_f [h, x]` is `W_xf x + W_hf h`. `h_{t-1}` is the value of the step before; a plain `h` is that
  /// too until `h` has its equation. Before the equations may stand `cell name`, `input x, context`, `state h: projection,
  /// c = 1` (a size and a first value) and `output y`. Without `state`, the states are the assigned names whose previous value
  /// is read: `h` first, then the one assigned last. Without `output`, the output is the assigned value that nothing uses, else
  /// the first state.
  ///
  /// Formulas of papers and lecture notes are read as LaTeX has them, with superscripts for steps, or `h(t)`, accents, fonts,
  /// alignment, and the equations' numbers and ranges of steps, which are left out. Equations of what a model predicts, y_t = softmax(W_hy h_t + b_y), are left out: a model has an output layer of
  /// its own.
  ///
  /// - Parameters:
  ///   - name: the cell's name; without one, what the text says after `cell`, else the name of the built-in cell that it is,
  ///     else “custom”.
  ///   - remark: called with a sentence for each equation that is left out, and for what is doubtful.
  /// - Throws: `.usage`, with line and column where the text has them.
  public init(equations: String, name: String? = nil, remark: (String) -> Void = { _ in }) throws(RNNError) {
    let parsed = try EquationMeaning.cell(equations, name: name, remark: remark)
    self.init(name: parsed.name, graph: parsed.graph)
  }

  /// The name of a cell whose text doesn't say it.
  static func usualName(of graph: Graph) -> String { builtIn.first { $0.graph == graph }?.name ?? EquationNames.custom }
}

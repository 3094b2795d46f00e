import RNNTensor

/// Takes a text of equations apart. What the names mean is decided afterwards, by ``EquationMeaning``.
///
///     text       = statement (separator statement)*          separator: a line's end or ;
///     statement  = "cell" name | "input" names | "state" state ("," state)* | "output" name [":" size]
///                | name "=" sum ["," | "."] | name "=" undefined "(" … ")"
///     state      = name ["=" number] [":" size]
///     sum        = product (("+" | "-") product)*
///     product    = signed (("*" | "⊙" | "/") signed)*
///     signed     = "-" signed | applied
///     applied    = matrix ["*"] applied | number [applied] | power [matrix]
///     power      = primary ["^" "2"]
///     primary    = number | name | function "(" sum ("," sum)* ")" | function name | "(" sum ")" | "[" sum ("," sum)* "]"
///
/// In LaTeX vectors side by side are multiplied unit by unit, as papers do. An equation with a function that nothing defines is
/// set aside (``EquationSetAside``).
struct EquationParser {
  static let maximumNesting = 64
  static let maximumNodes = 4096
  /// Of equations, of states and of inputs.
  static let maximumNames = 1024

  private let tokens: [PlacedToken]
  private let isLaTeX: Bool
  private var next = 0
  private var nesting = 0
  private var count = 0
  private var program = EquationProgram()
  private var setAside: [EquationSetAside] = []
  /// The end of the equation that was set aside last.
  private var undefinedEnd = 0
  /// The names that the text assigns anywhere: before their equation they are the value of the step before.
  private let assigned: Set<String>
  /// The names of vectors of parameters, as far as they are written so.
  private let vectors: Set<String>

  /// - Parameter remark: called with a sentence for each equation that is left out.
  /// - Throws: `.usage` with line and column.
  static func parse(_ text: String, remark: (String) -> Void = { _ in }) throws(RNNError) -> EquationProgram {
    let (tokens, isLaTeX) = try EquationLexer.tokens(of: text)
    var parser = EquationParser(tokens: tokens, isLaTeX: isLaTeX)
    try parser.run()
    try parser.program.leaveOutOutputLayer(parser.setAside, undefined: parser.undefinedFunctions, remark)
    parser.program.takeInitialValues()
    parser.program.putInOrder()
    parser.program.remarkOnPeephole(remark)
    return parser.program
  }

  private init(tokens: [PlacedToken], isLaTeX: Bool) {
    var tokens = tokens
    var read: Set<String> = []
    var names: Set<String> = []
    var isInputDeclared = false
    for (place, token) in tokens.enumerated() {
      guard case .word(let word) = token.token else { continue }
      read.insert(word.untimed)
      guard place + 1 < tokens.count else { continue }
      if tokens[place + 1].token == .symbol("=") { names.insert(word.untimed) }
      if case .word = tokens[place + 1].token, word == EquationWord(name: "input") { isInputDeclared = true }
    }
    // Batches are written X_t, and are the input all the same.
    if !isInputDeclared, !read.contains("x"), read.contains("X"), !names.contains("X") {
      for (place, token) in tokens.enumerated() {
        guard case .word(var word) = token.token, word.untimed == "X", word.untimed != word.name || word.time != .unsaid else { continue }
        word.name = "x" + word.name.dropFirst()
        tokens[place] = PlacedToken(token: .word(word), position: token.position, text: token.text)
      }
    }
    self.tokens = tokens
    self.isLaTeX = isLaTeX
    assigned = names
    vectors = Set(tokens.compactMap { token in
      guard case .word(let word) = token.token else { return nil }
      if let isMatrix = word.dottedMatrix { return isMatrix ? nil : word.name }
      return EquationNames.parameter(word.name).flatMap { $0.isMatrix ? nil : $0.name }
    })
  }

  private var current: PlacedToken { tokens[next] }
  private func ahead(_ n: Int) -> EquationToken { tokens[Swift.min(next + n, tokens.count - 1)].token }

  private mutating func advance() { if next < tokens.count - 1 { next += 1 } }

  private func isSymbol(_ character: Character) -> Bool { current.token == .symbol(character) }

  private mutating func accept(_ character: Character) -> Bool {
    guard isSymbol(character) else { return false }
    advance()
    return true
  }

  private func expected(_ what: String) -> RNNError { current.position.error("found \(found); expected \(what)") }

  private var found: String {
    switch current.token {
    case .end: "the end of the text"
    case .separator: current.text == ";" ? "“;”" : "the end of the line"
    default: "“\(current.text.prefix(32))”"
    }
  }

  // MARK: Statements

  private mutating func run() throws(RNNError) {
    while current.token != .end {
      if current.token == .separator {
        advance()
        continue
      }
      try statement()
      // Formulas in a text end like sentences.
      let isEquation = !program.assignments.isEmpty || !setAside.isEmpty
      if isEquation, isSymbol(",") || isSymbol("."), endsEquation(ahead(1)) || isSymbol(",") && startsEquation(1) {
        advance()
        continue
      }
      guard current.token == .separator || current.token == .end else {
        throw expected("an operator, or the end of the line")
      }
    }
  }

  private func endsEquation(_ token: EquationToken) -> Bool { token == .separator || token == .end }

  private func startsEquation(_ n: Int) -> Bool {
    if case .word = ahead(n) { ahead(n + 1) == .symbol("=") } else { false }
  }

  private mutating func statement() throws(RNNError) {
    if current.token == .word(EquationWord(name: "cell")), case .cellName(let name) = ahead(1) {
      advance()
      guard EquationNames.isCell(name) else { throw expected("a name of at most \(EquationNames.maximumCellBytes) bytes") }
      advance()
      program.cellName = name
      return
    }
    guard case .word(let word) = current.token else {
      throw expected("an equation such as h = tanh(W_xh x + W_hh h + b_h)")
    }
    // A header is its word followed by a name; `state = …` is an equation.
    if case .word = ahead(1), Self.headers.contains(word.name), word.time == .unsaid {
      return try header(word.name)
    }
    let (position, text) = (current.position, current.text)
    guard word.time != .previous, word.dottedMatrix == nil else {
      throw position.error("\(current.text) can't be assigned; write the new value as \(word.name) = … or \(word.name)_t = …")
    }
    let name = word.untimed
    guard EquationNames.isValue(name) else { throw position.error("\(current.text) can't be assigned: it has a meaning already") }
    advance()
    guard accept("=") else { throw expected("“=” after \(name)") }
    if let function = undefinedFunction() {
      try limit(setAside.count, "equations")
      setAside.append(EquationSetAside(name: name, written: text, position: position, function: function))
      next = undefinedEnd
      return
    }
    guard !program.assignments.contains(where: { $0.name == name }) else {
      throw position.error("\(name) is assigned twice; give the second value another name")
    }
    try limit(program.assignments.count, "equations")
    program.assignments.append(.init(name: name, written: text, value: try sum(), position: position))
  }

  /// The function that stands for the whole of an equation, if nothing says what it computes: `f(h_{t-1}, x_t)`, `softmax(W_hy h_t + b_y)`.
  private mutating func undefinedFunction() -> UndefinedFunction? {
    guard case .word(let word) = current.token, word.time == .unsaid, !isValue(word.name), EquationSetAside.isUndefined(word.name) else { return nil }
    var depth = 0
    var place = next + 1
    var isList = false
    while place < tokens.count {
      switch tokens[place].token {
      case .symbol("("), .symbol("["): depth += 1
      case .symbol(")"), .symbol("]"): depth -= 1
      case .symbol(","): isList = isList || depth == 1 && tokens[next + 1].token == .symbol("(")
      default: if depth == 0 { return nil }
      }
      place += 1
      if depth <= 0 { break }
    }
    // U(r ⊙ h) is a matrix, F(h, x) is none.
    guard depth == 0, place < tokens.count, isList || EquationNames.parameter(word.name) == nil else { return nil }
    let after = tokens[place].token
    guard endsEquation(after) || after == .symbol(",") || after == .symbol(".") else { return nil }
    undefinedEnd = place
    return UndefinedFunction(name: word.name, text: current.text, position: current.position)
  }

  /// All functions of the text that nothing defines, in their order.
  private var undefinedFunctions: [UndefinedFunction] {
    var found: [UndefinedFunction] = [], names: Set<String> = []
    for (placed, next) in zip(tokens, tokens.dropFirst()) {
      guard case .word(let word) = placed.token, next.token == .symbol("(") || next.token == .symbol("["), word.time == .unsaid, word.dottedMatrix == nil,
        !isValue(word.name), EquationSetAside.isUndefined(word.name), EquationNames.parameter(word.name) == nil, names.insert(word.name).inserted
      else { continue }
      found.append(UndefinedFunction(name: word.name, text: placed.text, position: placed.position))
    }
    return found
  }

  private func limit(_ count: Int, _ what: String) throws(RNNError) {
    if count >= Self.maximumNames { throw current.position.error("more than \(Self.maximumNames) \(what)") }
  }

  private static let headers: Set = ["input", "state", "output"]

  private mutating func header(_ word: String) throws(RNNError) {
    guard program.assignments.isEmpty else { throw current.position.error("“\(word)” stands before the equations") }
    advance()
    switch word {
    case "input": try inputs()
    case "state": try states()
    default: try output()
    }
  }

  private mutating func name(_ what: String) throws(RNNError) -> String {
    guard case .word(let word) = current.token, word.time == .unsaid, word.dottedMatrix == nil, EquationNames.isValue(word.name) else {
      throw expected("the name of \(what)")
    }
    advance()
    return word.name
  }

  private mutating func inputs() throws(RNNError) {
    var names = program.inputs ?? []
    repeat {
      try limit(names.count, "inputs")
      names.append(try name("an input"))
    } while accept(",")
    program.inputs = names
  }

  private mutating func states() throws(RNNError) {
    repeat {
      try limit(program.states.count, "states")
      let name = try name("a state")
      var (size, initial) = (Size.hidden, 0.0)
      while isSymbol("=") || isSymbol(":") {
        if accept(":") {
          size = .named(try self.name("a size, such as hidden or projection"))
        } else {
          advance()
          let sign = accept("-") ? -1.0 : 1.0
          guard case .number(let value) = current.token else { throw expected("the number that \(name) starts with") }
          advance()
          initial = sign * value
        }
      }
      program.states.append(StateDeclaration(name: name, size: size, initial: .constant(initial)))
    } while accept(",")
  }

  private mutating func output() throws(RNNError) {
    let position = current.position
    guard program.output == nil else { throw position.error("the output is declared twice") }
    let name = try name("the output")
    program.output = (name, accept(":") ? .named(try self.name("a size")) : nil, position)
  }

  // MARK: Expressions

  private mutating func nested(
    _ body: (inout EquationParser) throws(RNNError) -> EquationSyntax
  ) throws(RNNError) -> EquationSyntax {
    guard nesting < Self.maximumNesting else {
      throw current.position.error("more than \(Self.maximumNesting) brackets and signs are nested; name a part of it")
    }
    nesting += 1
    defer { nesting -= 1 }
    return try body(&self)
  }

  private mutating func counted(_ syntax: EquationSyntax) throws(RNNError) -> EquationSyntax {
    count += 1
    guard count <= Self.maximumNodes else {
      throw syntax.position.error("more than \(Self.maximumNodes) operations")
    }
    return syntax
  }

  private mutating func sum() throws(RNNError) -> EquationSyntax {
    try chain([("+", .add), ("-", .subtract)], { parser throws(RNNError) in try parser.product() }, EquationSyntax.sum)
  }

  private mutating func product() throws(RNNError) -> EquationSyntax {
    try chain([("*", .multiply), ("⊙", .multiply), ("/", .divide)], { parser throws(RNNError) in try parser.signed() }, EquationSyntax.product)
  }

  private mutating func chain(
    _ operators: [(symbol: Character, operation: Operation)], _ member: (inout EquationParser) throws(RNNError) -> EquationSyntax,
    _ make: (EquationSyntax, [EquationSyntax.Operand]) -> EquationSyntax
  ) throws(RNNError) -> EquationSyntax {
    var first = try member(&self)
    var rest: [EquationSyntax.Operand] = []
    while let found = operators.first(where: { isSymbol($0.symbol) }) {
      let position = current.position
      if found.symbol == "⊙", rest.isEmpty { first = asVector(first) }
      advance()
      let isBracketed = isSymbol("(")
      var value = try counted(try member(&self))
      if found.symbol == "⊙" { value = asVector(value) }
      if found.operation == .divide, !isBracketed, case .applied(.number, _) = value {
        throw value.position.error("what is divided by? write / (2 * h), or (1 / 2) * h")
      }
      rest.append(.init(operation: found.operation, position: position, value: value))
    }
    return rest.isEmpty ? first : make(first, rest)
  }

  /// A matrix that stands alone beside ⊙ is a vector: W_ci ⊙ c.
  private func asVector(_ syntax: EquationSyntax) -> EquationSyntax {
    guard case .word(let word, let position, let text) = syntax, word.dottedMatrix == nil, looksLikeMatrix(word),
      let parameter = EquationNames.parameter(word.name)
    else { return syntax }
    // A bias may have the name already.
    let name = vectors.contains(parameter.name) ? "W_" + parameter.name : parameter.name
    return .word(EquationWord(name: name, dottedMatrix: false), position, text: text)
  }

  private mutating func signed() throws(RNNError) -> EquationSyntax {
    let position = current.position
    guard accept("-") else { return try applied() }
    // A sign before a number is the number's, so that −0.5 is one constant.
    if case .number(let value) = current.token, ahead(1) != .symbol("^"), ahead(1) != .symbol("²") {
      advance()
      return try afterNumber(.number(-value, position))
    }
    return try counted(.negated(try nested { parser throws(RNNError) in try parser.signed() }, position))
  }

  private mutating func applied() throws(RNNError) -> EquationSyntax {
    switch current.token {
    case .number(let value) where ahead(1) != .symbol("^") && ahead(1) != .symbol("²"):
      let number = EquationSyntax.number(value, current.position)
      advance()
      return try afterNumber(number)
    case .word(let word) where split(word) != nil:
      guard let (matrix, value) = split(word) else { return try power() }
      let (position, text) = (current.position, current.text)
      advance()
      let left = EquationSyntax.word(matrix, position, text: text)
      return try beside(try counted(.applied(left, .word(value, position, text: text))))
    case .word(let word) where looksLikeMatrix(word) && !isCall(word):
      let matrix = EquationSyntax.word(word, current.position, text: current.text)
      advance()
      if isSymbol("*"), !startsValue(ahead(1)) { return matrix }
      // `W * x` is the matrix applied to x, as `W x` is.
      if accept("*") || startsValue(current.token) {
        return try counted(.applied(matrix, try nested { parser throws(RNNError) in try parser.applied() }))
      }
      return matrix
    default: return try beside(try power())
    }
  }

  /// `Wx_t` and `W_hh_{t-1}`, in which a matrix and a value of one letter stand side by side.
  private func split(_ word: EquationWord) -> (matrix: EquationWord, value: EquationWord)? {
    let isUntimed = word.time == .unsaid
    // `Wx_t h` is the matrix named x_t.
    let isWhole = isUntimed && (word.untimed == word.name || startsValue(ahead(1)) || ahead(1) == .symbol("*"))
    guard word.dottedMatrix == nil, !isWhole, !isValue(word.untimed), let last = word.untimed.last, isValue(String(last))
    else { return nil }
    let matrix = EquationWord(name: String(word.untimed.dropLast()))
    guard looksLikeMatrix(matrix) else { return nil }
    return (matrix, EquationWord(name: String(last), time: isUntimed ? .current : word.time))
  }

  /// A value, with what stands beside it without an operator: `x_t W_xh`, and in LaTeX `f_t c_{t-1}`.
  private mutating func beside(_ value: EquationSyntax) throws(RNNError) -> EquationSyntax {
    guard startsValue(current.token) else { return value }
    if case .word(var word) = current.token, looksLikeMatrix(word), !isCall(word), !startsValue(ahead(1)), ahead(1) != .symbol("*") {
      // A row times a matrix is the transposed matrix times a column.
      word.isTransposed.toggle()
      let matrix = EquationSyntax.word(word, current.position, text: current.text)
      advance()
      return try counted(.applied(matrix, value))
    }
    let position = current.position
    if isSymbol("("), case .number = ahead(1), ahead(2) == .symbol(")") {
      throw position.error("found a number in brackets; write the product as “* (”, and leave the numbers of equations out")
    }
    guard isLaTeX else {
      throw position.error("two vectors stand side by side; write the product of their units as “* \(current.text.prefix(32))”")
    }
    let factor = try counted(try nested { parser throws(RNNError) in try parser.applied() })
    return .product(value, [.init(operation: .multiply, position: position, value: factor)])
  }

  private mutating func afterNumber(_ number: EquationSyntax) throws(RNNError) -> EquationSyntax {
    if case .number = current.token { throw expected("an operator between two numbers") }
    guard startsValue(current.token) else { return number }
    return try counted(.applied(number, try nested { parser throws(RNNError) in try parser.applied() }))
  }

  private func startsValue(_ token: EquationToken) -> Bool {
    switch token {
    case .number, .word, .symbol("("), .symbol("["): true
    default: false
    }
  }

  /// Whether a name would be a matrix if nothing else has it.
  private func looksLikeMatrix(_ word: EquationWord) -> Bool {
    if let dotted = word.dottedMatrix { return dotted }
    guard word.time == .unsaid, !isValue(word.name) else { return false }
    return EquationNames.parameter(word.name)?.isMatrix == true
  }

  private func isValue(_ name: String) -> Bool {
    func has(_ name: String) -> Bool {
      (program.inputs ?? ["x"]).contains(name) || program.states.contains { $0.name == name } || assigned.contains(name)
    }
    return has(name) || name.hasSuffix("_t") && has(String(name.dropLast(2)))
  }

  private func isCall(_ word: EquationWord) -> Bool {
    word.time == .unsaid && word.dottedMatrix == nil && (ahead(1) == .symbol("(") || ahead(1) == .symbol("["))
      && EquationFunction(word: word.name) != nil
  }

  private mutating func power() throws(RNNError) -> EquationSyntax {
    let base = try primary()
    let position = current.position
    if accept("²") { return try counted(.squared(base, position)) }
    guard accept("^") else { return base }
    guard current.token == .number(2) else { throw expected("2: only squares are known") }
    advance()
    return try counted(.squared(base, position))
  }

  private mutating func primary() throws(RNNError) -> EquationSyntax {
    let (token, position, text) = (current.token, current.position, current.text)
    switch token {
    case .number(let value):
      advance()
      return .number(value, position)
    case .word(let word):
      advance()
      guard word.time == .unsaid, word.dottedMatrix == nil else { return .word(word, position, text: text) }
      let function = EquationFunction(word: word.name)
      guard isSymbol("(") || isSymbol("[") else {
        if let function, !isValue(word.name), startsValue(current.token) { return try call(function, unbracketed: position, text) }
        return .word(word, position, text: text)
      }
      if let function { return try call(function, position) }
      if isValue(word.name) || EquationNames.parameter(word.name) != nil { return .word(word, position, text: text) }
      if EquationSetAside.isUndefined(word.name) {
        throw EquationSetAside.error(UndefinedFunction(name: word.name, text: text, position: position), among: undefinedFunctions)
      }
      let near = EquationNames.suggestion(for: word.name, among: EquationFunction.allCases.map(\.rawValue))
      throw position.error("there is no function “\(text)”" + (near.map { "; did you mean \($0)?" }
        ?? "; known are \(EquationFunction.allCases.map(\.rawValue).joined(separator: ", "))"))
    case .symbol("("):
      advance()
      let value = try nested { parser throws(RNNError) in try parser.sum() }
      if isSymbol(",") {
        throw expected("“)” for the “(” at \(position); vectors one below the other stand in [ ], after a matrix: W_h [h, x]")
      }
      guard accept(")") else { throw expected("“)” for the “(” at \(position)") }
      return value
    case .symbol("["): return try list(position)
    default:
      throw expected("a value")
    }
  }

  /// Vectors one below the other; a single one is only bracketed.
  private mutating func list(_ position: EquationPosition) throws(RNNError) -> EquationSyntax {
    advance()
    var members: [EquationSyntax] = []
    repeat {
      if isSymbol("]"), !members.isEmpty { break }
      try limit(members.count, "vectors in a list")
      members.append(try nested { parser throws(RNNError) in try parser.sum() })
    } while accept(",")
    guard accept("]") else { throw expected("“]” for the “[” at \(position)") }
    // Rows put side by side and transposed are columns one below the other.
    if isSymbol("^"), ahead(1) == .symbol("⊤") || ahead(1) == .word(EquationWord(name: "T")) {
      advance()
      advance()
    } else {
      _ = accept("⊤")
    }
    return members.count == 1 ? members[0] : .list(members, position)
  }

  /// A function before a single name: tanh c_t.
  private mutating func call(
    _ function: EquationFunction, unbracketed position: EquationPosition, _ text: String
  ) throws(RNNError) -> EquationSyntax {
    guard case .word(let word) = current.token, function.arguments.contains(1), !looksLikeMatrix(word),
      EquationFunction(word: word.name) == nil || isValue(word.name), !startsValue(ahead(1)), ahead(1) != .symbol("^"), ahead(1) != .symbol("²"), split(word) == nil
    else { throw position.error("\(text) is a function; write \(text)(…)") }
    let argument = EquationSyntax.word(word, current.position, text: current.text)
    advance()
    return try counted(.call(function, [argument], position))
  }

  private mutating func call(_ function: EquationFunction, _ position: EquationPosition) throws(RNNError) -> EquationSyntax {
    let end: Character = isSymbol("[") ? "]" : ")"
    advance()
    var arguments: [EquationSyntax] = []
    repeat {
      arguments.append(try nested { parser throws(RNNError) in try parser.sum() })
      guard arguments.count <= 4 else { break }
    } while accept(",")
    guard accept(end) else { throw expected("“\(end)” after the arguments of \(function.rawValue)") }
    var function = function
    if isLaTeX, function == .max, arguments.count == 1 { function = .highest }
    guard function.arguments.contains(arguments.count) else {
      let hint = function == .max && arguments.count == 1 ? "; the largest unit of v is highest(v)" : ""
      throw position.error("\(function.rawValue) has \(arguments.count) argument\(arguments.count == 1 ? "" : "s"); write \(function.usage)\(hint)")
    }
    return try counted(.call(function, arguments, position))
  }
}

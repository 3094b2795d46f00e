import RNNTensor

/// Takes a text of equations apart. What the names mean is decided afterwards, by ``EquationMeaning``.
///
///     text       = statement (separator statement)*          separator: a line's end or ;
///     statement  = "cell" name | "input" names | "state" state ("," state)* | "output" name [":" size]
///                | name "=" sum
///     state      = name ["=" number] [":" size]
///     sum        = product (("+" | "-") product)*
///     product    = signed (("*" | "⊙" | "/") signed)*
///     signed     = "-" signed | applied
///     applied    = matrix ["*"] applied | number [applied] | power
///     power      = primary ["^" "2"]
///     primary    = number | name | function "(" sum ("," sum)* ")" | "(" sum ")"
struct EquationParser {
  static let maximumNesting = 64
  static let maximumNodes = 4096
  /// Of equations, of states and of inputs.
  static let maximumNames = 1024

  private let tokens: [PlacedToken]
  private var next = 0
  private var nesting = 0
  private var count = 0
  private var program = EquationProgram()
  /// The names that the text assigns anywhere: before their equation they are the value of the step before.
  private let assigned: Set<String>

  /// Throws `.usage` with line and column.
  static func parse(_ text: String) throws(RNNError) -> EquationProgram {
    var parser = EquationParser(tokens: try EquationLexer.tokens(of: text))
    try parser.run()
    return parser.program
  }

  private init(tokens: [PlacedToken]) {
    self.tokens = tokens
    var names: Set<String> = []
    for (word, sign) in zip(tokens, tokens.dropFirst()) where sign.token == .symbol("=") {
      if case .word(let word) = word.token { names.insert(Self.assignedName(word)) }
    }
    assigned = names
  }

  /// `h` for `h` and for `h_t`.
  private static func assignedName(_ word: EquationWord) -> String {
    word.time == .unsaid && word.name.hasSuffix("_t") ? String(word.name.dropLast(2)) : word.name
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
      guard current.token == .separator || current.token == .end else {
        throw expected("an operator, or the end of the line")
      }
    }
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
    let position = current.position
    guard word.time != .previous, word.dottedMatrix == nil else {
      throw position.error("\(current.text) can't be assigned; write the new value as \(word.name) = … or \(word.name)_t = …")
    }
    let name = Self.assignedName(word)
    guard EquationNames.isValue(name) else { throw position.error("\(current.text) can't be assigned: it has a meaning already") }
    advance()
    guard accept("=") else { throw expected("“=” after \(name)") }
    guard !program.assignments.contains(where: { $0.name == name }) else {
      throw position.error("\(name) is assigned twice; give the second value another name")
    }
    try limit(program.assignments.count, "equations")
    program.assignments.append(.init(name: name, value: try sum(), position: position))
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
    let first = try member(&self)
    var rest: [EquationSyntax.Operand] = []
    while let found = operators.first(where: { isSymbol($0.symbol) }) {
      let position = current.position
      advance()
      let value = try counted(try member(&self))
      if found.operation == .divide, case .applied(.number, _) = value {
        throw value.position.error("what is divided by? write / (2 * h), or (1 / 2) * h")
      }
      rest.append(.init(operation: found.operation, position: position, value: value))
    }
    return rest.isEmpty ? first : make(first, rest)
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
    case .word(let word) where looksLikeMatrix(word) && !isCall(word):
      let matrix = EquationSyntax.word(word, current.position, text: current.text)
      advance()
      if isSymbol("*"), !startsValue(ahead(1)) { return matrix }
      // `W * x` is the matrix applied to x, as `W x` is.
      if accept("*") || startsValue(current.token) {
        return try counted(.applied(matrix, try nested { parser throws(RNNError) in try parser.applied() }))
      }
      return matrix
    default:
      let value = try power()
      guard startsValue(current.token) else { return value }
      throw current.position.error("two vectors stand side by side; write the product of their units as “* \(current.text.prefix(32))”")
    }
  }

  private mutating func afterNumber(_ number: EquationSyntax) throws(RNNError) -> EquationSyntax {
    if case .number = current.token { throw expected("an operator between two numbers") }
    guard startsValue(current.token) else { return number }
    return try counted(.applied(number, try nested { parser throws(RNNError) in try parser.applied() }))
  }

  private func startsValue(_ token: EquationToken) -> Bool {
    switch token {
    case .number, .word, .symbol("("): true
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
    word.time == .unsaid && word.dottedMatrix == nil && ahead(1) == .symbol("(") && EquationFunction(word: word.name) != nil
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
      guard isSymbol("("), word.time == .unsaid, word.dottedMatrix == nil else { return .word(word, position, text: text) }
      if let function = EquationFunction(word: word.name) { return try call(function, position) }
      if isValue(word.name) || EquationNames.parameter(word.name) != nil { return .word(word, position, text: text) }
      let near = EquationNames.suggestion(for: word.name, among: EquationFunction.allCases.map(\.rawValue))
      throw position.error("there is no function “\(text)”" + (near.map { "; did you mean \($0)?" }
        ?? "; known are \(EquationFunction.allCases.map(\.rawValue).joined(separator: ", "))"))
    case .symbol("("):
      advance()
      let value = try nested { parser throws(RNNError) in try parser.sum() }
      guard accept(")") else { throw expected("“)” for the “(” at line \(position.line), column \(position.column)") }
      return value
    default:
      throw expected("a value")
    }
  }

  private mutating func call(_ function: EquationFunction, _ position: EquationPosition) throws(RNNError) -> EquationSyntax {
    advance()
    var arguments: [EquationSyntax] = []
    repeat {
      arguments.append(try nested { parser throws(RNNError) in try parser.sum() })
      guard arguments.count <= 4 else { break }
    } while accept(",")
    guard accept(")") else { throw expected("“)” after the arguments of \(function.rawValue)") }
    guard function.arguments.contains(arguments.count) else {
      let hint = function == .max && arguments.count == 1 ? "; the largest unit of v is highest(v)" : ""
      throw position.error("\(function.rawValue) has \(arguments.count) argument\(arguments.count == 1 ? "" : "s"); write \(function.usage)\(hint)")
    }
    return try counted(.call(function, arguments, position))
  }
}

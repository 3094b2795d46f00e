import RNNTensor

/// The macros of LaTeX, which become the tokens that plain text has.
extension EquationLexer {
  /// The name of the macro here, at its backslash: letters, or one other character.
  mutating func macroName() -> String {
    hasMacros = true
    advance()
    let start = next
    func isLetter(_ scalar: Unicode.Scalar) -> Bool { ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) }
    while current.map(isLetter) == true { advance() }
    if next == start, let scalar = current {
      if isLineEnd(scalar) { return "" }
      advance()
    }
    return text(from: start)
  }

  mutating func macro(_ place: EquationPosition) throws(RNNError) {
    let start = next
    let name = macroName()
    if EquationMacros.layout.contains(name) || EquationMacros.styles.contains(name) || name.isEmpty { return }
    if let symbol = EquationMacros.operators[name] { return emit(.symbol(symbol), start, place) }
    if let letter = EquationMacros.letters[name] {
      var word = EquationWord(name: letter)
      try suffixes(&word, place)
      return emit(.word(word), start, place)
    }
    if EquationMacros.functions.contains(name) { return try function(name, start, place) }
    if EquationMacros.texts.contains(name) { return try prose(name, place) }
    if EquationMacros.accents[name] != nil { return try accented(name, place) }
    if EquationMacros.sized.contains(name) { return try sized(name, start, place) }
    if let count = EquationMacros.layoutWithArguments[name] {
      for _ in 0..<count { _ = try rawArgument(name, place) }
      return
    }
    switch name {
    case "\\": lineEnd(start, place)
    case "[", "]": endLine(start, place)
    case "{", "lbrace", "lparen": open(.round, start, place)
    case "}", "rbrace", "rparen": try close(.round, start, place)
    case "lbrack": open(.square, start, place)
    case "rbrack": try close(.square, start, place)
    case "top", "intercal": emit(.symbol("⊤"), start, place)
    case "frac", "dfrac", "tfrac":
      skipBlank()
      guard current == "{" else { throw place.error("a fraction is written \\frac{…}{…}") }
      openBrace(.numerator)
    case "begin": try begin(start, place)
    case "end": try end(start, place)
    default: throw place.error(EquationMacros.unknown(name))
    }
  }

  /// `\\`, which between vectors that stand one below the other separates them.
  private mutating func lineEnd(_ start: Int, _ place: EquationPosition) {
    if current == "*" { advance() }
    // A distance to the next line: \\[2pt].
    if current == "[" {
      var end = next + 1
      while end < scalars.count, scalars[end] != "]", end - next < 12, !isLineEnd(scalars[end]) { end += 1 }
      if end < scalars.count, scalars[end] == "]", scalars[next + 1..<end].contains(where: EquationNames.isDigit) {
        while next <= end { advance() }
      }
    }
    switch brackets.last?.kind {
    case .rows?, .square?: emit(.symbol(","), start, place)
    default: endLine(start, place)
    }
  }

  /// A function; braces after it are its brackets.
  private mutating func function(_ name: String, _ start: Int, _ place: EquationPosition) throws(RNNError) {
    emit(.word(EquationWord(name: name)), start, place)
    skipBlank()
    if name == "sqrt", current == "[" { throw place.error("only square roots are known: \\sqrt{…}") }
    if current == "_" { throw place.error("\\\(name) with a subscript is not known; the largest unit of v is highest(v)") }
    if current == "{" { openBrace(.argument) }
  }

  /// `\text{…}`: one word, or marks.
  private mutating func prose(_ name: String, _ place: EquationPosition) throws(RNNError) {
    if current == "*" { advance() }
    skipBlank()
    guard current == "{" else { throw place.error("“{” is expected after \\\(name)") }
    let (start, startPosition) = (next, position)
    let content = try rawArgument(name, place, limit: Self.maximumProse)
    guard content.split(whereSeparator: \.isWhitespace).count <= 1 else {
      throw place.error("\\\(name){\(content.prefix(32))} is prose; leave it out")
    }
    (next, position) = (start, startPosition)
    openBrace(.group)
  }

  private mutating func accented(_ name: String, _ place: EquationPosition) throws(RNNError) {
    skipBlank()
    if current == "{" { return openBrace(.accented(name)) }
    let (start, startPosition) = (next, position)
    guard let letter = current, EquationNames.isLetter(letter) else { throw place.error("\\\(name) is written with braces: \\\(name){…}") }
    advance()
    var word = EquationWord(name: "\(letter)_\(EquationMacros.accentName(name))")
    try suffixes(&word, startPosition)
    emit(.word(word), start, startPosition)
  }

  /// `\left`, `\right`, `\big` …: the bracket itself follows, except for two kinds.
  private mutating func sized(_ name: String, _ start: Int, _ place: EquationPosition) throws(RNNError) {
    skipBlank()
    let isLeft = name == "left"
    guard isLeft || name == "right" else { return }
    switch current {
    case ".": advance()
    case "|":
      advance()
      if isLeft {
        emit(.word(EquationWord(name: "abs")), start, place)
        open(.round, start, place)
      } else {
        try close(.round, start, place)
      }
    case "\\" where isLeft && ahead(1) == "{":
      // A brace to the left of several lines.
      var end = next + 2
      while end < scalars.count, scalars[end].properties.isWhitespace { end += 1 }
      if scalars[end...].starts(with: "\\begin".unicodeScalars) { while next < end { advance() } }
    default: break
    }
  }

  private mutating func begin(_ start: Int, _ place: EquationPosition) throws(RNNError) {
    skipBlank()
    let name = try rawArgument("begin", place).filter { $0 != "*" }
    let isArray = name == "array"
    if EquationMacros.environmentsWithArgument.contains(name) {
      skipBlank()
      if current == "[" { while let scalar = current, scalar != "]", !isLineEnd(scalar) { advance() } }
      if current == "]" { advance() }
      skipBlank()
      if current == "{" { _ = try rawArgument("begin{\(name)}", place) }
    }
    let isBracketed = tokens.last.map { $0.token == .symbol("(") || $0.token == .symbol("[") } == true
    if EquationMacros.columns.contains(name) || isArray && isBracketed { return open(.rows, start, place) }
    endLine(start, place)
  }

  private mutating func end(_ start: Int, _ place: EquationPosition) throws(RNNError) {
    skipBlank()
    let name = try rawArgument("end", place)
    var isRows = EquationMacros.columns.contains(name)
    if name == "array", case .rows? = brackets.last?.kind { isRows = true }
    if isRows { return try close(.rows, start, place) }
    endLine(start, place)
  }

  /// Prose is read twice; a limit keeps nested prose from being read again and again.
  private static let maximumProse = 128

  /// The content of the braces at the cursor, verbatim.
  private mutating func rawArgument(_ name: String, _ place: EquationPosition, limit: Int = .max) throws(RNNError) -> String {
    skipBlank()
    guard current == "{" else { throw place.error("“{” is expected after \\\(name)") }
    advance()
    let start = next
    var depth = 1
    while let scalar = current {
      if scalar == "{" { depth += 1 }
      if scalar == "}" { depth -= 1 }
      if depth == 0 || next - start >= limit { break }
      advance()
    }
    guard current == "}", depth == 0 else { throw place.error("“}” is missing after \\\(name){") }
    let content = text(from: start)
    advance()
    return content
  }
}

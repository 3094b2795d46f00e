import RNNTensor

/// A place in a text of equations, both counted from 1.
struct EquationPosition: Hashable {
  var line = 1
  var column = 1

  func error(_ message: String) -> RNNError { RNNError(.usage, "\(self): \(message)") }
}

/// A name as it stands in the text: `h`, `h_t`, `h_{t-1}`, `W_xh`, `W.xh`.
struct EquationWord: Hashable {
  enum Time: Hashable {
    case unsaid
    case current
    case previous
  }

  /// Without the time.
  var name: String
  var time = Time.unsaid
  /// Written with a dot, and so a parameter whatever else has its name: whether it is a matrix.
  var dottedMatrix: Bool?
  /// Written with `^\top`.
  var isTransposed = false

  /// The name without a `_t` that may be the step: `h` for `h` and for `h_t`.
  var untimed: String { time == .unsaid && name.hasSuffix("_t") ? String(name.dropLast(2)) : name }
}

enum EquationToken: Hashable {
  case number(Double)
  case word(EquationWord)
  /// What stands after `cell`, to the end of its line.
  case cellName(String)
  case symbol(Character)
  /// A line's end or a semicolon.
  case separator
  case end
}

/// A token and where it begins.
struct PlacedToken {
  let token: EquationToken
  let position: EquationPosition
  /// As written, for messages.
  let text: String
}

/// Cuts a text of equations, as plain text or as LaTeX, into tokens.
struct EquationLexer {
  static let maximumBytes = 64 * 1024

  /// A bracket that is still open.
  struct Bracket {
    enum Kind {
      case round
      case square
      /// A matrix environment: a column whose rows are members of a list.
      case rows
      /// Braces that only hold together.
      case group
      /// Braces over which an accent stands.
      case accented(String)
      /// Braces that are a function's brackets.
      case argument
      case numerator
      case denominator
    }

    let kind: Kind
    let position: EquationPosition
    /// The number of tokens before it.
    let tokens: Int

    var isBrace: Bool {
      switch kind {
      case .round, .square, .rows: false
      case .group, .accented, .argument, .numerator, .denominator: true
      }
    }
    /// True where a line may end inside it.
    var joinsLines: Bool {
      switch kind {
      case .group, .accented: false
      default: true
      }
    }
  }

  let scalars: [Unicode.Scalar]
  var next = 0
  var position = EquationPosition()
  var tokens: [PlacedToken] = []
  var hasMacros = false
  private(set) var brackets: [Bracket] = []
  private var joiningBrackets = 0

  /// All tokens of a text, the last one `.end`, and whether LaTeX's macros are among them.
  static func tokens(of text: String) throws(RNNError) -> (tokens: [PlacedToken], hasMacros: Bool) {
    guard text.utf8.count <= maximumBytes else {
      throw RNNError(.usage, "the equations have \(text.utf8.count) bytes; at most \(maximumBytes) are read")
    }
    var lexer = EquationLexer(scalars: Array(text.unicodeScalars))
    while lexer.next < lexer.scalars.count { try lexer.step() }
    if let open = lexer.brackets.first(where: \.isBrace) { throw open.position.error("“{” has no “}”") }
    lexer.emit(.end, lexer.next, lexer.position)
    return (joined(try withSteps(withoutNumbers(lexer.tokens))), lexer.hasMacros)
  }

  private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  var current: Unicode.Scalar? { next < scalars.count ? scalars[next] : nil }
  func ahead(_ count: Int) -> Unicode.Scalar? { next + count < scalars.count ? scalars[next + count] : nil }

  mutating func advance() {
    if isLineEnd(scalars[next]) {
      // A carriage return with its line feed is one line's end.
      if scalars[next] == "\r", ahead(1) == "\n" { next += 1 }
      position.line += 1
      position.column = 1
    } else {
      position.column += 1
    }
    next += 1
  }

  func isLineEnd(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\r" }

  func text(from start: Int) -> String {
    String(String.UnicodeScalarView(scalars[start..<next]))
  }

  /// Past blanks that end no line.
  mutating func skipBlank() {
    while let scalar = current, !isLineEnd(scalar), scalar.properties.isWhitespace || scalar == "~" { advance() }
  }

  private mutating func skipLine() {
    while current.map({ !isLineEnd($0) }) == true { advance() }
  }

  // MARK: Tokens

  mutating func emit(_ token: EquationToken, _ start: Int, _ place: EquationPosition) {
    tokens.append(PlacedToken(token: token, position: place, text: text(from: start)))
  }

  /// The end of a line; within brackets a line may end anywhere.
  mutating func endLine(_ start: Int, _ place: EquationPosition) {
    if joiningBrackets == 0 { emit(.separator, start, place) }
  }

  /// Takes what comes next, which may be nothing, a token or several.
  private mutating func step() throws(RNNError) {
    skipBlank()
    let (start, place) = (next, position)
    guard let scalar = current, !skipRange() else { return }
    if EquationNames.isDigit(scalar) || scalar == "." && ahead(1).map(EquationNames.isDigit) == true {
      return emit(.number(try number(place)), start, place)
    }
    if EquationNames.isLetter(scalar) {
      let isFirst = tokens.last.map { $0.token == .separator } ?? true
      emit(.word(try word(place)), start, place)
      if isFirst, tokens.last?.token == .word(EquationWord(name: "cell")), let name = cellName() { tokens.append(name) }
      return
    }
    switch scalar {
    case "\n", "\r":
      advance()
      endLine(start, place)
    case "#", "%": skipLine()
    case "\\": try macro(place)
    case "&": advance()
    case "$":
      advance()
      if current == "$" {
        advance()
        endLine(start, place)
      }
    case ";":
      advance()
      if case .square? = brackets.last?.kind { emit(.symbol(","), start, place) } else { emit(.separator, start, place) }
    case ":" where ahead(1) == "=":
      advance()
      advance()
      emit(.symbol("="), start, place)
    case "(", "[":
      advance()
      open(scalar == "(" ? .round : .square, start, place)
    case ")", "]":
      advance()
      try close(scalar == ")" ? .round : .square, start, place)
    case "{": openBrace(.group)
    case "}": try closeBrace()
    default:
      advance()
      guard let symbol = Self.symbols[scalar] else { throw place.error(Self.meaningless(scalar)) }
      emit(.symbol(symbol), start, place)
    }
  }

  private static func meaningless(_ scalar: Unicode.Scalar) -> String {
    let isControl = scalar.properties.isWhitespace || scalar.value < 0x20 || scalar.value == 0x7f
    let advice = EquationMacros.advice[scalar].map { "; \($0)" } ?? ""
    return "\(isControl ? "a control character" : "“\(scalar)”") has no meaning in equations\(advice)"
  }

  /// The rest of a line that began with `cell`; nil if it is an equation of a value named so.
  private mutating func cellName() -> PlacedToken? {
    while let scalar = current, !isLineEnd(scalar), scalar.properties.isWhitespace { advance() }
    guard let first = current, first != "=", first != ";", first != "#", !isLineEnd(first) else { return nil }
    let (start, place) = (next, position)
    while current.map({ $0 != ";" && $0 != "#" && !isLineEnd($0) }) == true { advance() }
    let name = text(from: start).drop { $0.isWhitespace }
    let trimmed = String(name.reversed().drop { $0.isWhitespace }.reversed())
    return PlacedToken(token: .cellName(trimmed), position: place, text: trimmed)
  }

  /// The operators, and the character that stands for each in all its forms.
  private static let symbols: [Unicode.Scalar: Character] = [
    "=": "=", "←": "=", "≔": "=", "≜": "=", "≡": "=", "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "∗": "*", "·": "*", "⋅": "*", "×": "*", "⊙": "⊙", "∘": "⊙",
    "/": "/", "÷": "/", ",": ",", ":": ":", ".": ".", "^": "^", "²": "²", "⊤": "⊤",
  ]

  private mutating func number(_ place: EquationPosition) throws(RNNError) -> Double {
    let start = next
    func isDigit(_ scalar: Unicode.Scalar?) -> Bool { scalar.map(EquationNames.isDigit) ?? false }
    while isDigit(current) { advance() }
    if current == "." {
      advance()
      while isDigit(current) { advance() }
    }
    if current == "e" || current == "E" {
      let signed = ahead(1) == "-" || ahead(1) == "+"
      if isDigit(ahead(signed ? 2 : 1)) {
        for _ in 0..<(signed ? 2 : 1) { advance() }
        while isDigit(current) { advance() }
      }
    }
    let written = text(from: start)
    let power = powerOfTen(after: written)
    guard let value = Double((written.hasSuffix(".") ? written + "0" : written) + power), value.isFinite else {
      throw place.error("the number \(written) is too large")
    }
    return value
  }

  /// `e-3` for what follows the mantissa in `2 \cdot 10^{-3}`, and `e-4` for the rest of `10^{-3}`.
  private mutating func powerOfTen(after mantissa: String) -> String {
    var end = next
    func skip(_ text: String) -> Bool {
      guard scalars[end...].starts(with: text.unicodeScalars) else { return false }
      end += text.unicodeScalars.count
      return true
    }
    if mantissa != "10" {
      while end < scalars.count, end - next < 8, scalars[end] == " " { end += 1 }
      guard skip("\\cdot") || skip("\\times") else { return "" }
      while end < scalars.count, end - next < 24, scalars[end] == " " { end += 1 }
      guard skip("10") else { return "" }
    }
    guard skip("^{") else { return "" }
    let start = end
    while end < scalars.count, end - start < 5, scalars[end] == "-" && end == start || EquationNames.isDigit(scalars[end]) { end += 1 }
    guard let exponent = Int(String(String.UnicodeScalarView(scalars[start..<end]))), skip("}") else { return "" }
    while next < end { advance() }
    return "e\(mantissa == "10" ? exponent - 1 : exponent)"
  }

  // MARK: Brackets

  /// Opens a bracket that is seen as “(” or “[”.
  mutating func open(_ kind: Bracket.Kind, _ start: Int, _ place: EquationPosition) {
    switch kind {
    case .square, .rows: emit(.symbol("["), start, place)
    default: emit(.symbol("("), start, place)
    }
    push(kind, place)
  }

  private mutating func push(_ kind: Bracket.Kind, _ place: EquationPosition) {
    brackets.append(Bracket(kind: kind, position: place, tokens: tokens.count))
    if brackets[brackets.count - 1].joinsLines { joiningBrackets += 1 }
  }

  private mutating func pop() {
    if brackets.removeLast().joinsLines { joiningBrackets -= 1 }
  }

  /// Closes “(”, “[” or a matrix environment. One that was never opened is left to the parser.
  mutating func close(_ kind: Bracket.Kind, _ start: Int, _ place: EquationPosition) throws(RNNError) {
    if let last = brackets.last {
      if last.isBrace { throw place.error("found “\(text(from: start))”; expected “}” for the “{” at \(last.position)") }
      switch (kind, last.kind) {
      case (.round, .round), (.square, .square), (.rows, .rows): pop()
      default: break
      }
    }
    if case .round = kind { emit(.symbol(")"), start, place) } else { emit(.symbol("]"), start, place) }
  }

  /// Takes a “{”.
  mutating func openBrace(_ kind: Bracket.Kind) {
    let (start, place) = (next, position)
    advance()
    switch kind {
    case .argument, .denominator: open(kind, start, place)
    case .numerator:
      emit(.symbol("("), start, place)
      open(kind, start, place)
    default: push(kind, place)
    }
  }

  /// Takes a “}”.
  private mutating func closeBrace() throws(RNNError) {
    let (start, place) = (next, position)
    advance()
    guard let bracket = brackets.last else { throw place.error("“}” has no “{”") }
    guard bracket.isBrace else {
      let (name, end) = if case .round = bracket.kind { ("(", ")") } else { ("[", "]") }
      throw place.error("found “}”; expected “\(end)” for the “\(name)” at \(bracket.position)")
    }
    pop()
    switch bracket.kind {
    case .argument: emit(.symbol(")"), start, place)
    case .numerator:
      emit(.symbol(")"), start, place)
      emit(.symbol("/"), start, place)
      skipBlank()
      guard current == "{" else { throw position.error("a fraction is written \\frac{…}{…}; “{” is expected here") }
      openBrace(.denominator)
    case .denominator:
      emit(.symbol(")"), start, place)
      emit(.symbol(")"), start, place)
    default: try closeGroup(bracket)
    }
  }

  /// Scripts after a group belong to the word in it: `{\mathbf W}_{xh}`, `\tilde{h}_t`.
  private mutating func closeGroup(_ bracket: Bracket) throws(RNNError) {
    guard tokens.count > bracket.tokens, let last = tokens.last, case .word(var word) = last.token else {
      if case .accented(let accent) = bracket.kind { throw bracket.position.error("\\\(accent) is expected over a letter") }
      return
    }
    if case .accented(let accent) = bracket.kind {
      guard tokens.count == bracket.tokens + 1, word.dottedMatrix == nil else {
        throw bracket.position.error("\\\(accent) is expected over one letter")
      }
      word.name += "_" + EquationMacros.accentName(accent)
    }
    let start = next
    try suffixes(&word, last.position)
    let written = if case .accented(let accent) = bracket.kind { "\\\(accent){\(last.text)}" } else { last.text }
    tokens[tokens.count - 1] = PlacedToken(token: .word(word), position: last.position, text: written + text(from: start))
  }

  // MARK: Lines

  /// The tokens without the ends of lines that an equation goes on after: those beside an operator.
  private static func joined(_ tokens: [PlacedToken]) -> [PlacedToken] {
    var result: [PlacedToken] = []
    var place = 0
    while place < tokens.count {
      guard tokens[place].isLineEnd else {
        result.append(tokens[place])
        place += 1
        continue
      }
      var end = place
      while end < tokens.count, tokens[end].isLineEnd { end += 1 }
      let following = end < tokens.count ? tokens[end] : nil
      // Before “name =” an equation has ended, even if it lacks its last value.
      let begins = if case .word? = following?.token, end + 1 < tokens.count { tokens[end + 1].token == .symbol("=") } else { false }
      let goesOn = following?.isBinary == true || result.last?.isBinary == true && !begins && following?.token != .end
      if !goesOn { result.append(tokens[place]) }
      place = end
    }
    return result
  }
}

extension PlacedToken {
  fileprivate var isLineEnd: Bool { token == .separator && text != ";" }

  fileprivate var isBinary: Bool {
    guard case .symbol(let symbol) = token else { return false }
    return "=+-*⊙/".contains(symbol)
  }
}

extension EquationPosition: CustomStringConvertible {
  var description: String { "line \(line), column \(column)" }
}

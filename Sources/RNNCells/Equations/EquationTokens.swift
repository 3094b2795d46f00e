import RNNTensor

/// A place in a text of equations, both counted from 1.
struct EquationPosition: Hashable {
  var line = 1
  var column = 1

  func error(_ message: String) -> RNNError { RNNError(.usage, "line \(line), column \(column): \(message)") }
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

/// Cuts a text of equations into tokens.
struct EquationLexer {
  static let maximumBytes = 64 * 1024

  private let scalars: [Unicode.Scalar]
  private var next = 0
  private var position = EquationPosition()

  /// All tokens of a text, the last one `.end`.
  static func tokens(of text: String) throws(RNNError) -> [PlacedToken] {
    guard text.utf8.count <= maximumBytes else {
      throw RNNError(.usage, "the equations have \(text.utf8.count) bytes; at most \(maximumBytes) are read")
    }
    var lexer = EquationLexer(scalars: Array(text.unicodeScalars))
    var tokens: [PlacedToken] = []
    var brackets = 0
    while true {
      let token = try lexer.token()
      if token.token == .symbol("(") { brackets += 1 }
      if token.token == .symbol(")") { brackets = Swift.max(brackets - 1, 0) }
      // Inside brackets a line may end anywhere.
      if token.token == .separator, token.text != ";", brackets > 0 { continue }
      let isFirst = tokens.last.map { $0.token == .separator } ?? true
      tokens.append(token)
      if isFirst, token.token == .word(EquationWord(name: "cell")), let name = lexer.cellName() { tokens.append(name) }
      if token.token == .end { return tokens }
    }
  }

  private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

  private var current: Unicode.Scalar? { next < scalars.count ? scalars[next] : nil }
  private func ahead(_ count: Int) -> Unicode.Scalar? { next + count < scalars.count ? scalars[next + count] : nil }

  private mutating func advance() {
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

  private func isLineEnd(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\r" }

  private func text(from start: Int) -> String {
    String(String.UnicodeScalarView(scalars[start..<next]))
  }

  private mutating func token() throws(RNNError) -> PlacedToken {
    skipBlank()
    let (start, place) = (next, position)
    func placed(_ token: EquationToken) -> PlacedToken { PlacedToken(token: token, position: place, text: text(from: start)) }
    guard let scalar = current else { return placed(.end) }
    if isLineEnd(scalar) || scalar == ";" {
      advance()
      return placed(.separator)
    }
    if EquationNames.isDigit(scalar) || scalar == "." && ahead(1).map(EquationNames.isDigit) == true {
      return placed(.number(try number(place)))
    }
    if EquationNames.isLetter(scalar) { return placed(.word(try word(place))) }
    advance()
    if let symbol = Self.symbols[scalar] { return placed(.symbol(symbol)) }
    let name = scalar.properties.isWhitespace || scalar.value < 0x20 || scalar.value == 0x7f ? "a control character" : "“\(scalar)”"
    throw place.error("\(name) has no meaning in equations")
  }

  /// The rest of a line that began with `cell`; nil if it is an equation of a value named so.
  private mutating func cellName() -> PlacedToken? {
    skipBlank()
    guard let first = current, first != "=", first != ";", !isLineEnd(first) else { return nil }
    let (start, place) = (next, position)
    while current.map({ $0 != ";" && $0 != "#" && !isLineEnd($0) }) == true { advance() }
    let name = text(from: start).drop { $0.isWhitespace }
    let trimmed = String(name.reversed().drop { $0.isWhitespace }.reversed())
    return PlacedToken(token: .cellName(trimmed), position: place, text: trimmed)
  }

  private mutating func skipBlank() {
    while let scalar = current {
      if scalar == "#" {
        while current.map({ !isLineEnd($0) }) == true { advance() }
      } else if isLineEnd(scalar) || !scalar.properties.isWhitespace {
        return
      } else {
        advance()
      }
    }
  }

  /// The operators, and the character that stands for each in all its forms.
  private static let symbols: [Unicode.Scalar: Character] = [
    "=": "=", "+": "+", "-": "-", "−": "-", "–": "-", "*": "*", "·": "*", "⋅": "*", "×": "*", "⊙": "⊙", "∘": "⊙", "/": "/", "÷": "/",
    "(": "(", ")": ")", ",": ",", ":": ":", "^": "^", "²": "²",
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
    guard let value = Double(written.hasSuffix(".") ? written + "0" : written), value.isFinite else {
      throw place.error("the number \(written) is too large")
    }
    return value
  }

  // MARK: Names

  private mutating func word(_ place: EquationPosition) throws(RNNError) -> EquationWord {
    var word = EquationWord(name: "")
    while let scalar = current, word.time == .unsaid {
      if EquationNames.isLetter(scalar) || EquationNames.isDigit(scalar) {
        word.name.unicodeScalars.append(scalar)
        advance()
      } else if scalar == "_" {
        try subscripted(&word, place)
      } else if EquationNames.subscripts[scalar] != nil {
        var lowered = ""
        while let scalar = current, let character = EquationNames.subscripts[scalar] {
          lowered.append(character)
          advance()
        }
        try attach(lowered, to: &word, place)
      } else if scalar == ".", ["W", "b", "v"].contains(word.name) {
        advance()
        let start = next
        while current.map({ EquationNames.isLetter($0) || EquationNames.isDigit($0) || $0 == "_" }) == true { advance() }
        let name = text(from: start)
        guard EquationNames.isParameter(name) else { throw place.error("a parameter's name is expected after “\(word.name).”") }
        return EquationWord(name: name, dottedMatrix: word.name == "W")
      } else {
        break
      }
    }
    return word
  }

  /// `_name` or `_{…}`.
  private mutating func subscripted(_ word: inout EquationWord, _ place: EquationPosition) throws(RNNError) {
    advance()
    guard current == "{" else {
      guard let scalar = current, EquationNames.isLetter(scalar) || EquationNames.isDigit(scalar) else {
        throw place.error("a subscript is expected after “\(word.name)_”")
      }
      word.name += "_"
      return
    }
    advance()
    var content = ""
    while let scalar = current, scalar != "}", !isLineEnd(scalar), content.unicodeScalars.count < 64 {
      if !scalar.properties.isWhitespace { content.unicodeScalars.append(scalar == "−" ? "-" : scalar) }
      advance()
    }
    guard current == "}" else { throw place.error("“}” is missing after “\(word.name)_{\(content)”") }
    advance()
    try attach(content, to: &word, place)
  }

  private func attach(_ content: String, to word: inout EquationWord, _ place: EquationPosition) throws(RNNError) {
    switch content {
    case "t": word.time = .current
    case "t-1": word.time = .previous
    default:
      guard EquationNames.isParameter(content) else {
        throw place.error("found the subscript “\(content)” of \(word.name); expected t, t-1 or a name")
      }
      word.name += "_" + content
    }
  }
}

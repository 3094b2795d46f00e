import RNNTensor

/// Names: `W_xh`, `h_{t-1}`, `hₜ₋₁`, `W.xh`, and as LaTeX writes them `h^{(t-1)}`, `W_{\mathrm{xh}}`, `W^\top`.
extension EquationLexer {
  /// At a letter.
  mutating func word(_ place: EquationPosition) throws(RNNError) -> EquationWord {
    var word = EquationWord(name: letters())
    let isDotted = ahead(1).map { EquationNames.isLetter($0) || EquationNames.isDigit($0) } == true
    if current == ".", isDotted, ["W", "b", "v"].contains(word.name) {
      advance()
      let start = next
      while current.map({ EquationNames.isLetter($0) || EquationNames.isDigit($0) || $0 == "_" }) == true { advance() }
      let name = text(from: start)
      guard EquationNames.isParameter(name) else { throw place.error("a parameter's name is expected after “\(word.name).”") }
      return EquationWord(name: name, dottedMatrix: word.name == "W")
    }
    try suffixes(&word, place)
    return word
  }

  private mutating func letters() -> String {
    var name = ""
    while let scalar = current, EquationNames.isLetter(scalar) || EquationNames.isDigit(scalar) {
      name.unicodeScalars.append(scalar)
      advance()
    }
    return name
  }

  /// Reads a name's subscripts, superscripts, primes and accents.
  mutating func suffixes(_ word: inout EquationWord, _ place: EquationPosition) throws(RNNError) {
    while true {
      let (start, startPosition) = (next, position)
      skipBlank()
      guard let scalar = current else { return }
      if scalar == "_" {
        try subscripted(&word, place)
      } else if scalar == "^" {
        if try superscripted(&word, place) { continue }
        return
      } else if next == start, EquationNames.subscripts[scalar] != nil {
        var lowered = ""
        while let scalar = current, let character = EquationNames.subscripts[scalar] {
          lowered.append(character)
          advance()
        }
        try attach(lowered, to: &word, place)
      } else if next == start, scalar == "'" || scalar == "′" {
        advance()
        word.name += "_prime"
      } else if next == start, let accent = EquationMacros.marks[scalar] {
        advance()
        word.name += "_" + accent
      } else if scalar == "⊤" {
        advance()
        word.isTransposed = true
      } else {
        // The blanks are not the name's.
        (next, position) = (start, startPosition)
        return
      }
    }
  }

  /// `_name`, `_{…}` or `_\macro`.
  private mutating func subscripted(_ word: inout EquationWord, _ place: EquationPosition) throws(RNNError) {
    advance()
    if current == "{" || current == "\\" {
      return try attach(try script("\(word.name)_", place), to: &word, place)
    }
    let name = letters()
    guard !name.isEmpty else { throw place.error("a subscript is expected after “\(word.name)_”") }
    word.name += "_" + name
  }

  /// `^{…}`, `^t`, `^\top`; false, with nothing taken, for a number, which the parser reads.
  private mutating func superscripted(_ word: inout EquationWord, _ place: EquationPosition) throws(RNNError) -> Bool {
    let (start, startPosition) = (next, position)
    func isNumber(_ text: String) -> Bool {
      text.unicodeScalars.allSatisfy { EquationNames.isDigit($0) || "+-./".unicodeScalars.contains($0) }
    }
    advance()
    skipBlank()
    guard let scalar = current else { return false }
    var content = ""
    if scalar == "{" || scalar == "\\" {
      content = try script("\(word.name)^", place)
    } else if let end = Self.wrappers[scalar] {
      while let scalar = current, content.unicodeScalars.count < Self.maximumScript, !isLineEnd(scalar) {
        if !scalar.properties.isWhitespace { content.unicodeScalars.append(Self.plain(scalar)) }
        advance()
        if scalar == end { break }
      }
    } else if EquationNames.isLetter(scalar) || "⊤'′".unicodeScalars.contains(scalar) {
      content.unicodeScalars.append(scalar)
      advance()
    }
    if content.isEmpty || isNumber(content) {
      (next, position) = (start, startPosition)
      return false
    }
    let inner = Self.unwrapped(content)
    switch content {
    case "T", "⊤": word.isTransposed = true
    case "'", "′", "prime": word.name += "_prime"
    default:
      guard EquationNames.isParameter(inner) || Self.time(inner) != nil else {
        let hint = word.name == "e" ? "write exp(…) for a power of e" : "expected a step such as (t-1), a name, 2 for a square, or \\top"
        throw place.error("found the superscript “\(content)” of \(word.name); \(hint)")
      }
      if word.untimed != word.name { (word.name, word.time) = (word.untimed, .current) }
      try attach(content, to: &word, place)
    }
    return true
  }

  /// Steps, and names separated by commas.
  private func attach(_ content: String, to word: inout EquationWord, _ place: EquationPosition) throws(RNNError) {
    for part in Self.unwrapped(content).split(separator: ",", omittingEmptySubsequences: false).map({ Self.unwrapped(String($0)) }) {
      if let time = Self.time(part) {
        guard word.time == .unsaid || word.time == time else { throw place.error("\(word.name) has two steps") }
        word.time = time
      } else {
        guard EquationNames.isParameter(part) else {
          let hint = part == "t+1" ? ": write t for t+1, and t-1 for t" : ""
          throw place.error("found the subscript “\(content)” of \(word.name); expected t, t-1 or a name\(hint)")
        }
        word.name += "_" + part
      }
    }
  }

  private static func time(_ text: String) -> EquationWord.Time? {
    switch text {
    case "t": .current
    case "t-1": .previous
    default: nil
    }
  }

  private static let wrappers: [Unicode.Scalar: Unicode.Scalar] = ["(": ")", "<": ">", "⟨": "⟩", "[": "]"]

  /// `t` for `(t)`, `<t>` and `⟨t⟩`.
  private static func unwrapped(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.first, let last = scalars.last, wrappers[first] == last, scalars.count > 2 else { return text }
    return String(scalars.dropFirst().dropLast())
  }

  // MARK: Scripts

  private static let maximumScript = 64
  private static let maximumDepth = 16

  private static func plain(_ scalar: Unicode.Scalar) -> Unicode.Scalar { scalar == "−" || scalar == "–" ? "-" : scalar }

  /// Reads a script, braces or a macro, as plain characters: styles are dropped, accents become words.
  private mutating func script(_ before: String, _ place: EquationPosition) throws(RNNError) -> String {
    var content = ""
    var depth = 0
    while true {
      guard let scalar = current, !isLineEnd(scalar), content.unicodeScalars.count < Self.maximumScript, depth <= Self.maximumDepth else {
        throw place.error("“}” is missing after “\(before){\(content)”")
      }
      var isComplete = true
      switch scalar {
      case "\\":
        let (text, isAbove) = try scriptMacro()
        content += text
        isComplete = !isAbove
      case "{", "}":
        depth += scalar == "{" ? 1 : -1
        guard depth >= 0 else { throw place.error("a name is expected after “\(before)”") }
        advance()
      default:
        if let accent = EquationMacros.marks[scalar] {
          content += accent
        } else if !scalar.properties.isWhitespace, scalar != "~" {
          content.unicodeScalars.append(Self.plain(scalar))
        }
        advance()
      }
      if depth == 0, isComplete { return content }
    }
  }

  /// The characters of a macro in a script, and whether it says something of what follows.
  private mutating func scriptMacro() throws(RNNError) -> (text: String, isAbove: Bool) {
    let place = position
    let name = macroName()
    let isSeen = EquationMacros.styles.contains(name) || EquationMacros.texts.contains(name) || EquationMacros.layout.contains(name)
    if isSeen || EquationMacros.sized.contains(name) || EquationMacros.accents[name] != nil {
      skipBlank()
      return (EquationMacros.accents[name] ?? "", true)
    }
    switch name {
    case "top", "intercal": return ("⊤", false)
    case "prime": return ("prime", false)
    case "langle": return ("<", false)
    case "rangle": return (">", false)
    case "_": return ("_", false)
    default:
      if let letter = EquationMacros.letters[name] { return (letter, false) }
      throw place.error("\\\(name) has no meaning as a part of a name")
    }
  }
}
